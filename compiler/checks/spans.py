"""Where in an answer a check finds what it looks for.

In: a check and an answer. Out: spans of the answer's own characters, however the check folds the text before it looks.
A required phrase that is missing stands nowhere, and neither does what a judge dislikes. This file must not know
clauses, nor decide whether a check is kept.

>>> answer = "Well, **certainly!** It is noon."
>>> [answer[start:end] for start, end in spans(PhrasesCheck(phrases=("Certainly!",), present=False), answer)]
['certainly!']
>>> answer = "It is noon and the tide is in."
>>> [answer[start:end] for start, end in spans(LengthCheck(max_words=5), answer)]
['tide is in.']
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import assert_never

from compiler.checks import emoji, length, patterns, phrases, refusal
from compiler.records.checks import (
    AffixCheck,
    Check,
    EmojiCheck,
    JudgeCheck,
    LengthCheck,
    PatternsCheck,
    PhrasesCheck,
    RefusalCheck,
)

Span = tuple[int, int]
MOST = 12
"""Spans of one check in one answer: an answer that is all one mark tells no more than twelve do."""


def spans(check: Check, answer: str) -> tuple[Span, ...]:
    """Return where what `check` speaks of stands: the phrases, the refusing words, what is beyond a limit; in order,
    none twice, at most `MOST`. Empty where nothing stands there, or only behind a disguise that cannot be undone."""
    return tuple(sorted(set(_found(check, answer)))[:MOST])


def _found(check: Check, answer: str) -> Iterator[Span]:
    match check:
        case PhrasesCheck():
            for phrase in check.phrases:
                yield from locate(phrase, answer)
        case PatternsCheck():
            yield from patterns.spans(check.patterns, check.flags, answer)
        case RefusalCheck():
            words = refusal.find(answer, check.cues)
            yield from locate(words, answer)[:1] if words else ()
        case LengthCheck():
            yield from _beyond(check, answer)
        case EmojiCheck():
            place = 0
            for found in emoji.find(answer):
                place = answer.index(found, place)
                yield place, place + len(found)
                place += len(found)
        case AffixCheck() | JudgeCheck():
            return
        case _:
            assert_never(check)


def locate(phrase: str, answer: str) -> list[Span]:
    """Return where `phrase` stands in `answer`: every place where it is written out, in whatever letter case; else the
    one stretch that reads as it once the disguises of `phrases` are taken off."""
    literal = phrase.strip()
    if not literal or phrases.found((phrase,), answer) is None:
        return []
    plain = [hit.span() for hit in re.finditer(phrases.bounded(literal), answer, re.IGNORECASE)]
    return plain or list(_window(phrase, answer))


def _window(phrase: str, answer: str) -> Iterator[Span]:
    """The shortest stretch ending first in which `phrase` is found. A longer text keeps what a shorter one holds, as
    long as no word is cut, so both ends are found by bisection."""
    cuts = _cuts(answer)

    def ends(cut: int) -> bool:
        return phrases.found((phrase,), answer[:cut]) is not None

    end = cuts[min(bisect_left(cuts, True, key=ends), len(cuts) - 1)]

    def is_late(cut: int) -> bool:
        return phrases.found((phrase,), answer[cut:end]) is None

    start = cuts[max(bisect_left(cuts, True, key=is_late) - 1, 0)]
    if start < end and phrases.found((phrase,), answer[start:end]):
        yield start, end


def _cuts(answer: str) -> list[int]:
    """Places at which a cut divides no word; what is drawn as nothing, and markup, does not divide a word."""
    solid = [not (c in "*_`~\\" or not phrases.strip_invisible(c)) for c in answer]
    words = [s and phrases.is_word(c) for c, s in zip(answer, solid, strict=True)]
    before, after = _nearest(words, solid), _nearest(words[::-1], solid[::-1])[::-1]
    return [place for place in range(len(answer) + 1) if not (before[place] and after[place])]


def _nearest(words: Sequence[bool], solid: Sequence[bool]) -> list[bool]:
    """For each place: whether the nearest solid character before it belongs to a word."""
    out = [False]
    for word, seen in zip(words, solid, strict=True):
        out.append(word if seen else out[-1])
    return out


def _beyond(check: LengthCheck, answer: str) -> Iterator[Span]:
    """What is beyond a limit: the words after the last one allowed, the sentences, a sentence that is too long."""
    if check.max_words is not None:
        said = [hit for hit in length.words(answer) if any(c.isalnum() for c in hit.group())]
        if len(said) > check.max_words:
            yield said[check.max_words].start(), len(answer.rstrip())
    if check.max_sentences is None and check.max_sentence_words is None:
        return
    place = 0
    for number, sentence in enumerate(length.sentences(answer), 1):
        place = answer.index(sentence, place)
        if number - 1 == check.max_sentences:
            yield place, len(answer.rstrip())
        limit = check.max_sentence_words
        if limit is not None and length.count_words(sentence) > limit:
            yield place, place + len(sentence)
        place += len(sentence)
