"""One file's syntax tree to records: which statements there are, and whether each is well formed by itself.

In: a `Module`. Out: a `Part`, the file's share of a document, and diagnostics. What needs other statements or other
files (does this name exist?) is judged in `spec/references.py`. The fields of a block are not listed here: they come
from the record's annotations (`spec/fields.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain, pairwise

from spec import ast
from spec.blocks import Blocks
from spec.clauses import read_clause
from spec.conditions import Conditions
from spec.constructs import CONSTRUCTS
from spec.declarations import read_dimension, read_named, read_settings
from spec.diagnostics import Edit, Fix, Report, closest
from spec.directives import read_arguments, read_drop, read_header, read_priority
from spec.document import Clause, Example, Section
from spec.fields import FieldSpec, field_specs
from spec.inheritance import Given, Inherited
from spec.lexer import is_name
from spec.part import Declared, Part
from spec.prelude import Prelude, read_prelude
from spec.reading import Reading
from spec.values import Values, Wrong
from spec.vocabulary import BLOCKS, CONTAINERS, NAMED, SETTINGS, STATEMENTS, homes, shape_of_statement


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
    conditions = Conditions(report)
    blocks = Blocks(report, Values(report, prelude.parameters, conditions), module.broken, STATEMENTS)
    part = Part(report, module.broken, prefix, list(prelude.inclusions))
    reading = Reading(part, blocks, inherited or Inherited())
    read_header(reading, module)
    _items(reading, module.items, Given())
    part.uses = conditions.uses
    part.declared.extend(Declared(None, b.name.text, blocks.span(b.name)) for b in blocks.strays if b.name)
    return part


def _items(reading: Reading, items: Iterable[ast.Item], given: Given) -> None:
    for before, item in pairwise(chain((None,), items)):
        match item:
            case ast.Directive():
                _directive(reading, item)
            case ast.Field():
                _field_statement(reading, item)
            case ast.Block(kind=ast.Word(text="at")) if _is_half_header(before):
                pass  # the rest of its header
            case ast.Block():
                _block(reading, item, given)


def _directive(reading: Reading, item: ast.Directive) -> None:
    word, argument = item.keyword, item.argument
    if word.text == "tenet":
        return
    if word.text in ("import", "extends"):
        if isinstance(argument, ast.Number):
            reading.report.add(
                "T0111", f"`{word.text}` takes the path of a file in quotes, not a number",
                reading.blocks.span(argument), label="this is a number",
                help=f'for example `{word.text} "house-style.tenet"`',
            )  # fmt: skip
        read_arguments(reading, item)
        return
    if (
        word.text in BLOCKS
        and isinstance(argument, ast.Text)
        and (item.body is not None or _level_follows(reading, item))
    ):
        _quoted_name(reading, argument)
        return
    best = closest(word.text, ("tenet", "import", "extends"))
    if best is None and word.text in STATEMENTS:
        reading.report.add(
            "T0107", f"`{word.text}` is not followed by text", reading.blocks.span(item), label="not a statement",
            help=shape_of_statement(word.text),
        )  # fmt: skip
        return
    _unknown_statement(reading, word, ("tenet", "import", "extends") if best else STATEMENTS)


def _is_half_header(item: ast.Item | None) -> bool:
    """Whether an item is what a sign too many leaves of a header before its `at`: `trait "caring"`, `trait: caring`."""
    match item:
        case ast.Directive(keyword=word, argument=ast.Text()) | ast.Field(name=word, value=ast.Word()):
            return word.text in BLOCKS
    return False


def _level_follows(reading: Reading, item: ast.Item) -> bool:
    """Whether `at` follows an item, which starts no statement."""
    text = reading.report.source.text
    return re.match(r"\s*at\b", text[item.end : item.end + 80]) is not None


def _without_colon(reading: Reading, item: ast.Field) -> Fix | None:
    """Return the fix that makes a field a header; None where recovery has supposed the colon."""
    text, end = reading.report.source.text, item.name.end
    colon = text.find(":", end, item.end)
    if colon < 0 or text[end:colon].strip():
        return None
    space = "" if text[colon + 1].isspace() else " "
    return Fix("remove the `:`", (Edit(reading.report.at(end, colon + 1), space),), "safe")


def _quoted_name(reading: Reading, name: ast.Text) -> None:
    span = reading.blocks.span(name)
    fix = reading.blocks.values.without_quotes(name)
    bare = re.sub(r"\W+", "_", name.value.strip())
    if fix is None and is_name(bare):
        fix = Fix(f"write `{bare}`", (Edit(span, bare),))
    reading.part.declared.append(Declared(None, bare if fix else name.value, span))
    reading.report.add(
        "T0024", "names are written without quotes", span, label="a name",
        help=f"a name is one word: `{bare}`" if fix and bare != name.value else None, fix=fix,
    )  # fmt: skip


def _unknown_statement(
    reading: Reading, word: ast.Word, known: Iterable[str], block: ast.Block | None = None
) -> None:  # fmt: skip
    """Report a first word that starts no statement; what is in its block is not read."""
    if not word.text:
        return  # recovery has spoken of it
    span = reading.blocks.span(word)
    help, fix = reading.report.did_you_mean(word.text, known, span)
    if around := homes(word.text):
        such = " or ".join(f"`{block}`" for block in around[:3])
        help, fix = f"it is a field: write it between the braces of {such}", None
    if fix is not None and block is not None:
        fix = replace(fix, uncovers=reading.report.at(word.end, block.end))
    reading.report.add(
        "T0100", f"there is no statement `{word.text}`", span, label="unknown statement", help=help, fix=fix
    )


def _field_statement(reading: Reading, item: ast.Field) -> None:
    name = item.name.text
    if name == "priority":
        read_priority(reading, item)
    elif name == "drop":
        read_drop(reading, item)
    elif isinstance(item.value, ast.Body) and name in SETTINGS:
        read_settings(reading, ast.Block(item.name, None, None, item.value, item.start, item.end))
    elif name in STATEMENTS:
        reading.report.add(
            "T0107", f"`{name}` is not written with a colon", reading.blocks.span(item.name),
            label="a block, not a field", help=shape_of_statement(name),
            fix=_without_colon(reading, item) if _is_half_header(item) and _level_follows(reading, item) else None,
        )  # fmt: skip
    elif any(name in field_specs(r) for r in (*CONSTRUCTS.values(), Clause, *SETTINGS.values(), Example)):
        reading.report.add(
            "T0101", f"`{name}` stands outside of any block", reading.blocks.span(item.name),
            label="a field of nothing",
            help="fields stand between the braces of a block; is a `}` too early?",
        )  # fmt: skip
    else:
        _unknown_statement(reading, item.name, STATEMENTS)


def _block(reading: Reading, block: ast.Block, given: Given) -> None:
    kind = block.kind.text
    if kind in CONSTRUCTS:
        read_clause(reading, block, given)
    elif kind in CONTAINERS:
        _section(reading, block, given)
    elif kind in SETTINGS:
        read_settings(reading, block)
    elif kind == "dimension":
        read_dimension(reading, block)
    elif kind in NAMED:
        read_named(reading, block, given)
    elif kind in ("priority", "drop"):
        reading.report.add(
            "T0107", f"`{kind}` is written with a colon", reading.blocks.span(block.kind),
            label="a field, not a block",
            help=shape_of_statement(kind),
        )  # fmt: skip
    else:
        _unknown_statement(reading, block.kind, STATEMENTS, block)
        if block.name:
            reading.part.declared.append(Declared(None, block.name.text, reading.blocks.span(block.name)))


def _section(reading: Reading, block: ast.Block, given: Given) -> None:
    """Read a section's own fields, then the statements in it, which get what it says."""
    kind = block.kind.text
    name = reading.blocks.name(block, dotted=False)
    owner = f"{kind} `{name.text}`" if name else kind
    specs = field_specs(Section)
    own = tuple(i for i in block.body.items if not _is_statement(i, specs))
    filled = reading.blocks.fill(replace(block.body, items=own), specs, owner, reading.blocks.head(block))
    if kind == "overlay" and filled.whole and not (filled.place("when") or given.when):
        reading.report.add(
            "T0215", f"{owner} does not say when it holds", reading.blocks.head(block), label="needs `when`",
            help="for example `when: user.age_band == teen`; what always holds is a `section`",
        )  # fmt: skip
    section = Section(
        "overlay" if kind == "overlay" else "section",
        reading.part.prefix + name.text if name else "",
        **{key: value for key, value in filled.values.items() if not isinstance(value, Wrong)},
        level=reading.blocks.level(block),
        parent=given.section,
        span=reading.blocks.span(block),
    )
    if name is not None:
        reading.part.declared.append(Declared(kind, section.name, reading.blocks.span(name)))
        reading.part.sections.append(section)
    places = tuple((field, span) for field, span in filled.places if field in ("when", "unless"))
    _items(reading, (i for i in block.body.items if _is_statement(i, specs)), given.within(section, places))


def _is_statement(item: ast.Item, fields: Mapping[str, FieldSpec]) -> bool:
    """Whether an item of a section's body is a statement in it, and no field of its own."""
    match item:
        case ast.Block(kind=word):
            return word.text not in fields
        case ast.Field(name=word):
            return word.text in STATEMENTS
        case ast.Directive():
            return True
