"""promptfoo: a build's prompt as prompts, its probes as tests, its checks as assertions.

In: probes, the compiled prompt, the checks of clauses that ride along, rubrics. Out: the files of a folder, by name,
and how many tests they hold. This file must not read files.

A check that looks at the text is decided by Tenet's own code, called from a Python assertion: promptfoo's `icontains`,
`regex` or `is-refusal` know no words, no disguises and no house refusals, and none of them means the same. What a judge
decides is an `llm-rubric` in the words of the clause. An assertion's metric is its clause.

A probe in which the model speaks before the last message becomes a conversation: a test for each turn, which is handed
what was said in those before. promptfoo then asks one test at a time, so these stand in a configuration of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import yaml

from compiler.records.checks import Check, JudgeCheck
from compiler.records.record import Message
from compiler.records.rows import Probe
from compiler.rubrics import Rubric

ONCE, TURNS = "promptfooconfig.yaml", "conversations.yaml"

PROMPTS = """\
const filled = (turns, answers) => {
  let turn = 0;
  return turns.map((message) => {
    if (message.role !== "assistant" || message.content) return message;
    const before = answers[turn++];
    if (!before) throw new Error("an earlier turn of this conversation has no answer");
    return { ...message, content: before.output || "…" };
  });
};
// promptfoo reads what is returned as a template; nobody has written one.
const literal = (text) => text.replace(/\\{(?=[{%%#])/g, "{{ '{' }}");
const chat = (vars, before, ...system) => {
  const text = [...system, vars.system].filter(Boolean).join("\\n\\n");
  const turns = filled(JSON.parse(vars.turns), before);
  const said = [...(text ? [{ role: "system", content: text }] : []), ...turns];
  return JSON.stringify(said.map((message) => ({ ...message, content: literal(message.content) })));
};
const PROMPT = %s;
module.exports = {
  base: ({ vars }) => chat(vars, []),
  prompt: ({ vars }) => chat(vars, [], PROMPT),
  // promptfoo reads a function's source as a template, and hands over what was said where one names it.
  base_by_turns: ({ vars }) => /* {{ _conversation }} */ chat(vars, vars._conversation),
  prompt_by_turns: ({ vars }) => /* {{ _conversation }} */ chat(vars, vars._conversation, PROMPT),
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


@dataclass(frozen=True, slots=True)
class Export:
    """files: text by name. once, conversations: probes that are asked in one message, and turn by turn."""

    files: dict[str, str]
    once: int
    conversations: int


def export(
    name: str,
    probes: Sequence[Probe],
    prompt: str,
    measures: Mapping[str, Sequence[Check]],
    rubrics: Mapping[str, Rubric],
    providers: Sequence[str],
) -> Export:
    """
    Args:
        measures: the checks of clauses that ride along, by clause id.
        rubrics: by the principle that a judge is asked about.
    """
    once = [probe for probe in probes if not any(map(_waits, probe.messages))]
    conversations = [probe for probe in probes if any(map(_waits, probe.messages))]
    files = {"prompts.js": PROMPTS % json.dumps(prompt), "check.py": CHECK}
    for file, asked, suffix in ((ONCE, once, ""), (TURNS, conversations, "_by_turns")):
        if not asked:
            continue
        config = {
            "description": f"{name}, compiled by Tenet",
            "prompts": [{"id": f"file://prompts.js:{arm}{suffix}", "label": arm} for arm in ("base", "prompt")],
            "providers": list(providers),
            "tests": [test for probe in asked for test in _tests(probe, measures, rubrics)],
        }
        files[file] = yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=120)
    return Export(files, len(once), len(conversations))


def _waits(message: Message) -> bool:
    return message.role == "assistant" and not message.content


def _tests(
    probe: Probe, measures: Mapping[str, Sequence[Check]], rubrics: Mapping[str, Rubric]
) -> Iterator[dict[str, object]]:
    """Yield a test for each turn in which the model speaks."""
    rides = {name: measures[name] for name in probe.measures if name in measures and name != probe.clause_id}
    system = [part for part in (probe.context, *(m.content for m in probe.messages if m.role == "system")) if part]
    said = [message for message in probe.messages if message.role != "system"]
    ends = [place for place, message in enumerate(said) if _waits(message)] + [len(said)]
    about = {"clause": probe.clause_id, "aspect": probe.aspect, "spans": list(probe.spans)}
    for number, end in enumerate(ends, 1):
        turn = sum(message.role == "user" for message in said[:end])
        # As measuring decides: of a dialogue every turn, else the last answer alone.
        is_decided = turn in probe.decides if probe.decides else end == len(said)
        checks = {**rides} if probe.decides or is_decided else {}
        if is_decided:
            checks[probe.clause_id] = probe.checks
        yield {
            "description": probe.id if len(ends) == 1 else f"{probe.id}, turn {number} of {len(ends)}",
            "vars": {
                "system": "\n\n".join(system),
                "turns": json.dumps([message.model_dump() for message in said[:end]], ensure_ascii=False),
            },
            # No text of a probe is a template.
            "options": {"disableVarExpansion": True},
            "metadata": {**about, "conversationId": probe.id} if len(ends) > 1 else about,
            "assert": [_assertion(name, check, rubrics) for name, own in checks.items() for check in own],
        }


def _assertion(clause_id: str, check: Check, rubrics: Mapping[str, Rubric]) -> dict[str, object]:
    if isinstance(check, JudgeCheck):
        rubric = rubrics.get(check.principle) or Rubric(check.principle)
        return {
            "type": "llm-rubric" if check.present else "not-llm-rubric",
            "value": _literal(rubric.standing),
            "metric": clause_id,
        }
    return {"type": "python", "value": "file://check.py", "config": check.model_dump(mode="json"), "metric": clause_id}


def _literal(text: str) -> str:
    """A text that promptfoo's templates leave as it is."""
    if "{" not in text:
        return text
    return "{{ " + json.dumps(text, ensure_ascii=False) + " | safe }}"
