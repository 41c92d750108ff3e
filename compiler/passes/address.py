"""Give every clause and the program a digest over all that can change an artifact.

In: resolved clauses. Out: `digest` set. What is for readers only is not in it (spans, `because`, the reasons of
examples), nor are tags, which matter through `priority`: that is in the program's digest. Ranks are in the program's
digest and not in a clause's: rows are written under the clauses that they name, in order, whatever else is in the spec.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from compiler.digests import digest, plain
from compiler.ir import Clause, Program
from spec.constructs import Trait
from spec.diagnostics import Diagnostic


def address(program: Program) -> tuple[Program, tuple[Diagnostic, ...]]:
    clauses = tuple(replace(clause, digest=clause_digest(clause)) for clause in program.clauses)
    ranked = sorted(clauses, key=lambda c: c.rank)
    whole = digest(
        {
            "name": program.name,
            "model": program.model,
            "train": _used(program.train, _LATER_OF_TRAIN),
            "clauses": [[c.id, c.digest] for c in ranked],
            "dimensions": program.dimensions,
            "priority": program.priority,
            "voice": program.voice,
            "probes": [_used(probe, _LATER_OF_A_PROBE) for probe in program.probes],
            **{name: value for name in _LATER if (value := getattr(program, name))},
        }
    )
    return replace(program, clauses=clauses, digest=whole), ()


# What later releases added: left out where a spec does not use it, so that its digest, and all that was made from it,
# outlives the release.
_LATER = ("terms", "grants", "balances", "alikes", "authority")
_LATER_OF_A_CLAUSE = ("override", "excepted", "absolute", "transforming")
_LATER_OF_A_BODY = ("asks",)
_LATER_OF_TRAIN = ("preset", "loss", "reward_weight", "options", "chosen")
_LATER_OF_A_PROBE = ("repeats", "at_least", "tags")


def clause_digest(clause: Clause) -> str:
    neutral: dict[str, Any] = {"because": None, "tags": [], "rank": 0, "depends": [], "digest": ""}
    whole = _used(replace(clause, depends=()), _LATER_OF_A_CLAUSE)
    examples = [_used(replace(example, reasons=(), about=None), ("reasons", "about")) for example in clause.examples]
    kept = {k: v for k, v in whole.items() if k not in ("section", "overlay")}
    later = _LATER_OF_A_BODY if isinstance(clause.body, Trait) else ()
    return digest({**kept, "body": _used(clause.body, later), "examples": examples, **neutral})


def _used(record: Any, later: tuple[str, ...]) -> dict[str, Any]:
    """A record as JSON's types, without those of its `later` fields that stand at their default."""
    unused = {f.name for f in fields(record) if f.name in later and getattr(record, f.name) == f.default}
    return {key: value for key, value in plain(record).items() if key not in unused}
