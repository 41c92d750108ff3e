"""Renaming: every place that names a thing, in every file, and what goes on by the old name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.compiler.lsp.conftest import Editor, Script, at, edited_text

Run = Callable[[Script], None]

HOUSE = """tenet 1

trait caring {
  means: "Names the feeling first."
  tags: [style]
}

refuse gossip { about: "other people"  style: caring }

section manners { title: "Manners" }

priority: gossip > caring
"""
SPEC = """tenet 1
import "house.tenet" as house

rule no_sides {
  never: "Take a side."
  see: [house.caring, trait.house.caring, "house.caring", house.manners]
  was: [caring]
  supersedes: [trait.caring, rule.caring]
}

refuse dosing at root {
  about: "how much to take"
  style: house.caring
}

grant tone at developer { to: user  over: [trait.house.caring]  how: explicit }

balance weighed { of: [house.caring, no_sides]  weights: [70%, 30%] }

overlay night at system {
  when: user.age_band == teen
  rule gentle { must: "Be gentle."  see: [house.caring] }
  priority: gentle > house.caring
}

probe ask { for: house.caring  ask: "I lost my job." }

priority: dosing > trait.house.caring
"""
BASED = """tenet 1
extends "a.tenet"
drop: [trait.house.caring]
rule no_sides { note: "See house.caring." }
"""


async def opened(editor: Editor) -> None:
    editor.write("house.tenet", HOUSE)
    editor.write("based.tenet", BASED)
    editor.open("a.tenet", SPEC)
    await editor.diagnostics("a.tenet", 1)


async def renamed(editor: Editor, file: str, place: types.Position, name: str) -> dict[str, str]:
    """Rename, and return the texts of the files that change."""
    params = types.RenameParams(editor.document(file), place, name)
    edit = await editor.asked(editor.client.text_document_rename_async(params))
    texts = {"a.tenet": SPEC, "house.tenet": HOUSE, "based.tenet": BASED, **editor.texts}
    names = {Path(uri).name: edits for uri, edits in (edit.changes or {}).items()}
    return {name: edited_text(texts[name], list(edits)) for name, edits in names.items()}


def but_for(text: str, old: str, new: str, *untouched: str) -> str:
    lines = text.split("\n")
    return "\n".join(line if line.strip().startswith(untouched) else line.replace(old, new) for line in lines)


def test_a_clause_is_renamed_wherever_it_is_named_and_not_in_its_history(edited: Run) -> None:
    async def script(editor: Editor) -> None:
        await opened(editor)
        expected = {
            "a.tenet": but_for(SPEC, "caring", "warm", "was:", "supersedes:"),
            "house.tenet": HOUSE.replace("caring", "warm"),
            "based.tenet": BASED.replace("[trait.house.caring]", "[trait.house.warm]"),  # a note is prose
        }
        assert await renamed(editor, "a.tenet", at(SPEC, "caring", 1), "warm") == expected
        assert await renamed(editor, "a.tenet", at(SPEC, "caring]  how"), "warm") == expected
        with pytest.raises(JsonRpcException, match="no name here"):
            await renamed(editor, "a.tenet", at(SPEC, "[caring]"), "warm")

    edited(script)


def test_what_an_import_puts_before_names_is_renamed_with_them(edited: Run) -> None:
    async def script(editor: Editor) -> None:
        await opened(editor)
        document, client = editor.document("a.tenet"), editor.client
        expected = {
            "a.tenet": SPEC.replace("house", "home").replace("home.tenet", "house.tenet"),
            "based.tenet": BASED.replace("[trait.house", "[trait.home"),
        }
        for place in (at(SPEC, "house", 1), at(SPEC, "house.caring"), at(SPEC, "house.manners")):
            assert await renamed(editor, "a.tenet", place, "home") == expected
        definition = types.DefinitionParams(document, at(SPEC, "house.caring"))
        (found,) = await editor.asked(client.text_document_definition_async(definition))
        assert (found.range.start.line, found.range.start.character) == (1, 24)

    edited(script)


TERMS = """tenet 1
term minor { means: "somebody under 18" }
term records {
  means: "what a clinic writes down"  # all of it
}
term data { called: "private data"  means: "what is nobody's business" }
rule care { must: "Ask minors about records and private data with their parents only." }
"""


def test_a_term_keeps_the_word_that_texts_use(edited: Run) -> None:
    async def script(editor: Editor) -> None:
        editor.texts["t.tenet"] = TERMS
        editor.open("t.tenet", TERMS)
        for old, new, before, after in (
            ("minor", "child", "minor {", "child {"),
            ("records", "notes", "records {", "notes {"),
            ("data", "things", "data {", "things {"),
        ):
            expected = TERMS.replace(before, after)
            if old == "minor":
                expected = expected.replace('under 18" }', 'under 18"  called: "minor" }')
            if old == "records":
                expected = expected.replace("# all of it\n", '# all of it\n  called: "records"\n')
            assert await renamed(editor, "t.tenet", at(TERMS, before), new) == {"t.tenet": expected}
        with pytest.raises(JsonRpcException, match="change `called`"):
            await renamed(editor, "t.tenet", at(TERMS, "minors"), "child")

    edited(script)


@pytest.mark.parametrize(
    ("fields", "after"),
    [
        ('\n  means: "x"\n', '\n  means: "x"\n  was: [warm]\n'),
        (' means: "x" ', ' means: "x"  was: [warm] '),
        (' means: "x"  was: [kind] ', ' means: "x"  was: [kind, warm] '),
        (' means: "x"  was: kind ', ' means: "x"  was: [kind, warm] '),
        (' means: "x"  was: [] ', ' means: "x"  was: [warm] '),
        (' means: "x"  was: [warm] ', ' means: "x"  was: [warm] '),
    ],
)
def test_a_clause_that_was_measured_remembers_its_name(edited: Run, fields: str, after: str) -> None:
    before = f'tenet 1\ntrait warm {{{fields}}}\ntrait cool {{ means: "y" }}\n'
    record = {
        "subject": "adapter",
        "sources": [{"path": "m.tenet", "text": 'tenet 1\ntrait warm { means: "as it was" }\n'}],
        "clauses": [{"id": "trait.warm", "verdict": "met", "rates": [{"arm": "adapter", "n": 40, "share": 0.9}]}],
    }

    async def script(editor: Editor) -> None:
        editor.write("runs/m-0123456789ab/diff.json", json.dumps(record))
        editor.texts["m.tenet"] = before
        editor.open("m.tenet", before)
        expected = before.replace("trait warm", "trait kind_one").replace(fields, after, 1)
        assert await renamed(editor, "m.tenet", at(before, "warm"), "kind_one") == {"m.tenet": expected}
        expected = before.replace("trait cool", "trait calm")
        assert await renamed(editor, "m.tenet", at(before, "cool"), "calm") == {"m.tenet": expected}

    edited(script)
