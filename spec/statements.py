"""One file's syntax tree to records: which statements there are, and whether each is well formed by itself.

In: a `Module`. Out: a `Part`, the file's share of a document, and diagnostics. What needs other statements or other
files (does this name exist?) is judged in `spec/references.py`. The fields of a block are not listed here: they come
from the record's annotations (`spec/fields.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from spec import ast
from spec.balance import Landmarks
from spec.blocks import Blocks
from spec.constructs import CONSTRUCTS, Body
from spec.diagnostics import Edit, Fix, Note, Report, closest, did_you_mean
from spec.document import (
    Alike,
    And,
    Authority,
    Balance,
    Clause,
    Condition,
    Dimension,
    Example,
    Grant,
    Level,
    Model,
    Or,
    Override,
    Parameter,
    Priority,
    ProbeStatement,
    Section,
    Term,
    Train,
)
from spec.fields import FieldSpec, field_specs
from spec.part import Declared, FileUse, Inclusion, Part, Ranking, Reference
from spec.source import Span
from spec.values import Values, Wrong, describe

VERSION = "1"
CONTAINERS = ("section", "overlay")
"""Blocks that statements stand in."""
SETTINGS: dict[str, type[Model | Train | Authority]] = {"model": Model, "train": Train, "authority": Authority}
"""Blocks without a name, each once in a spec."""
NAMED: dict[str, type[Any]] = {
    "probe": ProbeStatement, "term": Term, "parameter": Parameter, "grant": Grant, "balance": Balance, "alike": Alike,
}  # fmt: skip
"""Blocks that have a name and state no behaviour; `dimension` is read by itself."""
BLOCKS = (*CONSTRUCTS, *CONTAINERS, *SETTINGS, *NAMED, "dimension")
"""The words that a statement in braces may start with."""
STATEMENTS = (*BLOCKS, "priority", "drop", "import", "extends")
LANDMARKS = Landmarks(frozenset(STATEMENTS), frozenset(CONTAINERS))

# Settings that name files, and settings that may name a folder.
FILE_FIELDS = frozenset({"data", "chat_template"})
FOLDER_FIELDS = frozenset({"base", "teacher", "judge"})
# Fields that name clauses: of clauses, and of other statements.
CLAUSE_NAMING = ("see", "style")
NAMING = ("for", "over", "of")


@dataclass(frozen=True, slots=True)
class Prelude:
    """What must be known of a file before its statements are read.

    parameters: name -> text; None where the text is missing. places: where each is declared.
    """

    inclusions: tuple[Inclusion, ...]
    parameters: dict[str, str | None]
    places: dict[str, Span]


@dataclass(frozen=True, slots=True)
class Inherited:
    """What a file extends: clauses by id, and settings."""

    clauses: Mapping[str, Clause] = field(default_factory=dict)
    settings: Mapping[type[Any], Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Given:
    """What the sections around a statement give to it, all of them together. section: the innermost."""

    section: str | None = None
    level: Level | None = None
    when: Condition | None = None
    unless: Condition | None = None
    tags: tuple[str, ...] = ()
    override: Override | None = None
    places: tuple[tuple[str, Span], ...] = ()

    def within(self, section: Section, places: tuple[tuple[str, Span], ...] = ()) -> Given:
        """Return what stands inside of `section` gets."""
        return Given(
            section=section.name,
            level=section.level or self.level,
            when=_both(self.when, section.when),
            unless=_either(self.unless, section.unless),
            tags=tuple(dict.fromkeys((*self.tags, *section.tags))),
            override=section.override or self.override,
            places=(*self.places, *places),
        )

    def put(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of a clause with what it is given."""
        joined = {
            "when": _both(self.when, values.get("when")),
            "unless": _either(self.unless, values.get("unless")),
            "tags": tuple(dict.fromkeys((*self.tags, *values.get("tags", ())))),
            "override": values.get("override") or self.override,
        }
        return {**values, **{key: value for key, value in joined.items() if value}}


