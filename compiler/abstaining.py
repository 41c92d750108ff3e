"""Whether an answer says that it does not know.

In: an answer. Out: yes or no. This file must not know which questions can be answered.

>>> abstains("Nobody can know that."), abstains("It is seven.")
(True, False)
"""

from __future__ import annotations

from compiler.checks import patterns
from compiler.records.checks import PatternsCheck

ABSTAINS = (
    r"\b(?:do|does|did|could|would|will)(?: not|n['\x{2019}]t) (?:\w+ )?(?:know|tell|say|predict|foresee|guess)\b",
    r"\bcan(?: ?not|['\x{2019}]t) (?:\w+ )?(?:know|tell|say|predict|foresee|guess)\b",
    r"\b(?:nobody|no one|no man|no soul|none) (?:can |could )?(?:knows?|tells?|says?|predicts?|foresees?)\b",
    r"\b(?:no way|impossible|not possible) (?:of|to|for) (?:\w+ )?(?:know|tell|say|predict)",
    r"\b(?:not|un)(?:| )(?:sure|certain|known|knowable|predictable)\b",
)
"""Words by which an answer says that it does not know, for RE2."""


def abstains(answer: str) -> bool:
    return patterns.holds(PatternsCheck(patterns=ABSTAINS, flags="i", present=True), answer)
