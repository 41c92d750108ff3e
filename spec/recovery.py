"""Parsing on after a syntax error, so that each mistake is reported once, and the next one too.

In: tokens of which `spec/parser.py` could not make a tree. Out: the items that could be read, a report for each
mistake, and the stretches that were skipped. At each error the repairs that people's slips call for are tried on the
parse states alone (a missing `:`, a stray sign, a list not closed); the one after which most of what follows parses
is taken, and is the fix that the report offers. Where none helps, the rest of the statement is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from spec.balance import Landmarks
from spec.diagnostics import Edit, Fix, Note, Report
from spec.lexer import CLOSERS, OPENERS, Token, is_name
from spec.parser import Node, advance, states, step
from spec.parting import part_fields
from spec.slips import mend_slips
from spec.source import Span
from spec.tables import END, Tables

AHEAD = 8
"""How many tokens a repair is judged by, and how many must parse at least."""
NEEDED = 3
MOST = 100
"""After so many syntax errors a file is not text in this language, and reading it ends."""

_SIGNS = {"LBRACE": "{", "RBRACE": "}", "LSQB": "[", "RSQB": "]", "LPAR": "(", "RPAR": ")", "COLON": ":", "COMMA": ","}
_MEANT = {
    "≥": (">=",), "≤": ("<=",), "≠": ("!=",),
    "=": (":", "=="), "=>": (":", ">="), "&&": ("and",), "&": ("and",), "||": ("or",), "|": ("or",), "!": ("not",),
}  # fmt: skip
_KINDS = {":": "COLON", **dict.fromkeys(("==", "!=", ">=", "<="), "COMPARE"), "not": "NOT"}
_CONDITION = ("T0211", "these words are no condition", "no condition",
              "for example `user.role == clinician and not user.age_band in [child, teen]`")  # fmt: skip
_RANKING = ("T0212", "names are ranked with `>`", "no ranking", "for example `safety > honesty`")
_NO_TEXT = {
    "when": _CONDITION, "unless": _CONDITION, "priority": _RANKING, "order": _RANKING,
    "target": ("T0111", "a target is `>=` or `<=` and a share", "no target", "for example `target: >= 90%`"),
}  # fmt: skip
"""Fields whose words no quotes would help, and what to tell: code, message, label and help."""
_VALUES = ("STRING", "LONG_STRING", "NUMBER", "NAME", "DOTTED", "REGEX")


class Repair(NamedTuple):
    """Go back to `stack`, put `insert` in, and read on at token `resume`. kind says what to tell the author."""

    kind: str
    stack: Node
    insert: tuple[Token, ...]
    resume: int
    at: int
    dropped: tuple[int, int] | None = None


def recover(
    report: Report, tables: Tables, tokens: list[Token], landmarks: Landmarks, broken: list[tuple[int, int]]
) -> list[Any]:
    """Return the items of a file with syntax errors; stretches that were skipped go into `broken`."""
    mended = mend_slips(report, tokens, landmarks, broken)
    return _Recovery(report, tables, part_fields(report, mended, landmarks.statements), landmarks, broken).run()


class _Recovery:
    def __init__(
        self, report: Report, tables: Tables, tokens: list[Token], landmarks: Landmarks, broken: list[tuple[int, int]]
    ) -> None:
        self.report = report
        self.tables = tables
        self.tokens = tokens
        self.statements = landmarks.statements
        self.fields = landmarks.fields()
        self.broken = broken
        self.count = 0
        self.bodies = {
            state
            for state, row in enumerate(tables.actions)
            if row.get("NAME", -1) >= 0 and ("RBRACE" in row or END in row)
        }

    def run(self) -> list[Any]:
        start = Node(self.tables.start, None, 0, 0, 0, None)
        history = [start]  # the stack before each token
        stack, i = start, 0
        while True:
            token = self.tokens[i]
            stepped = step(self.tables, stack, token, i)
            if stepped is not None:
                if token.kind == "END":
                    items: list[Any] = stepped.value
                    return items
                stack, i = stepped, i + 1
                history[i:] = [stack]
                continue
            self.count += 1
            if self.count > MOST:
                self.broken.append((token.start, len(self.report.source.text)))
                resume = len(self.tokens) - 1
                stack, i = self._outermost(stack), resume
                history.extend([stack] * (resume + 1 - len(history)))
                continue
            repair = self._character(stack, i) if token.kind == "BAD" else self._best(stack, i, history)
            if repair is None:
                self._drop_character(i)
                continue
            self._tell(repair, stack, i)
            if repair.dropped:
                self.broken.append(repair.dropped)
            stack = repair.stack
            for token in repair.insert:
                inserted = step(self.tables, stack, token, repair.at)
                assert inserted is not None, repair
                stack = inserted
            if repair.resume > i:
                history.extend([stack] * (repair.resume + 1 - len(history)))
            i = repair.resume
            history[i:] = [stack]

    def _outermost(self, stack: Node) -> Node:
        """Leave all open blocks: the stack between two statements at the top, which the end of the file may follow."""
        node: Node | None = stack
        top = stack
        while node is not None:
            if node.state in self.bodies and advance(self.tables, states(node), END) is not None:
                top = node
                break
            node = node.below
        return top

    # ---- which repair

    def _character(self, stack: Node, i: int) -> Repair | None:
        """Return the sign that was meant by one that no rule reads; None where it can only be dropped.

        Nothing that is put in before such a sign makes it readable, so no other repair is tried: it would be judged
        by what stands after the sign, and the next error would be the same sign again.
        """
        token, after = self.tokens[i], self.tokens[i + 1]
        dropped = self._reach(Repair("drop", stack, (), i + 1, i), i)
        # At the end of a line the sign has nothing to join.
        best, longest = None, dropped if after.first else max(dropped - 1, 0)
        for meant in _MEANT.get(token.text, ()):
            kind = self._kind(meant)
            if advance(self.tables, states(stack), kind) is None:
                continue
            # A keyword is scanned as a name, and read as a keyword where one may stand.
            written = Token("NAME" if kind in self.tables.keywords.values() else kind, meant, token.start, token.end)
            repair = Repair("instead", stack, (written,), i + 1, i)
            reach = self._reach(repair, i)
            if reach > longest:
                best, longest = repair, reach
        return best

    def _kind(self, meant: str) -> str:
        return _KINDS.get(meant) or self.tables.keywords[meant]

    def _drop_character(self, i: int) -> None:
        """Report token `i` and read on as if it were not there."""
        token = self.tokens.pop(i)
        self.broken.append((token.start, token.end))
        if token.first:
            after = self.tokens[i]
            self.tokens[i] = after._replace(first=True)
        place = self._at(token)
        # What nobody sees was never meant.
        fix = Fix("remove it", (Edit(place, ""),), "unsafe" if token.text.isprintable() else "safe")
        self._add("T0012", f"`{_sign(token.text)}` means nothing here", place, "stray character",
                  "remove it; text goes in quotes", fix)  # fmt: skip

    def _best(self, stack: Node, i: int, history: list[Node]) -> Repair:
        best: Repair | None = None
        longest = 0
        for repair in self._repairs(stack, i, history):
            reach = self._reach(repair, i)
            # Less is enough where its own line is read to the end: the next has a mistake of its own.
            fewer = NEEDED - 1 if any(token.first for token in self.tokens[repair.resume : i + reach]) else NEEDED
            enough = reach >= fewer
            if enough and reach > longest:
                best, longest = repair, reach
        return best or self._skip(stack, i)

    def _reach(self, repair: Repair, i: int) -> int:
        """How many tokens from `i` on parse after the repair; all of them count as `AHEAD`."""
        ahead = states(repair.stack)
        for token in repair.insert:
            stepped = self._advance(ahead, token)
            if stepped is None:
                return 0
            ahead = stepped
        origin = max(i, repair.resume)
        for j in range(repair.resume, min(origin + AHEAD, len(self.tokens))):
            stepped = self._advance(ahead, self.tokens[j])
            if stepped is None:
                return j - origin
            ahead = stepped
        return AHEAD

    def _advance(self, ahead: tuple[int, ...], token: Token) -> tuple[int, ...] | None:
        if token.kind == "END":
            return advance(self.tables, ahead, END)
        if token.kind == "BAD":
            # A mistake of its own, reported when its turn comes: it does not speak against this repair.
            for meant in _MEANT.get(token.text, ()):
                if (stepped := advance(self.tables, ahead, self._kind(meant))) is not None:
                    return stepped
            return ahead
        keyword = self.tables.keywords.get(token.text) if token.kind == "NAME" else None
        if keyword is not None and (stepped := advance(self.tables, ahead, keyword)) is not None:
            return stepped
        stepped = advance(self.tables, ahead, token.kind)
        if stepped is None and token.kind in ("IN", "NOT"):
            return advance(self.tables, ahead, "NAME")
        return stepped

    def _repairs(self, stack: Node, i: int, history: list[Node]) -> Iterator[Repair]:
        """Yield what may have been meant, the likeliest first: of two that reach as far, the first is taken."""
        token = self.tokens[i]
        before = self.tokens[i - 1] if i else None
        here = token.start
        if self._names_a_field(i - 1):
            assert before is not None
            yield Repair("colon", stack, (Token("COLON", ":", before.end, before.end),), i, i)
        yield from self._early(stack, i, history)
        for closer in ("RSQB", "RPAR"):
            at = before.end if before else here
            yield Repair("close", stack, (Token(closer, _SIGNS[closer], at, at),), i, i)
        if token.kind != "COMMA" and self._in_list(stack):
            yield Repair("comma", stack, (Token("COMMA", ",", here, here),), i, i)
        parts_lines = token.kind == "SEMICOLON" and token.start == token.end  # put in, and right
        # Braces match, thanks to `balance`.
        if token.kind in ("COMMA", "SEMICOLON", "RSQB", "RPAR") and not parts_lines:
            yield Repair("drop", stack, (), i + 1, i, (here, token.end))
        for kind in self._kinds_after(before):
            yield Repair("value", stack, (self._absent(kind, i),), i, i)
        if before is not None:
            end = Token("RPAR", ")", before.end, before.end)
            yield Repair("value", stack, (self._absent("STRING", i), end), i, i)
            earlier = history[i - 1]
            if before.kind == "STRING" and token.kind in ("LBRACE", "NAME"):
                name = before._replace(kind="NAME", text=before.text[1:-1] or "_")
                yield Repair("quoted", earlier, (name,), i, i - 1)
            if i >= 2 and self.tokens[i - 2].text == "import":
                path = before._replace(kind="STRING", text=f'"{before.text}"')
                yield Repair("path", earlier, (path,), i, i - 1)
            if self._names_a_field(i - 2):
                yield Repair("colon", earlier, (Token("COLON", ":", before.start, before.start),), i - 1, i - 1)
            for kind in self._kinds_after(self.tokens[i - 2] if i >= 2 else None):
                yield Repair("value", earlier, (self._absent(kind, i - 1),), i - 1, i - 1)
        for kind in ("NUMBER", "NAME", "STRING"):
            if token.kind in _VALUES and kind != token.kind:
                absent = Token(kind, _filler(kind), here, token.end, broken=True)
                yield Repair("other", stack, (absent,), i + 1, i, (here, token.end))
        yield from self._earlier_line(stack, i)
        if token.kind not in ("LBRACE", "RBRACE", "END", "NAME") and not parts_lines:
            yield Repair("drop", stack, (), i + 1, i, (here, token.end))

    def _names_a_field(self, at: int) -> bool:
        """Whether token `at` may be a field's name without its `:`; a word that starts a block never is."""
        if at < 0:
            return False
        token = self.tokens[at]
        if token.text in self.statements and token.text not in self.fields:
            return False
        # Behind a name that is a value, only a word that is a field for certain starts one: the rest is text.
        after_name = at >= 2 and not token.first and self.tokens[at - 1].kind in ("NAME", "DOTTED")
        return not after_name or token.text in self.fields

    def _early(self, stack: Node, i: int, history: list[Node]) -> Iterator[Repair]:
        """Drop a `]` before the last item of its list, or a `[` inside one: no field takes a list of lists."""
        tokens = self.tokens
        end = i - 1
        if end >= 1 and tokens[end].kind == "COMMA":
            end -= 1
        after = i
        while tokens[after].kind in (*_VALUES, "COMMA"):
            after += 1
        if end >= 1 and tokens[end].kind == "RSQB" and after > i and tokens[after].kind == "RSQB":
            # With the `,` behind it, where another or nothing is before it.
            resume = i if tokens[end - 1].kind in ("COMMA", "LSQB") else end + 1
            yield Repair("early", history[end], (), resume, end, (tokens[end].start, tokens[resume - 1].end))
        outer = self._open(stack, "LSQB")
        inner = next((j for j in range(outer + 1, i) if tokens[j].kind == "LSQB"), None) if outer is not None else None
        if inner is not None:
            yield Repair("early", history[inner], (), inner + 1, inner, (tokens[inner].start, tokens[inner].end))

    def _open(self, stack: Node, opener: str) -> int | None:
        """The token that opened the innermost list or condition that is not closed."""
        node: Node | None = stack
        closed = 0  # what ends right before here stands on the stack sign by sign
        while node is not None:
            token = self.tokens[node.index]
            if (token.start, token.end) == (node.start, node.end):
                if token.kind == opener and not closed:
                    return node.index
                closed += (token.kind == OPENERS[opener]) - (token.kind == opener)
            node = node.below
        return None

    def _in_list(self, stack: Node) -> bool:
        """Whether a `,` here parts two items of a list; between fields one may stand, but mends nothing."""
        after = advance(self.tables, states(stack), "COMMA")
        return after is not None and advance(self.tables, after, "RSQB") is not None

    @staticmethod
    def _kinds_after(before: Token | None) -> tuple[str, ...]:
        """What to put in where a value is absent; a name only for a level, since a name could start a statement."""
        return ("NAME",) if before is not None and before.text == "at" else ("STRING", "NUMBER")

    def _absent(self, kind: str, i: int) -> Token:
        at = self.tokens[i - 1].end if i else 0
        return Token(kind, _filler(kind), at, at, broken=True)

    def _earlier_line(self, stack: Node, i: int) -> Iterator[Repair]:
        """Drop the unfinished statement of an earlier line, and read this line anew."""
        checkpoint, first = self._checkpoint(stack, i)
        line = i
        while line > first and not self.tokens[line].first:
            line -= 1
        if line > first:
            dropped = self.tokens[first].start, self.tokens[line - 1].end
            yield Repair("statement", checkpoint, (), line, first, dropped)

    def _checkpoint(self, stack: Node, i: int) -> tuple[Node, int]:
        """Return the stack before the unfinished statement, and the token with which that starts."""
        here = self.tokens[i].start
        settled = step(self.tables, stack, Token("SEMICOLON", ";", here, here), i)
        if settled is not None:
            return settled, i
        node, index = stack, i
        while node.state not in self.bodies:
            index = node.index
            assert node.below is not None
            node = node.below
        return node, index

    def _skip(self, stack: Node, i: int) -> Repair:
        """Go back to the start of the statement, and on to where the next one starts."""
        checkpoint, first = self._checkpoint(stack, i)
        tokens = self.tokens
        open_ = [t.kind for t in tokens[first:i] if t.kind in OPENERS]
        for token in tokens[first:i]:
            if token.kind in CLOSERS and CLOSERS[token.kind] in open_:
                open_.remove(CLOSERS[token.kind])
        resume = i
        while tokens[resume].kind != "END":
            token = tokens[resume]
            in_braces = "LBRACE" in open_
            if resume > first and not open_ and token.first and token.kind == "BAD":
                break  # a line of its own: a mistake of its own
            if resume > first and not in_braces and token.first and token.kind in ("NAME", "NOT"):
                after = tokens[resume + 1].kind
                if not open_ or after in ("COLON", "LBRACE"):
                    break
            if token.kind in OPENERS:
                open_.append(token.kind)
            elif token.kind == "RBRACE" and not in_braces:
                if advance(self.tables, states(checkpoint), "RBRACE") is not None:
                    break
            elif token.kind in CLOSERS and CLOSERS[token.kind] in open_:
                open_.remove(CLOSERS[token.kind])
            resume += 1
        start = tokens[first].start
        return Repair("statement", checkpoint, (), resume, i, (start, max(tokens[resume - 1].end, start + 1)))

    # ---- what to tell

    def _tell(self, repair: Repair, stack: Node, i: int) -> None:
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
                self._add("T0020", f"`:` is missing after `{_short(before.text)}`", self._at(before),
                          "a `:` follows the name of a field", None, fix)  # fmt: skip
            case "comma":
                assert before is not None
                if before.start == before.end:
                    return  # a bracket that was put in, of which there is a report
                fix = Fix("add `,`", (Edit(self.report.at(before.end, before.end), ","),), "safe")
                self._add("T0020", "`,` is missing between two items of a list", self._at(before),
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
                self._add("T0020", f"{message}, not `{token.text}`", place, f"write `{meant}`", None, fix)
            case "quoted":
                quoted = self.tokens[at]
                bare = repair.insert[0].text
                fix = Fix("remove the quotes", (Edit(self._at(quoted), bare),), "safe" if is_name(bare) else "unsafe")
                self._add("T0024", "names are written without quotes", self._at(quoted), "a name", None, fix)
            case "path":
                self._tell_path(self._at(self.tokens[at]), self.tokens[at].text)
            case "other":
                wanted = repair.insert[0].kind
                words = {"NUMBER": "a number", "NAME": "a name", "STRING": "text in quotes"}[wanted]
                self._add("T0024", f"{words} is needed here, not `{_short(token.text)}`", place, f"not {words}",
                          "for example `target: >= 90%`" if wanted == "NUMBER" else None)  # fmt: skip
            case "early":
                early = self.tokens[at]
                does = "ends this list before its last item" if early.kind == "RSQB" else "starts a list inside a list"
                stretch = self.report.at(early.start, self.tokens[repair.resume - 1].end)
                self._add("T0022", f"this `{early.text}` {does}", self._at(early), "too early", "remove it",
                          Fix("remove it", (Edit(stretch, ""),)))  # fmt: skip
            case "drop" if token.kind in CLOSERS:
                self._add("T0022", f"this `{token.text}` closes nothing", place, "no partner", "remove it",
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
        opened = self._open(stack, opener)
        assert opened is not None, repair
        sign = repair.insert[0].text
        end = self.tokens[i - 1].end
        what = "list" if opener == "LSQB" else "condition"
        notes = []
        if self.tokens[i].kind != "END":
            notes = [Note(self._at(self.tokens[i]), f"the {what} ends before this")]
        self._add("T0021", f"this {what} is not closed", self._at(self.tokens[opened]), f"no `{sign}` matches this",
                  f"put `{sign}` where it ends", Fix(f"add `{sign}`", (Edit(self.report.at(end, end), sign),)),
                  notes)  # fmt: skip

    def _tell_value(self, repair: Repair, before: Token | None, at: int) -> None:
        if before is None:
            self._tell_unexpected(repair.stack, at)
        elif before.kind == "COLON" and at >= 2:
            name = self.tokens[at - 2]
            field = self.report.whole(name.start, before.end)
            self._add("T0023", f"`{name.text}` has no value", self.report.at(name.start, before.end),
                      "a value follows", "give it a value, or remove the field",
                      Fix("remove the field", (Edit(field, ""),)))  # fmt: skip
        elif before.text == "at":
            self._add("T0023", "no level follows `at`", self._at(before), "a level follows",
                      "one of root, system, developer, user, guideline",
                      Fix("remove `at`", (Edit(self.report.whole(before.start, before.end), ""),)))  # fmt: skip
        else:
            self._add("T0023", f"something is missing after `{_short(before.text)}`", self._at(before),
                      "a value follows", None)  # fmt: skip

    def _tell_unexpected(self, stack: Node, at: int) -> None:
        while at and self.tokens[at].start == self.tokens[at].end and self.tokens[at].kind != "END":
            at -= 1  # put in between two lines: the slip is on the first
        token = self.tokens[at]
        what = "the end of the file" if token.kind == "END" else f"`{_short(token.text)}`"
        before = self.tokens[at - 1] if at else None
        span = self._at(token) if token.kind != "END" or before is None else self._at(before)
        prose = self._prose(at)
        if prose is not None and (told := _NO_TEXT.get(self._field_of(at))) is not None:
            code, message, label, help = told
            self._add(code, message, prose, label, help)
            return
        if prose is not None:
            text = self.report.source.text[prose.start : prose.end].replace("\\", "\\\\").replace('"', '\\"')
            self._add("T0024", "text stands in quotes", prose, "text without quotes", "put `\"` at both ends",
                      Fix("put it in quotes", (Edit(prose, f'"{text}"'),)))  # fmt: skip
            return
        if self._first_of_line(at).text == "import":
            self._tell_path(span)
            return
        self._add("T0024", f"{what} cannot stand here", span, "unexpected", _could_stand(self.tables, stack))

    def _tell_path(self, span: Span, path: str = "") -> None:
        fix = Fix("put it in quotes", (Edit(span, f'"{path}"'),), "safe") if path else None
        self._add("T0024", "an import names a file in quotes", span, "a path without quotes",
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
        if any(token.text in _MEANT for token in self.tokens[start + 1 : end + 1]):
            return None  # a condition, more likely
        return self.report.at(self.tokens[start + 1].start, self.tokens[end].end)

    def _add(
        self, code: str, message: str, span: Span, label: str, help: str | None, fix: Fix | None = None,
        notes: list[Note] | None = None,
    ) -> None:  # fmt: skip
        self.report.add(code, message, span, label=label, help=help, fix=fix, secondary=notes or ())
        self.report.mute(span)

    def _at(self, token: Token) -> Span:
        return self.report.at(token.start, token.end)


def _filler(kind: str) -> str:
    return {"STRING": '""', "NUMBER": "0", "NAME": "_"}[kind]


def _short(text: str) -> str:
    first = text.split("\n", 1)[0]
    return first if len(first) <= 24 and first == text else first[:23] + "…"


def _sign(text: str) -> str:
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
