"""What is wrong in a spec, as values: a list of these is the answer to everything a user can write.

In: nothing. Out: `Diagnostic` and the parts it is made of; `Report`, which collects them. How one looks is in
`spec/renderings/`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from functools import lru_cache
from typing import Literal

from spec.codes import CODES, Code, Severity
from spec.document import Turn
from spec.frozen import dataclass
from spec.limits import Room
from spec.source import Source, Span

MOST = 500
"""The most diagnostics of one file; nobody reads more at once."""
MOST_COMPARED = 4_000_000
"""Pairs of letters, of a misspelled word and of the known ones, in one file: with 200 names, of 200 such words."""

Format = Literal["full", "concise", "json", "github", "sarif"]


@dataclass(frozen=True, slots=True)
class Edit:
    """Put `text` where `span` stands."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that mend a defect. safe: they cannot change what a correct part of the spec means.

    uncovers: what is read only when the defect is mended, so that its own defects show then.
    """

    title: str
    edits: tuple[Edit, ...]
    applicability: Literal["safe", "unsafe"] = "unsafe"
    uncovers: Span | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """A second place that a diagnostic speaks of."""

    span: Span
    label: str


@dataclass(frozen=True, slots=True)
class Witness:
    """A conversation in which a defect shows.

    clause: the id of the clause that a probe of this situation tests. shows: what is seen there, a sentence. facts:
    what is known of the user and the channel, by dimension. turns: what is said before the answer, facts first. answer:
    one that shows it, where an answer does.
    """

    clause: str
    shows: str
    turns: tuple[Turn, ...]
    facts: tuple[tuple[str, str | float | bool], ...] = ()
    answer: str | None = None

    @property
    def said(self) -> tuple[tuple[str, str], ...]:
        """The conversation as people read it: who, and what; the answer last."""
        answer = (("answer", self.answer),) if self.answer is not None else ()
        return (*((turn.role, turn.text) for turn in self.turns), *answer)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One defect. message: one line, no full stop; label: a few words under the span; help: how to mend it."""

    code: str
    severity: Severity
    message: str
    span: Span
    label: str = ""
    help: str | None = None
    fix: Fix | None = None
    secondary: tuple[Note, ...] = ()
    witness: Witness | None = None


@dataclass(slots=True)
class Report:
    """Collects the diagnostics of one file; `at` makes spans of its offsets.

    A line on which a slip of writing was found is muted: what else seems wrong with it is most likely the same slip.
    After `MOST` diagnostics a file is silent. room: what the file's spec may still hold.
    compared: pairs of letters that were looked at to find what an author meant.
    """

    source: Source
    found: list[Diagnostic] = field(default_factory=list)
    muted: set[int] = field(default_factory=set)
    room: Room = field(default_factory=Room)
    compared: int = 0

    @property
    def full(self) -> bool:
        """Whether nothing more will be said about the file."""
        return len(self.found) >= MOST

    def at(self, start: int, end: int) -> Span:
        return self.source.span(start, end)

    def whole(self, start: int, end: int) -> Span:
        """Return the place to take out to remove what stands there: its lines, where nothing else stands on them."""
        text = self.source.text
        line = text.rfind("\n", 0, start) + 1
        after = text.find("\n", end)
        after = len(text) if after < 0 else after + 1
        if not text[line:start].strip() and not text[end:after].strip():
            return self.at(line, after)
        # The space before it goes with it, so that what stands on both sides keeps its distance.
        before = len(text[line:start].rstrip())
        return self.at(line + before if before else start, end)

    def silent(self, span: Span) -> bool:
        """Whether nothing more will be said about what starts at `span`."""
        return self.full or (span.line in self.muted and span.path == self.source.path)

    def mute(self, span: Span) -> None:
        """Say nothing more about the line on which `span` starts."""
        self.muted.add(span.line)

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
        if self.silent(span):
            return
        severity = CODES[code].severity
        self.found.append(Diagnostic(code, severity, message, span, label, help, fix, tuple(secondary), witness))

    def closest(self, word: str, known: Iterable[str]) -> str | None:
        """Return what the author most likely meant by `word`; None where nobody would be told, or it takes too long."""
        if self.full or self.compared > MOST_COMPARED:
            return None
        names = tuple(known)
        self.compared += len(word) * sum(map(len, names))
        return closest(word, names) if self.compared <= MOST_COMPARED else None

    def did_you_mean(self, word: str, known: Iterable[str], span: Span) -> tuple[str | None, Fix | None]:
        """Return help and fix for a mistyped `word`: the closest of `known`, else the list of them."""
        if self.full:
            return None, None
        options = list(known)
        best = self.closest(word, options)
        if best is not None:
            # Capitals and dashes are never what tells two words of a spec apart.
            same = [option for option in options if _folded(option) == _folded(word)] == [best]
            fix = Fix(f"replace it with `{best}`", (Edit(span, best),), "safe" if same else "unsafe")
            return f"did you mean `{best}`?", fix
        if 0 < len(options) <= 24:
            return f"it is one of: {', '.join(options)}", None
        return None, None


def counted(found: Iterable[Diagnostic]) -> str:
    """Return how many there are of each severity, in words; an empty text for none."""
    severities = [d.severity for d in found]
    counts = [(severities.count(word), word) for word in ("error", "warning", "note")]
    parts = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in counts if n]
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return what the author most likely meant by `word`.

    >>> closest("phrase", ["phrases", "patterns"])
    'phrases'
    """
    return _closest(word.lower(), tuple(known))


@lru_cache(maxsize=1024)
def _closest(word: str, known: tuple[str, ...]) -> str | None:
    from difflib import get_close_matches  # needed for specs with mistakes only

    names = {name.lower(): name for name in known}
    match = get_close_matches(word, names, n=1, cutoff=0.6)
    return names[match[0]] if match else None


def _folded(word: str) -> str:
    return word.lower().replace("-", "_")


Checked = tuple[Sequence[Diagnostic], Mapping[str, Source]]
"""What was found in one spec, and the sources that it points into."""


def render(
    diagnostics: Iterable[Diagnostic],
    sources: Mapping[str, Source],
    format: Format = "full",
    color: bool = False,
    width: int = 80,
) -> str:
    """Return `diagnostics` as text for a screen of `width` columns, a log (`concise`) or a program (the others)."""
    return render_all([(tuple(diagnostics), sources)], format, color, width)


def render_all(
    specs: Sequence[Checked],
    format: Format = "full",
    color: bool = False,
    width: int = 80,
    codes: Mapping[str, Code] = CODES,
) -> str:
    """Return what was found in several specs as one text, of which a program can read the whole.

    codes: the table that names and describes the codes, for the formats that do.
    """
    match format:
        case "full":
            from spec.renderings import full

            return "\n\n".join(full.render(found, sources, color, width) for found, sources in specs if found)
        case "concise":
            from spec.renderings import concise

            return "\n".join(concise.render(found, sources) for found, sources in specs if found)
        case "json":
            from spec.renderings import json

            return json.render(specs)
        case "github":
            from spec.renderings import github

            return github.render(specs, codes)
        case "sarif":
            from spec.renderings import sarif

            return sarif.render(specs, codes)
