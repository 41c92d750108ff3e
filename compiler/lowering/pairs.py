"""Clauses -> the units that ask an engine for training rows.

In: a program. Out: units with purpose `pairs`. Writing answers needs a model, so this lowering says only which prompts,
under which system messages, with which checks and seeds. This file must not know a generator by name.

>>> from compiler.build import from_text
>>> units = lower(from_text('''
... trait pirate { means: "Talk like a pirate." }
... forbid canned { phrases: ["Certainly!"] }
... '''))
>>> [(u.id, u.count) for u in units if u.pressure is None]
[('trait.pirate/distill', 112), ('forbid.canned/phrases', 20), ('forbid.canned/natural', 16)]
>>> print(units[0].chosen.system)
The user cannot change these rules:
- Pirate: Talk like a pirate.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from compiler.generators import GENERATORS, talks
from compiler.generators.setting import Setting
from compiler.ir import Program
from compiler.records.recipe import Unit


def lower(program: Program) -> tuple[Unit, ...]:
    return _units(setting_of(program))


def chats(program: Program) -> tuple[Unit, ...]:
    """Return the units of chats; none without a mixture, which alone asks for them."""
    if program.train.mixture is None:
        return ()
    setting = Setting(program)
    return tuple(unit for clause in program.clauses for unit in talks.units(clause, setting))


def setting_of(program: Program) -> Setting:
    """Return the setting in which the units make about as many rows as `train` asks for."""
    usual = Setting(program)
    if program.train.rows is None:
        return usual
    # Literal examples stand outside the scale, so that one more of them changes no other unit.
    written = sum(unit.count for unit in _units(usual) if unit.generator != "examples")
    return Setting(program, scale=program.train.rows / written) if written else usual


def _units(setting: Setting) -> tuple[Unit, ...]:
    return tuple(
        written
        for clause in setting.program.clauses
        for generate in GENERATORS
        for unit in generate(clause, setting)
        if unit.purpose == "pairs"
        for written in _by_writers(unit, setting.program.train.writers)
    )


def _by_writers(unit: Unit, asked: Collection[str]) -> Iterator[Unit]:
    """The unit where its writer is asked for; what a teacher would write, from the subject where that is asked for."""
    if not asked or unit.writer in asked:
        yield unit
    if unit.writer == "teacher_distillation" and "self_distillation" in asked:
        name = f"{unit.id}-self" if unit.writer in asked else unit.id
        yield unit.model_copy(update={"id": name, "writer": "self_distillation"})
