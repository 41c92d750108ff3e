"""How many bytes, in words.

In: a number. Out: text. This file must not know what is measured.
"""

from __future__ import annotations


def size_told(size: int) -> str:
    """Return a size in the largest unit that leaves a digit before the point.

    >>> size_told(0), size_told(999), size_told(4_218_880), size_told(120_000)
    ('0 bytes', '999 bytes', '4.2 MB', '120 kB')
    """
    value, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "bytes" or value >= 10 else f"{value:.1f} {unit}"
