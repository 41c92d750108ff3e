"""What a file includes and which parameters it has: known before its statements are read.

In: a `Module` and the texts that an import gives. Out: a `Prelude`. What is wrong with an inclusion or a parameter is
reported by who reads the statement or follows the path, not here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from spec import ast
from spec.diagnostics import Report
from spec.frozen import dataclass
from spec.part import Inclusion
from spec.source import Span
from spec.vocabulary import CONTAINERS


@dataclass(frozen=True, slots=True)
class Prelude:
    """What must be known of a file before its statements are read.

    parameters: name -> text; None where the text is missing. places: where each is declared.
    """

    inclusions: tuple[Inclusion, ...]
    parameters: dict[str, str | None]
    places: dict[str, Span]


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
