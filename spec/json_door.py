"""JSON text to a plain tree, with what is wrong in it.

In: a report whose source is JSON. Out: `Root`, and diagnostics. The standard library reads JSON without telling where
anything stands, and YAML's parsers do not read all JSON (tabs, halves of characters), so the few rules are here. This
file must not know the language.
"""

from __future__ import annotations

import re
from json import JSONDecodeError, JSONDecoder

from spec.diagnostics import Edit, Fix, Note, Report
from spec.lexer import SPLIT
from spec.limits import DEEPEST
from spec.plain import Listing, Mapping, Plain, Root, Scalar, too_many_values

_DECODER = JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.])")
_WORD = re.compile(r"[\w.+-]+")
_COMMENTS = ("//", "/*", "#")
_WORDS = {"true": "flag", "false": "flag", "null": "nothing"}


class _Stopped(Exception):
    """The file has a defect after which nothing of it means anything."""


def read(report: Report) -> Root:
    """Return the tree of the report's source."""
    reader = _Reader(report)
    try:
        tree = reader.value(0)
        if reader.skip() < len(reader.text):
            reader.stop("something stands behind the end", reader.at, "nothing may follow")
    except _Stopped:
        return Root(None)
    return Root(tree, (), reader.values)


class _Reader:
    """Reads from left to right. at: the next character."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.text = report.source.text
        self.at = 0
        self.values = 0

    def skip(self) -> int:
        self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]  # it matches nothing, too
        return self.at

    def stop(self, message: str, start: int, label: str, help: str | None = None, fix: Fix | None = None) -> None:
        """Report a syntax error; nothing behind it is read."""
        end = min(start + 1, len(self.text))
        # The text's own fixes are left out for JSON, and these are of JSON.
        Report.add(self.report, "T0050", message, self.report.at(start, end), label=label, help=help, fix=fix)
        raise _Stopped

    def value(self, depth: int) -> Plain:
        start = self.skip()
        sign = self.text[start : start + 1]
        self._count(start)
        if sign in ("{", "["):
            if depth >= DEEPEST:
                self.report.add("T0005", f"more than {DEEPEST} levels of nesting", self.report.at(start, start + 1),
                                label="one too deep")  # fmt: skip
                raise _Stopped
            self.at += 1
            return self._mapping(start, depth) if sign == "{" else self._list(start, depth)
        if sign == '"':
            return self._string()
        if match := _NUMBER.match(self.text, start):
            self.at = match.end()
            return Scalar("number", match[0], start, self.at, start)
        word = _WORD.match(self.text, start)
        kind = _WORDS.get(word[0]) if word else None
        if word is None or kind is None:
            self._unknown(start, word[0] if word else sign)
        assert word is not None
        self.at = word.end()
        return Scalar("flag" if kind == "flag" else "nothing", word[0], start, self.at, start)

    def _count(self, start: int) -> None:
        self.values += 1
        if 2 * self.values > self.report.room.signs:
            self.report.add("T0004", too_many_values(), self.report.at(start, start + 1), label="one too many",
                            help=SPLIT)  # fmt: skip
            raise _Stopped

    def _unknown(self, start: int, found: str) -> None:
        if not found:
            self.stop("the file ends where a value must follow", start, "a value follows")
        elif self.text.startswith(_COMMENTS, start):
            self.stop("JSON has no comments", start, "a comment", "YAML has them: name the file `.tenet.yaml`")
        elif found == "'":
            self.stop("texts in JSON stand between double quotes", start, 'not `"`')
        elif found in ("]", "}"):
            self.stop(f"`{found}` stands where a value must follow", start, "a value follows")
        else:
            self.stop(f"`{found}` is no value of JSON", start, "no value", f'a text goes in quotes: `"{found}"`')

    def _string(self) -> Scalar:
        start = self.at
        try:
            text, end = _DECODER.raw_decode(self.text, start)
        except JSONDecodeError as error:
            if "Unterminated" in error.msg or self.text[error.pos : error.pos + 1] == "\n":
                self.stop("this text is not closed on its line", start, "opened here",
                          'close it with `"`; a line end inside is `\\n`')  # fmt: skip
            if "escape" in error.msg:
                self.stop("this escape means nothing in JSON", error.pos, "unknown escape",
                          "a backslash itself is `\\\\`")  # fmt: skip
            self.stop("this character cannot stand in a text of JSON", error.pos, "write it as an escape")
        self.at = end
        if half := re.search("[\ud800-\udfff]", text):
            self.report.add("T0002", f"this text holds half a character, U+{ord(half[0]):04X}",
                            self.report.at(start, end), label="here")  # fmt: skip
            text = re.sub("[\ud800-\udfff]", "\ufffd", text)
        return Scalar("text", text, start, end, start + 1, end - start == len(text) + 2)

    def _list(self, start: int, depth: int) -> Listing:
        items: list[Plain] = []
        while self._goes_on("]", start, bool(items)):
            items.append(self.value(depth + 1))
        return Listing(tuple(items), start, self.at)

    def _mapping(self, start: int, depth: int) -> Mapping:
        entries: dict[str, tuple[Scalar, Plain]] = {}
        count = 0
        while self._goes_on("}", start, count > 0):
            count += 1
            if self.text[self.skip() : self.at + 1] != '"':
                self._no_key()
            self._count(self.at)
            key = self._string()
            if self.text[self.skip() : self.at + 1] != ":":
                self.stop("a `:` follows a key", self.at, "no `:`")
            self.at += 1
            value = self.value(depth + 1)
            if not key.text:
                self.report.add("T0053", "a key is a text, and this one is empty", self.report.at(key.start, key.end),
                                label="no text")  # fmt: skip
                continue
            if key.text in entries:
                first = entries[key.text][0]
                self.report.add("T0051", f"the key `{key.text}` stands twice", self.report.at(key.start, key.end),
                                label="again", help="keep one of them; several values are a list",
                                secondary=[Note(self.report.at(first.start, first.end), "first here")])  # fmt: skip
                continue
            entries[key.text] = key, value
        return Mapping(tuple(entries.values()), start, self.at)

    def _no_key(self) -> None:
        if self.text.startswith(_COMMENTS, self.at):
            self._unknown(self.at, self.text[self.at])
        self.stop("a key is a text in double quotes", self.at, "no key")

    def _goes_on(self, closer: str, start: int, comma: bool) -> bool:
        """Whether another item follows; the comma before it, or the closing bracket, is read."""
        sign = self.text[self.skip() : self.at + 1]
        if sign == closer:
            self.at += 1
            return False
        if not sign:
            self.stop(f"this is not closed with `{closer}`", start, "opened here")
        if not comma:
            return True
        if sign != ",":
            last = len(self.text[: self.at].rstrip())
            fix = Fix("add `,`", (Edit(self.report.at(last, last), ","),), "unsafe")
            self.stop("a `,` is missing before this", self.at, "a `,` comes first", fix=fix)
        comma_at = self.at
        self.at += 1
        if self.text[self.skip() : self.at + 1] == closer:
            fix = Fix("remove it", (Edit(self.report.at(comma_at, comma_at + 1), ""),), "safe")
            self.stop("JSON has no comma behind the last item", comma_at, "remove this", fix=fix)
        return True
