"""The language as an editor asks about it: which fields stand where, and what they mean, in Markdown.

In: words of the language. Out: field specs and Markdown. All of it is read from `spec.reference`; this file must not
know a construct by name, nor what a user wrote.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

from spec.blocks import LEVELS, ROLES
from spec.constructs import CONSTRUCTS
from spec.descriptions import takes
from spec.document import Section
from spec.fields import FieldSpec, RecordShape, TextShape, TurnsShape, field_specs
from spec.reference import Entry, entry, statements
from spec.says import Says
from spec.vocabulary import CONTAINERS

LEVEL_NOTES = {
    "root": "Nobody can change it: no operator, no developer, no user.",
    "system": "Above what a developer says.",
    "developer": "What the application's developer says.",
    "user": "What a user may change.",
    "guideline": "A default: the context alone may change it.",
}


@cache
def fields_of(path: tuple[str, ...]) -> dict[str, FieldSpec]:
    """Return the fields of a block by name, turns of a conversation one by one.

    Args:
        path: the words of the blocks around a place, the outermost first: `("trait", "example")`. Sections are left
            out, but for a section's own fields.
    """
    if not path or path[0] not in statements():
        return {}
    word = path[0]
    blocks = entry(word).fields
    fields = {field.name: field for field in (blocks[0].fields if blocks else ())}
    if word in CONSTRUCTS:
        fields |= {field.name: field for field in entry("clause").fields[0].fields}
    if word in CONTAINERS:
        fields = dict(field_specs(Section))
    for name in path[1:]:
        field = fields.get(name)
        if field is None or not isinstance(field.shape, RecordShape):
            return {}
        fields = dict(field_specs(field.shape.record))
    return dict(_spread(fields, word))


def _spread(fields: dict[str, FieldSpec], word: str) -> Iterator[tuple[str, FieldSpec]]:
    for name, field in fields.items():
        if not isinstance(field.shape, TurnsShape):
            yield name, field
            continue
        for role in ROLES:
            if role != "ask" or word == "probe":
                says = Says("The question." if role == "ask" else f"What the {role} says.", '"..."')
                yield role, replace(field, name=role, shape=TextShape(), required=False, default=None, says=says)


def field_page(field: FieldSpec, owner: str) -> str:
    """Return what a field takes and means."""
    needed = ", needed" if field.required else ""
    default = "" if field.default in (None, (), "") else f"; left out, `{shown(field.default)}`"
    if isinstance(field.shape, RecordShape):
        default = ""
    return (
        f"`{owner}` field **`{field.name}`**: {takes(field.shape)}{needed}{default}\n\n{field.says.meaning}\n\n"
        f"```tenet\n{field.name}: {field.says.example}\n```"
    )


def shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@cache
def word_page(word: str) -> str:
    """Return the reference entry of a statement or block."""
    found = entry(word)
    parts = [f"```tenet\n{found.shape}\n```", found.states]
    if found.level is not None:
        parts.append(f"At `{found.level}` unless it names a level; its target is written `{found.target} N%`.")
    parts.extend(_tables(found))
    if found.example:
        parts.append(f"```tenet\n{found.example.rstrip()}\n```")
    return "\n\n".join(parts)


def _tables(found: Entry) -> Iterator[str]:
    for block in found.fields:
        rows = [f"| field{f' {block.owner}' if block.owner else ''} | takes | meaning |", "| --- | --- | --- |"]
        for field in block.fields:
            name = "user, assistant, ..." if isinstance(field.shape, TurnsShape) else field.name
            needed = " (needed)" if field.required else ""
            cells = (f"`{name}`{needed}", takes(field.shape), field.says.meaning)
            rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
        yield "\n".join(rows)


def level_page(level: str) -> str:
    order = " > ".join(f"**{name}**" if name == level else name for name in LEVELS)
    return f"Level of authority: {order}\n\n{LEVEL_NOTES[level]}"


def block_path(words: Sequence[str]) -> tuple[str, ...]:
    """Return the words of the blocks around a place without the sections that hold its statement."""
    at = 0
    while at + 1 < len(words) and words[at] in CONTAINERS and words[at + 1] in statements():
        at += 1
    return tuple(words[at:])
