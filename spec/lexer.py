"""Characters to tokens, with what is wrong in them.

In: a `Source` and the grammar's terminals. Out: `Token`s, `Comment`s and diagnostics. The scanner is built from the
terminals in `grammar.lark` and knows, beside them, only the shapes of common slips: an open string, wrong quotes, a
stray character. A broken string still yields a token, marked `broken`, so that parsing goes on. A keyword is scanned
as a NAME; the parser tells them apart, since only it knows which of the two may stand there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from spec.ast import Comment
from spec.diagnostics import Edit, Fix, Report
from spec.limits import DEEPEST, MOST_SIGNS
from spec.tables import Tables

OPENERS = {"LBRACE": "RBRACE", "LSQB": "RSQB", "LPAR": "RPAR"}
CLOSERS = {closer: opener for opener, closer in OPENERS.items()}

# What the grammar's terminals leave over; tried after them, in this order.
_SLIPS = (
    ("OPEN_LONG", r'"""'),
    ("OPEN_STRING", r'"[^\n]*'),
    ("CURLY_STRING", r"[“”„«][^“”„«»\"\n]*[“”»\"]?"),
    ("SINGLE_STRING", r"'(?:[^'\\\n]|\\[^\n]|(?<=\w)'(?=\w))*'"),
    ("OPEN_REGEX", r"/[^\n]*"),
    ("BAD_NUMBER", r"[-+]?\.?\d[\w.%]*"),
    ("BAD", r"=>?|&&?|\|\|?|."),
)
# Where a `"""` string that never ends is cut: before the next line that looks like a statement or closes a block.
_STATEMENT = re.compile(r"\n(?=[ \t]*(?:[^\W\d][\w.+-]*[ \t]*(?::|\{|[^\W\d]\w*[ \t]*(?:\{|at\b))|\}))")
# A string that goes on over lines which look like nothing else, up to one that ends with its quote.
_TEXT = r"[^\"\\\n]*(?:\\[^\n][^\"\\\n]*)*"
_START = r"[^\W\d][\w.+-]*[ \t]*(?:[:={]|[^\W\d]\w*[ \t]*(?:\{|at\b))"
_REST = r"[^\"\n]*(?:\"[^\"\n]*\"[^\"\n]*)*$"
_SPREAD = re.compile(
    rf"\"[ \t]*[^\s\"\]}},]{_TEXT}(?:\n(?![ \t]*(?:{_START}|[\]}}#])){_TEXT}){{1,30}}\""
    rf"(?=[ \t]*(?:$|[\]}},#]|[^\W\d]\w*[ \t]*[:=]){_REST})",
    re.MULTILINE,
)
_PROSE = ("NAME", "DOTTED", "NUMBER", "BAD", "COMMA", "NOT", "IN", "NOT_IN", "LPAR", "RPAR")
"""What the words of a text without quotes are read as."""
_ESCAPE = re.compile(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|\n[ \t]*|(.))", re.DOTALL)
SPLIT = "make several specs of it; lists of examples and chats go into files that `train.data` names"
"""What to do about a spec that is too large."""
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "'": "'", "/": "/"}


class Token(NamedTuple):
    """kind: a terminal of the grammar, BAD or END. first: it starts its line. broken: a diagnostic tells of it."""

    kind: str
    text: str
    start: int
    end: int
    first: bool = False
    broken: bool = False


@dataclass(slots=True)
class Scan:
    """stopped: the file is nested so deeply, or so long, that nothing after this point was read."""

    tokens: list[Token]
    comments: list[Comment]
    stopped: bool = False


@lru_cache(maxsize=4)
def _scanner(terminals: tuple[tuple[str, str], ...]) -> re.Pattern[str]:
    parts: list[str] = []
    for name, pattern in terminals:
        parts.append(f"(?P<{name}>{pattern})")
        if name == "LONG_STRING":  # before STRING, which would read its first two quotes as an empty string
            parts.append(f"(?P<OPEN_LONG>{_SLIPS[0][1]})")
    parts.extend(f"(?P<{name}>{pattern})" for name, pattern in _SLIPS[1:])
    return re.compile("|".join(parts), re.DOTALL)


