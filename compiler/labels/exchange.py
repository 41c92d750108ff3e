"""Labels as rows for others, and back: `labels.jsonl` and preference rows for TRL.

In: what stands in a store, and the tasks of a run. Out: rows; from rows, what they say of the run's own tasks. A row
that does not fit a task of this run is left out, with a reason that is counted. This file must not know a store's
tables.

`labels.jsonl` in a run's folder calibrates judges: it holds the calibration half. Preference rows are of the training
half: chosen and rejected in TRL's conversational form with an explicit prompt
(https://huggingface.co/docs/trl/dataset_formats). No prompt is in both (`content.half`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from compiler.labels import content, said
from compiler.labels.store import Entry
from compiler.labels.tasks import Task
from compiler.records.labels import Label, MarkedSpan, Preference
from compiler.records.record import Message
from compiler.records.rows import Probe


@dataclass(frozen=True, slots=True)
class Brought:
    """One judgement from a file: of a pair, `first` or `second` in `value` means the answer in `task.answers`."""

    task: Task
    annotator: str
    value: Any
    note: str = ""
    at: str | None = None


@dataclass(slots=True)
class Import:
    """left_out: reason -> rows."""

    brought: list[Brought] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


NOT_HERE = "their question and answer are not in this run"


# ------------------------------------------------------------------ labels.jsonl


def for_calibration(labels: Sequence[Label], probes: Iterable[Probe]) -> list[Label]:
    """Keep the labels that judges may be calibrated with."""
    halves = {probe.id: content.half(probe.messages) for probe in probes}
    return [label for label in labels if halves.get(label.probe_id) == "calibration"]


def from_labels(rows: Iterable[Any], tasks: Mapping[str, Task]) -> Import:
    """Read rows of `labels.jsonl`; lines that share an id are one judgement."""
    found = Import()
    seen: set[str] = set()
    for row in rows:
        try:
            label = Label.model_validate(row)
        except ValidationError as error:
            found.left_out[f"they are no labels: {error.errors()[0]['msg']}"] += 1
            continue
        task = tasks.get(content.key_of(label.id))
        value = None if task is None else _stored(label, task)
        if task is None or value is None:
            found.left_out[NOT_HERE] += 1
        elif label.id not in seen:
            seen.add(label.id)
            found.brought.append(Brought(task, label.annotator, value, label.note, label.at))
    return found


def _stored(label: Label, task: Task) -> Any:
    """A label's value as a store has it; None where the task has no such place."""
    match label.value:
        case Preference(against=against, prefers=prefers):
            place = next(
                (p for p in task.places if (p.probe_id, p.arm, p.against) == (label.probe_id, label.arm, against)), None
            )
            if place is None:
                return None
            return said.PAIR[place.arms.index(prefers)] if prefers in place.arms else prefers
        case tuple():
            return [[span.start, span.end] for span in label.value if isinstance(span, MarkedSpan)]
        case value:
            return value


# ------------------------------------------------------------------ preference rows


def preference_rows(entries: Iterable[Entry]) -> Iterator[dict[str, Any]]:
    """Yield a row for each pair of the training half on which more people prefer one answer than the other.

    clause_id and label_ids lead back; TRL ignores columns that it does not know.
    """
    pairs: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        usable = entry.action == "label" and entry.seen.kind == "pairwise"
        if usable and content.half(entry.seen.messages) == "training":
            pairs[entry.seen.key].append(entry)
    for of_pair in pairs.values():
        votes = Counter(entry.value for entry in of_pair)
        if votes["first"] == votes["second"]:
            continue
        seen = of_pair[0].seen
        chosen, rejected = seen.answers if votes["first"] > votes["second"] else reversed(seen.answers)
        system = [{"role": "system", "content": seen.context}] if seen.context else []
        yield {
            "prompt": [*system, *(message.model_dump() for message in seen.messages)],
            "chosen": [{"role": "assistant", "content": chosen}],
            "rejected": [{"role": "assistant", "content": rejected}],
            "clause_id": seen.clause_id,
            "label_ids": [content.label_id(seen.key, entry.annotator) for entry in of_pair],
        }


def from_preferences(rows: Iterable[Any], tasks: Iterable[Task], annotator: str) -> Import:
    """Read preference rows, conversational or plain, with a prompt of their own or inside both conversations.

    A row says of every clause that asks for this pair which answer is better, unless it names one in `clause_id`.
    """
    pairs: dict[tuple[Any, ...], list[Task]] = defaultdict(list)
    for task in tasks:
        if task.kind == "pairwise":
            system = [Message(role="system", content=task.context)] if task.context else []
            pairs[_asked([*system, *task.messages]), task.answers].append(task)
    found = Import()
    for row in rows:
        try:
            prompt, chosen, rejected = _preference(row)
        except (KeyError, TypeError, IndexError, ValidationError):
            found.left_out["they are no preferences: `prompt`, `chosen` and `rejected` are needed"] += 1
            continue
        of_pair = pairs.get((_asked(prompt), tuple(sorted((chosen, rejected)))), [])
        of_pair = [task for task in of_pair if row.get("clause_id") in (None, task.clause_id)]
        if not of_pair:
            found.left_out[NOT_HERE] += 1
        for task in of_pair:
            found.brought.append(Brought(task, annotator, said.PAIR[task.answers.index(chosen)]))
    return found


def _asked(messages: Iterable[Message]) -> tuple[tuple[str, str], ...]:
    return tuple((message.role, message.content) for message in messages)


def _preference(row: dict[str, Any]) -> tuple[list[Message], str, str]:
    chosen, rejected = _turns(row["chosen"], "assistant"), _turns(row["rejected"], "assistant")
    prompt = _turns(row["prompt"], "user") if "prompt" in row else []
    if not prompt:
        # An implicit prompt is what both conversations begin with.
        prompt, chosen, rejected = chosen[:-1], chosen[-1:], rejected[-1:]
    return prompt, chosen[-1].content, rejected[-1].content


def _turns(said_by: Any, role: str) -> list[Message]:
    if isinstance(said_by, str):
        return [Message.model_validate({"role": role, "content": said_by})]
    return [Message.model_validate({"role": turn["role"], "content": turn["content"]}) for turn in said_by]
