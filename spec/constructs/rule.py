"""`rule candour at root { must: "Say what the answer rests on." }`: a principle in words, with its force."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from spec.document import Level
from spec.frozen import dataclass
from spec.says import Says

Force = Literal["must", "should", "may", "should_not", "never", "seeks"]
FORCES: tuple[Force, ...] = ("must", "should", "may", "should_not", "never", "seeks")


@dataclass(frozen=True, slots=True)
class Rule:
    """A principle in words. One field says it, and how binding it is.

    `seeks` names a goal: more of it is better, and no single answer breaks it; the others draw a line.
    """

    default_level: ClassVar[Level] = Level.DEVELOPER
    target_comparison: ClassVar[Literal[">=", "<="]] = ">="
    needs: ClassVar[tuple[str, ...]] = FORCES
    only_one: ClassVar[tuple[str, ...]] = FORCES

    must: Annotated[str | None, Says("What every answer does.", '"Say what the answer rests on."')] = None
    should: Annotated[str | None, Says("What an answer does unless there is a reason not to.")] = None
    may: Annotated[str | None, Says("What is allowed, though it may look as if it were not.")] = None
    should_not: Annotated[str | None, Says("What an answer avoids unless there is a reason for it.")] = None
    never: Annotated[str | None, Says("What no answer does.", '"Take a side in an election."')] = None
    seeks: Annotated[str | None, Says("A goal, of which more is better.", '"The user learns something."')] = None

    about: Annotated[str | None, Says("The requests that it bears on; left out, all.", '"the weather"')] = None
    asks: Annotated[tuple[str, ...], Says("Requests in which it shows.", '["Will it rain?"]')] = ()

    @property
    def force(self) -> Force:
        return next(force for force in FORCES if getattr(self, force) is not None)

    @property
    def text(self) -> str:
        said: str = getattr(self, self.force)
        return said
