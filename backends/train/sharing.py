"""How the rows of one update are shared out: over processes, and over passes one after the other that fit into memory.

In: a job's batch, how many processes train, and what memory has shown. Out: a `Split`, and a trainer whose update is
that of the whole batch at once, however it is shared out: each part of it weighs as much as it has of the rows and of
the tokens that the loss is a mean over. The library's trainers average the parts' means alike, also where one has 5
tokens and another 50. This file must not know losses: a method's `shares` and `weigh` do.

>>> Split(16, 1).halved(), Split(16, 8, processes=2).halved() is None
(Split(rows=16, accumulation=2, processes=1, least=1, together=0), True)
>>> [list(part) for part in parts(5, 3)]
[[0, 1], [2, 3], [4]]
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from backends.train.jobs import Job
from compiler.failures import DataError, MemoryError_
from compiler.files import write_json
from compiler.lowering.losses import METHODS


class StepTooLarge(MemoryError_):
    """A step of training does not fit into memory; it may with fewer rows at once."""


@dataclass(frozen=True, slots=True)
class Split:
    """rows: of one update, over all processes. accumulation: passes of each process that make one update. least: rows
    that have to go through at once. together: 0 where rows may be shared out unevenly; else parts are equal, and a
    multiple of this many."""

    rows: int
    accumulation: int
    processes: int = 1
    least: int = 1
    together: int = 0

    @property
    def parts(self) -> int:
        return self.processes * self.accumulation

    @property
    def at_once(self) -> int:
        """Rows that go through one process at once, at most."""
        return -(-self.rows // self.parts)

    def fits(self) -> bool:
        even = self.rows % self.parts == 0 and self.at_once % self.together == 0 if self.together else True
        return even and self.parts <= self.rows and self.at_once >= self.least

    def halved(self) -> Split | None:
        """With half of the rows at once, about, and the same update; None where fewer cannot go through."""
        smaller = (replace(self, accumulation=n) for n in range(2 * self.accumulation, self.rows + 1))
        return next((split for split in smaller if split.fits()), None)


def split_of(job: Job, stage: str, processes: int) -> Split:
    """How a job's batch goes through `processes`: as many rows at once as the job says, or fewer.

    Raises:
        DataError: it cannot be shared out so.
    """
    at_once = int(job.values.get("per_device_train_batch_size", 8))
    passes = int(job.values.get("gradient_accumulation_steps", 1))
    method = METHODS[stage]
    # A policy's sampler gives whole batches alone, and KTO compares rows within what goes through at once.
    together = 1 if method.policy else method.together if method.together > 1 else 0
    whole = Split(at_once * passes, passes, 1, 2 * together if together > 1 else 1, together)
    if processes == 1:
        return whole
    tried = (replace(whole, accumulation=n, processes=processes) for n in range(1, whole.rows + 1))
    found = next((split for split in tried if split.fits() and split.at_once <= at_once), None)
    if found is None:
        raise DataError(
            f"{stage}: a batch of {whole.rows} rows cannot be shared out over {processes} processes",
            help="give fewer --processes, or another train { batch: ... }",
        )
    return found


def begun(path: Path, split: Split) -> Split:
    """The split that an earlier try came down to, so that a resumed run does not run out of memory first."""
    try:
        passes = int(json.loads(path.read_text(encoding="utf-8"))["accumulation"])
    except (OSError, ValueError, KeyError, TypeError):
        return split
    found = replace(split, accumulation=passes)
    return found if found.fits() else split


def keep(path: Path, split: Split) -> None:
    write_json(path, {"accumulation": split.accumulation})


def parts(rows: int, number: int) -> list[range]:
    """`rows` in `number` parts in their order, as equal as can be, the larger ones first; the last may be empty."""
    least, more = divmod(rows, number)
    starts = [n * least + min(n, more) for n in range(number + 1)]
    return [range(start, end) for start, end in pairwise(starts)]


class Parts:
    """A batch sampler: the parts of each update, those of all processes side by side, as accelerate deals them out. A
    part without rows, at the end of an epoch, has one row that weighs nothing, so that processes keep step."""

    batch_size = None
    drop_last = False

    def __init__(self, sampler: Any, split: Split) -> None:
        self.sampler = sampler  # accelerate puts its own here, which draws from the seed and the epoch alone
        self.split = split

    def __iter__(self) -> Iterator[list[int]]:
        order = list(self.sampler)
        for start in range(0, len(order), self.split.rows):
            update = order[start : start + self.split.rows]
            for part in parts(len(update), self.split.parts):
                yield [update[place] for place in part] or update[:1]

    def __len__(self) -> int:
        return -(-len(self.sampler) // self.split.rows) * self.split.parts


class Shares:
    """Mixed in before a trainer of the library whose method says what its loss is a mean over."""

    split: Split
    method: Any
    args: Any
    state: Any
    accelerator: Any
    train_dataset: Any
    _factors: deque[tuple[float, float]]

    def _is_shared(self) -> bool:
        return self.split.parts > 1 and hasattr(self.method, "shares")

    def get_train_dataloader(self) -> Any:
        from torch.utils.data import DataLoader

        if not self._is_shared():
            return super().get_train_dataloader()  # type: ignore[misc]  # the trainer's, mixed in behind
        trainer: Any = self
        rows = trainer._remove_unused_columns(self.train_dataset, description="training")
        batches: Any = Parts(trainer._get_train_sampler(self.train_dataset), self.split)
        pinned = self.args.dataloader_pin_memory
        loader: Any = DataLoader(rows, batch_sampler=batches, collate_fn=trainer.data_collator, pin_memory=pinned)
        return self.accelerator.prepare(loader)

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: Any) -> tuple[list[Any], Any]:
        """What the library takes for one update, and how much each of it weighs."""
        import torch

        batches, items = super().get_batch_samples(epoch_iterator, num_batches, device)  # type: ignore[misc]  # the trainer's, mixed in behind
        if self.split.processes > 1:
            # What is drawn in this update (dropout, answers of a policy) is this process's own, also after a resume.
            torch.manual_seed(hash((self.args.seed, self.state.global_step, self.accelerator.process_index)))
        if not self._is_shared():
            return batches, items
        counts = torch.tensor([self.method.shares(batch) for batch in batches], dtype=torch.float64)
        counts *= torch.tensor([float(size > 0) for size in self._sizes()], dtype=torch.float64)[:, None]
        whole = self.accelerator.reduce(counts.sum(0).float().to(device), reduction="sum").double().cpu()
        # The trainer divides by the passes, and the gradients of processes are averaged.
        shares = counts / whole.clamp(min=1) * self.split.parts
        self._factors = deque((float(rows), float(tokens)) for rows, tokens in shares)
        return batches, None if items is None else whole[1].to(device=device, dtype=torch.long)

    def _sizes(self) -> list[int]:
        """Rows of this process's parts of the update that comes."""
        total = len(self.train_dataset)
        updates = -(-total // self.split.rows)
        start = self.state.global_step % updates * self.split.rows
        mine = parts(min(self.split.rows, total - start), self.split.parts)
        return [len(part) for part in mine[self.accelerator.process_index :: self.split.processes]]

    def compute_loss(self, model: Any, inputs: Any, *rest: Any, **named: Any) -> Any:
        if not self._is_shared():
            return super().compute_loss(model, inputs, *rest, **named)  # type: ignore[misc]  # the trainer's, mixed in behind
        rows, tokens = self._factors.popleft()
        factor = self.method.weigh(self, rows, tokens)
        return super().compute_loss(model, inputs, *rest, **named) * factor  # type: ignore[misc]  # the trainer's, mixed in behind
