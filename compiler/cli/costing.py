"""`tenet plan --device`: what the training of a spec would take there, before anything is spent.

In: a compilation and a device's name. Out: lines for the terminal, or records for `--json`. The base's shape comes from
its config.json where it is at hand, the rows' lengths from the build where there are rows; what is assumed instead is
said. Heavy modules are imported inside functions: only `--device here` loads torch, in a process of its own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import yaml

from compiler.cli.emitting import Compilation
from compiler.cli.specs import folded
from compiler.costs import rows as rows_of
from compiler.costs import shapes, training
from compiler.costs.accelerators import ACCELERATORS, GB, UTILISATION
from compiler.failures import DataError, TenetError
from compiler.lowering.losses import METHODS
from compiler.stages import stages_of

if TYPE_CHECKING:
    from compiler.costs.memory import Memory
    from compiler.costs.rows import Lengths
    from compiler.costs.shapes import Shape
    from compiler.costs.training import Estimate

CHARACTERS = 4
"""Characters of a token, about, where the base's own tokenizer is not at hand."""


@dataclass(frozen=True, slots=True)
class Costs:
    """device: its name in full. shape: of the base. notes: what was assumed, in words."""

    device: str
    memory: float
    shape: Shape
    stages: tuple[Estimate, ...]
    notes: tuple[str, ...]


def costs(compilation: Compilation, device: str, *, four_bit: bool) -> Costs:
    """
    Raises:
        DataError: nothing tells the base's shape.
    """
    accelerator = ACCELERATORS[device]
    base = compilation.program.model.base
    shape = shape_of(compilation)
    if shape is None:
        raise DataError(
            f"nothing tells the shape of {base}",
            help="put it on this machine, or plan with a base of about its size whose name tells it, such as x/y-8B",
        )
    notes = [] if shape.source == "its config.json" else [f"{base} is not on this machine: {shape.source}."]
    stages = []
    for stage, job in jobs_of(compilation).items():
        of = lengths_of(compilation, stage)
        if of.is_assumed:
            notes.append(f"No row of {stage} is made yet: {of.computed:.0f} tokens each are assumed.")
        stages.append(training.estimate(stage, job, shape, of, accelerator, four_bit=four_bit))
    notes.append(
        f"Time: operations at {UTILISATION:.0%} of the device's peak (assumed), or reading the weights, or sending"
        " operations, whichever takes longest. Memory: by part, at the peak of one pass."
    )
    if four_bit:
        notes.append("Unpacking 4 bits takes time that is not counted.")
    return Costs(accelerator.name, accelerator.memory, shape, tuple(stages), tuple(dict.fromkeys(notes)))


def jobs_of(compilation: Compilation) -> dict[str, dict[str, Any]]:
    """The jobs of a compilation, by stage, in the order in which they run."""
    texts = {artifact.path: artifact.text for artifact in compilation.artifacts}
    stages = stages_of(compilation.program.train.method)
    return {stage: yaml.safe_load(texts[f"jobs/{stage}.yaml"]) for stage in stages}


def shape_of(compilation: Compilation) -> Shape | None:
    from backends import bases

    model = compilation.program.model
    folder = compilation.spec.parent if compilation.spec else Path()
    try:
        found = bases.resolve(model.base, model.revision, relative_to=folder, local_files_only=True)
        config = json.loads((found.path / "config.json").read_text(encoding="utf-8"))
    except (TenetError, OSError, ValueError):
        return shapes.of_name(model.base)
    return shapes.of_config(config) or shapes.of_name(model.base)


def lengths_of(compilation: Compilation, stage: str) -> Lengths:
    """Of the rows that the build holds; assumed where it holds none."""
    rows = read_rows(compilation.place.build / METHODS[stage].rows)
    if not rows:
        texts = {artifact.path: artifact.text for artifact in compilation.artifacts}
        units = json.loads(texts["recipe.json"])["units"]
        purposes = ("pairs",) if METHODS[stage].rows == "pairs.jsonl" else ("pairs", "chats")
        wanted = sum(int(unit["count"]) for unit in units if unit["purpose"] in purposes)
        return rows_of.assumed(max(1, wanted), stage)
    count = compilation.facts.base.count_tokens or (lambda text: -(-len(text) // CHARACTERS))
    return rows_of.lengths(rows, stage, count)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a file; none where it is not there or torn."""
    try:
        with path.open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines if line.strip()]
    except (OSError, ValueError):
        return []


def record(found: Costs) -> dict[str, Any]:
    return asdict(found)


def show(found: Costs) -> None:
    from compiler.cli.screen import duration

    billions = found.shape.parameters / 1e9
    click.echo(f"\nTraining on an {found.device} ({found.memory / GB:.0f} GB), {billions:.3g} billion parameters:")
    for stage in found.stages:
        took = f"about {duration(stage.seconds)}" if stage.passage else "does not fit"
        _say(stage.stage, f"{stage.steps} steps of {stage.batch} rows, {_many(stage.tokens)} tokens, {took}")
        _say("", f"- {(stage.operations + stage.before) / 1e15:,.3g} PFLOP; {_many(stage.learned)} tokens are learned")
        if stage.passage is None:
            _say("", f"- memory: {_parts(stage.smallest)}, at the least; {_way_out(found, stage)}")
            continue
        again = ", layers computed again" if stage.passage.checkpointing else ""
        passes = f"{stage.passage.accumulation} pass{'' if stage.passage.accumulation == 1 else 'es'} an update"
        _say("", f"- {stage.passage.at_once} rows at once, {passes}{again}")
        _say("", f"- memory: {_parts(stage.passage.memory)}")
    for note in found.notes:
        click.echo("\n".join(folded(note)))


def _way_out(found: Costs, stage: Estimate) -> str:
    from compiler.costs import memory

    smaller = stage.smallest.whole - stage.smallest.base + memory.base(found.shape, 2, four_bit=True)
    if stage.smallest.base > 1.5 * memory.base(found.shape, 2, four_bit=True) and smaller < 0.9 * found.memory:
        return f"with --quantize 4bit {smaller / GB:.3g} GB"
    return "take a smaller base, or a larger device"


def _parts(memory: Memory) -> str:
    named: Sequence[tuple[str, float]] = (
        ("base", memory.base),
        ("adapter and optimizer", memory.adapter),
        ("activations", memory.activations),
        ("logits", memory.logits),
        ("CUDA", memory.context),
    )
    shown = ", ".join(f"{name} {size / GB:.2f}" for name, size in named)
    return f"{memory.whole / GB:.1f} GB ({shown})"


def _many(number: float) -> str:
    return f"{number / 1e6:.3g} million" if number >= 1e6 else f"{number:,.0f}"


def _say(label: str, text: str) -> None:
    click.echo("\n".join(folded(text, f"{label:<9} ", " " * 12)))
