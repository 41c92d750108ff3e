"""The README's examples load, its tables are those of the code, and every construct has its section."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import compiler.codes
import spec
from spec import constructs, document
from spec.codes import CODES
from spec.constructs import CONSTRUCTS
from spec.descriptions import takes
from spec.fields import field_specs
from tests.guide import Block, blocks, write_files

README = Path(spec.__file__).with_name("README.md")
BLOCKS = [block for block in blocks(README.read_text(encoding="utf-8")) if block.language == "tenet"]
EXAMPLES = [block.text for block in BLOCKS if not re.search("^import", block.text, re.MULTILINE)]
"""Those that need no other file."""


def fields_table(record: str) -> str:
    rows = ["| field | takes | meaning |", "| --- | --- | --- |"]
    for name, field in field_specs(getattr(constructs, record, None) or getattr(document, record)).items():
        shown = (
            "`user`, `assistant`, `system`, `developer`, `tool`" + (", `ask`" if record == "ProbeStatement" else "")
            if name == "turns"
            else f"`{name}`"
        )
        needed = " (needed)" if field.required else ""
        cells = (shown + needed, takes(field.shape), f"{field.says.meaning} For example `{field.says.example}`.")
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def codes_table() -> str:
    rows = ["| code | what it says | how to mend it |", "| --- | --- | --- |"]
    for code in CODES.values():
        what = code.what if code.severity == "error" else f"{code.severity.capitalize()}. {code.what}"
        rows.append(f"| {code.code} | {what} | {code.mend} |")
    return "\n".join(rows)


def compiler_codes_table() -> str:
    """Of the codes below those of the analysis, which has a table of its own."""
    rows = ["| code | | what it says | how to mend it |", "| --- | --- | --- | --- |"]
    shown = [c for c in compiler.codes.CODES.values() if not "T0520" <= c.code < "T0540"]
    rows += [f"| {c.code} | {c.severity} | {c.what} | {c.mend} |" for c in shown]
    return "\n".join(rows)


def with_tables(text: str) -> str:
    """Put the code's tables below their marks, in place of those that stand there."""
    text = re.sub(r"(<!-- (?:fields: \w+|codes|codes: compiler) -->)\n(?:\n(?:\|[^\n]*\n)+)?", r"\1\n", text)
    text = re.sub(r"<!-- fields: (\w+) -->\n", lambda m: f"{m[0]}\n{fields_table(m[1])}\n", text)
    text = text.replace("<!-- codes: compiler -->\n", f"<!-- codes: compiler -->\n\n{compiler_codes_table()}\n")
    return text.replace("<!-- codes -->\n", f"<!-- codes -->\n\n{codes_table()}\n")


def test_tables(golden: Callable[[Path, str], None]) -> None:
    golden(README, with_tables(README.read_text(encoding="utf-8")))


@pytest.mark.parametrize("example", BLOCKS, ids=lambda example: example.name)
def test_examples_load_beside_the_files_that_they_need(example: Block, tmp_path: Path) -> None:
    write_files(README.read_text(encoding="utf-8"), tmp_path)
    for name in ("chats.jsonl", "questions.csv"):
        (tmp_path / name).touch()
    path = tmp_path / (example.name or "spec.tenet")
    path.write_text(example.text, encoding="utf-8")
    loaded = spec.load(path)
    assert loaded.diagnostics == (), spec.render(loaded.diagnostics, loaded.sources)


def read(text: str) -> spec.Document:
    found = spec.loads(text).document
    assert found is not None
    return found


def test_every_construct_has_an_example() -> None:
    shown = {c.kind for text in EXAMPLES for c in read(text).clauses}
    assert shown == set(CONSTRUCTS)


def test_every_field_has_an_example() -> None:
    text = "\n".join(EXAMPLES)
    others = (document.Example, document.Dimension, document.Train, document.Section, document.Term,
              document.Parameter, document.Grant, document.Authority, document.Balance, document.Alike,
              document.ProbeStatement)  # fmt: skip
    for record in (*CONSTRUCTS.values(), document.Clause, *others):
        for name in field_specs(record):
            if name not in ("turns", "steps", "batch", "learning_rate", "beta", "sft_weight", "reward_weight"):
                assert re.search(rf"\b{name}(:| \{{)", text), name


def test_every_file_is_listed() -> None:
    listed = README.read_text(encoding="utf-8").split("## Files")[1]
    for path in README.parent.glob("*.py"):
        assert path.name == "__init__.py" or f"`{path.name}`" in listed, path.name


def test_the_example_of_yaml_loads(tmp_path: Path) -> None:
    text = README.read_text(encoding="utf-8")
    (yaml,) = (block for block in blocks(text) if block.language == "yaml")
    write_files(text, tmp_path)
    loaded = spec.load(tmp_path / yaml.name)
    assert loaded.document is not None, spec.render(loaded.diagnostics, loaded.sources)
    assert loaded.diagnostics == ()


def test_the_example_of_python_builds(capsys: pytest.CaptureFixture[str]) -> None:
    text = README.read_text(encoding="utf-8").split("## Other doors")[1]
    python = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[0]
    exec(python, {})
    assert capsys.readouterr().out.startswith("tenet 1\n\ntrait caring {\n")
