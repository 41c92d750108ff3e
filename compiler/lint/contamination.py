"""Probes that training rows ask, or hold within an answer: what is measured then is memory."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.lint.findings import WORD, Finding, Rows, finding, runs, text_of
from compiler.records.rows import Probe

RUN = 8
"""Words in a row, as in GPT-3's check of benchmarks (Brown et al. 2020, appendix C, who used 8 to 13)."""


def look(rows: Rows) -> Iterator[Finding]:
    # What probes hold is little, and is looked for in rows: rows may be many.
    firsts = [_first(probe) for probe in rows.probes]
    wanted = {run for first in firsts for run in runs(first, RUN)}
    asked: dict[str, str] = {}
    held: dict[tuple[str, ...], str] = {}
    for pair in rows.pairs:
        for message in pair.prompt:
            if message.role == "user":
                asked.setdefault(_plain(message.content), pair.id)
        if wanted:
            for run in runs(text_of((*pair.prompt, *pair.chosen, *pair.rejected)), RUN) & wanted:
                held.setdefault(run, pair.id)
    same: list[str] = []
    within: list[str] = []
    for probe, first in zip(rows.probes, firsts, strict=True):
        said = "\n".join(m.content for m in probe.messages if m.role == "user")
        row = asked.get(_plain(first)) or asked.get(_plain(said))
        if row is not None and _plain(first):
            same.append(f"{probe.id} = {row}")
        elif shared := runs(first, RUN) & held.keys():
            # The least of them: a set has another order in each process.
            within.append(f"{probe.id} ~ {held[min(shared)]}")
    if same:
        told = f"{len(same)} probes are asked in training rows, word for word"
        yield finding("L11", "error", told, "leave these training rows out", rows=same)
    if within:
        told = f"{len(within)} probes share {RUN} words in a row with a training row"
        yield finding("L12", "note", told, "look whether it is more than a form of words", rows=within)


def _first(probe: Probe) -> str:
    return next((m.content for m in probe.messages if m.role == "user"), "")


def _plain(text: str) -> str:
    return " ".join(WORD.findall(text.casefold()))
