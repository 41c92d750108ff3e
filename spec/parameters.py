"""Texts with parameters: `${name}` filled in, up to what a spec may hold.

In: a `Text` node and the texts of the file's parameters. Out: its text, or None and a diagnostic. Which parameters a
file has is known from `spec/prelude.py`; this file must not know how they got their texts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from spec import ast
from spec.diagnostics import Report
from spec.limits import MOST_FILLED

_PARAMETER = re.compile(r"\$(\$\{|\{\s*([^\W\d][\w-]*)\s*\})")


def fill_in(node: ast.Text, parameters: Mapping[str, str | None], report: Report) -> str | None:
    """Return a text with its parameters filled in; `$${` stands for `${`.

    parameters: None for one whose value is wrong or missing, which was reported.
    """
    text, found = node.value, True

    def value(match: re.Match[str]) -> str:
        nonlocal found
        name = match[2]
        if name is None:
            return "${"
        given = parameters.get(name)
        if given is None:
            found = False
            if name not in parameters:
                _unknown(name, node, parameters, report)
            return ""
        if len(given) > report.room.filled:
            found = False
            if report.room.filled >= 0:
                _too_long(node, report)
            return ""
        report.room.filled -= len(given)
        return given

    filled = _PARAMETER.sub(value, text) if "${" in text else text
    return filled if found else None


def _too_long(node: ast.Text, report: Report) -> None:
    """Report, once, that filling parameters in makes more text than a spec may hold."""
    report.room.filled = -1
    report.add(
        "T0004", f"parameters may fill in {MOST_FILLED >> 20} MiB of text", report.at(node.start, node.end),
        label="passes that", help="give the parameters shorter texts, or use them less often",
    )  # fmt: skip


def _unknown(name: str, node: ast.Text, parameters: Mapping[str, str | None], report: Report) -> None:
    if report.full:
        return
    at = report.source.text.find(f"{{{name}", node.start, node.end)
    span = report.at(at + 1, at + 1 + len(name)) if at >= 0 else report.at(node.start, node.end)
    help, fix = report.did_you_mean(name, parameters, span)
    report.add(
        "T0220", f"there is no parameter `{name}`", span, label="not declared", fix=fix,
        help=help or f'declare it: `parameter {name} {{ default: "..." }}`; `$${{` is a plain `${{`',
    )  # fmt: skip
