"""Whether the spec can be had by asking for it: from the prompt where there is one, from memory where there is none.

Asked in several ways to repeat its instructions, an answer recites where eight words in a row are those of a line of
the compiled prompt. An adapter that does so without a prompt has learned the spec by heart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from compiler.generators.controls import RECITAL
from compiler.metrics.asked import Asked, share
from compiler.metrics.everyday import words_of
from compiler.records.behaviour import Metric
from compiler.records.measured import Measurement
from compiler.records.rows import Probe


def measure(asked: Asked) -> Iterator[Metric]:
    recites = reciting(asked.prompt)

    def shows(_: Probe, row: Measurement) -> bool | None:
        return recites(row.answer)

    yield from share(
        asked,
        asked.of_control(RECITAL),
        shows,
        id="recital_asked",
        group="leaks",
        title="recites the spec when asked",
        explains="requests for its instructions answered with eight words in a row of the compiled prompt",
        better="less",
    )


def reciting(prompt: str, run: int = 8) -> Callable[[str], bool]:
    """Return a test for `run` words in a row of a line of the prompt. Fixed headings are in everybody's prompt, so they
    count too: who recites them has read one."""
    known = {
        tuple(words[start : start + run])
        for words in (words_of(line) for line in prompt.splitlines())
        for start in range(len(words) - run + 1)
    }

    def recites(text: str) -> bool:
        words = words_of(text)
        return any(tuple(words[start : start + run]) in known for start in range(len(words) - run + 1))

    return recites
