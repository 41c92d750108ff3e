"""A page of this machine's own, served until Ctrl-C: what `tenet label` and `tenet lint-data --review` share.

In: what makes a server, and what is said of it. Out: it is served. This file must not know what the page shows.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from compiler.failures import DataError

if TYPE_CHECKING:
    from compiler.labels.web.server import LabelServer


def listening(make: Callable[[], LabelServer], place: str, other: str) -> LabelServer:
    """Return the server, which listens from now on. other: what may have the port.

    Raises:
        DataError: the port is taken.
    """
    try:
        return make()
    except OSError as error:
        raise DataError(
            f"{place} cannot be listened on: {error.strerror or error}",
            help=f"another {other} may be running there; `--port 0` takes a port that is free",
        ) from error


def serve(server: LabelServer, opens: bool, *said: str) -> None:
    """Say what there is to say, open a browser where `opens` and there is one, and serve until Ctrl-C."""
    import webbrowser

    try:
        for text in said:
            click.echo(text)
        if opens and has_screen():
            webbrowser.open(server.url_once)
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        # This is how it ends, and not how it fails: what is there is said next.
        click.echo()
    finally:
        server.server_close()


def has_screen() -> bool:
    """Whether a browser can open a window: without one, Linux would start a text browser in this very terminal."""
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
