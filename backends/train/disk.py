"""A disk that is full, or cannot be written to, while a run is trained: one failure, whoever was writing.

In: a block that writes into a run's folder. Out: the same, or a `StoreError`. What was whole before stays so: every
file gets its name after it is written. This file must not know what is written.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from compiler.failures import StoreError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
REFUSED = {errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}


@contextmanager
def noticing_disk(run: Path) -> Iterator[None]:
    """Turn every way of saying that `run` cannot be written to into one failure.

    Raises:
        StoreError: there is no room left, or the disk or its permissions refuse.
    """
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, SafetensorError) as error:
        number = _number(error)
        if number not in FULL | REFUSED:
            raise
        what = "there is no room left" if number in FULL else "the disk cannot be written to"
        raise StoreError(
            f"{what} while training in {run}: {error}",
            help=f"{'make room' if number in FULL else 'look at the disk and its permissions'}, then run the same "
            "command: it goes on from the last checkpoint",
        ) from error


def _number(error: BaseException) -> int | None:
    """What the system has said; a library that is not written in Python tells it in words."""
    if isinstance(error, OSError):
        return error.errno
    found = re.search(r"os error (\d+)", str(error))
    return int(found[1]) if found else None
