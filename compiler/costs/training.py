"""What one stage of a training takes on an accelerator: tokens, operations, time, memory, and how its rows go through.

In: the stage's job, a base's shape, the lengths of its rows, an accelerator. Out: an `Estimate`. As many rows go
through at once as memory takes, without checkpointing where that fits; `tenet train` decides by the same rule. This
file must not read files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compiler.costs import arithmetic, memory
from compiler.costs.accelerators import CONTEXT, Accelerator
from compiler.costs.memory import Memory
from compiler.costs.rows import Lengths
from compiler.costs.shapes import Shape
from compiler.lowering.losses import METHODS

ROOM = 0.9
"""Of a device's memory: what is estimated has to fit into this much."""
TREE = 512
"""Tokens that one is compared with, at most, unless a row is longer: rows go through in groups of about so many."""


@dataclass(frozen=True, slots=True)
class Passage:
    """How an update goes through: rows at once, passes, and whether layers are computed again in the backward pass."""

    at_once: int
    accumulation: int
    checkpointing: bool
    memory: Memory


@dataclass(frozen=True, slots=True)
class Estimate:
    """steps: updates. tokens: computed in all of them; learned: of these. operations: of the updates; before: of what
    is asked before or between them (a reference; a policy's answers). passage: None where one row does not fit."""

    stage: str
    steps: int
    batch: int
    tokens: float
    learned: float
    operations: float
    before: float
    seconds: float
    passage: Passage | None
    smallest: Memory


def passages(
    shape: Shape,
    job: Mapping[str, Any],
    stage: str,
    of: Lengths,
    room: float,
    *,
    four_bit: bool = False,
    bytes_each: int = 2,
) -> tuple[Passage | None, Memory]:
    """How an update goes through `room` bytes, and the least memory that it could take.

    Returns:
        The first that fits of: the whole batch at once and fewer rows down to what the job says; then the same with
        checkpointing, down to the least that the method takes. A policy's rows, with its answers, go
        through as its job says.
    """
    batch = int(job["per_device_train_batch_size"]) * int(job["gradient_accumulation_steps"])
    method = METHODS[stage]
    least = 2 * method.together if method.together > 1 else 1
    usual = min(batch, int(job["per_device_train_batch_size"]))
    sizes = [n for n in range(batch, 0, -1) if batch % n == 0 and n % method.together == 0 and n >= least] or [batch]
    sizes = [usual] if method.policy else sizes

    def at(rows: int, *, checkpointing: bool) -> Passage:
        tokens = rows * of.computed if rows > 1 else float(of.longest)
        found = memory.peak(
            shape, int(job["lora_r"]), tokens, tokens * of.learned / of.computed, width(of),
            bytes_each=bytes_each, checkpointing=checkpointing, four_bit=four_bit, context=CONTEXT,
        )  # fmt: skip
        return Passage(rows, batch // rows, checkpointing, found)

    tried = [at(n, checkpointing=False) for n in sizes if n >= usual]
    tried += [at(n, checkpointing=True) for n in sizes if n <= usual]
    return next((one for one in tried if one.memory.whole <= room), None), tried[-1].memory


def width(of: Lengths) -> int:
    return max(TREE, of.longest)


def estimate(
    stage: str, job: Mapping[str, Any], shape: Shape, of: Lengths, device: Accelerator, *, four_bit: bool = False
) -> Estimate:
    answered = _answered(job) if METHODS[stage].policy else 0
    of = _with_answers(of, answered) if answered else of
    passage, smallest = passages(shape, job, stage, of, ROOM * device.memory, four_bit=four_bit)
    steps = int(job["max_steps"])
    batch = int(job["per_device_train_batch_size"]) * int(job["gradient_accumulation_steps"])
    rank, weights = int(job["lora_r"]), memory.base(shape, 2, four_bit=four_bit)
    again = passage.checkpointing if passage else True
    passes = steps * (passage.accumulation if passage else batch)
    tokens, learned = steps * batch * of.computed, steps * batch * of.learned
    operations = arithmetic.step(shape, rank, tokens, learned, width(of), checkpointing=again)
    seconds = arithmetic.seconds(device, shape, operations, passes, weights)

    # A reference is asked once for each row that a step sees, and at each update where answers are new.
    seen = steps * batch
    asked = min(of.rows, seen) if job.get("precompute_ref_log_probs") else seen if answered else 0
    before = arithmetic.forward(shape, asked * of.computed, asked * of.learned, width(of))
    at_once = passage.at_once if passage else 1
    seconds += arithmetic.seconds(device, shape, before, -(-asked // at_once), weights, learning=False)
    if answered:
        # Writing is a pass for each token of the longest answer, over all of a batch's.
        written = arithmetic.forward(shape, tokens, learned, width(of))
        before += written
        seconds += arithmetic.seconds(device, shape, written, steps * answered, weights, learning=False)
    return Estimate(stage, steps, batch, tokens, learned, operations, before, seconds, passage, smallest)


def _answered(job: Mapping[str, Any]) -> int:
    """Tokens of a policy's answer, at most, in its trainer's own words."""
    return int(job["max_completion_length"] if "max_completion_length" in job else job["max_new_tokens"])


def _with_answers(of: Lengths, answer: int) -> Lengths:
    """A policy's rows with answers as long as they may be."""
    return Lengths(of.rows, of.computed + answer, float(answer), of.longest + answer, of.is_assumed)