def _both(outer: Condition | None, inner: Condition | None) -> Condition | None:
    return And((outer, inner)) if outer is not None and inner is not None else outer or inner


def _either(outer: Condition | None, inner: Condition | None) -> Condition | None:
    return Or((outer, inner)) if outer is not None and inner is not None else outer or inner


def read_prelude(module: ast.Module, report: Report, given: Mapping[str, str]) -> Prelude:
    """Return the files that `module` includes, and its parameters, `given` first.

    Wrong ones are reported by `read_module`, and by who follows the inclusions.
    """
    texts: dict[str, str | None] = {}
    places: dict[str, Span] = {}
    for block in _everywhere(module.items):
        if block.kind.text == "parameter" and block.name is not None and block.name.text:
            name = block.name.text
            defaults = [i.value for i in block.body.items if isinstance(i, ast.Field) and i.name.text == "default"]
            text = defaults[0].value if defaults and isinstance(defaults[0], ast.Text) else None
            texts.setdefault(name, given.get(name, text))
            places.setdefault(name, report.at(block.name.start, block.name.end))
    found = []
    for item in module.items:
        if isinstance(item, ast.Directive) and item.keyword.text in ("import", "extends"):
            if not isinstance(item.argument, ast.Text):
                continue
            arguments = tuple(
                (i.name.text, i.value.value, report.at(i.name.start, i.name.end))
                for i in (item.body.items if item.body else ())
                if isinstance(i, ast.Field) and isinstance(i.value, ast.Text)
            )
            found.append(
                Inclusion(
                    "import" if item.keyword.text == "import" else "extends",
                    item.argument.value,
                    report.at(item.argument.start, item.argument.end),
                    item.alias.text if item.alias else None,
                    arguments,
                    report.whole(item.start, item.end),
                )
            )
    return Prelude(tuple(found), texts, places)


def _everywhere(items: Iterable[ast.Item]) -> Iterator[ast.Block]:
    for item in items:
        if isinstance(item, ast.Block):
            yield item
            if item.kind.text in CONTAINERS:
                yield from _everywhere(item.body.items)


def read_module(
    module: ast.Module,
    report: Report,
    prelude: Prelude | None = None,
    prefix: str = "",
    inherited: Inherited | None = None,
) -> Part:
    """Return what `module` says; diagnostics go into the report.

    prefix: what stands before the names of its clauses. inherited: what the file extends.
    """
    prelude = prelude or read_prelude(module, report, {})
    blocks = Blocks(report, Values(report, prelude.parameters), module.broken, STATEMENTS)
    part = Part(report, module.broken, prefix, list(prelude.inclusions))
    return _Reader(module, part, blocks, inherited or Inherited()).read()


