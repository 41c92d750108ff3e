"""The promise that no probe shares a prompt with a training row: the same words, nearly the same, or one in the other.

In: the messages of training rows, the user's own included, and of probes. Out: whether a probe stands among them, for
choosing probes; and the same question asked again of the finished rows (`check_disjoint`), so that a fault in how they
were chosen shows. Every message of a user is searched, for a chat is learned whole. This file must not know how rows
are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backends.engines import Conversation
from backends.generate.candidates import ask_of, first_ask
from backends.generate.split import HeldOut, Prompts
from compiler.failures import DataError

LEFT_OUT = ("asked in a training row", "near a training row")


def asks_of(messages: Conversation) -> Iterator[str]:
    """What the user says: each message, and all of them as one."""
    said = [m.content for m in messages if m.role == "user"]
    yield from said
    if len(said) > 1:
        yield ask_of(messages)


def asked_in(rows: Iterable[Conversation]) -> Prompts:
    """All that users ask in `rows`, to be searched."""
    return Prompts(ask for messages in rows for ask in asks_of(messages))


def trained_on(messages: Conversation, training: Prompts, held_out: HeldOut) -> str | None:
    """Why a probe may not be asked; None where it may.

    A question about a held-out thing shares its form with training rows, and by design not its subject: it has to be
    the very same to be in the way.
    """
    asks = dict.fromkeys((first_ask(messages), ask_of(messages)))
    if any(training.same(ask) for ask in asks):
        return LEFT_OUT[0]
    return LEFT_OUT[1] if any(not held_out.named_in(ask) and training.near(ask) for ask in asks) else None


def check_disjoint(
    training: Iterable[Conversation], probes: Iterable[Conversation], held_out: HeldOut | None = None
) -> int:
    """Raise DataError when a probe stands among the training rows, and return how many messages were compared with."""
    asked = asked_in(training)
    for messages in probes:
        if reason := trained_on(messages, asked, held_out or HeldOut()):
            raise DataError(
                f"a probe stands among the training rows too, it is {reason}: {first_ask(messages)!r}",
                help="this is a fault of the generator; please report it with the spec",
            )
    return len(asked)
