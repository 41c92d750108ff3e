"""A report on a source that is no `.tenet` text: help in its notation, and only fixes that can be made there.

In: what the readers of `.tenet` text report. Out: the same, as who writes YAML, JSON or Python needs it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from spec.diagnostics import Edit, Fix, Note, Report, Witness
from spec.lexer import is_name
from spec.plain import Scalar, places
from spec.source import Span
from spec.vocabulary import VERSION

_COMPARISON = re.compile(r"(?:[<>]=?|==|!=)|(?:[<>]=? )?\d+(?:\.\d+)?%?")
_RANKING = re.compile(r"[\w.+-]+(?: > [\w.+-]+)+")
_TOLD = re.compile(r"`(\w+): ([<>][^`\"]*)`")
_BLOCK = re.compile(r"`(\w+) ([\w.-]+) \{ (.*?) \}`")


@dataclass(slots=True)
class PlainReport(Report):
    """Collects what is wrong in such a source.

    loose: where an inexact scalar's text starts -> the places of its characters. Nodes inside such a text count its
    characters; `at` finds them. bare: where texts start that stand without quotes.
    """

    loose: dict[int, tuple[int, ...]] = field(default_factory=dict)
    bare: set[int] = field(default_factory=set)
    _starts: list[int] = field(default_factory=list)

    def at(self, start: int, end: int) -> Span:
        if self.loose:
            start, end = self._real(start, False), self._real(end, True)
        return self._span(start, max(start, end))

    def _span(self, start: int, end: int) -> Span:
        return self.source.span(start, end)

    def _real(self, place: int, after: bool) -> int:
        known = bisect_right(self._starts, place) - 1
        if known < 0:
            return place
        start = self._starts[known]
        found = self.loose[start]
        if place - start >= len(found):
            return place
        # The end of a word is where its last character ends, and not where the next one starts.
        return found[place - start - 1] + 1 if after and place > start else found[place - start]

    def loosen(self, scalar: Scalar) -> None:
        """Let places inside a scalar's text be found, though the source spells it otherwise."""
        if not scalar.exact and scalar.inner not in self.loose:
            self.loose[scalar.inner] = places(self.source.text, scalar)
            self._starts = sorted(self.loose)

    def add(
        self,
        code: str,
        message: str,
        span: Span,
        *,
        label: str = "",
        help: str | None = None,
        fix: Fix | None = None,
        secondary: Iterable[Note] = (),
        witness: Witness | None = None,
    ) -> None:
        edits = [self._made_here(edit) for edit in fix.edits] if fix is not None else []
        kept = replace(fix, edits=tuple(e for e in edits if e)) if fix is not None and all(edits) else None
        told = self.told(help) if help else None
        Report.add(self, code, message, span, label=label, help=told, fix=kept, secondary=secondary, witness=witness)

    def told(self, help: str) -> str:
        """Return help in the notation of the source."""
        return in_mappings(help)

    def _made_here(self, edit: Edit) -> Edit | None:
        """Return the edit that says here what `edit` says in `.tenet` text: a word, number or sign for another."""
        span, text = edit.span, self.source.text
        before = text[span.start : span.end]
        if not before.strip() or "\n" in before or "\\" in before:
            return None
        if is_name(edit.text) or re.fullmatch(r"\d+(\.\d+)?", edit.text) or _RANKING.fullmatch(edit.text):
            return edit
        if _COMPARISON.fullmatch(edit.text) is None:
            return None
        # A share or a comparison is a text here: it gets quotes where none are.
        return replace(edit, text=f'"{edit.text}"') if span.start in self.bare else edit


def in_mappings(help: str) -> str:
    """Say in mappings what a message says in blocks.

    >>> in_mappings('declare it: `dimension tier { type: number }`')
    'declare it: `dimension: {tier: {type: number}}`'
    >>> in_mappings("write `target: >= 85%`")
    'write `target: ">= 85%"`'
    """
    help = _BLOCK.sub(r"`\1: {\2: {\3}}`", help).replace(f"`tenet {VERSION}`", f"`tenet: {VERSION}`")
    help = _TOLD.sub(r'`\1: "\2"`', help)
    help = re.sub(r'`(import|extends) "', r'`\1: "', help)
    return re.sub(r"\\u\{([0-9A-F]{1,4})\}", lambda match: f"\\u{match[1]:0>4}", help)
