"""One file's syntax tree to records: which statements there are, and whether each is well formed by itself.

In: a `Module`. Out: a `Part`, the file's share of a document, and diagnostics. What needs other statements or other
files (does this name exist?) is judged in `spec/references.py`. The fields of a block are not listed here: they come
from the record's annotations (`spec/fields.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from spec import ast
from spec.blocks import Blocks
from spec.constructs import CONSTRUCTS, Body
from spec.diagnostics import Diagnostic, Edit, Fix, Note, Report, closest, did_you_mean
from spec.document import (
    Clause,
    Dimension,
    Example,
    Model,
    Priority,
    ProbeStatement,
    Train,
)
from spec.fields import field_specs
from spec.source import Span
from spec.values import DimensionUse, Values, Wrong, describe

VERSION = "1"
BLOCKS = (*CONSTRUCTS, "model", "train", "dimension", "probe")
"""The words that a statement in braces may start with."""
STATEMENTS = (*BLOCKS, "priority", "import")


# Settings that name files, and settings that may name a folder.
FILE_FIELDS = frozenset({"data", "chat_template"})
FOLDER_FIELDS = frozenset({"base", "teacher", "judge"})


@dataclass(frozen=True, slots=True)
class Declared:
    """Something that others may refer to by name; kind is None where the statement's kind is unknown."""

    kind: str | None
    name: str
    span: Span
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """A use of a clause's name: in `refuse.style`, or in a probe's `for`."""

    field: str
    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Ranking:
    names: tuple[str, ...]
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class FileUse:
    """A path that a setting names, for `loading.py` to look for. field: the setting's name."""

    field: str
    text: str
    span: Span


@dataclass(slots=True)
class Part:
    """What one file contributes. A statement with errors is absent from the records, and present in `declared`."""

    report: Report
    broken: tuple[tuple[int, int], ...] = ()
    imports: list[tuple[str, Span]] = field(default_factory=list)
    models: list[Model] = field(default_factory=list)
    trains: list[Train] = field(default_factory=list)
    clauses: list[Clause] = field(default_factory=list)
    dimensions: list[Dimension] = field(default_factory=list)
    priorities: list[Priority] = field(default_factory=list)
    probes: list[ProbeStatement] = field(default_factory=list)
    paths: list[FileUse] = field(default_factory=list)
    declared: list[Declared] = field(default_factory=list)
    styles: list[Reference] = field(default_factory=list)
    tested: list[Reference] = field(default_factory=list)
    rankings: list[Ranking] = field(default_factory=list)
    uses: list[DimensionUse] = field(default_factory=list)

    @property
    def diagnostics(self) -> list[Diagnostic]:
        return self.report.found

    def lost(self, name: str) -> bool:
        """Whether `name` stands in text that could not be read, so that its absence proves nothing."""
        text = self.report.source.text
        return any(name in text[start:end] for start, end in self.broken)


def read_module(module: ast.Module, report: Report) -> Part:
    """Return what `module` says; diagnostics go into the report."""
    blocks = Blocks(report, Values(report), module.broken, STATEMENTS)
    return _Reader(module, Part(report, module.broken), blocks).read()


