"""A training that is watched: looked at as it goes, stopped beyond a budget, and ended with the best watched step.

In: watch.json and watch.jsonl of a build, a stage and its trainer. Out: a look after each of its steps, in events.jsonl
and in `work/<stage>-watch/step-<n>/`, with the adapter where it is the best so far: whole or not at all, like a
checkpoint, and written before the checkpoint of the same step. A training that goes on from a checkpoint takes the
looks up to there as they stand and has the others again. This file must not know methods, nor how a look is had.
"""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from backends import banks
from backends.recipes import read_recipe
from backends.train import checkpoints
from backends.train.looking import Rows, Watcher
from backends.train.task import Stage
from backends.train.telling import append
from compiler import events, watching
from compiler.failures import DataError
from compiler.records.record import Message
from compiler.records.watch import Look, Watch, WatchRow

SETTINGS, ROWS = "watch.json", "watch.jsonl"
LOOK, ADAPTER = "look.json", "adapter.safetensors"


def is_asked_for(build: Path) -> bool:
    return (build / SETTINGS).is_file()


def read(build: Path) -> Watch:
    """Read watch.json.

    Raises:
        DataError: it is no such file.
    """
    try:
        return Watch.model_validate_json((build / SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{build / SETTINGS} cannot be read: {error}", help="build the spec again: tenet build"
        ) from error


def watched(stage: Stage) -> Watched | None:
    """The watching of a stage; None where the build asks for none, and of a reward model, which answers nothing."""
    if not is_asked_for(stage.of.build) or hasattr(stage.module, "architecture"):
        return None
    watch = read(stage.of.build)
    return Watched(watch, _rows(stage, watch), stage)


def _rows(stage: Stage, watch: Watch) -> Rows:
    """Read the held-out questions, and take as many of what the job trains on.

    Raises:
        DataError: a file is none of these, or no question is held out.
    """
    path = stage.of.build / ROWS
    try:
        with path.open(encoding="utf-8") as lines:
            held_out = tuple(WatchRow.model_validate_json(line) for line in lines if line.strip())
    except (OSError, ValidationError) as error:
        raise DataError(f"{path} cannot be read: {error}", help="build the spec again: tenet build") from error
    if not any(row.checks for row in held_out):
        raise DataError(
            f"{path} holds no question of a clause, so that nothing can be watched",
            help="fewer training rows leave questions over: train { rows: ... }, or take `watch` away",
        )
    return Rows(held_out, _trained(stage, watch))


def _trained(stage: Stage, watch: Watch) -> tuple[WatchRow, ...]:
    """Questions of training rows, the first of each clause's watched units that ask them without pressure."""
    build = stage.of.build
    units = {unit.id: unit for unit in read_recipe(build).units if unit.purpose == "pairs" and not unit.pressure}
    answers = {row.prompt: row.answer for row in banks.bank(stage.of.base) if row.answer is not None}
    found: dict[str, dict[str, WatchRow]] = {}
    with (build / stage.job.rows).open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line) if line.strip() else {}
            unit = units.get(row.get("unit", ""))
            if unit is None or not unit.checks:
                continue
            messages = tuple(Message(**m) for m in row.get("prompt") or row["messages"][:-1])
            own = found.setdefault(unit.clause_ids[0], {})
            if len(own) < watch.rows:
                right = answers.get(messages[-1].content)
                own.setdefault(
                    messages[-1].content,
                    WatchRow(
                        id=row["id"],
                        clause_id=unit.clause_ids[0],
                        messages=messages,
                        checks=unit.checks,
                        right=(banks.right_answer(right),) if right is not None else (),
                        aspect=unit.aspect,
                        unit=unit.id,
                    ),
                )
    return tuple(row for own in found.values() for row in own.values())


