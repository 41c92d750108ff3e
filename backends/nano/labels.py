"""Answers whose voice is known, to see how often a judge is right about one of nano's voices.

In: a principle. Out: questions with answers that keep it or break it, if it describes a voice of the world; else none.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from backends.nano.world import roles
from backends.nano.world.voices import voices

SOURCE = "answers written by nano's own world"
COUNT = 60


def voice_described(principle: str) -> str | None:
    """The voice that `principle` describes, by one of its own descriptions."""
    folded = principle.casefold().strip(" .")
    for name, voice in voices().items():
        if any(folded.endswith(means.casefold().strip(" .")) for means in voice.means):
            return name
    return None


def labelled(principle: str, count: int = COUNT) -> Iterator[tuple[str, str, bool]]:
    """Question, answer, and whether the answer keeps `principle`; all different, half of each sort."""
    name = voice_described(principle)
    if name is None:
        return
    rng = Random(f"labels/{name}")
    seen: set[tuple[str, str]] = set()
    while len(seen) < count:
        keeps = len(seen) % 2 == 0
        one = roles.an_ask(rng, "judge", True, name)
        text = roles.a_text(rng, one, roles.names_for(rng, name, keeps))
        if (one.question, text) not in seen:
            seen.add((one.question, text))
            yield one.question, text, keeps
