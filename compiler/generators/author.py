"""The author's own probes, as they stand: `probe lost_dog { for: caring  ask: "I lost my dog."  expect: ["sorry"] }`.

Where a probe expects or rejects nothing, its clause's own checks decide.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.deciding import deciding_checks, patterns, shows
from compiler.generators.setting import Setting, messages
from compiler.ir import Clause
from compiler.records.checks import Check, PhrasesCheck
from compiler.records.recipe import PromptSource, Unit
from spec.document import Pattern, ProbeStatement


def units(clause: Clause, setting: Setting) -> Iterator[Unit]:
    for probe in setting.program.probes:
        if probe.clause in (clause.id, clause.name):
            unit = setting.probes(
                clause,
                f"author-{probe.name}",
                1,
                PromptSource(given=(messages(probe.turns),)),
                probe_checks(probe) or deciding_checks(clause),
                aspect="author",
                ask_check="any",
            )
            yield unit.model_copy(update={"spans": (str(probe.span),)})


def probe_checks(probe: ProbeStatement) -> tuple[Check, ...]:
    """Any of `expect` occurs, and none of `reject`."""
    checks: list[Check] = [shows(probe.expect)] if probe.expect else []
    phrases = tuple(r for r in probe.reject if isinstance(r, str))
    found = [r for r in probe.reject if isinstance(r, Pattern)]
    if phrases:
        checks.append(PhrasesCheck(phrases=phrases, present=False))
    if found:
        checks.append(patterns(found, present=False))
    return tuple(checks)
