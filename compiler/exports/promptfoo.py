"""promptfoo: a build's prompt as prompts, its probes as tests, its checks as assertions.

In: probes, the compiled prompt, the checks of clauses that ride along. Out: the files of a folder, by name. What a
check decides is decided by Tenet's own code, called from a Python assertion, so both agree; what a judge decides is an
`llm-rubric`. An assertion's metric is its clause. promptfoo asks once a test: probes in which the model speaks before
the last message are left out, and counted. This file must not read files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import yaml

from compiler.records.checks import Check, JudgeCheck
from compiler.records.rows import Probe
from compiler.wording import sentence

PROMPTS = """\
const said = (vars, ...system) => {
  const text = [...system, vars.system].filter(Boolean).join("\\n\\n");
  return JSON.stringify([...(text ? [{ role: "system", content: text }] : []), ...JSON.parse(vars.turns)]);
};
module.exports = {
  base: ({ vars }) => said(vars),
  prompt: ({ vars }) => said(vars, %s),
};
"""

CHECK = """\
from pydantic import TypeAdapter

from compiler.checks import evaluate
from compiler.records.checks import Check


def get_assert(output, context):
    check = TypeAdapter(Check).validate_python(context["config"])
    return evaluate(check, output)
"""


def export(
    name: str, probes: Sequence[Probe], prompt: str, measures: Mapping[str, Sequence[Check]], providers: Sequence[str]
) -> tuple[dict[str, str], int]:
    """Return the files by name, and how many probes were left out."""
    asked = [probe for probe in probes if not any(m.role == "assistant" and not m.content for m in probe.messages)]
    config = {
        "description": f"{name}, compiled by Tenet",
        "prompts": [{"id": f"file://prompts.js:{arm}", "label": arm} for arm in ("base", "prompt")],
        "providers": list(providers),
        "tests": [_test(probe, measures) for probe in asked],
    }
    files = {
        "promptfooconfig.yaml": yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=120),
        "prompts.js": PROMPTS % json.dumps(prompt),
        "check.py": CHECK,
    }
    return files, len(probes) - len(asked)


def _test(probe: Probe, measures: Mapping[str, Sequence[Check]]) -> dict[str, object]:
    rides = {name: measures[name] for name in probe.measures if name in measures}
    system = [part for part in (probe.context, *(m.content for m in probe.messages if m.role == "system")) if part]
    turns = [message.model_dump() for message in probe.messages if message.role != "system"]
    checks = {**rides, probe.clause_id: probe.checks}
    return {
        "description": probe.id,
        "vars": {"system": "\n\n".join(system), "turns": json.dumps(turns, ensure_ascii=False)},
        # No text of a probe is a template.
        "options": {"disableVarExpansion": True},
        "metadata": {"clause": probe.clause_id, "aspect": probe.aspect, "spans": list(probe.spans)},
        "assert": [_assertion(name, check) for name, own in checks.items() for check in own],
    }


def _assertion(clause_id: str, check: Check) -> dict[str, object]:
    if isinstance(check, JudgeCheck):
        kind = "llm-rubric" if check.present else "not-llm-rubric"
        return {
            "type": kind,
            "value": f"The answer keeps this principle: {sentence(check.principle)}",
            "metric": clause_id,
        }
    return {"type": "python", "value": "file://check.py", "config": check.model_dump(mode="json"), "metric": clause_id}
