"""Repairs of a broken file: what one is, and what to tell of it.

In: the repair that `spec/recovery.py` chose, and the tokens around it. Out: a report with the fix that the repair is.
This file must not know how a repair is found.
"""

from __future__ import annotations

from typing import NamedTuple

from spec.diagnostics import Edit, Fix, Note, Report
from spec.lexer import CLOSERS, OPENERS, Token, is_name
from spec.parser import Node, advance, states
from spec.source import Span
from spec.tables import Tables

MEANT = {
    "≥": (">=",), "≤": ("<=",), "≠": ("!=",),
    "=": (":", "=="), "=>": (":", ">="), "&&": ("and",), "&": ("and",), "||": ("or",), "|": ("or",), "!": ("not",),
}  # fmt: skip
_CONDITION = ("T0211", "these words are no condition", "no condition",
              "for example `user.role == clinician and not user.age_band in [child, teen]`")  # fmt: skip
_RANKING = ("T0212", "names are ranked with `>`", "no ranking", "for example `safety > honesty`")
_NO_TEXT = {
    "when": _CONDITION, "unless": _CONDITION, "priority": _RANKING, "order": _RANKING,
    "target": ("T0111", "a target is `>=` or `<=` and a share", "no target", "for example `target: >= 90%`"),
}  # fmt: skip
"""Fields whose words no quotes would help, and what to tell: code, message, label and help."""


class Repair(NamedTuple):
    """Go back to `stack`, put `insert` in, and read on at token `resume`. kind says what to tell the author."""

    kind: str
    stack: Node
    insert: tuple[Token, ...]
    resume: int
    at: int
    dropped: tuple[int, int] | None = None


