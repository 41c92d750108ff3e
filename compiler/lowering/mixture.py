"""`train { mixture: { written: 60%, bank: 30% } }` -> how many rows each unit makes, and of which questions.

In: the units of training rows, of a program with a mixture. Out: the same units, a unit that draws on several sources
split by them, with counts that add up to the shares exactly (largest remainder), and the shares as rows. A row counts
for what made it where the mixture names that, else for where its question is from, else for `rest`. This file must not
know how a row is made.

>>> from compiler.build import from_text
>>> from compiler.lowering import pairs
>>> program = from_text('''
... trait pirate { means: "Talk like a pirate."  asks: ["Who goes there?"] }
... train { rows: 50  mixture: { given: 2%, pressure: 20% } }
... ''')
>>> units, shares = mixed(program, pairs.lower(program))
>>> [(share.name, share.rows) for share in shares]
[('given', 1), ('pressure', 10), ('rest', 39)]
>>> [(unit.id, unit.count) for unit in units if unit.share != "pressure"]
[('trait.pirate/distill.given', 1), ('trait.pirate/distill.rest', 39)]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from compiler.generators.setting import seed_of
from compiler.ir import Program
from compiler.mixing import asked_shares, named, within
from compiler.records.recipe import MixtureShare, PromptFile, PromptSource, QuestionSource, Unit

SOURCES: tuple[QuestionSource, ...] = ("given", "own", "written", "bank")
REST = "rest"


def mixed(
    program: Program, units: Sequence[Unit], files: Sequence[PromptFile] = ()
) -> tuple[tuple[Unit, ...], tuple[MixtureShare, ...]]:
    """Return the units that make rows, and the shares; both as they came where the spec has no mixture."""
    mixture = program.train.mixture
    if mixture is None:
        return tuple(units), ()
    shares = asked_shares(mixture)
    rest = 1 - sum(shares.values())
    if rest > 1e-9:
        shares[REST] = rest
    total = program.train.rows or sum(unit.count for unit in units if unit.purpose == "pairs")
    rows = named(shares, total)
    parts = [part for unit in units for part in _parts(unit, shares, files, program.train.seed)]
    made: dict[str, Unit] = {}
    for share, wanted in rows.items():
        own = [part for part in parts if part.share == share]
        counts = within([part.count for part in own], wanted, [room(part, files) for part in own])
        made |= {part.id: part.model_copy(update={"count": n}) for part, n in zip(own, counts, strict=True) if n}
    return (
        tuple(made[part.id] for part in parts if part.id in made),
        tuple(MixtureShare(name=name, share=share, rows=rows[name]) for name, share in shares.items()),
    )


def sources_of(prompts: PromptSource) -> tuple[QuestionSource, ...]:
    """Where prompts can come from, in the order in which they are read."""
    there = {"given": prompts.given, "own": prompts.own, "written": prompts.about, "bank": prompts.bank}
    return tuple(source for source in SOURCES if there[source])


def room(unit: Unit, files: Sequence[PromptFile]) -> int | None:
    """How many prompts a unit's sources hold; None where nobody knows an end."""
    prompts = unit.prompts
    if prompts.about or prompts.bank or unit.talk is not None:
        return None
    own = sum(file.by_clause.get(unit.clause_ids[0], 0) for file in files) if "clause" in prompts.own else 0
    own += sum(file.everyday for file in files) if "everyday" in prompts.own else 0
    return len(prompts.given) + own


def _parts(unit: Unit, shares: dict[str, float], files: Sequence[PromptFile], seed: int) -> Iterator[Unit]:
    """The unit, split by the shares that its rows count for; nothing for rows that no share asks for."""
    if unit.generator in shares or unit.purpose == "chats":
        if unit.generator in shares:
            yield unit.model_copy(update={"share": unit.generator})
        return
    by_share: dict[str, list[QuestionSource]] = {}
    for source in sources_of(unit.prompts):
        by_share.setdefault(source if source in shares else REST, []).append(source)
    for share, sources in by_share.items():
        if share not in shares:
            continue
        changed: dict[str, object] = {"share": share}
        if len(by_share) > 1:
            part_id = f"{unit.id}.{share}"
            changed |= {"id": part_id, "seed": seed_of(seed, part_id), "prompts": _only(unit.prompts, sources)}
        yield unit.model_copy(update=changed)


def _only(prompts: PromptSource, sources: Sequence[QuestionSource]) -> PromptSource:
    left_out: dict[str, object] = {}
    for source in SOURCES:
        if source not in sources:
            name = "about" if source == "written" else source
            left_out[name] = False if source == "bank" else ()
    return prompts.model_copy(update=left_out)
