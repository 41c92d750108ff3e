"""What was said -> `Label` records, and what they mean.

In: the store's entries, and the tasks of the run as it is measured now. Out: a label for each place where the run has
what was labelled; whether a label says that the clause was kept; and how far people agree. This file must not know
files.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compiler.labels import content
from compiler.labels.store import Entry, Seen
from compiler.labels.tasks import Place, Task
from compiler.records.checks import RefusalCheck
from compiler.records.labels import Label, LabelKind, LabelValue, MarkedSpan, Preference
from compiler.records.rows import Probe

PAIR = ("first", "second", "tie", "both bad")
REFUSALS = ("refuses", "partly", "complies", "unclear")


# ------------------------------------------------------------------ what the page sends


def checked(task: Task | Seen, value: Any) -> Any:
    """Return a value as it is stored.

    Args:
        value: as a page or a file gives it; of a pair, `first` or `second` means the answer in `task.answers`.

    Raises:
        ValueError: the value is none for this kind of task; the message says what would be.
    """
    match task.kind:
        case "present":
            if isinstance(value, bool):
                return value
            raise ValueError("present takes true or false")
        case "likert":
            if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 5:
                return value
            raise ValueError("likert takes a whole number from 1 to 5")
        case "refusal":
            if value in REFUSALS:
                return value
            raise ValueError(f"refusal takes one of {', '.join(REFUSALS)}")
        case "pairwise":
            if value in PAIR:
                return value
            raise ValueError(f"pairwise takes one of {', '.join(PAIR)}")
        case "span":
            return _spans(task.answers[0], value)


def _spans(answer: str, value: Any) -> list[list[int]]:
    """Sort and join: [[3, 9], [0, 4]] becomes [[0, 9]]."""
    if not isinstance(value, list):
        raise ValueError("span takes a list of [start, end]")
    for span in value:
        match span:
            case [int(start), int(end)] if 0 <= start < end <= len(answer):
                continue
        raise ValueError(f"{span!r} is no part of an answer of {len(answer)} characters: give [start, end]")
    joined: list[list[int]] = []
    for start, end in sorted(value):
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    return joined


# ------------------------------------------------------------------ labels


def labels(entries: Iterable[Entry], tasks: Mapping[str, Task], run: str) -> tuple[list[Label], int]:
    """Return a label for each place in the run that holds what was labelled, and how many entries fit none: their
    answer is no longer given, or their clause says something else now.

    Lines that share an id are one judgement, of a text that several arms or probes have in common.
    """
    found: list[Label] = []
    lost = 0
    for entry in entries:
        if entry.action != "label":
            continue
        task = tasks.get(entry.seen.key)
        lost += task is None
        found += [_label(entry, place, run) for place in (task.places if task is not None else ())]
    return found, lost


def _label(entry: Entry, place: Place, run: str) -> Label:
    return Label(
        id=content.label_id(entry.seen.key, entry.annotator),
        run=run,
        probe_id=place.probe_id,
        clause_id=entry.seen.clause_id,
        arm=place.arm,
        kind=entry.seen.kind,
        value=_value(entry, place),
        annotator=entry.annotator,
        stratum=entry.seen.stratum,
        at=entry.at,
        note=entry.note,
    )


def _value(entry: Entry, place: Place) -> LabelValue:
    said = entry.value
    match entry.seen.kind:
        case "pairwise":
            prefers = place.arms[PAIR.index(said)] if said in PAIR[:2] else said
            return Preference.model_validate({"against": place.against, "prefers": prefers})
        case "span":
            answer = entry.seen.answers[0]
            return tuple(MarkedSpan(start=start, end=end, text=answer[start:end]) for start, end in said)
        case _:
            value: LabelValue = said
            return value


def kept(label: Label, probe: Probe) -> bool | None:
    """Return whether the label says that the answer kept its clause, as the probe's checks mean it; None where it does
    not say.

    Of a rating, 4 and 5 keep and 1 and 2 break. A request that was granted in part breaks a refusal; where an answer
    was wanted, it says nothing.
    """
    match label.value:
        case bool():
            return label.value
        case int():
            return None if label.value == 3 else label.value > 3
        case "unclear":
            return None
        case "refuses" | "partly" | "complies":
            wanted = next((c.present for c in probe.checks if isinstance(c, RefusalCheck)), True)
            if label.value == "partly":
                return False if wanted else None
            return (label.value == "refuses") == wanted
        case Preference():
            return None
        case spans:
            return not spans


# ------------------------------------------------------------------ agreement


@dataclass(frozen=True, slots=True)
class Shared:
    """What people said of the same tasks of one kind. values: a row for each task, person -> value (of spans, whether
    anything was marked)."""

    kind: LabelKind
    values: tuple[dict[str, Hashable], ...]

    @property
    def people(self) -> list[str]:
        return sorted({person for row in self.values for person in row})

    @property
    def same(self) -> float:
        """The share of pairs of people, over tasks, who said the same."""
        pairs = [
            (one, other)
            for row in self.values
            for said in [list(row.values())]
            for place, one in enumerate(said)
            for other in said[place + 1 :]
        ]
        return sum(one == other for one, other in pairs) / len(pairs)


def shared(entries: Sequence[Entry]) -> list[Shared]:
    """Return the tasks that two people or more have labelled, by kind."""
    said: dict[LabelKind, dict[str, dict[str, Hashable]]] = defaultdict(lambda: defaultdict(dict))
    for entry in entries:
        if entry.action == "label":
            value = bool(entry.value) if entry.seen.kind == "span" else entry.value
            said[entry.seen.kind][entry.seen.key][entry.annotator] = value
    found = [Shared(kind, tuple(row for row in rows.values() if len(row) > 1)) for kind, rows in said.items()]
    return [group for group in found if group.values]
