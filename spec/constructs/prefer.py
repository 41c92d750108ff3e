"""`prefer brevity { this: "short answers"  over: "long answers"  max_words: 40 }`: a soft rule."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from spec.document import Level
from spec.frozen import dataclass
from spec.says import Says


@dataclass(frozen=True, slots=True)
class Prefer:
    """A soft rule. `max_words` and `max_sentences` decide where given; else a judge is asked about `this`."""

    default_level: ClassVar[Level] = Level.DEVELOPER
    target_comparison: ClassVar[Literal[">=", "<="]] = ">="
    needs: ClassVar[tuple[str, ...]] = ()
    only_one: ClassVar[tuple[str, ...]] = ()

    this: Annotated[str, Says("What is better.", '"short answers"')]
    over: Annotated[str | None, Says("What it is better than.", '"long answers"')] = None
    max_words: Annotated[int | None, Says("The most words that an answer may have.", "40", low=1)] = None
    max_sentences: Annotated[int | None, Says("The most sentences that an answer may have.", "3", low=1)] = None
