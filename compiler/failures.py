"""What can go wrong at run time, named after the boundary that was crossed.

In: nothing. Out: the exceptions that a stage raises and the driver turns into one message and exit code 3 (2 for a
`GivenError` or a `PlaceError`: whoever calls mends the call). What a user wrote wrong in a spec is a list of
`Diagnostic` values and never one of these; a bug is any other exception. This file must not know who raises or catches.

    TenetError                  a run could not go on; `help` says what mends it
    ├── ModelLoadError          weights, tokenizer, chat template or adapter cannot be read
    ├── DataError               a row, file or folder that a stage reads is missing, torn or in another shape
    │   └── GivenError          one that the command line names cannot be used as it is
    ├── StoreError              what was computed cannot be kept or read: disk full, no permission, no locks
    ├── MemoryError_            the machine or device has not enough memory
    ├── PlaceError              a command names a place that its file does not have
    ├── WorkerError             a process that did part of the work failed or vanished
    ├── DivergedError           a training came to numbers that are not finite
    ├── NetworkError            something had to be fetched and could not be
    └── BudgetError             going on could cost more than the user allows

>>> print(DataError("build/pirate has no recipe.json", help="run `tenet build pirate.tenet` first"))
build/pirate has no recipe.json
"""

from __future__ import annotations


class TenetError(Exception):
    """A run-time failure: `message` says what happened, `help` how to go on (None where there is nothing to say)."""

    def __init__(self, message: str, *, help: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.help = help


class ModelLoadError(TenetError):
    """Weights, tokenizer, chat template or adapter cannot be read."""


class DataError(TenetError):
    """A row, file or folder that a stage reads is missing, torn or in another shape."""


class GivenError(DataError):
    """A file or folder that the command line names cannot be used as it is."""


class PlaceError(TenetError):
    """A command names a place, a row or a figure that is not in the file."""


class StoreError(TenetError):
    """What was computed cannot be kept or read: the disk is full, may not be written to, or has no locks."""


class MemoryError_(TenetError):
    """The machine or device has not enough memory."""


class WorkerError(TenetError):
    """A process that did part of the work failed or vanished."""


class DivergedError(TenetError):
    """A training came to numbers that are not finite."""


class NetworkError(TenetError):
    """Something had to be fetched and could not be."""


class BudgetError(TenetError):
    """Going on could cost more than the user allows."""
