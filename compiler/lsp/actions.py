"""Quick fixes: what diagnostics offer to mend them, and all safe fixes of a file at once.

In: a stretch of a file. Out: edits. Which fixes make a spec better is decided in `spec/fixing.py`, as for
`tenet check --fix`; here one is offered wherever its diagnostic is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from lsprotocol import types

import spec
from compiler.lsp.diagnostics import diagnose, found_in
from compiler.lsp.session import Session
from compiler.lsp.texts import Change
from compiler.lsp.workspace import Checked, File
from spec.diagnostics import Diagnostic, Fix
from spec.fixing import fix_all, fixable

FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.tenet"
OPTIONS = types.CodeActionOptions([types.CodeActionKind.QuickFix, FIX_ALL])


def actions(session: Session, params: types.CodeActionParams) -> list[types.CodeAction]:
    file = session.file(params.text_document.uri)
    if file is None:
        return []
    wanted = params.context.only
    found: list[types.CodeAction] = []
    if wanted is None or any(_within(types.CodeActionKind.QuickFix.value, kind) for kind in wanted):
        found.extend(_quick_fixes(session, file, params.range))
    if wanted is not None and any(_within(FIX_ALL, kind) for kind in wanted):
        found.extend(_fix_all(session, file))
    return found


def _within(kind: str, wanted: str) -> bool:
    value = str(getattr(wanted, "value", wanted))
    return kind == value or kind.startswith(f"{value}.") or value == ""


def _quick_fixes(session: Session, file: File, place: types.Range) -> Iterator[types.CodeAction]:
    start, end = file.text.offset(place.start), file.text.offset(place.end)
    shown = diagnose(session, file.path).diagnostics
    for (diagnostic, checked), published in zip(found_in(session, file.path), shown, strict=True):
        fix = diagnostic.fix
        if fix is None or not (diagnostic.span.start <= end and diagnostic.span.end >= start):
            continue
        yield types.CodeAction(
            title=f"{fix.title[:1].upper()}{fix.title[1:]}",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[published],
            is_preferred=fix.applicability == "safe",
            edit=_edit(session, checked, fix),
        )


def _edit(session: Session, checked: Checked, fix: Fix) -> types.WorkspaceEdit:
    changes: dict[str, list[types.TextEdit]] = defaultdict(list)
    for edit in fix.edits:
        path = checked.places[edit.span.path]
        file = session.workspace.file(path)
        if file is not None:
            change = Change(edit.span.start, edit.span.end, edit.text)
            changes[session.uri(path)].append(file.text.edit(change))
    return types.WorkspaceEdit(changes=dict(changes))


def _fix_all(session: Session, file: File) -> Iterator[types.CodeAction]:
    """Offer the safe fixes of one file, all that make it better."""
    root = session.workspace.roots(file.path)[0]
    checked = session.workspace.check(root)
    name = next((name for name, path in checked.places.items() if path == file.path), None)
    if name is None or not fixable(_of(checked.loaded.diagnostics, name)):
        return
    held = {below.path: below.text.clean for below, _ in session.workspace.included(root)}

    def check(texts: Mapping[str, str]) -> list[Diagnostic]:
        changed: dict[Path, str] = {checked.places[name]: text for name, text in texts.items()}
        found = spec.load(root, texts={**held, **changed}).diagnostics if texts else checked.loaded.diagnostics
        # What is wrong elsewhere stays; its fixes are not asked for.
        return [d if d.fix is None or _in(d, name) else _without_fix(d) for d in found]

    done = fix_all(check, lambda path: held[checked.places[path]])
    text = done.texts.get(name)
    if text is not None and text != file.text.clean:
        edit = file.text.edit(Change(0, len(file.text.clean), text))
        yield types.CodeAction(
            title="Fix all that is safe to fix",
            kind=FIX_ALL,
            edit=types.WorkspaceEdit(changes={session.uri(file.path): [edit]}),
        )


def _of(diagnostics: Iterable[Diagnostic], name: str) -> list[Diagnostic]:
    return [d for d in diagnostics if _in(d, name)]


def _in(diagnostic: Diagnostic, name: str) -> bool:
    """Whether a diagnostic's fix changes one file alone, and that is `name`."""
    return diagnostic.fix is not None and all(edit.span.path == name for edit in diagnostic.fix.edits)


def _without_fix(diagnostic: Diagnostic) -> Diagnostic:
    return replace(diagnostic, fix=None)
