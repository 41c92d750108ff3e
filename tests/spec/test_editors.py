"""The extension's parts name each other and know the language; the lexers leave no word of it without a colour."""

from __future__ import annotations

import json
import re
import zipfile
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from pygments.token import Error, Name, Token

import spec
from spec.editors import vocabulary
from spec.editors.pygments_lexer import TenetLexer
from tests.spec.test_readme import EXAMPLES
from tests.spec.textmate import scopes

ROOT = Path(spec.__file__).parents[1]
EXTENSION = Path(spec.__file__).parent / "editors" / "vscode"
MANIFEST = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
GRAMMAR = json.loads((EXTENSION / "syntaxes" / "tenet.tmLanguage.json").read_text(encoding="utf-8"))
SPECS = [*(path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("examples/*/*.tenet"))), *EXAMPLES]


def words_of(rule: dict[str, Any]) -> set[str]:
    """The words that a rule's first group of alternatives lists."""
    group = re.search(r"\((?:\?:)?([\w|\\+]+)\)", rule["match"])
    assert group is not None
    return {word.replace("\\", "") for word in group[1].split("|")}


# ---- the TextMate grammar


def test_the_grammar_knows_the_words_of_the_language() -> None:
    rules = GRAMMAR["repository"]
    named = vocabulary.statements() - vocabulary.settings() - {"tenet", "import", "extends", "priority", "drop"}
    assert words_of(rules["statement"]) == named
    assert words_of(rules["setting"]["patterns"][0]) == vocabulary.settings()
    assert words_of(rules["setting"]["patterns"][1]) == {"priority", "drop"}
    assert words_of(rules["inclusion"]["patterns"][0]) == {"import", "extends"}
    assert words_of(rules["field"]["patterns"][0]) == vocabulary.fields()
    assert words_of(rules["block"]) == vocabulary.blocks()
    assert words_of(rules["constant"]["patterns"][1]) == vocabulary.choices()
    assert words_of(rules["operator"]["patterns"][0]) == vocabulary.OPERATOR_WORDS


@pytest.mark.parametrize("text", SPECS)
def test_the_grammar_colours_every_sign_of_a_spec(text: str) -> None:
    found = scopes(GRAMMAR, text)
    assert len(found) == len(text)
    bare = [text[max(0, at - 20) : at + 1] for at, name in enumerate(found) if name is None and not text[at].isspace()]
    assert bare == []


def test_the_grammar_tells_names_fields_and_texts_apart() -> None:
    text = 'trait caring at root { means: "Is ${tone}." # why\n unless: user.role == clinician }'
    found = scopes(GRAMMAR, text)

    def at(word: str) -> str | None:
        return found[text.index(word)]

    assert at("trait") == "storage.type.tenet"
    assert at("caring") == "entity.name.type.tenet"
    assert at("root") == "constant.language.level.tenet"
    assert at("means") == "support.type.property-name.tenet"
    assert at("Is ") == "string.quoted.double.tenet"
    assert at("${") == "variable.parameter.tenet"
    assert at("# why") == "comment.line.number-sign.tenet"
    assert at("user.role") == "variable.other.tenet"


def test_an_open_string_ends_with_its_line() -> None:
    text = 'trait a { means: "open\n not: "x" }'
    assert scopes(GRAMMAR, text)[text.index("not")] == "support.type.property-name.tenet"


# ---- the extension


def test_every_file_that_the_manifest_names_is_there_and_reads() -> None:
    contributes = MANIFEST["contributes"]
    named = [
        MANIFEST["main"],
        *(language["configuration"] for language in contributes["languages"]),
        *(grammar["path"] for grammar in contributes["grammars"]),
    ]
    for name in named:
        text = (EXTENSION / name).read_text(encoding="utf-8")
        if name.endswith(".json"):
            json.loads(text)
    assert {"README.md", "CHANGELOG.md", "LICENSE.txt"} <= {path.name for path in EXTENSION.iterdir()}
    scopes_named = {grammar["scopeName"] for grammar in contributes["grammars"]}
    assert GRAMMAR["scopeName"] in scopes_named


