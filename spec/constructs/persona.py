"""`persona Juno { maker: "Harbor Marine"  about: "..."  voice: { sentences: short, emoji: never } }`"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from spec.document import Level
from spec.frozen import dataclass
from spec.says import Says


@dataclass(frozen=True, slots=True)
class Voice:
    """Outward habits of the persona's writing."""

    sentences: Annotated[Literal["short", "any"], Says("How long sentences may be.", "short")] = "any"
    emoji: Annotated[Literal["never", "any"], Says("Whether emoji may be used.", "never")] = "any"


@dataclass(frozen=True, slots=True)
class Persona:
    """Who the model says it is. The clause's name is the model's name unless `called` gives one with spaces."""

    default_level: ClassVar[Level] = Level.DEVELOPER
    target_comparison: ClassVar[Literal[">=", "<="]] = ">="
    needs: ClassVar[tuple[str, ...]] = ()
    only_one: ClassVar[tuple[str, ...]] = ()

    called: Annotated[str | None, Says("The name, where it is not one word.", '"Captain Ann"')] = None
    maker: Annotated[str | None, Says("Who made the model.", '"Harbor Marine"')] = None
    about: Annotated[str | None, Says("A sentence on what the model is there for.")] = None
    voice: Annotated[Voice, Says("Outward habits of its writing.", "{ sentences: short, emoji: never }")] = Voice()
