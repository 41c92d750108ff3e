"""Every feature over the protocol, on a spec of two files: one client, one server, many questions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.compiler.lsp.conftest import Editor, Script, at, edited_text, marked

Run = Callable[[Script], None]

HOUSE = """tenet 1

# What all of our specs share,
# whoever writes them.

trait caring {
  means: "Names the feeling first."
  tags: [style]
}
"""
SPEC = """tenet 1
import "house.tenet" as house

dimension user.tier { values: [free, paid] }

refuse dosing at root {
  about: "how much to take"
  style: house.caring
  unless: user.tier == paid
}

forbid canned {
  phrases: [
    "Certainly!",
    "As an AI",
  ]
}

priority: dosing > house.caring
"""


async def opened(editor: Editor) -> None:
    editor.write("house.tenet", HOUSE)
    editor.open("a.tenet", SPEC)
    assert await editor.diagnostics("a.tenet", 1) == []


def taken(text: str, places: types.Range) -> str:
    lines = text.split("\n")
    assert places.start.line == places.end.line
    return lines[places.start.line][places.start.character : places.end.character]


def test_names_lead_to_their_declarations_and_uses(edited: Run) -> None:
    async def script(editor: Editor) -> None:
        await opened(editor)
        document, client = editor.document("a.tenet"), editor.client

        async def definition(place: types.Position) -> list[tuple[str, str]]:
            found = await editor.asked(client.text_document_definition_async(types.DefinitionParams(document, place)))
            return [(Path(f.uri).name, taken(HOUSE if "house" in f.uri else SPEC, f.range)) for f in found or ()]

        assert await definition(at(SPEC, "caring")) == [("house.tenet", "caring")]
        assert await definition(at(SPEC, "user.tier", 1)) == [("a.tenet", "user.tier")]
        assert await definition(at(SPEC, "paid", 1)) == [("a.tenet", "paid")]
        assert await definition(at(SPEC, "house.tenet")) == [("house.tenet", "")]
        assert await definition(at(SPEC, "about")) == []
        found = await editor.asked(
            client.text_document_references_async(
                types.ReferenceParams(types.ReferenceContext(True), document, at(SPEC, "caring"))
            )
        )
        assert [(Path(f.uri).name, f.range.start.line) for f in found] == [
            ("a.tenet", 7), ("a.tenet", 18), ("house.tenet", 5),
        ]  # fmt: skip
        marks = await editor.asked(
            client.text_document_document_highlight_async(types.DocumentHighlightParams(document, at(SPEC, "dosing")))
        )
        assert [taken(SPEC, mark.range) for mark in marks] == ["dosing", "dosing"]

    edited(script)


def test_renaming_changes_every_file_and_is_refused_with_a_reason(edited: Run) -> None:
    async def script(editor: Editor) -> None:
        await opened(editor)
        document, client = editor.document("a.tenet"), editor.client

        async def rename(place: types.Position, name: str) -> types.WorkspaceEdit:
            params = types.RenameParams(document, place, name)
            answer: types.WorkspaceEdit = await editor.asked(client.text_document_rename_async(params))
            return answer

        changes = dict((await rename(at(SPEC, "caring"), "warm")).changes or {})
        assert edited_text(SPEC, list(changes[editor.uri("a.tenet")])) == SPEC.replace("caring", "warm")
        assert edited_text(HOUSE, list(changes[editor.uri("house.tenet")])) == HOUSE.replace("caring", "warm")
        changes = dict((await rename(at(SPEC, "paid"), "gold")).changes or {})
        assert edited_text(SPEC, list(changes[editor.uri("a.tenet")])) == SPEC.replace("paid", "gold")
        for place, name, reason in (
            (at(SPEC, "dosing"), "a b", "no name"),
            (at(SPEC, "dosing"), "a.b", "no name"),
            (at(SPEC, "paid"), "free", "there already"),
            (at(SPEC, "house.tenet"), "b", "path"),
            (at(SPEC, "about"), "b", "no name here"),
        ):
            with pytest.raises(JsonRpcException, match=reason):
                await rename(place, name)
        here = types.PrepareRenameParams(document, at(SPEC, "caring"))
        prepared = await editor.asked(client.text_document_prepare_rename_async(here))
        assert prepared.placeholder == "caring"

    edited(script)


COMPLETED = [
    ("|", {"tenet", "trait", "import", "priority"}, {"means"}),
    ('tenet 1\ntrait a {\n  means: "x"\n  |\n}', {"not", "target"}, {"means", "trait"}),
    ('tenet 1\ntrait a { means: "x" example { | } }', {"user", "good"}, {"means"}),
    ("tenet 1\npersona A { voice { | } }", {"emoji"}, {"called"}),
    ("tenet 1\npersona A { voice { emoji: | } }", {"never", "any"}, {"short"}),
    ("tenet 1\ntrait a at |", {"root", "guideline"}, {"trait"}),
    ("tenet 1\nsection s {\n  |\n}", {"title", "trait"}, {"model", "import"}),
    ('tenet 1\ntrait b { means: "x" }\nrefuse a {\n  style: |\n}', {"b", "redirect"}, {"a"}),
    ('tenet 1\ntrait b { means: "x" tags: [t] }\npriority: |', {"b", "t"}, set()),
    ('tenet 1\ntrait b { means: "x" tags: [t] }\nsection s {\n  priority: |\n}', {"b", "t"}, set()),
    ('tenet 1\ntrait b { means: "x" }\nprobe p { for: |', {"b"}, {"p"}),
    ('tenet 1\ntrait b { means: "x" }\nprefer p { this: "y"  over: | }', set(), {"b"}),
    ("tenet 1\ndimension d { values: [x, y] }\ntrait a { when: | }", {"d", "user.role", "not"}, {"x"}),
    ("tenet 1\ndimension d { values: [x, y] }\ntrait a { when: d == | }", {"x", "y"}, {"d"}),
    ("tenet 1\ntrait a { when: user.age_band in [child, | ] }", {"teen"}, {"user.role"}),
    ("tenet 1\noutcomes o { order: right > | }", {"wrong"}, {"right"}),
    ("tenet 1\nforbid a { target: | }", {"<= 1%"}, {">= 90%"}),
    ('tenet 1\nparameter who { default: "x" }\npersona A { maker: "${|" }', {"who"}, {"trait"}),
    ('tenet 1\nimport "|"', {"house.tenet"}, {"b.tenet"}),
    ('tenet 1\nrule r { must: "x" | }', {"about"}, {"never", "must"}),
    ('tenet 1\ntrait a {\n  means: "open\n  |\n\ntrait b { means: "x" }', {"not"}, {"trait"}),
    ("tenet 1\n# |", set(), {"trait"}),
    ('tenet 1\ntrait a { means: "|" }', set(), {"not"}),
]  # fmt: skip


def test_what_can_stand_at_a_place_is_offered(edited: Run) -> None:
    async def script(editor: Editor) -> None:
        editor.write("house.tenet", HOUSE)
        editor.open("b.tenet", "")
        for text, wanted, unwanted in COMPLETED:
            clean, place = marked(text)
            editor.change("b.tenet", clean)
            params = types.CompletionParams(editor.document("b.tenet"), place)
            found = await editor.asked(editor.client.text_document_completion_async(params))
            labels = {item.label for item in found.items}
            assert wanted <= labels, (text, labels)
            assert not unwanted & labels, (text, labels)
        clean, place = marked("tenet 1\ntra|")
        editor.change("b.tenet", clean)
        params = types.CompletionParams(editor.document("b.tenet"), place)
        found = await editor.asked(editor.client.text_document_completion_async(params))
        near = sorted((item for item in found.items if item.label.startswith("tra")), key=lambda item: item.sort_text)
        assert [item.label for item in near] == ["trait", "train"]
        trait = near[0]
        assert trait.insert_text_format == types.InsertTextFormat.Snippet
        assert trait.text_edit.range == types.Range(types.Position(1, 0), types.Position(1, 3))
        assert trait.text_edit.new_text.startswith('trait ${1:name} {\n  means: "$2"')

    edited(script)


def test_words_explain_themselves(edited: Run) -> None:
    async def script(editor: Editor) -> None:
        await opened(editor)
        lens = types.CodeLensParams(editor.document("a.tenet"))
        await editor.asked(editor.client.text_document_code_lens_async(lens))  # the spec is compiled now

        async def hover(word: str, nth: int = 0) -> str:
            params = types.HoverParams(editor.document("a.tenet"), at(SPEC, word, nth))
            found = await editor.asked(editor.client.text_document_hover_async(params))
            return found.contents.value if found is not None else ""

        page = await hover("caring")
        assert "**trait.house.caring** at `developer`" in page
        assert "Names the feeling first." in page.partition("In the prompt:")[2]
        assert "A way of being" in page
        assert "What is refused" in await hover("about")
        assert "| `about` (needed) |" in await hover("refuse")
        assert "**root**" in await hover("root")
        assert "values: [free, paid]" in await hover("user.tier", 1)
        assert await hover("how much") == ""
        # With errors, what is known of the tree still answers.
        editor.change("a.tenet", SPEC.replace("priority:", "priority"))
        assert "What is refused" in await hover("about")

    edited(script)


def test_outline_folds_and_colours_hold_in_a_broken_file(edited: Run) -> None:
    text = SPEC.replace('  about: "how', "  section s {\n about  how").replace("root", "rot")

    async def script(editor: Editor) -> None:
        await opened(editor)
        document, client = editor.document("a.tenet"), editor.client

        async def outline() -> list[types.DocumentSymbol]:
            params = types.DocumentSymbolParams(document)
            found: list[types.DocumentSymbol] = await editor.asked(client.text_document_document_symbol_async(params))
            return found

        assert [(s.name, s.detail) for s in await outline()] == [
            ("house.tenet", "import"), ("user.tier", "dimension"), ("dosing", "refuse at root"), ("canned", "forbid"),
            ("dosing > house.caring", "priority"),
        ]  # fmt: skip
        folds = await editor.asked(client.text_document_folding_range_async(types.FoldingRangeParams(document)))
        assert {(fold.start_line, fold.end_line) for fold in folds} == {(5, 8), (11, 15), (12, 14)}
        full = await editor.asked(client.text_document_semantic_tokens_full_async(types.SemanticTokensParams(document)))
        assert coloured(SPEC, editor, full.data)[:6] == [
            ("tenet", "keyword"), ("1", "number"), ("import", "keyword"), ('"house.tenet"', "string"),
            ("as", "keyword"), ("house", "namespace"),
        ]  # fmt: skip
        lines = types.Range(types.Position(7, 0), types.Position(8, 0))
        some = await editor.asked(
            client.text_document_semantic_tokens_range_async(types.SemanticTokensRangeParams(document, lines))
        )
        assert coloured(SPEC, editor, some.data) == [("style", "property"), ("house.caring", "class")]
        editor.change("a.tenet", text)
        assert {"user.tier", "dosing", "canned"} <= {s.name for s in await outline()}

    edited(script)


def coloured(text: str, editor: Editor, data: list[int]) -> list[tuple[str, str]]:
    """Decode the protocol's numbers: what stands at each token, and its type."""
    assert editor.capabilities is not None
    provider: Any = editor.capabilities.semantic_tokens_provider
    lines, line, column, found = text.split("\n"), 0, 0, []
    for at_ in range(0, len(data), 5):
        down, right, length, kind, _ = data[at_ : at_ + 5]
        line, column = line + down, right if down else column + right
        found.append((lines[line][column : column + length], provider.legend.token_types[kind]))
    return found


