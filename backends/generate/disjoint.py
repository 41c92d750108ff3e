"""The promise that no probe shares a prompt with a training row, checked on the rows themselves.

In: the messages of all training rows and of all probes. Out: nothing, or the failure. It looks at finished rows
only, so a fault in how they were chosen shows here. This file must not know how rows are made.
"""

from __future__ import annotations

from collections.abc import Sequence

from backends.engines import Conversation
from backends.generate.candidates import ask_of, first_ask
from backends.generate.split import normal
from compiler.failures import DataError


def check_disjoint(training: Sequence[Conversation], probes: Sequence[Conversation]) -> None:
    """Raise DataError when a probe's first question, or all that its user says, is that of a training row."""
    firsts = {normal(first_ask(messages)) for messages in training}
    wholes = {normal(ask_of(messages)) for messages in training}
    for messages in probes:
        if normal(ask_of(messages)) in wholes or normal(first_ask(messages)) in firsts:
            raise DataError(
                f"a probe stands among the training rows too: {first_ask(messages)!r}",
                help="this is a fault of the generator; please report it with the spec",
            )
