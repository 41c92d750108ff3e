"""Code broken on purpose, and the test of a promise that notices.

tests/README.md lists all promises; here stand those whose breaking needs more than one of the folders.
"""

from __future__ import annotations

import contextlib
import itertools
import json
from pathlib import Path

import pytest

from backends import bases, devices
from compiler import digests
from compiler.artifact import Artifact
from compiler.failures import ModelLoadError
from compiler.lowering import prompt
from compiler.report import figures, html
from compiler.verdicts import compare
from tests.backends import checkpoints, test_train
from tests.compiler import conftest as compiled
from tests.compiler import test_digests, test_golden, test_plan
from tests.measuring import test_report
from tests.measuring.conftest import make_run

NAME = "harbor"


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return {NAME: (compiled.SPECS / f"{NAME}.tenet").read_text(encoding="utf-8")}


@pytest.fixture(scope="module")
def built(texts: dict[str, str]) -> dict[str, dict[str, Artifact]]:
    return {NAME: compiled.artifacts_of(texts[NAME], NAME)}


def test_2_an_artifact_that_differs_each_time_is_noticed(
    texts: dict[str, str], built: dict[str, dict[str, Artifact]], monkeypatch: pytest.MonkeyPatch
) -> None:
    times, as_it_was = itertools.count(), prompt.text_of
    monkeypatch.setattr(prompt, "text_of", lambda lines: f"{as_it_was(lines)}Built at {next(times)}.\n")
    with pytest.raises(AssertionError):
        test_golden.test_the_same_spec_gives_the_same_bytes(NAME, texts, built)


@pytest.mark.slow
def test_2_a_training_that_draws_other_numbers_each_time_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    shapes = {"llama": checkpoints.make(tmp_path / "llama")}
    times, as_it_was = itertools.count(), torch.manual_seed
    monkeypatch.setattr(torch, "manual_seed", lambda _: as_it_was(next(times)))
    with pytest.raises(AssertionError):
        test_train.test_every_method_twice_gives_the_same_bytes(shapes, tmp_path, "sft")


def test_3_a_digest_of_places_is_noticed(
    texts: dict[str, str], built: dict[str, dict[str, Artifact]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "SPAN_FIELDS", frozenset())
    placed = {NAME: compiled.artifacts_of(texts[NAME], NAME)}
    with pytest.raises(AssertionError):
        test_digests.test_comments_and_blank_lines_change_no_digest(NAME, 0, texts, placed)
    with pytest.raises(AssertionError):
        test_plan.test_nothing_runs_after_a_comment(texts, placed[NAME])


@pytest.mark.parametrize("part", ["span", "percent"])
def test_7_a_number_without_its_interval_is_noticed(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    report = compare(make_run())
    test_report.test_every_number_of_the_record_stands_on_the_page(report, html.render(report))
    with monkeypatch.context() as broken:
        broken.setattr(figures, part, lambda *_: "")
        page = html.render(report)
    with pytest.raises(AssertionError):
        test_report.test_every_number_of_the_record_stands_on_the_page(report, page)


@pytest.mark.parametrize("model_type", ["llama", "a_type_of_its_own"])
def test_8_code_that_comes_with_a_checkpoint_is_not_run(
    model_type: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoModelForCausalLM, dynamic_module_utils

    folder, ran = checkpoints.make(tmp_path / "base"), tmp_path / "ran"
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    own = {"AutoConfig": "mine.Configuration", "AutoModelForCausalLM": "mine.Model"}
    config.update({"model_type": model_type, "auto_map": own})
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "mine.py").write_text(f"from pathlib import Path\nPath({str(ran)!r}).touch()\n", encoding="utf-8")
    monkeypatch.setattr(dynamic_module_utils, "HF_MODULES_CACHE", str(tmp_path / "modules"))

    monkeypatch.setenv("TENET_DEVICE", "cpu")

    def load() -> None:
        bases.load_model(bases.resolve(str(folder)), devices.choose())

    with contextlib.nullcontext() if model_type == "llama" else pytest.raises(ModelLoadError):
        load()
    assert not ran.exists()

    # The same with the one setting that guards it turned round.
    as_it_was = AutoModelForCausalLM.from_pretrained
    trusting = lambda *a, **k: as_it_was(*a, **{**k, "trust_remote_code": True})  # noqa: E731  # read once, here
    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", trusting)
    with contextlib.suppress(ModelLoadError):
        load()
    assert ran.exists()
