"""The corpus nano is trained on: an endless stream, the same for the same seed.

In: a seed and the number of a chunk. Out: dialogues as chat messages. No combination for which `unseen` holds is ever
in it. This file must not know tokens or weights.
"""

from __future__ import annotations

from random import Random

from backends.nano.world.asks import identity, repeat
from backends.nano.world.dialogues import Dialogue, dialogue, single, under_one_prompt, under_rules, user_name
from backends.nano.world.roles import role

CHUNK = 768
ROLE_SHARE = 0.42
COPYING = 0.04
RULING = 0.1
SHARING = 0.28


def copying(rng: Random) -> Dialogue:
    """A short dialogue in which the answer copies words of the prompt."""
    roll = rng.random()
    if roll < 0.45:
        return single(rng, False, repeat)
    return user_name(rng) if roll < 0.7 else single(rng, False, identity)


def rows(seed: int, chunk: int, size: int = CHUNK) -> list[Dialogue]:
    """The dialogues of one chunk of the corpus of `seed`; those that share a system prompt stand side by side."""
    rng = Random(f"nano/{seed}/{chunk}")
    found: list[Dialogue] = []
    while len(found) < size:
        roll = rng.random()
        if roll < COPYING:
            found.append(copying(rng))
        elif roll < COPYING + RULING:
            found.append(under_rules(rng))
        elif roll < COPYING + RULING + SHARING:
            found += under_one_prompt(rng)
        else:
            found.append(role(rng) if rng.random() < ROLE_SHARE else dialogue(rng))
    return found[:size]
