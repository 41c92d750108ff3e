"""A plain tree to the syntax tree that the parser makes of `.tenet` text.

In: a `Root` and a `PlainReport` over the source that it stands in. Out: a `Module` with places in that source, and
diagnostics on the shape alone. Whether a value is right is judged where it is for text (`spec/statements.py`,
`blocks.py`, `values.py`), so that no rule is written twice. How each thing is written:

    trait: { caring: { at: user, means: "..." } }     trait caring at user { means: "..." }
    example: [{ user: "...", good: "..." }]           example { user: "..."  good: "..." }
    bad: { text: "...", why: "..." }                  bad: "..."  why: "..."
    turns: [{ user: "..." }, { assistant: "..." }]    user: "..."  assistant: "..."
    when: "user.role == clinician"                    when: user.role == clinician
    signs: ["sorry", "/rough/i"]                      signs: ["sorry", /rough/i]
    statements: [{ trait: ... }, { refuse: ... }]     what does not stand sorted by kind
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any

from spec import ast
from spec.blocks import ANSWERS, ROLES
from spec.constructs import CONSTRUCTS
from spec.diagnostics import Edit, Fix, Note, Report
from spec.document import Clause, Dimension, Section
from spec.fields import (
    ChainShape,
    ChoiceShape,
    ConditionShape,
    FieldSpec,
    FlagShape,
    ListShape,
    NumberShape,
    NumbersShape,
    RecordShape,
    TargetShape,
    TextShape,
    TurnsShape,
    field_specs,
)
from spec.lexer import OPERATORS, is_name
from spec.parser import parse
from spec.plain import PERCENTAGE, Listing, Mapping, Plain, Root, Scalar
from spec.plain_report import PlainReport
from spec.source import Source, Span
from spec.vocabulary import BLOCKS, CONTAINERS, NAMED, SETTINGS, STATEMENTS, VERSION

GROUP = "statements"
"""The key of a list of groups of statements, for what does not stand sorted by kind."""
SCHEMA = "$schema"
"""The key by which an editor finds the schema of a JSON file."""
RESERVED = ("at",)
"""Words that are no names of statements: `.tenet` text has another meaning for them there."""
REGEX = re.compile(r"/(?=[^/\n])([^/\\\n]*(?:\\[^\n][^/\\\n]*)*)/([A-Za-z]*)")
"""A text that is a pattern, where patterns may stand."""
INCLUSION = {"import": ("file", "as", "with"), "extends": ("file", "with")}


def read_plain(root: Root, report: PlainReport) -> ast.Module:
    """Return the syntax tree of what a file holds; an unreadable file has none, and is all broken."""
    everything = (0, max(len(report.source.text), 1))
    if root.tree is None and report.found:
        return ast.Module((), (), (everything,))
    reader = _Reader(report)
    items = reader.module(root.tree)
    comments = tuple(ast.Comment(report.source.text[start:end], start, end) for start, end in root.comments)
    return ast.Module(tuple(items), comments, tuple(reader.broken), 2 * root.values)


def specs_of(kind: str) -> dict[str, FieldSpec]:
    """Return the fields that a statement of a kind may have."""
    if kind in CONSTRUCTS:
        return {**field_specs(CONSTRUCTS[kind]), **field_specs(Clause)}
    if kind in CONTAINERS:
        return field_specs(Section)
    return field_specs(Dimension if kind == "dimension" else SETTINGS.get(kind) or NAMED[kind])


@dataclass(slots=True)
class _Reader:
    report: PlainReport
    broken: list[tuple[int, int]] = field(default_factory=list)

    # ---- the file

    def module(self, tree: Plain | None) -> list[ast.Item]:
        report = self.report
        if not isinstance(tree, Mapping):
            blank = tree is None or (isinstance(tree, Scalar) and tree.kind == "nothing")
            message = "the file is empty" if blank else f"a spec is a mapping, and this is {_what(tree)}"
            code = "T0006" if blank else "T0055"
            start, end = (0, 0) if tree is None else (tree.start, tree.end)
            report.add(code, message, report.at(start, end), label="" if blank else "no mapping",
                       help=f"write `tenet: {VERSION}` as the first line")  # fmt: skip
            self.broken.append((0, max(len(report.source.text), 1)))
            return []
        items = list(self.statements(tree, top=True))
        if not any(isinstance(item, ast.Directive) and item.keyword.text == "tenet" for item in items):
            if tree.get("tenet") is None:
                self._no_header(tree)
            # What is wrong with the header has been said.
            number = ast.Number(float(VERSION), False, VERSION)
            items.insert(0, ast.Directive(ast.Word("tenet"), number))
        return items

    def _no_header(self, tree: Mapping) -> None:
        text, start = self.report.source.text, tree.start
        flow = text.startswith("{", start)
        place, line = (start + 1, f'"tenet": {VERSION}, ') if flow else (start, f"tenet: {VERSION}\n")
        key = tree.entries[0][0] if tree.entries else None
        fix = Fix("add the header", (Edit(self.report.at(place, place), line),), "safe")
        Report.add(  # the text's own fixes are left out by this class, and this one is for YAML and JSON
            self.report, "T0006", "a spec starts with its language version",
            self.report.at(key.start, key.end) if key else self.report.at(start, tree.end),
            label=f"`tenet: {VERSION}` stands before this", help=f"write `tenet: {VERSION}` as the first line",
            fix=fix if tree.entries and text else None,
        )  # fmt: skip

    # ---- statements

    def statements(self, tree: Mapping, *, top: bool = False) -> Iterable[ast.Item]:
        """Yield the statements of a file, of a section, or of one group of a list."""
        for key, value in tree.entries:
            if not (top and key.text == SCHEMA):
                yield from self.statement(key, value, top)

    def statement(self, key: Scalar, value: Plain, top: bool) -> Iterable[ast.Item]:
        kind = key.text
        if kind == GROUP:
            for group in _items(value):
                if isinstance(group, Mapping):
                    yield from (i for k, v in group.entries for i in self.statement(k, v, top and k.text in INCLUSION))
                else:
                    self._misshapen(f"`{GROUP}` lists groups of statements, and this is {_what(group)}", group,
                                    f"for example `{GROUP}: [{{trait: {{caring: {{...}}}}}}, ...]`")  # fmt: skip
        elif top and kind == "tenet":
            if (argument := self._scalar(key, value)) is not None:
                version = ast.Text(argument.text, argument.start, argument.end)
                yield ast.Directive(self._word(key), self._number(argument) if argument.kind == "number" else version,
                                    None, None, key.start, argument.end)  # fmt: skip
        elif kind in INCLUSION and not top:
            self._misshapen(f"`{kind}` stands outside of sections", key, "move it to the top of the file")
        elif kind in INCLUSION:
            for item in _items(value):
                yield from self._inclusion(key, item)
        elif kind == "priority":
            for item in _items(value):
                chain = self._expression(key, item)
                yield ast.Field(self._word(key), chain, key.start, max(key.end, item.end))
        elif kind == "drop":
            names = self._words(key, value)
            yield ast.Field(self._word(key), names, key.start, value.end)
        elif kind in SETTINGS:
            if isinstance(value, Mapping):
                body = self._body(specs_of(kind), value, settings=True)
                yield ast.Block(self._word(key), None, None, body, key.start, value.end)
            else:
                self._misshapen(f"`{kind}` holds settings, and this is {_what(value)}", value,
                                f"for example `{kind}: {{{next(iter(specs_of(kind)))}: ...}}`", key)  # fmt: skip
        elif kind in BLOCKS:
            yield from self._named(key, value)
        else:
            yield from self._unknown(key, value)

    def _named(self, key: Scalar, value: Plain) -> Iterable[ast.Item]:
        """Yield the blocks of a kind, each from its name."""
        kind = key.text
        if not isinstance(value, Mapping):
            self._misshapen(f"`{kind}` holds names, each with its fields, and this is {_what(value)}", value,
                            f"for example `{kind}: {{short_name: {{...}}}}`", key)  # fmt: skip
            return
        for name, fields_ in value.entries:
            if not is_name(name.text) or name.text in RESERVED:
                self.report.add(
                    "T0053", f"`{_short(name.text)}` is no name", self._at(name), label="no name",
                    help=f"`{name.text}` is a word of the language" if name.text in RESERVED
                    else "a name has letters, digits, `_` and `-`, and starts with a letter: `short_name`",
                )  # fmt: skip
                self.broken.append((name.start, max(name.end, fields_.end)))
                continue
            if not isinstance(fields_, Mapping):
                self._misshapen(f"`{name.text}` holds the fields of a {kind}, and this is {_what(fields_)}", fields_,
                                f"for example `{name.text}: {{{next(iter(specs_of(kind)))}: ...}}`", name)  # fmt: skip
                continue
            level = fields_.get("at")
            word = self._level(level) if level is not None else None
            body = self._body(specs_of(kind), fields_, inside=kind in CONTAINERS)
            yield ast.Block(self._word(key), self._word(name), word, body, name.start, fields_.end)

    def _level(self, value: Plain) -> ast.Word:
        if isinstance(value, Scalar) and value.kind == "text" and value.text:
            return self._word(value)
        self._misshapen(f"`at` takes a level, and this is {_what(value)}", value, "for example `at: developer`")
        return ast.Word("", value.start, value.end)

    def _unknown(self, key: Scalar, value: Plain) -> Iterable[ast.Item]:
        """Yield a statement of no known kind: its word once, and every name, since others may refer to them."""
        entries = value.entries if isinstance(value, Mapping) else ()
        names = [name for name, inner in entries if isinstance(inner, Mapping)]
        body = ast.Body((), value.start, value.end)
        first = self._word(names[0]) if names and is_name(names[0].text) else None
        yield ast.Block(self._word(key), first, None, body, key.start, value.end)
        for name in names[1:]:
            # An empty word: the first block has spoken of it.
            yield ast.Block(ast.Word("", key.start, key.end), self._word(name), None, body, name.start, value.end)

    def _inclusion(self, key: Scalar, item: Plain) -> Iterable[ast.Item]:
        word = self._word(key)
        if not isinstance(item, Mapping):
            if (path := self._scalar(key, item)) is not None:
                yield ast.Directive(word, self._path(path), None, None, path.start, path.end)
            return
        known, kind = INCLUSION[key.text], key.text
        for name, _ in item.entries:
            if name.text not in known:
                self.report.add("T0101", f"`{kind}` has no field `{name.text}`", self._at(name), label="unknown field",
                                help=f"it is one of: {', '.join(known)}")  # fmt: skip
        file, alias, given = (item.get(name) for name in ("file", "as", "with"))
        if not isinstance(file, Scalar):
            self.report.add("T0102", f"this `{kind}` has no `file`", self.report.at(item.start, item.start + 1),
                            label="`file` is missing", help='add `file: "house-style.tenet"`')  # fmt: skip
            return
        name_of = None
        if alias is not None:
            plain = isinstance(alias, Scalar) and is_name(alias.text) and "." not in alias.text
            if isinstance(alias, Scalar) and plain and alias.text not in RESERVED:
                name_of = self._word(alias)
            else:
                self._misshapen(f"`as` takes a name, and this is {_what(alias)}", alias, "for example `as: house`")
        body = None
        if isinstance(given, Mapping):
            texts = tuple(ast.Field(self._word(k), self._text(k, v), k.start, v.end) for k, v in given.entries)
            body = ast.Body(texts, given.start, given.end)
        elif given is not None:
            self._misshapen(f"`with` gives texts to parameters by name, and this is {_what(given)}", given,
                            'for example `with: {maker: "Harbor Marine"}`')  # fmt: skip
        # `as` is a field that only `import` has, and has been reported where it is another's.
        yield ast.Directive(word, self._path(file), name_of if "as" in known else None, body, item.start, item.end)

    def _path(self, scalar: Scalar) -> ast.Text | ast.Number:
        if scalar.kind == "number":
            return ast.Number(float(scalar.text), False, scalar.text, scalar.start, scalar.end)
        return ast.Text(scalar.text, scalar.start, scalar.end)

    # ---- fields

    def _body(
        self, specs: dict[str, FieldSpec], tree: Mapping, *, inside: bool = False, settings: bool = False
    ) -> ast.Body:
        """Return the fields of a block; `inside`: statements may stand there too."""
        items: list[ast.Item] = []
        talks = any(isinstance(spec.shape, TurnsShape) for spec in specs.values())
        explained = "why" in specs and specs["why"].attribute == "reasons"
        for key, value in tree.entries:
            name = key.text
            spec = specs.get(name)
            if name == "at" and not settings:
                continue
            if inside and spec is None and (name in STATEMENTS or name == GROUP or isinstance(value, Mapping)):
                items.extend(self.statement(key, value, top=False))
            elif talks and name == "turns":
                items.extend(self._turns(value, key))
            elif talks and name in ROLES:
                items.append(self._field(key, self._text(key, value), value))
            elif name == "level" and spec is None and not settings and isinstance(value, Scalar):
                span = self.report.at(key.inner, key.inner_end)
                self.report.add("T0101", "a level is given by `at`, not by `level`", span, label="write `at`",
                                help=f"write `at: {_short(value.text)}`",
                                fix=Fix("write `at`", (Edit(span, "at"),), "safe"))  # fmt: skip
            elif spec is None:
                items.append(self._field(key, self._generic(value), value))
            elif explained and name in ANSWERS:
                items.extend(self._answers(key, value))
            elif explained and name == "why":
                items.extend(self._field(key, self._text(key, item), item) for item in _items(value))
            elif isinstance(spec.shape, RecordShape):
                inner = field_specs(spec.shape.record)
                for item in _items(value) if spec.shape.many else (value,):
                    mapped = isinstance(item, Mapping)
                    node = self._body(inner, item, settings=True) if mapped else self._generic(item)  # type: ignore[arg-type]  # it is one
                    items.append(self._field(key, node, item))
            else:
                items.append(self._field(key, self._value(spec, key, value), value))
        return ast.Body(tuple(items), tree.start, tree.end)

    def _field(self, key: Scalar, value: ast.Value, at: Plain) -> ast.Field:
        return ast.Field(self._word(key), value, key.start, max(key.end, at.end))

    def _turns(self, value: Plain, key: Scalar) -> Iterable[ast.Item]:
        for turn in _items(value):
            if isinstance(turn, Mapping) and len(turn.entries) == 1:
                role, text = turn.entries[0]
                if role.text in ROLES:
                    yield self._field(role, self._text(role, text), text)
                    continue
            self._misshapen(f"`turns` lists what is said by whom, and this is {_what(turn)}", turn,
                            'for example `turns: [{user: "..."}, {assistant: "..."}, {user: "..."}]`', key)  # fmt: skip

    def _answers(self, key: Scalar, value: Plain) -> Iterable[ast.Item]:
        """Yield answers, each followed by the reasons that stand with it."""
        plain: list[ast.Value] = []
        first: Plain | None = None

        def flush(last: Plain | None) -> Iterable[ast.Item]:
            if plain and first is not None and last is not None:
                only = plain[0] if len(plain) == 1 else ast.Array(tuple(plain), first.start, last.end)
                yield ast.Field(self._word(key), only, key.start, last.end)
            plain.clear()

        items = _items(value)
        if isinstance(value, Listing) and not items:
            yield self._field(key, ast.Array((), value.start, value.end), value)
        before: Plain | None = None
        for item in items:
            if not isinstance(item, Mapping):
                first = first if plain else item
                plain.append(self._text(key, item))
                before = item
                continue
            yield from flush(before)
            for name, _ in item.entries:
                if name.text not in ("text", "why"):
                    self.report.add("T0101", f"an answer has no field `{name.text}`", self._at(name),
                                    label="unknown field", help="it is one of: text, why")  # fmt: skip
            text, why = item.get("text"), item.get("why")
            if text is None:
                self.report.add("T0102", "this answer has no `text`", self.report.at(item.start, item.start + 1),
                                label="`text` is missing", help='for example `{text: "...", why: "..."}`')  # fmt: skip
                yield self._field(key, ast.Missing(item.start, item.end), item)
                continue
            yield self._field(key, self._text(key, text), text)
            for reason in _items(why) if why is not None else ():
                word = next(k for k, _ in item.entries if k.text == "why")
                yield self._field(word, self._text(word, reason), reason)
        yield from flush(before)

    # ---- values

    def _value(self, spec: FieldSpec, key: Scalar, value: Plain) -> ast.Value:
        """Return a value as the parser would make it of what the text has for a field of this shape."""
        if isinstance(value, Scalar) and value.kind == "nothing":
            return self._nothing(key, value)
        match spec.shape:
            case ConditionShape() | TargetShape() | ChainShape():
                return self._expression(key, value)
            case ListShape() | NumbersShape() as shape if isinstance(value, Listing):
                return ast.Array(tuple(self._one(shape, key, v) for v in value.items), value.start, value.end)
            case TextShape(word=True) if not spec.says.example.startswith('"') and _is_bare(value):
                return self._word(value)  # type: ignore[arg-type]  # a bare name is a scalar
            case shape:
                return self._one(shape, key, value)

    def _one(self, shape: Any, key: Scalar, value: Plain) -> ast.Value:
        """Return one value, or one item of a list."""
        if isinstance(value, Scalar) and value.kind == "nothing":
            return self._nothing(key, value)
        match shape, value:
            case (ListShape(words=True) | ChoiceShape(), Scalar()) if _is_bare(value):
                return self._word(value)
            case (ListShape(words=True), Scalar(kind="flag")):
                return self._word(value)
            case (ListShape(words=True), Scalar(kind="text", text=text)) if _is_number(text):
                return self._number(value)
            case (ListShape(patterns=True), Scalar(kind="text", text=text)) if match := REGEX.fullmatch(text):
                return self._pattern(match, value)
            case (ListShape(texts=True), Mapping(entries=((Scalar(text="text"), Scalar(kind="text") as inner),))):
                return self._generic(inner)
            case (NumberShape() | NumbersShape(), Scalar(kind="text", text=text)) if PERCENTAGE.fullmatch(text):
                return self._number(value)
            case (FlagShape(), Scalar(kind="flag")):
                return self._word(value)
        return self._generic(value)

    def _expression(self, key: Scalar, value: Plain) -> ast.Value:
        """Return what a text says that holds a condition, a target or a ranking."""
        if not isinstance(value, Scalar) or value.kind in ("number", "flag"):
            return self._generic(value)
        if value.kind == "nothing" or not value.text.strip():
            return self._nothing(key, value)
        lead = f"{key.text}: "
        inner = Report(Source(self.report.source.path, lead + value.text))
        module = parse(inner)
        shift = value.inner - len(lead)
        self.report.loosen(value)
        if value.start == value.inner:
            self.report.bare.add(value.inner)
        for found in inner.found:
            notes = [Note(self._shifted(note.span, shift), note.label) for note in found.secondary]
            fix = found.fix
            if fix is not None:
                edits = tuple(Edit(self._shifted(edit.span, shift), edit.text) for edit in fix.edits)
                fix = replace(fix, edits=edits)
            self.report.add(found.code, found.message, self._shifted(found.span, shift), label=found.label,
                            help=found.help, fix=fix, secondary=notes)  # fmt: skip
        if inner.found:
            self.broken.append((value.start, value.end))
            return ast.Missing(value.start, value.end)
        only = module.items[0]
        if len(module.items) > 1 or not isinstance(only, ast.Field):
            return ast.Text(value.text, value.start, value.end)  # which the field does not take
        moved: ast.Value = _moved(only.value, shift)
        return moved

    def _shifted(self, span: Span, shift: int) -> Span:
        return self.report.at(max(span.start + shift, 0), span.end + shift)

    def _words(self, key: Scalar, value: Plain) -> ast.Value:
        """Return names, or a list of them."""
        shape = ListShape(words=True)
        if isinstance(value, Listing):
            return ast.Array(tuple(self._one(shape, key, item) for item in value.items), value.start, value.end)
        return self._one(shape, key, value)

    def _text(self, key: Scalar, value: Plain) -> ast.Value:
        if isinstance(value, Scalar) and value.kind == "nothing":
            return self._nothing(key, value)
        return self._generic(value)

    def _generic(self, value: Plain) -> ast.Value:
        """Return a value as what it is, whatever the field takes: what is wrong with it is told where it is read."""
        match value:
            case Scalar("text", text, start, end):
                return ast.Text(text, start, end, "\n" in text)
            case Scalar("number"):
                return self._number(value)
            case Scalar(text=text):
                return ast.Word(text.lower(), value.start, value.end)
            case Listing(items, start, end):
                return ast.Array(tuple(self._generic(item) for item in items), start, end)
            case Mapping(_, start, end):
                return ast.Body((), start, end)

    def _number(self, value: Scalar) -> ast.Number:
        if value.start == value.inner:
            self.report.bare.add(value.start)
        percent = value.text.endswith("%")
        share = float(value.text[:-1]) / 100 if percent else float(value.text)
        return ast.Number(share, percent, value.text, value.start, value.end)

    def _pattern(self, match: re.Match[str], value: Scalar) -> ast.Value:
        control = re.search(r"[\x00-\x1f]", value.text)
        if control:
            self.report.add(
                "T0116", f"this pattern holds the control character U+{ord(control[0]):04X}", self._at(value),
                label="an escape was read", help="between double quotes write each backslash twice; in YAML, single"
                " quotes leave them as they are",
            )  # fmt: skip
            return ast.Missing(value.start, value.end)
        self.report.loosen(value)
        return ast.Regex(match[1], match[2], value.inner, value.inner + len(value.text))

    def _word(self, scalar: Scalar) -> ast.Word:
        text = scalar.text if scalar.kind == "text" else scalar.text.lower()
        return ast.Word(text, scalar.inner, scalar.inner_end)

    # ---- messages

    def _at(self, node: Plain) -> Span:
        return self.report.at(node.start, node.end)

    def _scalar(self, key: Scalar, value: Plain) -> Scalar | None:
        if isinstance(value, Scalar) and value.kind != "nothing":
            return value
        if isinstance(value, Scalar):
            self._nothing(key, value)
        else:
            self._misshapen(f"`{key.text}` takes one value, and this is {_what(value)}", value, None, key)
        return None

    def _nothing(self, key: Scalar, value: Scalar) -> ast.Missing:
        # An empty value stands nowhere; its key does.
        span = self._at(value) if value.text else self._at(key)
        self.report.add("T0023", f"something is missing after `{key.text}`", span, label="a value follows",
                        help="give the value, or remove the key")  # fmt: skip
        self.broken.append((key.start, max(key.end, value.end)))
        return ast.Missing(value.start, value.end)

    def _misshapen(self, message: str, node: Plain, help: str | None, key: Scalar | None = None) -> None:
        """Report a mapping where a list must be, and the like; what it says is not judged."""
        empty = node.end <= node.start
        place = self._at(key) if key is not None and empty else self.report.at(node.start, node.end)
        self.report.add("T0055", message, place, label=_what(node), help=help)
        self.broken.append((key.start if key is not None else node.start, max(node.end, node.start + 1)))


def _items(value: Plain) -> tuple[Plain, ...]:
    """One value needs no list."""
    return value.items if isinstance(value, Listing) else (value,)


def _is_bare(value: Plain) -> bool:
    """Whether a text is a name that `.tenet` text could have without quotes."""
    return isinstance(value, Scalar) and value.kind == "text" and is_name(value.text) and value.text not in OPERATORS


def _is_number(text: str) -> bool:
    return re.fullmatch(PERCENTAGE.pattern + "?", text) is not None


def _what(node: Plain | None) -> str:
    match node:
        case Mapping(entries):
            return "a mapping" if entries else "an empty mapping"
        case Listing():
            return "a list"
        case Scalar("text", text):
            return "a text" if text else "an empty text"
        case Scalar("number"):
            return "a number"
        case Scalar("flag", text):
            return f"`{text}`"
        case _:
            return "nothing"


def _short(text: str) -> str:
    return text if len(text) <= 24 else text[:23] + "…"


def _moved(node: Any, shift: int) -> Any:
    """Return a value of the tree with all its places moved."""
    changed: dict[str, Any] = {"start": node.start + shift, "end": node.end + shift}
    for part in fields(node):
        held = getattr(node, part.name)
        if isinstance(held, tuple):
            changed[part.name] = tuple(_moved(item, shift) for item in held)
        elif hasattr(held, "start") and not isinstance(held, str):
            changed[part.name] = _moved(held, shift)
    return replace(node, **changed)
