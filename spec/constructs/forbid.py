"""`forbid canned { phrases: ["Certainly!"]  patterns: [/as an ai/i] }`: what no answer may hold."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from spec.document import Level, Pattern
from spec.frozen import dataclass
from spec.says import Says


@dataclass(frozen=True, slots=True)
class Forbid:
    """What no answer may hold. Its target bounds the share of answers that hold it."""

    default_level: ClassVar[Level] = Level.SYSTEM
    target_comparison: ClassVar[Literal[">=", "<="]] = "<="
    needs: ClassVar[tuple[str, ...]] = ("phrases", "patterns")
    only_one: ClassVar[tuple[str, ...]] = ()

    phrases: Annotated[tuple[str, ...], Says("Phrases never to say, in any case and spacing.", '["Certainly!"]')] = ()
    patterns: Annotated[tuple[Pattern, ...], Says("Patterns that no answer may match.", "[/as an ai/i]")] = ()
