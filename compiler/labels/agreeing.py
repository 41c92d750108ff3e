"""How far people agree on the same tasks, beyond what chance would give.

In: what stands in a store. Out: for each kind of task, the share of pairs who said the same, and coefficients with
their intervals: Cohen's kappa of two people, Gwet's AC1 and Krippendorff's alpha of two or more (of ratings: AC2 with
quadratic weights, and alpha at the ordinal level). This file loads NumPy, and is imported only where agreement is asked
for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from compiler.labels.said import PAIR, REFUSALS, Shared, shared
from compiler.labels.store import Entry
from compiler.records.labels import LabelKind
from compiler.statistics.agreement import cohen_kappa, gwet, krippendorff_alpha
from compiler.statistics.intervals import Estimate

POSSIBLE: dict[LabelKind, tuple[Any, ...]] = {
    "present": (False, True),
    "likert": (1, 2, 3, 4, 5),
    "refusal": REFUSALS,
    "pairwise": PAIR,
    "span": (False, True),
}
"""What could be said; of spans, whether anything was marked."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """tasks: labelled by two people or more. same: the share of pairs of labels that are equal. figures: coefficient ->
    estimate, or why there is none."""

    kind: LabelKind
    people: tuple[str, ...]
    tasks: int
    same: float
    figures: dict[str, Estimate | str]

    def shown(self) -> dict[str, Any]:
        """As the page and the terminal show it."""
        return {
            "kind": self.kind,
            "people": list(self.people),
            "shared": self.tasks,
            "same": f"{self.same:.0%}",
            "corrected": [f"{name} {_in_words(found)}" for name, found in self.figures.items()],
        }


def measured(entries: Sequence[Entry]) -> list[Agreement]:
    """Return the agreement on each kind of task that two people or more have labelled."""
    return [_of(group) for group in shared(entries)]


def _of(group: Shared) -> Agreement:
    people = group.people
    rows = [[row.get(person) for person in people] for row in group.values]
    labels = POSSIBLE[group.kind]
    ranked = group.kind == "likert"
    figures: dict[str, Estimate | str] = {}
    if len(people) == 2:
        first, second = zip(*rows, strict=True)
        figures["Cohen's kappa"] = _tried(
            lambda: cohen_kappa(first, second, "quadratic" if ranked else "nominal", labels=labels)
        )
    figures["Gwet's AC2" if ranked else "Gwet's AC1"] = _tried(
        lambda: gwet(rows, "quadratic" if ranked else "nominal", labels=labels)
    )
    figures["Krippendorff's alpha"] = _tried(lambda: krippendorff_alpha(rows, "ordinal" if ranked else "nominal"))
    return Agreement(group.kind, tuple(people), len(rows), group.same, figures)


def _tried(figure: Callable[[], Estimate]) -> Estimate | str:
    """A coefficient may be undefined, such as where everybody always said the same; the reason is then shown."""
    try:
        return figure()
    except ValueError as error:
        return str(error)


def _in_words(found: Estimate | str) -> str:
    return (
        f"cannot be told: {found}"
        if isinstance(found, str)
        else f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"
    )
