"""The vLLM engine's own: what it asks of the package, and what it says where the package or a GPU is not there."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from backends import bases, engines
from backends.cached import CachedEngine
from backends.engines import Sampling
from compiler.failures import ModelLoadError
from tests.backends import checkpoints
from tests.engines import fake_vllm
from tests.engines.test_server import ask

GREEDY = Sampling(max_new_tokens=6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.make(tmp_path_factory.mktemp("vllm") / "llama")


@pytest.fixture
def engine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    fake_vllm.install(monkeypatch)
    return engines.load(bases.resolve(str(folder)), "vllm")


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vllm is installed here")
def test_a_missing_package_is_said_with_the_way_to_get_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENET_ENGINE", "vllm")
    with pytest.raises(ModelLoadError, match="needs the package vllm") as caught:
        engines.load(bases.resolve(str(folder)))
    assert 'pip install "tenetc[vllm]"' in (caught.value.help or "")


def test_weights_load_once_and_with_room_for_the_adapters_rank(engine: Any, folder: Path, tmp_path: Path) -> None:
    assert fake_vllm.LLM.loaded == [], "nothing is loaded before it is asked"
    engine.attach(checkpoints.adapter(folder, tmp_path / "small", rank=4))
    engine.answers([ask("Why?")], GREEDY, adapter=True)
    engine.attach(checkpoints.adapter(folder, tmp_path / "other", seed=2, rank=8))
    other = engine.answers([ask("Why?")], GREEDY, adapter=True)
    assert fake_vllm.LLM.loaded == [{"enable_lora": True, "max_lora_rank": 8}]
    engine.attach(checkpoints.adapter(folder, tmp_path / "large", rank=12))
    engine.answers([ask("Why?")], GREEDY, adapter=True)
    assert fake_vllm.LLM.loaded[1:] == [{"enable_lora": True, "max_lora_rank": 16}]
    engine.attach(tmp_path / "other")
    assert engine.answers([ask("Why?")], GREEDY, adapter=True) == other
    with pytest.raises(ModelLoadError, match="no rank"):
        engine.attach(tmp_path)


def test_a_drawn_row_depends_on_its_own_seed_and_min_p_is_passed_on(engine: Any) -> None:
    drawn = Sampling(temperature=1.0, max_new_tokens=8, seed=5)
    first = engine.answers([ask("a"), ask("b"), ask("c")], drawn)
    assert engine.answers([ask("x"), ask("b"), ask("y")], drawn)[1] == first[1]
    # Nothing but the likeliest token may be drawn.
    sure = Sampling(temperature=1.0, max_new_tokens=8, seed=5, min_p=1.0)
    assert engine.answers([ask("a")], sure) == engine.answers([ask("a")], Sampling(max_new_tokens=8))


def test_an_answer_ends_with_its_turn_and_where_the_model_reads_no_further(engine: Any) -> None:
    engine.chat.stops = frozenset(range(len(engine.chat.tokenizer)))
    assert engine.continuations([[3, 70, 1, 4]], GREEDY) == [[]]
    engine.chat.stops = frozenset({1})
    (near,) = engine.continuations([[70] * (engine.longest - 2)], GREEDY)
    assert near is not None
    assert len(near) <= 2


def test_its_answers_have_names_of_their_own_in_the_cache(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_vllm.install(monkeypatch)
    base = bases.resolve(str(folder))
    CachedEngine(base, tmp_path).answers([ask("Why?")], GREEDY)
    monkeypatch.setenv("TENET_ENGINE", "vllm")
    second = CachedEngine(base, tmp_path)
    assert second.name == "vllm"
    second.answers([ask("Why?")], GREEDY)
    assert second.computed == 1


@pytest.mark.skipif(find_spec("vllm") is None, reason="vllm is not installed: it needs Linux with CUDA")
def test_the_package_itself_says_what_the_local_engine_says(folder: Path) -> None:
    base = bases.resolve(str(folder))
    batch = [ask("Why?"), ask("Where is the sea?")]
    assert engines.load(base, "vllm").answers(batch, GREEDY) == engines.load(base, "transformers").answers(
        batch, GREEDY
    )