@dataclass(slots=True)
class _Reader:
    module: ast.Module
    part: Part
    blocks: Blocks

    def read(self) -> Part:
        self._header()
        for item in self.module.items:
            match item:
                case ast.Directive():
                    self._directive(item)
                case ast.Field():
                    self._field_statement(item)
                case ast.Block():
                    self._block(item)
        self.part.uses = self.blocks.values.uses
        self.part.declared.extend(
            Declared(None, block.name.text, self.blocks.span(block.name)) for block in self.blocks.strays if block.name
        )
        return self.part

    @property
    def report(self) -> Report:
        return self.part.report

    # ---- directives

    def _header(self) -> None:
        report, items = self.report, self.module.items
        headers = [i for i in items if isinstance(i, ast.Directive) and i.keyword.text == "tenet"]
        if not headers:
            if any(start == 0 for start, _ in self.module.broken):
                return
            blank = not report.source.text.strip()
            more = "; `tenet new NAME` writes a whole spec" if blank else ""
            first = items[0].start if items else 0
            line_end = report.source.text.find("\n", first)
            end = len(report.source.text) if line_end < 0 else line_end
            report.add(
                "T0006", "the file is empty" if blank else "a spec starts with its language version",
                report.at(first, first if blank else max(end, first)),
                label="`tenet 1` stands before this", help=f"write `tenet {VERSION}` as the first line{more}",
                fix=Fix("add the header", (Edit(report.at(0, 0), f"tenet {VERSION}\n"),), "safe"),
            )  # fmt: skip
            return
        for again in headers[1:]:
            report.add(
                "T0008", "the version header stands once", self.blocks.span(again), label="a second header",
                secondary=[Note(self.blocks.span(headers[0]), "the first")],
                fix=Fix("remove it", (Edit(self.blocks.span(again), ""),), "safe"),
            )  # fmt: skip
        header = headers[0]
        if items[0] is not header:
            report.add(
                "T0008", "the version header stands before everything else", self.blocks.span(header), label="too late"
            )
        argument = header.argument
        if isinstance(argument, ast.Missing):
            return
        if not isinstance(argument, ast.Number) or argument.written != VERSION:
            written = argument.written if isinstance(argument, ast.Number) else f'"{argument.value}"'
            newer = isinstance(argument, ast.Number) and argument.value > float(VERSION)
            report.add(
                "T0007", f"this release of Tenet reads version {VERSION} of the language, not {written}",
                self.blocks.span(argument), label="newer than this release" if newer else "unknown version",
                help="upgrade Tenet, or ask the spec's author for one in version 1" if newer
                else f"write `tenet {VERSION}`",
            )  # fmt: skip

    def _directive(self, item: ast.Directive) -> None:
        word, argument = item.keyword, item.argument
        if word.text == "tenet":
            return
        if word.text == "import":
            if isinstance(argument, ast.Text):
                self.part.imports.append((argument.value, self.blocks.span(argument)))
            elif isinstance(argument, ast.Number):
                self.report.add(
                    "T0111", "`import` takes the path of a file in quotes, not a number", self.blocks.span(argument),
                    label="this is a number", help='for example `import "house-style.tenet"`',
                )  # fmt: skip
            return
        best = closest(word.text, ("tenet", "import"))
        if best is None and word.text in STATEMENTS:
            self.report.add(
                "T0107", f"`{word.text}` is not followed by text", self.blocks.span(item), label="not a statement",
                help=_shape_of_statement(word.text),
            )  # fmt: skip
            return
        self._unknown_statement(word, ("tenet", "import") if best else STATEMENTS)

    def _unknown_statement(self, word: ast.Word, known: Iterable[str]) -> None:
        if not word.text:
            return  # recovery has spoken of it
        span = self.blocks.span(word)
        help, fix = did_you_mean(word.text, known, span)
        self.report.add(
            "T0100", f"there is no statement `{word.text}`", span, label="unknown statement", help=help, fix=fix
        )

    def _field_statement(self, item: ast.Field) -> None:
        name = item.name.text
        if name == "priority":
            self._priority(item)
        elif isinstance(item.value, ast.Body) and name in ("model", "train"):
            self._settings(ast.Block(item.name, None, None, item.value, item.start, item.end))
        elif name in STATEMENTS:
            self.report.add(
                "T0107", f"`{name}` is not written with a colon", self.blocks.span(item.name),
                label="a block, not a field",
                help=_shape_of_statement(name),
            )  # fmt: skip
        elif any(name in field_specs(record) for record in (*CONSTRUCTS.values(), Clause, Model, Train, Example)):
            self.report.add(
                "T0101", f"`{name}` stands outside of any block", self.blocks.span(item.name),
                label="a field of nothing",
                help="fields stand between the braces of a block; is a `}` too early?",
            )  # fmt: skip
        else:
            self._unknown_statement(item.name, STATEMENTS)

    def _priority(self, item: ast.Field) -> None:
        value = item.value
        if isinstance(value, ast.Missing):
            return
        chained = isinstance(value, ast.Comparison) and all(
            isinstance(operand, ast.Word | ast.Missing) for operand in value.operands
        ) and all(operator.text == ">" for operator in value.operators)  # fmt: skip
        if not chained or not isinstance(value, ast.Comparison):
            span = self.blocks.span(value)
            message, label = f"a priority ranks names with `>`, not {describe(value)}", "no ranking"
            if isinstance(value, ast.Comparison):
                odd = next((o for o in value.operators if o.text != ">"), None)
                if odd is not None:
                    span, message, label = (
                        self.blocks.span(odd),
                        f"a priority ranks with `>`, not `{odd.text}`",
                        "not `>`",
                    )
            elif isinstance(value, ast.Word):
                message, label = "a priority ranks at least two names", "one name"
            self.report.add("T0212", message, span, label=label, help="for example `priority: safety > honesty`")
            return
        words = [operand for operand in value.operands if isinstance(operand, ast.Word)]
        if len(words) == len(value.operands):
            self.part.priorities.append(Priority(tuple(w.text for w in words), self.blocks.span(item)))
        self.part.rankings.append(Ranking(tuple(w.text for w in words), tuple(self.blocks.span(w) for w in words)))

    # ---- blocks

    def _block(self, block: ast.Block) -> None:
        kind = block.kind.text
        if kind in CONSTRUCTS:
            self._clause(block)
        elif kind in ("model", "train"):
            self._settings(block)
        elif kind == "dimension":
            self._dimension(block)
        elif kind == "probe":
            self._probe(block)
        elif kind == "priority":
            self.report.add(
                "T0107", "`priority` is written with a colon", self.blocks.span(block.kind),
                label="a field, not a block",
                help="for example `priority: safety > honesty`",
            )  # fmt: skip
        else:
            self._unknown_statement(block.kind, STATEMENTS)
            if block.name:
                self.part.declared.append(Declared(None, block.name.text, self.blocks.span(block.name)))

    def _clause(self, block: ast.Block) -> None:
        kind = block.kind.text
        construct: type[Body] = CONSTRUCTS[kind]
        name = self.blocks.name(block, dotted=False)
        level = self.blocks.level(block) or construct.default_level
        specs = {**field_specs(construct), **field_specs(Clause)}
        owner = f"{kind} `{name.text}`" if name else kind
        filled = self.blocks.fill(block.body, specs, owner, self.blocks.head(block))
        if name is not None:
            tags = filled.values.get("tags")
            known = tags if isinstance(tags, tuple) else ()
            self.part.declared.append(Declared(kind, name.text, self.blocks.span(name), known))
        if construct.needs and not any(filled.place(need) for need in construct.needs) and filled.whole:
            options = " or ".join(f"`{need}`" for need in construct.needs)
            spec = specs[construct.needs[0]]
            self.report.add(
                "T0215", f"{owner} says nothing", self.blocks.head(block), label=f"needs {options}",
                help=f"for example `{spec.name}: {spec.says.example}`",
            )  # fmt: skip
            filled.ok = False
        target = filled.values.get("target")
        if target is not None and not isinstance(target, Wrong) and target.comparison != construct.target_comparison:
            wanted = construct.target_comparison
            span = filled.place("target") or self.blocks.head(block)
            what = "answers that break it" if wanted == "<=" else "answers that keep it"
            self.report.add(
                "T0115", f"the target of a {kind} is the share of {what}, so it takes `{wanted}`", span,
                label="points the wrong way",
                help=f"for example `target: {wanted} {'1%' if wanted == '<=' else '90%'}`",
            )  # fmt: skip
            filled.ok = False
        style = filled.values.get("style")
        if isinstance(style, str):
            self.part.styles.append(Reference("style", style, self.blocks.value_place(block.body, "style")))
        if name is None or not filled.ok:
            return
        common = {s.attribute for s in field_specs(Clause).values()}
        own = {k: v for k, v in filled.values.items() if k not in common}
        shared = {k: v for k, v in filled.values.items() if k in common}
        self.part.clauses.append(
            Clause(
                f"{kind}.{name.text}", kind, name.text, level, construct(**own), **shared,
                span=self.blocks.span(block), field_spans=tuple(filled.places),
            )
        )  # fmt: skip

    def _settings(self, block: ast.Block) -> None:
        kind = block.kind.text
        self.blocks.needless(block)
        record: type[Model] | type[Train] = Model if kind == "model" else Train
        filled = self.blocks.fill(block.body, field_specs(record), f"`{kind}`", self.blocks.head(block))
        self.part.declared.append(Declared(kind, "", self.blocks.head(block)))
        self._paths(block.body)
        if filled.ok and record is Model:
            self.part.models.append(Model(**filled.values, span=self.blocks.span(block)))
        elif filled.ok:
            self.part.trains.append(Train(**filled.values, span=self.blocks.span(block)))

    def _paths(self, body: ast.Body) -> None:
        """Note the paths in a block of settings; a model's name is one where it is written as a folder."""
        for item in body.items:
            if not isinstance(item, ast.Field) or item.name.text not in FILE_FIELDS | FOLDER_FIELDS:
                continue
            for value in item.value.items if isinstance(item.value, ast.Array) else (item.value,):
                if not isinstance(value, ast.Text) or not value.value.strip():
                    continue
                if item.name.text in FILE_FIELDS or value.value.startswith(("./", "../", "/")):
                    self.part.paths.append(FileUse(item.name.text, value.value, self.blocks.span(value)))

    def _dimension(self, block: ast.Block) -> None:
        name = self.blocks.name(block, dotted=True)
        self.blocks.no_level(block)
        specs = field_specs(Dimension)
        owner = f"dimension `{name.text}`" if name else "dimension"
        filled = self.blocks.fill(block.body, specs, owner, self.blocks.head(block))
        values = filled.values
        if filled.place("type") is None and filled.ok and filled.whole:
            guess = "enum" if "values" in values else "judged" if "means" in values else None
            if guess is None:
                self.report.add(
                    "T0215", f"{owner} does not say what its values are", self.blocks.head(block),
                    label="needs `values`, `means` or `type`",
                    help="for example `values: [customer, clinician]`, or `type: boolean`",
                )  # fmt: skip
                filled.ok = False
            values["type"] = guess
        kind = values.get("type")
        for needed, owner_type in (("values", "enum"), ("means", "judged")):
            if not filled.ok:
                break
            if (kind == owner_type) != (needed in values) and not (needed == "means" and needed in values):
                span = filled.place(needed) or filled.place("type") or self.blocks.head(block)
                self.report.add(
                    "T0216", f"a dimension of type {kind} {'needs' if kind == owner_type else 'has no'} `{needed}`",
                    span, label=f"type is {kind}",
                )  # fmt: skip
                filled.ok = False
        if name is None:
            return
        self.part.declared.append(Declared("dimension", name.text, self.blocks.span(name)))
        if filled.ok:
            self.part.dimensions.append(Dimension(name.text, **values, span=self.blocks.span(block)))

    def _probe(self, block: ast.Block) -> None:
        name = self.blocks.name(block, dotted=False)
        self.blocks.no_level(block)
        owner = f"probe `{name.text}`" if name else "probe"
        filled = self.blocks.fill(block.body, field_specs(ProbeStatement), owner, self.blocks.head(block))
        if name is not None:
            self.part.declared.append(Declared("probe", name.text, self.blocks.span(name)))
        clause = filled.values.get("clause")
        if isinstance(clause, str):
            self.part.tested.append(Reference("for", clause, self.blocks.value_place(block.body, "for")))
        if name is not None and filled.ok:
            self.part.probes.append(ProbeStatement(name.text, **filled.values, span=self.blocks.span(block)))


def _shape_of_statement(name: str) -> str:
    if name == "priority":
        return "for example `priority: safety > honesty`"
    if name == "import":
        return 'for example `import "house-style.tenet"`'
    if name in ("model", "train"):
        return f"for example `{name} {{ ... }}`"
    return f"for example `{name} short_name {{ ... }}`"
