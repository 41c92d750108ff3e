"""Steering: from the rows of a build to vectors that are added inside of the base while it answers.

In: `build/<spec>/` with steering.json, pairs.jsonl and probes.jsonl. Out: `runs/<spec>-steer-<digest>/` with
vectors.safetensors (a direction for each clause that is steered) and steer.json (its layer and strength, what it did on
the questions that chose it, and which clauses have none, with the reason). directions.safetensors holds the directions
at every layer. What vectors do is measured like any arm. A killed choice goes on where it was and ends with the same
bytes. This file must not know how directions are read or vectors chosen.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from backends import banks, machine
from backends.bases import Base
from backends.cached import CachedEngine
from backends.devices import choose as choose_device
from backends.judges.model import ModelJudge
from backends.recipes import base_of, judge_identity, judge_of, prompt_of, read_probes, read_recipe
from backends.steer.choosing import Choice, Choosing, candidates
from backends.steer.directions import read_directions
from backends.steer.rows import Rows, read_pairs, read_plan, sort_rows
from backends.steer.trying import Ground
from backends.vectors import RECORD, VECTORS, layers_of, read_record, vectors_digest
from compiler.agreement import prompt_digest
from compiler.digests import digest, file_digest, rows_digest
from compiler.failures import DataError
from compiler.files import write_bytes, write_text
from compiler.progress import Progress, silent
from compiler.records.recipe import Recipe
from compiler.records.steering import Guarded, Steered, SteeringPlan, SteeringVector

VERSION = 1
"""Of how directions are read and vectors chosen; a change of what comes out raises it."""
DIRECTIONS = "directions.safetensors"
UNNEEDED = "the base keeps it on all of these questions by itself"
UNJUDGED = "no answer to these questions was judged: name a judge with `model { judge: ... }`"
LOSES = "no layer and strength keeps it on more questions without losing facts, fluency or safe requests"
CROWDED = "beside the vectors of other clauses it gains nothing"


def steering_folder(build: Path, runs: Path) -> Path:
    """Where the vectors of `build` as it stands go."""
    return runs / f"{build.name}-steer-{_digest(build)[:12]}"


def finished(build: Path, runs: Path) -> Path | None:
    """The folder of a build's vectors; None where they are not made, or where no clause got one."""
    if not (build / "steering.json").is_file():
        return None
    folder = steering_folder(build, runs)
    return folder if (folder / RECORD).is_file() and read_record(folder).used else None


def content_digest(build: Path) -> str:
    """Hash what vectors are made of: plan, rows, base, judge, prompt, and what must not be asked."""
    recipe = read_recipe(build)
    base = base_of(build, recipe, local_files_only=True)
    return digest(
        {
            "version": VERSION,
            "plan": read_plan(build).model_dump(mode="json"),
            "pairs": rows_digest(build / "pairs.jsonl"),
            "probes": rows_digest(build / "probes.jsonl"),
            "prompt": prompt_digest(build),
            "base": base.digest,
            "bank": file_digest(banks.bank_file(base)),
            "held_out": sorted(banks.held_out(base)),
            "judge": judge_identity(build, recipe),
        }
    )


def _digest(build: Path) -> str:
    return digest({"content": content_digest(build), "machine": machine.expected().influencing("generate")})


def run(
    build: Path,
    runs: Path,
    *,
    progress: Progress = silent,
    cache: Path | None = None,
    root: Path | None = None,
    local_files_only: bool = False,
) -> Path:
    """Make the vectors of `build` and return their folder; what is there is returned at once.

    Args:
        cache: where answers are kept by content; `build/../.cache` unless given.
        root: the folder that paths of the spec start from.
        local_files_only: take models from this machine only.

    Raises:
        DataError: plan, rows or probes are missing, or the base is one that this machine does not hold.
        ModelLoadError, NetworkError, MemoryError_: a model cannot be had.
    """
    plan, recipe = read_plan(build), read_recipe(build)
    folder = steering_folder(build, runs)
    if (folder / RECORD).is_file():
        read_record(folder)  # whole, or said not to be
        progress("steer", 1, 1, "clauses", "done before")
        return folder
    base = base_of(build, recipe, root, local_files_only=local_files_only)
    rows = sort_rows(plan, read_pairs(build), read_probes(build), base)
    content = content_digest(build)
    ground = _ground(build, plan, recipe, base, rows, cache, root, local_files_only)
    held = ground.subject.engine
    if not hasattr(held, "model"):
        raise DataError(
            f"{base.name} is asked through {ground.subject.name}, and vectors are read inside of a model",
            help="leave TENET_ENGINE, TENET_RECORD and TENET_REPLAY unset",
        )
    total = len(rows.pairs)
    found = read_directions(
        held, rows.pairs, folder / DIRECTIONS, content, lambda n, of: progress("steer", n, 3 * of, "clauses", "reading")
    )
    done = iter(range(total, 3 * total))
    layers = len(layers_of(held.model))
    choosing = Choosing(
        ground,
        found,
        candidates(plan.depths, layers),
        lambda what: progress("steer", next(done, 3 * total), 3 * total, "clauses", what),
    )
    choice = choosing.choose()
    _write(folder, build, base, content, layers, plan, rows, found, choosing, choice)
    progress("steer", 3 * total, 3 * total, "clauses", "done")
    return folder


