"""Braces that do not match, mended before parsing, where layout still tells what was meant.

In: the tokens of a file. Out: tokens whose braces match, and a report for each that did not. A parser notices a
missing `}` at the end of the file, far from the mistake; indentation and the words that only start a statement tell
where it belongs. A file whose braces match is left alone, however it is indented. A section holds statements: its own
braces are matched by indentation first, then what stands between them is mended like a file.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from typing import NamedTuple

from spec.diagnostics import Edit, Fix, Note, Report
from spec.lexer import CLOSERS, OPENERS, Token

UNFINISHED = ("COMPARE", "COLON", "COMMA", "IN", "NOT_IN", "NOT")
UNFINISHED_WORDS = ("and", "or")
"""The tokens after which a value goes on, even on the next line."""


class Landmarks(NamedTuple):
    """statements: the words that start a statement and nothing else. containers: those of them that hold statements.

    fields: returns the words that a `:` may follow; asked for broken files only.
    """

    statements: Container[str] = ()
    containers: Container[str] = ()
    fields: Callable[[], Container[str]] = tuple


def balance(report: Report, tokens: list[Token], landmarks: Landmarks) -> list[Token]:
    """Return `tokens` with matching braces."""
    result: list[Token] = []
    start = i = 0
    margins = _margins(report, tokens)
    while i < len(tokens):
        opened = _opens(tokens, i, landmarks.containers)
        if opened is None or not _outside(report, tokens[i], margins[i]):
            i += 1
            continue
        result.extend(_flat(report, tokens[start:i], landmarks.statements))
        _part(result)
        closed, after = _closes(report, tokens, i, opened)
        result.extend(tokens[i : opened + 1])
        result.extend(balance(report, tokens[opened + 1 : closed], landmarks))
        if after == closed:
            _Mender(report).not_closed(
                tokens[opened], tokens[i], tokens[closed] if closed < len(tokens) else None, tokens[closed - 1].end
            )
            result.append(Token("RBRACE", "}", tokens[closed - 1].end, tokens[closed - 1].end))
        else:
            result.append(tokens[closed])
        start = i = after
    result.extend(_flat(report, tokens[start:], landmarks.statements))
    return result


def _opens(tokens: list[Token], i: int, containers: Container[str]) -> int | None:
    """Return the `{` of the section that starts at token `i`; None where none does."""
    if not tokens[i].text or tokens[i].text not in containers or not _is_statement_start(tokens, i):
        return None
    for at in range(i + 1, min(i + 5, len(tokens))):
        if tokens[at].kind == "LBRACE":
            return at
        if tokens[at].kind not in ("NAME", "DOTTED"):
            return None
    return None


def _is_statement_start(tokens: list[Token], i: int) -> bool:
    return i == 0 or tokens[i].first or tokens[i - 1].kind in ("LBRACE", "RBRACE", "SEMICOLON")


def _closes(report: Report, tokens: list[Token], head: int, opened: int) -> tuple[int, int]:
    """Return the `}` of a section and the token after it; where it has none, the token before which it must end, twice.

    A `}` on a line of its own as far in as the section's head closes it; in a section on one line, the one that
    matches.
    """
    depth = 0
    column = column_of(report, tokens[head])
    by_layout = tokens[head].first and opened + 1 < len(tokens) and tokens[opened + 1].first
    for i in range(opened, len(tokens)):
        token = tokens[i]
        if token.kind == "END":
            return i, i
        depth += (token.kind == "LBRACE") - (token.kind == "RBRACE")
        if by_layout and i > opened and token.first:
            if token.kind == "RBRACE" and column_of(report, token) == column:
                return i, i + 1
            if column_of(report, token) <= column and (token.kind == "RBRACE" or _is_head(tokens, i)):
                break
        elif not by_layout and depth == 0:
            return i, i + 1
    # Laid out in no way that tells: the braces must.
    depth = 0
    for i in range(opened, len(tokens)):
        depth += (tokens[i].kind == "LBRACE") - (tokens[i].kind == "RBRACE")
        if depth == 0:
            return i, i + 1
    return _end_by_layout(report, tokens, opened, column)


def _end_by_layout(report: Report, tokens: list[Token], opened: int, column: int) -> tuple[int, int]:
    for i in range(opened + 1, len(tokens)):
        token = tokens[i]
        if token.kind == "END" or (token.first and column_of(report, token) <= column and _is_head(tokens, i)):
            return i, i
    return len(tokens), len(tokens)


def _flat(report: Report, tokens: list[Token], landmarks: Container[str]) -> list[Token]:
    """Return tokens without sections with matching braces."""
    result: list[Token] = []
    mender = _Mender(report)
    if not tokens:
        return result
    margins = _margins(report, tokens)
    for region in _split(tokens, lambda i: tokens[i].text in landmarks and _outside(report, tokens[i], margins[i])):
        _part(result)
        if _balanced(region):
            result.extend(region)
            continue
        # A statement may have a misspelled first word: then its indentation must tell that it is one.
        inner = _margins(report, region)

        def is_head(i: int, region: list[Token] = region, margins: list[int] = inner) -> bool:
            return _has_name(region, i) and column_of(report, region[i]) <= margins[i]

        for part in _split(region, is_head):
            result.extend(part if _balanced(part) else mender.mend(part, landmarks))
    return result


def _part(tokens: list[Token]) -> None:
    """End an unfinished value: else the next statement's first word would pass for what is missing in it."""
    if tokens and (tokens[-1].kind in UNFINISHED or tokens[-1].text in UNFINISHED_WORDS):
        tokens.append(Token("SEMICOLON", ";", tokens[-1].end, tokens[-1].end))


