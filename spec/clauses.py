"""One statement of behaviour: a block of `spec/constructs/` to a `Clause`.

In: the block, what the sections around it give, and the clause of the same id that the file extends. Out: a clause in
the part, or diagnostics. Whether the names in it lead anywhere is judged in `spec/references.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from spec import ast
from spec.blocks import Filled
from spec.constructs import CONSTRUCTS, Body
from spec.diagnostics import Edit, Fix, Note
from spec.document import Clause
from spec.fields import FieldSpec, field_specs
from spec.inheritance import Given, values_of, without_rivals
from spec.part import Declared
from spec.reading import Reading
from spec.values import Wrong

CLAUSE_NAMING = ("see", "style")
"""Fields that name clauses."""


@cache
def _specs(kind: str) -> dict[str, FieldSpec]:
    """The fields that a clause of a kind may have."""
    return {**field_specs(CONSTRUCTS[kind]), **field_specs(Clause)}


@cache
def _common() -> frozenset[str]:
    """The attributes that every clause has."""
    return frozenset(spec.attribute for spec in field_specs(Clause).values())


def read_clause(reading: Reading, block: ast.Block, given: Given) -> None:
    kind = block.kind.text
    construct: type[Body] = CONSTRUCTS[kind]
    name = reading.blocks.name(block, dotted=False)
    specs = _specs(kind)
    owner = f"{kind} `{name.text}`" if name else kind
    base = reading.inherited.clauses.get(f"{kind}.{name.text}") if name else None
    old = values_of(base) if base else {}
    reading.blocks.values.target_comparison = construct.target_comparison
    filled = reading.blocks.fill(block.body, specs, owner, reading.blocks.head(block), old)
    written = reading.blocks.level(block)
    level = written or (base.level if base else given.level) or construct.default_level
    deprecated = filled.values.get("deprecated")
    if name is not None:
        tags = filled.values.get("tags")
        known = (*(tags if isinstance(tags, tuple) else ()), *given.tags)
        reading.part.declared.append(
            Declared(kind, reading.part.prefix + name.text, reading.blocks.span(name), known,
                     deprecated if isinstance(deprecated, str) else None)
        )  # fmt: skip
        if base is not None and not reading.may_change(base, reading.blocks.span(name)):
            filled.ok = False
    _says_something(reading, construct, specs, filled, old, owner, block)
    target = filled.values.get("target")
    if target is not None and not isinstance(target, Wrong) and target.comparison != construct.target_comparison:
        wanted = construct.target_comparison
        span = filled.place("target") or reading.blocks.head(block)
        what = "answers that break it" if wanted == "<=" else "answers that keep it"
        # The share of the answers on the other side, where the number says that it is one.
        share = target.share if (target.share >= 0.5) == (wanted == ">=") else 1 - target.share
        meant = f"{wanted} {100 * share:.10g}%"
        whole = share == (1 if wanted == "<=" else 0)  # which any answers would meet
        place = reading.blocks.value_place(block.body, "target") if filled.place("target") else span
        reading.report.add(
            "T0115", f"the target of a {kind} is the share of {what}, so it takes `{wanted}`", span,
            label="points the wrong way",
            help=f"did you mean `target: {meant}`?" if not whole
            else f"for example `target: {wanted} {'1%' if wanted == '<=' else '90%'}`",
            fix=None if whole else Fix(f"write `{meant}`", (Edit(place, meant),)),
        )  # fmt: skip
        filled.ok = False
    _exceptions(reading, filled, owner)
    reading.refer(block.body, CLAUSE_NAMING)
    if name is None or not filled.ok:
        return
    values = given.put({**without_rivals(old, construct, filled.values), **filled.values})
    common = _common()
    own = {k: v for k, v in values.items() if k not in common}
    shared = {k: v for k, v in values.items() if k in common}
    new = [place for place, _ in filled.places]
    kept = [(f, s) for f, s in (base.field_spans if base else ()) if f not in new]
    around = [(f, s) for f, s in given.places if f not in new]
    reading.part.clauses.append(
        Clause(
            f"{kind}.{reading.part.prefix}{name.text}", kind, reading.part.prefix + name.text, level, construct(**own),
            **shared, section=given.section, span=reading.blocks.span(block),
            field_spans=(*filled.places, *kept, *around),
        )
    )  # fmt: skip


def _says_something(
    reading: Reading, construct: type[Body], specs: dict[str, FieldSpec], filled: Filled, old: Mapping[str, Any],
    owner: str, block: ast.Block,
) -> None:  # fmt: skip
    """Report a clause of which no part says what the model shall do, or two parts that exclude each other."""
    given = [(need, place) for need in construct.only_one if (place := filled.place(need))]
    if len(given) > 1:
        reading.report.add(
            "T0217", f"{owner} has both `{given[0][0]}` and `{given[1][0]}`", given[1][1],
            label="a second one", help="keep one of them, or make two clauses",
            secondary=[Note(given[0][1], "the first")],
        )  # fmt: skip
        filled.ok = False
    inherits = any(old.get(specs[need].attribute) for need in construct.needs)
    if construct.needs and not inherits and not any(filled.place(n) for n in construct.needs) and filled.whole:
        options = " or ".join(f"`{need}`" for need in construct.needs)
        spec = specs[construct.needs[0]]
        reading.report.add(
            "T0215", f"{owner} says nothing", reading.blocks.head(block), label=f"needs {options}",
            help=f"for example `{spec.name}: {spec.says.example}`",
        )  # fmt: skip
        filled.ok = False


def _exceptions(reading: Reading, filled: Filled, owner: str) -> None:
    """Report exceptions of a clause that says it has none."""
    stated = filled.place("absolute")
    if stated is None or filled.values.get("absolute") is not True:
        return
    for name in ("unless", "except"):
        if place := filled.place(name):
            reading.report.add(
                "T0216", f"{owner} is absolute, and has an exception", place, label="an exception",
                secondary=[Note(stated, "no exception at all")], help="remove one of them",
            )  # fmt: skip
            filled.ok = False
