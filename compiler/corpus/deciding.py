"""A chunk of lines -> what becomes of each line: kept, dropped by a rule, or set aside since it is no chat.

In: bytes of whole lines, filters.json. Out: the lines that are not kept, and how many there were. `reference` reads
every line and asks every rule; `Decider` reads only the lines that the scanner cannot let pass, and must say the same.
This file must not know files.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

import numpy as np

from compiler import chat_files, chat_rows, data
from compiler.checks import patterns
from compiler.corpus.decided import Decided, Lost
from compiler.corpus.narrowing import Narrowing
from compiler.corpus.scanning import Lines, Scanner
from compiler.records.checks import PatternsCheck
from compiler.records.filters import Filters

LEARN_FROM = 64
"""Lines of a chunk whose shape is learned, at most."""


def reference(chunk: bytes, filters: Filters) -> Decided:
    """Decide every line by reading it and asking every rule: what `Decider` is held against."""
    lost: list[Lost] = []
    blank: list[tuple[int, int]] = []
    lines = chunk.split(b"\n")
    if not lines[-1]:
        del lines[-1]
    start = 0
    for at, raw in enumerate(lines):
        if raw.strip():
            found = _read(raw, filters)
            if found is not None:
                lost.append(Lost(at, start, start + len(raw), *found))
        else:
            blank.append((start, start + len(raw)))
        start += len(raw) + 1
    return Decided(len(lines), len(lines) - len(blank), tuple(lost), tuple(blank))


class Decider:
    """Decides chunks by `filters`; it is faster on lines in shapes that it has met."""

    def __init__(self, filters: Filters) -> None:
        self._narrowing = Narrowing(filters)
        self._scanner = Scanner(self._narrowing.atoms)
        self._to_learn_from = LEARN_FROM

    def decide(self, chunk: bytes) -> Decided:
        lines = self._scanner.scan(chunk)
        if self._learn(chunk, lines):
            lines = self._scanner.scan(chunk)
        lost: list[Lost] = []
        blank: list[tuple[int, int]] = []
        always = self._narrowing.always
        read = range(len(lines.starts)) if always.rules else np.flatnonzero(lines.must_read).tolist()
        asked: list[tuple[int, int, int, chat_rows.Chat, Filters]] = []
        for at in read:
            start, stop = int(lines.starts[at]), int(lines.stops[at])
            raw = chunk[start:stop]
            if not raw.strip():
                blank.append((start, stop))
                continue
            try:
                chat = _chat(raw)
            except chat_rows.RowFault as fault:
                lost.append(Lost(at, start, stop, str(fault)))
                continue
            asked.append((at, start, stop, chat, self._narrowing.rules_for(chat) if lines.must_read[at] else always))
        with patterns.looked_up(_searches((chat, rules) for *_, chat, rules in asked)):
            for at, start, stop, chat, rules in asked:
                broken = data.first_broken(chat, rules)
                if broken is not None:
                    lost.append(Lost(at, start, stop, broken[0].reason, broken[0].key, broken[1]))
        lost.sort(key=lambda one: one.line)
        return Decided(len(lines.starts), len(lines.starts) - len(blank), tuple(lost), tuple(blank))

    def _learn(self, chunk: bytes, lines: Lines) -> bool:
        """Learn shapes from lines that had to be read; whether there was a new one."""
        tried = np.flatnonzero(lines.must_read)[: self._to_learn_from].tolist()
        self._to_learn_from -= len(tried)
        news = False
        for at in tried:
            raw = chunk[lines.starts[at] : lines.stops[at]]
            with suppress(chat_rows.RowFault):
                if raw.strip() and _chat(raw):
                    news |= self._scanner.learn(raw)
        return news


def _chat(raw: bytes) -> chat_rows.Chat:
    """Read a line, in all of its columns that a trainer could read.

    Raises:
        RowFault: it holds no chat.
    """
    return chat_rows.all_said(chat_files.parsed(raw))


def _searches(asked: Iterable[tuple[chat_rows.Chat, Filters]]) -> dict[tuple[str, str], set[str]]:
    """The answers in which each pattern, with its flags, will be looked for."""
    found: dict[tuple[str, str], set[str]] = {}
    for chat, rules in asked:
        checks = [check for rule in rules.rules for check in rule.checks if isinstance(check, PatternsCheck)]
        if checks:
            answers = [message.content for message in chat if message.role == "assistant"]
            for check in checks:
                for pattern in check.patterns:
                    found.setdefault((pattern, check.flags), set()).update(answers)
    return found


def _read(raw: bytes, filters: Filters) -> tuple[str, str | None, str] | None:
    """Return why a line is lost: in words, the rule's key, the answer at fault. None where it is kept."""
    try:
        chat = _chat(raw)
    except chat_rows.RowFault as fault:
        return str(fault), None, ""
    broken = data.first_broken(chat, filters)
    return (broken[0].reason, broken[0].key, broken[1]) if broken else None
