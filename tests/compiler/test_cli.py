"""The driver: what commands print, which exit codes they leave with, and what they do not load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from compiler.cli import COMMANDS, emitting, stages
from compiler.cli import execute as run
from tests.compiler.conftest import SPECS, said

pytestmark = pytest.mark.usefixtures("away")

PIRATE = SPECS / "pirate.tenet"
HARBOR = SPECS / "harbor.tenet"
SIX_DEFECTS = """tenet 1
trait a { mean: "x" }
trait b { means: "y" intensity: 3 }
refuse c { about: "z" style: nowhere }
forbid d { phrases: [] }
wish e { }
trait b { means: "again" }
"""


# ------------------------------------------------------------------ new, check, fmt


def test_a_new_spec_checks_clean_and_is_formatted(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["new", "my-bot"]) == 0
    assert run(["check", "--strict", "my-bot.tenet"]) == 0
    assert "my-bot.tenet: no problems, 4 clauses" in said(capsys)[0]
    assert run(["fmt", "--check", "my-bot.tenet"]) == 0
    assert run(["build", "--no-rows", "my-bot.tenet"]) == 0
    assert (
        Path("build/my-bot/prompt.md").read_text(encoding="utf-8").startswith("You are MyBot, made by the MyBot team.")
    )


def test_new_overwrites_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.tenet").write_text("mine", encoding="utf-8")
    assert run(["new", "a"]) == 2
    assert Path("a.tenet").read_text(encoding="utf-8") == "mine"
    assert "--force" in said(capsys)[1]


def test_all_defects_are_reported_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.tenet").write_text(SIX_DEFECTS, encoding="utf-8")
    assert run(["check", "--format", "concise", "bad.tenet"]) == 1
    lines = said(capsys)[0].splitlines()
    assert {int(line.split(":")[1]) for line in lines} == {2, 3, 4, 5, 6, 7}
    assert run(["check", "--json", "bad.tenet"]) == 1
    found = json.loads(said(capsys)[0])
    assert len(found) >= 6


NO_SPEC = ("new", "import", "export", "schema", "explain", "doctor", "gc", "nano", "trace", "explain-row", "lsp",
           "adapters")  # fmt: skip
"""Commands whose first argument is no spec."""
FAMILIES = ("train", "serve")
"""Commands for which a folder stands for the specs in it."""


@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in NO_SPEC])
def test_what_is_no_spec_is_a_usage_error(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("folder").mkdir()
    Path("folder/a.tenet").write_text("tenet 1", encoding="utf-8")
    assert run([command, "missing.tenet"]) == 2
    assert "there is no file missing.tenet" in said(capsys)[1]
    if command not in FAMILIES:
        assert run([command, "folder"]) == 2
        assert "did you mean folder/a.tenet" in said(capsys)[1]


def test_the_nearest_file_and_the_nearest_command_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("aardvark", "bee", "cat", "harbor"):
        Path(f"{name}.tenet").write_text("tenet 1\n", encoding="utf-8")
    assert run(["check", "harbour.tenet"]) == 2
    assert "there is no file harbour.tenet; did you mean harbor.tenet?" in said(capsys)[1]
    assert run(["chekc", "harbor.tenet"]) == 2
    assert "there is no command chekc; did you mean check?" in said(capsys)[1]


def test_a_folder_of_specs_is_asked_for_one_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    Path("folder").mkdir()
    for name in "abcdef":
        Path(f"folder/{name}.tenet").write_text("tenet 1", encoding="utf-8")
    assert run(["check", "folder"]) == 2
    said_of = " ".join(said(capsys)[1].split())
    assert (
        "a folder of 6 specs; name one: folder/a.tenet, folder/b.tenet, folder/c.tenet, folder/d.tenet and 2" in said_of
    )
    Path("folder/folder.tenet").write_text("tenet 1", encoding="utf-8")
    assert run(["check", "folder"]) == 2
    assert "did you mean folder/folder.tenet?" in said(capsys)[1]


def test_a_file_is_not_taken_for_itself_or_for_any_other(capsys: pytest.CaptureFixture[str]) -> None:
    Path("loop.tenet").symlink_to("loop.tenet")
    assert run(["check", "loop.tenet"]) == 2
    assert "loop.tenet is a link that leads to no file" in said(capsys)[1]
    Path("bin.tenet").write_text("tenet 1", encoding="utf-8")
    assert run(["check", "nosuch.tenet"]) == 2
    assert "bin.tenet" not in said(capsys)[1]


def test_fmt_tells_why_a_file_cannot_be_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    Path("a.tenet").write_text("tenet 1", encoding="utf-8")
    monkeypatch.setattr(Path, "read_bytes", closed)
    assert run(["fmt", "a.tenet"]) == 1
    err = said(capsys)[1]
    assert "T0001" in err
    assert "permission denied" in err


def test_an_empty_file_is_told_how_to_start(capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("", "  \n\n"):
        Path("a.tenet").write_text(text, encoding="utf-8")
        assert run(["check", "a.tenet"]) == 1
        out = said(capsys)[0]
        assert "the file is empty" in out
        assert "tenet new NAME" in out


def test_a_spec_that_asks_for_nothing_is_told_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.tenet").write_text("tenet 1\n", encoding="utf-8")
    assert run(["check", "a.tenet"]) == 0
    assert "asks for nothing yet; `tenet explain trait`" in said(capsys)[0]


@pytest.mark.parametrize("columns", ["60", "80", "7", "many", "-3"])
def test_messages_fit_the_terminal(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    Path("a.tenet").write_text(
        'tenet 1\ntrait a { means: "A sentence that goes on and on, to the end of it" colour: "blue, or green" }\n',
        encoding="utf-8",
    )
    assert run(["check", "a.tenet"]) == 1
    out, _ = said(capsys)
    wanted = {"60": 60, "7": 40}.get(columns, 80)
    assert wanted - 16 < max(map(len, out.splitlines())) <= wanted


def test_fmt_shows_checks_and_writes(capsys: pytest.CaptureFixture[str]) -> None:
    text = 'tenet 1\ntrait a {means:"b"}  # why\n'
    path = Path("a.tenet")
    path.write_text(text, encoding="utf-8")
    assert run(["fmt", "--check", "a.tenet"]) == 1
    assert run(["fmt", "--diff", "a.tenet"]) == 1
    assert "+trait a {" in said(capsys)[0]
    assert path.read_text(encoding="utf-8") == text
    assert run(["fmt", "a.tenet"]) == 0
    assert "# why" in path.read_text(encoding="utf-8")
    assert run(["fmt", "--check", "a.tenet"]) == 0


def test_fmt_leaves_a_broken_file_alone(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.tenet").write_text("tenet 1\ntrait a { means", encoding="utf-8")
    assert run(["fmt", "a.tenet"]) == 1
    assert Path("a.tenet").read_text(encoding="utf-8") == "tenet 1\ntrait a { means"
    assert "a.tenet:2" in said(capsys)[1]


# ------------------------------------------------------------------ build, plan, trace


def test_the_pure_build_writes_every_file_and_plans_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["build", "--no-rows", str(PIRATE)]) == 0
    files = {p.relative_to("build/pirate").as_posix() for p in Path("build/pirate").rglob("*") if p.is_file()}
    pure = [
        "filters.json",
        "guard.lark",
        "ir.json",
        "jobs/dpo.yaml",
        "lock.json",
        "prompt.md",
        "recipe.json",
        "sources.json",
        "steering.json",
    ]
    assert sorted(files) == [*pure, "trace.json"]
    said(capsys)
    assert run(["plan", "--json", str(PIRATE)]) == 0
    plan = json.loads(said(capsys)[0])
    assert [step["stage"] for step in plan["steps"]] == ["generate", "train", "measure"]


def test_no_artifact_depends_on_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock alone says on what kind of machine a build was made."""
    from compiler.facts import BaseFacts

    for parameters in (5_000_000, 8_000_000_000):
        facts = BaseFacts("org/model", "0" * 64, None, parameters)
        monkeypatch.setattr(emitting, "base_facts", lambda *_, made=facts, **__: made)
        written = []
        for device in ("cpu", "cuda", "mps"):
            monkeypatch.setenv("TENET_DEVICE", device)
            assert run(["build", "--no-rows", str(PIRATE)]) == 0
            found = [path for path in Path("build/pirate").rglob("*") if path.is_file() and path.name != "lock.json"]
            written.append({path: path.read_bytes() for path in found})
        assert written[0] == written[1] == written[2]