def test_the_extension_zips_into_what_an_editor_unpacks(tmp_path: Path) -> None:
    """A `.vsix` is a zip whose files stand below `extension/`, the manifest among them; no file is large."""
    packed = tmp_path / "tenet.vsix"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(p for p in EXTENSION.rglob("*") if p.is_file() and "node_modules" not in p.parts):
            archive.write(path, f"extension/{path.relative_to(EXTENSION).as_posix()}")
    with zipfile.ZipFile(packed) as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("extension/package.json"))
        assert archive.read(f"extension/{manifest['main'].removeprefix('./')}")
        assert all(info.file_size < 100_000 for info in archive.infolist())
    assert re.fullmatch(r"[a-z][a-z0-9-]*", manifest["name"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"])


def test_settings_of_the_client_are_settings_of_the_manifest() -> None:
    asked = set(re.findall(r'settings\.get\("(\w+)"', (EXTENSION / "extension.js").read_text(encoding="utf-8")))
    declared = {name.removeprefix("tenet.") for name in MANIFEST["contributes"]["configuration"]["properties"]}
    assert asked
    assert asked <= declared


def test_the_problem_matcher_reads_what_check_prints() -> None:
    pattern = MANIFEST["contributes"]["problemMatchers"][0]["pattern"]
    loaded = spec.loads('tenet 1\ntrait warm { mean: "Is kind." }\n', "harbor.tenet")
    lines = spec.render(loaded.diagnostics, loaded.sources, "concise").splitlines()
    assert lines
    for line, diagnostic in zip(lines, loaded.diagnostics, strict=True):
        match = re.match(pattern["regexp"], line)
        assert match is not None, line
        assert match[pattern["file"]] == "harbor.tenet"
        assert int(match[pattern["line"]]) == diagnostic.span.line
        assert int(match[pattern["column"]]) == diagnostic.span.column
        assert match[pattern["severity"]] == diagnostic.severity
        assert match[pattern["code"]] == diagnostic.code


def test_a_command_is_looked_for_in_the_workspace_and_its_failure_has_words() -> None:
    """The client rejects with a text, which has no `message`."""
    script = (EXTENSION / "extension.js").read_text(encoding="utf-8")
    assert 'named === "tenet"' in script
    assert MANIFEST["contributes"]["configuration"]["properties"]["tenet.path"]["default"] == "tenet"
    assert "error.message ?? error" in script


# ---- Pygments


@pytest.mark.parametrize("text", SPECS)
def test_pygments_knows_every_sign_of_a_spec(text: str) -> None:
    tokens = list(TenetLexer().get_tokens(text))
    assert "".join(value for _, value in tokens).strip() == text.strip()
    assert [value for kind, value in tokens if kind in Error or (kind is Token.Text and value.strip())] == []


def test_pygments_colours_words_of_the_language() -> None:
    for word in sorted(vocabulary.fields()):
        assert (Name.Attribute, word) in list(TenetLexer().get_tokens(f"{word}: x"))
    for word in sorted(vocabulary.choices()):
        assert (Name.Constant, word) in list(TenetLexer().get_tokens(f"x: {word}"))


@pytest.mark.parametrize("text", ['trait a { means: "open\nnot: 1', '"""', "\x00 = | § '", '"\\', '"${', "/a", "\\"])
def test_pygments_takes_whatever_it_is_given(text: str) -> None:
    assert "".join(value for _, _, value in TenetLexer().get_tokens_unprocessed(text)) == text


def test_pygments_finds_the_lexer_by_its_entry_point() -> None:
    declared = re.search(
        r'^\[project\.entry-points\."pygments\.lexers"\]\ntenet = "([^"]+)"',
        (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE,
    )  # fmt: skip
    assert declared is not None
    assert EntryPoint("tenet", declared[1], "pygments.lexers").load() is TenetLexer


# ---- the README


def test_the_readme_starts_the_server_as_the_command_does() -> None:
    import tomllib

    from compiler.cli import COMMANDS

    section = (Path(spec.__file__).with_name("README.md")).read_text(encoding="utf-8")
    section = section.partition("## In an editor")[2].partition("\n## ")[0]
    assert "lsp" in COMMANDS
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert 'pip install ".[lsp]"' in section
    assert "lsp" in project["optional-dependencies"]
    helix = re.search(r"```toml\n(.*?)```", section, re.DOTALL)
    assert helix is not None
    server = tomllib.loads(helix[1])["language-server"]["tenet"]
    assert [server["command"], *server["args"]] == ["tenet", "lsp"]
    assert 'cmd = { "tenet", "lsp" }' in section
    assert '("tenet" "lsp")' in section
    assert f"tenet-{MANIFEST['version']}.vsix" in section
