"""Kill any stage at any moment and start it again: the same bytes as an unbroken run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from backends import bases, generate, train
from backends.train import identity
from compiler import ir_file
from compiler.build import from_text
from compiler.facts import Machine
from tests.backends import checkpoints, jobs, processes, recipes
from tests.backends.recipes import CPU

SPEC = """
trait pirate { means: "Talk like a pirate." example { user: "Hi" good: "Arr" bad: "Hello" } }
forbid canned { phrases: ["Certainly!"] }
"""
ROWS = ("pairs.jsonl", "probes.jsonl", "sft.jsonl", "generate.json")
ADAPTER = ("adapter_config.json", "adapter_model.safetensors", "README.md")
MEASURED = ("measurements.jsonl", "measure.json")


def project(root: Path, base: Path) -> Path:
    """A build folder as the compiler leaves it, with a copy of the base at the same relative place."""
    made = recipes.recipe("base-model", 10).model_copy(update={"method": "sft+dpo"})
    build = recipes.write(root / "build" / "pirate", made)
    jobs.write(build, sft=jobs.sft(6), dpo=jobs.dpo(12))
    (build / "prompt.md").write_text(f"{recipes.SYSTEM}\n")
    (build / "ir.json").write_text(ir_file.dumps(from_text(SPEC)))
    (root / "base-model").symlink_to(base)
    return build


@pytest.mark.slow
def test_killed_at_random_moments_every_stage_ends_with_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = checkpoints.make(tmp_path / "llama")
    whole = project(tmp_path / "whole", base)
    broken = project(tmp_path / "broken", base)
    kills = {}
    for build, kills_of in ((whole, (0, 0, 0)), (broken, (2, 3, 2))):
        root = build.parent.parent
        monkeypatch.chdir(root)
        here, runs = build.relative_to(root), Path("runs")
        stages = (processes.generating, processes.training, processes.measuring)
        for seed, (stage, number) in enumerate(zip(stages, kills_of, strict=True)):
            kills[stage.__name__] = processes.killed_at_random(stage, here, runs, seed, number)
    monkeypatch.chdir(tmp_path / "whole")

    assert processes.bytes_of(whole, *ROWS) == processes.bytes_of(broken, *ROWS)
    runs = [next((b.parent.parent / "runs").iterdir()) for b in (whole, broken)]
    assert runs[0].name == runs[1].name
    assert {p.name for p in (runs[0] / "adapter").iterdir()} == set(ADAPTER)
    assert processes.bytes_of(runs[0] / "adapter", *ADAPTER) == processes.bytes_of(runs[1] / "adapter", *ADAPTER)
    assert processes.bytes_of(runs[0], *MEASURED) == processes.bytes_of(runs[1], *MEASURED)
    assert kills["training"] >= 2, "the training ends before it is killed: let it take more steps"
    steps = [line.split('"step": ')[1].split(",")[0] for line in (runs[1] / "events.jsonl").read_text().splitlines()]
    assert steps == [str(n) for n in [*range(1, 7), *range(1, 13)]]
    assert not (runs[1] / "work").exists()


def test_a_torn_or_changed_checkpoint_is_not_used(tmp_path: Path) -> None:
    from backends.train.checkpoints import MANIFEST, newest, seal

    for step, text in ((4, "four"), (8, "eight"), (12, "twelve")):
        staged = tmp_path / f".staged-{step}"
        staged.mkdir()
        (staged / "adapter.safetensors").write_text(text)
        (staged / "schedule.json").write_text("{}")
        seal(staged, tmp_path / f"checkpoint-{step}")
    (tmp_path / ".staged-16").mkdir()
    assert newest(tmp_path) == tmp_path / "checkpoint-12"
    (tmp_path / "checkpoint-12" / "adapter.safetensors").write_text("twelvf")  # one byte flipped
    assert newest(tmp_path) == tmp_path / "checkpoint-8"
    (tmp_path / "checkpoint-8" / "schedule.json").unlink()
    assert newest(tmp_path) == tmp_path / "checkpoint-4"
    (tmp_path / "checkpoint-4" / MANIFEST).unlink()
    assert newest(tmp_path) is None
    assert not any(tmp_path.iterdir()), "what cannot be used is removed"


def test_nothing_is_computed_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second build and one whose other unit changed load no model for what was answered before."""
    from backends import engines, store

    base = checkpoints.make(tmp_path / "llama")
    build = recipes.write(tmp_path / "build" / "pirate", recipes.recipe(base, 6))
    generate.run(build)
    before = processes.bytes_of(build, "pairs.jsonl", "probes.jsonl")

    def refuse(*_: object) -> None:
        raise AssertionError("a model was loaded")

    monkeypatch.setattr(engines, "load", refuse)
    generate.run(build)
    assert processes.bytes_of(build, "pairs.jsonl", "probes.jsonl") == before

    # An entry that is not what was written is computed again, and noticed by the refusal.
    store.opened(build.parent / ".cache").select("UPDATE entries SET rows = substr(rows, 1, size - 3) WHERE size > 100")
    with pytest.raises(AssertionError, match="a model was loaded"):
        generate.run(build)