class Telling:
    """Reports the repairs of one file, whose lines are mute from then on."""

    def __init__(self, report: Report, tables: Tables, tokens: list[Token]) -> None:
        self.report = report
        self.tables = tables
        self.tokens = tokens

    def tell(self, repair: Repair, stack: Node, i: int) -> None:
        token, at = self.tokens[i], repair.at
        before = self.tokens[at - 1] if at else None
        if repair.kind == "close" and before is not None and before.broken:
            return  # an open string swallowed the bracket
        place = self.report.at(token.start, token.end)
        match repair.kind:
            case "colon":
                assert before is not None
                insert = repair.insert[0].start if repair.at == i else before.end
                fix = Fix("add `:`", (Edit(self.report.at(insert, insert), ":"),), "safe")
                self.add("T0020", f"`:` is missing after `{_short(before.text)}`", self.at(before),
                          "a `:` follows the name of a field", None, fix)  # fmt: skip
            case "comma":
                assert before is not None
                if before.start == before.end:
                    return  # a bracket that was put in, of which there is a report
                fix = Fix("add `,`", (Edit(self.report.at(before.end, before.end), ","),), "safe")
                self.add("T0020", "`,` is missing between two items of a list", self.at(before),
                          "a `,` follows this", None, fix)  # fmt: skip
            case "close":
                self._tell_close(repair, stack, i)
            case "value":
                self._tell_value(repair, before, at)
            case "instead":
                meant = repair.insert[0].text
                fix = Fix(f"replace it with `{meant}`", (self._instead(i, meant),), "safe")
                what = {":": "a field has `:` after its name", "==": "a comparison is written `==`"}
                message = what.get(meant, f"`{meant}` is what is written here")
                self.add("T0020", f"{message}, not `{token.text}`", place, f"write `{meant}`", None, fix)
            case "quoted":
                quoted = self.tokens[at]
                bare = repair.insert[0].text
                fix = Fix("remove the quotes", (Edit(self.at(quoted), bare),), "safe" if is_name(bare) else "unsafe")
                self.add("T0024", "names are written without quotes", self.at(quoted), "a name", None, fix)
            case "path":
                self._tell_path(self.at(self.tokens[at]), self.tokens[at].text)
            case "other":
                wanted = repair.insert[0].kind
                words = {"NUMBER": "a number", "NAME": "a name", "STRING": "text in quotes"}[wanted]
                self.add("T0024", f"{words} is needed here, not `{_short(token.text)}`", place, f"not {words}",
                          "for example `target: >= 90%`" if wanted == "NUMBER" else None)  # fmt: skip
            case "early":
                early = self.tokens[at]
                does = "ends this list before its last item" if early.kind == "RSQB" else "starts a list inside a list"
                stretch = self.report.at(early.start, self.tokens[repair.resume - 1].end)
                self.add("T0022", f"this `{early.text}` {does}", self.at(early), "too early", "remove it",
                          Fix("remove it", (Edit(stretch, ""),)))  # fmt: skip
            case "drop" if token.kind in CLOSERS:
                self.add("T0022", f"this `{token.text}` closes nothing", place, "no partner", "remove it",
                          Fix("remove it", (Edit(place, ""),)))  # fmt: skip
            case _:
                self._tell_unexpected(stack, at)

    def _instead(self, i: int, meant: str) -> Edit:
        """Put what was meant where token `i` stands: a `:` right behind the name, an operator between spaces."""
        token, after = self.tokens[i], self.tokens[i + 1]
        start, text = token.start, self.report.source.text
        if meant == ":":
            return Edit(self.report.at(start if token.first or not i else self.tokens[i - 1].end, token.end), ":")
        left = "" if text[start - 1 : start].isspace() else " "
        right = "" if after.start > token.end else " "
        return Edit(self.report.at(start, token.end), f"{left}{meant}{right}")

    def _tell_close(self, repair: Repair, stack: Node, i: int) -> None:
        opener = CLOSERS[repair.insert[0].kind]
        start = opened(self.tokens, stack, opener)
        assert start is not None, repair
        sign = repair.insert[0].text
        end = self.tokens[i - 1].end
        what = "list" if opener == "LSQB" else "condition"
        notes = []
        if self.tokens[i].kind != "END":
            notes = [Note(self.at(self.tokens[i]), f"the {what} ends before this")]
        self.add("T0021", f"this {what} is not closed", self.at(self.tokens[start]), f"no `{sign}` matches this",
                  f"put `{sign}` where it ends", Fix(f"add `{sign}`", (Edit(self.report.at(end, end), sign),)),
                  notes)  # fmt: skip

    def _tell_value(self, repair: Repair, before: Token | None, at: int) -> None:
        if before is None:
            self._tell_unexpected(repair.stack, at)
        elif before.kind == "COLON" and at >= 2:
            name = self.tokens[at - 2]
            field = self.report.whole(name.start, before.end)
            self.add("T0023", f"`{name.text}` has no value", self.report.at(name.start, before.end),
                      "a value follows", "give it a value, or remove the field",
                      Fix("remove the field", (Edit(field, ""),)))  # fmt: skip
        elif before.text == "at":
            self.add("T0023", "no level follows `at`", self.at(before), "a level follows",
                      "one of root, system, developer, user, guideline",
                      Fix("remove `at`", (Edit(self.report.whole(before.start, before.end), ""),)))  # fmt: skip
        else:
            self.add("T0023", f"something is missing after `{_short(before.text)}`", self.at(before),
                      "a value follows", None)  # fmt: skip

    def _tell_unexpected(self, stack: Node, at: int) -> None:
        while at and self.tokens[at].start == self.tokens[at].end and self.tokens[at].kind != "END":
            at -= 1  # put in between two lines: the slip is on the first
        token = self.tokens[at]
        what = "the end of the file" if token.kind == "END" else f"`{_short(token.text)}`"
        before = self.tokens[at - 1] if at else None
        span = self.at(token) if token.kind != "END" or before is None else self.at(before)
        prose = self._prose(at)
        if prose is not None and (told := _NO_TEXT.get(self._field_of(at))) is not None:
            code, message, label, help = told
            self.add(code, message, prose, label, help)
            return
        if prose is not None:
            text = self.report.source.text[prose.start : prose.end].replace("\\", "\\\\").replace('"', '\\"')
            self.add("T0024", "text stands in quotes", prose, "text without quotes", "put `\"` at both ends",
                      Fix("put it in quotes", (Edit(prose, f'"{text}"'),)))  # fmt: skip
            return
        if self._first_of_line(at).text == "import":
            self._tell_path(span)
            return
        self.add("T0024", f"{what} cannot stand here", span, "unexpected", _could_stand(self.tables, stack))

    def _tell_path(self, span: Span, path: str = "") -> None:
        fix = Fix("put it in quotes", (Edit(span, f'"{path}"'),), "safe") if path else None
        self.add("T0024", "an import names a file in quotes", span, "a path without quotes",
                  'for example `import "house-style.tenet"`', fix)  # fmt: skip

    def _first_of_line(self, at: int) -> Token:
        while at and not self.tokens[at].first:
            at -= 1
        return self.tokens[at]

    def _field_of(self, at: int) -> str:
        """The name of the field on whose line token `at` stands."""
        while self.tokens[at].kind != "COLON":
            at -= 1
        return self.tokens[at - 1].text

    def _prose(self, at: int) -> Span | None:
        """Return the place of a value that is several words without quotes, where `at` is one of them."""
        start = at
        while start and not self.tokens[start].first:
            start -= 1
            if self.tokens[start].kind == "COLON":
                break
        else:
            return None
        words = self.tokens[start + 1 : at + 1]
        if not words or any(token.kind not in ("NAME", "DOTTED", "BAD", "NUMBER", "COMMA", "NOT") for token in words):
            return None
        end = at
        while not self.tokens[end + 1].first:
            end += 1
            if self.tokens[end].kind in ("COLON", "LBRACE", "RBRACE"):
                return None
        if self.tokens[start + 1].kind not in ("NAME", "DOTTED"):
            return None
        if any(token.text in MEANT for token in self.tokens[start + 1 : end + 1]):
            return None  # a condition, more likely
        return self.report.at(self.tokens[start + 1].start, self.tokens[end].end)

    def add(
        self, code: str, message: str, span: Span, label: str, help: str | None, fix: Fix | None = None,
        notes: list[Note] | None = None,
    ) -> None:  # fmt: skip
        self.report.add(code, message, span, label=label, help=help, fix=fix, secondary=notes or ())
        self.report.mute(span)

    def at(self, token: Token) -> Span:
        return self.report.at(token.start, token.end)


