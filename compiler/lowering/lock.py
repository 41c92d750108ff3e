"""Everything that goes into a build -> `lock.json`: hashes, versions and seeds.

In: a program, facts, and the artifacts of the other lowerings. Out: the lock. Two builds with equal locks have equal
bytes. It holds no time and no absolute path. `tenet plan` compares it with what a spec would give now.

>>> from compiler.build import from_text
>>> import json; sorted(json.loads(lower(from_text('trait warm { means: "Be warm." }'), None, []).text))
['base', 'clauses', 'data', 'device', 'files', 'program', 'prompt_tokens', 'seed', 'sources', 'units', 'version',
'versions']
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from compiler.artifact import Artifact
from compiler.digests import unit_digest
from compiler.facts import Facts
from compiler.ir import Program
from compiler.lowering import recipe

VERSION = 1


def lower(program: Program, facts: Facts | None, artifacts: Iterable[Artifact]) -> Artifact:
    facts = facts or Facts()
    by_path = {a.path: a.text for a in artifacts}
    count = facts.base.count_tokens
    whole = {
        "version": VERSION,
        "program": program.digest,
        "clauses": {clause.id: clause.digest for clause in program.clauses},
        "units": {unit.id: unit_digest(unit) for unit in recipe.make(program, facts.data).units},
        "files": {path: text_digest(text) for path, text in sorted(by_path.items())},
        "sources": {path: text_digest(text) for path, text in facts.sources},
        "data": {file.path: file.sha256 for file in facts.data},
        "base": {"name": facts.base.name, "revision": facts.base.revision, "digest": facts.base.digest},
        "device": facts.device,
        "prompt_tokens": count(by_path["prompt.md"].rstrip("\n")) if count and "prompt.md" in by_path else None,
        "seed": program.train.seed,
        "versions": dict(facts.versions),
    }
    return Artifact("lock.json", json.dumps(whole, ensure_ascii=False, indent=1) + "\n")


def text_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
