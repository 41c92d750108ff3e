"""Specs from other people's formats: a reader for each, and one way to write what was read as `.tenet` text.

In: files of a foreign format. Out: `Imported`, the text of a spec with what could not be expressed in it, or an
`Unreadable` that names the file and line. A reader (`model_spec.py`, `constitution.py`) knows one format and makes
records with line numbers; `writing.py` knows how a spec is written; neither knows the other's side.
"""

from __future__ import annotations

from spec.importers.findings import Finding, Imported, Unreadable

__all__ = ["Finding", "Imported", "Unreadable"]
