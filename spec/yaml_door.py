"""YAML text to a plain tree, with what is wrong in it; nothing is ever constructed from a tag.

In: a report whose source is YAML. Out: `Root`, and diagnostics. The parser is PyYAML's (libyaml's where it is there);
the tree is composed here from its events, so that nesting and aliases are bounded, every node knows its place, and a
plain word is what YAML 1.2 says it is: `no` is a text, and so is `2026-01-01`. This file must not know the language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

from spec.diagnostics import Edit, Fix, Note, Report
from spec.lexer import SPLIT
from spec.limits import DEEPEST, MOST_VALUES
from spec.plain import NUMBER, Listing, Mapping, Plain, Root, Scalar, ScalarKind, too_many_values

_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STRING_TAGS = ("!", "tag:yaml.org,2002:str")
_PROPERTIES = re.compile(r"(?:[&!][^\s]*\s+)*")
_BLOCK_HEADER = re.compile(r"[|>][-+0-9]*[^\n]*\n\s*")


class _Stopped(Exception):
    """The file has a defect after which nothing of it means anything."""


@dataclass(slots=True)
class _Frame:
    """A mapping or list that is being composed. key: the key that waits for its value."""

    many: bool
    start: int
    anchor: str | None
    items: list[Plain] = field(default_factory=list)
    entries: list[tuple[Scalar, Plain]] = field(default_factory=list)
    seen: dict[str, Scalar] = field(default_factory=dict)
    key: Scalar | None = None
    skipped: bool = False
    size: int = 1


def read(report: Report) -> Root:
    """Return the tree of the report's source."""
    composer = _Composer(report)
    try:
        tree = composer.compose()
    except _Stopped:
        return Root(None)
    return Root(tree, tuple(_comments(report.source.text, composer.texts)), composer.values)


