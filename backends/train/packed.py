"""A training step's forward pass over real tokens alone: rows as a tree of tokens, the LM head at the answers only.

In: the padded rows of one of the library's batches, with labels. Out: what the library's fused LM head gives, to
rounding: the log-probability of each label, and what its metrics read. Rows that begin alike (a chosen and a rejected
answer to one prompt; several answers to it; a system prompt) share the tokens in which they are alike, each of which
sees those before it in its own row and nothing else; nothing is computed for padding, for what stands behind the last
label, or for the vocabulary where there is no label. Every trainer of the library asks its model in this one way, so
that losses, metrics, logging and resuming stay its own. Where a model is another (attention through a window, experts
with a loss of their own, pictures), the library's forward runs. This file must not know methods.

    [[1, 2, 3, 4, 5], [1, 2, 3, 6, 0]]   labels for 4 5 and for 6   ->   1 2 3 4, of which 3 is asked twice
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

CAPACITY = 512
"""Tokens of a tree, about: each sees at most the others of its tree, so that attention costs no square of a batch."""
TRAINERS = ("sft", "dpo", "kto", "grpo", "rloo")
"""Modules of trl that ask through a fused LM head."""
KNOWN = frozenset({"input_ids", "attention_mask", "use_cache"})


@dataclass(frozen=True, slots=True)
class Tree:
    """tokens: each once. depth: of each token, which is its position. paths: of each row of the tree, by the row's
    number: the places of its tokens."""

    tokens: tuple[int, ...]
    depth: tuple[int, ...]
    paths: dict[int, tuple[int, ...]]

    @property
    def size(self) -> int:
        return len(self.tokens)


def trees(rows: Sequence[Sequence[int]], capacity: int = CAPACITY) -> list[Tree]:
    """Rows of tokens as trees of about `capacity` tokens; an empty row is in none.

    >>> [(t.tokens, t.paths) for t in trees([[1, 2, 3], [1, 2, 4], [9]])]
    [((1, 2, 3, 4, 9), {0: (0, 1, 2), 1: (0, 1, 3), 2: (4,)})]
    """
    found: list[Tree] = []
    # In this order, a row shares most with the one before it.
    order = sorted((n for n, row in enumerate(rows) if row), key=lambda n: (tuple(rows[n]), n))
    capacity = max([capacity, *(len(rows[n]) for n in order)])
    tokens: list[int] = []
    depth: list[int] = []
    paths: dict[int, tuple[int, ...]] = {}
    before: tuple[int, ...] = ()
    for number in order:
        row = rows[number]
        alike = _alike(row, [tokens[place] for place in before])
        if tokens and len(tokens) + len(row) - alike > capacity:
            found.append(Tree(tuple(tokens), tuple(depth), paths))
            tokens, depth, paths, before, alike = [], [], {}, (), 0
        places = range(len(tokens), len(tokens) + len(row) - alike)
        tokens += row[alike:]
        depth += range(alike, len(row))
        before = paths[number] = (*before[:alike], *places)
    if tokens:
        found.append(Tree(tuple(tokens), tuple(depth), paths))
    return found


def _alike(one: Sequence[int], other: Sequence[int]) -> int:
    """How many first tokens two rows share."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def sees(tree: Tree, width: int) -> Any:
    """Which places each place sees: booleans [width, width]; a place behind the tree sees itself."""
    import torch

    mask = torch.eye(width, dtype=torch.bool)
    for path in tree.paths.values():
        places = torch.tensor(path)
        mask[places[:, None], places] = torch.ones(len(path), len(path), dtype=torch.bool).tril()
    return mask


@contextmanager
def packing() -> Iterator[None]:
    """Trainers of the library that are made here ask their models so."""
    modules: list[Any] = [import_module(f"trl.trainer.{name}_trainer") for name in TRAINERS]
    kept = [module.add_fused_lm_head for module in modules]

    def add(model: Any, temperature: float = 1.0, cast_lm_head_to_fp32: bool = False,
            outputs: tuple[str, ...] = ("log_probs",)) -> None:  # fmt: skip
        kept[0](model, temperature, cast_lm_head_to_fp32, outputs)
        if not cast_lm_head_to_fp32 and _is_plain(model):
            pack(model, temperature, outputs)

    for module in modules:
        module.add_fused_lm_head = add
    try:
        yield
    finally:
        for module, function in zip(modules, kept, strict=True):
            module.add_fused_lm_head = function


BY_DISTANCE = ("bloom", "gpt_neo", "mpt")
"""Architectures that tell how far apart tokens are by their columns, and not by positions that they are told."""


def _is_plain(model: Any) -> bool:
    """Whether a token sees all before it, in every layer, through an attention that takes a mask; is told its position;
    and the vocabulary is asked by one matrix."""
    config = model.config.get_text_config()
    taken = inspect.signature(type(model.base_model).forward).parameters
    layers = getattr(config, "layer_types", None)
    windowed = any(kind != "full_attention" for kind in layers) if layers else getattr(config, "sliding_window", None)
    head = model.get_output_embeddings()
    scaled = ("logit_scale", "output_multiplier", "lm_head_multiplier", "logits_scaling")
    return (
        config is model.config
        and not windowed
        and config.model_type not in BY_DISTANCE and not getattr(config, "alibi", False)
        and {"attention_mask", "position_ids"} <= taken.keys()
        and config._attn_implementation in ("sdpa", "eager")
        and not getattr(config, "num_experts", None) and not getattr(config, "num_local_experts", None)
        and type(head).__name__ == "Linear"
        and not any(getattr(config, name, None) for name in scaled)
    )  # fmt: skip


