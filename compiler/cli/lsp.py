"""`tenet lsp`: the language server, which an editor starts."""

from __future__ import annotations

from importlib.util import find_spec

import click

from compiler.failures import DataError


@click.command("lsp")
@click.option("--stdio", is_flag=True, help="Talk over standard input and output; this is the default.")
@click.option("--tcp", "port", metavar="PORT", type=click.IntRange(1, 65535), help="Wait for a client at this port.")
@click.option("--host", default="127.0.0.1", show_default=True, help="With --tcp: the address to wait at.")
def command(stdio: bool, port: int | None, host: str) -> None:
    """Serve an editor: diagnostics, completion, hover, definition, references, rename, and more.

    spec/README.md says how to set it up in VS Code, Neovim, Helix and Emacs.
    """
    if stdio and port is not None:
        raise click.UsageError("--stdio and --tcp exclude each other")
    if find_spec("pygls") is None:
        raise DataError(
            "the language server needs the package pygls", help='in the folder of Tenet: pip install ".[lsp]"'
        )
    from compiler.lsp.connection import serve

    serve(port, host)
