"""Statements without braces: the version header, `import` and `extends`, `priority`, `drop`.

In: a `Directive` or a `Field` at the top level. Out: rankings and dropped clauses in the part, and diagnostics. Paths
are followed by `spec/inclusions.py`.
"""

from __future__ import annotations

from spec import ast
from spec.descriptions import describe
from spec.diagnostics import Edit, Fix, Note
from spec.document import Priority
from spec.part import Ranking, Reference
from spec.reading import Reading
from spec.vocabulary import VERSION


def read_header(reading: Reading, module: ast.Module) -> None:
    """Report a version header that is absent, late, given twice, or of another version."""
    report, items = reading.report, module.items
    headers = [i for i in items if isinstance(i, ast.Directive) and i.keyword.text == "tenet"]
    if not headers:
        if any(start == 0 for start, _ in module.broken):
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
            "T0008", "the version header stands once", reading.blocks.span(again), label="a second header",
            secondary=[Note(reading.blocks.span(headers[0]), "the first")],
            fix=Fix("remove it", (Edit(report.whole(again.start, again.end), ""),), "safe"),
        )  # fmt: skip
    header = headers[0]
    if items[0] is not header:
        written = report.source.text[header.start : header.end]
        moved = (Edit(report.at(0, 0), f"{written}\n"), Edit(report.whole(header.start, header.end), ""))
        report.add(
            "T0008", "the version header stands before everything else", reading.blocks.span(header), label="too late",
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
            reading.blocks.span(argument), label="newer than this release" if newer else "unknown version",
            help="upgrade Tenet, or ask the spec's author for one in version 1" if newer
            else f"write `tenet {VERSION}`",
            fix=None if newer else Fix(f"write `{VERSION}`", (Edit(reading.blocks.span(argument), VERSION),),
                                       "safe" if _says_version(argument) else "unsafe"),
        )  # fmt: skip


def _says_version(argument: ast.Text | ast.Number) -> bool:
    """Whether the version is the right one, and only written otherwise."""
    if isinstance(argument, ast.Number):
        return argument.value == float(VERSION)
    return argument.value.strip() == VERSION


def read_arguments(reading: Reading, item: ast.Directive) -> None:
    """Report what cannot stand behind a path; the arguments themselves are in the prelude."""
    if item.keyword.text == "extends" and item.alias is not None:
        reading.report.add(
            "T0107", "`extends` gives no new name", reading.blocks.span(item.alias), label="remove this",
            help="what is extended keeps its names; `import ... as` gives them one in front",
            fix=Fix("remove the name", (Edit(reading.report.at(item.argument.end, item.alias.end), ""),)),
        )  # fmt: skip
    for argument in item.body.items if item.body else ():
        if isinstance(argument, ast.Field) and isinstance(argument.value, ast.Text | ast.Missing):
            continue
        reading.report.add(
            "T0111", "a parameter is given as text in quotes", reading.blocks.span(argument), label="no text",
            help='for example `{ maker: "Harbor Marine" }`',
        )  # fmt: skip


def read_priority(reading: Reading, item: ast.Field) -> None:
    value = item.value
    if isinstance(value, ast.Missing):
        return
    chained = isinstance(value, ast.Comparison) and all(
        isinstance(operand, ast.Word | ast.Missing) for operand in value.operands
    ) and all(operator.text == ">" for operator in value.operators)  # fmt: skip
    if not chained or not isinstance(value, ast.Comparison):
        span = reading.blocks.span(value)
        message, label = f"a priority ranks names with `>`, not {describe(value)}", "no ranking"
        if isinstance(value, ast.Comparison):
            odd = next((o for o in value.operators if o.text != ">"), None)
            if odd is not None:
                span, message, label = (
                    reading.blocks.span(odd),
                    f"a priority ranks with `>`, not `{odd.text}`",
                    "not `>`",
                )
        elif isinstance(value, ast.Word):
            message, label = "a priority ranks at least two names", "one name"
        items = value.items if isinstance(value, ast.Array) else ()
        names = [item.text for item in items if isinstance(item, ast.Word)]
        help, fix = "for example `priority: safety > honesty`", None
        if len(names) > 1 and len(names) == len(items):
            help = f"did you mean `priority: {' > '.join(names)}`? The first wins"
            fix = Fix("rank them in this order", (Edit(span, " > ".join(names)),))
        reading.report.add("T0212", message, span, label=label, help=help, fix=fix)
        return
    words = [operand for operand in value.operands if isinstance(operand, ast.Word)]
    if len(words) == len(value.operands):
        reading.part.priorities.append(Priority(tuple(w.text for w in words), reading.blocks.span(item)))
    reading.part.rankings.append(Ranking(tuple(w.text for w in words), tuple(reading.blocks.span(w) for w in words)))


def read_drop(reading: Reading, item: ast.Field) -> None:
    """`drop: [trait.caring]`: clauses of the extended file that shall not count."""
    if isinstance(item.value, ast.Missing):
        return
    names = item.value.items if isinstance(item.value, ast.Array) else (item.value,)
    for name in names:
        if isinstance(name, ast.Missing):
            continue
        if not isinstance(name, ast.Word):
            reading.report.add(
                "T0111", f"`drop` lists clauses, not {describe(name)}", reading.blocks.span(name),
                label=f"this is {describe(name)}", help="for example `drop: [trait.caring]`",
                fix=reading.blocks.values.without_quotes(name),
            )  # fmt: skip
            continue
        span = reading.blocks.span(name)
        found = [c for c in reading.inherited.clauses.values() if name.text in (c.id, c.name)]
        if len(found) != 1:
            help, fix = reading.report.did_you_mean(name.text, reading.inherited.clauses, span)
            reading.report.add(
                "T0202", f"the extended file has no clause `{name.text}`" if not found
                else f"`{name.text}` could be {' or '.join(f'`{c.id}`' for c in found)}",
                span, label="cannot be dropped", help=help or "only what `extends` brings can be dropped", fix=fix,
            )  # fmt: skip
        elif reading.may_change(found[0], span):
            reading.part.dropped.append(Reference("drop", found[0].id, span))
