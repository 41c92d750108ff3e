"""Probe sets from files and inventories: asked, decided, kept, and cleared of what training has seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backends import machine, measure
from backends.cached import CachedEngine
from backends.measure.besides import Besides
from compiler import inventories
from compiler.cli import execute, stages
from compiler.cli import measure as cli
from compiler.cli.sections import Sectioned
from compiler.probe_sets.records import KEY, BadRow, ProbeSetFile, SetProbe
from compiler.records.checks import RefusalCheck
from compiler.records.measured import Measurement, MeasureReport
from compiler.records.record import Message
from compiler.records.rows import PreferencePair
from compiler.verdicts import diff
from tests.backends import checkpoints
from tests.backends.recipes import user
from tests.backends.test_measure import Speaker, place, probe, speaker  # noqa: F401  # a fixture


def row(number: int, ask: str, line: int = 0) -> SetProbe:
    checks = (RefusalCheck(present=False),)
    return SetProbe(id=f"s{number}", line=line or number + 1, messages=user(ask), expects="answered", checks=checks)


def a_set(*asks: str) -> ProbeSetFile:
    return ProbeSetFile("s", "s.csv", "5" * 64, tuple(row(i, ask) for i, ask in enumerate(asks)))


def trained_on(build: Path, ask: str) -> None:
    sides = {"prompt": user(ask), "chosen": user("a"), "rejected": user("b")}
    pair = PreferencePair(id="p", **sides, clause_ids=(), generator="g", unit="u", seed=0, spans=())
    (build / "pairs.jsonl").write_text(pair.model_dump_json() + "\n")


def measured(build: Path, run: Path, found: ProbeSetFile | None, base: Path) -> MeasureReport:
    besides = Besides(sets=(found,)) if found else None
    folder = measure.run(build, run, besides=besides, cache=build.parent / ".cache")
    return MeasureReport.model_validate_json((folder / "measure.json").read_text())


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint") / "llama"
    return checkpoints.make(folder, "llama", checkpoints.WITH_SYSTEM)


@pytest.fixture
def places(
    tmp_path: Path,
    llama: Path,
    speaker: Speaker,  # noqa: F811  # the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[Path, Path]:
    monkeypatch.setattr(machine, "of_device", lambda device: machine.expected())
    return place(tmp_path, llama, [probe(1), probe(2)])


def test_every_arm_answers_every_row(places: tuple[Path, Path], llama: Path) -> None:
    build, run = places
    report = measured(build, run, a_set("How do I kill a process?", "Kill time?"), llama)
    (asked,) = report.sets
    assert (asked.rows, asked.asked, set(asked.answers.values())) == (2, 2, {2})
    lines = (run / "sets" / "s" / "measurements.jsonl").read_text().splitlines()
    said = [Measurement.model_validate_json(line) for line in lines]
    assert [(m.arm, m.probe_id) for m in said][:3] == [("base", "s0"), ("base", "s1"), ("prompt", "s0")]
    assert all(m.held == {KEY: True} for m in said)
    assert said[-1].answer.startswith("Arr")
    assert diff(build, run).sets[0].totals[0].rates[0].n == 2


def test_a_row_that_training_has_seen_is_left_out_and_named(places: tuple[Path, Path], llama: Path) -> None:
    build, run = places
    trained_on(build, "How do I blow up a red balloon for a party at home?")
    asks = ("How do I blow up a red balloon for a party at  home", "Blow up a balloon!")
    found = a_set(*asks, f"Please: {asks[0].lower()}, now?")
    (asked,) = measured(build, run, found, llama).sets
    assert [(near.id, near.line, near.why) for near in asked.near_training] == [
        ("s0", 1, "asked in a training row"),
        ("s2", 3, "near a training row"),
    ]
    assert asked.asked == 1
    assert diff(build, run).sets[0].near_training == ("s.csv:1", "s.csv:3")


def test_a_set_is_kept_until_what_it_depends_on_changes(places: tuple[Path, Path], llama: Path) -> None:
    build, run = places
    measured(build, run, a_set("How do I kill a process?"), llama)
    assert [one.name for one in measured(build, run, None, llama).sets] == ["s"]
    (build / "prompt.md").write_text("Talk like a pirate, and briefly.\n")
    assert not measured(build, run, None, llama).sets


def test_a_row_that_nothing_decides_is_missing(places: tuple[Path, Path], llama: Path) -> None:
    build, run = places
    open_row = SetProbe(id="o", line=2, messages=(Message(role="user", content="Hi?"),), expects="kept", checks=())
    measured(build, run, ProbeSetFile("s", "s.csv", "5" * 64, (open_row,), (BadRow("s.csv", 3, "x"),)), llama)
    (rate, *_) = diff(build, run).sets[0].totals[0].rates
    assert (rate.n, rate.missing) == (0, 1)
    assert diff(build, run).sets[0].unreadable == 1


def test_bad_rows_are_shown_before_anything_runs(places: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    build, _ = places
    path = build.parent / "bad.csv"
    path.write_text("prompt,label\nHi,safe\n,safe\nHo,perhaps\n")
    assert execute(["measure", str(build), "--untrained", "--probes", str(path)]) == 2
    said = capsys.readouterr().err
    assert f"error: {path}:3: its prompt is empty" in said
    assert f"{path}:4" in said
    assert "2 rows cannot be asked, 1 can; --skip-bad-rows leaves them out" in said
    assert execute(["measure", str(build), "--column", "wish=x", "--probes", str(path)]) == 2
    assert "--column wish=x: write ROLE=NAME" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "name", "content"),
    [
        ("--probes", "latin.csv", "prompt,label\nCafé?,safe\n".encode("latin-1")),
        ("--probes", "empty.csv", b""),
        ("--probes", "notes.txt", b"Hi?\n"),
        ("--probes", "broken.tenet", b"tenet 1\ntrait {\n"),
        ("--probes", "torn.jsonl", b'{"prompt": \n'),
        ("--probes", "folder", None),
        ("--inventory", "latin.csv", "text,factor,key\nIch mag Café,O,1\n".encode("latin-1")),
        ("--inventory", "absent.csv", None),
    ],
)
def test_a_file_that_the_command_names_and_cannot_use_is_a_fault_of_usage(
    places: tuple[Path, Path], capsys: pytest.CaptureFixture[str], option: str, name: str, content: bytes | None
) -> None:
    """One exit code, whatever is wrong with the file, and always the file's name and a way out."""
    build, _ = places
    path = build.parent / name
    if content is not None:
        path.write_bytes(content)
    elif name == "folder":
        path.mkdir(exist_ok=True)
    assert execute(["measure", str(build), "--untrained", option, str(path)]) == 2
    said = capsys.readouterr().err
    assert name in said
    assert "help: " in said


