"""Rows to train on: pairs, their wanted answers as chats, talks, and the user's own.

In: what a build has opened. Out: the rows as a trainer takes them, with what was made of each unit. This file must not
know how one row is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backends import bases
from backends.chats import without_system
from backends.engines import Conversation
from backends.generate.drafts import Drafts
from backends.generate.mixing import Making, make
from backends.generate.opening import Opened
from backends.generate.own_data import OwnData, Wording, read_own_data, wording_of
from backends.generate.pairs import write_pairs
from backends.generate.talks import write_talks
from compiler.lowering.losses import METHODS
from compiler.progress import Progress
from compiler.records.rows import ChatRow, PreferencePair


@dataclass(frozen=True, slots=True)
class Taught:
    """said: the conversations of all rows. duplicates: generated chats that stand there already, word for word."""

    makings: Sequence[Making]
    pairs: Sequence[PreferencePair]
    chats: Sequence[ChatRow]
    own: OwnData
    said: Sequence[Conversation]
    duplicates: int


def write_taught(opened: Opened, progress: Progress, asks: Mapping[str, Sequence[int]] | None) -> Taught:
    """Make the rows of all units, and read the user's own beside them.

    Args:
        asks: by unit, as `mixing.make` takes them.

    Raises:
        DataError: a file of the user's is missing, unreadable, or not the one that was compiled.
    """
    recipe = opened.recipe
    makings = _made(opened, progress, asks)
    rows = [row for making in makings for row in making.rows]
    pairs = [row for row in rows if isinstance(row, PreferencePair)]
    chats: list[ChatRow] = []
    by_wording: dict[Wording, ChatRow] = {}
    if recipe.data or any(METHODS[stage].rows == "sft.jsonl" for stage in recipe.method.split("+")):
        by_wording = _each_once([*map(_chat, pairs), *(row for row in rows if isinstance(row, ChatRow))])
        chats = list(by_wording.values())
    duplicates = len(rows) - len(chats) if chats else 0
    own = OwnData()
    if recipe.data:
        # A chat that was rewritten is what its row unlearns: it is not learned beside it.
        rewritten = {wording_of((*p.prompt, *p.rejected)) for p in pairs if p.writer == "style_transfer"}
        own = read_own_data(
            recipe,
            opened.filters,
            opened.root,
            opened.author,
            opened.held_out,
            bases.load_chat(opened.base),
            opened.max_length,
            by_wording.keys() | rewritten,
            opened.struck,
        )
        chats += own.rows
        if recipe.method != "sft":
            pairs += own.pairs
    said = [pair.prompt for pair in pairs] + [chat.messages for chat in chats]

    # A trainer renders rows as they stand, so they are written as the base's template takes them.
    if any(m.role == "system" for messages in said for m in messages) and not opened.models.subject.has_system():
        pairs = [pair.model_copy(update={"prompt": without_system(pair.prompt)}) for pair in pairs]
        chats = [chat.model_copy(update={"messages": without_system(chat.messages)}) for chat in chats]
    return Taught(makings, pairs, chats, own, said, duplicates)


def _made(opened: Opened, progress: Progress, asks: Mapping[str, Sequence[int]] | None) -> list[Making]:
    streams, models, recipe = opened.streams, opened.models, opened.recipe
    total = sum(unit.count for unit in opened.trained)
    last = {unit.clause_ids[0]: unit.id for unit in opened.trained}
    makings = [Making(unit, streams.of(unit), unit.id == last[unit.clause_ids[0]]) for unit in opened.trained]
    done = 0

    def more(making: Making, count: int) -> None:
        nonlocal done
        before, unit = done, making.unit.model_copy(update={"count": count})

        def tell(n: int) -> None:
            progress("generate", min(before + n, total), total, "rows", unit.id)

        tell(0)
        rows: Sequence[PreferencePair] | Sequence[ChatRow]
        if unit.talk is None:
            told = streams.digest(making.unit) if opened.memory is not None else ""
            known = Drafts(making.unit, models, told, opened.memory)
            rows, dropped = write_pairs(unit, making.candidates, models, opened.rules, tell, opened.struck, known)
        else:
            rows, dropped = write_talks(unit, making.candidates, models, opened.rules, tell)
        making.rows.extend(rows)
        making.dropped += dropped
        done += count
        if not recipe.mixture and making.is_last:
            streams.close(unit.clause_ids[0])  # a mixture may come back for more

    make(makings, recipe.mixture, more, asks)
    streams.close()
    return makings


def _each_once(chats: Sequence[ChatRow]) -> dict[Wording, ChatRow]:
    found: dict[Wording, ChatRow] = {}
    for chat in chats:
        found.setdefault(wording_of(chat.messages), chat)
    return found


def _chat(pair: PreferencePair) -> ChatRow:
    return ChatRow(
        id=pair.id,
        messages=(*pair.prompt, *pair.chosen),
        clause_ids=pair.clause_ids,
        generator=pair.generator,
        source=pair.source,
        writer=pair.writer,
        unit=pair.unit,
        seed=pair.seed,
        spans=pair.spans,
    )