def _ground(
    build: Path,
    plan: SteeringPlan,
    recipe: Recipe,
    base: Base,
    rows: Rows,
    cache: Path | None,
    root: Path | None,
    local_files_only: bool,
) -> Ground:
    judge_base = judge_of(recipe, base, root or Path(), local_files_only=local_files_only)
    cache = cache or build.parent / ".cache"
    computes = machine.of_device(choose_device())
    subject = CachedEngine(base, cache, computes=computes)
    grader = subject if judge_base.digest == base.digest else CachedEngine(judge_base, cache, computes=computes)
    return Ground(plan, rows, subject, ModelJudge(grader), prompt_of(build))


def _write(
    folder: Path,
    build: Path,
    base: Base,
    content: str,
    layers: int,
    plan: SteeringPlan,
    rows: Rows,
    found: dict[str, Any],
    choosing: Choosing,
    choice: Choice,
) -> None:
    """Write the vectors, then the record, whose presence means that they are whole."""
    from safetensors.torch import save

    used = {name: choosing.direction(name, part).contiguous() for name, part in sorted(choice.parts.items())}
    write_bytes(folder / VECTORS, save(used))
    together, ground = choosing.trying(choice.parts), choosing.ground
    spans = {contrast.clause_id: contrast.spans for contrast in plan.contrasts}
    vectors = [_told(name, rows, choosing, choice, spans[name]) for name in found]
    vectors += [SteeringVector(clause_id=name, why=why, spans=spans[name]) for name, why in rows.left_out.items()]
    vectors += [SteeringVector(clause_id=one.clause_id, why=one.why) for one in plan.left_out]
    everybody = list(found)
    guards = {
        "facts": Guarded(n=len(rows.facts), base=ground.base.facts, steered=together.facts),
        "fluent": Guarded(
            n=len(rows.facts) + sum(map(len, rows.choosing.values())),
            base=ground.base.fluent(everybody),
            steered=together.fluent(everybody),
        ),
        "safe": Guarded(n=len(rows.safe), base=ground.base.safe, steered=together.safe),
    }
    record = Steered(
        spec=build.name,
        content_digest=content,
        base=base.name,
        base_digest=base.digest,
        revision=base.revision,
        layers=layers,
        vectors=tuple(vectors),
        guards={name: _rounded(guard) for name, guard in guards.items() if guard.n},
        tried=choice.tried,
        vectors_sha256=file_digest(folder / VECTORS),
        machine=machine.expected().influencing("generate"),
        versions=machine.recorded_versions(),
    )
    write_text(folder / RECORD, record.model_dump_json(indent=1) + "\n")


def _told(name: str, rows: Rows, choosing: Choosing, choice: Choice, spans: tuple[str, ...]) -> SteeringVector:
    base, alone, part = choosing.ground.base.kept(name), choice.alone[name], choice.parts.get(name)
    why = ""
    if part is None:
        if base < 1.0:
            why = CROWDED if alone else LOSES
        else:
            why = UNNEEDED if choosing.ground.base.is_judged(name) else UNJUDGED
    return SteeringVector(
        clause_id=name,
        read=part.read if part else None,
        layer=part.layer if part else None,
        strength=part.strength if part else None,
        norm=round(float(choosing.direction(name, part).norm()), 4) if part else None,
        rows=len(rows.pairs[name]),
        prompts=len(rows.choosing[name]),
        base=round(base, 4),
        alone=round(alone[0].kept, 4) if alone else None,
        together=round(choosing.trying(choice.parts).kept(name), 4),
        why=why,
        spans=spans,
    )


def _rounded(guard: Guarded) -> Guarded:
    return guard.model_copy(update={"base": round(guard.base, 4), "steered": round(guard.steered, 4)})


def place(steering: Path, run: Path) -> Path:
    """Put vectors beside the measurements of a run, whole or not at all, and return where they are: a run's folder
    stands on its own once a build has gone on."""
    there = run / "steering"
    if (there / RECORD).is_file() and (there / VECTORS).is_file() and _same(steering, there):
        return there
    there.mkdir(parents=True, exist_ok=True)
    (there / RECORD).unlink(missing_ok=True)
    write_bytes(there / VECTORS, (steering / VECTORS).read_bytes())
    write_text(there / RECORD, (steering / RECORD).read_text(encoding="utf-8"))
    return there


def _same(one: Path, other: Path) -> bool:
    try:
        return vectors_digest(one) == vectors_digest(other)
    except DataError:
        return False
