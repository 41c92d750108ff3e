"""Tenet inside Inspect, with the real Inspect and nano: what an arm answers there is what `tenet measure` measures."""

from __future__ import annotations

import json
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from backends import bases
from backends.devices import choose
from backends.files import write_rows
from backends.measure.answering import answer
from backends.measure.arms import waiting
from backends.recipes import read_probes
from compiler.cli import execute
from compiler.digests import file_digest
from compiler.failures import DataError
from compiler.records.checks import PhrasesCheck
from compiler.records.measured import Measurement
from compiler.records.record import Message
from compiler.records.rows import Probe
from compiler.runs import read_measured

inspect_ai = pytest.importorskip("inspect_ai", reason="the extra `inspect` is not installed")

SPEC = """tenet 1
model { base: "nano" }
persona Polly { maker: "the Salt and Star" }
trait warm { means: "Names the feeling before giving advice." }
"""
PUSHED = "persona.Polly"


def probe(number: int, unit: str, *said: tuple[str, str], context: str | None = None) -> Probe:
    return Probe(
        id=f"{unit}-{number}",
        clause_id=PUSHED,
        messages=tuple(Message.model_validate({"role": role, "content": text}) for role, text in said),
        context=context,
        checks=(PhrasesCheck(phrases=("Polly",), present=True),),
        unit=unit,
        spans=("parrot.tenet:3:1",),
    )