@dataclass(slots=True)
class _Composer:
    report: Report
    frames: list[_Frame] = field(default_factory=list)
    anchors: dict[str, tuple[Plain, int]] = field(default_factory=dict)
    texts: list[tuple[int, int]] = field(default_factory=list)
    root: Plain | None = None
    documents: int = 0
    values: int = 0

    def compose(self) -> Plain | None:
        text = self.report.source.text
        for event in _events(self.report):
            start, end = event.start_mark.index, event.end_mark.index
            match event:
                case yaml.DocumentStartEvent():
                    self.documents += 1
                    if self.documents > 1:
                        self._unused("several documents in one file", start, min(start + 3, len(text)),
                                     "keep one, and give the others files of their own")  # fmt: skip
                        raise _Stopped
                case yaml.ScalarEvent():
                    self._put(self._scalar(event, start, end), event.anchor)
                case yaml.AliasEvent():
                    self._alias(str(event.anchor), start, end)
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    if len(self.frames) >= DEEPEST:
                        self.report.add("T0005", f"more than {DEEPEST} levels of nesting",
                                        self.report.at(start, start + 1), label="one too deep")  # fmt: skip
                        raise _Stopped
                    self._tag(event.tag, start)
                    self.frames.append(_Frame(isinstance(event, yaml.SequenceStartEvent), start, event.anchor))
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    frame = self.frames.pop()
                    # A block ends where the next thing starts; its own end is that of the last thing in it.
                    closed = text[start:end] in ("]", "}")
                    stop = end if closed else max(frame.start, len(text[frame.start : start].rstrip()) + frame.start)
                    node: Plain = (
                        Listing(tuple(frame.items), frame.start, stop)
                        if frame.many
                        else Mapping(tuple(frame.entries), frame.start, stop)
                    )
                    self._put(node, frame.anchor, frame.size)
        return self.root

    # ---- nodes

    def _scalar(self, event: Any, start: int, end: int) -> Scalar:
        source = self.report.source.text
        self._tag(event.tag, start)
        start = _PROPERTIES.match(source, start).end()  # type: ignore[union-attr]  # it matches nothing, too
        text: str = event.value
        if half := re.search("[\ud800-\udfff]", text):
            self.report.add("T0002", f"this text holds half a character, U+{ord(half[0]):04X}",
                            self.report.at(start, end), label="here")  # fmt: skip
            text = text.replace(half[0], "\ufffd")
        end = start + len(source[start:end].rstrip())
        self.texts.append((start, end))
        opening = source[start : start + 1]
        plain = bool(event.implicit[0]) and opening not in ("|", ">") and event.tag is None
        kind = _kind(text) if plain else "text"
        if event.implicit[0] and event.tag is None:
            inner = start
        elif opening in ("|", ">"):
            header = _BLOCK_HEADER.match(source, start)
            inner = min(header.end() if header else start + 1, end)
        else:
            inner = start + 1
        return Scalar(kind, text, start, end, inner, source.startswith(text, inner) and inner + len(text) <= end)

    def _alias(self, name: str, start: int, end: int) -> None:
        if name not in self.anchors:
            inside = any(frame.anchor == name for frame in self.frames)
            self.report.add(
                "T0054", f"`*{name}` stands inside of what it repeats" if inside else f"there is no anchor `&{name}`",
                self.report.at(start, end), label="has no end" if inside else "repeats nothing",
                help="write out what is meant" if inside else "text that starts with `*` goes in quotes",
            )  # fmt: skip
            raise _Stopped
        node, size = self.anchors[name]
        if size + sum(frame.size for frame in self.frames) > MOST_VALUES:
            self.report.add(
                "T0054", f"with its aliases written out, the file has more than {MOST_VALUES:,} values",
                self.report.at(start, end), label="one too many", help="write out what is meant, and no more",
            )  # fmt: skip
            raise _Stopped
        self._put(node, None, size, at=(start, end))

    def _put(self, node: Plain, anchor: str | None, size: int = 1, at: tuple[int, int] | None = None) -> None:
        """Put a node where it belongs; `at` is its place where an alias repeats it."""
        if anchor is not None:
            self.anchors[anchor] = node, size
        self.values += 1 if at is None else size
        if 2 * self.values > self.report.room.signs:
            start, end = at or (node.start, node.end)
            self.report.add("T0004", too_many_values(), self.report.at(start, end), label="one too many", help=SPLIT)
            raise _Stopped
        if not self.frames:
            self.root = node
            return
        frame = self.frames[-1]
        frame.size += size
        if frame.many:
            frame.items.append(node)
        elif frame.key is None and not frame.skipped:
            self._key(frame, node, at or (node.start, node.end))
        else:
            if frame.key is not None:
                frame.entries.append((frame.key, node))
            frame.key, frame.skipped = None, False

    def _key(self, frame: _Frame, node: Plain, at: tuple[int, int]) -> None:
        span = self.report.at(*at)
        if not isinstance(node, Scalar) or node.kind != "text" or not node.text:
            what = {Mapping: "a mapping", Listing: "a list"}.get(type(node))
            shown = what or (f"`{node.text}`" if isinstance(node, Scalar) and node.text else "empty")
            self.report.add("T0053", f"a key is a text, and this one is {shown}", span, label="no text",
                            help=f"put it in quotes: `\"{node.text}\"`" if isinstance(node, Scalar) and node.text
                            else None)  # fmt: skip
        elif node.text == "<<":
            self._unused("merge keys", *at, "write out what is meant, or give clauses something in common by a section")
        elif node.text in frame.seen:
            first = frame.seen[node.text]
            self.report.add("T0051", f"the key `{node.text}` stands twice", span, label="again",
                            secondary=[Note(self.report.at(first.start, first.end), "first here")],
                            help="keep one of them; several values are a list")  # fmt: skip
        else:
            frame.seen[node.text] = frame.key = node
            return
        frame.skipped = True

    # ---- what specs do not use

    def _tag(self, tag: str | None, start: int) -> None:
        if tag is None or tag in _STRING_TAGS or tag in ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            return
        written = re.compile(r"(?:&\S+\s+)?(![^\s,\[\]{}]*)").match(self.report.source.text, start)
        place = self.report.at(*written.span(1)) if written else self.report.at(start, start + 1)
        shown = written[1] if written else tag
        self._unused(f"tags such as `{shown}`", place.start, place.end, "remove the tag; a text goes in quotes")

    def _unused(self, what: str, start: int, end: int, help: str) -> None:
        self.report.add("T0052", f"specs do not use {what}", self.report.at(start, end), label="not read", help=help)


def _kind(text: str) -> ScalarKind:
    if text in ("true", "false", "True", "False", "TRUE", "FALSE"):
        return "flag"
    if text in ("", "null", "~", "Null", "NULL"):
        return "nothing"
    return "number" if NUMBER.fullmatch(text) else "text"


