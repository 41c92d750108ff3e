"""Inputs for fuzzing that are no `.tenet` text: specs in YAML and JSON, constitutions, Markdown.

In: a random generator. Out: text. Most are nearly right: what the door or the importer reads, with a few slips.
"""

from __future__ import annotations

import json
import random
from functools import cache
from typing import Any

import yaml as pyyaml

import spec
from spec.doors import read
from spec.plain_data import data_of
from spec.plain_layout import to_yaml
from spec.source import Source
from spec.writer import write
from tests.spec.inputs import changed, corpus, words
from tests.spec.records import Records
from tests.spec.test_importers import SAMPLE

MARKDOWN = [
    "# ", "## ", "### ", "{#a}", "{#tide authority=root}", "authority=", "~~~", "~~~xml\n", "\n\n", "**Example**: x\n",
    "<user>\n", "</user>\n", "<assistant>", "<!-- GOOD -->", "<!-- BAD[#x]: y -->", "<comparison>\n", "</comparison>\n",
    "<developer>", "!!! meta \"Commentary\"\n", "    ", "[^ab1]", "[?](#boats)", "${", "\\", '"""', "[...]", "|", "`",
]  # fmt: skip


def markdown(rng: random.Random) -> str:
    return changed(rng, SAMPLE, MARKDOWN, (SAMPLE, *corpus()[:3]))


ODD_VALUES: tuple[object, ...] = (
    None, True, 0, 1.5, "", " ", "a text", '"""', "\ud800", "\x00", "${x}", "a\nb\u2028", "[...]",
)  # fmt: skip
JSON = [
    "[",
    "]",
    "{",
    "}",
    '"',
    ",",
    ":",
    "\\",
    "NaN",
    "1e999",
    "\\ud800",
    "//",
    "'",
    "null",
    "\t",
    "\\u202e",
    "-",
    "01",
]


def constitution(rng: random.Random) -> str:
    """JSON of traits, with values of every kind where texts should be, or with slips in its text."""

    def odd(depth: int) -> object:
        if depth and rng.random() < 0.3:
            return [odd(depth - 1) for _ in range(rng.randrange(4))]
        return {"trait": odd(depth - 1)} if depth and rng.random() < 0.1 else rng.choice(ODD_VALUES)

    entries: list[object] = []
    for _ in range(rng.randrange(4)):
        entry: dict[str, object] = {"trait": "I am kind.", "questions": ["How are you?", "Who are you?"]}
        if rng.random() < 0.4:
            entry[rng.choice(["trait", "questions", "clarification", "x"])] = odd(2)
        entries.append(entry if rng.random() < 0.9 else odd(2))
    text = json.dumps(entries, ensure_ascii=rng.random() < 0.5)
    return changed(rng, text, JSON, (text,)) if rng.random() < 0.4 else text


YAML = [
    "- ", ": ", "\n", "\n  ", "&a ", "*a", "<<: ", "!!python/object:os.system ", "!x ", "|", "|2-\n", ">", "? ",
    "%YAML 1.2\n", "---\n", "...\n", "{", "}", "[", "]", "'", '"', "#", " # c\n", "~", "null", "1e999", "0x1F", "1_0",
    "2001-01-01", "\t", "yes", ".inf", "\\", "\0", "\ufeff", "\u202e", "\u0430", "\x85", ">= 90%", "/a/i", "$group",
]  # fmt: skip
PLACED = ["tenet", "section", "overlay", "clauses", "trait", "at", "when", "$group", "regex", "<<", "", "x"]
"""Keys that mean something in a mapping, or nothing."""


@cache
def plain_corpus() -> tuple[str, ...]:
    """Real specs as plain data, each written as JSON."""
    clean = [text for text in corpus() if spec.loads(text).document is not None]
    return tuple(json.dumps(data_of(read(Source("spec.tenet", text))[0])) for text in clean)


def plain_data(rng: random.Random) -> Any:
    """A spec as plain data: a real one or a drawn one, with some of its values changed for others."""
    if rng.random() < 0.7:
        data = json.loads(rng.choice(plain_corpus()))
    else:
        data = data_of(read(Source("spec.tenet", write(Records(rng, few=True).document())))[0])
    for _ in range(rng.choice([0, 0, 1, 1, 2, 5])):
        data = _misplaced(rng, data)
    return data


def _misplaced(rng: random.Random, data: Any) -> Any:
    """`data` with one of its values lost, renamed, nested, or changed for another."""
    if not data or not isinstance(data, dict | list) or rng.random() < 0.15:
        match rng.randrange(5):
            case 0:
                return rng.choice(ODD_VALUES)
            case 1:
                return [data]
            case 2:
                return {rng.choice(PLACED): data}
            case 3:
                return [data, data]
            case _:
                return rng.choice(words())
    if isinstance(data, list):
        at = rng.randrange(len(data))
        return [*data[:at], _misplaced(rng, data[at]), *data[at + 1 :]]
    key = rng.choice(list(data))
    if rng.random() < 0.2:
        renamed = rng.choice(PLACED) if rng.random() < 0.5 else rng.choice(words())
        return {renamed if name == key else name: value for name, value in data.items() if rng.random() < 0.95}
    return {name: _misplaced(rng, value) if name == key else value for name, value in data.items()}


def yaml(rng: random.Random) -> str:
    """A spec in YAML, in our layout or in PyYAML's, whole or with slips."""
    data = plain_data(rng)
    try:
        text = to_yaml(data) if rng.random() < 0.5 else ""
    except (TypeError, AttributeError):  # what our layout writes is a spec, and this is none
        text = ""
    text = text or _dumped(rng, data)
    return changed(rng, text, YAML, (text,)) if rng.random() < 0.5 else text


def _dumped(rng: random.Random, data: Any) -> str:
    encodable = json.loads(json.dumps(data).replace("\\ud800", "?"))
    text: str = pyyaml.dump(
        encodable, Dumper=getattr(pyyaml, "CSafeDumper", pyyaml.SafeDumper), allow_unicode=rng.random() < 0.5,
        default_flow_style=rng.choice([None, True, False]), default_style=rng.choice([None, None, "'", '"', "|"]),
        width=rng.choice([20, 80]), indent=rng.choice([2, 4]), sort_keys=rng.random() < 0.5,
    )  # fmt: skip
    return text


def json_spec(rng: random.Random) -> str:
    """A spec in JSON, whole or with slips."""
    text = json.dumps(plain_data(rng), indent=rng.choice([None, 2]), ensure_ascii=rng.random() < 0.5)
    return changed(rng, text, JSON, (text,)) if rng.random() < 0.5 else text
