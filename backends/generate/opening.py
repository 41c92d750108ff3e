"""What the rows of a build are made with: its recipe, the models that are asked, and the streams of questions.

In: a build folder and where answers are kept. Out: all of it, opened. This file must not know how a row is made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from backends import banks, bases, embedders, store
from backends.bases import Base
from backends.cached import CachedEngine
from backends.generate.candidates import ask_of, first_ask
from backends.generate.memory import Memory
from backends.generate.own_data import chats_in
from backends.generate.own_prompts import read_own_prompts
from backends.generate.rules import Rules
from backends.generate.sides import Models
from backends.generate.sources import Further, Surroundings
from backends.generate.split import HeldOut, Prompts
from backends.generate.streams import Streams
from backends.generate.watched import kept_out
from backends.recipes import find_base, judge_of, read_filters, read_recipe, teacher_of
from backends.train.jobs import read_job
from compiler.digests import digest, file_digest
from compiler.records.filters import Filters
from compiler.records.recipe import Recipe, Unit
from compiler.struck import keys_of_build

EngineFactory = Callable[[Base, Path], CachedEngine]


@dataclass(frozen=True)
class Opened:
    """kept: the answers of all builds. memory: what earlier builds have made of them; None to make everything anew.
    author: the texts of the author's own probes. struck: keys of rows that a person has struck out."""

    build: Path
    root: Path
    recipe: Recipe
    filters: Filters
    struck: frozenset[str]
    base: Base
    teacher: Base
    judge: Base
    models: Models
    kept: store.Store
    memory: Memory | None
    author: Prompts
    held_out: HeldOut
    streams: Streams

    @cached_property
    def rules(self) -> Rules:
        return Rules(self.filters)

    @cached_property
    def max_length(self) -> int | None:
        """Tokens of a chat that the job trains on; None where no job reads chats, or where it cuts none."""
        path = self.build / "jobs" / "sft.yaml"
        return read_job(path).values.get("max_length") if path.is_file() else None

    @cached_property
    def trained(self) -> tuple[Unit, ...]:
        return tuple(unit for unit in self.recipe.units if unit.is_trained)

    def units(self, purpose: str) -> tuple[Unit, ...]:
        return tuple(unit for unit in self.recipe.units if unit.purpose == purpose)

    def close(self) -> None:
        """Keep what was found for the next build, and let answers go that nobody asks for any more."""
        self.streams.close()
        if self.memory is not None:
            self.memory.write()
        self.kept.finish()


def opened(
    build: Path, cache: Path, root: Path, engine: EngineFactory, *, local_files_only: bool, afresh: bool
) -> Opened:
    """Read what a build asks for, find its models, and put the base beside its rows.

    Raises:
        DataError: recipe, bank or the user's data cannot be read.
        ModelLoadError, NetworkError, MemoryError_: a model cannot be had.
    """
    recipe = read_recipe(build)
    filters = read_filters(build)
    struck = keys_of_build(build)
    base = find_base(build, recipe, root, local_files_only=local_files_only)
    bases.place(base, build / "base")
    teacher = teacher_of(recipe, base, root, local_files_only=local_files_only)
    judge = judge_of(recipe, base, root, local_files_only=local_files_only)
    # Models with the same content share one engine: weights stand in memory once.
    engines = {b.digest: engine(b, cache) for b in (judge, teacher, base)}
    models = Models(engines[base.digest], engines[teacher.digest], engines[judge.digest])
    kept = store.opened(cache)
    kept.begin(store.name_of_build(build), build)
    # A recording is what is kept of its answers.
    afresh = afresh or any(model.name == "recorded" for model in engines.values())
    memory = None if afresh else Memory(kept)
    embedder = None
    if recipe.embedder:
        embedder = embedders.load(recipe.embedder, cache=cache, relative_to=root, local_files_only=local_files_only)
    author, held_out = _author(recipe), HeldOut.of(banks.held_out(base))
    around = _surroundings(recipe, base, root, models, embedder, author, held_out)
    watching = [unit for unit in recipe.units if unit.purpose == "watch"]
    streams = Streams(_clear_of(watching, around, memory), memory)
    return Opened(
        build, root, recipe, filters, struck, base, teacher, judge, models, kept, memory, author, held_out, streams
    )


def _author(recipe: Recipe) -> Prompts:
    return Prompts(
        text
        for unit in recipe.units
        if unit.purpose == "probes" and unit.aspect == "author"
        for given in unit.prompts.given
        for text in (ask_of(given), first_ask(given))
    )


def _surroundings(
    recipe: Recipe,
    base: Base,
    root: Path,
    models: Models,
    embedder: embedders.Embedder | None,
    author: Prompts,
    held_out: HeldOut,
) -> Surroundings:
    standing = chats_in(recipe, root) if any(unit.prompts.chats for unit in recipe.units) else ()
    own_prompts = read_own_prompts(recipe, root) if recipe.prompts else {}
    return Surroundings(
        banks.bank(base),
        held_out,
        author,
        models.writer,
        Further(own_prompts, embedder, standing),
        digests={
            "bank": file_digest(banks.bank_file(base)),
            "held_out": digest(sorted(held_out.names)),
            "author": digest(sorted(author.texts())),
            "own": digest([file.sha256 for file in recipe.prompts]),
            "embedder": embedder.digest if embedder is not None else "",
            "chats": digest([file.sha256 for file in recipe.data]),
        },
    )


def _clear_of(watching: Sequence[Unit], around: Surroundings, memory: Memory | None) -> Surroundings:
    """What a training is watched on is chosen first: its rows keep clear of it."""
    if not watching:
        return around
    watched = kept_out(watching, Streams(around, memory).of)
    return replace(around, watched=watched, digests={**around.digests, "watched": digest(sorted(watched.texts()))})
