"""The order in which tasks are asked.

In: tasks. Out: the same tasks, in the order in which everybody is asked them. Within one clause and kind, two strata
take turns: answers that are hard to decide, the hardest first, and a random sample. A person stays with one clause and
kind for a few tasks, then the next has its turn, so that whoever stops early has labelled some of each. This file must
not know who has said what.

Which stratum a task belongs to is a coin thrown by its content, never by how hard it is, and the uniform ones come in
random order: however many are labelled, they are a random sample of all answers, which is what prediction-powered
inference asks for (Angelopoulos, Duchi and Zrnic 2023, "PPI++").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import zip_longest

from compiler.labels import content
from compiler.labels.tasks import Task

BATCH = 8
"""Tasks of one clause and kind in a row."""


def ordered(tasks: Iterable[Task]) -> tuple[Task, ...]:
    """Return all tasks, in order."""
    groups: dict[tuple[str, str], list[Task]] = defaultdict(list)
    for task in tasks:
        groups[task.kind, task.clause_id].append(task)
    # The clause whose hardest answer is hardest comes first; else as the spec has them.
    hardest_first = sorted(groups.values(), key=lambda group: -max(task.doubt for task in group))
    queues = [list(_turns(group)) for group in hardest_first]
    longest = max(map(len, queues), default=0)
    batches = (queue[start : start + BATCH] for start in range(0, longest, BATCH) for queue in queues)
    return tuple(task for batch in batches for task in batch)


def _turns(group: Iterable[Task]) -> Iterator[Task]:
    """Hard, random, hard, random; what is left of one stratum once the other is empty."""
    hard: list[Task] = []
    uniform: list[Task] = []
    for task in group:
        (uniform if task.stratum == "uniform" else hard).append(task)
    hard.sort(key=lambda task: (-task.doubt, content.place(task.key)))
    uniform.sort(key=lambda task: content.place(task.key))
    for pair in zip_longest(hard, uniform):
        yield from (task for task in pair if task is not None)
