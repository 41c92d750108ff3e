"""What a guide holds that a program can try: files, and commands with what they print.

In: a page of Markdown. Out: its blocks between fences. A block behind "`NAME`:" is the file of that name; lines of a
`console` block that start with `$` are commands, and those behind them what they print.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

_BLOCK = re.compile(r"(?:`([\w.-]+)`:\n\n)?^(`{3,})(\w*)\n(.*?)^\2$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """name: the file that it is; empty for none."""

    name: str
    language: str
    text: str


def blocks(page: str) -> list[Block]:
    return [Block(name, language, text) for name, _, language, text in _BLOCK.findall(page)]


def write_files(page: str, folder: Path) -> None:
    """Write the files of a page; of several with one name, the first."""
    for block in reversed(blocks(page)):
        if block.name:
            (folder / block.name).write_text(block.text, encoding="utf-8")


def tried(page: str, folder: Path) -> str:
    """Return the page with what its commands print in this folder, where its files are written on the way."""

    def again(found: re.Match[str]) -> str:
        name, fence, language, text = found.groups()
        if name:
            (folder / name).write_text(text, encoding="utf-8")
        if language != "console":
            return found[0]
        commands = [line for line in text.splitlines() if line.startswith("$ ")]
        return f"{fence}console\n" + "".join(f"{line}\n{_printed(line[2:], folder)}" for line in commands) + fence

    return _BLOCK.sub(again, page)


def _printed(command: str, folder: Path) -> str:
    program, *arguments = shlex.split(command)
    if program == "cat":
        return (folder / arguments[0]).read_text(encoding="utf-8")
    assert program == "tenet", command
    from compiler.cli.group import tenet

    result = CliRunner(env={"COLUMNS": "80"}).invoke(tenet, arguments)
    assert result.exit_code in (0, 1), result.output
    assert isinstance(result.exception, SystemExit | None), result.output
    return result.output if result.output.endswith("\n") or not result.output else f"{result.output}\n"
