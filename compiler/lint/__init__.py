"""`tenet lint-data`: what is wrong with rows before anything is trained on them.

In: pairs (and chats as pairs without a rejected side), probes, the compiled prompt, names. Out: findings, errors first.
The folder is the registry: every file but this one and those of `_NOT_LOOKS` has a function `look(rows) -> findings`,
and each finding names the clause, the share or count, the limit, and rows to look at. This folder must not know
tokenizers or embeddings: `backends/lint.py` adds what only they can see.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from compiler.lint.findings import ORDER, Finding, Rows

_NOT_LOOKS = frozenset({"findings", "figures", "probing"})


def looks() -> list[str]:
    return sorted(module.name for module in iter_modules(__path__) if module.name not in _NOT_LOOKS)


def lint(rows: Rows) -> list[Finding]:
    """Return what every look finds, errors first."""
    found: list[Finding] = []
    for name in looks():
        found += _look(name, rows)
    return sorted(found, key=lambda f: (ORDER.index(f.severity), f.code, f.clause_id or ""))


def _look(name: str, rows: Rows) -> Iterator[Finding]:
    yield from import_module(f"compiler.lint.{name}").look(rows)