def opened(tokens: list[Token], stack: Node, opener: str) -> int | None:
    """The token that opened the innermost list or condition that is not closed."""
    node: Node | None = stack
    closed = 0  # what ends right before here stands on the stack sign by sign
    while node is not None:
        token = tokens[node.index]
        if (token.start, token.end) == (node.start, node.end):
            if token.kind == opener and not closed:
                return node.index
            closed += (token.kind == OPENERS[opener]) - (token.kind == opener)
        node = node.below
    return None


def _short(text: str) -> str:
    first = text.split("\n", 1)[0]
    return first if len(first) <= 24 and first == text else first[:23] + "…"


def sign(text: str) -> str:
    return text if text.isprintable() else f"U+{ord(text[0]):04X}"


def _could_stand(tables: Tables, stack: Node) -> str:
    """Say in words what may follow."""
    ahead = states(stack)

    def fits(*kinds: str) -> bool:
        now: tuple[int, ...] | None = ahead
        for kind in kinds:
            now = advance(tables, now, kind) if now is not None else None
        return now is not None

    if fits("COMMA", "STRING", "RSQB") or fits("RSQB"):
        return "a list goes on with `,` or ends with `]`"
    if fits("RPAR"):
        return "the condition goes on, or ends with `)`"
    if fits("NAME", "COLON"):
        if fits("RBRACE"):
            return "a field such as `name: value`, or `}`, may stand here"
        return "a statement such as `trait name { ... }` may stand here"
    if fits("COLON"):
        return "a field's name is followed by `:` and its value, a block's by `{`"
    if fits("LBRACE") and not fits("STRING"):
        return "a block's name is followed by `{`"
    if fits("STRING"):
        return "a value may stand here: text in quotes, a number, a name, a list"
    return "see spec/README.md for how statements are written"
