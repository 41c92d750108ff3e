"""A plain tree to the syntax tree that the parser makes of `.tenet` text.

In: a `Root` and a `PlainReport` over the source that it stands in. Out: a `Module` with places in that source, and
diagnostics on the shape alone. Whether a value is right is judged where it is for text (`spec/statements.py`,
`blocks.py`, `values.py`), so that no rule is written twice. How each thing is written, but for values
(`spec/plain_values.py`):

    trait: { caring: { at: user, means: "..." } }     trait caring at user { means: "..." }
    example: [{ user: "...", good: "..." }]           example { user: "..."  good: "..." }
    bad: { text: "...", why: "..." }                  bad: "..."  why: "..."
    turns: [{ user: "..." }, { assistant: "..." }]    user: "..."  assistant: "..."
    statements: [{ trait: ... }, { refuse: ... }]     what does not stand sorted by kind
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from spec import ast
from spec.blocks import ANSWERS, ROLES
from spec.constructs import CONSTRUCTS
from spec.descriptions import shortened
from spec.diagnostics import Edit, Fix, Report
from spec.document import Clause, Dimension, Section
from spec.fields import FieldSpec, RecordShape, TurnsShape, field_specs
from spec.lexer import is_name
from spec.plain import Listing, Mapping, Plain, Root, Scalar
from spec.plain_report import PlainReport
from spec.plain_values import PlainValues, items_of, what_is, word_of
from spec.vocabulary import BLOCKS, CONTAINERS, NAMED, RESERVED, SETTINGS, STATEMENTS, VERSION

GROUP = "statements"
"""The key of a list of groups of statements, for what does not stand sorted by kind."""
SCHEMA = "$schema"
"""The key by which an editor finds the schema of a JSON file."""
INCLUSION = {"import": ("file", "as", "with"), "extends": ("file", "with")}


def read_plain(root: Root, report: PlainReport) -> ast.Module:
    """Return the syntax tree of what a file holds; an unreadable file has none, and is all broken."""
    everything = (0, max(len(report.source.text), 1))
    if root.tree is None and report.found:
        return ast.Module((), (), (everything,))
    values = PlainValues(report)
    items = _Reader(report, values).module(root.tree)
    comments = tuple(ast.Comment(report.source.text[start:end], start, end) for start, end in root.comments)
    return ast.Module(tuple(items), comments, tuple(values.broken), 2 * root.values)


def specs_of(kind: str) -> dict[str, FieldSpec]:
    """Return the fields that a statement of a kind may have."""
    if kind in CONSTRUCTS:
        return {**field_specs(CONSTRUCTS[kind]), **field_specs(Clause)}
    if kind in CONTAINERS:
        return field_specs(Section)
    return field_specs(Dimension if kind == "dimension" else SETTINGS.get(kind) or NAMED[kind])


@dataclass(slots=True)
class _Reader:
    """Reads the statements of one file, and the fields of each."""

    report: PlainReport
    values: PlainValues

    # ---- the file

    def module(self, tree: Plain | None) -> list[ast.Item]:
        report = self.report
        if not isinstance(tree, Mapping):
            blank = tree is None or (isinstance(tree, Scalar) and tree.kind == "nothing")
            message = "the file is empty" if blank else f"a spec is a mapping, and this is {what_is(tree)}"
            code = "T0006" if blank else "T0055"
            start, end = (0, 0) if tree is None else (tree.start, tree.end)
            report.add(code, message, report.at(start, end), label="" if blank else "no mapping",
                       help=f"write `tenet: {VERSION}` as the first line")  # fmt: skip
            self.values.broken.append((0, max(len(report.source.text), 1)))
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
            for group in items_of(value):
                if isinstance(group, Mapping):
                    yield from (i for k, v in group.entries for i in self.statement(k, v, top and k.text in INCLUSION))
                else:
                    self.values.misshapen(f"`{GROUP}` lists groups of statements, and this is {what_is(group)}", group,
                                          f"for example `{GROUP}: [{{trait: {{caring: {{...}}}}}}, ...]`")  # fmt: skip
        elif top and kind == "tenet":
            if (argument := self.values.scalar(key, value)) is not None:
                text = ast.Text(argument.text, argument.start, argument.end)
                version = self.values.number(argument) if argument.kind == "number" else text
                yield ast.Directive(word_of(key), version, None, None, key.start, argument.end)
        elif kind in INCLUSION and not top:
            self.values.misshapen(f"`{kind}` stands outside of sections", key, "move it to the top of the file")
        elif kind in INCLUSION:
            for item in items_of(value):
                yield from self._inclusion(key, item)
        elif kind == "priority":
            for item in items_of(value):
                chain = self.values.expression(key, item)
                yield ast.Field(word_of(key), chain, key.start, max(key.end, item.end))
        elif kind == "drop":
            names = self.values.words(key, value)
            yield ast.Field(word_of(key), names, key.start, value.end)
        elif kind in SETTINGS:
            if isinstance(value, Mapping):
                body = self._body(specs_of(kind), value, settings=True)
                yield ast.Block(word_of(key), None, None, body, key.start, value.end)
            else:
                self.values.misshapen(f"`{kind}` holds settings, and this is {what_is(value)}", value,
                                      f"for example `{kind}: {{{next(iter(specs_of(kind)))}: ...}}`", key)  # fmt: skip
        elif kind in BLOCKS:
            yield from self._named(key, value)
        else:
            yield from self._unknown(key, value)

    def _named(self, key: Scalar, value: Plain) -> Iterable[ast.Item]:
        """Yield the blocks of a kind, each from its name."""
        kind = key.text
        if not isinstance(value, Mapping):
            self.values.misshapen(f"`{kind}` holds names, each with its fields, and this is {what_is(value)}", value,
                                  f"for example `{kind}: {{short_name: {{...}}}}`", key)  # fmt: skip
            return
        for name, fields_ in value.entries:
            if not is_name(name.text) or name.text in RESERVED:
                self.report.add(
                    "T0053", f"`{shortened(name.text)}` is no name", self.report.at(name.start, name.end),
                    label="no name", help=f"`{name.text}` is a word of the language" if name.text in RESERVED
                    else "a name has letters, digits, `_` and `-`, and starts with a letter: `short_name`",
                )  # fmt: skip
                self.values.broken.append((name.start, max(name.end, fields_.end)))
                continue
            if not isinstance(fields_, Mapping):
                message = f"`{name.text}` holds the fields of a {kind}, and this is {what_is(fields_)}"
                example = f"{name.text}: {{{next(iter(specs_of(kind)))}: ...}}"
                self.values.misshapen(message, fields_, f"for example `{example}`", name)
                continue
            level = fields_.get("at")
            word = self._level(level) if level is not None else None
            body = self._body(specs_of(kind), fields_, inside=kind in CONTAINERS)
            yield ast.Block(word_of(key), word_of(name), word, body, name.start, fields_.end)

    def _level(self, value: Plain) -> ast.Word:
        if isinstance(value, Scalar) and value.kind == "text" and value.text:
            return word_of(value)
        self.values.misshapen(f"`at` takes a level, and this is {what_is(value)}", value, "for example `at: developer`")
        return ast.Word("", value.start, value.end)

    def _unknown(self, key: Scalar, value: Plain) -> Iterable[ast.Item]:
        """Yield a statement of no known kind: its word once, and every name, since others may refer to them."""
        entries = value.entries if isinstance(value, Mapping) else ()
        names = [name for name, inner in entries if isinstance(inner, Mapping)]
        body = ast.Body((), value.start, value.end)
        first = word_of(names[0]) if names and is_name(names[0].text) else None
        yield ast.Block(word_of(key), first, None, body, key.start, value.end)
        for name in names[1:]:
            # An empty word: the first block has spoken of it.
            yield ast.Block(ast.Word("", key.start, key.end), word_of(name), None, body, name.start, value.end)

    def _inclusion(self, key: Scalar, item: Plain) -> Iterable[ast.Item]:
        word = word_of(key)
        if not isinstance(item, Mapping):
            if (path := self.values.scalar(key, item)) is not None:
                yield ast.Directive(word, self._path(path), None, None, path.start, path.end)
            return
        known, kind = INCLUSION[key.text], key.text
        for name, _ in item.entries:
            if name.text not in known:
                span = self.report.at(name.start, name.end)
                self.report.add("T0101", f"`{kind}` has no field `{name.text}`", span, label="unknown field",
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
                name_of = word_of(alias)
            else:
                message = f"`as` takes a name, and this is {what_is(alias)}"
                self.values.misshapen(message, alias, "for example `as: house`")
        body = None
        if isinstance(given, Mapping):
            texts = tuple(ast.Field(word_of(k), self.values.text(k, v), k.start, v.end) for k, v in given.entries)
            body = ast.Body(texts, given.start, given.end)
        elif given is not None:
            self.values.misshapen(f"`with` gives texts to parameters by name, and this is {what_is(given)}", given,
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
                items.append(self._field(key, self.values.text(key, value), value))
            elif name == "level" and spec is None and not settings and isinstance(value, Scalar):
                span = self.report.at(key.inner, key.inner_end)
                self.report.add("T0101", "a level is given by `at`, not by `level`", span, label="write `at`",
                                help=f"write `at: {shortened(value.text)}`",
                                fix=Fix("write `at`", (Edit(span, "at"),), "safe"))  # fmt: skip
            elif spec is None:
                items.append(self._field(key, self.values.generic(value), value))
            elif explained and name in ANSWERS:
                items.extend(self._answers(key, value))
            elif explained and name == "why":
                items.extend(self._field(key, self.values.text(key, item), item) for item in items_of(value))
            elif isinstance(spec.shape, RecordShape):
                inner = field_specs(spec.shape.record)
                for item in items_of(value) if spec.shape.many else (value,):
                    mapped = isinstance(item, Mapping)
                    node = self._body(inner, item, settings=True) if mapped else self.values.generic(item)  # type: ignore[arg-type]  # it is one
                    items.append(self._field(key, node, item))
            else:
                items.append(self._field(key, self.values.value(spec, key, value), value))
        return ast.Body(tuple(items), tree.start, tree.end)

    def _field(self, key: Scalar, value: ast.Value, at: Plain) -> ast.Field:
        return ast.Field(word_of(key), value, key.start, max(key.end, at.end))

    def _turns(self, value: Plain, key: Scalar) -> Iterable[ast.Item]:
        for turn in items_of(value):
            if isinstance(turn, Mapping) and len(turn.entries) == 1:
                role, text = turn.entries[0]
                if role.text in ROLES:
                    yield self._field(role, self.values.text(role, text), text)
                    continue
            message = f"`turns` lists what is said by whom, and this is {what_is(turn)}"
            example = '`turns: [{user: "..."}, {assistant: "..."}, {user: "..."}]`'
            self.values.misshapen(message, turn, f"for example {example}", key)

    def _answers(self, key: Scalar, value: Plain) -> Iterable[ast.Item]:
        """Yield answers, each followed by the reasons that stand with it."""
        plain: list[ast.Value] = []
        first: Plain | None = None

        def flush(last: Plain | None) -> Iterable[ast.Item]:
            if plain and first is not None and last is not None:
                only = plain[0] if len(plain) == 1 else ast.Array(tuple(plain), first.start, last.end)
                yield ast.Field(word_of(key), only, key.start, last.end)
            plain.clear()

        items = items_of(value)
        if isinstance(value, Listing) and not items:
            yield self._field(key, ast.Array((), value.start, value.end), value)
        before: Plain | None = None
        for item in items:
            if not isinstance(item, Mapping):
                first = first if plain else item
                plain.append(self.values.text(key, item))
                before = item
                continue
            yield from flush(before)
            for name, _ in item.entries:
                if name.text not in ("text", "why"):
                    span = self.report.at(name.start, name.end)
                    self.report.add("T0101", f"an answer has no field `{name.text}`", span,
                                    label="unknown field", help="it is one of: text, why")  # fmt: skip
            text, why = item.get("text"), item.get("why")
            if text is None:
                self.report.add("T0102", "this answer has no `text`", self.report.at(item.start, item.start + 1),
                                label="`text` is missing", help='for example `{text: "...", why: "..."}`')  # fmt: skip
                yield self._field(key, ast.Missing(item.start, item.end), item)
                continue
            yield self._field(key, self.values.text(key, text), text)
            for reason in items_of(why) if why is not None else ():
                word = next(k for k, _ in item.entries if k.text == "why")
                yield self._field(word, self.values.text(word, reason), reason)
        yield from flush(before)
