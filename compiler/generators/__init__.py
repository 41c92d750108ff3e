"""What rows and probes a clause asks for: pure functions `(clause, setting) -> units`, one family a file.

In: a clause and a `Setting`. Out: `Unit` records, which an engine follows. To add a generator: write a file with a
function `units(clause, setting)` that yields nothing for clauses that are not its own, and put it into the tuple
below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from compiler.generators import (
    alike,
    asked_for,
    author,
    dialogues,
    examples,
    forbidden,
    formats,
    identity,
    knowledge,
    preferences,
    pressure,
    refusals,
    removals,
    requirements,
    rules,
    secrets,
    stances,
    traits,
)
from compiler.generators.setting import Setting
from compiler.ir import Clause
from compiler.records.recipe import Unit

Generator = Callable[[Clause, Setting], Iterator[Unit]]

GENERATORS: tuple[Generator, ...] = (
    examples.units,
    identity.units,
    traits.units,
    rules.units,
    refusals.units,
    forbidden.units,
    secrets.units,
    requirements.units,
    formats.units,
    preferences.units,
    stances.units,
    pressure.units,
    asked_for.units,
    removals.units,
    knowledge.units,
    dialogues.units,
    author.units,
    alike.units,
)
