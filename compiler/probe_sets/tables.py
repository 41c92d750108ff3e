"""The layouts of files: CSV and TSV with a head, JSON lines. Each becomes rows with the line they stand on.

In: a file's text. Out: the columns' names, rows as dicts, and the rows that have no such shape. This file must not know
what a column means.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import Any

from compiler.probe_sets.records import BadRow

LONGEST_FIELD = 1 << 20
"""Characters of a field of a CSV file."""


@dataclass(frozen=True, slots=True)
class Table:
    names: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, Any]], ...]
    bad: tuple[BadRow, ...] = ()


def read_csv(text: str, file: str) -> Table:
    """Read a table whose first line names its columns; its separator is a comma, semicolon or tab.

    >>> table = read_csv('id,prompt\\n1,"How do I,\\nsafely?"\\n2,b,c\\n', "x.csv")
    >>> table.rows, [str(bad) for bad in table.bad]
    (((2, {'id': '1', 'prompt': 'How do I,\\nsafely?'}),), ['x.csv:4: this row has 3 fields, the head has 2'])
    """
    head = text.split("\n", 1)[0]
    separator = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    csv.field_size_limit(LONGEST_FIELD)
    names: list[str] = []
    rows: list[tuple[int, dict[str, Any]]] = []
    bad: list[BadRow] = []
    line = 1
    try:
        for fields in reader:
            first, line = line, reader.line_num + 1
            if not any(field.strip() for field in fields):
                continue
            if not names:
                names = [field.strip() for field in fields]
            elif any("\0" in field for field in fields):
                help = "its encoding may be UTF-16: save it as UTF-8; or take the zero bytes out"
                bad.append(BadRow(file, first, "this row holds a zero byte", help))
            elif len(fields) != len(names):
                help = "put quotation marks around a field that holds a separator or a line end"
                what = f"this row has {len(fields)} field{'' if len(fields) == 1 else 's'}, the head has {len(names)}"
                bad.append(BadRow(file, first, what, help))
            else:
                rows.append((first, dict(zip(names, fields, strict=True))))
    except csv.Error as error:
        help = "a quotation mark inside a field is written twice, and the field stands in quotation marks"
        bad.append(BadRow(file, reader.line_num, f"no CSV from here on: {error}", help))
    return Table(tuple(names), tuple(rows), tuple(bad))


def read_json_lines(text: str, file: str) -> Table:
    """Read one JSON object a line.

    >>> table = read_json_lines('{"prompt": "Hi"}\\n[1]\\n{"prompt"\\n', "x.jsonl")
    >>> table.names, len(table.rows), [bad.line for bad in table.bad]
    (('prompt',), 1, [2, 3])
    """
    names: dict[str, None] = {}
    rows: list[tuple[int, dict[str, Any]]] = []
    bad: list[BadRow] = []
    help = 'one object a line, such as {"prompt": "...", "label": "safe"}'
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            bad.append(BadRow(file, number, f"no JSON: {error}", help))
            continue
        if not isinstance(row, dict):
            bad.append(BadRow(file, number, "this line holds no JSON object", help))
            continue
        rows.append((number, row))
        names |= dict.fromkeys(row)
    return Table(tuple(names), tuple(rows), tuple(bad))