@dataclass(slots=True)
class _Reader:
    module: ast.Module
    part: Part
    blocks: Blocks
    inherited: Inherited

    def read(self) -> Part:
        self._header()
        self._items(self.module.items, Given())
        self.part.uses = self.blocks.values.uses
        self.part.declared.extend(
            Declared(None, block.name.text, self.blocks.span(block.name)) for block in self.blocks.strays if block.name
        )
        return self.part

    def _items(self, items: Iterable[ast.Item], given: Given) -> None:
        for item in items:
            match item:
                case ast.Directive():
                    self._directive(item)
                case ast.Field():
                    self._field_statement(item)
                case ast.Block():
                    self._block(item, given)

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
                fix=Fix("remove it", (Edit(report.whole(again.start, again.end), ""),), "safe"),
            )  # fmt: skip
        header = headers[0]
        if items[0] is not header:
            written = report.source.text[header.start : header.end]
            moved = (Edit(report.at(0, 0), f"{written}\n"), Edit(report.whole(header.start, header.end), ""))
            report.add(
                "T0008", "the version header stands before everything else", self.blocks.span(header), label="too late",
                secondary=[Note(report.at(items[0].start, items[0].start + 1), "this stands before it")],
                fix=Fix("move it to the first line", moved, "safe"),
            )  # fmt: skip
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
                fix=None if newer else Fix(f"write `{VERSION}`", (Edit(self.blocks.span(argument), VERSION),),
                                           "safe" if _says_version(argument) else "unsafe"),
            )  # fmt: skip

    def _directive(self, item: ast.Directive) -> None:
        word, argument = item.keyword, item.argument
        if word.text == "tenet":
            return
        if word.text in ("import", "extends"):
            if isinstance(argument, ast.Number):
                self.report.add(
                    "T0111", f"`{word.text}` takes the path of a file in quotes, not a number",
                    self.blocks.span(argument), label="this is a number",
                    help=f'for example `{word.text} "house-style.tenet"`',
                )  # fmt: skip
            self._arguments(item)
            return
        if word.text in BLOCKS and item.body is not None and isinstance(argument, ast.Text):
            span = self.blocks.span(argument)
            self.part.declared.append(Declared(None, argument.value, span))
            self.report.add(
                "T0024", "names are written without quotes", span, label="a name",
                fix=self.blocks.values.without_quotes(argument),
            )  # fmt: skip
            return
        best = closest(word.text, ("tenet", "import", "extends"))
        if best is None and word.text in STATEMENTS:
            self.report.add(
                "T0107", f"`{word.text}` is not followed by text", self.blocks.span(item), label="not a statement",
                help=_shape_of_statement(word.text),
            )  # fmt: skip
            return
        self._unknown_statement(word, ("tenet", "import", "extends") if best else STATEMENTS)

    def _arguments(self, item: ast.Directive) -> None:
        """Report what cannot stand behind a path; the arguments themselves are in the prelude."""
        if item.keyword.text == "extends" and item.alias is not None:
            self.report.add(
                "T0107", "`extends` gives no new name", self.blocks.span(item.alias), label="remove this",
                help="what is extended keeps its names; `import ... as` gives them one in front",
                fix=Fix("remove the name", (Edit(self.report.at(item.argument.end, item.alias.end), ""),)),
            )  # fmt: skip
        for argument in item.body.items if item.body else ():
            if isinstance(argument, ast.Field) and isinstance(argument.value, ast.Text | ast.Missing):
                continue
            self.report.add(
                "T0111", "a parameter is given as text in quotes", self.blocks.span(argument), label="no text",
                help='for example `{ maker: "Harbor Marine" }`',
            )  # fmt: skip

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
        elif name == "drop":
            self._drop(item)
        elif isinstance(item.value, ast.Body) and name in SETTINGS:
            self._settings(ast.Block(item.name, None, None, item.value, item.start, item.end))
        elif name in STATEMENTS:
            self.report.add(
                "T0107", f"`{name}` is not written with a colon", self.blocks.span(item.name),
                label="a block, not a field",
                help=_shape_of_statement(name),
            )  # fmt: skip
        elif any(name in field_specs(r) for r in (*CONSTRUCTS.values(), Clause, *SETTINGS.values(), Example)):
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

    def _drop(self, item: ast.Field) -> None:
        """`drop: [trait.caring]`: clauses of the extended file that shall not count."""
        if isinstance(item.value, ast.Missing):
            return
        names = item.value.items if isinstance(item.value, ast.Array) else (item.value,)
        for name in names:
            if isinstance(name, ast.Missing):
                continue
            if not isinstance(name, ast.Word):
                self.report.add(
                    "T0111", f"`drop` lists clauses, not {describe(name)}", self.blocks.span(name),
                    label=f"this is {describe(name)}", help="for example `drop: [trait.caring]`",
                    fix=self.blocks.values.without_quotes(name),
                )  # fmt: skip
                continue
            span = self.blocks.span(name)
            found = [c for c in self.inherited.clauses.values() if name.text in (c.id, c.name)]
            if len(found) != 1:
                help, fix = did_you_mean(name.text, self.inherited.clauses, span)
                self.report.add(
                    "T0202", f"the extended file has no clause `{name.text}`" if not found
                    else f"`{name.text}` could be {' or '.join(f'`{c.id}`' for c in found)}",
                    span, label="cannot be dropped", help=help or "only what `extends` brings can be dropped", fix=fix,
                )  # fmt: skip
            elif self._may_change(found[0], span):
                self.part.dropped.append(Reference("drop", found[0].id, span))

    def _may_change(self, clause: Clause, span: Span) -> bool:
        """Report a change of a clause that nobody may change."""
        override = clause.override or ("never" if clause.level is Level.ROOT else None)
        if override != "never":
            return True
        why = "is at root" if clause.override is None else "says `override: never`"
        self.report.add(
            "T0223", f"`{clause.id}` cannot be changed: it {why}", span, label="changes a floor",
            help="add a clause of another name beside it; what it says stays",
            secondary=[Note(clause.span, "the floor")],
        )  # fmt: skip
        return False

    # ---- blocks

    def _block(self, block: ast.Block, given: Given) -> None:
        kind = block.kind.text
        if kind in CONSTRUCTS:
            self._clause(block, given)
        elif kind in CONTAINERS:
            self._section(block, given)
        elif kind in SETTINGS:
            self._settings(block)
        elif kind == "dimension":
            self._dimension(block)
        elif kind in NAMED:
            self._named(block, given)
        elif kind in ("priority", "drop"):
            self.report.add(
                "T0107", f"`{kind}` is written with a colon", self.blocks.span(block.kind),
                label="a field, not a block",
                help=_shape_of_statement(kind),
            )  # fmt: skip
        else:
            self._unknown_statement(block.kind, STATEMENTS)
            if block.name:
                self.part.declared.append(Declared(None, block.name.text, self.blocks.span(block.name)))

    def _section(self, block: ast.Block, given: Given) -> None:
        """Read a section's own fields, then the statements in it, which get what it says."""
        kind = block.kind.text
        name = self.blocks.name(block, dotted=False)
        owner = f"{kind} `{name.text}`" if name else kind
        specs = field_specs(Section)
        own = tuple(i for i in block.body.items if not _is_statement(i, specs))
        filled = self.blocks.fill(replace(block.body, items=own), specs, owner, self.blocks.head(block))
        if kind == "overlay" and filled.whole and not (filled.place("when") or given.when):
            self.report.add(
                "T0215", f"{owner} does not say when it holds", self.blocks.head(block), label="needs `when`",
                help="for example `when: user.age_band == teen`; what always holds is a `section`",
            )  # fmt: skip
        section = Section(
            "overlay" if kind == "overlay" else "section",
            self.part.prefix + name.text if name else "",
            **{key: value for key, value in filled.values.items() if not isinstance(value, Wrong)},
            level=self.blocks.level(block),
            parent=given.section,
            span=self.blocks.span(block),
        )
        if name is not None:
            self.part.declared.append(Declared(kind, section.name, self.blocks.span(name)))
            self.part.sections.append(section)
        places = tuple((field, span) for field, span in filled.places if field in ("when", "unless"))
        self._items((i for i in block.body.items if _is_statement(i, specs)), given.within(section, places))

    def _clause(self, block: ast.Block, given: Given) -> None:
        kind = block.kind.text
        construct: type[Body] = CONSTRUCTS[kind]
        name = self.blocks.name(block, dotted=False)
        specs = {**field_specs(construct), **field_specs(Clause)}
        owner = f"{kind} `{name.text}`" if name else kind
        base = self.inherited.clauses.get(f"{kind}.{name.text}") if name else None
        old = _values_of(base) if base else {}
        self.blocks.values.target_comparison = construct.target_comparison
        filled = self.blocks.fill(block.body, specs, owner, self.blocks.head(block), old)
        written = self.blocks.level(block)
        level = written or (base.level if base else given.level) or construct.default_level
        deprecated = filled.values.get("deprecated")
        if name is not None:
            tags = filled.values.get("tags")
            known = (*(tags if isinstance(tags, tuple) else ()), *given.tags)
            self.part.declared.append(
                Declared(kind, self.part.prefix + name.text, self.blocks.span(name), known,
                         deprecated if isinstance(deprecated, str) else None)
            )  # fmt: skip
            if base is not None and not self._may_change(base, self.blocks.span(name)):
                filled.ok = False
        self._says_something(construct, specs, filled, old, owner, block)
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
        self._exceptions(filled, owner)
        self._refer(block.body, CLAUSE_NAMING)
        if name is None or not filled.ok:
            return
        values = given.put({**_without_rivals(old, construct, filled.values), **filled.values})
        common = {s.attribute for s in field_specs(Clause).values()}
        own = {k: v for k, v in values.items() if k not in common}
        shared = {k: v for k, v in values.items() if k in common}
        new = [place for place, _ in filled.places]
        kept = [(f, s) for f, s in (base.field_spans if base else ()) if f not in new]
        around = [(f, s) for f, s in given.places if f not in new]
        self.part.clauses.append(
            Clause(
                f"{kind}.{self.part.prefix}{name.text}", kind, self.part.prefix + name.text, level, construct(**own),
                **shared, section=given.section, span=self.blocks.span(block),
                field_spans=(*filled.places, *kept, *around),
            )
        )  # fmt: skip

    def _says_something(
        self, construct: type[Body], specs: dict[str, FieldSpec], filled: Any, old: Mapping[str, Any], owner: str,
        block: ast.Block,
    ) -> None:  # fmt: skip
        """Report a clause of which no part says what the model shall do, or two parts that exclude each other."""
        given = [need for need in construct.only_one if filled.place(need)]
        if len(given) > 1:
            self.report.add(
                "T0217", f"{owner} has both `{given[0]}` and `{given[1]}`", filled.place(given[1]),
                label="a second one", help="keep one of them, or make two clauses",
                secondary=[Note(filled.place(given[0]), "the first")],
            )  # fmt: skip
            filled.ok = False
        inherits = any(old.get(specs[need].attribute) for need in construct.needs)
        if construct.needs and not inherits and not any(filled.place(n) for n in construct.needs) and filled.whole:
            options = " or ".join(f"`{need}`" for need in construct.needs)
            spec = specs[construct.needs[0]]
            self.report.add(
                "T0215", f"{owner} says nothing", self.blocks.head(block), label=f"needs {options}",
                help=f"for example `{spec.name}: {spec.says.example}`",
            )  # fmt: skip
            filled.ok = False

    def _exceptions(self, filled: Any, owner: str) -> None:
        """Report exceptions of a clause that says it has none."""
        if filled.values.get("absolute") is not True:
            return
        for name in ("unless", "except"):
            if place := filled.place(name):
                self.report.add(
                    "T0216", f"{owner} is absolute, and has an exception", place, label="an exception",
                    secondary=[Note(filled.place("absolute"), "no exception at all")], help="remove one of them",
                )  # fmt: skip
                filled.ok = False

    def _refer(self, body: ast.Body, naming: tuple[str, ...]) -> None:
        """Note the names of clauses that the fields of a block hold, each with its place."""
        for item in body.items:
            if not isinstance(item, ast.Field) or item.name.text not in naming:
                continue
            for value in item.value.items if isinstance(item.value, ast.Array) else (item.value,):
                if isinstance(value, ast.Word | ast.Text):
                    name = value.text if isinstance(value, ast.Word) else value.value
                    self.part.references.append(Reference(item.name.text, name, self.blocks.span(value)))

    def _settings(self, block: ast.Block) -> None:
        kind = block.kind.text
        self.blocks.needless(block)
        record = SETTINGS[kind]
        filled = self.blocks.fill(block.body, field_specs(record), f"`{kind}`", self.blocks.head(block))
        self.part.declared.append(Declared(kind, "", self.blocks.head(block)))
        self._paths(block.body)
        if not filled.ok:
            return
        base = self.inherited.settings.get(record, record())
        given = replace(base, **filled.values, span=self.blocks.span(block))
        match given:
            case Model():
                self.part.models.append(given)
            case Train():
                self.part.trains.append(given)
            case Authority():
                self.part.authorities.append(given)

    def _named(self, block: ast.Block, given: Given) -> None:
        """Read a block that has a name and states no behaviour: a record of `NAMED`."""
        kind = block.kind.text
        record = NAMED[kind]
        name = self.blocks.name(block, dotted=False)
        owner = f"{kind} `{name.text}`" if name else kind
        extra: dict[str, Any] = {}
        if record is Grant:
            extra["level"] = self.blocks.level(block) or given.level or Level.DEVELOPER
        else:
            self.blocks.no_level(block)
        filled = self.blocks.fill(block.body, field_specs(record), owner, self.blocks.head(block))
        self._refer(block.body, NAMING)
        if name is None:
            return
        # A parameter is known in its own file only.
        prefix = "" if record is Parameter else self.part.prefix
        self.part.declared.append(Declared(kind, prefix + name.text, self.blocks.span(name)))
        if not filled.ok:
            return
        made = record(name=prefix + name.text, **filled.values, **extra, span=self.blocks.span(block))
        if self._fits(made, filled, owner):
            self._kept(made)

    def _kept(self, made: Any) -> None:
        part = self.part
        match made:
            case ProbeStatement():
                part.probes.append(made)
            case Term():
                part.terms.append(made)
            case Parameter():
                part.parameters.append(made)
            case Grant():
                part.grants.append(made)
            case Balance():
                part.balances.append(made)
            case Alike():
                part.alikes.append(made)

    def _fits(self, made: Any, filled: Any, owner: str) -> bool:
        """Report fields of one block that cannot both hold."""
        match made:
            case Balance() if len(made.of) != len(made.weights):
                message, field = f"{owner} has {len(made.of)} clauses and {len(made.weights)} weights", "weights"
            case Balance() if len(made.of) < 2:
                message, field = f"{owner} weighs one clause against nothing", "of"
            case Alike() if len(made.asks) < 2:
                message, field = f"{owner} has one prompt, and nothing to treat it like", "asks"
            case ProbeStatement() if made.at_least is not None and made.at_least > made.repeats:
                message, field = f"{owner} asks {made.repeats} times and wants {made.at_least} to pass", "at_least"
            case _:
                return True
        self.report.add("T0216", message, filled.place(field), label="does not fit")
        return False

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


