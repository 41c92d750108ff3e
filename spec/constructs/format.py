"""`format plain_text { markdown: never  max_words: 80 }`: the outward shape of every answer."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from spec.document import Level
from spec.frozen import dataclass
from spec.says import Says


@dataclass(frozen=True, slots=True)
class Format:
    """The outward shape of every answer in scope. `prefer` wishes for a length; this one demands it."""

    default_level: ClassVar[Level] = Level.DEVELOPER
    target_comparison: ClassVar[Literal[">=", "<="]] = ">="
    needs: ClassVar[tuple[str, ...]] = ("max_words", "max_sentences", "markdown", "lists", "code", "questions")
    only_one: ClassVar[tuple[str, ...]] = ()

    max_words: Annotated[int | None, Says("The most words that an answer has.", "80", low=1)] = None
    max_sentences: Annotated[int | None, Says("The most sentences that an answer has.", "4", low=1)] = None
    markdown: Annotated[Literal["never"] | None, Says("Headings, bold and italic signs, links.", "never")] = None
    lists: Annotated[Literal["never"] | None, Says("Bulleted and numbered lists.", "never")] = None
    code: Annotated[Literal["never"] | None, Says("Blocks of code between fences.", "never")] = None
    questions: Annotated[
        Literal["never", "at_the_end"] | None, Says("Questions to the user: none, or one that ends it.", "at_the_end")
    ] = None