def test_an_edit_of_one_unit_changes_its_rows_alone(tmp_path: Path) -> None:
    base = checkpoints.make(tmp_path / "llama")
    made = recipes.recipe(base, 6)
    build = recipes.write(tmp_path / "build" / "pirate", made)
    generate.run(build)
    old = set((build / "pairs.jsonl").read_text().splitlines())
    edited = made.units[2].model_copy(update={"seed": 99})
    recipes.write(build, made.model_copy(update={"units": (*made.units[:2], edited, *made.units[3:])}))
    generate.run(build)
    new = set((build / "pairs.jsonl").read_text().splitlines())
    assert {line for line in old ^ new if edited.id not in line} == set()
    assert any(edited.id in line for line in old - new)


def test_a_finished_run_is_not_trained_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = checkpoints.make(tmp_path / "llama")
    build = recipes.write(tmp_path / "build" / "pirate", recipes.recipe(base, 4))
    jobs.write(build, dpo=jobs.dpo(2))
    generate.run(build)
    run = identity.run_folder(build, tmp_path / "runs")
    run.mkdir(parents=True)
    (run / "run.json").write_text("{}")
    monkeypatch.setattr("backends.train.loop.train", lambda *a: pytest.fail("trained again"))
    assert train.run(build, tmp_path / "runs") == run
    jobs.write(build, dpo=jobs.dpo(3))
    assert identity.run_folder(build, tmp_path / "runs") != run
    assert os.fspath(run.name).startswith("pirate-")


@pytest.mark.parametrize(
    "changed",
    [
        {"device": "cuda"},
        {"dtype": "bfloat16"},
        {"threads": 3},
        {"versions": (("torch", "9.9"),)},
        {"versions": (("transformers", "9.9"),)},
    ],
)
def test_another_machine_finds_none_of_this_ones_answers(
    changed: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can change a token is in a batch's name; what cannot (a parser's version) is not."""
    from dataclasses import replace

    from backends import engines, machine
    from backends.cached import CachedEngine
    from backends.devices import Device
    from backends.engines import Sampling
    from tests.backends.recipes import user

    class Counting:
        def __init__(self, device: Device) -> None:
            self.device = device

        def answers(self, batch: Any, sampling: Sampling, *, adapter: bool = False) -> list[str]:
            return [self.device.kind for _ in batch]

    base = bases.Base("x", tmp_path, "d")
    usual = machine.of_device(CPU)

    def computed(here: Machine, expected: Machine | None = None) -> int:
        device = Device(here.device, here.dtype, here.device, here.threads or 1)
        monkeypatch.setattr(machine, "versions", lambda: here.versions)
        monkeypatch.setattr(machine, "expected", lambda: expected or here)
        monkeypatch.setattr(engines, "load", lambda *_: Counting(device))
        engine = CachedEngine(base, tmp_path / "cache")
        engine.answers([user("Ahoy")], Sampling())
        return engine.computed

    other = replace(usual, **changed)
    assert computed(usual) == 1
    assert computed(replace(usual, versions=(*usual.versions, ("click", "9.9")))) == 0
    # Where another device was expected than the one that is loaded, the loaded one gives the name.
    assert computed(other, expected=replace(usual, dtype="float16")) == 1
    assert computed(other if other.device == "cpu" else replace(other, threads=None)) == 0
    assert computed(usual) == 0


def test_two_builds_from_nothing_are_the_same_byte_for_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that stands below build/: the base beside the rows, and no time anywhere; and the answers in the cache."""
    from backends import store
    from compiler.cli import execute as run

    spec = 'tenet 1\nmodel { base: "./model" }\nrequire hail { starts: "Arr." }\n'
    spec += 'forbid canned { phrases: ["Certainly!"] }\ntrain { rows: 12 }\n'
    found: list[dict[str, bytes]] = []
    kept: list[list[tuple[object, ...]]] = []
    for name in ("one", "two"):
        monkeypatch.chdir(_made(tmp_path / name))
        checkpoints.make(Path("model"))
        Path("small.tenet").write_text(spec)
        assert run(["build", "small.tenet"]) == 0
        files = [p for p in sorted(Path("build").rglob("*")) if not p.is_dir() and ".cache" not in p.parts]
        found.append({str(p): (bytes(p.readlink()) if p.is_symlink() else p.read_bytes()) for p in files})
        kept.append(store.opened(Path("build/.cache")).select("SELECT key, sum, rows FROM entries ORDER BY id"))
    assert found[0] == found[1]
    assert kept[0] == kept[1] != []
    places = {Path(name).parts[1] for name in found[0]}
    assert places == {"small"}
    assert {path.name for path in Path("build").iterdir()} == {".cache", "small"}
    assert {"base", "pairs.jsonl", "lock.json"} <= {Path(name).parts[2] for name in found[0]}
    assert found[0]["build/small/pairs.jsonl"]
    # A second build computes nothing, and tells nothing of how fast that was.
    rates = [p.read_bytes() for p in Path("runs").glob(".rates.json")]
    assert run(["build", "small.tenet"]) == 0
    assert [p.read_bytes() for p in Path("runs").glob(".rates.json")] == rates


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_what_a_killed_writer_has_left_is_swept(tmp_path: Path) -> None:
    from compiler.files import write_text

    path = tmp_path / "pairs.jsonl"
    stray, own = tmp_path / ".pairs.jsonl.999999999", tmp_path / f".pairs.jsonl.{os.getppid()}"
    other = tmp_path / ".probes.jsonl.999999999"
    for left in (stray, own, other):
        left.write_text("half a")
    write_text(path, "whole")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(p.name for p in (path, own, other))