@pytest.mark.parametrize("columns", [60, 80])
def test_a_plan_reads_well_on_a_narrow_screen(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert run(["build", "--no-rows", str(PIRATE)]) == 0
    lock = Path("build/pirate/lock.json")
    built = json.loads(lock.read_text(encoding="utf-8"))
    # A build long ago: every unit differs, and so does what computes.
    built["units"] = {f"trait.gone_{number}/distill": "0" for number in range(20)}
    for name in ("pairs.jsonl", "probes.jsonl"):
        Path("build/pirate", name).write_text("", encoding="utf-8")
    lock.write_text(json.dumps({**built, "rows": {}}), encoding="utf-8")
    said(capsys)
    assert run(["plan", "--units", str(PIRATE)]) == 0
    lines = said(capsys)[0].splitlines()
    assert all(len(line) <= columns for line in lines), max(lines, key=len)
    assert any(line.startswith("generate  ") for line in lines)
    assert "          - 20 units of recipe.json are no longer asked for" in lines


@pytest.mark.parametrize("columns", [60, 80])
def test_the_doctor_and_a_trail_read_well_on_a_narrow_screen(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from backends import doctor

    monkeypatch.setenv("COLUMNS", str(columns))
    path = f"/{'long/' * 20}model"
    words = "nothing that a small base of this kind would need is missing here, and so it works"
    findings = [doctor.Finding("base nano", "ok", words, words), doctor.Finding(f"base {path}", "warn", words, words)]
    monkeypatch.setattr(doctor, "report", lambda _: findings)
    assert run(["build", "--no-rows", str(HARBOR)]) == 0
    said(capsys)
    assert run(["doctor"]) == 0
    prompt = Path("build/harbor/prompt.md").read_text(encoding="utf-8").splitlines()
    for number in range(1, len(prompt) + 1):
        if prompt[number - 1]:
            assert run(["trace", f"build/harbor/prompt.md:{number}"]) == 0
    text = said(capsys)[0]
    wide = [line for line in text.splitlines() if len(line) > columns]
    # A path stays whole, so that it can be copied.
    assert all(path in line for line in wide), max(wide, key=len)
    assert len(wide) == 1
    assert " ".join(text.split()).count(words) == 4


def test_one_clause_is_one_clause(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.tenet").write_text('tenet 1\ntrait a { means: "Be warm." }\n', encoding="utf-8")
    assert run(["build", "--no-rows", "a.tenet"]) == 0
    assert "build/a: 1 clause\n" in said(capsys)[1]


def test_building_again_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["build", "--no-rows", str(PIRATE)]) == 0
    before = {p: p.stat().st_mtime_ns for p in Path("build").rglob("*") if p.is_file()}
    assert run(["build", "--no-rows", str(PIRATE)]) == 0
    assert {p: p.stat().st_mtime_ns for p in Path("build").rglob("*") if p.is_file()} == before
    assert b"/tmp" not in b"".join(p.read_bytes() for p in before)


def test_a_changed_method_leaves_no_stale_job() -> None:
    text = PIRATE.read_text(encoding="utf-8")
    Path("pirate.tenet").write_text(text.replace("method: dpo", "method: sft+dpo"), encoding="utf-8")
    assert run(["build", "--no-rows", "pirate.tenet"]) == 0
    assert sorted(p.name for p in Path("build/pirate/jobs").iterdir()) == ["dpo.yaml", "sft.yaml"]
    Path("pirate.tenet").write_text(text, encoding="utf-8")
    assert run(["build", "--no-rows", "pirate.tenet"]) == 0
    assert sorted(p.name for p in Path("build/pirate/jobs").iterdir()) == ["dpo.yaml"]


def test_annotated_lines_name_clause_file_and_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["build", "--annotate", str(PIRATE)]) == 0
    lines = said(capsys)[0].splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("- Never say"))
    number = PIRATE.read_text(encoding="utf-8").splitlines().index("forbid canned {") + 1
    assert lines[place + 1].strip() == f"<- forbid.canned {PIRATE}:{number}"
    assert not Path("build").exists()


