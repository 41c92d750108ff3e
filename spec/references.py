"""Names across statements and files: duplicates, references, dimensions and priorities.

In: the `Part`s of all files, in source order. Out: diagnostics, each in the part where the reader must mend it, and
the dimensions in force. What could not be read is taken to be innocent: a name that stands in broken text is not
reported as unknown, so that one defect yields one report.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

from spec import circles
from spec.conditions import DimensionUse
from spec.constructs import CONSTRUCTS, STYLES, Refuse
from spec.diagnostics import Edit, Fix, Note, Witness
from spec.document import Clause, Compare, Dimension, Truth
from spec.enumerations import Values
from spec.part import Declared, Lost, Part, Reference
from spec.source import Span
from spec.vocabulary import CONTAINERS

BUILT_IN = (
    Dimension("user.role", "enum", (), "The user is a {value}."),
    Dimension("user.age_band", "enum", ("child", "teen", "adult"), "The user's age band is {value}."),
    Dimension("channel", "enum", (), "The conversation takes place by {value}."),
    Dimension("locale", "enum", (), "The user's locale is {value}."),
)
"""Dimensions that need no declaration. An enumeration without values takes any name."""

MOST_LINKS = 100
"""Of a circle, that are shown."""


@dataclass(slots=True)
class _Names:
    """What a clause can be called by. keys: clause ids, and the ids of statements of unknown kind.

    sections: ids of sections by name, which only `see` may name.
    """

    lost: Lost
    by_id: dict[str, Declared] = field(default_factory=dict)
    by_name: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    by_tag: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    unknown: set[str] = field(default_factory=set)
    sections: dict[str, str] = field(default_factory=dict)

    def add(self, declared: Declared) -> None:
        if declared.kind is None:
            self.unknown.add(declared.name)
            return
        key = f"{declared.kind}.{declared.name}"
        if declared.kind in CONTAINERS:
            self.sections.setdefault(declared.name, key)
            return
        if key in self.by_id:
            return
        self.by_id[key] = declared
        self.by_name[declared.name].append(key)
        for tag in declared.tags:
            self.by_tag[tag].append(key)

    def innocent(self, name: str) -> bool:
        last = name.rpartition(".")[2]
        return last in self.unknown or self.lost.holds(last)

    def all(self) -> list[str]:
        return [*self.by_name, *self.by_id, *self.by_tag]

    def own(self, part: Part, name: str) -> str:
        """Return `name` as the whole spec knows it: in a file imported `as house`, `caring` is `house.caring`."""
        if not part.prefix:
            return name
        kind, dot, rest = name.partition(".")
        if dot and kind in CONTAINERS:
            return f"{kind}.{part.prefix}{rest}" if part.prefix + rest in self.sections else name
        whole = f"{kind}.{part.prefix}{rest}" if dot and kind in CONSTRUCTS else part.prefix + name
        return whole if whole in self.by_id or whole in self.by_name or whole in self.sections else name


def resolve(parts: Sequence[Part]) -> tuple[Dimension, ...]:
    """Check all that crosses statements; return declared dimensions, then those built-in ones that are asked about.

    Probes get the id of the clause that they name.
    """
    lost = Lost(parts)
    names = _Names(lost)
    _declare(parts, names)
    for part in parts:
        _styles(part, names)
        _mentions(part, names)
    _priorities(parts, names)
    return _dimensions(parts, lost)


# ---- declarations


def _declare(parts: Sequence[Part], names: _Names) -> None:
    first: dict[str, Span] = {}
    persona: Declared | None = None
    for number, part in enumerate(parts):
        for declared in part.declared:
            if declared.kind is None:
                names.add(declared)
                continue
            key = f"{declared.kind}.{declared.name}" if declared.name else declared.kind
            # A parameter is known in its own file only, each time that the file is included.
            place = f"{number}/{key}" if declared.kind == "parameter" else key
            if place in first:
                _duplicate(part, declared, key, first[place])
                continue
            first[place] = declared.span
            if declared.kind == "persona":
                if persona is not None:
                    part.report.add(
                        "T0210", "a spec has one persona", declared.span, label="a second persona",
                        help="state what differs as traits", secondary=[Note(persona.span, "the first")],
                    )  # fmt: skip
                persona = declared
            if declared.kind in (*CONSTRUCTS, *CONTAINERS):
                names.add(declared)
    if not all(declared.name.isascii() for part in parts for declared in part.declared):
        _look_alike(parts, names)


def _look_alike(parts: Sequence[Part], names: _Names) -> None:
    """Report clauses whose names look the same; what refers to the look of one is not unknown."""
    from spec.lookalikes import is_mixed, lookalikes, skeleton

    named = [(f"{d.kind}.{d.name}", d.span, part) for part in parts for d in part.declared if d.kind in CONSTRUCTS]
    owners = {span: part for _, span, part in named}
    for name, span, other, place in lookalikes([(name, span) for name, span, _ in named]):
        owners[span].report.add(
            "T0044", f"`{name}` looks like `{other}`, and is another clause", span, label="looks the same",
            secondary=[Note(place, "as this one")], help="rename one of them",
        )  # fmt: skip
    names.unknown.update(skeleton(d.name) for part in parts for d in part.declared if is_mixed(d.name))


def _duplicate(part: Part, declared: Declared, key: str, first: Span) -> None:
    if declared.name and declared.kind != "dimension":
        message = f"`{key}` is declared twice"
        help = "give one of them another name"
        code = "T0200"
    elif declared.kind == "dimension":
        message, help, code = f"dimension `{declared.name}` is declared twice", "keep one of them", "T0210"
    else:
        message, help, code = f"`{key}` is given twice", f"put all settings into one `{key} {{ ... }}`", "T0210"
    part.report.add(code, message, declared.span, label="again", help=help, secondary=[Note(first, "first here")])


# ---- references


def _styles(part: Part, names: _Names) -> None:
    """Judge the styles of refusals, and leave the bare name of the trait in them."""
    found: dict[str, str] = {}
    for use in (use for use in part.references if use.field == "style"):
        name = names.own(part, use.name).removeprefix("trait.")
        found[use.name] = name
        if name in STYLES or f"trait.{name}" in names.by_id or part.report.full or names.innocent(name):
            _deprecated(part, f"trait.{name}", use, names)
            continue
        traits = [declared.name for declared in names.by_id.values() if declared.kind == "trait"]
        known = [*traits, *STYLES]
        help, fix = part.report.did_you_mean(name, known, use.span)
        others = [key for key in names.by_name.get(name, ()) if key in names.by_id]
        if others:
            help, fix = f"`{others[0]}` is no trait; a style is a trait or one of {', '.join(STYLES)}", None
        part.report.add("T0201", f"no trait or style is called `{name}`", use.span, label="unknown style",
                        help=help or f"declare `trait {name} {{ means: \"...\" }}`, or use one of {', '.join(STYLES)}",
                        fix=fix)  # fmt: skip
    part.clauses = [_styled(clause, found) for clause in part.clauses]


def _styled(clause: Clause, found: Mapping[str, str]) -> Clause:
    if isinstance(clause.body, Refuse) and clause.body.style is not None:
        style = found.get(clause.body.style, clause.body.style).removeprefix("trait.")
        return replace(clause, body=replace(clause.body, style=style))
    return clause


def _mentions(part: Part, names: _Names) -> None:
    """Resolve the names in `for`, `see`, `over` and `of`, and put the ids into the records that hold them.

    A probe, grant, balance or `alike` with a name that leads nowhere is left out: it has been reported.
    """
    ids: dict[tuple[str, str], list[str]] = {}
    for use in part.references:
        if use.field == "style":
            continue
        section = names.sections.get(names.own(part, use.name).removeprefix("section.").removeprefix("overlay."))
        if use.field == "see" and section and use.name not in names.by_name:
            ids["see", use.name] = [section]
            continue
        found = _clause(part, use.name, use.span, names, "T0202", "no clause is called", tags=use.field == "over")
        if found:
            ids[use.field, use.name] = found
            for clause_id in found:
                _deprecated(part, clause_id, use, names)

    def all_of(field: str, given: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(i for name in given for i in ids.get((field, name), ())))

    def known(field: str, given: Iterable[str]) -> bool:
        return all((field, name) in ids for name in given)

    part.clauses = [replace(c, see=all_of("see", c.see)) if c.see else c for c in part.clauses]
    part.probes = [replace(p, clause=all_of("for", [p.clause])[0]) for p in part.probes if known("for", [p.clause])]
    part.alikes = [replace(a, clause=all_of("for", [a.clause])[0]) for a in part.alikes if known("for", [a.clause])]
    part.grants = [replace(g, over=all_of("over", g.over)) for g in part.grants if known("over", g.over)]
    part.priorities = [replace(p, names=tuple(names.own(part, n) for n in p.names)) for p in part.priorities]
    part.balances = [replace(b, of=all_of("of", b.of)) for b in part.balances if known("of", b.of)]


def _deprecated(part: Part, clause_id: str, use: Reference, names: _Names) -> None:
    declared = names.by_id.get(clause_id)
    if declared is not None and declared.deprecated is not None:
        part.report.add(
            "T0230", f"`{clause_id}` is deprecated", use.span, label="refers to it", help=declared.deprecated,
            secondary=[Note(declared.span, "declared here")],
        )  # fmt: skip


def _clause(
    part: Part, name: str, span: Span, names: _Names, code: str, message: str, *, tags: bool
) -> list[str] | None:
    """Return the ids that `name` stands for; None where a diagnostic has been made, or none is due."""
    name = names.own(part, name)
    if name in names.by_id:
        return [name]
    keys = names.by_name.get(name, [])
    if len(keys) == 1:
        return keys
    if len(keys) > 1:
        part.report.add(
            "T0206", f"`{name}` could be {' or '.join(f'`{key}`' for key in keys)}", span, label="ambiguous",
            help=f"write `{keys[0]}`, with its kind",
            secondary=[Note(names.by_id[key].span, f"`{key}`") for key in keys],
            fix=Fix(f"replace it with `{keys[0]}`", (Edit(span, keys[0]),)),
        )  # fmt: skip
        return None
    if tags and name in names.by_tag:
        return names.by_tag[name]
    if not part.report.full and not names.innocent(name):
        known = names.all() if tags else [*names.by_name, *names.by_id]
        # What is imported under a name of its own has that in front.
        inside = [other for other in known if other.endswith(f".{name}") and other not in names.by_id]
        help, fix = part.report.did_you_mean(inside[0] if len(inside) == 1 else name, inside or known, span)
        hint = f"declare it, or put `tags: [{name}]` into a clause" if tags and "." not in name else None
        part.report.add(
            code, f"{message} `{name}`", span, label="unknown name", help=help if fix else hint or help, fix=fix
        )
    return None


# ---- priorities


def _priorities(parts: Sequence[Part], names: _Names) -> None:
    """Resolve every chain, then look for a circle in all of them together."""
    links: list[circles.Link] = []
    spelled: dict[str, str] = {}
    for part in parts:
        for ranking in part.rankings:
            keys: list[tuple[str, Span]] = []
            seen: dict[str, Span] = {}
            last = ranking.spans[0] if ranking.spans else Span.NONE
            for name, span in zip(ranking.names, ranking.spans, strict=True):
                before, last = last, span
                found = _clause(part, name, span, names, "T0203", "no clause or tag is called", tags=True)
                if not found:
                    continue
                key = found[0] if name not in names.by_tag or name in names.by_name else f"#{name}"
                spelled.setdefault(key, name)
                if key in seen:
                    part.report.add("T0205", f"`{name}` is ranked twice", span, label="again",
                                    secondary=[Note(seen[key], "ranked here")],
                                    help="keep its highest place",
                                    fix=Fix("remove its lower place",
                                            (Edit(part.report.at(before.end, span.end), ""),)))  # fmt: skip
                    continue
                seen[key] = span
                keys.append((key, span))
            links.extend(circles.Link(above, below, span, part) for (above, _), (below, span) in pairwise(keys))
    for closing, path in circles.circles(links):
        notes = [Note(link, f"`{spelled[b]}` ranked below `{spelled[a]}`") for a, b, link in path[:MOST_LINKS]]
        closing.part.report.add(
            "T0204", f"`{spelled[closing.above]}` cannot win over `{spelled[closing.below]}`", closing.span,
            label="another priority says the opposite", secondary=notes, help="remove one of these links",
            witness=_witness(parts, names, closing.above, closing.below),
        )  # fmt: skip


def _witness(parts: Sequence[Part], names: _Names, above: str, below: str) -> Witness | None:
    """Return where it shows that both win over each other; None where what they name could not be read."""
    clauses = {clause.id: clause for part in parts for clause in part.clauses}
    ends = [
        next((clauses[i] for i in (names.by_tag[key[1:]] if key[:1] == "#" else [key]) if i in clauses), None)
        for key in (above, below)
    ]
    return circles.witness(ends[0], ends[1]) if ends[0] is not None and ends[1] is not None else None


# ---- dimensions


def _dimensions(parts: Sequence[Part], lost: Lost) -> tuple[Dimension, ...]:
    declared = [dimension for part in parts for dimension in part.dimensions]
    known = {dimension.name: dimension for dimension in (*BUILT_IN, *declared)}
    misread = {d.name for part in parts for d in part.declared if d.kind == "dimension"} - {d.name for d in declared}
    values = {dimension.name: Values(dimension) for dimension in known.values()}
    asked: set[str] = set()
    for part in parts:
        for use in part.uses:
            name = use.condition.dimension
            asked.add(name)
            if name in misread or (name not in known and lost.holds(name)):
                continue
            dimension = known.get(name)
            if dimension is None:
                _undeclared(part, use, known)
            else:
                _fits(part, use, dimension, values[name])
    names = {dimension.name for dimension in declared}
    return (*declared, *(d for d in BUILT_IN if d.name in asked and d.name not in names))


def _undeclared(part: Part, use: DimensionUse, known: Iterable[str]) -> None:
    name = use.condition.dimension
    if isinstance(use.condition, Truth):
        declaration = f"dimension {name} {{ type: boolean }}"
    elif isinstance(use.condition.value, int | float):
        declaration = f"dimension {name} {{ type: number }}"
    else:
        values = use.condition.value[:24] if isinstance(use.condition.value, tuple) else (use.condition.value,)
        declaration = f"dimension {name} {{ values: [{', '.join(values)}] }}"
    best = part.report.closest(name, known)
    help = f"did you mean `{best}`? Or declare it: `{declaration}`" if best else f"declare it: `{declaration}`"
    fix = Fix(f"replace it with `{best}`", (Edit(use.span, best),)) if best else None
    part.report.add("T0207", f"there is no dimension `{name}`", use.span, label="not declared", help=help, fix=fix)


def _fits(part: Part, use: DimensionUse, dimension: Dimension, known: Values) -> None:
    condition, name, kind = use.condition, dimension.name, dimension.type
    example = _example(dimension)
    article: dict[Literal["enum", "number", "boolean", "judged"], str] = {
        "enum": "an enumeration", "number": "a number", "boolean": "a boolean", "judged": "judged true or false",
    }  # fmt: skip

    def unfit(message: str, fix: Fix | None = None) -> None:
        part.report.add(
            "T0209", message, use.operator, label=f"`{name}` is {article[kind]}", help=f"for example `{example}`",
            fix=fix, secondary=[Note(dimension.span, "declared here")] if dimension.span != Span.NONE else (),
        )  # fmt: skip

    if isinstance(condition, Truth):
        if kind in ("enum", "number"):
            unfit(f"`{name}` is not true or false" if use.bare else f"`{name}` cannot be compared with true or false")
        return
    assert isinstance(condition, Compare)
    if kind in ("boolean", "judged"):
        unfit(f"`{name}` is true or false, and compared with something else")
    elif kind == "enum" and condition.operator in ("<", "<=", ">", ">="):
        unfit(f"the values of `{name}` have no order")
    elif kind == "number" and not isinstance(condition.value, int | float):
        written = str(condition.value)
        plain = re.fullmatch(r"\d+(\.\d+)?", written)
        fix = Fix("remove the quotes", (Edit(use.values[0], written),), "safe") if plain else None
        unfit(f"`{name}` is a number, and compared with something else", fix)
    elif kind == "enum":
        values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
        for value, span in zip(values, use.values, strict=False):
            text = known.named(value)
            if known.names and text not in known.names:
                help, fix = part.report.did_you_mean(text, dimension.values, span)
                part.report.add(
                    "T0208", f"`{name}` is never `{text}`", span, label="not one of its values", help=help, fix=fix,
                    secondary=[Note(dimension.span, "declared here")] if dimension.span != Span.NONE else (),
                )  # fmt: skip


def _example(dimension: Dimension) -> str:
    match dimension.type:
        case "enum":
            return f"{dimension.name} == {dimension.values[0] if dimension.values else 'clinician'}"
        case "number":
            return f"{dimension.name} >= 18"
        case "boolean" | "judged":
            return f"not {dimension.name}"
