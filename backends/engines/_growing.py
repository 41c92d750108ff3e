"""A key/value cache with room for all tokens of a batch, so that a step writes its own and copies no others'.

In: a cache of transformers that is still empty, and how many tokens it will hold. Out: the same cache, whose layers of
full attention write into memory that is laid out once; they give the same keys and values. Layers with a sliding window
stay as they are: they forget. This file must not know models or engines.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers.cache_utils import DynamicLayer


class GrowingLayer(DynamicLayer):  # type: ignore[misc]  # the library has no types
    """room: tokens that it has memory for, at first; it grows beyond where it must."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room
        self.keys: Any = None
        self.values: Any = None
        self._memory: tuple[Any, Any] | None = None

    def update(self, key_states: Any, value_states: Any, *args: Any, **options: Any) -> tuple[Any, Any]:
        """As `DynamicLayer.update`; keys and values are [row, head, token, dimension]."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        before = self.get_seq_length()
        after = before + key_states.shape[-2]
        if self._memory is None or after > self._memory[0].shape[-2]:
            held = (self.keys, self.values) if before else None
            self._memory = self._laid_out(key_states, after), self._laid_out(value_states, after)
            for memory, old in zip(self._memory, held or (), strict=False):
                memory[:, :, :before] = old
        keys, values = self._memory
        keys[:, :, before:after], values[:, :, before:after] = key_states, value_states
        self.keys, self.values = keys[:, :, :after], values[:, :, :after]
        return self.keys, self.values

    def batch_repeat_interleave(self, repeats: int) -> None:
        if not self.get_seq_length():
            return
        self.batch_select_indices(torch.arange(self.keys.shape[0], device=self.device).repeat_interleave(repeats))

    def batch_select_indices(self, indices: Any) -> None:
        length = self.get_seq_length()
        if not length:
            return
        taken = []
        for held in (self.keys, self.values):
            memory = self._laid_out(held, length, rows=len(indices))
            torch.index_select(held, 0, indices, out=memory[:, :, :length])
            taken.append(memory)
        self._memory = taken[0], taken[1]
        self.keys, self.values = taken[0][:, :, :length], taken[1][:, :, :length]

    def _laid_out(self, like: Any, length: int, rows: int | None = None) -> Any:
        count, heads, _, dimension = like.shape
        return like.new_empty(count if rows is None else rows, heads, max(length, self.room), dimension)


def with_room(cache: Any, room: int) -> Any:
    """Let the layers of full attention of an empty cache lay out memory for `room` tokens."""
    cache.layers = [GrowingLayer(room) if type(layer) is DynamicLayer else layer for layer in cache.layers]
    return cache
