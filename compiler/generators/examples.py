"""The spec's own examples: every good answer against every bad one, good against acceptable, acceptable against bad.

`example { user: "I failed." good: "That hurts." bad: "Study." }` becomes one pair. The clause's checks decide these
rows as they do any other: a good answer that breaks one, or a bad one that passes all, is left out and counted. An
acceptable one is chosen where it passes and rejected where it does not. An answer with an elision `[...]` shows a shape
and is never trained on word for word.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.deciding import deciding_checks
from compiler.generators.setting import Setting, messages
from compiler.ir import Clause
from compiler.records.recipe import AnswerSource, PromptSource, Unit
from compiler.records.record import Message
from spec.constructs import Require
from spec.document import ELISION, Example


def units(clause: Clause, setting: Setting) -> Iterator[Unit]:
    rows = [(ask, *sides) for example in clause.examples if (ask := _ask(example)) for sides in _sides(example)]
    if rows:
        # What every answer starts and ends with is put on both sides, unless the examples are about just that.
        required = () if isinstance(clause.body, Require) else setting.requirements()
        starts, ends = setting.affixes() if required else (None, None)
        yield setting.pairs(
            clause,
            "examples",
            len(rows),
            PromptSource(given=tuple(ask for ask, _, _ in rows)),
            AnswerSource(given=tuple(better for _, better, _ in rows), starts=starts, ends=ends),
            AnswerSource(given=tuple(worse for _, _, worse in rows), starts=starts, ends=ends),
            deciding_checks(clause),
            also=required,
            writer="examples",
        )


def _ask(example: Example) -> tuple[Message, ...]:
    if any(ELISION in turn.text for turn in example.turns):
        return ()
    return messages(example.turns)


def _sides(example: Example) -> list[tuple[str, str]]:
    sides = [(g, b) for g in example.good for b in example.bad]
    sides += [(g, o) for g in example.good for o in example.ok]
    sides += [(o, b) for o in example.ok for b in example.bad]
    return [(better, worse) for better, worse in sides if ELISION not in better and ELISION not in worse]
