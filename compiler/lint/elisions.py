"""Answers with a gap in them: `[...]`, which a model would learn to say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from compiler.lint.findings import Finding, Rows, finding

ELISION = re.compile(
    r"\[\s*(?:\.\.\.|…|elided|omitted|snip|truncated)[^\]\n]{0,40}\]|<\s*(?:omitted|truncated|snip)\s*>", re.I
)


def look(rows: Rows) -> Iterator[Finding]:
    gaps = [pair.id for pair, _, text in rows.sides() if ELISION.search(text)]
    if gaps:
        ids = list(dict.fromkeys(gaps))
        message = f"{len(ids)} rows hold an answer with a gap, such as [...]"
        yield finding("L01", "error", message, "write the answers out, or leave the rows out", rows=ids)
