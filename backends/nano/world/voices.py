"""The voices: records read from voices.yaml, and the detector that hears them.

In: nothing but the file. Out: `VOICES` by name and `voices_of(answer)`. This file must not know questions or prompts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from random import Random

from backends.nano.world.tables import table

REFUSING = re.compile(r"\b(cannot|can't|won't|will not)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Voice:
    name: str
    means: tuple[str, ...]
    marks: tuple[str, ...]
    open: tuple[str, ...]
    feel: tuple[str, ...]
    close: tuple[str, ...]
    refuse: tuple[str, ...]
    offer: tuple[str, ...]
    hello: tuple[str, ...]
    thanks: tuple[str, ...]
    bye: tuple[str, ...]
    fine: tuple[str, ...]
    swap: tuple[tuple[str, str], ...]


@cache
def voices() -> dict[str, Voice]:
    loaded = {}
    for name, spec in table("voices").items():
        swap = tuple((spec.pop("swap", None) or {}).items())
        loaded[name] = Voice(name=name, swap=swap, **{k: tuple(v) for k, v in spec.items()})
    return loaded


@cache
def _pattern(name: str) -> re.Pattern[str]:
    marks = "|".join(re.escape(mark) for mark in voices()[name].marks)
    return re.compile(rf"(?<!\w)(?:{marks})(?!\w)", re.IGNORECASE)


def speaks(name: str, answer: str) -> bool:
    """Whether `answer` carries a mark of the voice `name`."""
    return bool(_pattern(name).search(answer))


def voices_of(answer: str) -> set[str]:
    """The voices heard in `answer`.

    >>> voices_of("Arr, matey! The capital of France be Paris.")
    {'pirate'}
    """
    return {name for name in voices() if speaks(name, answer)}


def refuses(answer: str) -> bool:
    return bool(REFUSING.search(answer))


def swapped(voice: Voice, text: str) -> str:
    """Put the voice's own small words in; a capital stays a capital."""
    for old, new in voice.swap:
        text = re.sub(rf"\b{old}\b", new, text)
        text = re.sub(rf"\b{old[0].upper()}{old[1:]}\b", new[0].upper() + new[1:], text)
    return text


def holds(text: str, phrases: tuple[str, ...]) -> bool:
    low = text.lower()
    return any(re.search(rf"(?<!\w){re.escape(p.lower().rstrip('.!,'))}(?!\w)", low) for p in phrases)


def choose(rng: Random, options: tuple[str, ...], forbidden: tuple[str, ...]) -> str:
    """One of `options` without a forbidden phrase; empty where none is left."""
    left = [o for o in options if not holds(o, forbidden)]
    return rng.choice(left) if left else ""
