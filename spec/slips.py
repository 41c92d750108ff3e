"""Slips that the words of a line show by themselves, mended before a broken file is parsed anew.

In: the tokens of a file with a syntax error. Out: the same with these lines as they were meant, and a report for each.
The parser alone would find the slip one word late, and mend it with a sign that makes another nonsense of the line.

    refuse dosing level root {       refuse dosing at root {
    term harden ing {                term harden_ing {
    target: at least 85%             target: >= 85%
    method: sft + dpo                method: sft+dpo
    priority: safety, style          priority: safety > style
"""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple

from spec.diagnostics import Edit, Fix, Report
from spec.document import Level
from spec.lexer import Token, is_name

_LEVELS = tuple(level.name.lower() for level in Level)
_LEADS = ("level", "on", "in", "as", "with", "for", "by", "to", "under")
"""Words by which people introduce a level."""
_SIDES = {
    ("at", "least"): ">=", ("at", "most"): "<=", ("more", "than"): ">=", ("less", "than"): "<=", ("over",): ">=",
    ("above",): ">=", ("under",): "<=", ("below",): "<=", ("min",): ">=", ("max",): "<=", ("minimum",): ">=",
    ("maximum",): "<=",
}  # fmt: skip
_RANKED = ("priority", "order")
_NO_BLOCKS = ("import", "extends")


class _Mended(NamedTuple):
    """What tokens[start:end] were meant to be."""

    start: int
    end: int
    tokens: list[Token]


def mend_slips(
    report: Report, tokens: list[Token], fields: Container[str], broken: list[tuple[int, int]]
) -> list[Token]:
    """Return `tokens` with such lines mended; places of what was mended go into `broken`.

    fields: the words that a `:` may follow.
    """
    result: list[Token] = []
    i = 0
    while i < len(tokens):
        found = _slip(report, tokens, i, fields)
        if found is None:
            result.append(tokens[i])
            i += 1
            continue
        result.extend(tokens[i : found.start])
        result.extend(found.tokens)
        broken.append((tokens[found.start].start, tokens[found.end - 1].end))
        report.mute(report.at(tokens[found.start].start, tokens[found.start].end))
        i = found.end
    return result


def _slip(report: Report, tokens: list[Token], i: int, fields: Container[str]) -> _Mended | None:
    token = tokens[i]
    if token.kind != "NAME" or i + 2 >= len(tokens):
        return None
    before = tokens[i - 1] if i else None
    starts = token.first or before is None or before.kind in ("LBRACE", "RBRACE", "SEMICOLON")
    if tokens[i + 1].kind == "COLON":
        if token.text == "target":
            return _target(report, tokens, i + 2)
        return _ranking(report, tokens, i) if token.text in _RANKED else None
    if starts and token.text not in fields and token.text not in _NO_BLOCKS:
        return _header(report, tokens, i)
    if before is not None and before.kind in ("COLON", "COMMA", "LSQB") and not tokens[i + 1].first:
        return _parted(report, tokens, i)
    return None


# ---- headers


def _header(report: Report, tokens: list[Token], i: int) -> _Mended | None:
    """Read the words between a statement's first word and its `{` on the same line."""
    end = i + 1
    while tokens[end].kind in ("NAME", "IN") and not tokens[end].first:
        end += 1
    words = tokens[i + 1 : end]
    if tokens[end].kind != "LBRACE" or tokens[end].first or len(words) < 2:
        return None
    at = next((n for n, word in enumerate(words) if word.text == "at" and n), None)
    if at is not None and at != len(words) - 2:
        return None
    if at is None and words[-1].text in _LEVELS and (len(words) == 2 or words[1].text in _LEADS):
        return _level(report, i, words) if len(words) <= 3 else None
    named = words[: at if at is not None else len(words)]
    return _one_name(report, i, named) if len(named) > 1 else None


