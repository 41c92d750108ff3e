"""One line for each diagnostic, as compilers have written them since 1970: editors can jump there.

harbor.tenet:22:18: error[T0110]: there is no level `rot`
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from spec.diagnostics import Diagnostic
from spec.renderings.places import place, visible
from spec.source import Source


def render(diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source]) -> str:
    return "\n".join(f"{place(d.span, sources)}: {d.severity}[{d.code}]: {visible(d.message)}" for d in diagnostics)
