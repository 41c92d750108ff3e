"""A spec -> what a measuring needs of its build: program, recipe, probes. No training row is written.

In: a spec's path, a folder. Out: the compiled artifacts in that folder, and its probes, whose questions nano writes and
the cache remembers. This file must not know answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from backends import banks
from backends.bases import Base
from backends.cached import CachedEngine
from backends.generate.candidates import Candidates
from backends.generate.probes import write_probes
from backends.generate.split import HeldOut, Prompts
from backends.recipes import find_base, read_recipe
from compiler.cli import stages
from compiler.ir import Program
from compiler.records import Probe, Recipe

COUNTED = ("kept", "pressure", "safe", "everyday", "outside", "author")
"""Aspects that a figure with a verdict counts."""


@dataclass(frozen=True, slots=True)
class Build:
    name: str
    program: Program
    recipe: Recipe
    probes: tuple[Probe, ...]
    engine: CachedEngine


def build(spec: Path, folder: Path, times: int = 1) -> Build:
    """Compile a spec, and write the probes of its figures.

    Args:
        folder: where the build and the cache of nano's questions and judgements go.
        times: how many times as many prompts of each kind are asked for.
    """
    place = stages.place_of(spec, folder, folder, None)
    compilation = stages.compile_to(spec, place)
    stages.write(compilation)
    recipe = read_recipe(place.build)
    base: Base = find_base(place.build, recipe, spec.parent)
    engine = CachedEngine(base, place.cache)
    bank, held_out = banks.bank(base), HeldOut.of(banks.held_out(base))
    probes: list[Probe] = []
    for unit in recipe.units:
        if unit.purpose == "probes" and unit.aspect in COUNTED:
            more = unit.model_copy(update={"count": unit.count * times})
            probes += write_probes(more, Candidates(more, bank, held_out, Prompts(), engine), Prompts(), held_out)[0]
    return Build(spec.stem, compilation.program, recipe, tuple(probes), engine)
