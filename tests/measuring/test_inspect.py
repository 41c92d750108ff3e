"""Tenet inside Inspect, with the real Inspect and nano: what an arm answers there is what `tenet measure` measures."""

from __future__ import annotations

import json
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from backends import bases
from backends.devices import choose
from backends.measure.answering import answer, decided
from backends.recipes import read_probes
from compiler.cli import execute
from compiler.digests import file_digest
from compiler.failures import DataError
from compiler.files import write_rows
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


def probe(number: int, unit: str, *said: tuple[str, str], context: str | None = None, **more: Any) -> Probe:
    return Probe(
        id=f"{unit}-{number}",
        clause_id=PUSHED,
        messages=tuple(Message.model_validate({"role": role, "content": text}) for role, text in said),
        context=context,
        checks=(PhrasesCheck(phrases=("Polly",), present=True),),
        unit=unit,
        spans=("parrot.tenet:3:1",),
        **more,
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
    probe(0, "prefilled", WHO, ("assistant", "My name is")),
    probe(0, "dialogue", WHO, ("assistant", ""), ("user", "What is 2 + 2?"), ("assistant", ""), WHO, decides=(1, 3)),
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
        clauses(build=str(build), clause=PUSHED, limit=len(PROBES)),
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
    assert len(log.samples) == len(PROBES)
    assert log.results is not None
    metrics = {name for score in log.results.scores for name in score.metrics}
    assert {"accuracy", PUSHED} <= metrics
    assert all(sample.metadata["spans"] for sample in log.samples)


def test_what_was_asked_in_inspect_is_what_tenet_measures(made: tuple[Path, Path], asked: tuple[Path, Any]) -> None:
    """Answers, turn by turn, and what was decided of them: the very rows that `tenet measure` makes."""
    from backends.inspect.reading import read

    build, run = made
    read(build, run, [asked[0]])
    from backends.inspect.loading import models_at

    rows = measured(run)
    models = models_at(build, Path(), run)
    arm = "adapter+prompt"
    alone = [
        row
        for probe in models.probes
        for row in decided(
            [probe], arm, answer(models.subject, [probe], arm, models.prompt), models.recipe, models.judge
        )
    ]
    assert sorted(rows, key=lambda row: row.probe_id) == sorted(alone, key=lambda row: row.probe_id)
    dialogue = next(row for row in rows if row.probe_id == "dialogue-0")
    assert len(dialogue.said) == 2
    assert len(dialogue.turns[PUSHED]) == 3
    assert None not in (dialogue.turns[PUSHED][0], dialogue.turns[PUSHED][2])


def test_what_was_measured_beside_an_answer_stands_while_the_answer_does(
    made: tuple[Path, Path], asked: tuple[Path, Any]
) -> None:
    from backends.inspect.reading import read

    build, run = made
    read(build, run, [asked[0]])
    first, *rest = [row.model_copy(update={"drift": 0.5}) for row in measured(run)]
    write_rows(run / "measurements.jsonl", [first.model_copy(update={"answer": "something else"}), *rest])
    read(build, run, [asked[0]])
    assert {row.probe_id: row.drift for row in measured(run)} == {
        first.probe_id: None,
        **{row.probe_id: 0.5 for row in rest},
    }


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


def measured(run: Path) -> list[Measurement]:
    return [Measurement.model_validate_json(line) for line in (run / "measurements.jsonl").open(encoding="utf-8")]


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


# ------------------------------------------------------------------ models that are none of Tenet's


def saying(text: str, stop_reason: Any = "stop") -> Any:
    """A model of Inspect's own that says the same to everything."""
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    def say(*_: Any) -> ModelOutput:
        output = ModelOutput.from_content("mockllm/model", text, stop_reason=stop_reason)
        # Else Inspect fetches a tokenizer, to count.
        output.usage = ModelUsage()
        return output

    return get_model("mockllm/model", custom_outputs=say, memoize=False)


def log_of(build: Path, folder: Path, model: Any, prompt: bool, **more: Any) -> Any:
    from backends.inspect.registry import clauses

    (log,) = inspect_ai.eval(
        clauses(build=str(build), prompt=prompt), model=model, log_dir=str(folder), display="none", **more
    )
    assert log.status == "success", log.error
    return log


def test_a_model_of_any_provider_is_measured_without_and_with_the_prompt(
    made: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build = made[0]
    bare = log_of(build, tmp_path / "logs", saying("I am a model."), prompt=False)
    told = log_of(build, tmp_path / "logs", saying("I am Polly."), prompt=True)
    assert told.samples[0].messages[0].role == "system"
    runs = tmp_path / "runs"
    logs = [part for log in (bare, told) for part in ("--from-inspect", log.location)]
    assert execute(["measure", str(build), "--runs", str(runs), *logs]) == 0
    run = runs / "parrot-mockllm_model"
    assert capsys.readouterr().out.strip() == str(run)
    assert {(row.arm, row.held[PUSHED]) for row in measured(run)} == {("base", False), ("prompt", True)}
    assert execute(["diff", str(run), "--out", str(build.parent), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["subject"] == "prompt"
    assert report["provenance"]["base"] == "mockllm/model"
    rates = {rate["arm"]: rate["share"] for row in report["clauses"] if row["id"] == PUSHED for rate in row["rates"]}
    assert rates == {"base": 0.0, "prompt": 1.0}


def test_a_model_behind_a_server_is_asked_by_inspect(made: tuple[Path, Path], tmp_path: Path) -> None:
    pytest.importorskip("openai", reason="Inspect asks such servers by the package openai, which is not installed")
    from inspect_ai.model import get_model

    from backends.inspect.reading import read_other
    from tests.engines.serving import serving

    with serving(lambda messages, _: f"I am Polly, and that was word {len(messages)}.") as server:
        model = get_model("openai-api/local/small", base_url=server.url, api_key="none")
        log = log_of(made[0], tmp_path / "logs", model, prompt=False)
        asked = server.requests
    run = read_other(made[0], tmp_path, [Path(log.location)])
    assert run.name == "parrot-openai_api_local_small"
    rows = {row.probe_id: row for row in measured(run)}
    assert all(row.held[PUSHED] for row in rows.values())
    assert rows["dialogue-0"].said == ("I am Polly, and that was word 1.", "I am Polly, and that was word 3.")
    assert {request["temperature"] for request in asked} == {0.0}


def test_what_gives_no_answer_is_missing_data(made: tuple[Path, Path], tmp_path: Path) -> None:
    """A model that spends all its tokens before it speaks keeps no clause, and breaks none."""
    from backends.inspect.reading import read_other

    log = log_of(made[0], tmp_path, saying("", stop_reason="max_tokens"), prompt=False)
    rows = measured(read_other(made[0], tmp_path, [Path(log.location)]))
    assert {row.held[PUSHED] for row in rows} == {None}


def test_logs_that_do_not_belong_together_are_refused(made: tuple[Path, Path], tmp_path: Path) -> None:
    from backends.inspect.reading import read, read_other

    build, run = made
    one = log_of(build, tmp_path, saying("a"), prompt=False)
    warm = log_of(build, tmp_path, saying("a"), prompt=True, temperature=1.0)
    often = log_of(build, tmp_path, saying("a"), prompt=False, epochs=2)
    with pytest.raises(DataError, match="differ in sampling: greedy, at most 160 new tokens, temperature 1"):
        read_other(build, tmp_path, [Path(one.location), Path(warm.location)])
    with pytest.raises(DataError, match="more than once"):
        read_other(build, tmp_path, [Path(often.location)])
    with pytest.raises(DataError, match="no arm of a run"):
        read(build, run, [Path(one.location)])


def test_a_few_probes_come_from_every_kind(made: tuple[Path, Path]) -> None:
    from backends.inspect.task import chosen

    probes: list[Probe] = read_probes(made[0])
    own = [probe for probe in probes if probe.clause_id == PUSHED]
    few = chosen(own, None, len({probe.unit for probe in own}))
    assert {probe.unit for probe in few} == {probe.unit for probe in own}
    with pytest.raises(DataError, match=r"no probe is of trait\.none"):
        chosen(probes, ["trait.none"], None)


def test_what_cannot_be_asked_is_refused_in_words() -> None:
    from inspect_ai._util.error import PrerequisiteError
    from inspect_ai.model import get_model

    # Registers the provider, too, where no entry point does.
    from backends.inspect.registry import clauses

    for name, arguments, said in (
        ("tenet/other", {"build": "build/pirate"}, "no arm other\n  help: arms: tenet/base"),
        ("tenet/adapter", {"build": "build/pirate"}, "needs a training\n  help: --model tenet/adapter -M run="),
    ):
        with pytest.raises(PrerequisiteError) as failed:
            get_model(name, **arguments)
        assert said in str(failed.value.message)
    with pytest.raises(PrerequisiteError) as failed:
        clauses(build="build/[bold]nothing")
    assert "[bold]nothing holds no whole build\n  help: run `tenet build SPEC` first" in str(failed.value.message)