def too_many_signs() -> str:
    return f"a spec with its imports may hold {MOST_SIGNS:,} words and signs"


def scan(report: Report, tables: Tables) -> Scan:
    """Return the tokens of the report's source, closed by an END token; what is wrong goes into the report."""
    text = report.source.text
    match_at = _scanner(tuple(tables.terminals.items())).match
    tokens: list[Token] = []
    comments: list[Comment] = []
    position, first, depth, negations = 0, True, 0, 0
    while position < len(text):
        match = match_at(text, position)
        assert match is not None  # the last slip matches any character
        kind, end = match.lastgroup or "BAD", match.end()
        piece = text[position:end]
        if kind == "SPACE":
            first = first or "\n" in piece
            position = end
            continue
        if kind == "COMMENT":
            comments.append(Comment(piece.rstrip(), position, position + len(piece.rstrip())))
            position = end
            continue
        if kind in OPENERS:
            depth += 1
        elif kind in CLOSERS:
            depth -= 1
        negations = negations + 1 if kind == "NOT" else 0
        if len(tokens) >= report.room.signs:
            report.add("T0004", too_many_signs(), report.at(position, end), label="one too many", help=SPLIT)
            tokens.append(Token("END", "", position, position, True))
            return Scan(tokens, comments, stopped=True)
        if depth > DEEPEST or negations > DEEPEST:
            report.add(
                "T0005", f"more than {DEEPEST} levels of nesting", report.at(position, end), label="one too deep"
            )
            tokens.append(Token("END", "", position, position, True))
            return Scan(tokens, comments, stopped=True)
        if _is_comment(text, position, kind, tokens):
            end = position + len(piece.rstrip())
            report.add(
                "T0012", "a comment starts with `#`, not `//`", report.at(position, end), label="write `#`",
                fix=Fix("write `#`", (Edit(report.at(position, position + 2), "#"),), "safe"),
            )  # fmt: skip
            position, first = end, False
            continue
        if kind in ("REGEX", "OPEN_REGEX") and tokens and tokens[-1].kind == "REGEX" and tokens[-1].end == position:
            tokens[-1] = _slash_inside(report, tokens[-1], kind, piece)
            position, first = tokens[-1].end, False
            continue
        if kind == "OPEN_STRING" and not piece.strip('", ]}\t') and (words := _without_opening(tokens)):
            token = _unopened(report, words[0], position + 1)
            tokens[-len(words) :] = [token]
            position, first = token.end, False
            continue
        token = Token(kind, piece, position, end, first)
        if kind not in tables.terminals:
            token = _slip(report, token)
            if token.broken:
                report.mute(report.at(token.start, token.end))
        elif kind in ("STRING", "LONG_STRING") and "\\" in piece and not _escapes_are_known(report, token):
            token = token._replace(broken=True)
        tokens.append(token)
        position, first = token.end, False
    tokens.append(Token("END", "", len(text), len(text), True))
    return Scan(tokens, comments)


