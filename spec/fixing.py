"""Fixes put into the text, again and again until none is left, as long as each makes the spec better.

In: a function that checks the spec with some files changed, and one that gives a file's text. Out: the changed texts,
what was fixed and what was left alone. Nothing is written here. A fix that brings a new error, or does not mend its
own, is not kept: a later one may rely on what a text means, and only checking anew can tell.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from spec.diagnostics import Diagnostic, Edit
from spec.limits import MOST_SIGNS
from spec.source import line_end

MOST_CHECKS = 50
"""A fix may uncover what another one mends; a spec that takes more checks is left where it is."""
FIRST_MEANING = "T0100"
"""Codes below are slips of writing, each of which hides what else is wrong on its line or in its block."""
NONSENSE = ("T0100", "T0101", "T0107")
"""What a line means that was mended into no statement and no field; where a word is misspelled, it has a fix."""
NAME_TAKEN = ("T0200", "T0210")

Texts = Mapping[str, str]
Check = Callable[[Texts], Sequence[Diagnostic]]
Key = tuple[str, str, str, str | None, int]


@dataclass(frozen=True, slots=True)
class Fixing:
    """texts: changed files, by the paths that spans name. left: what is wrong with them. refused: fixes that harm.
    ended: whether no other fix is left to try; False where that would have taken too many checks."""

    texts: dict[str, str]
    fixed: tuple[Diagnostic, ...]
    refused: tuple[Diagnostic, ...]
    left: tuple[Diagnostic, ...]
    ended: bool


def fixable(diagnostics: Iterable[Diagnostic], unsafe: bool = False) -> list[Diagnostic]:
    """Return those that have a fix, a safe one unless `unsafe` ones will do."""
    return [d for d in diagnostics if d.fix is not None and (unsafe or d.fix.applicability == "safe")]


def checks_for(signs: int, characters: int) -> int:
    """Return how often a spec of that size may be checked anew, so that all checks take as long as one of the largest.

    >>> checks_for(500, 4_000), checks_for(9_000, 380_000), checks_for(70_000, 300_000)
    (50, 3, 1)
    """
    return max(1, min(MOST_CHECKS, MOST_SIGNS // (signs + characters // 30 + 1)))


def fix_all(check: Check, read: Callable[[str], str], unsafe: bool = False, most: int = MOST_CHECKS) -> Fixing:
    """Fix what can be fixed.

    Args:
        check: returns what is wrong when the given texts stand in their files' places.
        read: returns a file's text as it is on disk, line ends and byte order mark included.
        unsafe: also make the fixes that could change what is meant.
        most: how often the spec may be checked anew; what is not fixed by then is left.
    """
    texts: dict[str, str] = {}
    found = tuple(check(texts))
    fixed: list[Diagnostic] = []
    refused: dict[Key, Diagnostic] = {}
    seen = [_squeezed(texts)]
    singly = False  # since several at once did harm
    changed_since = False  # whether a refused fix might do no harm any more
    checks = 0
    ended = False
    while checks < most:
        keys = _keys(found)
        left = [d for d in fixable(found, unsafe) if keys[id(d)] not in refused]
        # Slips by themselves: of what is new beside one, nothing shows whether it was hidden or another fix brought it.
        chosen = _apart([d for d in left if d.code < FIRST_MEANING] or left)
        if not chosen and changed_since:
            refused, changed_since = {}, False
            continue
        if not chosen:
            ended = True
            break
        chosen = chosen[:1] if singly else chosen
        changed = _applied(texts, chosen, read)
        after, checks = tuple(check(changed)), checks + 1
        if len(chosen) > 1 and _worse(found, after, chosen):
            if checks == most:
                break
            singly, chosen = True, chosen[:1]  # one of them does harm: by itself each shows whether it does
            changed = _applied(texts, chosen, read)
            after, checks = tuple(check(changed)), checks + 1
        if _squeezed(changed) in seen or _worse(found, after, chosen):  # two fixes may undo each other
            refused.update((keys[id(d)], d) for d in chosen)
            continue
        texts, found, singly = changed, after, False
        seen.append(_squeezed(texts))
        changed_since = bool(refused)
        fixed.extend(chosen)
    return Fixing(texts, tuple(fixed), tuple(refused.values()), found, ended)


def _squeezed(texts: Texts) -> dict[str, str]:
    """Return texts with one space for several: two fixes that undo each other may leave some behind each time."""
    return {path: re.sub(" +", " ", text) for path, text in texts.items()}


def _keys(found: Iterable[Diagnostic]) -> dict[int, Key]:
    """Return by `id` what a fix is known by when its place has changed: its words, and how many had them before."""
    counted: Counter[tuple[str, str, str, str | None]] = Counter()
    keys: dict[int, Key] = {}
    for d in found:
        words = d.span.path, d.code, d.message, d.fix.title if d.fix else None
        counted[words] += 1
        keys[id(d)] = *words, counted[words]
    return keys


def _apart(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return as many as have fixes that do not touch each other; of two that do, the first."""
    chosen: list[Diagnostic] = []
    taken: dict[str, list[tuple[int, int]]] = {}  # in order: no two of them overlap
    for diagnostic in diagnostics:
        assert diagnostic.fix is not None
        edits = diagnostic.fix.edits
        if not any(_touches(edit, taken.get(edit.span.path, [])) for edit in edits):
            chosen.append(diagnostic)
            for edit in edits:
                insort(taken.setdefault(edit.span.path, []), (edit.span.start, edit.span.end))
    return chosen


