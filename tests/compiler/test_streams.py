"""What goes through commands as it comes: standard input in a spec's place, line ends, a byte order mark."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from compiler.cli.group import tenet

pytestmark = pytest.mark.usefixtures("away")

CALM = 'tenet 1\n\ntrait calm { means: "Is calm." }\n'


def run(*arguments: str, given: str | bytes = "") -> tuple[int, str, str]:
    result = CliRunner().invoke(tenet, arguments, input=given)
    return result.exit_code, result.stdout, result.stderr


def test_standard_input_is_checked_in_a_spec_s_place() -> None:
    assert run("check", "-", given=CALM)[:2] == (0, "stdin.tenet: no problems, 1 clause\n")
    code, out, _ = run("check", "-", "--format", "concise", given="tenet 1\ntrait calm { mean: 1 }\n")
    assert code == 1
    assert out.startswith("stdin.tenet:2:14: error[T0101]: ")


def test_standard_input_is_named_by_what_it_imports_and_how_it_is_written() -> None:
    Path("specs").mkdir()
    Path("specs/house.tenet").write_text(CALM, encoding="utf-8")
    given = "tenet: 1\nimport: house.tenet\n"
    assert run("check", "-", "--stdin-filename", "specs/a.yaml", given=given)[0] == 0
    assert "T0030" in run("check", "-", "--stdin-filename", "a.yaml", given=given)[1]
    code, out, _ = run("convert", "-", "--to", "tenet", "--whole", "--stdin-filename", "specs/a.yaml", given=given)
    assert (code, out) == (0, CALM)


def test_what_comes_in_goes_out() -> None:
    assert run("fmt", "-", given='tenet 1\ntrait calm {means:"Is calm."}\n')[:2] == (0, CALM)
    assert run("fmt", "-", given=CALM)[:2] == (0, CALM)
    assert run("fmt", "-", "--check", given=CALM)[0] == 0
    assert run("fmt", "-", "--diff", given=CALM.replace(" { ", "{"))[0] == 1
    code, out, err = run("fmt", "-", given="tenet 1\ntrait {")
    assert (code, out) == (1, "")
    assert "stdin.tenet:2" in err
    assert run("convert", "-", "--to", "yaml", given=CALM)[1] == "tenet: 1\n\ntrait:\n  calm: {means: Is calm.}\n"
    assert not list(Path().iterdir())


def test_standard_input_that_cannot_be_used_is_a_usage_error() -> None:
    for option in ("--fix", "--diff", "--make-probe"):
        assert run("check", "-", option, given=CALM)[0] == 2
    code, _, err = run("check", "-", given=b"\xff")
    assert code == 2
    assert "not UTF-8" in err


def test_fmt_keeps_line_ends_and_a_byte_order_mark() -> None:
    path = Path("a.tenet")
    stored = b"\xef\xbb\xbf" + CALM.replace("\n", "\r\n").encode()
    path.write_bytes(stored)
    assert run("fmt", "--check", "a.tenet")[0] == 0
    path.write_bytes(stored.replace(b" { ", b"{"))
    assert run("fmt", "a.tenet")[0] == 0
    assert path.read_bytes() == stored


def test_fmt_is_for_text() -> None:
    Path("a.tenet").write_text("tenet  1\n", encoding="utf-8")
    Path("a.yaml").write_text("tenet:   1\n", encoding="utf-8")
    code, _, err = run("fmt", "a.tenet", "a.yaml")
    assert code == 2
    assert "tenet convert a.yaml --to tenet" in err
    assert Path("a.tenet").read_text(encoding="utf-8") == "tenet  1\n"


def test_convert_asks_which_notation_an_ending_says_nothing_of() -> None:
    Path("a.tenet").write_text(CALM, encoding="utf-8")
    assert run("convert", "a.tenet", "-o", "a.txt")[0] == 2
    assert not Path("a.txt").exists()
    assert run("convert", "a.tenet", "-o", "a.txt", "--to", "tenet")[0] == 0


def test_convert_leaves_warnings_to_check() -> None:
    Path("a.tenet").write_text('tenet 1\nterm minor { means: "under 18" }\n', encoding="utf-8")
    assert "T0511" in run("check", "a.tenet")[1]
    assert run("convert", "a.tenet", "--to", "yaml") == (0, "wrote a.tenet.yaml\n", "")
