"""What must hold of whatever anybody gives to the language: one function a target, which takes bytes and raises.

In: bytes. Out: nothing, or an exception that says what does not hold. `fuzz.py` draws inputs for these by the million;
`test_robustness.py` some thousands, and all that was ever found.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import spec
from compiler.analysis import analyse
from compiler.build import to_program
from spec.converting import meaning, text_of
from spec.diagnostics import Diagnostic, Format
from spec.doors import notation_of, read
from spec.fixing import Fixing, fix_all
from spec.formatter import CannotFormat, format_text
from spec.importers import Imported, Unreadable, constitution, model_spec, model_spec_text
from spec.source import Source
from spec.writer import CannotWrite, write
from tests.spec.sources import SPECS

FORMATS: tuple[Format, ...] = ("full", "concise", "json", "github", "sarif")
UNREADABLE = "T0002"
LOOKALIKES = "T004"
"""What these codes begin with; the formatter writes some of the characters that they are about as escapes."""


@cache
def folder() -> Path:
    """A project's folder for the files of this process."""
    made = Path(tempfile.mkdtemp(prefix="tenet-fuzz-"))
    (made / "tenet.toml").touch()
    return made


def decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def is_sound(loaded: spec.Loaded) -> None:
    """A document exactly without errors; every place inside its text; every rendering can be made."""
    assert (loaded.document is None) == any(d.severity == "error" for d in loaded.diagnostics)
    for diagnostic in loaded.diagnostics:
        edits = [edit.span for edit in diagnostic.fix.edits] if diagnostic.fix else []
        for span in (diagnostic.span, *(note.span for note in diagnostic.secondary), *edits):
            if diagnostic.code == UNREADABLE:
                continue  # its text is not there: the place is one in the bytes
            text = loaded.sources[span.path].text
            assert 0 <= span.start <= span.end <= len(text), span
            assert span.line == text.count("\n", 0, span.start) + 1, span
            assert span.column == span.start - (text.rfind("\n", 0, span.start) + 1) + 1, span
    shown = {form: spec.render(loaded.diagnostics, loaded.sources, form) for form in FORMATS}
    for text in shown.values():
        text.encode("utf-8")  # no half of a character
    for form in ("json", "sarif"):
        json.loads(shown[form])
    assert len(shown["concise"].split("\n")) == max(1, len(loaded.diagnostics)), shown["concise"]
    odd = {sign for sign in shown["full"] if not sign.isprintable() and sign not in "\n\u2028\u200c\u200d"}
    assert not odd, odd
    spec.render(loaded.diagnostics, loaded.sources, "full", color=True, width=40)


def load(data: bytes) -> None:
    path = folder() / "spec.tenet"
    path.write_bytes(data)
    is_sound(spec.load(path))


def yaml(data: bytes) -> None:
    plain(data, "spec.tenet.yaml")


def json_spec(data: bytes) -> None:
    plain(data, "spec.tenet.json")


def plain(data: bytes, name: str) -> None:
    """A spec in YAML or JSON holds the same, and means the same when written as text and back."""
    path = folder() / name
    path.write_bytes(data)
    loaded = spec.load(path)
    is_sound(loaded)
    if loaded.document is None or len(loaded.document.files) > 1:
        return
    notation = notation_of(name)
    tree = read(loaded.sources[loaded.document.path])[0]
    text = text_of(tree, "tenet")
    assert format_text(text) == text
    again = spec.loads(text)
    assert again.document is not None, spec.render(again.diagnostics, again.sources, "concise")
    assert meaning(again.document) == meaning(loaded.document)
    back = text_of(read(Source("spec.tenet", text))[0], notation)
    returned = spec.loads(back, name)
    assert returned.document is not None, spec.render(returned.diagnostics, returned.sources, "concise")
    assert meaning(returned.document) == meaning(loaded.document)


def compile(data: bytes) -> None:
    """What checks goes through the compiler's passes and analyses, with findings or without."""
    loaded = spec.loads(decoded(data))
    if loaded.document is not None:
        program, found = to_program(loaded.document)
        found = (*found, *analyse(program))
        is_sound(
            spec.Loaded(None if any(d.severity == "error" for d in found) else loaded.document, found, loaded.sources)
        )


def format(data: bytes) -> None:
    """Formatting twice is formatting once, and changes neither what a spec says nor what is wrong with it."""
    text = decoded(data)
    try:
        once = format_text(text)
    except CannotFormat:
        assert spec.loads(text).document is None
        return
    assert format_text(once) == once
    before, after = spec.loads(text), spec.loads(once)
    if any(d.code.startswith(LOOKALIKES) and d.severity == "error" for d in before.diagnostics):
        return
    assert before.document == after.document
    said = [[d.code for d in loaded.diagnostics if not d.code.startswith(LOOKALIKES)] for loaded in (before, after)]
    assert said[0] == said[1], said


def written(data: bytes) -> None:
    """A document written as text reads as the same document."""
    document = spec.loads(decoded(data)).document
    if document is None or len(document.files) > 1:
        return
    try:
        text = write(document)
    except CannotWrite:
        return
    again = spec.loads(text)
    assert again.document == document, spec.render(again.diagnostics, again.sources, "concise")


def fix(data: bytes) -> None:
    """Fixing ends, breaks no spec, and leaves no safe fix that could be made, where it had the time to try each."""
    text = decoded(data)

    def check(texts: Mapping[str, str]) -> tuple[Diagnostic, ...]:
        return spec.loads(texts.get("spec.tenet", text)).diagnostics

    def fixed(start: Mapping[str, str], unsafe: bool) -> Fixing:
        return fix_all(lambda texts: check({**start, **texts}), lambda name: start.get(name, text), unsafe)

    for unsafe in (False, True):
        done = fixed({}, unsafe)
        if not any(d.severity == "error" for d in check({})):
            assert not any(d.severity == "error" for d in done.left)
        assert check(done.texts) == done.left
        if not unsafe and done.ended:
            again = fixed(done.texts, unsafe)
            assert not again.fixed, again.fixed


def import_constitution(data: bytes) -> None:
    with_spec(lambda: constitution.read(data.decode("utf-8", "replace"), "humor.json", "humor"))


def import_model_spec(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    blocks = re.findall(r"^~~~.*?^~~~$", text, re.MULTILINE | re.DOTALL)
    asked = {f"ab{number}": f"**Example**: x\n\n{found}\n" for number, found in enumerate(blocks[:3], 1)}
    with_spec(lambda: model_spec_text.write(model_spec.read(text, "m.md", asked), "m.tenet"))


def with_spec(read: Callable[[], Imported]) -> None:
    """What can be imported is a spec without errors in canonical layout; what cannot says why in a line."""
    try:
        imported = read()
    except Unreadable:
        return
    loaded = spec.loads(imported.text)
    assert loaded.document is not None, spec.render(loaded.diagnostics, loaded.sources, "concise")
    assert format_text(imported.text) == imported.text


Target = Callable[[bytes], None]

TARGETS: dict[str, tuple[Target, tuple[str, ...]]] = {
    "load": (load, SPECS),
    "format": (format, SPECS),
    "fix": (fix, SPECS),
    "write": (written, SPECS),
    "compile": (compile, ("written", "planted", "mutated")),
    "import-constitution": (import_constitution, ("constitution", "bytes")),
    "import-model-spec": (import_model_spec, ("markdown",)),
    "yaml": (yaml, ("yaml", "yaml", "yaml", "bytes")),
    "json": (json_spec, ("json", "json", "json", "bytes")),
}
"""By name: what must hold, and the sources of `sources.py` that it takes."""