def pack(model: Any, temperature: float, outputs: tuple[str, ...]) -> None:
    """Let `model(..., labels=labels, fused_lm_head=True)` compute packed; every other call is the model's own."""
    stock = model.forward

    @functools.wraps(type(model).forward)  # generating asks what it takes
    def forward(self: Any, *args: Any, fused_lm_head: bool = False, **given: Any) -> Any:
        if not fused_lm_head:
            return stock(*args, **given)
        labels = given.get("labels")
        plain = {name for name, value in given.items() if value is not None} <= KNOWN | {"labels", "num_items_in_batch"}
        if args or labels is None or not plain or given["input_ids"].dim() != 2:
            return stock(*args, fused_lm_head=True, **given)
        mask = given.get("attention_mask")
        mask = given["input_ids"].new_ones(given["input_ids"].shape) if mask is None else mask
        return _asked(self, given["input_ids"], mask, labels, given.get("num_items_in_batch"), temperature, outputs)

    model.forward = types.MethodType(forward, model)


def _asked(
    model: Any, ids: Any, attention: Any, labels: Any, items: Any, temperature: float, outputs: tuple[str, ...]
) -> Any:
    """ids, attention, labels: [rows, columns]. Every field of what is returned: [rows, columns - 1]."""
    import torch
    from trl.trainer.utils import FusedCausalLMOutput

    wanted = (labels[:, 1:] != -100) & (attention[:, 1:] != 0) & (attention[:, :-1] != 0)
    real, wanted_there = attention.bool().tolist(), wanted.tolist()
    rows: list[list[int]] = []
    asked: list[tuple[int, int]] = []  # row, and place in it of the token before a label
    for number, (row, there, labelled) in enumerate(zip(ids.tolist(), real, wanted_there, strict=True)):
        columns = [column for column, is_real in enumerate(there) if is_real]
        place_of = {column: place for place, column in enumerate(columns)}
        before = [place_of[column + 1] - 1 for column, is_labelled in enumerate(labelled) if is_labelled]
        # What stands behind the last label's predecessor decides nothing.
        rows.append([row[column] for column in columns[: max(before, default=-1) + 1]])
        asked += [(number, place) for place in before]
    found = trees(rows)
    hidden, width = _hidden(model, found, ids.device)
    at = {row: (number * width, path) for number, tree in enumerate(found) for row, path in tree.paths.items()}
    places = [at[row][0] + at[row][1][place] for row, place in asked]
    taken = hidden.reshape(-1, hidden.shape[-1])[torch.tensor(places, dtype=torch.long, device=ids.device)]
    per_label = _per_label(model, taken, labels[:, 1:][wanted], temperature, outputs)
    fields = ("log_probs", "entropy", "log_sum_sq_probs", "mean_logits", "is_top1")
    spread: dict[str, Any] = {
        name: None if found is None else found.new_zeros(wanted.shape).masked_scatter(wanted, found)
        for name, found in zip(fields, per_label, strict=True)
    }
    loss = -spread["log_probs"].sum() / (wanted.sum().clamp(min=1) if items is None else items)
    return FusedCausalLMOutput(loss=loss, label_mask=wanted, **spread)


def _per_label(model: Any, hidden: Any, labels: Any, temperature: float, outputs: tuple[str, ...]) -> tuple[Any, ...]:
    """hidden: [labels, hidden size]. labels: [labels]. What the library's kernel returns, each field [labels]."""
    from trl.kernels import ChunkedLogProbFunction

    from backends.train import frozen_head

    head = model.get_output_embeddings()
    softcapping = getattr(model.config.get_text_config(), "final_logit_softcapping", None)
    if frozen_head.fits(head, outputs, softcapping):
        apply: Any = frozen_head.FrozenHeadLogProb.apply
        found = apply(hidden, head.weight, head.bias, labels, temperature, outputs)
    else:
        found = ChunkedLogProbFunction.apply(
            hidden, head.weight, head.bias, labels, temperature, 32768, softcapping, 1.0, outputs
        )
    return tuple(found)


def _hidden(model: Any, found: Sequence[Tree], device: Any) -> tuple[Any, int]:
    """The last hidden states of all trees: [trees, width, hidden], and the width."""
    import torch

    width = max((tree.size for tree in found), default=1)
    ids = torch.zeros(max(len(found), 1), width, dtype=torch.long)
    positions = torch.zeros_like(ids)
    masks = []
    for number, tree in enumerate(found):
        ids[number, : tree.size] = torch.tensor(tree.tokens)
        positions[number, : tree.size] = torch.tensor(tree.depth)
        masks.append(sees(tree, width))
    mask = torch.stack(masks or [torch.eye(width, dtype=torch.bool)])[:, None].to(device)
    if model.config.get_text_config()._attn_implementation == "eager":
        dtype = model.get_input_embeddings().weight.dtype
        mask = torch.zeros(mask.shape, dtype=dtype, device=device).masked_fill(~mask, torch.finfo(dtype).min)
    output = model.base_model(
        input_ids=ids.to(device), attention_mask=mask, position_ids=positions.to(device), use_cache=False
    )
    return output.last_hidden_state, width