def _slip(report: Report, token: Token) -> Token:
    """Report what the grammar has no terminal for; return the token that it stands for."""
    kind, text, start, end, first, _ = token
    source = report.source.text
    match kind:
        case "OPEN_LONG":
            cut = _STATEMENT.search(source, end)
            end = cut.start() if cut else len(source.rstrip())
            report.add(
                "T0010", 'this `"""` string is not closed', report.at(start, start + 3), label="opened here",
                help='close it with `"""` on a line of its own',
                fix=Fix('add `"""`', (Edit(report.at(end, end), '\n"""'),)),
            )  # fmt: skip
            return Token("LONG_STRING", f'{source[start:end]}"""', start, max(end, start + 3), first, True)
        case "OPEN_STRING" if spread := _SPREAD.match(source, start):
            end = spread.end()
            quotes = Edit(report.at(start, start + 1), '"""'), Edit(report.at(end - 1, end), '"""')
            report.add(
                "T0010", "a string ends on its line", report.at(start, start + len(text.rstrip())),
                label=f"goes on for {_lines(spread[0])}", help='text of several lines stands between `"""` and `"""`',
                fix=Fix('put `"""` at both ends', quotes),
            )  # fmt: skip
            return Token("LONG_STRING", f'""{spread[0]}""', start, end, first, True)
        case "OPEN_STRING":
            end = start + len(text.rstrip())
            report.add(
                "T0010", "this string is not closed", report.at(start, end), label="no closing quote on this line",
                help='close it with `"`; text of several lines stands between `"""` and `"""`',
                fix=_closed(report, start, source[start:end], '"'),
            )  # fmt: skip
            return Token("STRING", source[start:end] + '"', start, end, first, True)
        case "CURLY_STRING" | "SINGLE_STRING":
            inner = text[1:-1] if text[-1] in "“”»\"'" and len(text) > 1 else text[1:]
            straight = '"' + inner.replace('"', '\\"') + '"'
            report.add(
                "T0013", "strings stand between straight double quotes", report.at(start, end), label="not `\"`",
                help=f"write {straight}" if len(straight) < 50 else 'write `"` at both ends',
                fix=Fix("use straight quotes", (Edit(report.at(start, end), straight),), "safe"),
            )  # fmt: skip
            return Token("STRING", straight, start, end, first, True)
        case "OPEN_REGEX":
            end = start + len(text.rstrip())
            report.add(
                "T0014", "this regular expression is not closed", report.at(start, end),
                label="no closing `/` on this line", help="close it with `/`; a slash inside is written `\\/`",
                fix=_closed(report, start, text.rstrip(), "/"),
            )  # fmt: skip
            return Token("REGEX", "/x/", start, end, first, True)
        case "BAD_NUMBER":
            report.add(
                "T0015", f"`{text}` is not a number", report.at(start, end), label="not a number",
                help=f'text goes in quotes: `"{text}"`',
                fix=Fix("write the digits together", (Edit(report.at(start, end), text.replace("_", "")),), "safe")
                if re.fullmatch(r"\d+(_\d+)+", text) else None,
            )  # fmt: skip
            return Token("NUMBER", "0", start, end, first, True)
        case _:
            return Token("BAD", text, start, end, first)


def _lines(text: str) -> str:
    more = text.count("\n")
    return f"{more} more line{'s' if more > 1 else ''}"


def _is_comment(text: str, at: int, kind: str, tokens: list[Token]) -> bool:
    """Whether a `//` starts a comment, and not a pattern with nothing in it."""
    if kind != "OPEN_REGEX" or not text.startswith("//", at) or text[at + 2 : at + 3] in (*"],", ""):
        return False
    return not tokens or tokens[-1].end < at or tokens[-1].kind not in ("LSQB", "COMMA")


def _without_opening(tokens: list[Token]) -> list[Token]:
    """Return the words on this line that a quote at its end may close; none where another slip is likelier."""
    at = len(tokens)
    while at and tokens[at - 1].kind in _PROSE and not tokens[at - 1].first:
        at -= 1
    if not at:
        return []
    before = tokens[at - 1]
    if before.kind in ("STRING", "REGEX") and at < len(tokens) and tokens[at].kind == "COMMA":
        at += 1
    elif before.kind in _PROSE and at > 1 and tokens[at - 2].kind in ("COMMA", "LSQB"):
        at -= 1  # an item on a line of its own
    elif before.kind not in ("COLON", "LSQB"):
        return []
    return tokens[at:]


def _unopened(report: Report, word: Token, end: int) -> Token:
    report.add(
        "T0010", "this string is not opened", report.at(word.start, end), label="no quote before this",
        help='put `"` where the text starts',
        fix=Fix('add `"`', (Edit(report.at(word.start, word.start), '"'),)),
    )  # fmt: skip
    report.mute(report.at(word.start, end))
    return Token("STRING", '""', word.start, end, word.first, True)


