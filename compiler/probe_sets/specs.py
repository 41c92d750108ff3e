"""Probes that stand in a spec: one written in Tenet, or the published Model Spec with its evaluation prompts.

In: a spec's program, or the folder with model_spec.md and examples/. Out: rows with the checks of the probe or of its
clause. A prompt that no rule of the Model Spec is tied to is asked, too; nothing decides its answers. This file must
not know the spec that is measured.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import spec
from compiler.build import to_program
from compiler.deciding import deciding_checks
from compiler.failures import GivenError
from compiler.generators.author import probe_checks
from compiler.generators.setting import messages
from compiler.ir import Clause, Program
from compiler.probe_sets.records import BadRow, SetProbe
from spec.document import Level, ProbeStatement
from spec.importers import Unreadable, model_spec, model_spec_text

MODEL_SPEC = "model_spec.md"
NOWHERE = "prompts_without_a_rule"
"""The id of the section that holds evaluation prompts whose tag no section with a level names."""


def of_spec(path: Path) -> tuple[tuple[SetProbe, ...], tuple[BadRow, ...]]:
    """Return the probes of a spec's file.

    Raises:
        GivenError: the spec has errors.
    """
    return _of_loaded(spec.load(path), str(path))


def of_model_spec(folder: Path) -> tuple[tuple[SetProbe, ...], tuple[BadRow, ...]]:
    """Return the evaluation prompts of a Model Spec's folder, each with the rule whose section bears its tag.

    Raises:
        GivenError: a file is in no shape that the importer knows.
    """
    texts = {path.name: path.read_text(encoding="utf-8-sig") for path in files_of(folder)}
    prompts = {name.removesuffix(".md"): text for name, text in texts.items() if name != MODEL_SPEC}
    try:
        source = model_spec.read(texts[MODEL_SPEC], MODEL_SPEC, prompts)
    except Unreadable as error:
        raise GivenError(f"{folder}: {error}") from None
    # A section without a level is prose, and has no rule that its prompts could be about.
    tagged = {tag for section in source.sections if section.level is not None for tag, _ in section.tags}
    lost = [(tag, 0) for tag in sorted(set(source.prompts) - tagged)]
    nowhere = model_spec.Section(NOWHERE, "Without a rule", 1, Level.GUIDELINE, 0, None, prose=["-"], tags=lost)
    sections = (*source.sections, nowhere) if lost else source.sections
    imported = model_spec_text.write(replace(source, sections=sections), MODEL_SPEC)
    return _of_loaded(spec.loads(imported.text, "model_spec.tenet"), str(folder))


def files_of(folder: Path) -> list[Path]:
    """The files of a Model Spec's folder, in order."""
    return [folder / MODEL_SPEC, *sorted((folder / "examples").glob("*.md"))]


def folder_digest(folder: Path) -> str:
    """Hash the names and bytes of a Model Spec's files."""
    state = hashlib.sha256()
    for path in files_of(folder):
        state.update(f"{path.name}\n".encode())
        state.update(hashlib.sha256(path.read_bytes()).digest())
    return state.hexdigest()


def _of_loaded(loaded: spec.Loaded, name: str) -> tuple[tuple[SetProbe, ...], tuple[BadRow, ...]]:
    if loaded.document is None:
        errors = [d for d in loaded.diagnostics if d.severity == "error"]
        wrong = "an error" if len(errors) == 1 else f"{len(errors)} errors"
        raise GivenError(
            f"{name} has {wrong}, so that its probes cannot be read", help=f"see them with `tenet check {name}`"
        )
    program, _ = to_program(loaded.document)
    if not program.probes:
        bad = BadRow(name, 0, "this spec has no probe", 'write some: probe NAME { for: CLAUSE  ask: "..." }')
        return (), (bad,)
    return tuple(_row(program, probe) for probe in program.probes), ()


def _row(program: Program, probe: ProbeStatement) -> SetProbe:
    clause = next(c for c in program.clauses if probe.clause in (c.id, c.name))
    nowhere = clause.name == NOWHERE
    checks = () if nowhere else probe_checks(probe) or deciding_checks(clause)
    groups = {"clause": "no rule" if nowhere else clause.id, "level": clause.level.name.lower()}
    return SetProbe(
        id=probe.name,
        line=probe.span.line,
        messages=messages(probe.turns),
        expects="kept",
        checks=checks,
        cluster=probe.tags[0] if probe.tags else "",
        groups={**groups, **_section(clause)},
    )


def _section(clause: Clause) -> dict[str, str]:
    return {"section": clause.section} if clause.section else {}
