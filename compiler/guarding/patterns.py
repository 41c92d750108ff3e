"""An author's regular expression -> every text in which `patterns.found` finds it.

In: a pattern, its flags, terms. Out: an expression over terms, or why there is none. Each literal character is one of
those that are read as it, with format characters between; a word bound may stand at either end alone, since a decoder's
automaton looks neither back nor ahead. This file must not know clauses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from compiler.checks import phrases
from compiler.guarding.letters import Letters
from compiler.guarding.terms import Terms, as_class, escaped
from compiler.languages import flags_of

# The parser behind `re`, as in `compiler/languages.py`.
_sre: Any = import_module("re._parser")
_code: Any = import_module("re._constants")

_CATEGORIES = {
    "CATEGORY_WORD": r"\p{L}\p{M}\p{N}_",
    "CATEGORY_DIGIT": r"\p{Nd}",
    "CATEGORY_SPACE": r"\s\x{000B}\x{0085}\p{Z}",
}
_NEGATED = {
    "CATEGORY_NOT_WORD": "CATEGORY_WORD",
    "CATEGORY_NOT_DIGIT": "CATEGORY_DIGIT",
    "CATEGORY_NOT_SPACE": "CATEGORY_SPACE",
}
BEFORE, AFTER = "BEFORE_ASCII", "AFTER_ASCII"
MOST_REPEATS = 64


class Unguardable(Exception):
    """What in the pattern no decoder can be kept out of, in words."""


def expression(pattern: str, flags: str, name: str, terms: Terms) -> str:
    """Define `name` as what `pattern` matches, and return how it stands in an answer.

    Raises:
        Unguardable: it holds what cannot be told while text is written.
    """
    try:
        found = _sre.parse(pattern, flags_of(flags))
    except _sre.error as error:  # RE2 and Python differ in a few spellings
        raise Unguardable(f"it cannot be read: {error}") from None
    parsed, flags_found = list(found), found.state.flags
    while len(parsed) == 1 and parsed[0][0] is _code.SUBPATTERN:
        _, added, removed, inside = parsed[0][1]
        parsed, flags_found = list(inside), (flags_found | added) & ~removed
    begins, ends = "ANY", "ANY"
    if parsed and parsed[0][0] is _code.AT:
        begins = _bound(parsed.pop(0)[1], BEFORE, parsed[:1])
    if parsed and parsed[-1][0] is _code.AT:
        ends = _bound(parsed.pop()[1], AFTER, parsed[-1:])
    if flags_found & re.MULTILINE and "" in (begins, ends):
        raise Unguardable("a bound of lines stands in it")
    writer = _Writer(flags_found)
    terms.add(name, f"/{writer.sequence(parsed)}/")
    return "(" + " ".join(part for part in (begins, name, ends) if part) + ")"


def _bound(at: Any, bounded: str, beside: Sequence[Any]) -> str:
    if at in (_code.AT_BEGINNING, _code.AT_BEGINNING_STRING, _code.AT_END, _code.AT_END_STRING):
        return ""
    if at is _code.AT_BOUNDARY and beside and all(_is_word(item, last=bounded is AFTER) for item in beside):
        return f"{bounded}?"
    raise Unguardable("a word bound stands beside something else than a letter")


def _is_word(item: Any, last: bool) -> bool:
    """Whether the item begins (or ends) with an ASCII letter, digit or underscore, whatever it matches."""
    kind, value = item
    if kind is _code.LITERAL:
        return value < 0x80 and (chr(value).isalnum() or value == 0x5F)
    if kind is _code.IN:
        return all(
            (k is _code.LITERAL and _is_word((k, v), last))
            or (k is _code.RANGE and v[1] < 0x80 and all(chr(p).isalnum() for p in range(v[0], v[1] + 1)))
            for k, v in value
        )
    if kind is _code.SUBPATTERN:
        return bool(value[-1]) and _is_word(value[-1][-1 if last else 0], last)
    if kind is _code.BRANCH:
        return all(bool(branch) and _is_word(branch[-1 if last else 0], last) for branch in value[1])
    if kind in (_code.MAX_REPEAT, _code.MIN_REPEAT):
        return value[0] > 0 and _is_word(value[2][-1 if last else 0], last)
    return False


class _Writer:
    def __init__(self, flags: int) -> None:
        self.flags = flags
        self.ignore_case = bool(flags & re.IGNORECASE)
        self.dot_all = bool(flags & re.DOTALL)

    def sequence(self, items: Sequence[Any]) -> str:
        return _unseen().join(self._item(*item) for item in items)

    def _item(self, kind: Any, value: Any) -> str:
        if kind is _code.LITERAL:
            return as_class(self._variants(value))
        if kind is _code.NOT_LITERAL:
            return f"[^{_inside(self._variants(value))}]"
        if kind is _code.ANY:
            return r"(?s:.)" if self.dot_all else r"[^\n]"
        if kind is _code.IN:
            return self._class(list(value))
        if kind is _code.BRANCH:
            return "(?:" + "|".join(self.sequence(branch) for branch in value[1]) + ")"
        if kind is _code.SUBPATTERN:
            return self._group(*value)
        if kind in (_code.MAX_REPEAT, _code.MIN_REPEAT):
            return self._repeat(*value)
        if kind is _code.AT:
            raise Unguardable("a bound stands inside of it")
        raise Unguardable(f"{kind} stands in it")

    def _variants(self, point: int) -> str:
        character = chr(point)
        letters = Letters.plain()
        cases = {character, character.lower(), character.upper()} if self.ignore_case else {character}
        return "".join(letters.one(case) for case in sorted(cases) if len(case) == 1)

    def _class(self, items: list[Any]) -> str:
        negated = items[0][0] is _code.NEGATE
        parts = "".join(self._members(items[1:] if negated else items))
        return f"[{'^' if negated else ''}{parts}]"

    def _members(self, items: Sequence[Any]) -> Iterator[str]:
        for kind, value in items:
            if kind is _code.LITERAL:
                yield _inside(self._variants(value))
            elif kind is _code.RANGE:
                first, last = value
                yield f"{escaped(first)}-{escaped(last)}"
                if last - first < 0x100:
                    yield _inside("".join(self._variants(point) for point in range(first, last + 1)))
            elif (name := str(value)) in _CATEGORIES:
                yield _CATEGORIES[name]
            elif name in _NEGATED:
                yield f"[^{_CATEGORIES[_NEGATED[name]]}]"
            else:
                raise Unguardable(f"{value} stands in it")

    def _group(self, _: Any, added: int, removed: int, items: Sequence[Any]) -> str:
        inner = _Writer((self.flags | added) & ~removed) if added or removed else self
        return f"(?:{inner.sequence(items)})"

    def _repeat(self, least: int, most: Any, items: Sequence[Any]) -> str:
        bounded = most is not _code.MAXREPEAT
        if least > MOST_REPEATS or (bounded and most > MOST_REPEATS):
            raise Unguardable(f"something is repeated more than {MOST_REPEATS} times")
        body = f"(?:{self.sequence(items)}{_unseen()})"
        if not bounded:
            return body + {0: "*", 1: "+"}.get(least, f"{{{least},}}")
        return body + ("?" if (least, most) == (0, 1) else f"{{{least},{most}}}")


def _inside(characters: str) -> str:
    """The members of a class, without its brackets."""
    found = as_class(characters)
    return found[1:-1] if found.startswith("[") else found


@cache
def _unseen() -> str:
    return f"{as_class(phrases.invisible())}*"
