"""`tenet check --make-probe`: a probe for each witness, so that what was found in a spec is measured in a model.

In: a spec that was checked. Out: the same, checked anew, with the probes at the end of its file; or a diff. A probe
tests the clause that its witness names. What a spec has already is not added, so that a second run adds nothing; a
question that training rows ask is asked in other words, since no probe may be trained on.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterator
from dataclasses import replace

import click

import spec
from compiler.build import to_program
from compiler.cli.specs import Compiled, compile_spec
from compiler.failures import DataError
from compiler.files import write_text
from compiler.ir import Program
from compiler.passes.compare_examples import training_asks
from compiler.plain_text import plain
from spec.document import ProbeStatement, Turn
from spec.doors import notation_of
from spec.formatter import format_text
from spec.source import line_end
from spec.writer import block, fields_of

TAG = "witness"


def make_probes(compiled: Compiled, *, write: bool) -> tuple[Compiled, bool]:
    """Add the probes; return the spec as it is then, and whether it changed. With `write` off, show a diff instead."""
    if notation_of(str(compiled.path)) != "tenet":
        convert = f"`tenet convert {compiled.path} --to tenet`"
        click.echo(f"{compiled.path} is left alone: probes are written as .tenet text, which {convert} makes", err=True)
        return compiled, False
    document = spec.load(compiled.path).document
    if document is None:
        click.echo("no probe is made of a spec that cannot be read; mend its errors first", err=True)
        return compiled, False
    probes = tuple(new_probes(compiled, to_program(document)[0]))
    if not probes:
        click.echo("no probe to add", err=True)
        return compiled, False
    before = compiled.path.read_bytes().decode("utf-8")
    after = _with_probes(before, probes)
    checked = compile_spec(compiled.path, {compiled.path.resolve(): after})
    if checked.errors > compiled.errors:
        click.echo(f"{compiled.path} is left alone: the probes would bring a new error", err=True)
        return compiled, False
    if write:
        try:
            write_text(compiled.path, after)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise DataError(f"{compiled.path} cannot be written: {reason}", help="check its permissions") from error
    else:
        old, new = (text.removeprefix("\ufeff").splitlines(keepends=True) for text in (before, after))
        sys.stdout.writelines(difflib.unified_diff(old, new, f"{compiled.path}", f"{compiled.path} (with probes)"))
    count = f"{len(probes)} probe{'s' if len(probes) > 1 else ''}"
    click.echo(f"{compiled.path}: {'added' if write else 'would add'} {count}", err=True)
    return checked, True


def new_probes(compiled: Compiled, program: Program) -> Iterator[ProbeStatement]:
    """Yield a probe for each witness that the spec has none for yet."""
    trained = {ask for ask, _ in training_asks(program)}
    known = {(probe.clause, probe.turns) for probe in program.probes}
    names = {probe.name for probe in program.probes}
    for witness in (d.witness for d in compiled.diagnostics if d.witness is not None):
        turns = _held_out(witness.turns, trained)
        if (witness.clause, turns) not in known:
            known.add((witness.clause, turns))
            name = _name(witness.clause, names)
            names.add(name)
            yield ProbeStatement(name, witness.clause, turns, tags=(TAG,))


def _held_out(turns: tuple[Turn, ...], trained: set[str]) -> tuple[Turn, ...]:
    """Return the conversation with its last question in words that no row uses."""
    last = turns[-1]
    if plain(last.text) not in trained:
        return turns
    return (*turns[:-1], replace(last, text=f"Please answer this: {last.text}"))


def _name(clause_id: str, names: set[str]) -> str:
    """Return a free name after the clause's."""
    stem = f"{TAG}_{re.sub(r'[^A-Za-z0-9_-]', '_', clause_id.partition('.')[2])}"
    number = next(n for n in range(1, len(names) + 2) if f"{stem}_{n}" not in names)
    return f"{stem}_{number}"


def _with_probes(text: str, probes: tuple[ProbeStatement, ...]) -> str:
    """Return a spec's text with probes behind it, laid out; what stands there already stays as it is."""
    written = "\n\n".join(block(f"probe {probe.name}", fields_of(probe)) for probe in probes)
    laid_out = format_text(f"tenet 1\n\n{written}\n").removeprefix("tenet 1\n\n")
    end = line_end(text)
    return f"{text.rstrip()}{end * 2}{laid_out.replace(chr(10), end)}"
