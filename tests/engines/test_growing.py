"""The cache with room gives what the library's own gives, through every step that the engine takes."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize("room", [1, 7, 40])
def test_keys_and_values_are_those_of_the_librarys_cache(room: int) -> None:
    import torch
    from transformers import DynamicCache
    from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

    from backends.engines._growing import GrowingLayer, with_room
    from tests.backends.checkpoints import config

    ours, theirs = (DynamicCache(config=config("gemma3", 64, 64)) for _ in range(2))
    with_room(ours, room)
    assert [type(layer) for layer in ours.layers] == [DynamicSlidingWindowLayer, GrowingLayer]
    assert type(theirs.layers[1]) is DynamicLayer
    dice = torch.Generator().manual_seed(0)

    def step(rows: int, length: int) -> None:
        keys, values = (torch.randn(rows, 2, length, 8, generator=dice) for _ in range(2))
        told: list[Any] = [cache.update(keys, values, 1) for cache in (ours, theirs)]
        for one, two in zip(*told, strict=True):
            assert torch.equal(one, two)
        assert ours.layers[1].get_seq_length() == theirs.layers[1].get_seq_length()

    step(1, 5)
    for cache in (ours, theirs):
        cache.layers[1].batch_repeat_interleave(4)
    step(4, 3)
    step(4, 1)
    for kept in ([0, 2, 3], [2], [0, 0]):
        for cache in (ours, theirs):
            cache.layers[1].batch_select_indices(torch.tensor(kept))
        step(len(kept), 1)
        step(len(kept), 1)
