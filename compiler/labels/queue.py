"""The order in which tasks are asked: each person's own.

In: tasks, and who is asked. Out: the same tasks, in this person's order. Within one clause and kind, two strata take
turns: answers that are hard to decide, the hardest first, and a random sample. A person stays with one clause and kind
for a few tasks, then the next has its turn, so that whoever stops early has labelled some of each. This file must not
know who has said what.

Which stratum a task belongs to is a coin thrown by its content, never by how hard it is, and the uniform ones come in
random order: however many are labelled, by however many people, they are a random sample of all answers, which is what
prediction-powered inference asks for (Angelopoulos, Duchi and Zrnic 2023, "PPI++").

Several people cover more together if each goes another way; agreement needs tasks that they have in common. So every
fourth task of a stratum is one that all are asked in the same order (`content.is_shared`, another coin), and those in
between come in an order of the person's own: uniform ones anywhere, hard ones among those that are about as hard.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, zip_longest

from compiler.labels import content
from compiler.labels.tasks import Task

BATCH = 8
"""Tasks of one clause and kind in a row."""
BAND = 0.1
"""Tasks whose doubt is the same to this count as equally hard."""


def ordered(tasks: Iterable[Task], annotator: str = "") -> tuple[Task, ...]:
    """Return all tasks, in this person's order; without a name, in that of a file for nobody in particular."""
    groups: dict[tuple[str, str], list[Task]] = defaultdict(list)
    for task in tasks:
        groups[task.kind, task.clause_id].append(task)
    # The clause whose hardest answer is hardest comes first; else as the spec has them.
    hardest_first = sorted(groups.values(), key=lambda group: -max(task.doubt for task in group))
    queues = [list(_turns(group, annotator)) for group in hardest_first]
    longest = max(map(len, queues), default=0)
    batches = (queue[start : start + BATCH] for start in range(0, longest, BATCH) for queue in queues)
    return tuple(task for batch in batches for task in batch)


def _turns(group: Iterable[Task], annotator: str) -> Iterator[Task]:
    """Hard, random, hard, random; what is left of one stratum once the other is empty."""
    hard: list[Task] = []
    uniform: list[Task] = []
    for task in group:
        (uniform if task.stratum == "uniform" else hard).append(task)
    hard.sort(key=_band)
    in_bands = [task for _, band in groupby(hard, key=_band) for task in _own_way(list(band), annotator)]
    for pair in zip_longest(in_bands, _own_way(uniform, annotator)):
        yield from (task for task in pair if task is not None)


def _band(task: Task) -> int:
    return -round(task.doubt / BAND)


def _own_way(tasks: Sequence[Task], annotator: str) -> Iterator[Task]:
    """One that everybody is asked, then some in this person's order, and so on."""
    shared = iter(sorted((t for t in tasks if content.is_shared(t.key)), key=lambda t: content.place(t.key)))
    own = iter(
        sorted((t for t in tasks if not content.is_shared(t.key)), key=lambda t: content.place(t.key, annotator))
    )
    sources = [shared, *[own] * (round(1 / content.SHARED_SHARE) - 1)]
    while found := [task for source in sources if (task := next(source, None)) is not None]:
        yield from found
