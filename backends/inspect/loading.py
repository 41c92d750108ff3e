"""What a task, its scorer and an arm share: the models of a build, which are opened once a process.

In: the folders of a build and a run. Out: `Models`. One question is asked at a time: an engine is not made for several
threads, and batches composed by chance would give bytes by chance. This file must not know Inspect.
"""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path

from backends.measure.models import Models, opened
from compiler.agreement import check_build

ONE_AT_A_TIME = threading.Lock()


@cache
def models_at(folder: Path, root: Path, run: Path | None = None) -> Models:
    """Return the models of a whole build, with a run's adapter where one is named.

    Raises:
        DataError: it is none, or was changed since; the run has no adapter.
    """
    check_build(folder)
    return opened(folder, run, root=root)
