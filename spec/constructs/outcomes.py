"""`outcomes facts { order: right > hedged > refused > wrong }`: which outcomes are better than which."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from spec.document import Level
from spec.frozen import dataclass
from spec.says import Says

OUTCOMES = ("right", "partial", "hedged", "asked_back", "abstained", "refused", "wrong", "harmful")


@dataclass(frozen=True, slots=True)
class Outcomes:
    """A ranking of what can come of a question, the best first."""

    default_level: ClassVar[Level] = Level.DEVELOPER
    target_comparison: ClassVar[Literal[">=", "<="]] = ">="
    needs: ClassVar[tuple[str, ...]] = ()
    only_one: ClassVar[tuple[str, ...]] = ()

    order: Annotated[
        tuple[str, ...],
        Says(f"The outcomes, the best first: some of {', '.join(OUTCOMES)}.", "right > hedged > wrong", chain=OUTCOMES),
    ]
    about: Annotated[str | None, Says("The questions that it ranks; left out, all.", '"questions of fact"')] = None
