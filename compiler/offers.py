"""What a refusal offers instead, thing by thing.

In: the body of a refusal. Out: names. This file must not load anything that takes time: `tenet check` reads it.

>>> offered(Refuse(about="doses", offer="a pharmacist, or the poison line"))
('pharmacist', 'poison line')
"""

from __future__ import annotations

import re

from spec.constructs import Refuse


def offered(body: Refuse) -> tuple[str, ...]:
    """The things that a refusal offers instead, without articles."""
    parts = re.split(r",\s*(?:or\s+)?|\s+or\s+|;\s*", body.offer or "")
    names = [
        re.sub(r"^(?:an?|the|to|your|our)\s+", "", part.strip().rstrip("."), flags=re.IGNORECASE) for part in parts
    ]
    return tuple(dict.fromkeys(n for n in names if n))
