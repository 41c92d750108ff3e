"""Slips that the words of a line show by themselves, mended before a broken file is parsed anew.

In: the tokens of a file with a syntax error. Out: the same with these lines as they were meant, and a report for each.
The parser alone would find the slip one word late, and mend it with a sign that makes another nonsense of the line.

    refuse dosing level root {       refuse dosing at root {
    term harden ing {                term harden_ing {
    trait caring: {                  trait caring {
    target: at least 85 %            target: >= 85%
    method: sft + dpo                method: sft+dpo
    priority: safety, style          priority: safety > style
    when: user.role is nurse         when: user.role == nurse
    means: "Says "hi" first."        means: "Says \\"hi\\" first."
    means; "Is kind."                means: "Is kind."
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import NamedTuple

from spec.balance import Landmarks
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
_NO_BLOCKS = ("import", "extends", "tenet")
_EQUALS = ("is", "equals", "equal", "are", "eq")
_VALUES = ("NAME", "DOTTED", "NUMBER", "STRING")
_STARTS = (*_VALUES, "LONG_STRING", "REGEX", "LSQB", "LPAR", "LBRACE", "NOT", "COMPARE")
_ENDS = ("LBRACE", "RBRACE", "RSQB", "RPAR", "SEMICOLON", "NUMBER", "STRING", "LONG_STRING", "REGEX")
"""What a value starts with, and what stands before a field on its line."""
_NEAR = 64
"""How many words a text or a condition may have that is looked through."""


class _Mended(NamedTuple):
    """What tokens[start:end] were meant to be."""

    start: int
    end: int
    tokens: list[Token]


def mend_slips(report: Report, tokens: list[Token], landmarks: Landmarks, broken: list[tuple[int, int]]) -> list[Token]:
    """Return `tokens` with such lines mended; places of what was mended go into `broken`."""
    result: list[Token] = []
    fields = landmarks.fields()
    i = 0
    while i < len(tokens):
        found = None
        if i + 2 < len(tokens):
            found = (
                _semicolon(report, tokens, i, fields)
                or _value(report, tokens, i)
                or _statement(report, tokens, i, landmarks.statements, fields)
            )
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


def _statement(
    report: Report, tokens: list[Token], i: int, statements: Container[str], fields: Container[str]
) -> _Mended | None:
    token, before = tokens[i], tokens[i - 1] if i else None
    if token.kind != "NAME" or token.text in fields or token.text in _NO_BLOCKS:
        return None
    if not token.first and before is not None and before.kind not in ("LBRACE", "RBRACE", "SEMICOLON"):
        return None
    return _header(report, tokens, i, token.text in statements)


def _value(report: Report, tokens: list[Token], i: int) -> _Mended | None:
    token, after = tokens[i], tokens[i + 1]
    before = tokens[i - 1] if i else None
    if token.kind == "STRING" and after.start == token.end:
        return _quotes_inside(report, tokens, i)
    if after.first or token.kind not in ("NAME", "NUMBER"):
        return None
    if token.kind == "NUMBER":
        return _percent(report, tokens, i)
    if after.kind == "COLON":
        if token.text == "target":
            return _target(report, tokens, i + 2)
        return _ranking(report, tokens, i) if token.text in _RANKED else None
    if token.text in _EQUALS:
        return _equals(report, tokens, i)
    if before is not None and before.kind in ("COLON", "COMMA", "LSQB"):
        return _parted(report, tokens, i)
    return None


# ---- headers


def _header(report: Report, tokens: list[Token], i: int, known: bool) -> _Mended | None:
    """Read the words between a statement's first word, which may be misspelled, and its `{` on the same line."""
    end = i + 1
    while tokens[end].kind in ("NAME", "IN", "COLON", "STRING") and not tokens[end].first:
        end += 1
    words = tokens[i + 1 : end]
    if tokens[end].kind != "LBRACE" or tokens[end].first or not words:
        return None
    kinds = {word.kind for word in words}
    if "COLON" in kinds or "STRING" in kinds:
        return _sign_in_header(report, i, words) if known else None
    at = next((n for n, word in enumerate(words) if word.text == "at" and n), None)
    if len(words) < 2 or (at is not None and at != len(words) - 2):
        return None
    if at is None and words[-1].text in _LEVELS and (len(words) == 2 or words[1].text in _LEADS):
        return _level(report, i, words) if len(words) <= 3 else None
    named = words[: at if at is not None else len(words)]
    return _one_name(report, i, named) if len(named) > 1 else None


def _sign_in_header(report: Report, i: int, words: list[Token]) -> _Mended | None:
    """Take a `:` out of a header, or the quotes off its name."""
    kinds = [word.kind for word in words]
    if kinds.count("COLON") == 1 and "STRING" not in kinds and len(words) in (2, 4):
        at = kinds.index("COLON")
        colon = report.at(words[at].start, words[at].end)
        if [word.text for word in words[:at] + words[at + 1 :]][1:2] not in ([], ["at"]):
            return None
        gap = at == 0 or report.source.text[words[at].end] in " {"
        report.add(
            "T0020", "no `:` stands in the header of a block", colon, label="remove this",
            fix=Fix("remove it", (Edit(colon, "" if gap else " "),), "safe"),
        )  # fmt: skip
        return _Mended(i + 1, i + 1 + len(words), words[:at] + words[at + 1 :])
    if kinds[0] != "STRING" or [word.text for word in words[1:2]] not in ([], ["at"]) or len(words) not in (1, 3):
        return None
    name = words[0].text[1:-1]
    bare = re.sub(r"\W+", "_", name.strip())
    place = report.at(words[0].start, words[0].end)
    report.add(
        "T0024", "names are written without quotes", place, label="a name",
        help=f"a name is one word: `{bare}`" if is_name(bare) and bare != name else None,
        fix=Fix(f"write `{bare}`", (Edit(place, bare),), "safe" if bare == name else "unsafe") if is_name(bare)
        else None,
    )  # fmt: skip
    return _Mended(i + 1, i + 2, [words[0]._replace(kind="NAME", text=bare or "_")])


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


