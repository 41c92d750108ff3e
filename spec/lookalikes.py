"""Characters that are not what they seem: those that nobody sees, and letters that look like others.

In: a file's text, where it is not plain ASCII. Out: diagnostics. A phrase with a Cyrillic `а` is never found in an
answer, a name with one is never found by what refers to it, and a bidirectional control shows a reviewer another text
than the one that a model is trained on. Who means such a character writes it as an escape, `\\u{200B}`, which can be
seen. A word of one script is left alone, whatever the script.

>>> skeleton("саring"), skeleton("слово")
('caring', 'cлoвo')
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from spec.ast import Comment
from spec.descriptions import shortened
from spec.diagnostics import Edit, Fix, Note, Report
from spec.lexer import Token, is_name, scan
from spec.parser import tables
from spec.plain import Root, scalars
from spec.source import Span

# Letters of other scripts that most typefaces draw like Latin ones.
_CYRILLIC = dict(zip("аеорсухіјѕһԁԛԝѵАВЕКМНОРСТУХІЈЅԚԜ", "aeopcyxijshdqwvABEKMHOPCTYXIJSQW", strict=True))
_GREEK = dict(zip("αορνΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aopvABEZHIKMNOPTYX", strict=True))
_OTHERS = {"ɑ": "a", "ɡ": "g", "\u212a": "K", "ⅼ": "l", "ⅰ": "i", "ⅴ": "v", "ⅹ": "x"}
_LETTERS = {**_CYRILLIC, **_GREEK, **_OTHERS}
# Letters of other shapes, which Unicode itself says are ASCII letters: `Ａ` in full width, `𝐀` of mathematics.
_WIDE = "\uff21-\uff3a\uff41-\uff5a"
_MATHS = "\U0001d400-\U0001d7ff"
_LOOK = f"{''.join(_LETTERS)}{_WIDE}{_MATHS}"

_BIDI = "\u202a-\u202e\u2066-\u2069"
_MARKS = "\u200e\u200f\u061c"  # of direction; right where letters run from right to left
_JOINERS = "\u200b-\u200d\u2060"  # right in scripts and emoji that join
_UNSEEN = "\xad\u034f\u115f\u1160\u17b4\u17b5\u180e\u2028\u2029\u2061-\u2064"
_UNSEEN += "\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
_TAGS = "\U000e0001\U000e0020-\U000e007f"  # right behind a black flag, whose region they spell
_OLD_CONTROLS = "\x80-\x9f"  # bytes of another encoding, most likely

_ANY = re.compile(f"[{_LOOK}{_BIDI}{_MARKS}{_JOINERS}{_UNSEEN}{_TAGS}{_OLD_CONTROLS}]")
_DIRECTION = re.compile(f"[{_BIDI}]+")
_INVISIBLE = re.compile(f"[{_MARKS}{_JOINERS}{_UNSEEN}{_TAGS}{_OLD_CONTROLS}]+")
_WORD = re.compile(r"[^\W\d_]+")
_ALL_LOOK = re.compile(f"[A-Za-z{_LOOK}]+")
_SHAPED = re.compile(f"[{_WIDE}{_MATHS}]")
_NAME = re.compile(r"NAME|DOTTED")
_SHOWN = 12


def skeleton(text: str) -> str:
    """Return `text` with every letter that looks like a Latin one replaced by that."""
    return "".join(_LETTERS.get(c) or (unicodedata.normalize("NFKC", c) if _SHAPED.match(c) else c) for c in text)


def is_mixed(word: str) -> bool:
    """Whether all letters of `word` look Latin, and some are not."""
    if word.isascii() or not _ALL_LOOK.fullmatch(word):
        return False
    return bool(re.search("[A-Za-z]", word)) or bool(_SHAPED.search(word))


def check(report: Report) -> None:
    """Report the characters in the report's source that are not what they seem."""
    text = report.source.text
    if not _ANY.search(text):
        return
    scanned = scan(Report(report.source), tables())  # what is wrong with the tokens has been reported
    _check(report, scanned.tokens, scanned.comments)


def check_plain(report: Report, root: Root) -> None:
    """Do the same for YAML and JSON, whose keys and names are scalars."""
    text = report.source.text
    if not _ANY.search(text):
        return
    tokens: list[Token] = []
    for scalar, key in scalars(root.tree):
        if key or (is_name(scalar.text) and scalar.exact):
            tokens.append(Token("NAME", scalar.text, scalar.inner, scalar.inner_end))
        else:  # with the signs around it, as a string has its quotes
            start, end = max(scalar.start - 1, 0), scalar.end + 1
            tokens.append(Token("STRING", f"{text[start:end]}\n", start, end))
    _check(report, tokens, [Comment(text[start:end], start, end) for start, end in root.comments])


def _check(report: Report, tokens: Sequence[Token], comments: Iterable[Comment]) -> None:
    names: dict[str, list[Token]] = {}
    fields: list[Token] = []
    for token, after in zip_longest(tokens, tokens[1:]):
        if token.broken or token.text.isascii():
            continue
        if _NAME.fullmatch(token.kind):
            if not any(is_mixed(word) for word in _WORD.findall(token.text)):
                continue
            # Nothing refers to a field: each is a slip of its own.
            if after is not None and after.kind == "COLON":
                fields.append(token)
            else:
                names.setdefault(token.text, []).append(token)
        elif token.kind in ("STRING", "LONG_STRING", "REGEX") and not report.full:
            _text(report, token)
    for name, tokens in names.items():
        _mixed_name(report, name, tokens)
    for token in fields:
        _mixed_name(report, token.text, [token])
    for comment in comments:
        for match in _DIRECTION.finditer(comment.text):
            span = report.at(comment.start + match.start(), comment.start + match.end())
            _direction(report, match[0], span, "this comment", Fix("remove it", (Edit(span, ""),), "safe"))


