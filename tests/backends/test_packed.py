"""The packed forward pass is the library's, to rounding, whatever the rows and the base are like."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from backends import machine, train
from backends.train import packed
from compiler.failures import DataError
from tests.backends.test_train import build_folder

OUTPUTS = ("log_probs", "entropy", "log_sum_sq_probs", "mean_logits", "is_top1")
ROWS = st.lists(st.lists(st.integers(1, 3), max_size=8), max_size=12)


@given(ROWS, st.integers(1, 20))
def test_trees_hold_every_row_once_and_each_token_sees_what_stands_before_it(
    rows: list[list[int]], capacity: int
) -> None:
    found = packed.trees(rows, capacity)
    held = [number for tree in found for number in tree.paths]
    assert sorted(held) == [number for number, row in enumerate(rows) if row]
    for tree in found:
        mask = packed.sees(tree, tree.size + 2)
        assert tree.size <= max([capacity, *map(len, rows)])
        assert {place for path in tree.paths.values() for place in path} == set(range(tree.size))
        for number, path in tree.paths.items():
            assert [tree.tokens[place] for place in path] == rows[number]
            for depth, place in enumerate(path):
                assert tree.depth[place] == depth
                assert mask[place].nonzero().flatten().tolist() == sorted(path[: depth + 1])
        assert mask[tree.size :].sum() == 2, "what is padding sees itself alone"


def test_rows_that_begin_alike_share_tokens_at_every_depth() -> None:
    system, one, other = [1] * 20, [2] * 5, [3] * 5
    rows = [[*system, *ask, *said] for ask in (one, other) for said in ([4], [5, 5], [6])]
    (tree,) = packed.trees(rows)
    assert tree.size == 20 + 2 * 5 + 2 * (1 + 2 + 1)


def fused(shape: Path, *, pack: bool, attention: str = "sdpa") -> Any:
    from transformers import AutoModelForCausalLM
    from trl.trainer.utils import add_fused_lm_head

    model = AutoModelForCausalLM.from_pretrained(shape, dtype=torch.float32, attn_implementation=attention)
    add_fused_lm_head(model, temperature=0.7, outputs=OUTPUTS)
    if pack:
        packed.pack(model, 0.7, OUTPUTS)
    return model


def batch(left: bool) -> dict[str, Any]:
    """Pairs with one prompt, a row with two answers, one without a label, one cut to its prompt."""
    draw = torch.Generator().manual_seed(3)
    rows = []
    for prompt, answers in ((5, (3, 6)), (9, (2, 2)), (4, (0, 7))):
        start = torch.randint(3, 90, (prompt,), generator=draw).tolist()
        for length in answers:
            said = torch.randint(3, 90, (length,), generator=draw).tolist()
            rows.append(([*start, *said], [-100] * prompt + said))
    rows.append((list(range(5, 17)), [-100, -100, 7, 8, -100, -100, -100, 12, 13, -100, -100, -100]))
    rows.append((list(range(5, 12)), [-100] * 7))
    width = max(len(ids) for ids, _ in rows) + 2
    told: dict[str, list[list[int]]] = {"input_ids": [], "attention_mask": [], "labels": []}
    for ids, labels in rows:
        gap = width - len(ids)
        for name, row, filler in (
            ("input_ids", ids, 0),
            ("attention_mask", [1] * len(ids), 0),
            ("labels", labels, -100),
        ):
            told[name].append([filler] * gap + row if left else row + [filler] * gap)
    return {name: torch.tensor(rows) for name, rows in told.items()}


@pytest.mark.parametrize("left", [False, True], ids=["right", "left"])
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("shape", ["llama", "qwen3", "gpt2"])
def test_outputs_and_gradients_are_the_library_s(
    shapes: dict[str, Path], shape: str, attention: str, left: bool
) -> None:
    stock, ours = (fused(shapes[shape], pack=pack, attention=attention) for pack in (False, True))
    calls = 0
    body = ours.base_model.forward

    def counted(*args: Any, **given: Any) -> Any:
        nonlocal calls
        calls += given["input_ids"].numel()
        return body(*args, **given)

    ours.base_model.forward = counted
    given_rows = batch(left)
    if left:  # the library leaves positions to the mask only where it is told them
        positions = (given_rows["attention_mask"].cumsum(dim=1) - 1).clamp(min=0)
        expected = stock(**given_rows, position_ids=positions, use_cache=False, fused_lm_head=True)
    else:
        expected = stock(**given_rows, use_cache=False, fused_lm_head=True)
    found = ours(**given_rows, use_cache=False, fused_lm_head=True)
    assert 0 < calls < given_rows["input_ids"].numel() / 2, "padding was computed, or not counted"
    for name in (*OUTPUTS, "loss"):
        assert torch.allclose(found[name].float(), expected[name].float(), atol=1e-4), name
    assert torch.equal(found.label_mask, expected.label_mask)
    for output in (expected, found):
        (output.log_probs.sum() + output.entropy.sum()).backward()
    for (name, one), other in zip(stock.named_parameters(), ours.parameters(), strict=True):
        assert torch.allclose(one.grad, other.grad, atol=1e-4, rtol=1e-3), name


def test_a_batch_without_a_label_gives_no_gradient_and_no_fault(shapes: dict[str, Path]) -> None:
    ours = fused(shapes["llama"], pack=True)
    rows = batch(False)
    found = ours(**{**rows, "labels": torch.full_like(rows["labels"], -100)}, use_cache=False, fused_lm_head=True)
    assert found.loss.item() == 0
    found.loss.backward()


def test_what_is_packed_and_what_is_not(shapes: dict[str, Path]) -> None:
    from transformers import AutoModelForCausalLM

    for shape in shapes:
        model = AutoModelForCausalLM.from_pretrained(shapes[shape])
        assert packed._is_plain(model) is (shape != "gemma3"), "gemma3 looks through a window"
    ours = fused(shapes["llama"], pack=True)
    rows = batch(False)
    plain = ours(input_ids=rows["input_ids"], attention_mask=rows["attention_mask"])
    assert plain.logits.shape[:2] == rows["input_ids"].shape
    told = ours(**rows, position_ids=torch.arange(rows["input_ids"].shape[1])[None], fused_lm_head=True)
    assert told.log_probs.shape[1] == rows["input_ids"].shape[1] - 1


@pytest.mark.parametrize("kind", ["Bloom", "GPTNeo", "Mpt", "Falcon"])
def test_bases_that_tell_distance_by_columns_are_left_to_the_library(kind: str) -> None:
    import transformers

    shape = {"hidden_size": 32, "num_attention_heads": 2, "vocab_size": 50}
    told = {
        "Bloom": {"n_layer": 1, "hidden_size": 32, "n_head": 2, "vocab_size": 50},
        "GPTNeo": {**shape, "num_layers": 2, "num_heads": 2, "attention_types": [[["global", "local"], 1]]},
        "Mpt": {"d_model": 32, "n_layers": 1, "n_heads": 2, "vocab_size": 50},
        "Falcon": {**shape, "num_hidden_layers": 1, "alibi": True},
    }[kind]
    config = getattr(transformers, f"{kind}Config")(**told)
    assert not packed._is_plain(getattr(transformers, f"{kind}ForCausalLM")(config))


@pytest.mark.parametrize("method", ["dpo", "sft", "sft+dpo"])
def test_a_training_has_the_library_s_losses(
    shapes: dict[str, Path], tmp_path: Path, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = build_folder(tmp_path, shapes["llama"], method)
    asked = 0

    def counting(*args: Any) -> Any:
        nonlocal asked
        asked += 1
        return ask(*args)

    ask = packed._asked
    monkeypatch.setattr(packed, "_asked", counting)
    losses, counts = {}, {}
    for forward in ("packed", "stock"):
        monkeypatch.setenv("TENET_TRAIN", forward)
        asked = 0
        run = train.run(build, tmp_path / "runs")
        counts[forward] = asked
        events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
        losses[forward] = [event["loss"] for event in events if "loss" in event]
        assert json.loads((run / "run.json").read_text())["machine"]["forward"] == forward
    assert counts["stock"] == 0 < counts["packed"]
    assert losses["packed"] == pytest.approx(losses["stock"], abs=1e-4)
    assert len(list((tmp_path / "runs").iterdir())) == 2, "which forward pass decides the bytes, and so the run"


def test_a_forward_pass_that_there_is_not_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENET_TRAIN", "fast")
    with pytest.raises(DataError, match="TENET_TRAIN is 'fast'"):
        machine.expected()
