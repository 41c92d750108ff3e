"""One stage of training: the library's trainer with our checkpoints and events.

In: a job, rows, a base, and perhaps the adapter to go on from. Out: the trained model. The rows are handed over in
their order; what the trainer draws comes from the job's seed. This file must not know which method it runs.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backends import bases, machine
from backends.bases import Base
from backends.chats import Chat
from backends.devices import Device, is_out_of_memory, noticing_memory
from backends.train import bits, workers
from backends.train.checkpoints import Checkpoints, newest
from backends.train.fitting import until_it_fits
from backends.train.jobs import Job, configure
from backends.train.packed import packing
from backends.train.room import arranged
from backends.train.sharing import Shares, Split, split_of
from compiler.failures import DataError, ModelLoadError, TenetError
from compiler.files import write_text
from compiler.progress import Progress
from compiler.records.record import Message


@dataclass(slots=True)
class Trained:
    model: Any
    chat: Chat
    state: Any


def train(
    module: Any,
    stage: str,
    job: Job,
    build: Path,
    run: Path,
    base: Base,
    start: Path | None,
    device: Device,
    progress: Progress,
    given: dict[str, Any],
) -> Trained:
    """Train one stage; where a step does not fit into memory, with fewer rows at once and the same update."""
    events = run / "events.jsonl"

    def attempt(split: Split) -> Trained | None:
        return _attempt(module, stage, job, build, run, base, start, device, progress, given, split)

    def tell(split: Split, event: dict[str, Any]) -> None:
        append_event(events, event)
        progress(
            "train", event["step"], job.steps, "steps", f"{stage}: out of memory; now {split.at_once} rows at once"
        )

    job, split = arranged(job, stage, build, base, device, split_of(job, stage, workers.count()))
    return until_it_fits(attempt, split, run, stage, tell)


def _attempt(
    module: Any,
    stage: str,
    job: Job,
    build: Path,
    run: Path,
    base: Base,
    start: Path | None,
    device: Device,
    progress: Progress,
    given: dict[str, Any],
    split: Split,
) -> Trained | None:
    """Train one stage from its newest checkpoint; None where memory ran out and fewer rows at once may fit."""
    from datasets import disable_progress_bars
    from transformers import PrinterCallback
    from trl import get_peft_config

    disable_progress_bars()
    # TRL asks the reference under a bar of its own; it reads this then.
    os.environ["TQDM_DISABLE"] = "1"
    progress("train", 0, job.steps, "steps", f"{stage}: loading")
    work = run / "work" / stage
    shape = (split.at_once, split.accumulation)
    config, model_config = configure(job, module.config(), device, work, getattr(module, "script", None), shape)
    chat = bases.load_chat(base)
    rows = module.fit(config, read_rows(build / job.rows, module.COLUMNS, chat), chat.tokenizer)
    model = _trainable(base, model_config, start, device)

    class OurTrainer(Shares, Checkpoints, module.trainer()):  # type: ignore[misc]  # the base class is chosen at run time
        pass

    OurTrainer.split, OurTrainer.method = split, module
    try:
        with packing() if machine.forward() == "packed" else nullcontext():
            trainer = OurTrainer(
                model=model,
                args=config,
                train_dataset=_data_set(rows, work),
                processing_class=chat.tokenizer,
                peft_config=None if start else get_peft_config(model_config),
                callbacks=[_events(stage, run / "events.jsonl", progress)] if workers.is_first() else [],
                **given,
            )
        # It prints every step; events.jsonl and the driver's progress tell instead.
        trainer.remove_callback(PrinterCallback)
        trainer.resume(_newest(work))
    except (RuntimeError, MemoryError, OSError) as error:
        if not is_out_of_memory(error) or split.halved() is None:
            raise
        return None
    return Trained(trainer.accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False), chat, trainer.state)


def _newest(work: Path) -> Path | None:
    """The newest whole checkpoint; the first process removes torn ones before the others look."""
    if workers.is_first():
        newest(work)
    workers.wait()
    return newest(work)


def _data_set(rows: list[dict[str, Any]], work: Path) -> Any:
    """The rows as the trainer takes them. Processes that train together share what they compute of them in a folder."""
    from datasets import Dataset, load_from_disk

    if workers.count() == 1:
        return Dataset.from_list(rows)
    shared = work.with_name(f"{work.name}-rows")
    if workers.is_first():
        shutil.rmtree(shared, ignore_errors=True)
        Dataset.from_list(rows).save_to_disk(str(shared))
    workers.wait()
    return load_from_disk(str(shared))


def read_rows(path: Path, columns: tuple[str, ...], chat: Chat) -> list[dict[str, Any]]:
    """Read the columns that a trainer needs; each row's prompt is checked to be a beginning of its tokens."""
    rows: list[dict[str, Any]] = []
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                if line.strip():
                    row = json.loads(line)
                    rows.append({column: row[column] for column in columns})
                    _check_prompt(rows[-1], chat)
    except FileNotFoundError as error:
        raise DataError(f"{path} is not there", help="build the spec first: tenet build SPEC") from error
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path}: row {len(rows) + 1} is not one with {', '.join(columns)}: {error}") from error
    if not rows:
        raise DataError(f"{path} has no rows to train on", help="see generate.json for what was dropped, and why")
    return rows