def _slash_inside(report: Report, pattern: Token, kind: str, rest: str) -> Token:
    """Return one pattern for two that stand side by side: the slash between them was meant as a sign."""
    slashes = [pattern.start + pattern.text.rindex("/")]
    if kind == "REGEX":
        slashes.append(pattern.end)
        end = pattern.end + len(rest)
    else:
        end = pattern.end + len(re.sub(r"(/[A-Za-z]*).*", r"\1", rest))
    report.add(
        "T0014", "a slash ends a pattern", report.at(pattern.start, end), label="goes on behind the slash",
        help="a slash inside is written `\\/`",
        fix=Fix("write `\\/`", tuple(Edit(report.at(slash, slash), "\\") for slash in slashes)),
    )  # fmt: skip
    report.mute(report.at(pattern.start, end))
    return Token("REGEX", "/x/", pattern.start, end, pattern.first, True)


def _closed(report: Report, start: int, text: str, sign: str) -> Fix:
    """Offer to close what is open at the end of its line, before the brackets there that it does not open itself."""
    end = len(text)
    while (close := text[end - 1]) in "]}" and text.count(close, 0, end) > text.count("[{"["]}".index(close)], 0, end):
        end = len(text[: end - 1].rstrip(" ,"))
    place = report.at(start + end, start + end)
    return Fix(f"add `{sign}`", (Edit(place, sign),))


def _escapes_are_known(report: Report, token: Token) -> bool:
    known = True
    for match in _ESCAPE.finditer(token.text):
        code = match[1] or match[2]
        if code is not None:
            fine = int(code, 16) <= 0x10FFFF and not 0xD800 <= int(code, 16) <= 0xDFFF
        else:
            fine = match[3] is None or _SIMPLE.get(match[3]) is not None
        if not fine:
            known = False
            if report.full:
                break
            start = token.start + match.start()
            report.add(
                "T0011", f"`{match[0]}` means nothing in a string", report.at(start, start + len(match[0])),
                label="unknown escape", help=f"for a backslash, write two: `\\{match[0]}`",
                fix=Fix("double the backslash", (Edit(report.at(start, start + 1), "\\\\"),), "unsafe"),
            )  # fmt: skip
    return known


OPERATORS = ("and", "or", "not", "in", "true", "false", "at", "as")
"""Words that may mean something else than a name where a value stands."""


def is_name(text: str) -> bool:
    """Whether `text` could stand without quotes as a name."""
    return re.fullmatch(r"[^\W\d]\w*(?:[-+]\w+)*(?:\.[^\W\d]\w*(?:[-+]\w+)*)*", text) is not None


def decode(written: str) -> str:
    """Return what a string token says.

    >>> decode(r'"a\\tb \\u{e9}"')
    'a\\tb é'
    """
    body = _dedent(written[3:-3]) if written.startswith('"""') else written[1:-1]
    return _ESCAPE.sub(_resolve, body) if "\\" in body else body


def _resolve(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    if code is not None:
        number = int(code, 16)
        return chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else "\ufffd"
    if match[3] is None:
        return ""  # a backslash at the end of a line of a `"""` string joins it with the next
    return _SIMPLE.get(match[3]) or match[3]


def _dedent(body: str) -> str:
    """Remove the line end after the opening quotes, the last line where it is blank, and the indentation all share."""
    lines = body.split("\n")
    if len(lines) == 1:
        return body
    rest = [line for line in lines[1:] if line.strip()]
    blank_end = not lines[-1].strip()
    margin = min((len(line) - len(line.lstrip(" \t")) for line in rest), default=0)
    kept = [line[margin:] if line.strip() else "" for line in lines[1:]]
    if blank_end:
        kept = kept[:-1]
    return "\n".join(([lines[0]] if lines[0].strip() else []) + kept)
