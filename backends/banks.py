"""Prompt banks: everyday messages a user sends, with what a right answer contains where that can be said.

In: a base. Out: its bank and the words it holds out, and the files of both. nano ships its own
(`backends/nano/bank.jsonl`, `splits.json`); a folder may (`bank.jsonl`, `splits.json` beside its weights); every other
base gets `backends/bank/everyday.jsonl`. This file must not know recipes.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from backends.bases import Base
from compiler.failures import DataError
from compiler.records.checks import Check, PatternsCheck, PhrasesCheck

EVERYDAY = Path(__file__).parent / "bank" / "everyday.jsonl"


class BankRow(BaseModel):
    """answer: what a right answer contains, a phrase or a regular expression. safe: whether it may be answered."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    prompt: str
    kind: str
    entity: str | None = None
    heldout: bool = False
    answer: str | None = None
    safe: bool = True


def is_pattern(answer: str) -> bool:
    """Whether `answer` has the signs of a regular expression."""
    return re.search(r"[\\\[\](){}|^$*+?]", answer) is not None


def right_answer(answer: str) -> Check:
    """The check that a right answer passes: a phrase, or a pattern where `answer` has the signs of one."""
    if is_pattern(answer):
        return PatternsCheck(patterns=(answer,), flags="i", present=True)
    return PhrasesCheck(phrases=(answer,), present=True)


def _folder(base: Base) -> Path:
    if base.name == "nano":
        from backends import nano

        return Path(nano.__file__).parent
    return base.path


def bank_file(base: Base) -> Path:
    own = _folder(base) / "bank.jsonl"
    return own if own.is_file() else EVERYDAY


def split_file(base: Base) -> Path | None:
    """The file of the words that a base holds out; None where it holds out nothing."""
    own = _folder(base) / "splits.json"
    return own if own.is_file() else None


def bank(base: Base) -> tuple[BankRow, ...]:
    path = bank_file(base)
    try:
        with path.open(encoding="utf-8") as lines:
            return tuple(BankRow.model_validate_json(line) for line in lines if line.strip())
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise DataError(f"the prompt bank {path.name} cannot be read: {error}") from error


def held_out(base: Base) -> tuple[str, ...]:
    path = split_file(base)
    if path is None:
        return ()
    try:
        return tuple(str(word) for word in json.loads(path.read_text(encoding="utf-8"))["heldout"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path.name} of {base.name} cannot be read: {error}") from error
