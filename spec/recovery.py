"""Parsing on after a syntax error, so that each mistake is reported once, and the next one too.

In: tokens of which `spec/parser.py` could not make a tree. Out: the items that could be read, a report for each
mistake, and the stretches that were skipped. At each error the repairs that people's slips call for are tried on the
parse states alone (a missing `:`, a stray sign, a list not closed); the one after which most of what follows parses
is taken, and is the fix that the report offers. Where none helps, the rest of the statement is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from spec.balance import Landmarks
from spec.diagnostics import Edit, Fix, Report
from spec.lexer import CLOSERS, OPENERS, Token
from spec.parser import Node, advance, states, step
from spec.parting import part_fields
from spec.repairs import MEANT, Repair, Telling, opened, sign
from spec.slips import mend_slips
from spec.tables import END, Tables

AHEAD = 8
"""How many tokens a repair is judged by, and how many must parse at least."""
NEEDED = 3
MOST = 100
"""After so many syntax errors a file is not text in this language, and reading it ends."""

_SIGNS = {"LBRACE": "{", "RBRACE": "}", "LSQB": "[", "RSQB": "]", "LPAR": "(", "RPAR": ")", "COLON": ":", "COMMA": ","}
_KINDS = {":": "COLON", **dict.fromkeys(("==", "!=", ">=", "<="), "COMPARE"), "not": "NOT"}
_VALUES = ("STRING", "LONG_STRING", "NUMBER", "NAME", "DOTTED", "REGEX")


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
        self.telling = Telling(report, tables, tokens)
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
            self.telling.tell(repair, stack, i)
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
        for meant in MEANT.get(token.text, ()):
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
        place = self.telling.at(token)
        # What nobody sees was never meant.
        fix = Fix("remove it", (Edit(place, ""),), "unsafe" if token.text.isprintable() else "safe")
        self.telling.add("T0012", f"`{sign(token.text)}` means nothing here", place, "stray character",
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
            for meant in MEANT.get(token.text, ()):
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
        outer = opened(self.tokens, stack, "LSQB")
        inner = next((j for j in range(outer + 1, i) if tokens[j].kind == "LSQB"), None) if outer is not None else None
        if inner is not None:
            yield Repair("early", history[inner], (), inner + 1, inner, (tokens[inner].start, tokens[inner].end))

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


def _filler(kind: str) -> str:
    return {"STRING": '""', "NUMBER": "0", "NAME": "_"}[kind]
