"""Everything that goes into a build -> `lock.json`: hashes, versions and seeds.

In: a program, facts, and the artifacts of the other lowerings. Out: the lock. Two builds with equal locks have equal
bytes. It holds no time and no absolute path. `tenet plan` compares it with what a spec would give now.

>>> from compiler.build import from_text
>>> import json; sorted(json.loads(lower(from_text('trait warm { means: "Be warm." }'), None, []).text))
['bank', 'base', 'clauses', 'data', 'files', 'filters', 'held_out', 'judge', 'machine', 'measures', 'pins', 'program',
'prompt_tokens', 'prompts', 'seed', 'sources', 'spec', 'teacher', 'units', 'version', 'versions']
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from compiler.artifact import Artifact
from compiler.digests import digest, measures_digest, unit_digest
from compiler.facts import BaseFacts, Facts
from compiler.ir import Program
from compiler.lowering import recipe
from compiler.records.recipe import Recipe

VERSION = 2


def lower(
    program: Program, facts: Facts | None, artifacts: Iterable[Artifact], asked: Recipe | None = None
) -> Artifact:
    """asked: the recipe, where it is made already."""
    facts = facts or Facts()
    asked = asked or recipe.make(program, facts.data, facts.prompts)
    by_path = {a.path: a.text for a in artifacts}
    count = facts.base.count_tokens
    whole = {
        "version": VERSION,
        "spec": facts.spec,
        "program": program.digest,
        "clauses": {clause.id: clause.digest for clause in program.clauses},
        "units": {unit.id: unit_digest(unit) for unit in asked.units},
        "measures": measures_digest(asked),
        # Without spans, unlike the file's own digest below.
        "filters": digest(json.loads(by_path["filters.json"])) if "filters.json" in by_path else None,
        "files": {path: text_digest(text) for path, text in sorted(by_path.items())},
        "sources": {path: text_digest(text) for path, text in facts.sources},
        "data": {file.path: file.sha256 for file in facts.data},
        "prompts": {file.path: file.sha256 for file in facts.prompts},
        "base": _model(facts.base),
        "bank": facts.base.bank,
        "held_out": facts.base.held_out,
        "teacher": _model(facts.teacher),
        "judge": _model(facts.judge),
        "pins": pins(program, facts),
        "machine": {"device": facts.machine.device, "dtype": facts.machine.dtype, "threads": facts.machine.threads},
        "prompt_tokens": count(by_path["prompt.md"].rstrip("\n")) if count and "prompt.md" in by_path else None,
        "seed": program.train.seed,
        "versions": dict(facts.machine.versions),
    }
    return Artifact("lock.json", json.dumps(whole, ensure_ascii=False, indent=1) + "\n")


def _model(facts: BaseFacts | None) -> dict[str, str | None] | None:
    return {"name": facts.name, "revision": facts.revision, "digest": facts.digest} if facts else None


def pins(program: Program, facts: Facts) -> dict[str, str]:
    """Which commit stands for what a spec asks of the hub: a later build takes it again, wherever `main` is by then."""
    asked = ((facts.base, program.model.revision), (facts.teacher, None), (facts.judge, None))
    return {pin(found.name, revision): found.revision for found, revision in asked if found and found.revision}


def pin(name: str, revision: str | None) -> str:
    """The key of a pin.

    >>> pin("Qwen/Qwen3-0.6B", None)
    'Qwen/Qwen3-0.6B@main'
    """
    return f"{name}@{revision or 'main'}"


def text_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
