"""What a training tells, step by step and where it fails: events.jsonl, and the driver's progress.

In: a stage, and what the library's trainer logs. Out: lines of events.jsonl, each whole. This file must not know how
anything is trained.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from backends.devices import noticing_memory
from backends.train import workers
from backends.train.task import Stage
from compiler import events
from compiler.failures import TenetError
from compiler.files import sync_file, write_text

SERIES = {
    "grad_norm": "gradient_norm",
    "rewards/margins": "reward_margin",
    "entropy": "entropy",
    "completions/mean_length": "answer_tokens",
}
"""What the library's trainers tell of a step besides, and what an event calls it."""


@contextmanager
def recording_failure(stage: str, path: Path) -> Iterator[None]:
    """Record in events.jsonl that a stage has failed or was interrupted, after which step and why, and let it go on."""
    try:
        with noticing_memory("training", "train { batch: 4 } takes less, or a smaller base, or a larger device"):
            yield
    except (Exception, KeyboardInterrupt) as error:
        if workers.are_listened_to() or not workers.is_first():
            raise
        done = [event["step"] for event in events.read(path) if event["stage"] == stage]
        event = {
            "stage": stage,
            "step": max(done, default=0),
            "event": "interrupted" if isinstance(error, KeyboardInterrupt) else "failed",
            "error": type(error).__name__,
            "message": error.message if isinstance(error, TenetError) else str(error),
            "help": error.help if isinstance(error, TenetError) else None,
            "time": round(time.time(), 3),
        }
        with suppress(OSError):  # where the disk is full, this is why
            append(path, event)
        raise


def refuse(stage: Stage, name: str) -> None:
    """Say that the checkpoint `name` is not used, since it is torn or has changed."""
    step = int(name.split("-")[1])
    stage.tell(0, f"{name} is torn")
    message = f"{name} is torn or has changed, and was removed; training goes on from the one before it"
    told = {"stage": stage.name, "step": step, "event": "refused", "message": message, "time": round(time.time(), 3)}
    append(stage.of.events, told)


def append(path: Path, event: dict[str, Any], *, synced: bool = False) -> None:
    with path.open("ab+") as stream:
        if stream.tell() and not events.ends_whole(stream):
            stream.write(b"\n")  # a line that was cut short takes no other with it
        stream.write(events.line(event).encode())
    if synced:
        sync_file(path)


def events_of(stage: Stage) -> Any:
    """A callback that writes events.jsonl and tells how far the training is."""
    from transformers import TrainerCallback

    name, path, progress = stage.name, stage.of.events, stage.of.wishes.progress

    class Events(TrainerCallback):  # type: ignore[misc]  # transformers ships no types
        def __init__(self) -> None:
            self.last = time.monotonic()
            self.step = self.tokens = 0

        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self.last, self.step = time.monotonic(), state.global_step
            # Steps after the checkpoint that a resumed run starts from are done again.
            cut(path, name, state.global_step)
            before = [e["tokens"] for e in events.read(path) if e["stage"] == name and "tokens" in e]
            self.tokens = before[-1] if before else 0
            progress("train", state.global_step, state.max_steps, "steps", name)

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            if not logs or "loss" not in logs:
                return
            now = time.monotonic()
            rate = (state.global_step - self.step) / max(now - self.last, 1e-9)
            last, self.last, self.step = self.last, now, state.global_step
            tokens = int(logs.get("num_tokens") or state.num_input_tokens_seen)
            speed = (tokens - self.tokens) / max(now - last, 1e-9)
            self.tokens = tokens
            event = {
                "stage": name,
                "step": state.global_step,
                "of": state.max_steps,
                "loss": logs["loss"],
                "learning_rate": logs.get("learning_rate"),
                "reward_accuracy": logs.get("rewards/accuracies"),
                **{series: logs[key] for key, series in SERIES.items() if key in logs},
                "tokens": tokens,
                "tokens_per_second": round(speed),
                "steps_per_second": round(rate, 3),
                "time": round(time.time(), 3),
            }
            if "reward" in logs:
                # Of a policy: what its answers earned, clause by clause, and how far it is from the base.
                event |= {"reward": logs["reward"], "kl": logs.get("kl"), "clauses": _of_clauses(logs)}
            elif "kl" in logs:
                event["kl"] = logs["kl"]
            # A checkpoint is never further than what is told of its steps.
            append(path, event, synced=control.should_save)
            told = f"reward {logs['reward']:.2f}" if "reward" in logs else f"loss {logs['loss']:.3f}"
            progress("train", state.global_step, state.max_steps, "steps", f"{name}: {told}, {speed:,.0f} tokens/s")

    return Events()


def _of_clauses(logs: dict[str, float]) -> dict[str, float]:
    """The mean reward of each clause that said something about an answer of this step."""
    parts = {name: name.split("/", 1)[1].removesuffix("/mean") for name in logs if name.startswith("rewards/")}
    return {of: logs[name] for name, of in parts.items() if name.endswith("/mean") and logs[name] == logs[name]}


def cut(path: Path, stage: str, step: int) -> None:
    """Drop steps of `stage` after `step`, and a line that a kill has cut short; what failed before stays said."""
    if not path.is_file():
        return
    kept = [e for e in events.read(path) if e["stage"] != stage or e["step"] <= step or "event" in e]
    write_text(path, "".join(map(events.line, kept)))