# ---- fields


def _semicolon(report: Report, tokens: list[Token], i: int, fields: Container[str]) -> _Mended | None:
    """Read the `;` between a field's name and its value, which stands on the same line, as a `:`."""
    name, sign, value = tokens[i : i + 3]
    written = sign.kind == "SEMICOLON" and sign.start < sign.end and not sign.first
    if name.kind != "NAME" or name.text not in fields or not written or not _before_field(tokens, i):
        return None
    after = tokens[i + 3] if i + 3 < len(tokens) else value
    next_field = value.kind == "NAME" and (
        after.kind in ("COLON", "LBRACE") or (after.kind == "SEMICOLON" and value.text in fields)
    )
    if value.first or value.kind not in _STARTS or next_field:
        return None
    report.add(
        "T0020", "a field has `:` after its name, not `;`", report.at(sign.start, sign.end), label="write `:`",
        fix=Fix("replace it with `:`", (Edit(report.at(name.end, sign.end), ":"),), "safe"),
    )  # fmt: skip
    return _Mended(i + 1, i + 2, [sign._replace(kind="COLON", text=":")])


def _before_field(tokens: list[Token], i: int) -> bool:
    """Whether token `i` may be a field's name by what stands before it."""
    if i == 0 or tokens[i].first or tokens[i - 1].kind in _ENDS:
        return True
    return (
        i > 1 and tokens[i - 1].kind in ("NAME", "DOTTED") and tokens[i - 2].kind in ("COLON", "SEMICOLON", "COMPARE")
    )


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


def _percent(report: Report, tokens: list[Token], i: int) -> _Mended | None:
    """Join a number and the `%` behind it."""
    number, sign = tokens[i], tokens[i + 1]
    if sign.text not in ("%", "percent") or number.text.endswith("%"):
        return None
    place, written = report.at(number.start, sign.end), f"{number.text}%"
    report.add(
        "T0012" if sign.text == "%" else "T0020", f"a share is written `{written}`", place, label="one word",
        fix=Fix(f"write `{written}`", (Edit(place, written),), "safe"),
    )  # fmt: skip
    return _Mended(i, i + 2, [number._replace(text=written, end=sign.end)])


def _equals(report: Report, tokens: list[Token], i: int) -> _Mended | None:
    """Read a comparison in words, `user.role is nurse`; behind a name without a dot only where nothing else follows."""
    end = i + 1
    negated = tokens[end].kind == "NOT"
    end += negated
    if i < 2 or tokens[i - 1].kind not in ("DOTTED", "NAME") or tokens[end].kind not in _VALUES or tokens[end].first:
        return None
    if tokens[i - 2].kind not in ("COLON", "NOT", "LPAR") and tokens[i - 2].text not in ("and", "or"):
        return None
    colon = next((n for n in range(i, max(i - _NEAR, 0), -1) if tokens[n].kind == "COLON"), 0)
    ends = tokens[end + 1].first or tokens[end + 1].kind in ("RPAR", "RBRACE") or tokens[end + 1].text in ("and", "or")
    if tokens[colon - 1].text not in ("when", "unless") or not ends:
        return None
    sign = "!=" if negated else "=="
    place = report.at(tokens[i].start, tokens[end - 1].end)
    said = report.source.text[place.start : place.end]
    report.add(
        "T0020", f"a comparison is written `{sign}`, not `{said}`", place, label=f"write `{sign}`",
        fix=Fix(f"replace it with `{sign}`", (Edit(place, sign),), "safe"),
    )  # fmt: skip
    return _Mended(i, end, [Token("COMPARE", sign, place.start, place.end)])


def _quotes_inside(report: Report, tokens: list[Token], i: int) -> _Mended | None:
    """Read one text for several that a word between quotes inside of it makes of it."""
    words = ("NAME", "DOTTED", "NUMBER", "BAD", "STRING", "RPAR")
    if tokens[i + 1].kind not in words[:-2]:
        return None
    end, last = i + 1, None
    while not tokens[end].first and tokens[end].kind != "END" and end < i + _NEAR:
        if tokens[end].broken:
            return None
        before = tokens[end - 1]
        if tokens[end].kind == "STRING" and tokens[end].start == before.end and before.kind in words:
            last = end
        end += 1
    if last is None:
        return None
    start, stop = tokens[i].start, tokens[last].end
    text = report.source.text
    inner = [at for at in range(start + 1, stop - 1) if text[at] == '"' and text[at - 1] != "\\"]
    edits = tuple(Edit(report.at(at, at), "\\") for at in inner)
    report.add(
        "T0013", "a quote inside of a text is written `\\\"`", report.at(start, stop), label="one text",
        help="or use other quotes inside, such as `'`", fix=Fix("write `\\\"`", edits),
    )  # fmt: skip
    return _Mended(i, last + 1, [tokens[i]._replace(end=stop, broken=True)])


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
