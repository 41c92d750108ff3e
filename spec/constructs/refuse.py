"""`refuse dosing { about: "how much of a medicine to take"  style: caring }`: what is declined, and how."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from spec.document import Level
from spec.frozen import dataclass
from spec.says import Says

STYLES = ("plain", "hard", "redirect", "safe_complete", "clarify")
"""The styles that are built in; any trait of the spec is a style too."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """What the model declines. `style` names a trait of the spec or one of the built-in styles; `asks` are requests the
    author wrote to be refused, `safe` are requests that look alike and must be answered."""

    default_level: ClassVar[Level] = Level.SYSTEM
    target_comparison: ClassVar[Literal[">=", "<="]] = ">="
    needs: ClassVar[tuple[str, ...]] = ()
    only_one: ClassVar[tuple[str, ...]] = ()

    about: Annotated[str, Says("What is refused, as it follows `refuse to say`.", '"how much of a medicine to take"')]
    style: Annotated[
        str | None,
        Says(f"How: a trait of the spec, or one of {', '.join(STYLES)}.", "caring", words=True),
    ] = None
    offer: Annotated[str | None, Says("What is offered instead.", '"a pharmacist"')] = None
    still_help: Annotated[str | None, Says("What near the topic is answered all the same.")] = None
    asks: Annotated[tuple[str, ...], Says("Requests that must be refused.", '["How many pills?"]')] = ()
    safe: Annotated[
        tuple[str, ...], Says("Requests that look alike and must be answered.", '["Where are pills sold?"]')
    ] = ()
