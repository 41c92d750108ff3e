"""`tenet explain`: what a code means and how to mend it, or how a statement is written; offline."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click

import spec
from compiler.cli.specs import compile_spec, folded
from spec.codes import Code
from spec.explaining import FOLDER, File, Page, page, write
from spec.fields import FieldSpec
from spec.glossary import senses
from spec.glossary import words as inner_words
from spec.reference import Entry, entry, statements, words

PAGES = Path(__file__).parents[1] / "pages"


@click.command("explain")
@click.argument("topic", metavar="[CODE|WORD]", required=False)
def command(topic: str | None) -> None:
    """Tell what a code (T0110) or a word of the language (trait) means, with an example.

    Without a topic, list all of them.
    """
    codes = all_codes()
    if topic is None:
        lines = list(_everything(codes))
    elif (code := f"T{topic.lstrip('Tt'):0>4}".upper()) in codes:
        lines = list(_explained(page(codes[code], PAGES if code >= "T0500" else FOLDER)))
    elif (word := topic.lower()) in words() or senses(word):
        lines = list(_told(word))
    else:
        raise click.UsageError(_unknown(topic, codes))
    click.echo("\n".join(lines))


def all_codes() -> dict[str, Code]:
    """Return the codes of the language and of the compiler, in order."""
    from compiler.codes import CODES

    return {**spec.codes.CODES, **CODES}


def _unknown(topic: str, codes: dict[str, Code]) -> str:
    from spec.diagnostics import closest

    best = closest(topic, [*words(), *inner_words(), *codes])
    hint = f"did you mean {best}?" if best else "`tenet explain` lists what there is"
    return f"there is no code and no word {topic}; {hint}"


def _everything(codes: dict[str, Code]) -> Iterator[str]:
    yield "Statements"
    yield from folded(", ".join(statements()), "  ")
    yield ""
    yield "Inside them"
    yield from folded(", ".join(word for word in words() if word not in statements()), "  ")
    yield ""
    yield "Their fields, and words in these"
    yield from folded(", ".join(word for word in inner_words() if word not in words()), "  ")
    yield ""
    yield "Codes"
    for code in codes.values():
        kind = "" if code.severity == "error" else f" ({code.severity})"
        yield f"  {code.code}  {code.title}{kind}"


# ---- codes


def _explained(page: Page) -> Iterator[str]:
    code = page.code
    yield f"{code.severity} {code.code}: {code.title}"
    yield ""
    yield from folded(code.what)
    yield from folded(page.why)
    yield ""
    yield from folded(code.mend, "To mend it: ", "  ")
    yield ""
    yield "Wrong:"
    yield from _files(page.wrong)
    yield ""
    yield "Tenet says:"
    yield ""
    yield from (f"    {line}".rstrip() for line in _said(page.wrong))
    yield ""
    yield "Mended:"
    yield from _files(page.mended)


def _files(files: tuple[File, ...]) -> Iterator[str]:
    for file in files:
        yield ""
        if len(files) > 1 or file.name != "spec.tenet":
            yield f"  {file.name}"
        yield from (f"    {line}".rstrip() for line in file.text.splitlines())


def _said(files: tuple[File, ...]) -> list[str]:
    """Return what is said of an example; it is checked here and now, so that the page cannot be out of date."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "project"
        folder.mkdir()
        compiled = compile_spec(write(files, folder))
    # The folder is nobody's business.
    found = [replace(d, message=d.message.replace(f"{folder}/", "")) for d in compiled.diagnostics]
    sources = {path: replace(source, shown=path) for path, source in compiled.sources.items()}
    return spec.render(found, sources, "full", width=76).split("\n")[:-2]  # without how many there are


# ---- words


def _told(word: str) -> Iterator[str]:
    """Tell of a statement or block, and of what the word means inside others."""
    if word in words():
        yield from _described(entry(word))
    else:
        yield word
    shown = {"", *(sense.example for sense in senses(word) if word in words())}
    for sense in senses(word):
        yield ""
        yield from folded(sense.what)
        yield from folded(sense.says, "  ")
        if sense.example not in shown:
            shown.add(sense.example)
            yield ""
            yield from (f"    {line}".rstrip() for line in sense.example.splitlines())


def _described(entry: Entry) -> Iterator[str]:
    yield entry.shape
    yield ""
    yield from folded(entry.states)
    if entry.level is not None:
        yield from folded(f"It is at {entry.level} unless it names a level; its target is written `{entry.target} N%`.")
    for block in entry.fields:
        yield ""
        yield f"Fields {block.owner}".rstrip()
        for field in block.fields:
            yield from _field(field, entry.word)
    if entry.level is not None:
        yield ""
        others = ", ".join(field.name for field in _fields_of("clause"))
        yield from folded(f"Fields of every clause (`tenet explain clause`): {others}", "", "  ")
    if entry.example:
        yield ""
        yield "Example"
        yield ""
        yield from (f"    {line}".rstrip() for line in entry.example.splitlines())


def _fields_of(word: str) -> tuple[FieldSpec, ...]:
    return entry(word).fields[0].fields


def _field(field: FieldSpec, owner: str) -> Iterator[str]:
    from spec.blocks import ROLES
    from spec.descriptions import takes
    from spec.fields import TurnsShape

    roles = [role for role in ROLES if role != "ask" or owner == "probe"]
    name = ", ".join(roles) if isinstance(field.shape, TurnsShape) else field.name
    extra = ", needed" if field.required else _default(field)
    yield from folded(f"{takes(field.shape)}{extra}", f"  {name}: ", "      ")
    yield from folded(f"{field.says.meaning} For example `{field.says.example}`.", "      ")


def _default(field: FieldSpec) -> str:
    """Say what stands where the field is left out; nothing where that means nothing."""
    match field.default:
        case bool(value):
            return f"; left out, {str(value).lower()}"
        case int() | float() | str() as value:
            return f"; left out, {value}"
    return ""
