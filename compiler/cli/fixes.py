"""`tenet check --fix`: the files of a spec with their fixes made.

In: a spec that was checked. Out: the same, checked anew, its files written in their old ones' places; or a diff. What
fixes may be kept is decided in `spec/fixing.py`.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import click

import spec
from compiler.cli.specs import Compiled, compile_spec, folded
from compiler.failures import DataError
from compiler.files import write_text
from spec.fixing import Fixing, checks_for, fix_all


def fix_spec(compiled: Compiled, unsafe: bool, *, write: bool) -> tuple[Compiled, bool]:
    """Fix a spec; return it as it is then, and whether a file changed. With `write` off, show the diff instead."""
    folder = compiled.path.parent
    latest = compiled
    latest_texts: dict[str, str] = {}

    def check(texts: Mapping[str, str]) -> tuple[spec.Diagnostic, ...]:
        nonlocal latest, latest_texts
        if texts != latest_texts:
            held = {(folder / name).resolve(): text for name, text in texts.items()}
            latest, latest_texts = compile_spec(compiled.path, held) if texts else compiled, dict(texts)
        return latest.diagnostics

    def read(name: str) -> str:
        return (folder / name).read_bytes().decode("utf-8")

    characters = sum(len(source.text) for source in compiled.sources.values())
    done = fix_all(check, read, unsafe, checks_for(compiled.signs, characters))
    check(done.texts)
    before = {name: read(name) for name in done.texts}
    changed = {name: text for name, text in done.texts.items() if text != before[name]}
    if write:
        _write(folder, changed)
    else:
        for name, text in changed.items():
            _show(latest.sources[name].shown, before[name], text)
    _say(done, latest, write)
    return replace(latest, diagnostics=done.left), bool(changed)


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        try:
            write_text(folder / name, text)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise DataError(f"{folder / name} cannot be written: {reason}", help="check its permissions") from error


def _show(shown: str, before: str, after: str) -> None:
    old, new = (text.removeprefix("\ufeff").splitlines(keepends=True) for text in (before, after))
    for line in difflib.unified_diff(old, new, shown, f"{shown} (fixed)"):
        sys.stdout.write(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")


def _say(done: Fixing, latest: Compiled, write: bool) -> None:
    """Say on stderr what was fixed, since stdout may be read by a program."""
    from spec.renderings.places import place

    word = "fixed" if write else "would fix"
    for diagnostic in done.fixed:
        assert diagnostic.fix is not None
        where = place(diagnostic.span, latest.sources)
        click.echo(f"{where}: {word} {diagnostic.code}: {diagnostic.fix.title}", err=True)
    for diagnostic in done.refused:
        assert diagnostic.fix is not None
        text = f"{diagnostic.code} is left alone: to {diagnostic.fix.title} would bring a new error"
        for line in folded(text, f"{place(diagnostic.span, latest.sources)}: ", "  "):
            click.echo(line, err=True)
    if not done.ended:
        click.echo("stopped after as many checks as one run may take: there may be more to fix", err=True)
    elif not done.fixed and not done.refused:
        click.echo("nothing to fix", err=True)