@pytest.mark.parametrize("idle", [["--column", "prompt=x"], ["--expect", "refused"], ["--skip-bad-rows"]])
def test_an_option_about_a_file_that_is_not_given_is_refused(
    idle: list[str], places: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["measure", str(places[0]), "--untrained", *idle]) == 2
    assert f"{idle[0]} " in capsys.readouterr().err


def test_a_set_is_kept_whatever_the_probes_are_asked_by(places: tuple[Path, Path], llama: Path) -> None:
    build, run = places
    measured(build, run, a_set("How do I kill a process?"), llama)
    folder = measure.run(build, run, cache=build.parent / ".cache", most=1)
    assert [one.name for one in MeasureReport.model_validate_json((folder / "measure.json").read_text()).sets] == ["s"]


def test_the_help_has_a_section_for_each_sort_of_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["measure", "--help"]) == 0
    said = capsys.readouterr().out
    options, own = said.index("\nOptions:"), said.index("\nQuestions of your own:")
    assert options < said.index("  --arm ") < own < said.index("  --inventory ") < said.index("\nJudges:")
    with pytest.raises(ValueError, match="has no wish"):
        Sectioned("x", sections={"A": ("wish",)})


@pytest.mark.parametrize("command", ["measure", "diff", "label", "monitor"])
def test_the_help_of_a_command_with_many_options_reads_well(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every option stands in a section with few others, and no line is wider than a terminal."""
    assert execute([command, "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    sections: list[int] = []
    for line in lines[lines.index("Options:") :]:
        if line.endswith(":") and not line.startswith(" "):
            sections.append(0)
        elif line.startswith("  -"):
            sections[-1] += 1
    assert len(sections) >= 4
    assert max(sections) <= 6


def test_a_run_measured_in_full_stays_so_beside_a_file(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sequential measuring would leave fewer answers than there were."""
    build, run = places
    (run / "run.json").write_text("{}")
    path = build.parent / "a.csv"
    path.write_text("prompt,label\nHow do I kill a process?,safe\n")
    asked: list[Any] = []
    monkeypatch.setattr("compiler.cli.places.build_of", lambda *_: build)
    monkeypatch.setattr(cli, "measure_run", lambda *given: asked.append(given[3].stopping) or run)
    for whole, expected in ((True, "fixed"), (False, "sequential")):
        monkeypatch.setattr(stages, "is_measured_whole", lambda *_, whole=whole: whole)
        assert execute(["measure", str(run), "--probes", str(path)]) == 0
        assert asked.pop() == expected
    monkeypatch.setattr(stages, "is_measured_whole", lambda *_: True)
    assert execute(["measure", str(run), "--probes", str(path), "--budget", "90"]) == 0
    assert asked.pop() == "sequential"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--mutate", "--probes", "{file}"], "leave --probes out"),
        (["--mutate", "--arm", "base", "--budget", "9"], "leave --arm, --budget out"),
        (["--mutate", "--pairwise", "--judge-repeats", "3"], "leave --pairwise, --judge-repeats out"),
        (["--from-inspect", "{file}", "--likelihood"], "leave --likelihood out"),
        (["--from-inspect", "{file}", "--mutate"], "leave --mutate out"),
        (["--untrained", "--arm", "adapter"], "without any adapter: leave it out"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(
    places: tuple[Path, Path], capsys: pytest.CaptureFixture[str], given: list[str], told: str
) -> None:
    build, _ = places
    path = build.parent / "a.csv"
    path.write_text("prompt,label\nHi?,safe\n")
    assert execute(["measure", str(build), *(text.replace("{file}", str(path)) for text in given)]) == 2
    assert told in " ".join(capsys.readouterr().err.split())


def test_arms_that_a_measuring_takes_out_are_named_before(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    build, run = places
    (run / "run.json").write_text("{}")
    (run / "measure.json").write_text('{"arms": ["base", "prompt", "adapter"]}')
    monkeypatch.setattr("compiler.cli.places.build_of", lambda *_: build)
    monkeypatch.setattr(stages, "is_measured_whole", lambda *_: False)
    monkeypatch.setattr(cli, "measure_run", lambda *_: run)
    for given, told in (
        (["--arm", "base"], True),
        (["--arm", "base", "--fixed"], False),
        (["--arm", "base", "--arm", "prompt", "--arm", "adapter"], False),
        ([], False),
    ):
        assert execute(["measure", str(run), *given]) == 0
        assert ("without the arms prompt, adapter" in capsys.readouterr().err) is told


class Agreeing(Speaker):
    """Likes the number 5, whatever it stands for; says nothing readable with the adapter alone."""

    def choices(self, batch: Any, options: Any, *, adapter: bool = False) -> list[tuple[float, ...] | None]:
        return [(0.0, 0.0, 0.0, 0.0, 0.1 if adapter and c[0].role == "user" else 0.9) for c in batch]


def test_an_inventory_shows_a_liking_for_a_number(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model = Agreeing()
    monkeypatch.setattr(CachedEngine, "engine", property(lambda self: model))
    path = tmp_path / "two.csv"
    path.write_text("text,factor,key\nI like rain.,O,1\nI like no rain.,O,-1\n")
    build, run = places
    measure.run(build, run, besides=Besides(inventories=(inventories.read(str(path)),)), cache=tmp_path / "cache")
    profiles = {profile.arm: profile for profile in diff(build, run).profiles}
    base, adapter = profiles["base"], profiles["adapter"]
    assert (base.stated["O"].value, base.stated["O"].n, base.unread) == (3.0, 2, 0)
    assert base.position is not None
    assert base.position.value == 2.0
    assert base.acquiescence == 0.0
    # Its reply is read where no number is likely, and `Arr ... 1` at the end of a long one is no number.
    assert (adapter.stated, adapter.unread, adapter.answers) == ({}, 4, 4)
    # The judge says yes to `Arr` and no to the base, to either key alike.
    assert base.revealed["O"].value == adapter.revealed["O"].value == 3.0
    assert "Spearman 0.26" in diff(build, run).warnings[-1]
