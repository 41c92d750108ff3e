"""What can stand at a place: statements, fields that the block may have and has not, values, names.

In: a place. Out: the protocol's items, each with its page of the reference. What may stand there is found from the
tokens before it (`context.py`); names come from every spec that the file belongs to.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from lsprotocol import types

from compiler.lsp import language, snippets
from compiler.lsp.context import Context, context_at
from compiler.lsp.names import BUILT_IN_DIMENSIONS, Sort, named_by
from compiler.lsp.session import Session
from compiler.lsp.workspace import File
from spec.blocks import ANSWERS, LEVELS, ROLES
from spec.constructs import CONSTRUCTS, STYLES
from spec.fields import (
    ChainShape,
    ChoiceShape,
    ConditionShape,
    FieldSpec,
    FlagShape,
    TargetShape,
    TextShape,
)
from spec.reference import statements
from spec.vocabulary import BLOCKS, CONTAINERS, SETTINGS

OPTIONS = types.CompletionOptions(trigger_characters=[".", ":", '"', "/", "{", "[", ">", "=", " "])
KIND = types.CompletionItemKind
_REPEATED = frozenset({*ANSWERS, *ROLES, "why", "example"})


def complete(session: Session, params: types.CompletionParams) -> types.CompletionList:
    place = session.at(params.text_document, params.position)
    if place is None:
        return types.CompletionList(False, [])
    file, offset = place
    context = context_at(file.text.clean, offset)
    typed = params.context.trigger_character if params.context is not None else None
    # A space calls for what follows it where that is a value or a level, and not for the next statement.
    if typed == " " and context.place not in ("value", "level"):
        return types.CompletionList(False, [])
    return types.CompletionList(False, list(_Completing(session, file, context).items()))


class _Completing:
    def __init__(self, session: Session, file: File, context: Context) -> None:
        self.session = session
        self.file = file
        self.context = context
        self.range = file.text.range(context.start, context.end)

    def items(self) -> Iterator[types.CompletionItem]:
        context = self.context
        match context.place:
            case "item":
                if context.field:  # behind a whole condition
                    yield from (self._item(word, KIND.Operator, "") for word in ("and", "or"))
                yield from self._fields()
                if context.holds_statements:
                    yield from self._statements()
            case "value":
                yield from self._values()
            case "level":
                for number, level in enumerate(LEVELS):
                    yield self._item(level, KIND.EnumMember, language.level_page(level), order=number)
            case "after name":
                if context.field in CONSTRUCTS or context.field in (*CONTAINERS, "grant"):
                    yield self._item("at", KIND.Keyword, "The level of authority follows.")
            case "after path":
                if context.field == "import":
                    yield self._item("as", KIND.Keyword, "A name follows that stands before the names of its clauses.")
            case "path":
                yield from self._paths()
            case "parameter":
                close = "" if context.colon else "}"
                for name in self._parameters(self.file.path):
                    yield self._item(name, KIND.Variable, "", insert=f"{name}{close}")
            case "nothing":
                pass

    # ---- statements and fields

    def _statements(self) -> Iterator[types.CompletionItem]:
        top = not self.context.blocks
        for word in statements() if top else (*BLOCKS, "priority"):
            if (word in SETTINGS or word == "tenet") and (not top or word in self.context.given):
                continue
            if word == "tenet" and self.file.text.clean[: self.context.start].strip():
                continue
            order = 1 if word in CONSTRUCTS else 2
            page = language.word_page(word)
            yield self._item(word, KIND.Keyword, page, snippet=snippets.statement(word), order=order)

    def _fields(self) -> Iterator[types.CompletionItem]:
        blocks = self.context.path
        if blocks[:1] == ("import",):
            for name in self._parameters(self._included()):
                yield self._item(name, KIND.Variable, "A parameter of that file.", snippet=f'{name}: "$1"')
            return
        construct = CONSTRUCTS.get(blocks[0]) if len(blocks) == 1 else None
        rivals = construct.only_one if construct else ()
        taken = any(name in self.context.given for name in rivals)
        for number, (name, field) in enumerate(language.fields_of(blocks).items()):
            if (name in self.context.given and name not in _REPEATED) or (taken and name in rivals):
                continue
            snippet = snippets.field_line(field, word=blocks[0])
            page = language.field_page(field, blocks[-1])
            order = 0 if field.required else 1
            yield self._item(
                name, KIND.Field, page, snippet=name if self.context.colon else snippet, order=order * 100 + number
            )

    # ---- values

    def _values(self) -> Iterator[types.CompletionItem]:
        context = self.context
        sorts = named_by(context.field, context.path[0] if context.path else "")
        if context.holds_statements and context.field in ("priority", "drop"):
            yield from self._named(sorts)
            return
        field = language.fields_of(context.path).get(context.field)
        if field is None:
            return
        page = language.field_page(field, context.path[-1])
        if sorts:
            yield from self._named(sorts, traits=context.field == "style")
            if context.field == "style":
                yield from (self._item(style, KIND.EnumMember, page) for style in STYLES)
            return
        match field.shape:
            case ConditionShape():
                yield from self._condition()
            case ChoiceShape(choices) | ChainShape(choices):
                taken = {token.text for token in context.before}
                for number, choice in enumerate(c for c in choices if c not in taken):
                    yield self._item(choice, KIND.EnumMember, page, order=number)
            case FlagShape():
                yield from (self._item(word, KIND.EnumMember, page) for word in ("true", "false"))
            case _ if not context.before:
                yield from self._shape(field, page)
            case _:
                pass

    def _shape(self, field: FieldSpec, page: str) -> Iterator[types.CompletionItem]:
        """Offer the shape of a value and the example of the reference."""
        word = self.context.path[0]
        if not isinstance(field.shape, TargetShape):  # which way a target points depends on the clause
            yield self._item(field.says.example, KIND.Value, page, order=2)
        if not (isinstance(field.shape, TextShape) and field.shape.word):
            yield self._item(
                snippets.plain(snippets.value(field, word=word)), KIND.Snippet, page,
                snippet=snippets.value(field, word=word), order=1,
            )  # fmt: skip

    def _condition(self) -> Iterator[types.CompletionItem]:
        before = self.context.before
        last = before[-1] if before else None
        compared = next((t.text for t in reversed(before) if t.kind in ("NAME", "DOTTED")), None)
        if last is not None and (last.kind == "COMPARE" or self.context.listed):
            if self.context.listed:  # the dimension stands before `in [`
                opening = max((i for i, t in enumerate(before) if t.kind == "LSQB"), default=0)
                compared = next((t.text for t in reversed(before[:opening]) if t.kind in ("NAME", "DOTTED")), None)
            for value in self._values_of(compared or ""):
                yield self._item(value, KIND.EnumMember, f"A value of `{compared}`.")
            return
        for name in dict.fromkeys((*self._names("dimension"), *BUILT_IN_DIMENSIONS)):
            values = self._values_of(name)
            yield self._item(name, KIND.Enum, f"Its values: {', '.join(values)}" if values else "A dimension.")
        yield self._item("not", KIND.Operator, "")

    def _values_of(self, dimension: str) -> list[str]:
        before = f"{dimension}="
        found = [name.removeprefix(before) for name in self._names("value") if name.startswith(before)]
        built_in = BUILT_IN_DIMENSIONS.get(dimension)
        return list(dict.fromkeys((*found, *(built_in.values if built_in else ()))))

    # ---- names

    def _named(self, sorts: Iterable[Sort], *, traits: bool = False) -> Iterator[types.CompletionItem]:
        taken = {token.text for token in self.context.before}
        for sort in sorts:
            names = self._names(sort)
            shared = [name.partition(".")[2] for name in names]
            for name in names:
                kind, _, plain = name.partition(".") if sort == "clause" else ("", "", name)
                if traits and kind != "trait":
                    continue
                # A clause's plain name will do where it is the only one with it.
                whole = name if sort == "clause" and shared.count(plain) > 1 and not traits else plain
                if whole in taken or name in taken:
                    continue
                what = f"`{name}`" if sort == "clause" else sort
                yield self._item(whole, KIND.Reference, what, detail=kind or sort, order=0 if sort == "clause" else 1)

    def _names(self, sort: Sort) -> list[str]:
        """Return names of a sort as this file would write them: what its own include gives them in front is left out
        in the file itself."""
        found: dict[str, None] = {}
        for root in self.session.workspace.roots(self.file.path):
            prefixes = [p for f, p in self.session.workspace.included(root) if f.path == self.file.path]
            for name in self.session.names(root).named(sort):
                kind, dot, rest = name.partition(".") if sort == "clause" else ("", "", name)
                own = next((p for p in prefixes if p and rest.startswith(p)), "")
                found[f"{kind}{dot}{rest.removeprefix(own)}"] = None
        return list(found)

    def _parameters(self, path: Path | None) -> list[str]:
        if path is None:
            return []
        before = f"{path}:"
        names = (n for root in self.session.workspace.roots(self.file.path)
                 for n in self.session.names(root).declared if n.sort == "parameter")  # fmt: skip
        return list(dict.fromkeys(n.name.removeprefix(before) for n in names if n.name.startswith(before)))

    def _included(self) -> Path | None:
        """Return the file of the import whose braces are around the place."""
        around = [i for i in self.file.imports if i.directive.start < self.context.start <= i.directive.end]
        return around[-1].path if around else None

    def _paths(self) -> Iterator[types.CompletionItem]:
        for path in self.session.workspace.known():
            if path != self.file.path and path.is_relative_to(self.file.path.anchor):
                written = os.path.relpath(path, self.file.path.parent).replace(os.sep, "/")
                yield self._item(written, KIND.File, "", order=written.count("../"))

    # ---- items

    def _item(
        self,
        label: str,
        kind: types.CompletionItemKind,
        page: str,
        *,
        insert: str | None = None,
        snippet: str | None = None,
        detail: str | None = None,
        order: int = 0,
    ) -> types.CompletionItem:
        with_holes = snippet is not None and self.session.snippets
        text = (snippet if with_holes else snippets.plain(snippet)) if snippet is not None else (insert or label)
        return types.CompletionItem(
            label=label,
            kind=kind,
            detail=detail,
            documentation=types.MarkupContent(types.MarkupKind.Markdown, page) if page else None,
            sort_text=f"{order:03}{label}",
            insert_text_format=types.InsertTextFormat.Snippet if with_holes else types.InsertTextFormat.PlainText,
            text_edit=types.TextEdit(self.range, text or label),
        )