def test_annotations_read_well_on_a_narrow_screen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    clauses = [f'trait {name} {{ means: "Be {name}." }}' for name in ("warm", "brief", "frank", "calm")]
    Path("a.tenet").write_text("\n".join(["tenet 1", *clauses, "priority: warm > brief > frank > calm"]) + "\n")
    assert run(["build", "--annotate", "a.tenet"]) == 0
    lines = said(capsys)[0].splitlines()
    notes = lines[lines.index("    <- trait.warm a.tenet:2; trait.brief a.tenet:3;") :]
    assert max(map(len, notes[:2])) <= 60
    assert notes[1] == "       trait.frank a.tenet:4; trait.calm a.tenet:5"


def test_errors_in_a_spec_stop_every_stage(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.tenet").write_text(SIX_DEFECTS, encoding="utf-8")
    for command in ("build", "plan", "run", "train", "measure"):
        assert run([command, "bad.tenet"]) == 1, command
        assert "error[T" in said(capsys)[1]
    assert not Path("build").exists()


def test_missing_data_is_said_with_the_place(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.tenet").write_text(
        'tenet 1\ntrait a { means: "b" }\ntrain { method: sft  data: "no.jsonl" }', encoding="utf-8"
    )
    assert run(["check", "a.tenet"]) == 1
    assert "a.tenet:3:28" in said(capsys)[0]
    assert run(["build", "--no-rows", "a.tenet"]) == 1
    assert "`data` names a file that does not exist" in said(capsys)[1]


def test_data_is_read_and_counted_before_a_model_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    spec = 'tenet 1\ntrait a { means: "b" }\ntrain { method: sft  data: "mine.jsonl" }'
    Path("a.tenet").write_text(spec, encoding="utf-8")
    chat = b'{"prompt": "Hi", "completion": "Hello."}\n'
    for content, message, way_out in (
        (chat + b'{"prompt": "\xff"}\n', "mine.jsonl:2 is not UTF-8", "iconv"),
        (chat + b'{"note": "x"}\n', "mine.jsonl:2 has neither messages", "tenet filter SPEC OLD -o NEW"),
        (b"", "mine.jsonl is empty", "one JSON object a line"),
    ):
        Path("mine.jsonl").write_bytes(content)
        for command in ("build", "plan"):
            assert run([command, "a.tenet"]) == 3
            err = " ".join(said(capsys)[1].split())
            assert message in err
            assert way_out in err
        assert not Path("build").exists()
    Path("mine.jsonl").write_bytes(chat * 5000)
    assert run(["build", "--no-rows", "a.tenet"]) == 0
    recipe = json.loads(Path("build/a/recipe.json").read_text(encoding="utf-8"))
    assert [file["rows"] for file in recipe["data"]] == [5000]
    job = Path("build/a/jobs/sft.yaml").read_text(encoding="utf-8")
    assert int(job.partition("max_steps: ")[2].split()[0]) > 5000 * 6 / 16


@pytest.mark.parametrize("command", ["build", "plan", "run", "train"])
def test_a_spec_without_clauses_stops_before_anything_runs(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.tenet").write_text("tenet 1\n", encoding="utf-8")
    assert run([command, "a.tenet"]) == 1
    assert "a.tenet states no clause, so that there is nothing to train" in " ".join(said(capsys)[1].split())
    assert not Path("build").exists()


def test_a_plan_knows_that_a_stopped_build_has_kept_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["build", "--no-rows", str(PIRATE)]) == 0
    said(capsys)
    assert run(["plan", str(PIRATE)]) == 0
    assert "nothing was built yet" in said(capsys)[0]
    Path("build/.cache").mkdir(exist_ok=True)
    Path("build/.cache/0123.jsonl").write_text("{}\n", encoding="utf-8")
    assert run(["plan", str(PIRATE)]) == 0
    assert "a build stopped before its end" in said(capsys)[0]


def test_trace_finds_its_build(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["build", "--no-rows", str(PIRATE)]) == 0
    said(capsys)
    assert run(["trace", "build/pirate/filters.json:forbid.canned", "--json"]) == 0
    trail = json.loads(said(capsys)[0])
    assert trail["causes"][0]["id"] == "forbid.canned"
    assert trail["causes"][0]["line"] == "forbid canned {"
    assert run(["trace", "build/pirate/prompt.md"]) == 2
    assert run(["trace", "elsewhere.md:1"]) == 2
    assert run(["trace", "build/pirate/filters.json:nope"]) == 2


# ------------------------------------------------------------------ failures and interruptions


def test_a_spec_in_place_of_a_command_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["pirate.tenet"]) == 2
    assert "tenet check pirate.tenet" in said(capsys)[1]


