"""`patterns`: whether one of the author's regular expressions is found.

In: patterns and an answer. Out: the pattern found. Authors' patterns run on RE2 (through pyarrow), whose time grows
with the text and never with the pattern's cleverness: `(a+)+$` cannot hang it. There is no second engine to fall back
on: what RE2 refuses (look-around, back references, possessive repeats) is reported by `problem` when a spec is
compiled, as an error of the spec.

RE2 reads the classes `\\w \\d \\s` as ASCII; outside of brackets they are widened to Unicode here, as authors know
them from Python. `\\b` stays ASCII, so `problem` reports one that stands beside a letter it cannot see.

A pattern is looked for in the answer as it stands, and again with format characters removed, compatibility forms
resolved and punctuation made plain.

>>> found([r"as an? (ai|language model)"], "i", "Well, As\\u200b an AI, I float.")
'as an? (ai|language model)'
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache

from compiler.checks import phrases
from compiler.records.checks import PatternsCheck

_WIDENED = {
    "w": r"[\p{L}\p{M}\p{N}_]",
    "W": r"[^\p{L}\p{M}\p{N}_]",
    "d": r"\p{Nd}",
    "D": r"\P{Nd}",
    "s": r"[\s\x{0b}\x{85}\p{Z}]",
    "S": r"[^\s\x{0b}\x{85}\p{Z}]",
    "Z": r"\z",
}
_WIDENED_INSIDE = {"w": r"\p{L}\p{M}\p{N}_", "d": r"\p{Nd}", "s": r"\s\x{0b}\x{85}\p{Z}"}
_PLAIN = {"s": r"[\s\x{0b}]", "S": r"[^\s\x{0b}]", "Z": r"\z"}
_PLAIN_INSIDE = {"s": r"\s\x{0b}"}
_BLIND_BOUND = re.compile(r"\\b[^\x00-\x7f]|[^\x00-\x7f]\\b")


@lru_cache(maxsize=4096)
def translate(pattern: str, flags: str = "", ascii: bool = False) -> str:
    """Return `pattern` as RE2 reads it, with its flags in front. ascii: for texts in ASCII alone, of which RE2's own
    classes say the same; they are ready 20 times as fast."""
    widened, inside_too = (_PLAIN, _PLAIN_INSIDE) if ascii else (_WIDENED, _WIDENED_INSIDE)
    out = [f"(?{''.join(sorted(set(flags)))})"] if flags else []
    inside = False
    place = 0
    while place < len(pattern):
        character = pattern[place]
        if character == "\\" and place + 1 < len(pattern):
            escaped = pattern[place + 1]
            out.append((inside_too if inside else widened).get(escaped) or character + escaped)
            place += 2
            continue
        if character == "[" and not inside:
            inside = True
            out.append(character)
            # A bracket that comes first is a member of the class, and does not close it.
            rest = re.match(r"\^?\]?", pattern[place + 1 :])
            opening = rest.group() if rest else ""
            out.append(opening.replace("]", r"\]"))
            place += 1 + len(opening)
            continue
        if character == "]":
            inside = False
        out.append(character)
        place += 1
    return "".join(out)


def _search(pattern: str, texts: Sequence[str]) -> list[bool]:
    # Imported here: pyarrow takes a third of a second, and most specs have no pattern.
    import pyarrow as arrow
    import pyarrow.compute as compute

    try:
        hits = compute.match_substring_regex(arrow.array(texts, arrow.large_string()), pattern)
    except arrow.ArrowInvalid as error:
        raise ValueError(str(error).removeprefix("Invalid regular expression: ")) from None
    return [bool(hit) for hit in hits.to_pylist()]


def problem(pattern: str, flags: str = "") -> str | None:
    """Return why `pattern` cannot be used, in words for an author, or None where it can.

    >>> problem(r"(?<=no )way")
    'it uses look-around, which is left out because it can make a search hang'
    """
    if unknown := set(flags) - set("ims"):
        return f"the flag {min(unknown)!r} is not one of i, m and s"
    if _BLIND_BOUND.search(pattern):
        return r"\b sees only ASCII letters, and here it stands beside another letter"
    try:
        (empty,) = _search(translate(pattern, flags), [""])
    except ValueError as error:
        reason = str(error)
        if "(?=" in reason or "(?!" in reason or "(?<" in reason:
            return "it uses look-around, which is left out because it can make a search hang"
        if re.search(r"escape sequence: \\\d|\(\?P=", reason):
            return "it refers back to a group, which is left out because it can make a search hang"
        return reason
    return "it matches the empty text, so it is found in every answer" if empty else None


def _readings(answer: str) -> list[str]:
    # UTF-8 has no lone surrogates; one in an answer must not stop a measurement.
    answer = answer.encode("utf-8", "replace").decode("utf-8")
    plain = unicodedata.normalize("NFKC", phrases.strip_invisible(answer).translate(phrases.UNIFIED))
    return [answer] if plain == answer else [answer, plain]


def found(patterns: Sequence[str], flags: str, answer: str) -> str | None:
    """Return the first of `patterns` that is found in `answer`, or None."""
    readings = _readings(answer)
    for pattern in patterns:
        if any(_holds(pattern, flags, reading) for reading in readings):
            return pattern
    return None


def _holds(pattern: str, flags: str, reading: str) -> bool:
    known = _looked_up.get((pattern, flags, reading))
    return _search(translate(pattern, flags, reading.isascii()), [reading])[0] if known is None else known


_looked_up: dict[tuple[str, str, str], bool] = {}


@contextmanager
def looked_up(asked: Mapping[tuple[str, str], Iterable[str]]) -> Iterator[None]:
    """Inside, `found` knows of these patterns, each with its flags, whether they are found in these answers: RE2 reads
    a pattern once for all of them, which takes longer than to look for it."""
    try:
        for (pattern, flags), answers in asked.items():
            readings = list(dict.fromkeys(reading for answer in answers for reading in _readings(answer)))
            for ascii in (True, False):
                texts = [reading for reading in readings if reading.isascii() is ascii]
                if texts:
                    hits = _search(translate(pattern, flags, ascii), texts)
                    _looked_up.update(((pattern, flags, text), hit) for text, hit in zip(texts, hits, strict=True))
        yield
    finally:
        _looked_up.clear()


def found_in(patterns: Sequence[str], flags: str, answers: Sequence[str]) -> list[bool]:
    """Return for each answer whether any of `patterns` is found: one call for many rows."""
    readings = [_readings(answer) for answer in answers]
    flat = [text for group in readings for text in group]
    hit = [False] * len(flat)
    for pattern in patterns:
        hit = [a or b for a, b in zip(hit, _search(translate(pattern, flags), flat), strict=True)]
    out: list[bool] = []
    place = 0
    for group in readings:
        out.append(any(hit[place : place + len(group)]))
        place += len(group)
    return out


def spans(patterns: Sequence[str], flags: str, answer: str) -> list[tuple[int, int]]:
    """Return where the first match of each pattern stands in `answer`, in characters; none for a pattern that is found
    only once the answer's disguises are taken off."""
    import pyarrow as arrow
    import pyarrow.compute as compute

    text = answer.encode("utf-8", "replace")
    out: list[tuple[int, int]] = []
    for pattern in patterns:
        wanted = translate(pattern, flags)
        column = arrow.array([text.decode("utf-8")], arrow.large_string())
        start = compute.find_substring_regex(column, wanted)[0].as_py()
        if start < 0:
            continue
        # Arrow tells where a match starts; what taking it out leaves tells how long it is.
        left = compute.replace_substring_regex(column, wanted, replacement="", max_replacements=1)[0].as_py()
        end = start + len(text) - len(left.encode("utf-8"))
        out.append((len(text[:start].decode("utf-8")), len(text[:end].decode("utf-8"))))
    return out


def holds(check: PatternsCheck, answer: str) -> bool:
    return (found(check.patterns, check.flags, answer) is not None) == check.present
