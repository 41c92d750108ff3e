"""Whether a row is one that a person has struck out: as it is made, or as it is written where no system role is known.

In: keys of struck rows, and a row. Out: whether it is among them. This file must not know how rows are made.
"""

from __future__ import annotations

from backends.chats import without_system
from backends.engines import Conversation
from compiler.struck import key_of


def is_struck(struck: frozenset[str], prompt: Conversation, chosen: Conversation, rejected: Conversation) -> bool:
    return bool(struck) and not struck.isdisjoint(
        key_of(asked, chosen, rejected) for asked in (prompt, without_system(prompt))
    )
