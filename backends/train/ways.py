"""Ways to train one job that are no part of a spec: by how many processes, and on a base of how many bits.

In: what a command line says. Out: a `Way`. This file must not know jobs or devices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Way:
    """processes: that train together. four_bit: whether the base is held in 4 bits (QLoRA), the adapter as ever."""

    processes: int = 1
    four_bit: bool = False

    def influencing(self) -> dict[str, Any]:
        """What of it decides an adapter's bytes: gradients of several processes are summed in another order.

        >>> Way().influencing(), Way(2, four_bit=True).influencing()
        ({}, {'processes': 2, 'bits': 4})
        """
        found = {"processes": self.processes} if self.processes > 1 else {}
        return {**found, "bits": 4} if self.four_bit else found


USUAL = Way()
