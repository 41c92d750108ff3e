"""The frozen head gives what the library's kernel gives, and the same gradient, whatever the loss asks of it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from trl.kernels import ChunkedLogProbFunction

from backends.train import frozen_head

OURS: Any = frozen_head.FrozenHeadLogProb.apply
OUTPUTS = ("log_probs", "entropy", "mean_logits", "is_top1")
FIELDS = ("log_probs", "entropy", "log_sum_sq_probs", "mean_logits", "is_top1")


def asked(rows: int, bias: bool) -> tuple[Any, Any, Any, Any]:
    """Hidden states, head, bias and targets; the last words of the head are one, so that the highest logit is not one
    word's alone."""
    draw = torch.Generator().manual_seed(rows)
    hidden = torch.randn(rows, 24, generator=draw) / 2
    weight = torch.randn(300, 24, generator=draw)
    weight[-1] = weight[-2] = 3 * hidden[0] if rows else weight[-3]
    targets = torch.randint(0, 300, (rows,), generator=draw)
    targets[:2] = torch.tensor([298, 299])[:rows]
    if rows > 2:
        hidden[1] = hidden[0]
    return hidden, weight, torch.randn(300, generator=draw) / 9 if bias else None, targets


def both(rows: int, bias: bool, temperature: float, outputs: tuple[str, ...]) -> list[tuple[Any, Any]]:
    found = []
    for ours in (True, False):
        hidden, weight, shift, targets = asked(rows, bias)
        hidden.requires_grad_()
        if ours:
            fields = OURS(hidden, weight, shift, targets, temperature, outputs)
        else:
            fields = ChunkedLogProbFunction.apply(hidden, weight, shift, targets, temperature, 128, None, 1.0, outputs)
        found.append((hidden, fields))
    return found


@pytest.mark.parametrize("rows", [0, 1, 63, 64, 200])
@pytest.mark.parametrize(("bias", "temperature"), [(False, 1.0), (True, 0.7)])
def test_fields_and_gradients_are_the_library_s(
    monkeypatch: pytest.MonkeyPatch, rows: int, bias: bool, temperature: float
) -> None:
    monkeypatch.setattr(frozen_head, "LOGITS", 64 * 300)
    (ours, our_fields), (theirs, their_fields) = both(rows, bias, temperature, OUTPUTS)
    for name, one, other in zip(FIELDS, our_fields, their_fields, strict=True):
        assert (one is None) == (other is None), name
        if one is not None:
            assert torch.allclose(one.float(), other.float(), atol=1e-4), name
    weights = torch.linspace(-1, 2, rows)
    for hidden, fields in ((ours, our_fields), (theirs, their_fields)):
        (fields[0] * weights).sum().backward(retain_graph=True)
        alone = hidden.grad.clone()
        (fields[1] * weights.flip(0)).sum().backward()
        hidden.alone = alone
    assert torch.allclose(ours.alone, theirs.alone, atol=1e-4)
    assert torch.allclose(ours.grad, theirs.grad, atol=1e-4)
    if rows > 2:
        assert not torch.allclose(ours.alone, ours.grad, atol=1e-3), "the entropy's gradient is asked too"


def test_what_is_not_asked_for_is_none_and_nothing_is_kept_without_a_gradient() -> None:
    hidden, weight, bias, targets = asked(70, True)
    fields = OURS(hidden, weight, bias, targets, 1.0, ("log_probs",))
    assert [field is None for field in fields] == [False, True, True, True, True]
    assert not fields[0].requires_grad


def test_a_head_that_is_trained_or_of_another_kind_is_left_to_the_library() -> None:
    head = torch.nn.Linear(4, 9).requires_grad_(False)
    assert frozen_head.fits(head, OUTPUTS, None)
    assert not frozen_head.fits(head, OUTPUTS, 30.0)
    assert not frozen_head.fits(head, (*OUTPUTS, "log_sum_sq_probs"), None)
    assert not frozen_head.fits(torch.nn.Linear(4, 9), OUTPUTS, None)
    assert not frozen_head.fits(torch.nn.Linear(4, 9).requires_grad_(False).bfloat16(), OUTPUTS, None)
