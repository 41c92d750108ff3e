"""The language: text -> tree -> document, with diagnostics.

>>> loaded = loads('tenet 1  trait warm { means: "Is kind." }')
>>> loaded.document.clauses[0].id
'trait.warm'
>>> print(render(loads('tenet 1  trait warm { mean: "Is kind." }').diagnostics[:1], {}, "concise"))
spec.tenet:1:23: error[T0101]: trait `warm` has no field `mean`
"""

from __future__ import annotations

from spec.diagnostics import Diagnostic, Edit, Fix, Note, render
from spec.document import Document
from spec.loading import Loaded, load, loads
from spec.source import Source, Span

__all__ = ["Diagnostic", "Document", "Edit", "Fix", "Loaded", "Note", "Source", "Span", "load", "loads", "render"]