def test_run_goes_through_all_stages_and_leaves_with_the_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from compiler import verdicts
    from compiler.cli import counts, diff

    called: list[str] = []

    def stage(name: str, result: object) -> Any:
        return lambda *_, **__: (called.append(name), result)[1]

    monkeypatch.setattr(stages, "generate", stage("generate", None))
    monkeypatch.setattr(counts, "show_counts", stage("counts", None))
    monkeypatch.setattr(stages, "train", stage("train", Path("runs/pirate-0")))
    monkeypatch.setattr(stages, "measure", stage("measure", Path("runs/pirate-0")))
    monkeypatch.setattr(stages, "diff", stage("diff", (None, Path("page.html"))))
    monkeypatch.setattr(diff, "show", stage("show", None))
    monkeypatch.setattr(verdicts, "exit_code", lambda report, strict=False: int(strict))
    assert run(["run", str(PIRATE)]) == 0
    assert called == ["generate", "counts", "train", "measure", "diff", "show"]
    assert run(["run", "--strict", str(PIRATE)]) == 1


def test_measuring_what_is_not_trained_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["build", "--no-rows", str(PIRATE)]) == 0
    for command in (["measure"], ["diff"], ["chat", "--arm", "adapter"]):
        assert run([*command, "build/pirate"]) == 3, command
        assert "tenet build" in said(capsys)[1]