def _says_version(argument: ast.Text | ast.Number) -> bool:
    """Whether the version is the right one, and only written otherwise."""
    if isinstance(argument, ast.Number):
        return argument.value == float(VERSION)
    return argument.value.strip() == VERSION


def _is_statement(item: ast.Item, fields: Mapping[str, FieldSpec]) -> bool:
    """Whether an item of a section's body is a statement in it, and no field of its own."""
    match item:
        case ast.Block(kind=word):
            return word.text not in fields
        case ast.Field(name=word):
            return word.text in STATEMENTS
        case ast.Directive():
            return True


def _values_of(clause: Clause) -> dict[str, Any]:
    """The fields of a clause and of its body by attribute, those that the language has."""
    shared = {s.attribute: getattr(clause, s.attribute) for s in field_specs(Clause).values()}
    own = {s.attribute: getattr(clause.body, s.attribute) for s in field_specs(type(clause.body)).values()}
    return {**shared, **own}


def _without_rivals(old: dict[str, Any], construct: type[Body], new: Mapping[str, Any]) -> dict[str, Any]:
    """What is inherited, but for the fields that a given one excludes."""
    if any(name in new for name in construct.only_one):
        return {key: value for key, value in old.items() if key not in construct.only_one}
    return old


def _shape_of_statement(name: str) -> str:
    if name == "priority":
        return "for example `priority: safety > honesty`"
    if name == "drop":
        return "for example `drop: [trait.caring]`"
    if name in ("import", "extends"):
        return f'for example `{name} "house-style.tenet"`'
    if name in SETTINGS:
        return f"for example `{name} {{ ... }}`"
    return f"for example `{name} short_name {{ ... }}`"