# ---- names


def _mixed_name(report: Report, name: str, tokens: list[Token]) -> None:
    """Report a name once, and offer to mend it wherever the file has it."""
    meant = skeleton(name)
    spans = [report.at(token.start, token.end) for token in tokens]
    odd = next(char for char in name if char in _LETTERS or _SHAPED.match(char))
    fix = Fix(f"write `{meant}`", tuple(Edit(span, meant) for span in spans), "safe")
    report.add(
        "T0042", f"`{name}` mixes letters that look alike", spans[0], label=_letter(odd),
        help=f"write `{meant}`, in Latin letters", fix=fix,
        secondary=[Note(span, "here too") for span in spans[1:4]],
    )  # fmt: skip
    for span in spans:
        report.mute(span)


def lookalikes(names: list[tuple[str, Span]]) -> Iterator[tuple[str, Span, str, Span]]:
    """Yield each name that looks like an earlier one and is another, with that one and their places.

    Names that mix scripts are left out: `check` speaks of them.
    """
    first: dict[str, tuple[str, Span]] = {}
    for name, span in names:
        if any(is_mixed(word) for word in _WORD.findall(name)):
            continue
        other, place = first.setdefault(skeleton(name), (name, span))
        if other != name:
            yield name, span, other, place


# ---- texts


def _text(report: Report, token: Token) -> None:
    pattern = token.kind == "REGEX"
    what = "this pattern" if pattern else "this text"
    for match in _DIRECTION.finditer(token.text):
        if report.full:
            return
        span = report.at(token.start + match.start(), token.start + match.end())
        # An escape says the same, and can be seen; a pattern has none.
        fix = (
            Fix("remove it", (Edit(span, ""),))
            if pattern
            else Fix("write it as an escape", (Edit(span, _escaped(match[0])),), "safe")
        )
        _direction(report, match[0], span, what, fix)
    for match in _INVISIBLE.finditer(token.text):
        if report.full:
            return
        if not _is_right(token.text, match):
            span = report.at(token.start + match.start(), token.start + match.end())
            sure = not re.search(f"[{_OLD_CONTROLS}]", match[0])
            report.add(
                "T0041", f"{what} holds {_called(match[0])}", span, label="cannot be seen",
                help="remove it" if pattern else f"remove it, or write `{_escaped(match[0][:3])}` where it is meant",
                fix=Fix("remove it", (Edit(span, ""),), "safe" if sure else "unsafe"),
            )  # fmt: skip
    words = list(_WORD.finditer(token.text))
    latin = all(_ALL_LOOK.fullmatch(word[0]) for word in words) and re.search("[A-Za-z]", token.text)
    for match in words:
        if report.full:
            return
        word = match[0]
        mixed = is_mixed(word)
        # A word of another script among Latin ones, with nothing in it that is not a look-alike.
        alone = bool(latin) and not word.isascii() and (len(word) > 1 or word in _CYRILLIC)
        if mixed or alone:
            span = report.at(token.start + match.start(), token.start + match.end())
            odd = next(char for char in word if not char.isascii())
            meant = skeleton(word)
            report.add(
                "T0043", f"`{_short(word)}` looks like `{_short(meant)}` and is spelled otherwise", span,
                label=_letter(odd), help=f"write it in Latin letters; no answer that says `{_short(meant)}` has this"
                " word", fix=Fix(f"write `{_short(meant)}`", (Edit(span, meant),), "safe" if mixed else "unsafe"),
            )  # fmt: skip


def _is_right(text: str, match: re.Match[str]) -> bool:
    """Whether invisible characters do what they are for: join letters or emoji, or part scripts of two directions."""
    before, after = text[match.start() - 1], text[match.end()]  # within the quotes
    if re.fullmatch(f"[{_MARKS}]+", match[0]):
        return any(unicodedata.bidirectional(char) in ("R", "AL") for char in text)
    if re.fullmatch(f"[{_TAGS}]+", match[0]):
        return before == "\U0001f3f4"
    if re.fullmatch(f"[{_JOINERS}]+", match[0]):
        return any(ord(char) >= 0x590 and unicodedata.category(char)[0] in "LMS" for char in (before, after))
    return False


def _direction(report: Report, found: str, span: Span, what: str, fix: Fix) -> None:
    report.add(
        "T0040", f"{what} holds {_called(found)}, which shows it in another order", span,
        label="changes the order on the screen",
        help=f"write `{_escaped(found[:3])}` where it is meant" if fix.applicability == "safe" and "escape" in fix.title
        else "remove it", fix=fix,
    )  # fmt: skip


def _called(found: str) -> str:
    sign = f"U+{ord(found[0]):04X}"
    if len(found) > 1:
        return f"{len(found)} characters that cannot be seen, the first of them {sign}"
    name = unicodedata.name(found, "").lower()
    return f"{sign} ({name})" if name else sign


def _letter(char: str) -> str:
    return f"`{char}` is {unicodedata.name(char, 'another letter').lower()}"


def _escaped(found: str) -> str:
    return "".join(f"\\u{{{ord(char):X}}}" for char in found)


def _short(word: str) -> str:
    return shortened(word, _SHOWN)
