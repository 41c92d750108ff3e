"""A failure of Tenet's, as Inspect says one to its user: in words, without a traceback.

In: what raises a `TenetError`. Out: the same, raised as Inspect's `PrerequisiteError`, with the help. This file must
not know what failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from inspect_ai._util.error import PrerequisiteError
from rich.text import Text

from compiler.failures import TenetError


@contextmanager
def in_words() -> Iterator[None]:
    """
    Raises:
        PrerequisiteError: for a failure of Tenet's.
    """
    try:
        yield
    except TenetError as error:
        help = f"\n  help: {error.help}" if error.help else ""
        # A Text, so that no bracket of a path is read as markup.
        raise PrerequisiteError(Text(f"error: {error.message}{help}")) from error
