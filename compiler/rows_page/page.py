"""A view -> one HTML page: a file that needs nothing else, or the page of the review server.

In: a `View`. Out: text of HTML. Style sheets are the report's own, with a few rules more; as a file, style and script
are inlined and a content policy forbids every request; served, they are asked of the server that served the page. Rows
are untrusted text: the templates escape all of it. This file must not compute a figure.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from compiler.report.html import PAGE as REPORT
from compiler.report.html import STYLES
from compiler.report.marked import visible
from compiler.rows_page import drawing
from compiler.rows_page.view import View

FOLDER = Path(__file__).parent / "page"
SEVERITIES = {"error": ("✗", "missed"), "warning": ("!", "unclear"), "note": ("·", "none")}


def render(view: View) -> str:
    """Return the page."""
    counts = {severity: sum(f.severity == severity for f in view.findings) for severity in SEVERITIES}
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            view=view,
            counts=counts,
            severities=SEVERITIES,
            summary=_summary(view, counts),
            most=max((of.rows for of in view.figures.clauses), default=0) or 1,
            codes=list(dict.fromkeys(f.code for f in view.findings if not f.is_of_clause)),
            ids={row.pair.id for row in view.rows},
            # Our own files; style sheets are not HTML, and the script's hash is taken over the same bytes.
            style=Markup(style()),
            script=Markup(script()),
            script_hash=base64.b64encode(hashlib.sha256(script().encode()).digest()).decode(),
        )
    )


def _summary(view: View, counts: dict[str, int]) -> str:
    clauses = sum(bool(of.rows) for of in view.figures.clauses)
    found = ", ".join(f"{n} {severity}{'' if n == 1 else 's'}" for severity, n in counts.items() if n)
    return f"{view.total:,} pairs for {clauses} clauses: {found or 'nothing found'}."


@cache
def style() -> str:
    sheets = [REPORT / "styles" / f"{name}.css" for name in STYLES]
    return "\n".join(path.read_text(encoding="utf-8").strip() for path in (*sheets, FOLDER / "rows.css"))


@cache
def script() -> str:
    return (FOLDER / "rows.js").read_text(encoding="utf-8").strip()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["visible"] = visible
    environment.globals.update(drawing=drawing)
    return environment
