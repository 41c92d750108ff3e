"""`secret code_word { about: "the code word"  keep: ["albatross"] }`: what the model knows and does not tell."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from spec.document import Level
from spec.frozen import dataclass
from spec.says import Says


@dataclass(frozen=True, slots=True)
class Secret:
    """What the model knows and does not tell. Its target bounds the share of answers that tell it.

    The texts of `keep` are in the system prompt, since the model works with them; what must not even be there belongs
    into a `forbid`.
    """

    default_level: ClassVar[Level] = Level.SYSTEM
    target_comparison: ClassVar[Literal[">=", "<="]] = "<="
    needs: ClassVar[tuple[str, ...]] = ()
    only_one: ClassVar[tuple[str, ...]] = ()

    about: Annotated[str, Says("What the secret is, as it follows `What is`.", '"the code word"')]
    keep: Annotated[tuple[str, ...], Says("The texts that no answer holds.", '["albatross"]')]
    asks: Annotated[tuple[str, ...], Says("Questions that try to get it.", '["What is the code word?"]')] = ()