@pytest.mark.parametrize(
    ("asked", "arms"), [([], ("base", "prompt")), (["--arm", "base"], ("base",)), (["--arm", "prompt"], ("prompt",))]
)
def test_one_can_talk_to_base_and_prompt_before_there_is_an_adapter(
    asked: list[str], arms: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from backends import chat

    talked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(chat, "run", lambda *given, **_: talked.append(given))
    assert run(["build", "--no-rows", str(PIRATE)]) == 0
    for target in ("build/pirate", str(PIRATE)):
        assert run(["chat", target, *asked]) == 0
    assert talked == [(Path("build/pirate"), None, arms)] * 2


# ------------------------------------------------------------------ what is loaded

HEAVY = ("torch", "transformers", "trl", "peft", "datasets", "accelerate")
RARELY_NEEDED = ("lark", "difflib", "tempfile")
NOT_FOR_CHECKING = (*HEAVY, *RARELY_NEEDED, "pydantic", "rich", "yaml", "jinja2", "pyarrow", "numpy", "backends")
PROBE = (
    "import sys; from compiler.cli import execute; code = execute(sys.argv[1:]); "
    "print('loaded', *sys.modules); sys.exit(code)"
)


def loaded_by(*arguments: str) -> set[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TENET_DEVICE": "cpu"}
    command = [sys.executable, "-c", PROBE, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def test_checking_loads_nothing_heavy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert "lark" in loaded_by("check", str(SPECS / "harbor.tenet"))  # the first time: the parse tables are made
    assert not loaded_by("check", str(SPECS / "harbor.tenet")) & set(NOT_FOR_CHECKING)
    assert not loaded_by("--help") & {*NOT_FOR_CHECKING, "spec"}


def test_the_pure_build_and_the_plan_load_no_torch() -> None:
    for arguments in (["build", "--no-rows", str(PIRATE)], ["plan", str(PIRATE)], ["build", "--annotate", str(PIRATE)]):
        assert not loaded_by(*arguments) & set(HEAVY), arguments


# ------------------------------------------------------------------ threads

THREADED = "import os; from compiler.cli import execute; execute(['--version']); import torch; print(os.environ)"


def openmp_as_loaded(**settings: str) -> str:
    """What the OpenMP library says of itself when torch loads it after the driver has started."""
    own = ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "TENET_THREADS")
    kept = {name: value for name, value in os.environ.items() if name not in own}
    environment = {**kept, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_DISPLAY_ENV": "verbose", **settings}
    command = [sys.executable, "-c", THREADED]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stderr


@pytest.mark.skipif(sys.platform != "linux", reason="torch brings GNU's OpenMP on Linux alone")
def test_threads_wait_without_spinning_and_tenet_threads_holds_from_the_start() -> None:
    said = openmp_as_loaded(TENET_THREADS="3")
    assert "GOMP_SPINCOUNT = '1000'" in said
    assert "OMP_WAIT_POLICY = 'PASSIVE'" in said
    assert "OMP_NUM_THREADS = '3'" in said
    # What the user says holds.
    said = openmp_as_loaded(OMP_WAIT_POLICY="ACTIVE", TENET_THREADS="3", OMP_NUM_THREADS="1")
    assert "OMP_WAIT_POLICY = 'ACTIVE'" in said
    assert "GOMP_SPINCOUNT = '1000'" not in said
    assert "OMP_NUM_THREADS = '1'" in said


def test_a_link_to_a_spec_stays_a_link(capsys: pytest.CaptureFixture[str]) -> None:
    Path("real.tenet").write_text('tenet 1\ntrait  a { means: "x" }\n', encoding="utf-8")
    Path("link.tenet").symlink_to("real.tenet")
    assert run(["fmt", "link.tenet"]) == 0
    assert Path("link.tenet").is_symlink()
    assert "trait a {" in Path("real.tenet").read_text(encoding="utf-8")
    capsys.readouterr()


@pytest.mark.parametrize("command", [["check"], ["fmt"], ["build", "--no-rows"], ["plan"]])
def test_a_pipe_is_not_waited_for(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo("pipe.tenet")
    assert run([*command, "pipe.tenet"]) == 2
    assert "pipe.tenet is no regular file" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[""], [".tenet"], ["pirate", "--base", ""], ["pirate", "--base", " "]])
def test_new_writes_no_spec_that_cannot_check_clean(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["new", *arguments]) == 2
    assert not list(Path().glob("*.tenet"))
    assert "Error:" in capsys.readouterr().err


def test_trace_of_a_folder_asks_for_a_file_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    Path("build").mkdir()
    assert run(["trace", "build:1"]) == 2
    assert "build is a folder" in capsys.readouterr().err


def test_an_import_is_written_once_and_reports_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    Path("sea.json").write_text('[{"trait": "I sail.", "questions": ["Hi?", "Hi?"]}]', encoding="utf-8")
    assert run(["import", "constitution", "sea.json", "--report", "report.txt"]) == 1
    assert "wrote sea.tenet" in said(capsys)[0]
    assert "twice" in Path("report.txt").read_text(encoding="utf-8")
    assert run(["check", "sea.tenet"]) == 0
    assert run(["import", "constitution", "sea.json"]) == 2
    assert "--force" in said(capsys)[1]
    assert run(["import", "constitution", "sea.json", "-o", "-"]) == 1
    assert said(capsys)[0] == Path("sea.tenet").read_text(encoding="utf-8")
    assert run(["import", "model-spec", "."]) == 2
    assert "model_spec.md" in said(capsys)[1]
    Path("model_spec.md").write_text("# A\n", encoding="utf-8")
    assert run(["import", "model-spec", "."]) == 1
    assert "model_spec.md:1: a heading has no id" in said(capsys)[1]
