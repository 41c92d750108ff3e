"""One labelling: the tasks, in each person's order, and a store. What a page may ask for, as plain values.

In: who asks, and what they say. Out: JSON values for the page. Nothing that goes out names an arm, says what a check or
a judge found, or which stratum a task is of. This file must not know HTTP.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any

from compiler.labels import content, queue, said
from compiler.labels.store import Entry, Store
from compiler.labels.tasks import Task

MOST_NAME, MOST_NOTE, MOST_NONCE = 40, 2000, 80
SIDES = ("left", "right")


class Unfit(ValueError):
    """What was sent is nothing that can be stored; the message says why."""


class Desk:
    """title: what is labelled, for the page's head."""

    def __init__(self, tasks: Sequence[Task], store: Store, title: str) -> None:
        self.tasks = tasks
        self.by_key = {task.key: task for task in tasks}
        self._groups = {
            "kinds": list(dict.fromkeys(task.kind for task in tasks)),
            "clauses": list(dict.fromkeys(task.clause_id for task in tasks)),
        }
        self._orders: dict[str, Sequence[Task]] = {}
        self.store = store
        self.title = title

    # -------------------------------------------------------------- what a page asks for

    def next(self, sent: dict[str, Any]) -> dict[str, Any]:
        """The first task in this person's order that they have neither labelled nor skipped."""
        annotator = _annotator(sent)
        done = self.store.done(annotator)
        asked = self._selected(annotator, sent.get("kind"), sent.get("clause_id"))
        following = next((task for task in asked if task.key not in done), None)
        said_of = Counter(done[task.key] for task in asked if task.key in done)
        return {
            "task": self._shown(following, annotator) if following is not None else None,
            "progress": {"labelled": said_of["label"], "skipped": said_of["skip"], "all": len(asked)},
            "groups": self._groups,
            "title": self.title,
        }

    def _selected(self, annotator: str, kind: Any, clause_id: Any) -> Sequence[Task]:
        """The tasks of a kind and a clause, of all where one is not given, in this person's order."""
        if annotator not in self._orders:
            self._orders[annotator] = queue.ordered(self.tasks, annotator)
        return [
            t for t in self._orders[annotator] if kind in (None, "", t.kind) and clause_id in (None, "", t.clause_id)
        ]

    def label(self, sent: dict[str, Any]) -> dict[str, Any]:
        """Store a label; the reply is sent once it is on the disk, and holds the next task."""
        annotator, task, nonce = _annotator(sent), self._task(sent), _text(sent, "nonce", MOST_NONCE)
        value = sent.get("value")
        if task.kind == "pairwise" and value in SIDES:
            turned = content.swapped(task.key, annotator)
            value = "second" if (value == "left") == turned else "first"
        elif task.kind == "pairwise" and value in said.PAIR[:2]:
            raise Unfit("a page knows left and right only")
        try:
            value = said.checked(task, value)
        except ValueError as error:
            raise Unfit(str(error)) from None
        self.store.say(task, annotator, "label", value, _note(sent), nonce)
        return self.next(sent)

    def skip(self, sent: dict[str, Any]) -> dict[str, Any]:
        self.store.say(self._task(sent), _annotator(sent), "skip", None, _note(sent), _text(sent, "nonce", MOST_NONCE))
        return self.next(sent)

    def undo(self, sent: dict[str, Any]) -> dict[str, Any]:
        """Take back the last thing that this person said, and show it again with what was said."""
        annotator = _annotator(sent)
        taken = self.store.undo(annotator, _text(sent, "nonce", MOST_NONCE))
        reply = self.next(sent)
        if taken is not None and (task := self.by_key.get(taken.seen.key)) is not None:
            before = {"value": self._as_seen(taken), "note": taken.note}
            reply = {**reply, "task": {**self._shown(task, annotator), "before": before}}
        return {**reply, "undone": taken is not None}

    def again(self, sent: dict[str, Any]) -> dict[str, Any]:
        """Bring back what this person has skipped."""
        self.store.again(_annotator(sent))
        return self.next(sent)

    def agreement(self, sent: dict[str, Any]) -> dict[str, Any]:
        """How far people agree, by kind of task."""
        from compiler.labels.agreeing import measured

        _annotator(sent)
        return {"agreement": [row.shown() for row in measured(self.store.standing())]}

    # -------------------------------------------------------------- what it is shown

    def _shown(self, task: Task, annotator: str) -> dict[str, Any]:
        turned = task.kind == "pairwise" and content.swapped(task.key, annotator)
        return {
            "key": task.key,
            "kind": task.kind,
            "clause": task.clause_id,
            "says": task.says,
            "asks": task.asks,
            "context": task.context,
            "messages": [message.model_dump() for message in task.messages],
            "answers": list(reversed(task.answers)) if turned else list(task.answers),
            "choices": [{"value": c.value, "label": c.label, "hint": c.hint} for c in task.choices],
            "examples": [{"sort": sort, "answer": answer, "why": why} for sort, answer, why in task.examples],
        }

    def _as_seen(self, entry: Entry) -> Any:
        if entry.seen.kind != "pairwise" or entry.value not in said.PAIR[:2]:
            return entry.value
        turned = content.swapped(entry.seen.key, entry.annotator)
        return SIDES[(entry.value == "second") != turned]

    def _task(self, sent: dict[str, Any]) -> Task:
        task = self.by_key.get(_text(sent, "key", 64))
        if task is None:
            raise Unfit("there is no such task here: reload the page")
        return task


# ------------------------------------------------------------------ what is sent


def _annotator(sent: dict[str, Any]) -> str:
    name = unicodedata.normalize("NFC", " ".join(_text(sent, "annotator", 4 * MOST_NAME).split()))
    if not 0 < len(name) <= MOST_NAME or not name.isprintable():
        raise Unfit(f"give a name of 1 to {MOST_NAME} visible characters")
    return name


def _note(sent: dict[str, Any]) -> str:
    return _text(sent, "note", MOST_NOTE).strip() if sent.get("note") else ""


def _text(sent: dict[str, Any], name: str, most: int) -> str:
    found = sent.get(name)
    if not isinstance(found, str) or not found:
        raise Unfit(f"{name} is missing")
    if len(found) > most:
        raise Unfit(f"{name} is longer than {most} characters")
    if not _storable(found):
        raise Unfit(f"{name} holds half a character")
    return found


def _storable(text: str) -> bool:
    """Whether a text can be written as UTF-8: a lone surrogate, which JSON can spell, cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
