"""One stage of training: the library's trainer with our checkpoints and events.

In: a stage: a job, rows, a base, and perhaps the adapter to go on from. Out: the trained model. The rows are handed
over in their order; what the trainer draws comes from the job's seed. This file must not know which method it runs.
"""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from backends import bases, machine
from backends.chats import Chat
from backends.devices import is_out_of_memory
from backends.train import bits, tracking, workers
from backends.train.checkpoints import Checkpoints, newest
from backends.train.fitting import until_it_fits
from backends.train.held import Held
from backends.train.jobs import configure
from backends.train.packed import packing
from backends.train.references import References
from backends.train.room import arranged
from backends.train.rows import data_set, read_rows
from backends.train.sharing import Shares, Split, split_of
from backends.train.steps import Steps
from backends.train.task import Stage
from backends.train.telling import append, events_of, refuse
from backends.train.watching import Watched, watched


@dataclass(slots=True)
class Trained:
    model: Any
    chat: Chat
    state: Any


def train(stage: Stage) -> Trained:
    """Train one stage; where a step does not fit into memory, with fewer rows at once and the same update."""
    training, told = stage.of, split_of(stage.job, stage.name, workers.count())
    job, split = arranged(stage.job, stage.name, training.build, training.base, training.device, told)
    stage = replace(stage, job=job)

    def attempt(split: Split) -> Trained | None:
        return _attempt(stage, split)

    def tell(split: Split, event: dict[str, Any]) -> None:
        append(training.events, event)
        stage.tell(event["step"], f"out of memory; now {split.at_once} rows at once")

    return until_it_fits(attempt, split, training.run, stage.name, tell)


def _attempt(stage: Stage, split: Split) -> Trained | None:
    """Train one stage from its newest checkpoint; None where memory ran out and fewer rows at once may fit."""
    from datasets import disable_progress_bars
    from transformers import PrinterCallback
    from trl import get_peft_config

    disable_progress_bars()
    # TRL asks the reference under a bar of its own, which it draws unless this is set; `References` tells instead.
    os.environ["TQDM_DISABLE"] = "1"
    stage.tell(0, "loading")
    module, job, training = stage.module, stage.job, stage.of
    shape = (split.at_once, split.accumulation)
    script = getattr(module, "script", None)
    config, model_config = configure(job, module.config(), training.device, stage.work, script, shape)
    tracking.settle(config, training.wishes.track, training.run, stage.name)
    chat = bases.load_chat(training.base)
    rows = module.fit(config, read_rows(training.build / job.rows, module.COLUMNS, chat), chat.tokenizer)
    given = module.given(training) if hasattr(module, "given") else {}
    # How many of its rewards count how much is the trainer's to know, and stands among its settings.
    if "reward_weights" in given:
        config.reward_weights = given.pop("reward_weights")
    model = _trainable(stage, config.seed, model_config)
    watcher = watched(stage)
    callbacks = [events_of(stage)] if workers.is_first() else []
    callbacks += [watcher.callback()] if watcher else []

    class OurTrainer(Shares, Checkpoints, Steps, References, module.trainer()):  # type: ignore[misc]  # chosen at run time
        pass

    OurTrainer.split, OurTrainer.method, OurTrainer.stage = split, module, stage
    try:
        with packing() if machine.forward() == "packed" else nullcontext():
            trainer = OurTrainer(
                model=model,
                args=config,
                train_dataset=data_set(rows, stage.work),
                processing_class=chat.tokenizer,
                peft_config=None if stage.start else get_peft_config(model_config),
                callbacks=callbacks,
                **given,
            )
        # It prints every step; events.jsonl and the driver's progress tell instead.
        trainer.remove_callback(PrinterCallback)
        checkpoint = _newest(stage, watcher)
        if watcher is None or not watcher.has_stopped:
            trainer.resume(checkpoint)
        tracking.finish(training.wishes.track)
    except (RuntimeError, MemoryError, OSError) as error:
        if not is_out_of_memory(error) or split.halved() is None:
            raise
        return None
    trained = trainer.accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False)
    if watcher is not None:
        trainer.state.global_step = watcher.settle(trained)
    return Trained(trained, chat, trainer.state)


def _newest(stage: Stage, watcher: Watched | None) -> Path | None:
    """The newest whole checkpoint, of those that a watcher can go on from; the first process removes torn ones before
    the others look."""
    if workers.is_first():
        newest(stage.work, lambda name: refuse(stage, name))
    workers.wait()
    return newest(stage.work) if watcher is None else watcher.recall()


def _trainable(stage: Stage, seed: int, model_config: Any) -> Any:
    """Load the base for training, with the adapter to go on from where there is one."""
    import torch
    from trl import get_peft_config

    module, base, start = stage.module, stage.of.base, stage.start
    dtype = model_config.dtype if model_config.dtype in ("auto", None) else getattr(torch, model_config.dtype)
    torch.manual_seed(seed)  # of a head that the base has not
    held = stage.of.wishes.held or Held()
    architecture, quantized = getattr(module, "architecture", None), bits.loading(model_config)
    model = held.model(base, dtype, stage.of.device.kind, architecture, quantized)
    # What the adapter's files say of their base: its name in the spec, not a path of this machine.
    model.config._name_or_path = base.name
    model.name_or_path = base.name
    if start is not None and hasattr(module, "begun"):
        torch.manual_seed(seed)
        model = module.begun(model, start, get_peft_config(model_config))
    elif start is not None:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, str(start), is_trainable=True)
    return model
