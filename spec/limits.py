"""How much a spec may hold: chosen so that no input takes a second to read, and that real specs have ample room.

In: nothing. Out: numbers. A spec of 1,000 clauses takes half of each at most; the largest real one has 59 clauses,
9,300 words and signs, and 384 kB of text. Whoever meets a limit is told its number, the place, and the way out.
"""

from __future__ import annotations

from dataclasses import dataclass

LARGEST_FILE = 1 << 20
"""Bytes of one file."""
LARGEST_SPEC = 4 << 20
"""Bytes of a spec with its imports."""
MOST_FILLED = 4 << 20
"""Characters that parameters fill in."""
MOST_PATTERNS = 50_000
"""Characters of all patterns of a spec."""
MOST_SIGNS = 72_000
"""Words and signs of a spec with its imports; each value of YAML and JSON, keys and lists too, counts as two."""
MOST_VALUES = MOST_SIGNS // 2
MOST_IMPORTS = 1_000
"""Imports of a spec, in all of its files; each may be of another file."""
MOST_CLAUSES = 2_000
"""Statements of behaviour of a spec."""
DEEPEST = 64
"""Brackets, `not`s or imports inside of each other."""


@dataclass(slots=True)
class Room:
    """What may still come of a spec whose files are being read; -1 once there was too much.

    full: a limit was met, and something left out.
    """

    signs: int = MOST_SIGNS
    filled: int = MOST_FILLED
    patterns: int = MOST_PATTERNS
    full: bool = False

    @property
    def passed(self) -> bool:
        """Whether there was too much text or too many patterns."""
        return self.filled < 0 or self.patterns < 0
