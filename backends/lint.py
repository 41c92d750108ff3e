"""What only a model's parts see of rows: a tokenizer those that are cut, and those of which a trainer would lose the
prompt; an embedder those that ask in other words what a probe asks.

In: pairs, the base's chat template, the longest rows of the jobs; probes and an embedder. Out: findings of
`compiler.lint`. This file must not know what else is looked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from backends.chats import Chat
from backends.embedders import Embedder, nearest
from backends.engines import Conversation
from backends.train.identity import job_of, stages_of
from compiler.failures import DataError
from compiler.lint.findings import Finding, finding
from compiler.lowering.losses import METHODS
from compiler.records.rows import PreferencePair, Probe

SAME = 0.97
"""Cosine at which two questions are one: a paraphrase in the same words, in another order."""
ALIKE = 0.90
"""Cosine at which a person should look."""
Side = Literal["chosen", "rejected"]


def longest(build: Path, method: str) -> dict[Side, int]:
    """Tokens of a pair, prompt and one side together, of which a job of `method` takes no more: the least of its jobs'
    limits, by side. A side that no job reads, or that none cuts, is left out.

    Raises:
        DataError: a job cannot be read.
    """
    found: dict[Side, int] = {}
    for stage in stages_of(method):
        sides = _sides(stage)
        limit = job_of(build, stage).values.get("max_length") if sides else None
        if limit is not None:
            found |= {side: min(limit, found.get(side, limit)) for side in sides}
    return found


def _sides(stage: str) -> tuple[Side, ...]:
    """The sides of a pair that a stage's trainer reads; chats are made of chosen ones."""
    method = METHODS[stage]
    if method.rows == "sft.jsonl":
        return () if method.generators else ("chosen",)
    return ("chosen", "rejected") if "rejected" in method.columns else ()


def look(pairs: Sequence[PreferencePair], template: Chat, longest: Mapping[Side, int]) -> Iterator[Finding]:
    """Yield findings.

    Args:
        longest: tokens of a row, prompt and one side together, by side; one that is not named takes all.
    """
    cut: list[str] = []
    apart: list[str] = []
    for pair in pairs:
        sides: tuple[tuple[Side, Conversation], ...] = (("chosen", pair.chosen), ("rejected", pair.rejected))
        for name, side in sides:
            if name in longest and template.length((*pair.prompt, *side)) > longest[name]:
                cut.append(pair.id)
            try:
                template.check_prefix(pair.prompt, side[-1].content)
            except DataError:
                apart.append(pair.id)
    if cut:
        ids = list(dict.fromkeys(cut))
        most = " or ".join(map(str, sorted(set(longest.values()))))
        message = f"{len(ids)} rows are longer than {most} tokens: a trainer cuts their ends off, or leaves them out"
        help = "raise it, train { options { max_length: ... } }, or shorten the answers"
        yield finding("L13", "warning", message, help, rows=ids)
    if apart:
        ids = list(dict.fromkeys(apart))
        message = f"of {len(ids)} rows the prompt's tokens do not begin those of prompt and answer"
        yield finding(
            "L14", "error", message, "the trainer would learn part of the prompt: mend the chat template", rows=ids
        )


def look_by_meaning(pairs: Sequence[PreferencePair], probes: Sequence[Probe], embedder: Embedder) -> Iterator[Finding]:
    """Yield findings about probes whose question a training row asks in other words.

    Every message of a user in a row is compared with the probe's last question. Limits are cosines, and models differ
    in what they call near: the finding says the cosine of each, so that a person can judge them.
    """
    asked = {m.content: pair.id for pair in reversed(pairs) for m in pair.prompt if m.role == "user"}
    questions = [probe.question for probe in probes]
    if not asked or not questions:
        return
    texts = list(asked)
    same: list[str] = []
    alike: list[str] = []
    for probe, (place, cosine) in zip(probes, nearest(embedder.embed(questions), embedder.embed(texts)), strict=True):
        if cosine >= ALIKE:
            (same if cosine >= SAME else alike).append(f"{probe.id} ~{cosine:.2f} {asked[texts[place]]}")
    told = f"by {embedder.name}"
    if same:
        message = f"{len(same)} probes are asked in training rows in other words (cosine of {SAME} and more {told})"
        yield finding("L16", "error", message, "leave these training rows out", rows=same)
    if alike:
        message = f"{len(alike)} probes are near a training row (cosine of {ALIKE} and more {told})"
        yield finding("L17", "note", message, "look whether they ask the same", rows=alike)
