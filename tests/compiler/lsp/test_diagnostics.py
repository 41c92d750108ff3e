"""Diagnostics over the protocol: as one types, of imports, from unsaved texts, at places as the client counts."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable

from lsprotocol import types

from tests.compiler.lsp.conftest import Editor, Script

Run = Callable[[Script], None]

CLEAN = 'tenet 1\n\ntrait warm {\n  means: "Is kind."\n}\n'
BROKEN = CLEAN.replace("means", "mean")


def codes(found: list[types.Diagnostic]) -> set[str]:
    return {str(diagnostic.code) for diagnostic in found}


def test_what_is_wrong_comes_as_one_types_and_goes_when_mended(edited: Run) -> None:
    async def script(editor: Editor) -> None:
        editor.open("a.tenet", CLEAN)
        assert await editor.diagnostics("a.tenet", 1) == []
        found = await editor.diagnostics("a.tenet", editor.change("a.tenet", BROKEN))
        assert "T0101" in codes(found)
        wrong = next(d for d in found if d.code == "T0101")
        assert wrong.range == types.Range(types.Position(3, 2), types.Position(3, 6))
        assert wrong.severity == types.DiagnosticSeverity.Error
        assert "did you mean `means`?" in wrong.message
        assert await editor.diagnostics("a.tenet", editor.change("a.tenet", CLEAN)) == []

    edited(script)


def test_a_text_that_is_typed_over_is_not_checked(edited: Run) -> None:
    async def script(editor: Editor) -> None:
        editor.open("a.tenet", CLEAN)
        await editor.diagnostics("a.tenet", 1)
        versions = [editor.change("a.tenet", CLEAN + "#" * n) for n in range(30)]
        await editor.diagnostics("a.tenet", versions[-1])
        heard = [params.version for params in editor.published[editor.uri("a.tenet")]]
        assert len(heard) < 30
        assert heard == sorted(heard, key=lambda version: version or 0)

    edited(script)


def test_an_open_import_counts_before_it_is_saved(edited: Run) -> None:
    async def script(editor: Editor) -> None:
        editor.write("house.tenet", CLEAN)
        editor.open("a.tenet", 'tenet 1\nimport "house.tenet"\npriority: warm > kind\n')
        assert codes(await editor.diagnostics("a.tenet", 1)) == {"T0203"}
        editor.open("house.tenet", CLEAN + 'trait kind { means: "Is kind." }\n')
        assert await editor.diagnostics("a.tenet", wanted=lambda found: not found) == []
        editor.change("house.tenet", CLEAN + 'trait kind { mean: "Is kind." }\n')
        assert "T0101" in codes(await editor.diagnostics("house.tenet", 2))
        editor.close("house.tenet")
        assert codes(await editor.diagnostics("a.tenet", wanted=lambda found: len(found) == 1)) == {"T0203"}

    edited(script)


def test_what_is_wrong_in_an_import_shows_there(edited: Run) -> None:
    async def script(editor: Editor) -> None:
        editor.write("house.tenet", BROKEN)
        editor.open("a.tenet", 'tenet 1\nimport "house.tenet"\n')
        assert "T0101" in codes(await editor.diagnostics("house.tenet"))
        editor.close("a.tenet")
        assert await editor.diagnostics("house.tenet", wanted=lambda found: not found) == []

    edited(script)


def test_an_import_is_judged_as_part_of_the_spec_that_imports_it(edited: Run) -> None:
    """Alone, the parameter has no text, and nothing is called `warm`."""

    async def script(editor: Editor) -> None:
        editor.write("a.tenet", CLEAN + 'import "part.tenet" { maker: "Harbor" }\n')
        editor.open("part.tenet", 'tenet 1\nparameter maker { note: "who" }\nrule r { must: "${maker}" see: [warm] }\n')
        assert await editor.diagnostics("part.tenet", 1) == []

    edited(script)


def test_what_passes_find_comes_when_typing_pauses_and_stays_in_its_place(edited: Run) -> None:
    spec = CLEAN + 'rule care { must: "Ask first." except: ["Fiction."] }\n'

    async def script(editor: Editor) -> None:
        editor.open("a.tenet", spec)
        found = await editor.diagnostics("a.tenet", wanted=bool)
        assert {code[:3] for code in codes(found)} == {"T05"}
        line = found[0].range.start.line
        after = await editor.diagnostics("a.tenet", editor.change("a.tenet", spec.replace("\n\n", "\n\n\n", 1)))
        assert [(d.code, d.range.start.line) for d in after] == [(found[0].code, line + 1)]

    edited(script)


PLACES = [
    ('because: "🎉🎉" ', 18),  # each takes two units of UTF-16
    ('because: "e\u0301" ', 16),
    ("\t", 3),
    ('because: "\u2028" ', 15),  # no line end for the protocol, though some libraries take it for one
]


def test_places_count_utf_16(edited: Run) -> None:
    async def script(editor: Editor) -> None:
        for number, (before, start) in enumerate(PLACES):
            for ends in ("\n", "\r\n", "\r"):
                text = f'tenet 1\ntrait warm {{\n  {before}mean: "Is kind."\n}}\n'.replace("\n", ends)
                name = f"a{number}{len(ends)}{ord(ends[0])}.tenet"
                editor.open(name, text)
                wrong = next(d for d in await editor.diagnostics(name, 1) if d.code == "T0101")
                assert wrong.range == types.Range(types.Position(2, start), types.Position(2, start + 4)), text

    edited(script)


def test_a_mark_in_front_of_the_text_counts_for_the_client_alone(edited: Run) -> None:
    async def script(editor: Editor) -> None:
        editor.open("a.tenet", '\ufefftenet 1 trait warm { mean: "Is kind." }')
        wrong = next(d for d in await editor.diagnostics("a.tenet", 1) if d.code == "T0101")
        assert (wrong.range.start.character, wrong.range.end.character) == (22, 26)

    edited(script)


HOSTILE = ["", "\x00", "{" * 300, '"""', "tenet 1\n" + "trait " * 500, 'import "a.tenet"', "🎉", "\ud800"]


