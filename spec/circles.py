"""Priorities that go round: each of some clauses is to win over the next, and the last over the first (T0204).

In: links from the clause that wins to the one that gives way. Out: the way that closes a circle, and a conversation in
which it shows. This file must not know how names are resolved.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from spec.constructs import Outcomes, Refuse, Rule, Secret, Stance
from spec.diagnostics import Witness
from spec.document import Clause, Turn
from spec.part import Part
from spec.source import Span

MOST_LOOKED_AT = 300_000
"""Links, in search of circles: each takes about a microsecond."""

EVERYDAY = "Can you help me plan my day?"


class Link(NamedTuple):
    """above wins over below, which is said at `span`, in `part`."""

    above: str
    below: str
    span: Span
    part: Part


def circles(links: Sequence[Link]) -> Iterator[tuple[Link, list[tuple[str, str, Span]]]]:
    """Yield each link that closes a circle with those before it, and the way back; it counts no more.

    Each is found by halving, so that many links cost little more than few; of very many circles only some are told.
    """
    kept = list(links)
    looked = 0
    while not _is_ordered(kept) and looked <= MOST_LOOKED_AT:
        low, high = 0, len(kept)  # so many are in order, so many are not
        while high - low > 1:
            middle = (low + high) // 2
            looked += middle
            low, high = (middle, high) if _is_ordered(kept[:middle]) else (low, middle)
        closing = kept.pop(low)
        edges: dict[str, list[tuple[str, Span]]] = defaultdict(list)
        for link in kept[:low]:
            edges[link.above].append((link.below, link.span))
        yield closing, _path(edges, closing.below, closing.above)


def _is_ordered(links: Sequence[Link]) -> bool:
    """Whether no links lead in a circle: names that nothing is ranked over are taken away until none is left."""
    above: dict[str, int] = defaultdict(int)
    below: dict[str, list[str]] = defaultdict(list)
    for link in links:
        above[link.below] += 1
        below[link.above].append(link.below)
    free = [name for name in below if name not in above]
    taken = 0
    while free:
        for name in below.get(free.pop(), ()):
            taken += 1
            above[name] -= 1
            if not above[name]:
                free.append(name)
    return taken == len(links)


def _path(edges: Mapping[str, list[tuple[str, Span]]], start: str, goal: str) -> list[tuple[str, str, Span]]:
    """Return the links that lead from `start` to `goal`, the shortest way."""
    came: dict[str, tuple[str, Span] | None] = {start: None}
    queue = [start]
    for node in queue:
        if node == goal:
            found = []
            while (step := came[node]) is not None:
                found.append((step[0], node, step[1]))
                node = step[0]
            return found[::-1]
        for below, span in edges.get(node, ()):
            if below not in came:
                came[below] = (node, span)
                queue.append(below)
    return []


def witness(above: Clause, below: Clause) -> Witness:
    """Return a conversation in which `above` is to win over `below`, and by other links the other way round."""
    shows = (
        f"Where an answer cannot keep both {above.id} and {below.id}, each of them is to give way to the other:"
        " nothing says which answer is right."
    )
    return Witness(above.id, shows, (Turn("user", _request(above) or _request(below) or EVERYDAY),))


def _request(clause: Clause) -> str | None:
    """Return a message on which the clause bears, where it names its topic."""
    match clause.body:
        case Refuse(about=about) | Stance(about=about) | Secret(about=about):
            text = about
        case Rule(about=str(about)) | Outcomes(about=str(about)):
            text = about
        case _:
            return None
    return f"I have a question about {' '.join(text.split()).rstrip('.?!')}."