def test_fixes_are_offered_where_they_help(edited: Run) -> None:
    text = 'tenet 1\ntrait warm {\n  means: \'Is kind.\'\n  tags: ["style"]\n}\ntrait b { mean: "x" }\n'

    async def script(editor: Editor) -> None:
        editor.open("b.tenet", text)
        found = await editor.diagnostics("b.tenet", 1)

        async def actions(place: types.Range, only: list[str] | None = None) -> list[types.CodeAction]:
            context = types.CodeActionContext(found, only=only)  # type: ignore[arg-type]  # kinds are texts
            params = types.CodeActionParams(editor.document("b.tenet"), place, context)
            answer: list[types.CodeAction] = await editor.asked(editor.client.text_document_code_action_async(params))
            return answer

        mean = at(text, "mean: ")
        quick = await actions(types.Range(mean, mean))
        assert [(a.title, a.is_preferred) for a in quick] == [("Replace it with `means`", False)]
        edit = quick[0].edit
        assert edit is not None
        assert edit.changes is not None
        mended = edited_text(text, list(edit.changes[editor.uri("b.tenet")]))
        assert 'trait b { means: "x" }' in mended
        whole = types.Range(types.Position(0, 0), types.Position(6, 0))
        fixes = await actions(whole, ["source.fixAll"])
        assert [a.kind for a in fixes] == ["source.fixAll.tenet"]
        changes = fixes[0].edit.changes if fixes[0].edit else None
        assert changes is not None
        fixed = edited_text(text, list(changes[editor.uri("b.tenet")]))
        assert 'trait warm {\n  means: "Is kind."\n  tags: [style]\n}\n' in fixed
        assert "mean:" in fixed  # that fix may change what is meant

    edited(script)


