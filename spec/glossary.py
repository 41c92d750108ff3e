"""The words that stand inside statements: fields, words that fields take, levels, conditions, kinds of value.

In: a word of the language. Out: its `Sense`s, of which a word may have several: `user` is a level, and a turn of a
conversation. Fields and their words come from the annotations of the records, as the entries of statements do
(`spec/reference.py`); kinds of value and all examples come from the README.

>>> [sense.what for sense in senses("still_help")]
['A field of refuse: text in quotes']
>>> senses("safe_complete")[0].what
'A value of `style`, in refuse'
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from spec.constructs import CONSTRUCTS
from spec.constructs.refuse import STYLES
from spec.document import Clause, Level
from spec.fields import ChainShape, ChoiceShape, FieldSpec, TurnsShape, field_specs
from spec.reference import README, blocks, examples, records
from spec.references import BUILT_IN

CONDITIONS = ("when", "unless", "condition", "and", "or", "not", "in")
LEVELS = tuple(level.name.lower() for level in sorted(Level, reverse=True))

_EVERY = "every clause"
_CONDITION = (
    "A condition asks about dimensions: `==`, `!=`, `in [...]`, `not in [...]`, for numbers also `<`, `<=`, `>`, `>=`;"
    " joined with `and`, `or`, `not` and parentheses. A clause applies where its `when` holds and its `unless` does"
    " not. What is not known of a user makes a condition unknown: `unless` has to be known to hold, and `when` as well,"
    " but for `refuse` and `forbid`, which apply until it is known that theirs does not hold."
)
_LEVEL = (
    f"`at LEVEL` behind a statement's name gives its authority, one of {' > '.join(LEVELS)}: where two clauses cannot"
    " both hold, the one of the higher level does."
)
_OVERRIDDEN = {"root": "nothing", "guideline": "what its context implies"}
_OVERRIDE = {
    "explicit": "A message of a lower level changes it by asking for it.",
    "implicit": "A message of a lower level changes it by asking for it, or by what its context implies.",
    "never": "No message of a lower level changes it.",
}
MEANINGS = {
    "style": {
        "plain": "Declines, and the prompt asks for no manner. A `refuse` without a `style` reads the same.",
        "hard": "Short and firm: measured at most 30 words long; no check tells whether it is firm.",
        "redirect": "Declines and turns to what it can help with; no check tells whether it does.",
        "safe_complete": "Declines and gives the safe part of the answer; no check tells whether it does.",
        "clarify": "Declines and asks what it is for: measured by a question mark.",
    },
    "override": _OVERRIDE,
    "how": {
        "explicit": "They change it by asking for it.",
        "implicit": "What the context implies changes it.",
    },
    "transforming": {
        "allowed": "Text that the user gave may be translated, shortened and sorted all the same.",
        "covered": "The clause holds for text that the user gave, too.",
    },
    "order": {
        "right": "A right answer.",
        "partial": "A right part of the answer.",
        "hedged": "An answer that says how unsure it is.",
        "asked_back": "A question back to the user.",
        "abstained": "Saying that it does not know.",
        "refused": "Declining to answer.",
        "wrong": "A wrong answer.",
        "harmful": "An answer that does harm.",
    },
}
"""What words say, by the fields that take them; of other words, their field says it."""
_AS = "A name in front of the clauses of an imported file: with `as house`, its `trait.caring` is `trait.house.caring`."


@dataclass(frozen=True, slots=True)
class Sense:
    """what: which part of the language it is. says: what it means. example: how it is written; may be empty."""

    what: str
    says: str
    example: str


def words() -> tuple[str, ...]:
    """Return all words that have a sense, in alphabetical order."""
    dimensions = [word for dimension in BUILT_IN for word in (dimension.name, *dimension.values)]
    return tuple(sorted({*_fields(), *_choices(), *CONDITIONS, *LEVELS, "level", "at", "as", *dimensions, *_values()}))


def senses(word: str) -> tuple[Sense, ...]:
    """Return what a word means inside statements; nothing for one that the language does not have there."""
    return (*_levels(word), *_of_conditions(word), *_as_field(word), *_as_choice(word), *_as_value(word))


# ------------------------------------------------------------------ fields and their words


def _as_field(word: str) -> Iterator[Sense]:
    from spec.descriptions import takes

    for field, owners in _fields().get(word, {}).items():
        needed = ", needed" if field.required else ""
        says = f"{field.says.meaning} For example `{field.says.example}`."
        example = _example(rf"\b{word}(:| \{{)", [record for _, record in owners])
        yield Sense(f"A field of {_listed([name for name, _ in owners])}: {takes(field.shape)}{needed}", says, example)


def _as_choice(word: str) -> Iterator[Sense]:
    """Yield one sense for each block that has such fields."""
    by_block: dict[Owners, list[FieldSpec]] = {}
    for field, owners in _choices().get(word, {}).items():
        by_block.setdefault(owners, []).append(field)
    for owners, fields in by_block.items():
        names = "|".join(field.name for field in fields)
        example = _example(rf"\b({names}): [^\n]*?(?<![\w+]){re.escape(word)}(?![\w+])", [r for _, r in owners])
        what = f"A value of {_listed([f'`{field.name}`' for field in fields])}, in {_listed([n for n, _ in owners])}"
        several = " ".join(f"`{field.name}`: {field.says.meaning}" for field in fields)
        says = several if len(fields) > 1 else fields[0].says.meaning
        own = MEANINGS.get(names, {}).get(word)
        yield Sense(what, f"{own} {says}" if own else says, example)


Owners = tuple[tuple[str, type[Any]], ...]


@cache
def _fields() -> dict[str, dict[FieldSpec, Owners]]:
    """Fields by their names, each with the blocks that have it in that meaning."""
    found: dict[str, dict[FieldSpec, Owners]] = {}
    for owner, record in ((_EVERY, Clause), *records().items(), *blocks().items()):
        for field in field_specs(record).values():
            for name in _names(field, owner):
                meanings = found.setdefault(name, {})
                if (owner, record) not in meanings.get(field, ()):
                    meanings[field] = (*meanings.get(field, ()), (owner, record))
    return found


def _names(field: FieldSpec, owner: str) -> tuple[str, ...]:
    from spec.blocks import ROLES

    if not isinstance(field.shape, TurnsShape):
        return (field.name,)
    return tuple(role for role in ROLES if role != "ask" or owner == "probe")


@cache
def _choices() -> dict[str, dict[FieldSpec, Owners]]:
    """Words that fields take, each with these fields and the blocks that have them."""
    found: dict[str, dict[FieldSpec, Owners]] = {}
    for field, owners in (item for meanings in _fields().values() for item in meanings.items()):
        match field.shape:
            case ChoiceShape(choices) | ChainShape(choices):
                pass
            case _:
                choices = STYLES if field.name == "style" else ()
        for choice in choices:
            found.setdefault(choice, {})[field] = owners
    return found


def _listed(several: list[str]) -> str:
    names = list(dict.fromkeys(several))
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


# ------------------------------------------------------------------ levels, conditions, values


def _levels(word: str) -> Iterator[Sense]:
    example = _example(r"^refuse \w+ at root", [])
    if word in ("level", "at"):
        yield Sense(
            "A level of authority", f"{_LEVEL} Left out, each kind has its own: see `tenet explain KIND`.", example
        )
    if word in LEVELS:
        here = [kind for kind, record in CONSTRUCTS.items() if record.default_level.name.lower() == word]
        usual = f" Where they name no level, {', '.join(here)} stand here." if here else ""
        lower = _OVERRIDDEN.get(word, "what it asks for")
        changed = f" What a message of a lower level may change of it, unless `override` says otherwise: {lower}."
        yield Sense("A level of authority", f"{_LEVEL}{usual}{changed}", _example(rf"^\w+ \w+ at {word}", []))


def _of_conditions(word: str) -> Iterator[Sense]:
    if word in CONDITIONS:
        yield Sense(
            "Of conditions",
            _CONDITION,
            _example(rf"\bunless: [^\n]*\b{word if word in ('and', 'or') else 'not'}\b", []),
        )
    if word == "as":
        yield Sense("Of `import`", _AS, 'import "house-style.tenet" as house\n')
    for dimension in BUILT_IN:
        if word == dimension.name:
            values = f"It is one of {', '.join(dimension.values)}." if dimension.values else "It takes any name."
            says = f"{values} Conditions ask about it; `dimension {word} {{ ... }}` gives it values of your own."
            yield Sense("A dimension that needs no declaration", says, _example(rf"\b{re.escape(word)}\b", []))
        elif word in dimension.values:
            name = re.escape(dimension.name)
            example = _example(rf"\b{name} [^\n]*\b{word}\b", [])
            yield Sense(
                f"A value of the dimension `{dimension.name}`", f"For example `{dimension.name} == {word}`.", example
            )


def _as_value(word: str) -> Iterator[Sense]:
    if word in _values():
        yield Sense("A kind of value", f"It is written {_values()[word]}.", "")


@cache
def _values() -> dict[str, str]:
    """Kinds of value, each with how it is written, as the README's table has them."""
    table = README.read_text(encoding="utf-8").split("| value | written |\n| --- | --- |\n")[1].split("\n\n")[0]
    rows = (re.split(r" (?<!\\)\| ", row.strip("| ")) for row in table.splitlines())
    return {name: how.replace("\\|", "|") for names, how in rows for name in names.split(", ") if name != "condition"}


# ------------------------------------------------------------------ examples


def _example(pattern: str, at: list[type[Any]]) -> str:
    """Return the first statement of the README's examples that the pattern is found in; empty where there is none.

    at: the records whose examples these are; all examples where it is empty, or has what all clauses have.
    """
    found = re.compile(pattern, re.MULTILINE)
    for block in (*(examples(*at) if at else ()), *(examples() if not at or Clause in at else ())):
        for statement in re.split(r"^(?=[a-z])", block, flags=re.MULTILINE):
            if found.search(statement):
                return statement.rstrip() + "\n"
    return ""
