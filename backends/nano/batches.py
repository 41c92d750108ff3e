"""The corpus as batches of tokens, made ahead of the training by as many processes as are given.

    chunk of dialogues -> sequences of tokens -> sorted by length, cut by a token budget -> one step each

Dialogues under one system prompt are one sequence: the prompt once, then each dialogue, which sees the prompt and
itself and nothing of the others. So a prompt of many rules is read once and answered many times, and the same rules
stand beside questions that they name and questions that they do not. This file must not know the model.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from backends.nano.corpus import CHUNK, rows
from backends.nano.world.dialogues import Dialogue, Message

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerFast

BATCH_TOKENS = 3072
# A grade is one token: it counts as much as a short answer does, else grading is learned last.
ROW_WEIGHT = 16
# Attention on an accelerator asks for widths that this divides.
WIDTH_STEP = 8


@dataclass(frozen=True, slots=True)
class Sequence:
    """One system prompt and the dialogues under it, as tokens.

    targets: what each position is to say, -100 where nothing is learned; weights: how much that counts. places: where a
    token stands in its own dialogue. branches: the number of its dialogue, 0 for the prompt.
    """

    tokens: list[int]
    targets: list[int]
    weights: list[float]
    places: list[int]
    branches: list[int]


@dataclass(frozen=True, slots=True)
class Batch:
    """Sequences of equal width: tokens, places and branches are rows x width, padded on the right (branch -1).

    spots: the positions after which something is learned, counted through all rows; targets and weights: what is said
    there, and how much it counts. real: tokens without padding. dialogues: how many there are.
    """

    tokens: np.ndarray[Any, Any]
    places: np.ndarray[Any, Any]
    branches: np.ndarray[Any, Any]
    spots: np.ndarray[Any, Any]
    targets: np.ndarray[Any, Any]
    weights: np.ndarray[Any, Any]
    real: int
    dialogues: int


def encode(tokenizer: PreTrainedTokenizerFast, messages: list[Message]) -> tuple[list[int], list[int]]:
    """Token ids of a dialogue, and the targets: the assistant's words and its end token, nothing else."""
    ids: list[int] = []
    targets: list[int] = []
    words = tokenizer.backend_tokenizer  # twice as fast as through what is around it
    end = words.token_to_id("<|end|>")
    for message in messages:
        body = words.encode(message["content"], add_special_tokens=False).ids
        head = words.token_to_id(f"<|{message['role']}|>")
        ids += [head, *body, end]
        mine = message["role"] == "assistant"
        targets += [-100, *(body if mine else [-100] * len(body)), end if mine else -100]
    return ids, targets


def sequence(tokenizer: PreTrainedTokenizerFast, dialogues: list[list[Message]]) -> Sequence:
    """One sequence of dialogues that begin with the same system message, or of one dialogue."""
    shared = dialogues[0][:1] if dialogues[0][0]["role"] == "system" else []
    prompt, silent = encode(tokenizer, shared)
    start = len(prompt)
    made = Sequence(prompt, silent, [0.0] * start, list(range(start)), [0] * start)
    for number, messages in enumerate(dialogues, 1):
        ids, targets = encode(tokenizer, messages[len(shared) :])
        learned = sum(target != -100 for target in targets)
        made.tokens.extend(ids)
        made.targets.extend(targets)
        made.weights.extend([max(1.0, ROW_WEIGHT / learned)] * len(ids))
        made.places.extend(range(start, start + len(ids)))
        made.branches.extend([number] * len(ids))
    return made


def padded(group: list[Sequence], pad: int) -> Batch:
    width = -(-max(len(one.tokens) for one in group) // WIDTH_STEP) * WIDTH_STEP

    def column(name: str, fill: float, kind: type = np.int32) -> np.ndarray[Any, Any]:
        filled: np.ndarray[Any, Any] = np.full((len(group), width), fill, kind)
        for row, one in enumerate(group):
            values = getattr(one, name)
            filled[row, : len(values)] = values
        return filled

    targets = column("targets", -100)
    row, place = np.nonzero(targets != -100)
    return Batch(
        column("tokens", pad),
        column("places", 0),
        column("branches", -1),
        row * width + place - 1,
        targets[row, place],
        column("weights", 0.0, np.float32)[row, place],
        sum(len(one.tokens) for one in group),
        sum(max(one.branches) for one in group),
    )


def batches(tokenizer: PreTrainedTokenizerFast, seed: int, chunk: int, batch_tokens: int = BATCH_TOKENS) -> list[Batch]:
    """The steps of one chunk, in an order that depends on the seed alone; larger batches take larger chunks."""
    coded: list[Sequence] = []
    for system, dialogues in groupby(rows(seed, chunk, CHUNK * batch_tokens // BATCH_TOKENS), key=system_of):
        together = [d.messages for d in dialogues]
        coded += [sequence(tokenizer, together)] if system else [sequence(tokenizer, [one]) for one in together]
    made: list[Batch] = []
    group: list[Sequence] = []
    for one in sorted(coded, key=lambda one: len(one.tokens)):
        if group and (len(group) + 1) * len(one.tokens) > batch_tokens:
            made.append(padded(group, tokenizer.pad_token_id))
            group = []
        group.append(one)
    made.append(padded(group, tokenizer.pad_token_id))
    Random(f"order/{seed}/{chunk}").shuffle(made)
    return made


def system_of(dialogue: Dialogue) -> str:
    first = dialogue.messages[0]
    return first["content"] if first["role"] == "system" else ""


def sight(branches: torch.Tensor) -> torch.Tensor:
    """Who sees whom (rows x 1 x tokens x tokens): what stands before, in the prompt or in the same dialogue."""
    import torch

    width = branches.shape[1]
    before = torch.ones(width, width, dtype=torch.bool, device=branches.device).tril()
    same = branches[:, :, None] == branches[:, None, :]
    return (before & (same | (branches == 0)[:, None, :]))[:, None]


@dataclass(frozen=True, slots=True)
class Chunks:
    """The chunks of a corpus by number, for a loader."""

    tokenizer: PreTrainedTokenizerFast
    seed: int
    batch_tokens: int

    def __getitem__(self, chunk: int) -> list[Batch]:
        return batches(self.tokenizer, self.seed, chunk, self.batch_tokens)


def stream(chunks: Chunks, first: int, workers: int) -> Iterator[list[Batch]]:
    """The chunks from the number `first` on, in order whatever the number of workers (0: made when asked for)."""
    from torch.utils.data import DataLoader

    return iter(
        DataLoader(
            chunks,  # type: ignore[arg-type]  # a dataset is what can be indexed
            batch_size=None,
            sampler=range(first, 1_000_000),
            num_workers=workers,
            collate_fn=as_it_is,
            worker_init_fn=leave_interrupts if workers else None,
        )
    )


def as_it_is(chunk: list[Batch]) -> list[Batch]:
    return chunk


def leave_interrupts(worker: int) -> None:
    """Ctrl-C reaches all processes; the training decides when to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