@dataclass(slots=True)
class Watched:
    """The watching of one stage."""

    watch: Watch
    rows: Rows
    stage: Stage
    looks: list[Look] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return _folder(self.stage)

    # ------------------------------------------------------------------ what an earlier process has left

    def recall(self) -> Path | None:
        """Take up the looks that stand before the newest whole checkpoint, and return it; the others go.

        A look that is gone, though a later checkpoint is there, is had again: the checkpoints after it go as well.
        """
        looks = {}
        for folder in self.folder.glob("step-*") if self.folder.is_dir() else ():
            if checkpoints.is_whole(folder):
                look = Look.model_validate_json((folder / LOOK).read_text(encoding="utf-8"))
                looks[look.step] = look
        while (checkpoint := checkpoints.newest(self.stage.work)) is not None:
            step = int(checkpoint.name.rpartition("-")[2])
            of = int(json.loads((checkpoint / checkpoints.STATE).read_text(encoding="utf-8"))["max_steps"])
            wanted = [0, *(each for each in watching.steps(self.watch.every, of) if each <= step)]
            if all(each in looks for each in wanted):
                self.looks = [looks[each] for each in wanted]
                break
            shutil.rmtree(checkpoint)
        if checkpoint is None and 0 in looks:
            self.looks = [looks[0]]
        for folder in self.folder.glob("*") if self.folder.is_dir() else ():
            if folder.name not in {f"step-{look.step}" for look in self.looks}:
                shutil.rmtree(folder)
        return checkpoint

    @property
    def has_stopped(self) -> bool:
        return any(look.stops for look in self.looks if look.step)

    # ------------------------------------------------------------------ as it goes

    def callback(self) -> Any:
        """Return the trainer's callback."""
        from transformers import TrainerCallback

        outer = self

        class Watching(TrainerCallback):  # type: ignore[misc]  # transformers ships no types
            def __init__(self) -> None:
                self.watcher: Watcher | None = None

            def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
                self.watcher = outer.watcher(model)
                if not outer.looks:
                    outer.see(self.watcher, model, 0, state)
                elif state.is_world_process_zero:
                    outer.tell(outer.looks[0])  # the kill may have come before

            def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
                assert self.watcher is not None
                if state.global_step not in watching.steps(outer.watch.every, state.max_steps):
                    return
                look = outer.see(self.watcher, model, state.global_step, state)
                if look.stops:
                    control.should_training_stop = True
                    control.should_save = True

        return Watching()

    def watcher(self, model: Any) -> Watcher:
        """Who looks at the model that is trained."""
        of = self.stage.of
        return Watcher(of.base, of.device, model, self.watch, self.rows, of.judge())

    def see(self, watcher: Watcher, model: Any, step: int, state: Any) -> Look:
        """Look, and put down what was seen."""
        self.stage.tell(step, "watching")
        look = watcher.look(step, state.max_steps)
        look = look.model_copy(
            update={
                "over": watching.broken(look, self.watch.budgets),
                "collapsed": watching.collapsed(look, self.looks, self.watch.max_fall, watcher.degenerate_base),
            }
        )
        self.looks.append(look)
        if state.is_world_process_zero:
            self._keep(look, model)
            self.tell(look)
        return look

    def tell(self, look: Look) -> None:
        """Write a look to events.jsonl, unless it stands there."""
        path, event = self.stage.of.events, _event(self.stage.name, look)
        same = ("stage", "step", "held_out")
        if not any(all(key in told and told[key] == event[key] for key in same) for told in events.read(path)):
            append(path, event)

    def _keep(self, look: Look, model: Any) -> None:
        from safetensors.torch import save_file

        staged = self.folder / f".staged-{look.step}"
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(parents=True)
        (staged / LOOK).write_text(look.model_dump_json(), encoding="utf-8")
        if watching.best(self._candidates()) is look:
            save_file(_adapter(model), staged / ADAPTER)
        checkpoints.seal(staged, self.folder / f"step-{look.step}")

    def _candidates(self) -> list[Look]:
        return [look for look in self.looks if look.step or _goes_on(self.stage)]

    # ------------------------------------------------------------------ the end

    def settle(self, model: Any) -> int:
        """Put the weights of the best watched step into `model`, and return the step.

        Raises:
            DataError: no step that was looked at kept to the budgets.
        """
        from peft import set_peft_model_state_dict
        from safetensors.torch import load_file

        best = self.best()
        tensors = load_file(self.folder / f"step-{best.step}" / ADAPTER)
        set_peft_model_state_dict(model, tensors, adapter_name="default")
        return best.step

    def best(self) -> Look:
        best = watching.best(self._candidates())
        if best is not None:
            return best
        first = next(look for look in self.looks if look.step)
        raise DataError(
            f"{self.stage.name}: no step that was looked at is one to keep; after step {first.step}: {reason(first)}",
            help="look more often (train { watch { every: 5% } }), train more slowly (learning_rate), hold the policy"
            " tighter (beta), or allow more",
        )


def _adapter(model: Any) -> dict[str, Any]:
    from peft import get_peft_model_state_dict

    found = get_peft_model_state_dict(model, adapter_name="default", save_embedding_layers=False)
    return {name: tensor.detach().contiguous().cpu() for name, tensor in found.items()}


def reason(look: Look) -> str:
    return "; ".join([*look.over, *([look.collapsed] if look.collapsed else [])])


def _goes_on(stage: Stage) -> bool:
    """Whether the stage begins with an adapter that may be kept as it is: not from the base, nor with a new one beside
    that of the stage before."""
    return stage.start is not None and not hasattr(stage.module, "begun")


def _folder(stage: Stage) -> Path:
    return stage.work.with_name(f"{stage.name}-watch")


def record(stage: Stage) -> dict[str, Any] | None:
    """What run.json says of the watching of a finished stage, read from what it has left; None where it was not
    watched."""
    looks = sorted(
        (Look.model_validate_json(path.read_text(encoding="utf-8")) for path in _folder(stage).glob(f"step-*/{LOOK}")),
        key=lambda look: look.step,
    )
    best = watching.best([look for look in looks if look.step or _goes_on(stage)])
    if best is None:
        return None
    last = looks[-1]
    return {
        "kept": best.step,
        "last": last.step,
        "of": last.of,
        "stopped": reason(last) or None,
        "score": best.score,
        "looks": [look.model_dump(mode="json") for look in looks],
    }


def _event(stage: str, look: Look) -> dict[str, Any]:
    """A look as a line of events.jsonl: its figures by themselves, so that they can be drawn."""
    seen = look.model_dump(
        mode="json", exclude={"step", "of", "score", "clauses", "trained", "kl", "over", "collapsed"}
    )
    return {
        "stage": stage,
        "step": look.step,
        "of": look.of,
        "held_out": look.score,
        **seen,
        "held_out_clauses": look.clauses,
        "trained_on": look.trained,
        "kl_to_base": look.kl,
        **({"stopped": reason(look)} if look.stops else {}),
        "time": round(time.time(), 3),
    }
