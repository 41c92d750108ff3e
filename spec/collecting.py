"""Python's collector of cycles, put off while much is made that holds none.

In: nothing. Out: `uncollected`, a context or a decorator. Trees, records and diagnostics point one way, and counting
references frees them; a collector that looks through all of them again and again took a third of the time of loading a
large spec. What a load can make is bounded, so waiting for its end cannot fill the memory. This file must not know a
record.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Put off the collector for the time of a block or call; nested, the outermost one counts.

    >>> with uncollected():
    ...     gc.isenabled()
    False
    >>> gc.isenabled()
    True
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
