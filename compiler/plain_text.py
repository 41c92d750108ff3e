"""Whether a text holds a phrase or a pattern, in microseconds: the short look that every `tenet check` can afford.

In: texts, phrases, patterns. Out: yes or no. Case, spacing and the shape of quotation marks make no difference, and no
word is cut; the disguises that measuring looks through (`compiler/checks/phrases.py`) are left out. This file must not
load anything that takes time.

>>> contains(plain("Well,  CERTAINLY\u2019s a word."), plain("certainly")), contains("a fresh start", "art")
(True, False)
>>> found(Pattern(r"\\bas an ai\\b", "i"), "As an AI, I float.")
True
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any

from spec.document import Pattern

_sre: Any = import_module("re._parser")

_QUOTES = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")
# With more repeats than that, or one inside another, `re` could try for hours.
MOST_REPEATS = 2
MOST_SAMPLED = 2000
_READABLE = "etaoinshrdlucmfwypvbgkjqxz 0123456789.,!?'-ETAOINSHRDLUCMFWYPVBGKJQXZ"


@lru_cache(maxsize=8192)
def plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text.translate(_QUOTES)).casefold().split())


def contains(text: str, phrase: str) -> bool:
    """Whether `phrase` stands in `text` as whole words; both are plain."""
    if not phrase:
        return False
    start = text.find(phrase)
    while start >= 0:
        end = start + len(phrase)
        cut_before = phrase[0].isalnum() and start > 0 and _is_of_a_word(text[start - 1])
        cut_after = phrase[-1].isalnum() and end < len(text) and _is_of_a_word(text[end])
        if not cut_before and not cut_after:
            return True
        start = text.find(phrase, start + 1)
    return False


def _is_of_a_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def found(pattern: Pattern, text: str) -> bool:
    """Whether the pattern is found, as measuring finds it in a text without disguises."""
    compiled = _compiled(pattern)
    if compiled is not None:
        return compiled.search(text) is not None
    # RE2 takes linear time whatever the pattern, and a third of a second to import.
    from compiler.checks import patterns

    try:
        return patterns.found((pattern.text,), pattern.flags, text) is not None
    except ValueError:
        return False  # reported as T0507


def matched(pattern: Pattern, text: str) -> str:
    """Return what the pattern finds first in `text`; all of it where only that something is found can be said.

    >>> matched(Pattern("an? (ai|bot)", "i"), "I am an AI.")
    'an AI'
    """
    compiled = _compiled(pattern)
    match = compiled.search(text) if compiled is not None else None
    return match.group() if match else text


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Any:
    """Return what the parser of `re` reads, which flags do not change."""
    return _sre.parse(text)


def quick(pattern: Pattern) -> bool:
    """Whether a search for the pattern takes a microsecond, and not some dozens."""
    return _compiled(pattern) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: Pattern) -> re.Pattern[str] | None:
    """Return the pattern for `re`, or None where that could take for ever."""
    flags = re.RegexFlag(0)
    for letter in pattern.flags:
        flags |= {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}[letter]
    repeats = list(_repeats(_parsed(pattern.text), 0))
    return None if len(repeats) > MOST_REPEATS or max(repeats, default=0) > 0 else re.compile(pattern.text, flags)


def _repeats(items: Iterable[Any], depth: int) -> Iterator[int]:
    """Yield for each repeat without an end how many stand around it; a choice inside of one counts as another."""
    for operation, argument in items:
        match str(operation):
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                endless = str(argument[1]) == "MAXREPEAT" or int(argument[1]) > 16
                if endless:
                    yield depth
                yield from _repeats(argument[2], depth + endless)
            case "SUBPATTERN":
                yield from _repeats(argument[3], depth)
            case "BRANCH":
                if depth:
                    yield depth
                for branch in argument[1]:
                    yield from _repeats(branch, depth)
            case "ASSERT" | "ASSERT_NOT":
                yield from _repeats(argument[1], depth)
            case "ATOMIC_GROUP":
                yield from _repeats(argument, depth)
            case "GROUPREF_EXISTS":
                yield from _repeats([*argument[1], *(argument[2] or ())], depth)


@lru_cache(maxsize=4096)
def needed(pattern: Pattern) -> str:
    """Return a text that is, as plain text, in every text in which the pattern is found; an empty one for none known.

    >>> needed(Pattern(r"\\bas an? (ai|bot)", "i"))
    'as a'
    """
    try:
        return plain(max(_runs(_parsed(pattern.text)), key=len, default=""))
    except (re.error, OverflowError, RecursionError):
        return ""


def _runs(items: Iterable[Any]) -> Iterator[str]:
    run = ""
    for operation, argument in items:
        name = str(operation)
        if name == "LITERAL" and argument < 128:
            run += chr(argument)
            continue
        if name == "AT":
            continue
        yield run
        run = ""
        if name == "SUBPATTERN":
            yield from _runs(argument[3])
        elif name in ("MAX_REPEAT", "MIN_REPEAT") and argument[0] >= 1:
            yield from _runs(argument[2])
    yield run


@lru_cache(maxsize=4096)
def local(pattern: Pattern) -> bool:
    """Whether what the pattern finds depends on nothing but the text found and what stands right beside it.

    >>> local(Pattern(r"\\bhello\\b")), local(Pattern("^hello"))
    (True, False)
    """
    try:
        return _is_local(_parsed(pattern.text))
    except (re.error, OverflowError, RecursionError):
        return False


def _is_local(items: Iterable[Any]) -> bool:
    for operation, argument in items:
        match str(operation):
            case "LITERAL" | "NOT_LITERAL" | "IN" | "ANY":
                continue
            case "AT" if str(argument) in ("AT_BOUNDARY", "AT_NON_BOUNDARY"):
                continue
            case "SUBPATTERN" if _is_local(argument[3]):
                continue
            case "MAX_REPEAT" | "MIN_REPEAT" if _is_local(argument[2]):
                continue
            case "BRANCH" if all(_is_local(branch) for branch in argument[1]):
                continue
            case _:
                return False
    return True


@lru_cache(maxsize=4096)
def sample(pattern: Pattern) -> str:
    """Return a short text in which the pattern is found; an empty one where none is known.

    >>> sample(Pattern(r"\\bas an? (ai|bot)\\b", "i")), sample(Pattern(r"[0-9]{3}x+")), sample(Pattern(r"a\\bb"))
    ('as a ai', '000x', '')
    """
    try:
        text = _sampled(_parsed(pattern.text))
    except (re.error, OverflowError, RecursionError):
        return ""
    return text if text and len(text) <= MOST_SAMPLED and found(pattern, text) else ""


def _sampled(items: Iterable[Any]) -> str:
    """Return a text that the items read, as far as that can be seen without trying."""
    text = ""
    for operation, argument in items:
        match str(operation):
            case "LITERAL":
                text += chr(argument)
            case "NOT_LITERAL":
                text += next(c for c in _READABLE if ord(c) != argument)
            case "ANY":
                text += "e"
            case "IN":
                text += _member(argument)
            case "SUBPATTERN":
                text += _sampled(argument[3])
            case "BRANCH":
                text += _sampled(argument[1][0])
            case "MAX_REPEAT" | "MIN_REPEAT":
                text += _sampled(argument[2]) * min(int(argument[0]), MOST_SAMPLED)
            case _:
                continue
    return text


def _member(items: Sequence[Any]) -> str:
    """Return a character of a class."""
    name, value = str(items[0][0]), items[0][1]
    if name == "LITERAL":
        return chr(value)
    if name == "RANGE":
        return chr(value[0])
    if name == "CATEGORY":
        return {"CATEGORY_DIGIT": "0", "CATEGORY_SPACE": " ", "CATEGORY_NOT_WORD": " "}.get(str(value), "e")
    held = items[1:] if name == "NEGATE" else items
    return next((c for c in _READABLE if not any(_is_member(c, str(kind), of) for kind, of in held)), "")


def _is_member(character: str, kind: str, of: Any) -> bool:
    match kind:
        case "LITERAL":
            return bool(ord(character) == of)
        case "RANGE":
            return bool(of[0] <= ord(character) <= of[1])
        case _:
            denied = str(of).startswith("CATEGORY_NOT_")
            word = str(of).removeprefix("CATEGORY_").removeprefix("NOT_")
            is_one = {
                "DIGIT": character.isdigit(),
                "SPACE": character.isspace(),
                "WORD": character.isalnum() or character == "_",
            }[word]
            return is_one is not denied