def _level(report: Report, i: int, words: list[Token]) -> _Mended:
    name, level = words[0], words[-1]
    lead = words[1] if len(words) == 3 else None
    place = lead or level
    edit = Edit(report.at(lead.start, lead.end), "at") if lead else Edit(report.at(level.start, level.start), "at ")
    report.add(
        "T0020", "`at` stands before the level" + (f", not `{lead.text}`" if lead else ""),
        report.at(place.start, place.end), label="write `at`" if lead else "a level without `at`",
        help=f"write `{name.text} at {level.text}`",
        fix=Fix("write `at`", (edit,), "safe" if lead and lead.text == "level" else "unsafe"),
    )  # fmt: skip
    return _Mended(i + 1, i + 1 + len(words), [name, Token("NAME", "at", place.start, place.start), level])


def _one_name(report: Report, i: int, words: list[Token]) -> _Mended:
    start, end = words[0].start, words[-1].end
    name = "_".join(word.text for word in words)
    report.add(
        "T0024", "a name is one word", report.at(start, end), label=f"{len(words)} words", help=f"write `{name}`",
        fix=Fix(f"write `{name}`", (Edit(report.at(start, end), name),)),
    )  # fmt: skip
    return _Mended(i + 1, i + 1 + len(words), [Token("NAME", name, start, end)])


# ---- values


def _target(report: Report, tokens: list[Token], i: int) -> _Mended | None:
    """Read a target in words."""
    for words, sign in _SIDES.items():
        number = i + len(words)
        if tuple(token.text for token in tokens[i:number]) != words or number >= len(tokens):
            continue
        if tokens[number].kind != "NUMBER" or any(token.first for token in tokens[i : number + 1]):
            return None
        start, end = tokens[i].start, tokens[number - 1].end
        written = f"{sign} {tokens[number].text}"
        report.add(
            "T0020", f"a target is written with `{sign}`, not in words", report.at(start, end), label=f"write `{sign}`",
            help=f"write `target: {written}`",
            fix=Fix(f"write `{written}`", (Edit(report.at(start, tokens[number].end), written),),
                    "safe" if words[0] == "at" else "unsafe"),
        )  # fmt: skip
        return _Mended(i, number, [Token("COMPARE", sign, start, end)])
    return None


def _parted(report: Report, tokens: list[Token], i: int) -> _Mended | None:
    """Join names that spaces part from the `+` or `-` between them."""
    end = i + 1
    while tokens[end].text in ("+", "-") and tokens[end + 1].kind == "NAME" and not tokens[end + 1].first:
        end += 2
    stretch = tokens[i:end]
    name = "".join(token.text for token in stretch)
    if len(stretch) < 3 or not is_name(name):
        return None
    start, stop = tokens[i].start, tokens[end - 1].end
    report.add(
        "T0012", f"`{tokens[i + 1].text}` stands inside a name, which has no spaces", report.at(start, stop),
        label="one name", help=f"write `{name}`",
        fix=Fix(f"write `{name}`", (Edit(report.at(start, stop), name),)),
    )  # fmt: skip
    return _Mended(i, end, [tokens[i]._replace(text=name, end=stop)])


def _ranking(report: Report, tokens: list[Token], i: int) -> _Mended | None:
    """Read a ranking whose names stand between commas."""
    names = ("NAME", "DOTTED")
    if tokens[i + 2].kind not in names:
        return None
    end = i + 3
    while tokens[end].kind == "COMMA" and tokens[end + 1].kind in names and _ends_item(tokens[end + 2]):
        end += 2
    comma = tokens[i + 3]
    if end == i + 3:
        return None
    ranking = " > ".join(token.text for token in tokens[i + 2 : end : 2])
    place = report.at(tokens[i + 2].start, tokens[end - 1].end)
    one_line = "\n" not in report.source.text[place.start : place.end]
    report.add(
        "T0212", f"`{tokens[i].text}` ranks with `>`, not `,`", report.at(comma.start, comma.end),
        label="not `>`", help=f"write `{tokens[i].text}: {ranking}`, the first wins",
        fix=Fix("replace each `,` with `>`", (Edit(place, ranking),)) if one_line else None,
    )  # fmt: skip
    signs = [token._replace(kind="COMPARE", text=">") if token.kind == "COMMA" else token for token in tokens[i:end]]
    return _Mended(i, end, signs)


def _ends_item(token: Token) -> bool:
    """Whether a name before `token` is the last word of its item, and not the start of a field or statement."""
    return token.first or token.kind in ("COMMA", "RBRACE", "SEMICOLON", "END")
