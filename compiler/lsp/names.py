"""What the names in a spec stand for: where each is declared, and where it is used.

In: the files of a spec. Out: `Use`s, each with the `Symbol` that it stands for. Names are read from the syntax tree and
not from the checked document, so that a file with errors still has them. A use covers the last part of a dotted name
alone: in `trait.house.caring` it is `caring`, which is what stands at the declaration and what renaming changes.
`house` is a use of its own, of what an import puts before names. What `was` and `supersedes` name is in earlier
versions of the spec, and none of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from compiler.lsp.tree import body_of, texts
from compiler.lsp.workspace import File, Workspace
from spec import ast
from spec.constructs import CONSTRUCTS, STYLES
from spec.references import BUILT_IN
from spec.vocabulary import CONTAINERS, NAMED

Sort = Literal["clause", "section", "dimension", "value", "tag", "parameter", "file", "alias", "term", "other"]


@dataclass(frozen=True, slots=True)
class Symbol:
    """name: a clause's id; a value's dimension and itself, joined by `=`; a parameter's file and name, by `:`; of an
    alias all that it puts before names, without the last dot."""

    sort: Sort
    name: str


@dataclass(frozen=True, slots=True)
class Use:
    """A place where a symbol is named. declares: the one where it is declared (a tag has none)."""

    symbol: Symbol
    path: Path
    start: int
    end: int
    declares: bool = False


@dataclass(frozen=True, slots=True)
class _Mention:
    """A name in one file, not resolved yet. field: what holds it, or the kind of the block that declares it."""

    field: str
    text: str
    start: int
    end: int
    declares: bool = False
    owner: str = ""


_NAMED_BY: dict[str, tuple[Sort, ...]] = {
    "see": ("clause", "section"), "style": ("clause",), "for": ("clause",), "of": ("clause",),
    "over": ("clause", "tag"), "drop": ("clause",), "priority": ("clause", "tag"), "tags": ("tag",),
}  # fmt: skip
_OF_ANOTHER_SORT = frozenset({("prefer", "over"), ("probe", "tags")})
"""Fields of these names whose values are texts, or tags that no clause has."""
PARAMETER = re.compile(r"(?<!\$)\$\{\s*([^\W\d][\w-]*)\s*\}")
"""A parameter in a text; its group is the name."""
BUILT_IN_DIMENSIONS = {dimension.name: dimension for dimension in BUILT_IN}


def named_by(field: str, block: str) -> tuple[Sort, ...]:
    """Return what the names in a field may stand for; nothing where it holds none. block: the word of its block."""
    return () if (block, field) in _OF_ANOTHER_SORT else _NAMED_BY.get(field, ())


@dataclass(slots=True)
class Names:
    """The names of one spec: a root and all that it includes. clauses: ids by plain name. declared: by symbol."""

    uses: list[Use] = field(default_factory=list)
    clauses: dict[str, list[str]] = field(default_factory=dict)
    declared: dict[Symbol, list[Use]] = field(default_factory=dict)

    def at(self, path: Path, offset: int) -> list[Use]:
        """Return the uses at a place; several where a file is included under several names."""
        return [use for use in self.uses if use.path == path and use.start <= offset <= use.end]

    def of(self, symbols: Iterable[Symbol]) -> list[Use]:
        wanted = set(symbols)
        return [use for use in self.uses if use.symbol in wanted]

    def named(self, sort: Sort) -> list[str]:
        """Return the names of all symbols of a sort, in the order in which they first stand."""
        return list(dict.fromkeys(use.symbol.name for use in self.uses if use.symbol.sort == sort))


def names_of(workspace: Workspace, root: Path) -> Names:
    """Return the names of a spec."""
    included = workspace.included(root)
    mentions = [(file, prefix, tuple(mentions_in(file))) for file, prefix in included]
    names = Names()
    for file, prefix, found in mentions:
        for mention in found:
            if mention.declares and mention.field != "value":
                _declare(names, file, prefix, mention)
    for file, prefix, found in mentions:
        for mention in found:
            if not mention.declares or mention.field == "value":
                for symbol in _symbols(names, file, prefix, mention):
                    use = Use(symbol, file.path, mention.start, mention.end, mention.declares)
                    names.uses += [*_aliases(file, mention, symbol), use]
                    if mention.declares:
                        names.declared.setdefault(symbol, []).append(use)
    return names


# ---- declarations


def _declare(names: Names, file: File, prefix: str, mention: _Mention) -> None:
    kind, name = mention.field, mention.text
    match kind:
        case "dimension":
            symbol = Symbol("dimension", name)
        case "parameter":
            symbol = Symbol("parameter", f"{file.path}:{name}")
        case "section" | "overlay":
            symbol = Symbol("section", prefix + name)
        case "term":
            symbol = Symbol("term", prefix + name)
        case "alias":
            symbol = Symbol("alias", prefix + name)
        case _ if kind in CONSTRUCTS:
            symbol = Symbol("clause", f"{kind}.{prefix}{name}")
            ids = names.clauses.setdefault(prefix + name, [])
            if symbol.name not in ids:
                ids.append(symbol.name)
        case _:
            symbol = Symbol("other", f"{kind}.{prefix}{name}")
    use = Use(symbol, file.path, mention.start, mention.end, True)
    names.uses.append(use)
    names.declared.setdefault(symbol, []).append(use)


# ---- resolution


def _symbols(names: Names, file: File, prefix: str, mention: _Mention) -> list[Symbol]:
    """Return what a name may stand for: nothing for an unknown one, several for an ambiguous one."""
    text = mention.text
    match mention.field:
        case "dimension":
            return [Symbol("dimension", text)]
        case "value":
            return [Symbol("value", f"{mention.owner}={text}")]
        case "tags":
            return [Symbol("tag", text)]
        case "parameter":
            return [Symbol("parameter", f"{mention.owner or file.path}:{text}")]
        case "file":
            return [Symbol("file", mention.owner)]
    found = _clauses(names, prefix, text)
    if mention.field == "style":  # a style is a trait, whatever else has its name
        found = [s for s in (_clauses(names, prefix, f"trait.{text}") if "." not in text else ()) if s] or found
    others = _NAMED_BY[mention.field]
    if found:
        return found
    if "section" in others:
        plain = text.removeprefix("section.").removeprefix("overlay.")
        for name in (prefix + plain, plain):
            if (symbol := Symbol("section", name)) in names.declared:
                return [symbol]
    return [Symbol("tag", text)] if "tag" in others and "." not in text else []


def _clauses(names: Names, prefix: str, text: str) -> list[Symbol]:
    """Return the clauses that a name may mean: in a file imported `as house`, `caring` is `house.caring` first."""
    kind, dot, rest = text.partition(".")
    for before in (prefix, ""):
        if dot and kind in CONSTRUCTS and (symbol := Symbol("clause", f"{kind}.{before}{rest}")) in names.declared:
            return [symbol]
        if ids := names.clauses.get(before + text):
            return [Symbol("clause", clause_id) for clause_id in ids]
    return []


def _aliases(file: File, mention: _Mention, symbol: Symbol) -> Iterator[Use]:
    """Yield the parts of a dotted name that are aliases: in `trait.house.caring`, `house`."""
    if symbol.sort not in ("clause", "section"):
        return
    kind, dot, rest = mention.text.partition(".")
    written = rest if dot and (kind in CONSTRUCTS or kind in CONTAINERS) else mention.text
    parts = written.split(".")
    whole = (symbol.name.partition(".")[2] if symbol.sort == "clause" else symbol.name).split(".")
    at = mention.end - len(written)
    for behind, part in zip(range(len(parts) - 1, 0, -1), parts, strict=False):
        yield Use(Symbol("alias", ".".join(whole[:-behind])), file.path, at, at + len(part))
        at += len(part) + 1


# ---- mentions


def mentions_in(file: File) -> Iterator[_Mention]:
    """Yield every name of one file."""
    for text in texts(file.module.items):
        for match in PARAMETER.finditer(file.text.clean, text.start, text.end):
            yield _Mention("parameter", match[1], *match.span(1))
    for included in file.imports:
        written, alias, body = included.directive.argument, included.directive.alias, included.directive.body
        yield _Mention("file", "", written.start, written.end, owner=str(included.path))
        if alias is not None and alias.text:
            yield _Mention("alias", alias.text, alias.start, alias.end, declares=True)
        for item in body.items if body else ():
            if isinstance(item, ast.Field):
                yield _Mention("parameter", item.name.text, item.name.start, item.name.end, owner=str(included.path))
    yield from _in_items(file.module.items)


def _in_items(items: Iterable[ast.Item]) -> Iterator[_Mention]:
    for item in items:
        match item:
            case ast.Block(kind=kind, name=name, body=body):
                if name is not None and name.text and _is_declaring(kind.text):
                    yield _Mention(kind.text, name.text, name.start, name.end, declares=True)
                yield from _in_fields(body.items, kind.text, name.text if name else "")
                if kind.text in CONTAINERS:
                    yield from _in_items(body.items)
            case ast.Field(name=ast.Word("priority" | "drop" as word), value=value):
                yield from _names(word, value)
            case ast.Field() if (body_ := body_of(item)) is not None:
                yield from _in_fields(body_.items, item.name.text, "")
            case _:
                pass


def _is_declaring(kind: str) -> bool:
    return kind in CONSTRUCTS or kind in CONTAINERS or kind in NAMED or kind == "dimension"


def _in_fields(items: Iterable[ast.Item], kind: str, name: str) -> Iterator[_Mention]:
    for item in items:
        if not isinstance(item, ast.Field):
            continue
        word, value = item.name.text, item.value
        if word in ("when", "unless"):
            yield from _in_condition(value)
        elif word == "values" and kind == "dimension":
            yield from (_value(name, item, True) for item in _listed(value) if _is_value(item))
        elif named_by(word, kind):
            yield from (m for m in _names(word, value) if word != "style" or m.text not in STYLES)


def _names(field: str, value: ast.Value) -> Iterator[_Mention]:
    for item in _listed(value):
        if isinstance(item, ast.Word) and item.text:
            yield _last_part(field, item.text, item.end)
        elif isinstance(item, ast.Text) and not item.long and item.end - item.start == len(item.value) + 2:
            yield _last_part(field, item.value, item.end - 1)


def _last_part(field: str, text: str, end: int) -> _Mention:
    return _Mention(field, text, end - len(text.rpartition(".")[2]), end)


def _listed(value: ast.Value) -> tuple[ast.Value, ...]:
    match value:
        case ast.Array(items=items) | ast.Comparison(operands=items):
            return items
        case _:
            return (value,)


def _in_condition(value: ast.Value) -> Iterator[_Mention]:
    match value:
        case ast.Word(text) if text not in ("", "true", "false"):
            yield _Mention("dimension", text, value.start, value.end)
        case ast.Comparison(operands=(ast.Word(name) as left, *rest)):
            yield from _in_condition(left)
            for operand in rest:
                yield from (_value(name, item, False) for item in _listed(operand) if _is_value(item))
        case ast.Group(inner=one) | ast.Negation(operand=one):
            yield from _in_condition(one)
        case ast.Junction(operands=operands):
            for operand in operands:
                yield from _in_condition(operand)
        case _:
            pass


def _is_value(item: ast.Value) -> bool:
    return isinstance(item, ast.Word) and item.text not in ("", "true", "false")


def _value(dimension: str, item: ast.Value, declares: bool) -> _Mention:
    assert isinstance(item, ast.Word)
    return _Mention("value", item.text, item.start, item.end, declares, dimension)
