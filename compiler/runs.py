"""A run as it lies on disk: what was asked, what was answered, and how that was measured.

In: a build folder (ir.json, probes.jsonl, prompt.md, lock.json, sources.json) and a run folder (measurements.jsonl,
measure.json, and what else was asked or said of it). Out: a `Run`. This file must not know verdicts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from compiler import curves, ir_file
from compiler.arms import uses_adapter, usual_arms
from compiler.digests import file_digest
from compiler.failures import DataError, GivenError
from compiler.inventories.records import ItemAnswer, ShownAnswer
from compiler.ir import Program
from compiler.probe_sets.records import SetProbe
from compiler.records.curves import Curve
from compiler.records.labels import Label
from compiler.records.measured import InventoryReport, Measurement, MeasureReport, SetReport
from compiler.records.mutants import MutationReport
from compiler.records.record import Arm
from compiler.records.rows import Probe
from compiler.tallies import Answers

PROMPT_ALONE = "prompt"
"""The method of a run that made no adapter, since the prompt meets every clause."""


def is_prompt_alone(run: Path) -> bool:
    """Whether a training found that the prompt is enough, and made no adapter."""
    try:
        record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(record, dict) and record.get("method") == PROMPT_ALONE


def without_adapter(run: Path) -> GivenError:
    """Why nothing can be done with the adapter of a run that has none."""
    if is_prompt_alone(run):
        return GivenError(
            f"{run} has no adapter: its training found that the prompt alone meets every clause",
            help="name a method in place of `auto` to train one: train { method: dpo }",
        )
    return GivenError(f"{run} holds no adapter: it was measured without training", help="train it: tenet train SPEC")


def arms_of(run: Path, steering: bool = False) -> tuple[Arm, ...]:
    """The arms of a training's folder that are measured where nobody names any. steering: whether vectors are there."""
    return tuple(arm for arm in usual_arms(steering) if not (is_prompt_alone(run) and uses_adapter(arm)))


class MeasuredSet(NamedTuple):
    """A probe set from a file, as it was asked and answered."""

    asked: SetReport
    rows: tuple[SetProbe, ...]
    measurements: tuple[Measurement, ...]


class MeasuredInventory(NamedTuple):
    """An inventory, as the arms answered it and as a judge read their everyday answers."""

    asked: InventoryReport
    items: tuple[ItemAnswer, ...]
    shown: tuple[ShownAnswer, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Everything that a diff reads. sources: path -> text of the spec's files. hashes: of the files that went in.
    labels: what people said of the answers. mutations: where the spec was mutated, too."""

    name: str
    program: Program
    probes: tuple[Probe, ...]
    measurements: tuple[Measurement, ...]
    measured: MeasureReport
    prompt: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[Label, ...] = ()
    mutations: MutationReport | None = None
    sets: tuple[MeasuredSet, ...] = ()
    inventories: tuple[MeasuredInventory, ...] = ()
    curves: tuple[Curve, ...] = ()

    @property
    def answers(self) -> Answers:
        return {(row.probe_id, row.arm): row for row in self.measurements}


LABELS = "labels.jsonl"
# What went in, where it is there: a spec that trains nothing has no pairs.
HASHED = ("lock.json", "recipe.json", "prompt.md", "pairs.jsonl", "sft.jsonl", "probes.jsonl")


def read(build: Path, run: Path) -> Run:
    """Return what lies in a build folder and a run folder.

    Raises:
        DataError: a file is missing or holds something else.
    """
    program = ir_file.load(build)
    sources: dict[str, str] = {}
    mutated = run / "mutations.json"
    if (build / "sources.json").exists():
        sources = json.loads(_read(build / "sources.json"))["files"]
    measured = read_measured(run)
    return Run(
        name=run.name,
        program=program,
        probes=tuple(read_rows(Probe, build / "probes.jsonl")),
        measurements=tuple(read_rows(Measurement, run / "measurements.jsonl")),
        measured=measured,
        labels=read_labels(run),
        prompt=_read(build / "prompt.md") if (build / "prompt.md").exists() else "",
        sources=sources,
        hashes={name: file_digest(build / name) for name in HASHED if (build / name).exists()},
        mutations=_record(MutationReport, mutated, _read(mutated)) if mutated.exists() else None,
        sets=tuple(_set(run / "sets" / one.name, one) for one in measured.sets),
        inventories=tuple(_inventory(run / "inventories" / one.name, one) for one in measured.inventories),
        curves=curves.read(run),
    )


def _set(folder: Path, asked: SetReport) -> MeasuredSet:
    found = (
        tuple(read_rows(SetProbe, folder / "probes.jsonl")),
        tuple(read_rows(Measurement, folder / "measurements.jsonl")),
    )
    return MeasuredSet(asked, *found)


def _inventory(folder: Path, asked: InventoryReport) -> MeasuredInventory:
    items = tuple(read_rows(ItemAnswer, folder / "items.jsonl"))
    return MeasuredInventory(asked, items, tuple(read_rows(ShownAnswer, folder / "shown.jsonl")))


def read_measured(run: Path) -> MeasureReport:
    """Return how a run was measured.

    Raises:
        DataError: measure.json is missing or holds something else.
    """
    return _record(MeasureReport, run / "measure.json", _read(run / "measure.json"))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataError(f"{path} is not there", help="`tenet measure` writes it") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text ({error.reason})") from None


Row = TypeVar("Row", bound=BaseModel)


def _record(kind: type[Row], path: Path, text: str, line: int | None = None) -> Row:
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field_name = ".".join(map(str, first["loc"])) or "the record"
        where = f"{path}:{line}" if line else f"{path}"
        raise DataError(f"{where} is no {kind.__name__}: {field_name}: {first['msg']}") from None


def read_rows(kind: type[Row], path: Path) -> Iterator[Row]:
    """Yield the records of a JSON Lines file.

    Raises:
        DataError: the file is missing or holds something else.
    """
    for number, line in enumerate(_read(path).split("\n"), 1):
        if line.strip():
            yield _record(kind, path, line, number)


def read_labels(run: Path) -> tuple[Label, ...]:
    """Return the labels in a run's folder; none where there is no file.

    Raises:
        DataError: a line is no label.
    """
    path = run / LABELS
    if not path.is_file():
        return ()
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not line.strip():
            continue
        try:
            found.append(Label.model_validate_json(line))
        except ValidationError as error:
            raise DataError(
                f"{path}:{number} is no label: {error.errors()[0]['msg']}",
                help="`tenet label RUN --export labels.jsonl` writes them anew",
            ) from None
    return tuple(found)
