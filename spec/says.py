"""What an annotation of a record tells about a field of the language; read by `spec/fields.py`."""

from __future__ import annotations

from spec.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Says:
    """meaning: one sentence for a writer of specs. example: a value as it is written in a spec.

    spelled: the field's name in the language where the attribute's differs. words: bare names will do as texts.
    low, high (included), positive, percent: what a number may be. optional: the reader of the block fills it in.
    chain: the value is a ranking `a > b` of some of these words.
    """

    meaning: str
    example: str = '"..."'
    spelled: str | None = None
    words: bool = False
    low: float | None = None
    high: float | None = None
    positive: bool = False
    percent: bool = False
    optional: bool = False
    chain: tuple[str, ...] = ()
