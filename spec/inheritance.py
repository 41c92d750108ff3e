"""What a clause gets from outside of its own block: the sections around it, and the file that its own extends.

In: sections, and clauses of the extended file. Out: fields by attribute, joined with a clause's own. This file must
not know the tree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from spec.constructs import Body
from spec.document import And, Clause, Condition, Level, Or, Override, Section
from spec.fields import field_specs
from spec.frozen import dataclass
from spec.source import Span


@dataclass(frozen=True, slots=True)
class Inherited:
    """What a file extends: clauses by id, and settings."""

    clauses: Mapping[str, Clause] = field(default_factory=dict)
    settings: Mapping[type[Any], Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Given:
    """What the sections around a statement give to it, all of them together. section: the innermost."""

    section: str | None = None
    level: Level | None = None
    when: Condition | None = None
    unless: Condition | None = None
    tags: tuple[str, ...] = ()
    override: Override | None = None
    places: tuple[tuple[str, Span], ...] = ()

    def within(self, section: Section, places: tuple[tuple[str, Span], ...] = ()) -> Given:
        """Return what stands inside of `section` gets."""
        return Given(
            section=section.name,
            level=section.level or self.level,
            when=_both(self.when, section.when),
            unless=_either(self.unless, section.unless),
            tags=tuple(dict.fromkeys((*self.tags, *section.tags))),
            override=section.override or self.override,
            places=(*self.places, *places),
        )

    def put(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of a clause with what it is given."""
        joined = {
            "when": _both(self.when, values.get("when")),
            "unless": _either(self.unless, values.get("unless")),
            "tags": tuple(dict.fromkeys((*self.tags, *values.get("tags", ())))),
            "override": values.get("override") or self.override,
        }
        return {**values, **{key: value for key, value in joined.items() if value}}


def _both(outer: Condition | None, inner: Condition | None) -> Condition | None:
    return And((outer, inner)) if outer is not None and inner is not None else outer or inner


def _either(outer: Condition | None, inner: Condition | None) -> Condition | None:
    return Or((outer, inner)) if outer is not None and inner is not None else outer or inner


def values_of(clause: Clause) -> dict[str, Any]:
    """The fields of a clause and of its body by attribute, those that the language has."""
    shared = {s.attribute: getattr(clause, s.attribute) for s in field_specs(Clause).values()}
    own = {s.attribute: getattr(clause.body, s.attribute) for s in field_specs(type(clause.body)).values()}
    return {**shared, **own}


def without_rivals(old: dict[str, Any], construct: type[Body], new: Mapping[str, Any]) -> dict[str, Any]:
    """What is inherited, but for the fields that a given one excludes."""
    if any(name in new for name in construct.only_one):
        return {key: value for key, value in old.items() if key not in construct.only_one}
    return old
