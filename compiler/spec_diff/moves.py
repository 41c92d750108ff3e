"""The ways in which a field can move between two versions: up a scale, past a limit, by a part more, in its words.

In: a field's value in both versions. Out: at most one `Change`. Each way is even: with the versions exchanged, stricter
and looser are exchanged and nothing else. This file must not know kinds of clauses.

>>> limit("max_words", "words", 40, 30)[0].direction, limit("max_words", "words", 30, None)[0].direction
('stricter', 'looser')
>>> worded("means", "Be warm.", "Be  warm")[0].direction, worded("means", "Be warm.", "Be kind.")[0].direction
('equivalent', 'incomparable')
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

from compiler import languages
from compiler.checks import phrases
from compiler.spec_diff.records import FLIPPED, Change, Concern, Direction
from spec.document import Pattern

Item = str | Pattern

MOST_OTHERS = 40
"""So many phrases and patterns are looked at together; more make automata too large to walk."""


def worded(
    field: str, old: str | None, new: str | None, adding: Direction = "incomparable", why: str = "is said now"
) -> list[Change]:
    """A text. adding: what it means that there is one now, and `why` in words."""
    if old == new:
        return []
    if old is None or new is None:
        direction = adding if old is None else FLIPPED[adding]
        reason = why if old is None else f"no longer: {why}"
        return [Change(field, "demand", direction, reason, old, new)]
    if _words(old) == _words(new):
        return [Change(field, "wording", "equivalent", "only spacing, case or punctuation differs", old, new)]
    return [Change(field, "wording", "incomparable", "worded anew: whether it asks for more is for a reader", old, new)]


def ranked(
    field: str,
    old: Any,
    new: Any,
    scale: Sequence[Any],
    concern: Concern = "demand",
    why: str = "",
    witness: Callable[[Any, Any], str] | None = None,
) -> list[Change]:
    """A word of a scale, the loosest first. witness: what `(looser, stricter)` allow and do not."""
    if old == new:
        return []
    up = scale.index(new) > scale.index(old)
    shown = witness((old, new)[not up], (old, new)[up]) if witness else None
    reason = f"{said(new)} {'asks for more' if up else 'asks for less'} than {said(old)}{why and f': {why}'}"
    return [Change(field, concern, "stricter" if up else "looser", reason, written(old), written(new), shown)]


def limit(field: str, unit: str, old: int | None, new: int | None) -> list[Change]:
    """A greatest number; None for no limit."""
    if old == new:
        return []
    lower = new is not None and (old is None or new < old)
    least = min(value for value in (old, new) if value is not None)
    reason = f"at most {new} now" if new is not None else "no limit any more"
    return [
        Change(
            field,
            "demand",
            "stricter" if lower else "looser",
            f"{reason}, {f'at most {old}' if old is not None else 'no limit'} before",
            written(old),
            written(new),
            f"an answer of {least + 1} {unit}",
        )
    ]


def switched(field: str, old: bool, new: bool, on: Direction, why: tuple[str, str], concern: Concern) -> list[Change]:
    """Something that is there or not. why: what to say where it is, and where it is not."""
    if old == new:
        return []
    return [Change(field, concern, on if new else FLIPPED[on], why[not new], written(old), written(new))]


def listed(
    field: str, old: Sequence[str], new: Sequence[str], more: Direction, concern: Concern, what: str
) -> list[Change]:
    """Texts of which each counts by itself. more: what one more of them means."""
    if tuple(old) == tuple(new):
        return []
    before, after = {" ".join(_words(t)): t for t in old}, {" ".join(_words(t)): t for t in new}
    gained = [text for key, text in after.items() if key not in before]
    lost = [text for key, text in before.items() if key not in after]
    direction: Direction = "equivalent"
    if gained and lost:
        direction = more if more == "equivalent" else "incomparable"
    elif gained or lost:
        direction = more if gained else FLIPPED[more]
    reason = " and ".join(
        [
            *([counted(len(gained), what, "more")] if gained else []),
            *([counted(len(lost), what, "fewer")] if lost else []),
        ]
    )
    shown = (lost or gained) if concern == "demand" else []
    return [
        Change(
            field,
            concern,
            direction,
            reason or "the same, in another order or spelling",
            listing(lost) if gained or lost else None,
            listing(gained) if gained or lost else None,
            shown[0] if shown else None,
        )
    ]


def found(field: str, old: Sequence[Item], new: Sequence[Item], more: Direction, what: str) -> list[Change]:
    """Phrases and patterns any of which is looked for. more: what it means that they find more answers."""
    if tuple(old) == tuple(new):
        return []
    try:
        gained, lost = beyond(new, old), beyond(old, new)
    except languages.TooLarge:
        reason = "the patterns changed, and what they find cannot be compared"
        return [Change(field, "demand", "incomparable", reason, *_differing(old, new))]
    direction: Direction
    if gained is not None and lost is not None:
        direction, reason = "incomparable", f"finds {shown(gained)} now, and {shown(lost)} no longer"
    elif gained is not None:
        direction, reason = more, f"{what} more answers"
    elif lost is not None:
        direction, reason = FLIPPED[more], f"{what} fewer answers"
    else:
        direction, reason = "equivalent", f"{what} the same answers"
    witness = gained if gained is not None else lost
    return [Change(field, "demand", direction, reason, *_differing(old, new), shown(witness) if witness else None)]


def beyond(ones: Sequence[Item], others: Sequence[Item]) -> str | None:
    """Return a text that one of `ones` finds and none of `others`; None where there is none.

    Raises:
        TooLarge: no such text is known, and one of `ones` is too large to be compared.
    """
    known = {_key(item) for item in others}
    plain = [item for item in others if isinstance(item, str)]
    doubt: languages.TooLarge | None = None
    for item in ones:
        if _key(item) in known or (isinstance(item, str) and plain and phrases.found(plain, item)):
            continue
        # A phrase that holds none of the other phrases can only be found by a pattern.
        rivals = [o for o in others if isinstance(item, Pattern) or isinstance(o, Pattern)]
        if isinstance(item, str) and not rivals:
            return item
        try:
            if len(rivals) > MOST_OTHERS:
                raise languages.TooLarge
            escaped = languages.escaping(_machine(item), [_machine(other, loose=True) for other in rivals])
        except languages.TooLarge as error:
            doubt = error
            continue
        if escaped is not None:
            return escaped
    if doubt:
        raise doubt
    return None


def _machine(item: Item, *, loose: bool = False) -> languages.Machine:
    if isinstance(item, Pattern):
        return languages.pattern(item.text, item.flags)
    return languages.phrase(item, loose=loose)


def _key(item: Item) -> tuple[str, str]:
    return (item.text, item.flags) if isinstance(item, Pattern) else (phrases.fold(item), "phrase")


def _differing(old: Sequence[Item], new: Sequence[Item]) -> tuple[str | None, str | None]:
    """The items of one version that are not in the other."""
    before, after = {_key(i): i for i in old}, {_key(i): i for i in new}
    return (
        listing([written(i) or "" for key, i in before.items() if key not in after]),
        listing([written(i) or "" for key, i in after.items() if key not in before]),
    )


# ------------------------------------------------------------------ words


def written(value: object) -> str | None:
    """Return a value as an author writes it; None for what is not there."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case Pattern(text=text, flags=flags):
            return f"/{text}/{flags}"
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def said(value: object) -> str:
    text = written(value)
    return "nothing" if text is None else text.replace("_", " ")


def counted(count: int, what: str, more: str = "") -> str:
    """Say how many, in the plural where it belongs.

    >>> counted(1, "request to refuse", "more"), counted(2, "request to refuse")
    ('1 more request to refuse', '2 requests to refuse')
    """
    first, _, rest = what.partition(" ")
    return " ".join(part for part in (f"{count:,}", more, first + "s" * (count != 1), rest) if part)


def shown(text: str) -> str:
    """Return an answer in quotes, its line ends visible."""
    return '"' + text.replace("\n", "\\n") + '"'


def listing(texts: Sequence[str]) -> str | None:
    return "; ".join(texts) or None


# Numbers with their sign and their points; words; and each sign that is no mere punctuation: `C++`, `5 $`, an emoji.
_WORD = re.compile(r"(?:(?<![\w-])-)?\d+(?:[.,:]\d+)+|(?<![\w-])-\d+|\w+|[^\w\s.,;:!?'\"()\[\]-]")


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text.translate(phrases.UNIFIED)).casefold())
