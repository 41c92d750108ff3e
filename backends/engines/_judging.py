"""A judge's yes or no from the probabilities of tokens: at the reply's first word, or after a reason at its verdict.

In: requests as token ids, and an engine's two abilities: probabilities of the next token, and replies. Out: for each
request the probability of yes against no. This file must not know what computes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from backends.chats import Chat
from backends.engines import Sampling
from compiler.replies import Words, verdict

JUDGE_MASS = 0.5
"""A judge that puts this much probability on yes and no together answers at once; else its reply is read."""

JUDGE_TOKENS = 48
"""How long a judge's reply may be: a few words why, then yes or no."""

Chances = Callable[[Sequence[list[int]], Sequence[Sequence[int]]], list[tuple[float, ...]]]
"""Rows of ids and groups of ids -> for each row the probability that its next token is of each group."""
Replies = Callable[[Sequence[list[int]], Sampling], list[list[int] | None]]


def chances_of_yes(
    asked: Mapping[int, list[int]],
    words: Words,
    chat: Chat,
    groups: Sequence[list[int]],
    chances: Chances,
    say: Replies,
) -> dict[int, float]:
    """Return the probability of the first of `words` against the second by the request's place, where there is one.

    Args:
        asked: requests that are not too long, by their place.
        groups: the token ids that say each of the two words.
    """
    if not asked:
        return {}
    results: dict[int, float] = {}
    waiting = []
    for place, found in zip(asked, chances(list(asked.values()), groups), strict=True):
        if sum(found) >= JUDGE_MASS:
            results[place] = _share(found)
        else:
            waiting.append(place)
    # The others say why first. Their probabilities stand where the reply comes to its verdict.
    replies = say([asked[place] for place in waiting], Sampling(max_new_tokens=JUDGE_TOKENS))
    rows: dict[int, list[int]] = {}
    for place, reply in zip(waiting, replies, strict=True):
        at = verdict_place(chat, reply or (), {token for group in groups for token in group}, words)
        if at is not None:
            rows[place] = [*asked[place], *(reply or ())[:at]]
    if rows:
        for place, found in zip(rows, chances(list(rows.values()), groups), strict=True):
            results[place] = _share(found)
    return results


def verdict_place(chat: Chat, reply: Sequence[int], ids: set[int], words: Words) -> int | None:
    """The place of the token that says the reply's verdict, one of `ids`."""
    found = verdict(chat.tokenizer.decode(list(reply)), words)
    if found is None:
        return None
    upto = (len(chat.tokenizer.decode(list(reply[: at + 1]))) for at in range(len(reply)))
    at = next(at for at, end in enumerate(upto) if end > found[1])
    return at if reply[at] in ids else None


def word_ids(chat: Chat, word: str) -> list[int]:
    """First tokens of `word` as an answer may begin with it: any case, with or without a space."""
    forms = {space + form for form in (word, word.capitalize(), word.upper()) for space in ("", " ")}
    firsts = {chat._ids(form)[0] for form in forms}
    # A tokenizer that splits words may give `Y` or a lone space, which says nothing about yes.
    return sorted(i for i in firsts if chat.text_of([i]).lower() == word)


def _share(found: tuple[float, ...]) -> float:
    return found[0] / sum(found)