def _comments(text: str, taken: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield where comments stand: outside of all scalars, behind a space or at the start of a line."""
    last = 0
    for start, end in [*taken, (len(text), len(text))]:
        for match in re.finditer(r"(?:(?<=\s)|^)#[^\n]*", text[last:start], re.MULTILINE):
            yield last + match.start(), last + match.end()
        last = max(last, end)


# ---- what is no YAML

_NO_CHARACTER = (ValueError, OverflowError)
"""What PyYAML's own parser raises for `\\UFFFFFFFF`; libyaml's reports it."""


def _events(report: Report) -> Iterator[Any]:
    """Yield the events of a text; report where it ends to be YAML, and stop."""
    text = report.source.text
    try:
        yield from yaml.parse(text, Loader=_PARSER)
    except yaml.YAMLError as error:
        _explain(report, _in_words(text) or error)
        raise _Stopped from error
    except _NO_CHARACTER as error:
        report.add("T0050", "an escape in this file is no character", report.at(0, 1), label="in this file",
                   help=r"the largest is `\U0010FFFF`")  # fmt: skip
        raise _Stopped from error


def _in_words(text: str) -> yaml.YAMLError | None:
    """Return the error as PyYAML's own parser finds it, which says more than libyaml's."""
    try:
        for _ in yaml.parse(text, Loader=yaml.SafeLoader):
            pass
    except yaml.YAMLError as error:
        return error
    except _NO_CHARACTER:
        return None
    return None


Opening = Literal["*", "&", "!", "@", "`", "%"]
_STARTS = {"*": "starts an alias", "&": "starts an anchor", "!": "starts a tag", "@": "starts nothing",
           "`": "starts nothing", "%": "starts a directive"}  # fmt: skip


def _explain(report: Report, error: yaml.YAMLError) -> None:
    """Report a syntax error in words of somebody who writes a spec, at the smallest place."""
    text = report.source.text
    mark, context = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    at = min(mark.index if mark is not None else getattr(error, "position", 0), len(text))
    begun = context.index if context is not None else at
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read")
    sign, opened = text[at : at + 1], text[begun : begun + 1] if context is not None else ""
    if (opened == ">" and "block scalar" in str(getattr(error, "context", ""))) or sign == ">":
        begun = begun if opened == ">" else at
        line = re.split(r"[\n,}\]]| #", text[begun:], maxsplit=1)[0]
        end = begun + len(line.rstrip())
        written = text[begun:end]
        span = report.at(begun, end)
        fix = Fix("put it in quotes", (Edit(span, f'"{written}"'),), "safe") if '"' not in written else None
        Report.add(  # the text's own fixes are left out for YAML, and this is one of YAML
            report, "T0050", "`>` starts a text of several lines in YAML", span, label="goes in quotes",
            help=f'write `"{written}"`', fix=fix,
        )  # fmt: skip
    elif "\\t" in problem or sign == "\t":
        report.add("T0050", "YAML is indented with spaces, and this is a tab", report.at(at, at + 1), label="a tab",
                   help="indent with two spaces")  # fmt: skip
    elif "mapping values are not allowed" in problem:
        report.add("T0050", "a `:` with a space behind it stands in a text without quotes", report.at(at, at + 1),
                   label="read as the end of a key", help="put the text in quotes")  # fmt: skip
    elif "unknown escape" in problem and sign:
        report.add("T0050", f"`\\{sign}` means nothing between double quotes", report.at(max(at - 1, 0), at + 1),
                   label="unknown escape", help="use single quotes, in which a backslash is a backslash")  # fmt: skip
    elif (not sign or "unexpected end of stream" in problem) and opened in ("'", '"'):
        report.add("T0050", "this text is not closed", report.at(begun, begun + 1),
                   label="opened here", help=f"close it with `{opened}`")  # fmt: skip
    elif (first := opened if opened in _STARTS else sign) in _STARTS and first:
        start = begun if opened in _STARTS else at
        report.add("T0050", f"`{first}` {_STARTS[first]} in YAML, and none is here", report.at(start, start + 1),
                   label="goes in quotes", help="put the text in quotes")  # fmt: skip
    else:
        notes = [Note(report.at(begun, begun + 1), "begun here")] if opened.strip() else []
        if notes and notes[0].span.start == at:
            notes = []
        report.add("T0050", f"this is not YAML: {_plainly(problem)}", report.at(at, min(at + 1, len(text))),
                   label="here", secondary=notes,
                   help="what belongs together starts in the same column; `-` starts an item of a list"
                   if "block" in problem or "key" in problem else None)  # fmt: skip


def _plainly(problem: str) -> str:
    """Say with words what PyYAML says with names of its tokens."""
    problem = problem.replace("<block end>", "the end of the block").replace("'<scalar>'", "a text")
    problem = problem.replace("'<block mapping start>'", "an indented mapping")
    problem = problem.replace("'<block sequence start>'", "an indented list")
    return re.sub(r"'<([^<>]*)>'|<([^<>]*)>", lambda match: match[1] or match[2], problem)
