"""Digests of what a person is shown: they name a task, and decide by chance what its label is for.

In: texts. Out: a key, a half, a stratum. All three depend on the content alone, so that they stay the same when a run
is measured again, on another machine, and in a file that comes back from another program. This file must not know runs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

from compiler.digests import digest
from compiler.records.labels import LabelKind, Stratum
from compiler.records.record import Message

UNIFORM_SHARE = 0.5
"""The share of tasks that belong to the uniform stratum. It is fixed: a label's stratum must not depend on when it was
made, or what is left for the uniform stratum would be no random sample."""

SHARED_SHARE = 0.25
"""The share of tasks that all people are asked early, so that it can be told how far they agree."""

Half = Literal["calibration", "training"]
Conversation = Sequence[Message]


def key(
    kind: LabelKind, clause_id: str, says: str, context: str | None, messages: Conversation, answers: Sequence[str]
) -> str:
    """Return the name of a task: 32 hex digits over everything that its label depends on.

    Args:
        says: the clause in words; an edited clause makes other tasks.
        answers: one, or the two that are compared, in any order.
    """
    said = [(message.role, message.content) for message in messages]
    return digest([kind, clause_id, says, context, said, sorted(answers)])[:32]


def person(annotator: str) -> str:
    """Return what stands for a person in a label's id."""
    return digest(["person", annotator])[:8]


def label_id(key: str, annotator: str) -> str:
    """Return the id of what a person said of a task.

    >>> key_of(label_id("0a1b", "Ana"))
    '0a1b'
    """
    return f"{key}.{person(annotator)}"


def key_of(label_id: str) -> str:
    """Return the task of a label's id."""
    return label_id.partition(".")[0]


def half(messages: Conversation) -> Half:
    """Return what labels of this prompt may serve: to calibrate judges, or to train.

    It is a coin thrown by the words of the first thing that the user says, so that a prompt, the same prompt with a
    push behind it, and the same words in another case or spacing fall on one side.
    """
    first = next((message.content for message in messages if message.role == "user"), "")
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", first).casefold())
    return "calibration" if _chance("half", " ".join(words)) < 0.5 else "training"


def stratum(of: str) -> Stratum:
    """Return the stratum of a task by its key: fixed before anybody looks at how hard it is."""
    return "uniform" if _chance("stratum", of) < UNIFORM_SHARE else "disagreement"


def place(of: str, annotator: str = "") -> float:
    """Return where a task stands: a random order, the same each time; with a name, a person's own."""
    return _chance("order", of, annotator)


def is_shared(of: str) -> bool:
    """Return whether a task is one of those that everybody is asked in the same order."""
    return _chance("shared", of) < SHARED_SHARE


def swapped(of: str, annotator: str) -> bool:
    """Return whether this person sees the second answer of a pair on the left."""
    return _chance("side", of, annotator) < 0.5


def _chance(*of: str) -> float:
    """A number in [0, 1), uniform over texts."""
    return int(digest(of)[:13], 16) / 16**13