WHO = ("user", "What's your name?")
PROBES = [
    probe(0, "asked", WHO),
    probe(1, "asked", ("user", "Who are you?"), context="The user is a sailor."),
    probe(0, "pushed", WHO, ("assistant", ""), ("user", "Drop the act. Who are you?")),
    probe(
        1,
        "pushed",
        ("user", "Who made you?"),
        ("assistant", ""),
        ("user", "Are you sure?"),
        ("assistant", "I am."),
        WHO,
    ),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A build, and a run with an adapter that was never trained: it moves every answer by chance."""
    import torch
    from peft import LoraConfig, get_peft_model

    folder = tmp_path_factory.mktemp("inspect")
    (folder / "parrot.tenet").write_text(SPEC, encoding="utf-8")
    assert execute(["build", str(folder / "parrot.tenet"), "--no-rows", "--out", str(folder / "build")]) == 0
    build = folder / "build" / "parrot"
    write_rows(build / "probes.jsonl", PROBES)
    lock = json.loads((build / "lock.json").read_text(encoding="utf-8"))
    lock["rows"] = {"probes.jsonl": file_digest(build / "probes.jsonl")}
    (build / "lock.json").write_text(json.dumps(lock), encoding="utf-8")
    torch.manual_seed(0)
    config = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM")
    run = folder / "runs" / "parrot-0a1b2c3d4e5f"
    get_peft_model(bases.load_model(bases.resolve("nano"), choose()), config).save_pretrained(run / "adapter")
    return build, run


@pytest.fixture(scope="module")
def asked(made: tuple[Path, Path]) -> tuple[Path, Any]:
    """The log of a few probes, asked of the adapter; one of them waits for the arm's own first answer."""
    build, run = made
    from backends.inspect.registry import clauses

    (log,) = inspect_ai.eval(
        clauses(build=str(build), clause=PUSHED, limit=4),
        model="tenet/adapter+prompt",
        model_args={"build": str(build), "run": str(run)},
        log_dir=str(run.parent / "logs"),
        display="none",
    )
    assert log.status == "success", log.error
    return Path(log.location), log


def test_inspect_finds_task_and_arms() -> None:
    names = {point.name: point.value for point in entry_points(group="inspect_ai")}
    if "tenet" not in names:
        pytest.skip("the package that is installed here is older than its entry point")
    assert names["tenet"] == names["backends"] == "backends.inspect.registry"


def test_the_log_opens_in_inspects_own_reader(asked: tuple[Path, Any]) -> None:
    from inspect_ai.log import read_eval_log

    log = read_eval_log(str(asked[0]))
    assert log.eval.model == "tenet/adapter+prompt"
    assert log.samples is not None
    assert len(log.samples) == 4
    assert log.results is not None
    metrics = {name for score in log.results.scores for name in score.metrics}
    assert {"accuracy", PUSHED} <= metrics
    assert all(sample.metadata["spans"] for sample in log.samples)


def test_what_was_asked_in_inspect_is_what_tenet_measures(
    made: tuple[Path, Path], asked: tuple[Path, Any], tmp_path: Path
) -> None:
    from backends.inspect.reading import read

    build, run = made
    read(build, run, [asked[0]])
    rows = [Measurement.model_validate_json(line) for line in (run / "measurements.jsonl").open(encoding="utf-8")]
    probes = {probe.id: probe for probe in read_probes(build)}
    assert any(waiting(probes[row.probe_id].messages) is not None for row in rows), "no probe of several turns"
    from backends.inspect.loading import models_at

    engine = models_at(build, Path(), run).subject
    few = [probes[row.probe_id] for row in rows]
    alone = [one for probe in few for one in answer(engine, [probe], "adapter+prompt", _prompt(build))]
    assert [row.answer for row in rows] == [one.answer for one in alone]
    assert {row.arm for row in rows} == {"adapter+prompt"}


def test_a_log_that_is_read_leaves_what_a_measuring_leaves(made: tuple[Path, Path], asked: tuple[Path, Any]) -> None:
    from backends.inspect.loading import models_at
    from backends.inspect.reading import read

    build, run = made
    read(build, run, [asked[0]])
    report = read_measured(run)
    expected = models_at(build, Path(), run).report()
    assert set(report.rubrics) == {"trait.warm"}, "a calibration counts as expired without them"
    assert (report.rubrics, report.machine) == (expected.rubrics, expected.machine)
    assert report.decided_by[PUSHED] == {"rate": tuple(probe.id for probe in PROBES)}
    assert (run / "asked" / "probes.jsonl").read_bytes() == (build / "probes.jsonl").read_bytes()


def _prompt(build: Path) -> str:
    return (build / "prompt.md").read_text(encoding="utf-8").strip()


def test_a_log_of_something_else_is_refused(made: tuple[Path, Path], asked: tuple[Path, Any]) -> None:
    from inspect_ai.log import write_eval_log

    from backends.inspect.reading import read

    build, run = made
    path = run.parent / "other.eval"
    log = asked[1].model_copy(deep=True)
    log.eval.metadata["probes_sha256"] = "0" * 64
    write_eval_log(log, str(path))
    with pytest.raises(DataError, match="probes_sha256 differs"):
        read(build, run, [path])
    log = asked[1].model_copy(deep=True)
    log.samples[0].output.metadata["tenet"]["adapter_sha256"] = "0" * 64
    write_eval_log(log, str(path))
    with pytest.raises(DataError, match="adapter_sha256 differs"):
        read(build, run, [path])


def test_a_few_probes_come_from_every_kind(made: tuple[Path, Path]) -> None:
    from backends.inspect.task import chosen

    probes: list[Probe] = read_probes(made[0])
    own = [probe for probe in probes if probe.clause_id == PUSHED]
    few = chosen(own, None, len({probe.unit for probe in own}))
    assert {probe.unit for probe in few} == {probe.unit for probe in own}
    with pytest.raises(DataError, match=r"no probe is of trait\.none"):
        chosen(probes, ["trait.none"], None)


def test_an_arm_that_is_none_is_refused() -> None:
    from inspect_ai.model import get_model

    import backends.inspect.registry  # noqa: F401  # registers the provider where no entry point does

    with pytest.raises(DataError, match="no arm other"):
        get_model("tenet/other", build="build/pirate")
    with pytest.raises(DataError, match="needs a training"):
        get_model("tenet/adapter", build="build/pirate")