def _split(tokens: list[Token], starts: Callable[[int], bool]) -> Iterator[list[Token]]:
    """Split the tokens before each header on a line of its own for which `starts` holds; END stays by itself."""
    start = 0
    end = len(tokens) - (tokens[-1].kind == "END")
    for i in range(1, end):
        if tokens[i].first and _is_head(tokens, i) and starts(i):
            yield tokens[start:i]
            start = i
    yield tokens[start:end]
    yield tokens[end:]


def _balanced(region: list[Token]) -> bool:
    depth = 0
    for token in region:
        if token.kind == "LBRACE":
            depth += 1
        elif token.kind == "RBRACE":
            depth -= 1
            if depth < 0:
                return False
    return depth == 0


def _margins(report: Report, region: list[Token]) -> list[int]:
    """For each token, the indentation of the outermost block or list that is open there; -1 outside of any."""
    found: list[int] = []
    depth, margin = 0, -1
    for token in region:
        found.append(margin)
        if token.kind in OPENERS:
            if depth == 0:
                margin = margin_of(report, token)
            depth += 1
        elif token.kind in CLOSERS:
            depth = max(0, depth - 1)
            margin = margin if depth else -1
    return found


def _outside(report: Report, token: Token, margin: int) -> bool:
    """Whether a statement's word starts one: no block is open there, or the layout says that it ended before."""
    return margin < 0 or (token.first and column_of(report, token) <= margin)


def _is_head(tokens: list[Token], i: int) -> bool:
    if tokens[i].kind != "NAME" or i + 1 >= len(tokens):
        return False
    after = tokens[i + 1].kind
    if after in ("NAME", "DOTTED"):
        return True
    return after in ("LBRACE", "STRING") or (after == "COLON" and tokens[i].text == "priority")


def _has_name(tokens: list[Token], i: int) -> bool:
    if i + 2 >= len(tokens) or tokens[i + 1].kind not in ("NAME", "DOTTED"):
        return False
    return tokens[i + 2].kind == "LBRACE" or tokens[i + 2].text == "at"


def column_of(report: Report, token: Token) -> int:
    return report.at(token.start, token.start).column - 1


def margin_of(report: Report, token: Token) -> int:
    """The indentation of the line on which `token` stands, or of the one where a text began that ends on that line."""
    text = report.source.text
    at = token.start
    while True:
        start = text.rfind("\n", 0, at) + 1
        line = text[start:at]
        if not line.lstrip().startswith('"""') or (began := text.rfind('"""', 0, start)) < 0:
            return len(line) - len(line.lstrip())
        at = began


