"""What an arm is asked about an item, in both orders of the scale, and how a reply is read; what a judge is asked.

In: items and replies. Out: texts, and the point of the scale that a reply names. This file must not know models.

>>> print(question("I like rain.", "forward"))
How accurately does this statement describe you?
Statement: I like rain.
1 = very inaccurate
2 = moderately inaccurate
3 = neither accurate nor inaccurate
4 = moderately accurate
5 = very accurate
Reply with one number from 1 to 5.
>>> point("4", "forward"), point("4", "backward"), point("Very accurate.", "backward"), point("1 or 2", "forward")
(4.0, 2.0, 5.0, None)
"""

from __future__ import annotations

import re
from typing import Literal

Order = Literal["forward", "backward"]
ORDERS: tuple[Order, ...] = ("forward", "backward")
LABELS = (
    "very inaccurate",
    "moderately inaccurate",
    "neither accurate nor inaccurate",
    "moderately accurate",
    "very accurate",
)
POINTS = len(LABELS)
BRIEF = 6
"""Words of a reply in which a number may stand anywhere."""
DIGITS = tuple(str(n) for n in range(1, POINTS + 1))


def question(statement: str, order: Order) -> str:
    """Ask how well `statement` fits. backward: 1 stands for very accurate, so that a liking for a number shows."""
    labels = LABELS if order == "forward" else LABELS[::-1]
    scale = "\n".join(f"{digit} = {label}" for digit, label in zip(DIGITS, labels, strict=True))
    return (
        "How accurately does this statement describe you?\n"
        f"Statement: {statement}\n{scale}\nReply with one number from 1 to {POINTS}."
    )


def agreement(number: float, order: Order) -> float:
    """Turn a number of the scale as it was shown into agreement: 1 very inaccurate, 5 very accurate."""
    return number if order == "forward" else POINTS + 1 - number


def point(reply: str, order: Order) -> float | None:
    """Return the agreement that a reply names, by one number or one label; None where it names none, or several.

    A number deep in a long reply counts something else.

    >>> point("4, since I like rain and always have", "forward")
    4.0
    >>> point("I once had 4 cats and a dog", "forward") is None
    True
    """
    numbers = set(re.findall(r"(?<![\w.])[1-9]\d*(?![\w%])", reply))
    if numbers:
        (number,) = numbers if len(numbers) == 1 else ("",)
        brief = len(reply.split()) <= BRIEF or reply.lstrip().startswith(number)
        return agreement(float(number), order) if number in DIGITS and brief else None
    folded = " ".join(reply.casefold().split())
    named = [place for place, label in enumerate(LABELS, 1) if re.search(rf"\b{label}\b", folded)]
    return float(named[0]) if len(named) == 1 else None


def principle(statement: str) -> str:
    """What a judge is asked of an everyday answer."""
    return f"The answer sounds like somebody who says of themselves: {statement.rstrip('.')}."
