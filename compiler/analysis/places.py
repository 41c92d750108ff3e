"""Where a phrase or a pattern stands inside of a field, so that a finding marks no more than it speaks of.

In: the sources, and where fields stand. Out: spans. What is written in another way than it reads (a parameter in a
text, a plain word of YAML) is marked with all of its field. This file must not know clauses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from spec.document import Pattern
from spec.lexer import decode
from spec.source import Source, Span

_WRITTEN = re.compile(
    r'#[^\n]*|(?P<text>"""(?:[^\\]|\\.)*?"""|"(?:[^"\\\n]|\\.)*")|/(?P<pattern>(?:[^/\\\n]|\\.)+)/(?P<flags>[ims]*)',
    re.DOTALL,
)


class Places:
    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = sources
        self._entries: dict[Span, dict[str | Pattern, Span]] = {}

    def entry(self, field: Span, item: str | Pattern) -> Span:
        """Return where `item` stands in the list at `field`."""
        if field not in self._entries:
            self._entries[field] = self._read(field)
        return self._entries[field].get(item, field)

    def words(self, field: Span, words: str) -> Span:
        """Return where `words` first stand in the text at `field`, however they are spaced."""
        source = self._sources.get(field.path)
        if source is None or not words.strip():
            return field
        spaced = r"\s+".join(re.escape(word) for word in words.split())
        # As whole words where they stand so, since a short one is a part of many others.
        for pattern in (rf"(?<!\w){spaced}(?!\w)", spaced):
            if found := re.compile(pattern, re.IGNORECASE).search(source.text, field.start, field.end):
                return source.span(found.start(), found.end())
        return field

    def _read(self, field: Span) -> dict[str | Pattern, Span]:
        source = self._sources.get(field.path)
        if source is None:
            return {}
        entries: dict[str | Pattern, Span] = {}
        for found in _WRITTEN.finditer(source.text, field.start, field.end):
            place = source.span(found.start(), found.end())
            if found["text"] is not None:
                entries.setdefault(decode(found["text"]), place)
            elif found["pattern"] is not None:
                pattern = Pattern(found["pattern"].replace("\\/", "/"), "".join(sorted(found["flags"])))
                entries.setdefault(pattern, place)
        return entries