class _Mender:
    """Puts braces in and takes them out, and reports each."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def mend(self, region: list[Token], landmarks: Container[str]) -> list[Token]:
        depth = low = 0
        for token in region:
            depth += (token.kind == "LBRACE") - (token.kind == "RBRACE")
            low = min(low, depth)
        if low < 0:
            region = self.drop(region, -low, landmarks)
            depth -= low
        return self.close(region, depth) if depth > 0 else region

    def close(self, region: list[Token], missing: int) -> list[Token]:
        """Put `missing` closing braces where the indentation says that the blocks end."""
        result: list[Token] = []
        open_: list[tuple[Token, Token]] = []  # each with the token that starts its statement
        head = region[0]
        for token in region:
            while missing and open_ and token.first and self._outdented(token, open_[-1][0]):
                result.append(self._closer(result[-1].end))
                opener, head_of = open_.pop()
                self.not_closed(opener, head_of, token, result[-2].end)
                missing -= 1
            if token.first or (result and result[-1].kind in ("LBRACE", "RBRACE", "SEMICOLON", "COMMA")):
                head = token
            result.append(token)
            if token.kind == "LBRACE":
                open_.append((token, head))
            elif token.kind == "RBRACE" and open_:
                open_.pop()
            if token.broken and missing and open_:
                # An open string swallowed the brace at the end of its line; it has been reported.
                swallowed = min(len(token.text) - len(token.text.rstrip('} "')), missing, len(open_))
                for _ in range(token.text[-1 - swallowed :].count("}") if swallowed else 0):
                    if missing and open_:
                        open_.pop()
                        missing -= 1
                        result.append(self._closer(token.end))
        for _ in range(missing):
            result.append(self._closer(result[-1].end))
            if open_:
                self.not_closed(*open_.pop(), None, result[-2].end)
        return result

    def _outdented(self, token: Token, opener: Token) -> bool:
        column, margin = column_of(self.report, token), margin_of(self.report, opener)
        return column < margin if token.kind == "RBRACE" else column <= margin

    @staticmethod
    def _closer(at: int) -> Token:
        return Token("RBRACE", "}", at, at)

    def not_closed(self, opener: Token, head: Token, before: Token | None, end: int) -> None:
        """Report the block of `opener`, whose statement starts with `head`, and which seems to end at `before`.

        end: where what is in the block ends.
        """
        before = None if before is not None and before.kind == "END" else before
        start = head.start if head.start < opener.start else opener.start
        notes = [Note(self.report.at(before.start, before.end), "it seems to end before this")] if before else []
        one_line = "\n" not in self.report.source.text[opener.start : end]
        closer = " }" if one_line else f"\n{' ' * margin_of(self.report, head)}}}"
        self.report.add(
            "T0021", "this block is not closed", self.report.at(start, opener.end), label="no `}` matches this",
            help="put a `}` where the block ends", secondary=notes,
            fix=Fix("add `}`", (Edit(self.report.at(end, end), closer),)),
        )  # fmt: skip

    def drop(self, region: list[Token], surplus: int, landmarks: Container[str]) -> list[Token]:
        """Open the block whose brace is missing, or drop the closing braces that have no partner."""
        result = list(region)
        for i in range(len(region) - 1, -1, -1):
            if surplus and (end := self._headless(region, i, landmarks)) is not None:
                result.insert(end, Token("LBRACE", "{", region[end - 1].end, region[end - 1].end))
                self._not_opened(region[i], region[end - 1])
                surplus -= 1
        if not surplus:
            return result
        ends: list[int] = []
        depth = 0
        for i, token in enumerate(result):
            if token.kind == "LBRACE":
                depth += 1
            elif token.kind == "RBRACE":
                depth = max(0, depth - 1)
                if depth == 0:
                    ends.append(i)
        margin = column_of(self.report, result[0])
        real = next(
            (i for i in reversed(ends) if result[i].first and column_of(self.report, result[i]) == margin), ends[-1]
        )
        if all(token.kind == "RBRACE" for token in result[ends[0] :]):
            extra = ends[-surplus:]  # nothing stands between them: the block ended with the first
        else:
            opened = any(token.kind == "LBRACE" for token in result)
            extra = [i for i in ends if i != real or not opened][:surplus]
        for i in extra:
            token = result[i]
            self.report.add(
                "T0022", "this `}` closes nothing", self.report.at(token.start, token.end), label="no `{` matches this",
                help="remove it, or open the block that it should close",
                fix=Fix("remove it", (Edit(self.report.at(token.start, token.end), ""),)),
            )  # fmt: skip
        dropped = set(extra)
        return [token for i, token in enumerate(result) if i not in dropped]

    @staticmethod
    def _headless(region: list[Token], i: int, landmarks: Container[str]) -> int | None:
        """Return where the `{` of the header that starts at `i` is missing; None where none is."""
        token = region[i]
        if token.kind != "NAME" or (i and region[i - 1].kind in ("COLON", "COMPARE", "COMMA", "LSQB", "NAME")):
            return None
        kinds = [t.kind for t in region[i : i + 6]] + ["END"] * 6
        if i == 0 and token.text in landmarks and token.text not in ("priority", "import", "tenet"):
            end = 2 if kinds[1] in ("NAME", "DOTTED") and kinds[2] != "COLON" else 1
            if len(region) > end + 1 and region[i + end].text == "at":
                end += 2
            return i + end if kinds[end] not in ("LBRACE", "COLON", "END") else None
        if i and token.first and kinds[1] in ("NAME", "NOT") and kinds[2] == "COLON":
            return i + 1
        return None

    def _not_opened(self, head: Token, last: Token) -> None:
        at = self.report.at(last.end, last.end)
        self.report.add(
            "T0025", f"`{{` is missing after `{last.text}`", self.report.at(head.start, last.end),
            label="a `{` follows this", fix=Fix("add `{`", (Edit(at, " {"),), "safe"),
        )  # fmt: skip
