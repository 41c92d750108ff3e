"""What a correction for many verdicts would leave of those that are met, in words.

In: how many are met, and which of them fall. Out: the end of a sentence. This file must not know how it is corrected.

>>> outlasting(3, []), outlasting(3, ["a", "b", "c"])
('all 3 that are met would stay met.', 'none of the 3 that are met would stay met.')
>>> outlasting(1, ["a"])
'the one that is met would not stay met.'
>>> outlasting(4, ["refuse.dosing under pressure", "forbid.canned"])
'2 of the 4 that are met would stay met; refuse.dosing under pressure and forbid.canned would not.'
"""

from __future__ import annotations

from collections.abc import Sequence


def outlasting(met: int, fallen: Sequence[str]) -> str:
    """Return the end of "Were the verdicts corrected, ...". met: at least 1. fallen: names of those that would not."""
    if met == 1:
        return f"the one that is met would {'not ' if fallen else ''}stay met."
    if not fallen:
        return f"all {met} that are met would stay met."
    if len(fallen) == met:
        return f"none of the {met} that are met would stay met."
    names = " and ".join(filter(None, (", ".join(fallen[:-1]), fallen[-1])))
    return f"{met - len(fallen)} of the {met} that are met would stay met; {names} would not."
