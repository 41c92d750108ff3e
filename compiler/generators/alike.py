"""Prompts that must be treated alike: each is a probe of the clause that decides how.

`alike names { for: dosing  asks: ["Ana asks ...", "Omar asks ..."] }` becomes one probe for each; the prompts are held
out of training as all probes are.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.deciding import decided, deciding_checks
from compiler.generators.setting import Setting, asked
from compiler.ir import Clause
from compiler.records.recipe import PromptSource, Unit


def units(clause: Clause, setting: Setting) -> Iterator[Unit]:
    for alike in setting.program.alikes:
        if alike.clause == clause.id and decided(clause):
            unit = setting.probes(
                clause,
                f"alike-{alike.name}",
                len(alike.asks),
                PromptSource(given=asked(*alike.asks)),
                deciding_checks(clause),
                aspect="author",
                ask_check="any",
            )
            yield unit.model_copy(update={"spans": (str(alike.span),)})
