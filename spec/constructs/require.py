"""`require sign_off { ends: "Fair winds." }`: a part that every answer in scope must have."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from spec.document import Level, Pattern
from spec.frozen import dataclass
from spec.says import Says


@dataclass(frozen=True, slots=True)
class Require:
    """A part that every answer in scope must have."""

    default_level: ClassVar[Level] = Level.DEVELOPER
    target_comparison: ClassVar[Literal[">=", "<="]] = ">="
    needs: ClassVar[tuple[str, ...]] = ("starts", "ends", "includes")
    only_one: ClassVar[tuple[str, ...]] = ()

    starts: Annotated[str | None, Says("How every answer starts.", '"Ahoy!"')] = None
    ends: Annotated[str | None, Says("How every answer ends.", '"Fair winds."')] = None
    includes: Annotated[tuple[str | Pattern, ...], Says("What every answer holds, each of them.", '["harbor"]')] = ()
