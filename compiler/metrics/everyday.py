"""Everyday prompts and what every arm answers to them: the texts from which habits are read.

In: the program, its probes, each arm's answers. Out: probes, and texts of each arm in the same order of prompts. This
file must not know which habit is looked for.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

from compiler.ir import Program
from compiler.records.record import Arm
from compiler.records.rows import Probe
from compiler.tallies import Answers, Key, prompt_key
from spec.constructs import Persona, Refuse

Texts = Mapping[Arm, Sequence[str]]
"""Per arm, one answer for each prompt that all arms have answered."""


class Said(NamedTuple):
    """forms: for each prompt, its form of question, or itself: the cluster of an interval."""

    texts: Texts
    forms: Sequence[Hashable]


def everyday(program: Program, probes: Sequence[Probe]) -> list[Probe]:
    """Return the probes that ask for an ordinary answer: no refusal, no introduction, no pressure."""
    special = {clause.id for clause in program.clauses if isinstance(clause.body, Refuse | Persona)}
    return [
        probe
        for probe in probes
        if probe.aspect in ("safe", "everyday") or (probe.aspect == "kept" and probe.clause_id not in special)
    ]


def said(program: Program, probes: Sequence[Probe], answers: Answers, arms: Sequence[Arm]) -> Said:
    """Return the answers to everyday prompts that every arm has answered, each prompt once, however many probes ask it:
    of its answers, alike under greedy decoding, the first counts."""
    rows: dict[Key, dict[Arm, str]] = {}
    forms: dict[Key, Hashable] = {}
    for probe in everyday(program, probes):
        row = {arm: found.answer for arm in arms if (found := answers.get((probe.id, arm))) and found.was_given}
        if len(row) == len(arms):
            key = prompt_key(probe)
            rows.setdefault(key, row)
            forms.setdefault(key, probe.template or key)
    return Said({arm: [row[arm] for row in rows.values()] for arm in arms}, list(forms.values()))


def words_of(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:['\u2019][^\W_]+)*", text.casefold())
