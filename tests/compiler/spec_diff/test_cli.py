"""`tenet diff OLD NEW`: formats, exit codes, git revisions, and specs with errors."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from compiler.cli import execute
from compiler.spec_diff import markdown
from tests.compiler.spec_diff.comparing import diff_of

Capture = pytest.CaptureFixture[str]
GOLDEN = Path(__file__).parent / "golden"

OLD = """tenet 1
trait warm { means: "Names the feeling before giving any advice." target: >= 80% }
forbid canned { phrases: ["Certainly!"] }
refuse dosing { about: "how much of a medicine to take" }
prefer brevity { this: "short answers" max_words: 40 }
stance ai { about: "whether you are human" says: "I am an AI." }
"""
NEW = """tenet 1
trait caring { means: "Names the feeling before giving any advice." target: >= 90% was: [warm] }
forbid canned { phrases: ["Certainly!", "a|b <i> *c* @team ```"] }
refuse dosing { about: "how much of a medicine to take" unless: user.role == clinician }
format shape { max_words: 60 }
stance ai { about: "whether you are human" says: "I am a program." }
priority: ai > caring
"""
TIGHTER = OLD.replace(">= 80%", ">= 90%")
LOOSER = OLD.replace(">= 80%", ">= 70%")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for name, text in (("old", OLD), ("new", NEW), ("tighter", TIGHTER), ("looser", LOOSER)):
        Path(f"{name}.tenet").write_text(text, encoding="utf-8")
    return tmp_path


def run(*arguments: str) -> int:
    return execute(["diff", *arguments])


# ---- formats


def test_the_markdown(golden: Callable[[Path, str], None], capsys: Capture) -> None:
    assert run("old.tenet", "new.tenet", "--format", "markdown") == 1
    golden(GOLDEN / "pull-request.md", capsys.readouterr().out)


def test_the_terminal(golden: Callable[[Path, str], None], capsys: Capture) -> None:
    assert run("old.tenet", "new.tenet") == 1
    out = capsys.readouterr().out
    golden(GOLDEN / "terminal.txt", out)
    assert max(map(len, out.splitlines())) <= 80


def test_markdown_is_not_broken_by_what_an_author_wrote() -> None:
    text = markdown.render(diff_of(OLD.removeprefix("tenet 1"), NEW.removeprefix("tenet 1")))
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {6}
    prose = "\n".join(line for line in text.splitlines() if not line.startswith("  "))
    assert "<i>" not in prose
    assert "@team" not in prose
    assert "  ````diff" in text


def test_markdown_fits_one_comment() -> None:
    many = "".join(f'trait t{i} {{ means: "Says word {i} of {i}." }}\n' for i in range(80))
    text = markdown.render(diff_of("", many))
    assert text.count("\n| + added |") == markdown.MOST_ROWS
    assert "and 20 more clauses" in text
    assert len(text) < 65_536


@pytest.mark.parametrize("option", [["--json"], ["--format", "json"]])
def test_the_json_holds_every_verdict(option: list[str], capsys: Capture) -> None:
    assert run("old.tenet", "new.tenet", *option) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["version"], found["same"], found["old"], found["new"]) == (1, False, "old.tenet", "new.tenet")
    assert {c["id"]: c["verdict"] for c in found["clauses"]} == {
        "trait.caring": "stricter", "forbid.canned": "stricter", "refuse.dosing": "looser", "format.shape": "added",
        "stance.ai": "incomparable", "prefer.brevity": "removed",
    }  # fmt: skip
    assert found["clauses"][0]["was"] == "trait.warm"
    assert [s["subject"] for s in found["statements"]] == ["priority"]
    assert found["cost"]["retrain"]


# ---- exit codes


@pytest.mark.parametrize(
    ("new", "fail_on", "code"),
    [
        ("old", "any", 0), ("old", "looser", 0), ("tighter", "any", 1), ("tighter", "looser", 0),
        ("looser", "any", 1), ("looser", "looser", 1), ("looser", "nothing", 0), ("new", "looser", 1),
    ],
)  # fmt: skip
def test_the_exit_code_is_what_fail_on_asks_for(new: str, fail_on: str, code: int) -> None:
    assert run("old.tenet", f"{new}.tenet", "--spec", "--fail-on", fail_on) == code


def test_a_comment_alone_is_no_difference(capsys: Capture) -> None:
    Path("commented.tenet").write_text(f"# Why.\n{OLD}# So.\n", encoding="utf-8")
    assert run("old.tenet", "commented.tenet") == 0
    assert "Nothing to regenerate" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [["old.tenet", "--spec"], ["old.tenet", "new.tenet", "--since", "HEAD"],
     ["old.tenet", "new.tenet", "--spec", "--format", "junit"],
     ["old.tenet", "new.tenet", "--fail-on", "stricter"]],
)  # fmt: skip
def test_a_wrong_use(arguments: list[str]) -> None:
    assert run(*arguments) == 2


# ---- errors in one of the two


@pytest.mark.parametrize("bad_one", [0, 1])
def test_errors_in_one_are_shown_and_nothing_is_compared(bad_one: int, capsys: Capture) -> None:
    Path("bad.tenet").write_text('tenet 1\ntrait a { means: "x" colour: "y" }\n', encoding="utf-8")
    names = ["old.tenet", "old.tenet"]
    names[bad_one] = "bad.tenet"
    assert run(*names) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "bad.tenet:2:22" in err
    assert "bad.tenet: 1 error; only specs without errors are compared" in err


def test_errors_in_both_are_all_shown(capsys: Capture) -> None:
    for name in ("bad", "worse"):
        Path(f"{name}.tenet").write_text("tenet 1\ntrait a {}\n", encoding="utf-8")
    assert run("bad.tenet", "worse.tenet") == 1
    err = capsys.readouterr().err
    assert "bad.tenet:2" in err
    assert "worse.tenet:2" in err


# ---- git


def git(*arguments: str) -> None:
    identity = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def history(folder: Path) -> Path:
    """Two commits of specs/harbor.tenet, which imports a file that changed with it."""
    git("init", "-q")
    Path("specs").mkdir()
    for text, phrase in ((OLD, "Bah"), (NEW, "Humbug")):
        Path("specs/harbor.tenet").write_text(text.replace("tenet 1\n", 'tenet 1\nimport "house.tenet"\n'), "utf-8")
        Path("specs/house.tenet").write_text(f'tenet 1\nforbid bah {{ phrases: ["{phrase}"] }}\n', "utf-8")
        git("add", "specs")
        git("commit", "-q", "-m", "A spec")
    return folder


def test_a_revision_is_read_with_what_it_imports(history: Path, capsys: Capture) -> None:
    assert run("HEAD~1:specs/harbor.tenet", "HEAD:specs/harbor.tenet", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["old"], found["new"]) == ("HEAD~1:specs/harbor.tenet", "HEAD:specs/harbor.tenet")
    verdicts = {c["id"]: c["verdict"] for c in found["clauses"]}
    assert (verdicts["forbid.bah"], verdicts["refuse.dosing"]) == ("incomparable", "looser")


def test_a_revision_equals_the_file_that_was_checked_in(history: Path, capsys: Capture) -> None:
    assert run("HEAD:specs/harbor.tenet", "specs/harbor.tenet") == 0
    assert run("specs/harbor.tenet", "--since", "HEAD") == 0
    assert "Nothing to regenerate" in capsys.readouterr().out


def test_since_is_the_older_version(history: Path, capsys: Capture) -> None:
    assert run("--since", "HEAD~1", "specs/harbor.tenet", "--json") == 1
    assert {c["id"] for c in json.loads(capsys.readouterr().out)["clauses"] if c["verdict"] == "added"} == {
        "format.shape"
    }


def test_the_folder_that_a_revision_is_read_from_shows_nowhere(history: Path, capsys: Capture) -> None:
    for option in ("json", "markdown", "terminal"):
        assert run("HEAD~1:specs/harbor.tenet", "specs/harbor.tenet", "--format", option) == 1
        assert "tenet-" not in capsys.readouterr().out


def test_a_path_is_seen_from_here(history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("specs")
    assert run("HEAD:harbor.tenet", "HEAD:specs/harbor.tenet") == 0


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("HEAD:specs/harbour.tenet", "did you mean HEAD:specs/harbor.tenet?"),
        ("nowhere:specs/harbor.tenet", "git says: Not a valid object name nowhere"),
    ],
)
def test_what_is_not_in_the_history_is_a_wrong_use(history: Path, named: str, said: str, capsys: Capture) -> None:
    assert run(named, "specs/harbor.tenet") == 2
    assert said in capsys.readouterr().err


def test_errors_at_a_revision_name_it(history: Path, capsys: Capture) -> None:
    Path("specs/bad.tenet").write_text("tenet 1\ntrait a {}\n", encoding="utf-8")
    git("add", "specs")
    git("commit", "-q", "-m", "Worse")
    assert run("HEAD:specs/bad.tenet", "specs/harbor.tenet") == 1
    err = capsys.readouterr().err
    assert "HEAD:specs/bad.tenet:2:1" in err
    assert "tenet-" not in err
