"""The `tenet` command and its list of commands, as click has them.

In: the names of commands. Out: a group that imports a command's file when it is called. This file must not know what a
command does.
"""

from __future__ import annotations

from importlib import import_module

import click

from compiler.cli import COMMANDS

# Where the command's name is a word of Python's own.
MODULES = {"import": "import_spec", "lint-data": "lint_data", "explain-row": "explain_row"}


class Commands(click.Group):
    """Imports a command when it is asked for, and lists all of them without importing any."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name == "nano":
            from backends.nano import cli

            group: click.Command = cli.nano
            return group
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"compiler.cli.{MODULES.get(name, name)}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and args[0].endswith((".tenet", ".tenet.yaml", ".tenet.yml", ".tenet.json")):
            ctx.fail(f"{args[0]} is a spec; say what to do with it: tenet check {args[0]}")
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            if near := get_close_matches(args[0], COMMANDS, n=1):
                ctx.fail(f"there is no command {args[0]}; did you mean {near[0]}?")
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, _parameter: click.Parameter, asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        click.echo(f"tenet {version('tenetc')}")
        ctx.exit()


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=True)
@click.option("--version", is_flag=True, callback=_version, expose_value=False, is_eager=True, help="Show the version.")
def tenet() -> None:
    """Tenet compiles a spec of how a model should behave into a trained, measured adapter.

    A first round: tenet new pirate, then tenet run pirate.tenet

    \b
    Exit codes, of every command:
      0    nothing is wrong
      1    findings: an error in a spec, a missed clause, an alarm
      2    usage: an option, or a file that you name, cannot be used as it is
      3    infrastructure: a build, a run, a model, memory or the network
      130  interrupted; what is done is kept
    """
