"""Probes that training rows ask, or hold within an answer: what is measured then is memory."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.lint.findings import WORD, Finding, Rows, finding, runs, text_of

RUN = 8
"""Words in a row, as in GPT-3's check of benchmarks (Brown et al. 2020, appendix C, who used 8 to 13)."""


def look(rows: Rows) -> Iterator[Finding]:
    asked: dict[str, str] = {}
    held: dict[tuple[str, ...], str] = {}
    for pair in rows.pairs:
        for message in pair.prompt:
            if message.role == "user":
                asked.setdefault(_plain(message.content), pair.id)
        for run in runs(text_of((*pair.prompt, *pair.chosen, *pair.rejected)), RUN):
            held.setdefault(run, pair.id)
    same: list[str] = []
    within: list[str] = []
    for probe in rows.probes:
        said = [m.content for m in probe.messages if m.role == "user"]
        first = said[0] if said else ""
        if any(_plain(text) in asked for text in (first, "\n".join(said))):
            same.append(f"{probe.id} = {asked.get(_plain(first), '')}")
        elif shared := runs(first, RUN) & held.keys():
            # The least of them: a set has another order in each process.
            within.append(f"{probe.id} ~ {held[min(shared)]}")
    if same:
        told = f"{len(same)} probes are asked in training rows, word for word"
        yield finding("L11", "error", told, "leave these training rows out", rows=same)
    if within:
        told = f"{len(within)} probes share {RUN} words in a row with a training row"
        yield finding("L12", "note", told, "look whether it is more than a form of words", rows=within)


def _plain(text: str) -> str:
    return " ".join(WORD.findall(text.casefold()))
