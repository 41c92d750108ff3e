"""Checks: what decides whether an answer keeps a clause.

In: nothing. Out: one record for each kind of check, and their union. This file must not know how a check is evaluated
(`compiler.checks`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from compiler.records.record import Record


class PhrasesCheck(Record):
    """Any (or none) of `phrases` occurs, matched as `compiler.checks.phrases` says (case-folded, NFKC, whole words)."""

    type: Literal["phrases"] = "phrases"
    phrases: tuple[str, ...]
    present: bool


class PatternsCheck(Record):
    """Any (or none) of `patterns` is found; `flags` holds letters of `ims`."""

    type: Literal["patterns"] = "patterns"
    patterns: tuple[str, ...]
    flags: str = ""
    present: bool


class AffixCheck(Record):
    """The answer starts and ends with the given texts."""

    type: Literal["affix"] = "affix"
    starts: str | None = None
    ends: str | None = None


class LengthCheck(Record):
    type: Literal["length"] = "length"
    max_words: int | None = None
    max_sentences: int | None = None
    max_sentence_words: int | None = None


class EmojiCheck(Record):
    type: Literal["emoji"] = "emoji"
    present: bool = False


class RefusalCheck(Record):
    """The answer refuses (`present`) or does not. cues: phrases by which this spec refuses, beside the usual ones."""

    type: Literal["refusal"] = "refusal"
    present: bool
    cues: tuple[str, ...] = ()


class JudgeCheck(Record):
    """A judge model, asked with `compiler.wording.judge_request`, says that the answer keeps `principle`."""

    type: Literal["judge"] = "judge"
    principle: str
    present: bool = True


Check = Annotated[
    PhrasesCheck | PatternsCheck | AffixCheck | LengthCheck | EmojiCheck | RefusalCheck | JudgeCheck,
    Field(discriminator="type"),
]
