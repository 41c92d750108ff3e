"""One block's header and fields: values by attribute, and whether each is well formed by itself.

In: a `Block` or `Body` of the tree and the fields that it may have (`spec/fields.py`). Out: `Filled`, and diagnostics.
This file knows how any block is read, and not which blocks there are: that is `spec/vocabulary.py`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Container
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from spec import ast
from spec.descriptions import takes
from spec.diagnostics import Edit, Fix, Note, Report
from spec.document import Example, Level, Option, Options, Turn
from spec.fields import FieldSpec, RecordShape, TargetShape, TextShape, TurnsShape, field_specs
from spec.says import Says
from spec.source import Span, joined
from spec.values import WRONG, Values, Wrong

LEVELS = tuple(level.name.lower() for level in sorted(Level, reverse=True))
ROLES = ("system", "developer", "user", "assistant", "tool", "ask")
ANSWERS = ("good", "ok", "bad")

MOST_REASONS = 16
"""For the same answers, since each is kept with each."""

_Member = ast.Field | ast.Block


@dataclass(slots=True)
class Filled:
    """The fields of one block: values by attribute, places by the language's names.

    ok: no field is wrong or absent. whole: all could be read and has a known name, so that what is absent is absent;
    else it may be what stands there misspelled.
    """

    values: dict[str, Any]
    places: list[tuple[str, Span]]
    ok: bool = True
    whole: bool = True

    def place(self, name: str) -> Span | None:
        return next((span for known, span in self.places if known == name), None)


@dataclass(slots=True)
class Blocks:
    """Reads blocks. statements: words that start a statement, and so no field; strays: such blocks found inside;
    reasons: how many the answers that were read last have."""

    report: Report
    values: Values
    broken: tuple[tuple[int, int], ...]
    statements: tuple[str, ...]
    strays: list[ast.Block] = field(default_factory=list)
    reasons: int = 0
    _stretches: tuple[tuple[int, int], ...] | None = None

    def span(self, node: ast.Value | ast.Item | ast.Word) -> Span:
        return self.report.at(node.start, node.end)

    def is_broken(self, node: ast.Item | ast.Body) -> bool:
        if not self.broken:
            return False
        if self._stretches is None:
            self._stretches = tuple(joined(self.broken))
        before = bisect_left(self._stretches, (node.end,))  # those that start before the node ends
        return before > 0 and self._stretches[before - 1][1] > node.start

    # ---- headers

    def head(self, block: ast.Block) -> Span:
        text = self.report.source.text
        quote = text[block.start : block.start + 1]
        if quote in ('"', "'") and block.name is not None:  # a key of YAML or JSON
            end = block.name.end
            return self.report.at(block.start, end + (text[end : end + 1] == quote))
        return self.report.at(block.start, block.head_end)

    def name(self, block: ast.Block, *, dotted: bool) -> ast.Word | None:
        kind = block.kind.text
        if block.name is None:
            if not self.is_broken(block):
                example = "user.role" if dotted else "short_name"
                self.report.add(
                    "T0104", f"a {kind} needs a name", self.head(block), label="no name follows",
                    help=f"for example `{kind} {example} {{ ... }}`",
                )  # fmt: skip
            return None
        if not block.name.text:
            return None
        if "." in block.name.text and not dotted:
            flat = block.name.text.replace(".", "_")
            self.report.add(
                "T0108", f"the name of a {kind} has no dots", self.span(block.name), label="dotted name",
                help=f"for example `{flat}`",
                fix=Fix(f"replace it with `{flat}`", (Edit(self.span(block.name), flat),)),
            )  # fmt: skip
            return None
        return block.name

    def level(self, block: ast.Block) -> Level | None:
        if block.level is None or not block.level.text:
            return None
        text, span = block.level.text, self.span(block.level)
        if text in LEVELS:
            return Level[text.upper()]
        help, fix = self.report.did_you_mean(text, LEVELS, span)
        self.report.add("T0110", f"there is no level `{text}`", span, label="unknown level", help=help, fix=fix)
        return None

    def needless(self, block: ast.Block) -> None:
        if block.name is not None:
            self.report.add(
                "T0105", f"`{block.kind.text}` takes no name", self.span(block.name), label="remove this",
                fix=Fix("remove the name", (Edit(self.report.at(block.kind.end, block.name.end), ""),), "safe"),
            )  # fmt: skip
        self.no_level(block)

    def no_level(self, block: ast.Block) -> None:
        if block.level is not None:
            start = (block.name or block.kind).end
            self.report.add(
                "T0106", f"`{block.kind.text}` has no level of authority", self.report.at(start + 1, block.level.end),
                label="remove this", help="only statements of behaviour have one",
                fix=Fix("remove the level", (Edit(self.report.at(start, block.level.end), ""),), "safe"),
            )  # fmt: skip

    # ---- bodies

    def value_place(self, body: ast.Body, name: str) -> Span:
        for item in body.items:
            if isinstance(item, ast.Field) and item.name.text == name:
                return self.span(item.value)
        raise AssertionError(f"no field {name}")

    def fill(
        self, body: ast.Body, specs: dict[str, FieldSpec], owner: str, head: Span, inherited: Container[str] = ()
    ) -> Filled:
        """Read the fields of a block; `head` is where an absent field is reported, unless it is `inherited`."""
        filled = Filled({}, [], whole=not self.is_broken(body))
        turns_spec = next((s for s in specs.values() if isinstance(s.shape, TurnsShape)), None)
        explained = "why" in specs and specs["why"].attribute == "reasons"
        # An example without any answer has a report of its own.
        answers: tuple[str, ...] = () if any(_named(item, ANSWERS) for item in body.items) else ("",)
        conversation: list[tuple[str, ast.Field]] = []
        first: dict[str, _Member] = {}
        several: defaultdict[str, list[Any]] = defaultdict(list)  # the values of what may stand several times
        for item in body.items:
            match item:
                case ast.Field(name=ast.Word(text=role)) if turns_spec and role in ROLES:
                    conversation.append((role, item))
                case ast.Field(name=ast.Word(text=name)) if explained and name in (*ANSWERS, "why"):
                    answers = self._answer(specs[name], item, answers, filled, several)
                    first.setdefault(name, item)
                case ast.Field(name=word, value=ast.Body() as inner) if self._is_record(specs, word):
                    self._nested(specs[word.text], inner, item, word, first, filled, several)
                case ast.Block(kind=word, body=inner) if self._is_record(specs, word):
                    self.needless(item)
                    self._nested(specs[word.text], inner, item, word, first, filled, several)
                case ast.Field(name=word):
                    self._plain(specs, item, owner, first, filled)
                case ast.Block(kind=word):
                    self._misplaced_block(specs, item, owner)
                    filled.ok = filled.whole = False
                case ast.Directive():
                    raise AssertionError("the grammar has directives at the top level only")
        for attribute, values in several.items():
            filled.values[attribute] = tuple(dict.fromkeys(values) if attribute in ANSWERS else values)
        if turns_spec is not None:
            self._turns(turns_spec, conversation, owner, head, filled)
        missing = [
            s for s in specs.values()
            if s.required and s.name not in first and s is not turns_spec and s.attribute not in inherited
        ]  # fmt: skip
        if missing:
            filled.ok = False
        if missing and filled.whole:
            names = " and ".join(f"`{s.name}`" for s in missing)
            self.report.add(
                "T0102", f"{owner} has no {names}", head,
                label=f"{names} {'is' if len(missing) == 1 else 'are'} missing",
                help=f"add `{missing[0].name}: {missing[0].says.example}`",
            )  # fmt: skip
        return filled

    def _answer(
        self, spec: FieldSpec, item: ast.Field, before: tuple[str, ...], filled: Filled,
        several: defaultdict[str, list[Any]],
    ) -> tuple[str, ...]:  # fmt: skip
        """Read answers of an example, or the reason of those before it; they may stand several times, in order."""
        if spec.name == "why" and not before:
            self.report.add(
                "T0213", "`why` follows the answers that it explains", self.span(item.name),
                label="no answer before it", help=f"put it after one of {', '.join(f'`{name}:`' for name in ANSWERS)}",
            )  # fmt: skip
            filled.ok = False
            return ()
        value = self.values.read(spec, item.value)
        filled.places.append((spec.name, self.span(item)))
        if isinstance(value, Wrong):
            filled.ok = False
            return before or ("",)
        if spec.name == "why":
            self.reasons += 1
            if self.reasons <= MOST_REASONS:
                several[spec.attribute].extend((answer, value) for answer in before)
                return before
            self.report.add(
                "T0103", f"the same answers have more than {MOST_REASONS} reasons", self.span(item.name),
                label="one too many", help="say them in one text",
            )  # fmt: skip
            filled.ok = False
            return before
        self.reasons = 0
        several[spec.attribute].extend(value)
        return tuple(value)

    @staticmethod
    def _is_record(specs: dict[str, FieldSpec], word: ast.Word) -> bool:
        return word.text in specs and isinstance(specs[word.text].shape, RecordShape)

    def _plain(
        self, specs: dict[str, FieldSpec], item: ast.Field, owner: str, first: dict[str, _Member], filled: Filled
    ) -> None:
        word = item.name
        spec = specs.get(word.text)
        if spec is None or isinstance(spec.shape, TurnsShape):
            self._unknown_field(specs, word, owner)
            filled.ok = filled.whole = False
            return
        if self._again(item, word, first, spec):
            filled.ok = False
            return
        if isinstance(spec.shape, RecordShape):
            if not isinstance(item.value, ast.Missing):
                self.values.wrong(spec, item.value)
            filled.ok = False
            return
        if self._is_next_field(specs, item):
            filled.ok = filled.whole = False
            return
        value = self.values.read(spec, item.value)
        filled.places.append((spec.name, self.span(item)))
        if value is WRONG:
            filled.ok = False
        else:
            filled.values[spec.attribute] = value

    def _is_next_field(self, specs: dict[str, FieldSpec], item: ast.Field) -> bool:
        """Report a field whose value is the field on the line below, such as `target >= 90%`; else return False."""
        value = item.value
        word = value.operands[0] if isinstance(value, ast.Comparison) else None
        if not isinstance(word, ast.Word) or self.span(word).line == self.span(item).line:
            return False
        if word.text not in specs or not isinstance(specs[word.text].shape, TargetShape):
            return False  # it may be a dimension
        name, field_ = self.report.at(item.start, item.name.end), self.span(word)
        fix = Fix("add `:`", (Edit(self.report.at(word.end, word.end), ":"),))
        self.report.add("T0023", f"`{item.name.text}` has no value", name, label="a value follows",
                        help="give it a value, or remove the field")  # fmt: skip
        self.report.add("T0020", f"`:` is missing after `{word.text}`", field_,
                        label="a `:` follows the name of a field", fix=fix)  # fmt: skip
        return True

    def _again(self, item: _Member, word: ast.Word, first: dict[str, _Member], spec: FieldSpec) -> bool:
        other = first.setdefault(word.text, item)
        if other is item or (isinstance(spec.shape, RecordShape) and spec.shape.many):
            return False
        if self.report.silent(self.span(word)):
            return True
        place = self.span(other.name if isinstance(other, ast.Field) else other.kind)
        # Nodes are equal where the same is written.
        fix = Fix("remove it", (Edit(self.report.whole(item.start, item.end), ""),), "safe") if item == other else None
        self.report.add(
            "T0103", f"`{word.text}` is given twice", self.span(word), label="again",
            secondary=[Note(place, "first here")], fix=fix,
            help="write several values as `[...]`" if "list" in takes(spec.shape) else "keep one of them",
        )  # fmt: skip
        return True

    def _unknown_field(
        self, specs: dict[str, FieldSpec], word: ast.Word, owner: str, block: ast.Block | None = None
    ) -> None:  # fmt: skip
        if not word.text:
            return  # recovery has spoken of it
        span = self.span(word)
        names = [s.name for s in specs.values() if not isinstance(s.shape, TurnsShape)]
        if len(names) < len(specs):
            names.extend(ROLES)
        help, fix = self.report.did_you_mean(word.text, names, span)
        if fix is not None and block is not None:
            fix = replace(fix, uncovers=self.report.at(word.end, block.end))
        if fix is None and word.text == "level" and "intensity" in names:
            help = "the level stands behind the name, as in `trait caring at user`"
        self.report.add("T0101", f"{owner} has no field `{word.text}`", span, label="unknown field", help=help, fix=fix)

    def _misplaced_block(self, specs: dict[str, FieldSpec], block: ast.Block, owner: str) -> None:
        word = block.kind
        span = self.span(word)
        if word.text in specs:
            spec = specs[word.text]
            self.report.add(
                "T0107", f"`{word.text}` takes {takes(spec.shape)}, not a block", span, label="a field, not a block",
                help=f"write `{word.text}: {spec.says.example}`",
            )  # fmt: skip
        elif word.text in self.statements:
            self.report.add(
                "T0107", f"`{word.text}` cannot stand inside {owner}", span, label="a statement of its own",
                help="close the block before it with `}`",
            )  # fmt: skip
            self.strays.append(block)
        else:
            self._unknown_field(specs, word, owner, block)

    def _nested(
        self, spec: FieldSpec, body: ast.Body, item: _Member, word: ast.Word, first: dict[str, _Member], filled: Filled,
        several: defaultdict[str, list[Any]],
    ) -> None:  # fmt: skip
        assert isinstance(spec.shape, RecordShape)
        if self._again(item, word, first, spec):
            filled.ok = False
            return
        record = spec.shape.record
        if record is Options:
            filled.places.append((spec.name, self.span(item)))
            filled.values[spec.attribute] = self._options(body, filled)
            return
        inner = self.fill(body, field_specs(record), f"`{spec.name}`", self.span(word))
        filled.places.append((spec.name, self.span(item)))
        if record is Example and not self._shows(inner, word):
            inner.ok = False
        if not inner.ok:
            filled.ok = False
            return
        if record is Example:
            inner.values["span"] = self.span(item)
            answers = dict.fromkeys(answer for kind in ANSWERS for answer in inner.values.get(kind, ()))
            place = {answer: at for at, answer in enumerate(answers)}
            reasons = inner.values.get("reasons", ())
            inner.values["reasons"] = tuple(sorted(reasons, key=lambda reason: place.get(reason[0], len(place))))
        value = record(**inner.values)
        if spec.shape.many:
            several[spec.attribute].append(value)
        else:
            filled.values[spec.attribute] = value

    def _options(self, body: ast.Body, filled: Filled) -> Options:
        """Read settings of whatever name: which of them there are is not the language's to know."""
        given: dict[str, Option] = {}
        for item in body.items:
            value = self.values.setting(item.value) if isinstance(item, ast.Field) else WRONG
            if not isinstance(item, ast.Field) or isinstance(value, Wrong):
                filled.ok = False
                if not (isinstance(item, ast.Field) and isinstance(item.value, ast.Missing)):
                    self.report.add(
                        "T0111", "a setting is a number, a text, true or false, or a list of these", self.span(item),
                        label="none of these", help="for example `max_grad_norm: 0.5`",
                    )  # fmt: skip
            elif item.name.text in given:
                self.report.add(
                    "T0103", f"`{item.name.text}` is given twice", self.span(item.name), label="again",
                    secondary=[Note(given[item.name.text].span, "first here")], help="keep one of them",
                )  # fmt: skip
                filled.ok = False
            else:
                given[item.name.text] = Option(item.name.text, value, self.span(item.name))
        return Options(tuple(given.values()))

    def _shows(self, inner: Filled, word: ast.Word) -> bool:
        if inner.place("good") or inner.place("bad") or not inner.whole:
            return True
        self.report.add(
            "T0214", "this example shows neither a good nor a bad answer", self.span(word),
            label="needs `good` or `bad`", help='add `good: "..."`, `bad: "..."`, or both',
        )  # fmt: skip
        return False

    # ---- conversations

    def _turns(
        self, spec: FieldSpec, fields: list[tuple[str, ast.Field]], owner: str, head: Span, filled: Filled
    ) -> None:
        """Read `user:`, `assistant:` and `ask:` in order into turns that alternate and end with the user's."""
        turns: list[Turn] = []
        for role, item in fields:
            text = self.values.read(_TURN[role], item.value)
            filled.places.append((role, self.span(item)))
            if isinstance(text, Wrong):
                filled.ok = False
            else:
                turns.append(Turn("user" if role == "ask" else role, text))  # type: ignore[arg-type]  # one of ROLES
        filled.values[spec.attribute] = tuple(turns)
        if not filled.whole or not filled.ok:
            filled.ok = filled.ok and bool(turns)
            return
        names = [role for role, _ in fields]
        spans = [self.span(item.name) for _, item in fields]
        example = spec.says.example
        if not turns:
            self.report.add(
                "T0213", f"{owner} has no turn of the user", head, label="no `user:`", help=f"add `{example}`"
            )
        elif next((t.role for t in turns if t.role not in ("system", "developer")), "user") in ("assistant", "tool"):
            at = spans[next(i for i, turn in enumerate(turns) if turn.role in ("assistant", "tool"))]
            self.report.add("T0213", "a conversation starts with the user", at, label="before any `user:`")
        elif "ask" in names and len(names) > 1:
            at = spans[names.index("ask")]
            self.report.add("T0213", "`ask` is a whole conversation by itself", at, label="with other turns",
                             help="write `user:` and `assistant:` for several turns")  # fmt: skip
        elif any(a.role == b.role != "tool" for a, b in pairwise(turns)):
            i = next(i for i in range(1, len(turns)) if turns[i].role == turns[i - 1].role != "tool")
            self.report.add(
                "T0213", f"two turns of the {turns[i].role} follow each other", spans[i], label="again",
                help="join them" if turns[i].role in ("system", "developer")
                else f"put {_AFTER[turns[i].role]} turn between them, or join them",
                secondary=[Note(spans[i - 1], "after this one")],
            )  # fmt: skip
        elif turns[-1].role == "assistant":
            self.report.add(
                "T0213", "a conversation ends with the user's turn", spans[-1], label="ends here",
                help="the answer that follows is `good:` or `bad:`, or a probe's measured answer",
            )  # fmt: skip
        else:
            return
        filled.ok = False


def _named(item: ast.Item, names: tuple[str, ...]) -> bool:
    return isinstance(item, ast.Field) and item.name.text in names


_AFTER = {"user": "an `assistant:`", "assistant": "a `user:`"}


def _turn_spec(role: str) -> FieldSpec:
    return FieldSpec(role, role, TextShape(), False, None, Says(f"What the {role} says."))


_TURN = {role: _turn_spec(role) for role in ROLES}
