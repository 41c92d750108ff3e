"""Priorities that go round: each of some clauses is to win over the next, and the last over the first (T0204).

In: links from the clause that wins to the one that gives way. Out: the way that closes a circle, and a conversation in
which it shows. This file must not know how names are resolved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from spec.constructs import Outcomes, Refuse, Rule, Secret, Stance
from spec.diagnostics import Witness
from spec.document import Clause, Turn
from spec.source import Span

Links = Mapping[str, Sequence[tuple[str, Span]]]

EVERYDAY = "Can you help me plan my day?"


def path(links: Links, start: str, goal: str) -> list[tuple[str, str, Span]] | None:
    """Return the links that lead from `start` to `goal`, the shortest way; None where none do."""
    came: dict[str, tuple[str, Span] | None] = {start: None}
    queue = [start]
    for node in queue:
        if node == goal:
            found = []
            while (step := came[node]) is not None:
                found.append((step[0], node, step[1]))
                node = step[0]
            return found[::-1]
        for below, span in links.get(node, ()):
            if below not in came:
                came[below] = (node, span)
                queue.append(below)
    return None


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