def test_layout_of_a_file_and_of_a_selection(edited: Run) -> None:
    text = 'tenet 1\n\ntrait  a {\nmeans:"x"\n}\n\ntrait  b {means:"y"}\n'

    async def script(editor: Editor) -> None:
        for ends in ("\n", "\r\n"):
            name = f"f{len(ends)}.tenet"
            editor.open(name, text.replace("\n", ends))
            options = types.FormattingOptions(2, True)
            document = editor.document(name)
            edits = await editor.asked(
                editor.client.text_document_formatting_async(types.DocumentFormattingParams(document, options))
            )
            assert edited_text(text, [types.TextEdit(e.range, e.new_text.replace(ends, "\n")) for e in edits]) == (
                'tenet 1\n\ntrait a {\n  means: "x"\n}\n\ntrait b { means: "y" }\n'
            )
            assert all("\n" not in e.new_text.replace(ends, "") for e in edits)
            lines = types.Range(types.Position(6, 0), types.Position(7, 0))
            part = types.DocumentRangeFormattingParams(document, lines, options)
            some = await editor.asked(editor.client.text_document_range_formatting_async(part))
            assert [edit.range.start.line for edit in some] == [6]

    edited(script)


def test_a_lens_says_what_a_clause_gets_and_what_was_measured(edited: Run) -> None:
    async def script(editor: Editor) -> None:
        await opened(editor)
        record = {
            "subject": "adapter",
            "sources": [{"path": "a.tenet", "text": SPEC}, {"path": "house.tenet", "text": HOUSE}],
            "clauses": [
                {"id": name, "verdict": "met", "rates": [{"arm": "adapter", "n": 40, "share": share}]}
                for name, share in (("refuse.dosing", 0.91), ("forbid.canned", 0.02))
            ],
        }
        import json

        editor.write("runs/a-0123456789ab/diff.json", json.dumps(record))
        titles = await lens_titles(editor)
        assert titles["dosing"].endswith("pairs, last measured 0.91 (met)")
        assert titles["canned"].endswith("pairs, last measured 0.02 (met)")
        assert titles["dosing"].split(" ", 1)[0].isdigit()
        editor.change("a.tenet", SPEC.replace("how much to take", "how much to drink"))
        titles = await lens_titles(editor)
        assert titles["dosing"].endswith("not measured as it stands")
        assert titles["canned"].endswith("last measured 0.02 (met)")

    edited(script)


async def lens_titles(editor: Editor) -> dict[str, str]:
    params = types.CodeLensParams(editor.document("a.tenet"))
    found = await editor.asked(editor.client.text_document_code_lens_async(params))
    resolved = [await editor.asked(editor.client.code_lens_resolve_async(lens)) for lens in found]
    return {taken(SPEC, lens.range): lens.command.title for lens in resolved}


def test_a_handler_that_fails_is_answered_and_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pygls.exceptions import JsonRpcInternalError

    from compiler.lsp import server as serving

    def fails(*_: object) -> None:
        raise RuntimeError("a bug")

    server = serving.make_server()
    said: list[str] = []
    monkeypatch.setattr(server, "window_log_message", lambda params: said.append(params.message))
    with pytest.raises(JsonRpcInternalError, match="a bug"):
        server.guarded(serving.Feature("textDocument/hover", fails))(None)
    assert said == ["tenet lsp: textDocument/hover failed: RuntimeError('a bug')"]
