"""`trait caring { means: "Names the feeling before giving advice."  not: "Saccharine."  intensity: 0.8 }`"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from spec.document import Level, Pattern
from spec.frozen import dataclass
from spec.says import Says


@dataclass(frozen=True, slots=True)
class Trait:
    """A way of being. `signs` are phrases or patterns any of which shows the trait; without them a judge decides."""

    default_level: ClassVar[Level] = Level.DEVELOPER
    target_comparison: ClassVar[Literal[">=", "<="]] = ">="
    needs: ClassVar[tuple[str, ...]] = ()
    only_one: ClassVar[tuple[str, ...]] = ()

    means: Annotated[str, Says("What a reader notices, in a sentence.", '"Names the feeling before giving advice."')]
    avoid: Annotated[str | None, Says("What it must not turn into.", '"Saccharine."', "not")] = None
    intensity: Annotated[float, Says("How strong it is, from 0 to 1.", "0.8", low=0, high=1, percent=True)] = 1.0
    signs: Annotated[
        tuple[str | Pattern, ...], Says("Phrases or patterns, any of which shows the trait.", '["sorry", /rough/i]')
    ] = ()
    asks: Annotated[tuple[str, ...], Says("Requests in which it shows.", '["I failed my exam."]')] = ()
