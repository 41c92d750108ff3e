"""Curves elsewhere, where somebody asks for it: through the library's own callbacks, to nobody else, and without a byte
of the adapter being another."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from backends import train
from backends.train import tracking
from compiler import events
from compiler.cli import execute
from compiler.failures import GivenError
from tests.backends import jobs
from tests.backends.test_kills import same
from tests.backends.test_train import build_folder


@pytest.fixture(scope="module")
def plain(shapes: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A build of two stages, and its training without any tracker."""
    root = tmp_path_factory.mktemp("plain")
    build = build_folder(root, shapes["llama"], "sft+dpo")
    jobs.write(build, sft=jobs.sft(2), dpo=jobs.dpo(2))
    return build, train.run(build, root / "runs")


def losses(run: Path) -> list[tuple[str, int, float]]:
    return [(e["stage"], e["step"], e["loss"]) for e in events.read(run / events.NAME) if "event" not in e]


class Recorded(ModuleType):
    """A package that keeps what it is told: enough of wandb's and trackio's for the library's callbacks."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__spec__ = SimpleNamespace(name=name, loader=None, submodule_search_locations=None)  # type: ignore[assignment]  # what find_spec reads
        self.__version__ = "99"
        self.begun: list[dict[str, Any]] = []
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.run: Any = None
        self.config: Any = _Settings()
        self.context_vars = SimpleNamespace(current_space_id=SimpleNamespace(get=lambda: None))

    def init(self, **named: Any) -> None:
        self.begun.append(named)
        self.run = SimpleNamespace(_label=lambda **_: None, name=named.get("name"), id="1", url="", summary={})

    def log(self, values: dict[str, Any], **_: Any) -> None:
        self.told.append((self.run.name, values))

    def define_metric(self, *_: Any, **__: Any) -> None:
        pass

    def finish(self) -> None:
        self.run = None


class _Settings(dict[str, Any]):
    def update(self, *given: Any, **_: Any) -> None:
        super().update(*given)


@pytest.mark.parametrize("name", ["wandb", "trackio"])
def test_a_tracker_gets_the_losses_of_each_stage_in_a_run_of_its_own(
    plain: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    package = Recorded(name)
    monkeypatch.setitem(sys.modules, name, package)
    for inner in ("wandb.sdk", "wandb.sdk.lib", "wandb.sdk.lib.config_util"):
        module = ModuleType(inner)
        module.ConfigError = ValueError  # type: ignore[attr-defined]  # what the callback imports
        monkeypatch.setitem(sys.modules, inner, module)
    build, alone = plain
    run = train.run(build, tmp_path / "runs", track=(name,))
    assert [begun["name"] for begun in package.begun] == [f"{run.name}-sft", f"{run.name}-dpo"]
    if name == "trackio":
        assert {(begun["project"], begun["space_id"]) for begun in package.begun} == {("tenet", None)}
    told = [
        (of.rsplit("-", 1)[1], values["train/global_step"], values["train/loss"])
        for of, values in package.told
        if "train/loss" in values
    ]
    assert told == losses(run) == losses(alone)
    assert same(run / "adapter", alone / "adapter")
    assert (run / "run.json").read_bytes() == (alone / "run.json").read_bytes()


@pytest.mark.skipif(find_spec("tensorboard") is None, reason='missing here: pip install "tenetc[tensorboard]"')
def test_tensorboard_reads_what_was_trained(plain: tuple[Path, Path], tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    build, alone = plain
    run = train.run(build, tmp_path / "runs", track=("tensorboard",))
    told = []
    for stage in ("sft", "dpo"):
        read = EventAccumulator(str(run / "tensorboard" / stage))
        read.Reload()
        assert {"train/learning_rate", "train/grad_norm"} <= set(read.Tags()["scalars"])
        told += [(stage, point.step, pytest.approx(point.value, rel=1e-6)) for point in read.Scalars("train/loss")]
    assert losses(run) == losses(alone) == told
    assert same(run / "adapter", alone / "adapter")
    assert (run / "run.json").read_bytes() == (alone / "run.json").read_bytes()


def test_nothing_is_told_unasked(plain: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though the packages are there, and a cluster's agent asks every trainer for its progress."""
    packages = [Recorded(name) for name in ("wandb", "trackio")]
    for package in packages:
        monkeypatch.setitem(sys.modules, package.__name__, package)
    monkeypatch.setattr("transformers.integrations.is_kubeflow_available", lambda: True)
    build, _ = plain
    run = train.run(build, tmp_path / "runs")
    assert all(package.begun == [] == package.told for package in packages)
    assert {path.name for path in run.iterdir()} == {"adapter", "events.jsonl", "run.json"}


def test_a_tracker_that_is_not_there_is_told_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.tenet").write_text('tenet 1\ntrait calm { means: "Be calm." }\n')
    monkeypatch.setattr(tracking, "find_spec", lambda _: None)
    for name in tracking.TRACKERS:
        assert execute(["train", "a.tenet", "--track", name]) == 2
        said = " ".join(capsys.readouterr().err.split())
        assert f"--track {name} needs the package {name}, which is not installed" in said
        assert f'pip install "tenetc[{name}]"' in said
    assert execute(["train", "a.tenet", "--track", "carrier-pigeon"]) == 2
    assert not Path("build").exists()
    with pytest.raises(GivenError, match="no tracker 'carrier-pigeon'"):
        tracking.check(["carrier-pigeon"])
