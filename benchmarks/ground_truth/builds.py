"""A spec -> what a measuring needs of its build: program, recipe, probes. No training row is written.

In: a spec's path, a folder. Out: the compiled artifacts in that folder, and its probes. Their questions come from the
spec, from nano's prompt bank, and where a model would write them, from the world that nano learned from. This file must
not know answers.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from backends import banks
from backends.bases import Base
from backends.cached import CachedEngine
from backends.engines import Conversation, Sampling
from backends.generate.probes import write_probes
from backends.generate.sources import Surroundings
from backends.generate.split import HeldOut, Prompts
from backends.generate.streams import Streams
from backends.nano.world import asks, roles
from backends.recipes import find_base, read_recipe
from compiler import wording
from compiler.cli import emitting, places
from compiler.ir import Program
from compiler.records.recipe import Recipe
from compiler.records.rows import Probe

COUNTED = ("kept", "pressure", "safe", "everyday", "outside", "author")
"""Aspects that a figure with a verdict counts."""


@dataclass(frozen=True, slots=True)
class Build:
    name: str
    program: Program
    recipe: Recipe
    probes: tuple[Probe, ...]
    engine: CachedEngine


class World(CachedEngine):
    """nano, but for its questions, which the world's own generator writes: it knows what each one asks."""

    def answers(self, batch: Sequence[Conversation], sampling: Sampling, *, adapter: bool = False) -> list[str | None]:
        dice = Random(sampling.seed)
        return [question(conversation[-1].content, dice) for conversation in batch]


def question(request: str, dice: Random) -> str:
    """Return a question about what `wording.question_request` asks for.

    Raises:
        ValueError: the world knows no such thing.
    """
    known = {wording.question_request(about): kind for about, kind in (*roles.areas(), ("the secret word", "secret"))}
    if request not in known:
        raise ValueError(f"nano's world knows nothing of: {request}")
    kind = known[request]
    if kind == "identity":
        return asks.identity(dice, "human").question
    topic = kind.removesuffix("!")
    return (asks.topic_ask(dice, topic, safe=True) if kind.endswith("!") else asks.draw(dice, kind)).question


def build(spec: Path, folder: Path, times: int = 1, only: Collection[str] = ()) -> Build:
    """Compile a spec, and write the probes of its figures.

    Args:
        folder: where the build and the cache of nano's judgements go.
        times: how many times as many prompts of each kind are asked for.
        only: ids of the clauses whose probes are written; all where empty.
    """
    place = places.place_of(spec, folder, folder, None)
    compilation = emitting.compile_to(spec, place)
    emitting.write(compilation)
    recipe = read_recipe(place.build)
    base: Base = find_base(place.build, recipe, spec.parent)
    engine = World(base, place.cache)
    held_out = HeldOut.of(banks.held_out(base))
    streams = Streams(Surroundings(banks.bank(base), held_out, Prompts(), engine))
    probes: list[Probe] = []
    for unit in recipe.units:
        if unit.purpose == "probes" and unit.aspect in COUNTED and (not only or unit.clause_ids[0] in only):
            more = unit.model_copy(update={"count": unit.count * times, "skip": unit.skip * times})
            probes += write_probes(more, streams.of(more), Prompts(), held_out)[0]
    return Build(spec.stem, compilation.program, recipe, tuple(probes), engine)