def _check_prompt(row: dict[str, Any], chat: Chat) -> None:
    """Fit the row to the template, and make sure that the trainer finds where its answer begins."""
    said = "messages" if "messages" in row else "prompt"
    row[said] = chat.fit([Message(**m) for m in row[said]])
    prompt = [Message(**m) for m in (row["messages"][:-1] if said == "messages" else row["prompt"])]
    # A policy's answers are its own.
    given = (row["messages"][-1:],) if said == "messages" else (row[s] for s in ("chosen", "rejected") if s in row)
    for answer in given:
        chat.check_prefix(prompt, answer[0]["content"])


def _trainable(base: Base, model_config: Any, start: Path | None, device: Device) -> Any:
    """Load the base for training, with the adapter to go on from where there is one."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    quantized = bits.loading(model_config)
    dtype = model_config.dtype if model_config.dtype in ("auto", None) else getattr(torch, model_config.dtype)
    try:
        model = AutoModelForCausalLM.from_pretrained(
            str(base.path), dtype=dtype, use_safetensors=True, trust_remote_code=False, local_files_only=True,
            **quantized,
        )  # fmt: skip
    except Exception as error:  # the library raises many kinds; all others mean that the files are not a model
        if is_out_of_memory(error):
            raise
        raise ModelLoadError(f"{base.name}: the weights cannot be read: {error}") from error
    # What the adapter's files say of their base: its name in the spec, not a path of this machine.
    model.config._name_or_path = base.name
    model.name_or_path = base.name
    if not quantized:
        model.to(device.kind)
    if start is not None:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, str(start), is_trainable=True)
    return model


@contextmanager
def recording_failure(stage: str, path: Path) -> Iterator[None]:
    """Record in events.jsonl that a stage has failed or was interrupted, after which step and why, and let it go on."""
    try:
        with noticing_memory("training", "train { batch: 4 } takes less, or a smaller base, or a larger device"):
            yield
    except (Exception, KeyboardInterrupt) as error:
        if workers.are_listened_to() or not workers.is_first():
            raise
        done = [event["step"] for event in _read_events(path) if event["stage"] == stage]
        event = {
            "stage": stage,
            "step": max(done, default=0),
            "event": "interrupted" if isinstance(error, KeyboardInterrupt) else "failed",
            "error": type(error).__name__,
            "message": error.message if isinstance(error, TenetError) else str(error),
            "help": error.help if isinstance(error, TenetError) else None,
            "time": round(time.time(), 3),
        }
        append_event(path, event)
        raise


def append_event(path: Path, event: dict[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(event) + "\n")


def _read_events(path: Path) -> list[dict[str, Any]]:
    """The events of a run, without a line that a kill has cut short."""
    events = []
    if path.is_file():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                events.append(json.loads(line))
            except ValueError:
                continue
    return events


def _events(stage: str, path: Path, progress: Progress) -> Any:
    """A callback that writes events.jsonl and tells how far the training is."""
    from transformers import TrainerCallback

    class Events(TrainerCallback):  # type: ignore[misc]  # transformers ships no types
        def __init__(self) -> None:
            self.last = time.monotonic()
            self.step = 0

        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self.last, self.step = time.monotonic(), state.global_step
            # Steps after the checkpoint that a resumed run starts from are done again.
            _cut(path, stage, state.global_step)
            progress("train", state.global_step, state.max_steps, "steps", stage)

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            if not logs or "loss" not in logs:
                return
            now = time.monotonic()
            rate = (state.global_step - self.step) / max(now - self.last, 1e-9)
            self.last, self.step = now, state.global_step
            event = {
                "stage": stage,
                "step": state.global_step,
                "of": state.max_steps,
                "loss": logs["loss"],
                "learning_rate": logs.get("learning_rate"),
                "reward_accuracy": logs.get("rewards/accuracies"),
                "steps_per_second": round(rate, 3),
                "time": round(time.time(), 3),
            }
            if "reward" in logs:
                # Of a policy: what its answers earned, clause by clause, and how far it is from the base.
                event |= {"reward": logs["reward"], "kl": logs.get("kl"), "clauses": _of_clauses(logs)}
            append_event(path, event)
            told = f"reward {logs['reward']:.2f}" if "reward" in logs else f"loss {logs['loss']:.3f}"
            progress("train", state.global_step, state.max_steps, "steps", f"{stage}: {told}")

    return Events()


def _of_clauses(logs: dict[str, float]) -> dict[str, float]:
    """The mean reward of each clause that said something about an answer of this step."""
    parts = {name: name.split("/", 1)[1].removesuffix("/mean") for name in logs if name.startswith("rewards/")}
    return {of: logs[name] for name, of in parts.items() if name.endswith("/mean") and logs[name] == logs[name]}


def _cut(path: Path, stage: str, step: int) -> None:
    """Drop steps of `stage` after `step`, and a line that a kill has cut short; what failed before stays said."""
    if not path.is_file():
        return
    kept = [e for e in _read_events(path) if e["stage"] != stage or e["step"] <= step or "event" in e]
    write_text(path, "".join(json.dumps(event) + "\n" for event in kept))