def test_whatever_is_typed_is_answered(edited: Run) -> None:
    async def script(editor: Editor) -> None:
        editor.open("a.tenet", CLEAN)
        document, client = editor.document("a.tenet"), editor.client
        place = types.Position(0, 1)
        for text in HOSTILE:
            assert await editor.diagnostics("a.tenet", editor.change("a.tenet", text)), text
            outline = client.text_document_document_symbol_async(types.DocumentSymbolParams(document))
            assert await editor.asked(outline) is not None
            await editor.asked(client.text_document_hover_async(types.HoverParams(document, place)))
            await editor.asked(client.text_document_completion_async(types.CompletionParams(document, place)))
            tokens = client.text_document_semantic_tokens_full_async(types.SemanticTokensParams(document))
            assert await editor.asked(tokens) is not None

    edited(script)


def test_a_document_that_was_never_saved_is_checked(edited: Run) -> None:
    async def script(editor: Editor) -> None:
        editor.open("untitled:Untitled-1", BROKEN)
        assert "T0101" in codes(await editor.diagnostics("untitled:Untitled-1", 1))

    edited(script)


def test_the_server_answers_over_tcp(tmp_path: object) -> None:
    async def talk() -> None:
        import socket
        from pathlib import Path

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-c", "from compiler.cli import main; main()", "lsp", "--tcp", str(port)]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
        server = await asyncio.create_subprocess_exec(*command, env=environment)
        editor = Editor(Path(str(tmp_path)))
        try:
            for _ in range(300):
                try:
                    await editor.client.start_tcp("127.0.0.1", port)
                    break
                except OSError:
                    await asyncio.sleep(0.2)
            await editor.greet()
            editor.open("a.tenet", BROKEN)
            assert "T0101" in codes(await editor.diagnostics("a.tenet", 1))
            await editor.asked(editor.client.shutdown_async(None))
            editor.client.exit(None)
            await asyncio.wait_for(server.wait(), 60)
        finally:
            if server.returncode is None:
                server.kill()
            await editor.client.stop()

    asyncio.run(talk())