def _touches(edit: Edit, taken: Sequence[tuple[int, int]]) -> bool:
    # Ends count: two insertions at one place have no order of their own.
    before = bisect_right(taken, edit.span.end, key=lambda place: place[0])
    return before > 0 and taken[before - 1][1] >= edit.span.start


def _applied(texts: Texts, chosen: Sequence[Diagnostic], read: Callable[[str], str]) -> dict[str, str]:
    """Return `texts` with the edits of all fixes made."""
    edits: dict[str, list[Edit]] = {}
    for diagnostic in chosen:
        assert diagnostic.fix is not None
        for edit in diagnostic.fix.edits:
            edits.setdefault(edit.span.path, []).append(edit)
    return {**texts, **{path: edited(texts[path] if path in texts else read(path), e) for path, e in edits.items()}}


def edited(text: str, edits: Iterable[Edit]) -> str:
    r"""Return `text` as it stands on disk with the edits made, whose places count its line ends as one character.

    >>> from spec.source import Span
    >>> edited("\ufeffa\r\nb\r\n", [Edit(Span("x", 2, 3, 2, 1), "c\n")])
    '\ufeffa\r\nc\r\n\r\n'
    """
    places = _Places(text)
    pieces: list[str] = []  # from the end to the start
    rest = len(text)
    for edit in sorted(edits, key=lambda e: e.span.start, reverse=True):
        pieces.append(text[places.raw(edit.span.end) : rest])
        pieces.append(edit.text.replace("\n", places.line_end))
        rest = places.raw(edit.span.start)
    return "".join([text[:rest], *reversed(pieces)])


class _Places:
    """From places in the text that was checked to places in the text on disk, which may have a byte order mark and
    line ends of two characters."""

    def __init__(self, text: str) -> None:
        self.mark = int(text.startswith("\ufeff"))
        # Where the checked text has a line end that takes two characters on disk.
        self.long = [match.start() - self.mark - n for n, match in enumerate(re.finditer("\r\n", text))]
        self.line_end = line_end(text)

    def raw(self, place: int) -> int:
        return place + self.mark + bisect_left(self.long, place)


def _worse(before: Sequence[Diagnostic], after: Sequence[Diagnostic], chosen: Sequence[Diagnostic]) -> bool:
    """Whether a fix did not mend its own defect, or brought a new error.

    What a slip of writing had hidden is not new, errors of meaning or another slip on its line, unless the line became
    nonsense. Nor is what stands in a block that was not read.
    """
    mended = {(*_said(d), d.span.line, d.span.column) for d in chosen}
    # Another one of its kind may stand in its place now, such as the next item of a list.
    fewer = Counter(map(_said, before)) - Counter(map(_said, chosen))
    kept = Counter(map(_said, after)) - fewer
    if any((*_said(d), d.span.line, d.span.column) in mended and kept[_said(d)] for d in after):
        return True
    known = Counter(_said(d) for d in before if d.severity == "error")
    new = []
    for diagnostic in after:
        if diagnostic.severity == "error":
            known[_said(diagnostic)] -= 1
            if known[_said(diagnostic)] < 0:
                new.append(diagnostic)
    lines = Counter((d.span.path, d.span.line) for d in chosen if d.code < FIRST_MEANING)
    if lines:
        slips = Counter((d.span.path, d.span.line) for d in new if d.code < FIRST_MEANING)
        return bool(slips - lines) or any(_is_nonsense(d) and (d.span.path, d.span.line) in lines for d in new)
    return any(_is_nonsense(d) or d.code in NAME_TAKEN or not _was_covered(d, chosen) for d in new)


def _is_nonsense(diagnostic: Diagnostic) -> bool:
    return diagnostic.code in NONSENSE and diagnostic.fix is None


def _was_covered(found: Diagnostic, chosen: Iterable[Diagnostic]) -> bool:
    """Whether a defect stands in what one of the fixes uncovered."""
    fixes = [d.fix for d in chosen if d.fix is not None]

    def moved(path: str, place: int) -> int:
        edits = [edit for fix in fixes for edit in fix.edits if edit.span.path == path and edit.span.end <= place]
        return place + sum(len(edit.text) - (edit.span.end - edit.span.start) for edit in edits)

    return any(
        span.path == found.span.path and moved(span.path, span.start) <= found.span.start <= moved(span.path, span.end)
        for span in (fix.uncovers for fix in fixes)
        if span is not None
    )


def _said(diagnostic: Diagnostic) -> tuple[str, str, str]:
    return diagnostic.span.path, diagnostic.code, diagnostic.message
