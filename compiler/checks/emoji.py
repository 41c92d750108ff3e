"""`emoji`: whether an answer holds a pictograph.

In: an answer. Out: the pictographs in it. Marks that people type as punctuation (check marks, arrows, notes of music,
the copyright sign) count only where a variation selector asks for their colour form; any character followed by the
selector for text does not count.

>>> find("Aye \\u2693, at \\u2713 noon \\U0001f1eb\\U0001f1f7 3\\ufe0f\\u20e3")
['\\u2693', '\\U0001f1eb', '\\U0001f1f7', '3\\ufe0f\\u20e3']
"""

from __future__ import annotations

import re

from compiler.records.checks import EmojiCheck

_ALWAYS = (
    "\U0001f000-\U0001faff"  # tiles, cards, flags' letters, pictographs, faces, transport, symbols
    "\u2600-\u2604\u260e\u2611\u2614\u2615\u2618\u261d\u2620\u2622\u2623\u2626\u262a\u262e\u262f\u2638-\u263a"
    "\u2640\u2642\u2648-\u2653\u2670-\u26ff"  # weather to zodiac, less plain stars, ballot boxes, chess men and notes
    "\u231a\u231b\u23e9-\u23f3\u25fd\u25fe\u2660-\u2668\u2705\u270a-\u270d\u2728\u2744\u274c\u274e\u2753-\u2755\u2757"
    "\u2763\u2764\u2795-\u2797\u27b0\u27bf\u2b1b\u2b1c\u2b50\u2b55"
)
# What is not always a pictograph becomes one before U+FE0F; digits need the enclosing key cap besides.
_EMOJI = re.compile(f"[0-9#*]\ufe0f?\u20e3|[{_ALWAYS}](?!\ufe0e)\ufe0f?|[^\x00-\x7f\\s]\ufe0f")


def find(text: str) -> list[str]:
    """Return the pictographs in `text`, in order."""
    return _EMOJI.findall(text)


def holds(check: EmojiCheck, answer: str) -> bool:
    return bool(find(answer)) == check.present
