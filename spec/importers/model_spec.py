"""OpenAI's Model Spec as it is published: one Markdown file, and a folder of evaluation prompts, to records.

In: the text of the files. Out: `ModelSpec`, everything in it with its line, or `Unreadable`. The shapes that it knows:

    ## Title {#id authority=root}           a section, with a level or without
    Prose with a [link](#id) and a tag[^ab12].
    !!! meta "Commentary"                   and the indented lines below it
    **Example**: what it shows              and a `~~~xml` block of messages, some inside `<comparison>`

A `<!-- GOOD: reason -->` behind `<assistant>` judges the answer. A tag names a file `examples/<tag>.md` with evaluation
prompts. This file must not know how a spec is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from spec.document import ELISION, Level
from spec.importers import writing
from spec.importers.findings import Unreadable

_HEADING = re.compile(r"(#{1,6}) +(.*?)\s*\{#([\w-]+)((?:\s+[\w-]+=[\w.-]+)*)\s*\}\s*$")
_BARE_HEADING = re.compile(r"#{1,6} ")
_LINK = re.compile(r"\[[^\]\n]*\]\(#([\w-]+)\)")
_TAG = re.compile(r"\[\^(\w+)\]")
_OPEN = re.compile(r"\s*<([a-z]+)((?:\s+[\w-]+=(?:\"[^\"]*\"|'[^']*'))*)\s*>\s*(?:<!--\s*(.*?)\s*-->)?\s*$", re.DOTALL)
_VERDICT = re.compile(r"(GOOD|BAD|OK)\b(\[#[\w-]+\])?(?:[:,]\s*(.*))?$", re.DOTALL)
LONGEST_HEAD = 2_000
"""Characters of a heading, and of a message's tag with its comment."""
_ROLES = ("system", "developer", "user", "assistant", "tool")


@dataclass(frozen=True, slots=True)
class Message:
    role: Literal["system", "developer", "user", "assistant", "tool"]
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Answer:
    """reason: in the author's words. breaks: the section that a bad answer goes against."""

    verdict: Literal["good", "bad", "ok"]
    text: str
    reason: str | None
    breaks: str | None
    line: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Answers to the conversation so far."""

    talk: tuple[Message, ...]
    answers: tuple[Answer, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Example:
    """title: what it shows. talk: the whole conversation, the first good answer of each comparison in it."""

    title: str
    line: int
    comparisons: tuple[Comparison, ...]
    talk: tuple[Message, ...]


@dataclass(slots=True)
class Section:
    """prose, commentary: Markdown paragraphs. links: ids of sections that the prose names. tags: with their lines."""

    id: str
    title: str
    depth: int
    level: Level | None
    line: int
    parent: str | None
    prose: list[str] = field(default_factory=list)
    commentary: list[str] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    links: list[tuple[str, int]] = field(default_factory=list)
    tags: list[tuple[str, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """prompts: evaluation prompts by tag."""

    file: str
    sections: tuple[Section, ...]
    prompts: Mapping[str, tuple[Example, ...]]


def read(text: str, file: str, examples: Mapping[str, str]) -> ModelSpec:
    """Return the records of a Model Spec. examples: the texts of the files of evaluation prompts, by tag.

    Raises:
        Unreadable: a block is not closed, an id stands twice, or a heading, level or message has an unknown shape.
    """
    prompts = {}
    for tag, content in sorted(examples.items()):
        name = f"examples/{tag}.md"
        lines = content.replace("\r\n", "\n").split("\n")
        prompts[tag] = tuple(found for _, found in _examples(lines, name))
    return ModelSpec(file, tuple(_sections(text.replace("\r\n", "\n").split("\n"), file)), prompts)


def _sections(lines: list[str], file: str) -> Iterator[Section]:
    starts: dict[int, re.Match[str]] = {}
    fence = 0
    for number, line in enumerate(lines, 1):
        if line.startswith("~~~"):
            fence = 0 if fence else number
        elif not fence and _BARE_HEADING.match(line):
            if len(line) > LONGEST_HEAD:
                raise Unreadable(f"{file}:{number}: a heading has more than {LONGEST_HEAD:,} characters; shorten it")
            heading = _HEADING.fullmatch(line)
            if heading is None:
                raise Unreadable(f"{file}:{number}: a heading has no id; write `{line.strip()} {{#short_name}}`")
            starts[number] = heading
    if fence:
        raise Unreadable(f"{file}:{fence}: a `~~~` block is not closed; put `~~~` where it ends")
    open_: list[Section] = []
    known: dict[str, int] = {}
    numbers = [*starts, len(lines) + 1]
    for first, after in pairwise(numbers):
        heading = starts[first]
        depth, identifier = len(heading[1]), heading[3]
        name = writing.name(identifier)  # ids that differ in capitals or signs become one
        if name in known:
            raise Unreadable(f"{file}:{first}: the id {identifier} stands on line {known[name]} already; rename one")
        known[name] = first
        while open_ and open_[-1].depth >= depth:
            open_.pop()
        parent = open_[-1].id if open_ else None
        section = Section(identifier, heading[2], depth, _level(heading[4], file, first), first, parent)
        _content(section, lines, first + 1, after, file)
        open_.append(section)
        yield section


def _level(attributes: str, file: str, line: int) -> Level | None:
    given = dict(pair.split("=", 1) for pair in attributes.split())
    authority = given.get("authority")
    if authority is None:
        return None
    if authority.upper() not in Level.__members__:
        levels = ", ".join(level.name.lower() for level in sorted(Level, reverse=True))
        raise Unreadable(f"{file}:{line}: there is no level `{authority}`; it is one of {levels}")
    return Level[authority.upper()]


def _content(section: Section, lines: list[str], first: int, after: int, file: str) -> None:
    """Read the lines `first` to `after` (counted from 1, `after` excluded) into the section."""
    inside = lines[first - 1 : after - 1]
    taken: set[int] = set()
    for rows, example in _examples(inside, file, first):
        section.examples.append(example)
        taken.update(rows)
    paragraph: list[str] = []
    target = section.prose
    for offset, line in enumerate(inside):
        number = first + offset
        if number in taken:
            _flush(paragraph, target)
            continue
        if line.startswith("!!! "):
            _flush(paragraph, target)
            target = section.commentary
            continue
        if target is section.commentary and line.strip() and not line.startswith("    "):
            _flush(paragraph, target)
            target = section.prose
        section.links += [(link, number) for link in _LINK.findall(line)]
        section.tags += [(tag, number) for tag in _TAG.findall(line)]
        if line.strip() or (target is section.commentary and paragraph):
            paragraph.append(_TAG.sub("", line[4:] if target is section.commentary else line).rstrip())
        else:
            _flush(paragraph, target)
    _flush(paragraph, target)


def _flush(paragraph: list[str], target: list[str]) -> None:
    text = "\n".join(paragraph).strip("\n")
    if text.strip():
        target.append(text)
    paragraph.clear()


# ------------------------------------------------------------------ examples


def _examples(lines: list[str], file: str, first: int = 1) -> Iterator[tuple[range, Example]]:
    """Yield each example with the numbers of its lines."""
    title, titled = "", 0
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.startswith("**Example**"):
            title, titled = line.removeprefix("**Example**").lstrip(": ").strip(), at
        if line.startswith("~~~"):
            end = next((i for i in range(at + 1, len(lines)) if lines[i].startswith("~~~")), None)
            if end is None:
                raise Unreadable(f"{file}:{first + at}: a `~~~` block is not closed; put `~~~` where it ends")
            start = titled if title else at
            messages = _messages(lines, at + 1, end, file, first)
            yield range(first + start, first + end + 1), _example(title, first + start, messages)
            title, at = "", end
        at += 1


@dataclass(frozen=True, slots=True)
class _Tagged:
    tag: str
    text: str
    comment: str | None
    line: int
    inside: bool


def _messages(lines: list[str], start: int, end: int, file: str, first: int) -> list[_Tagged]:
    """Return the messages of a block. inside: they are answers of a comparison."""
    found: list[_Tagged] = []
    inside = False
    at = start
    while at < end:
        line = lines[at].strip()
        if not line:
            at += 1
            continue
        if line in ("<comparison>", "</comparison>"):
            inside = line == "<comparison>"
            if inside:
                found.append(_Tagged("comparison", "", None, first + at, inside))
            at += 1
            continue
        if line == ELISION:
            # Something was said here that the source does not show.
            found += [_Tagged(role, ELISION, None, first + at, inside) for role in ("user", "assistant")]
            at += 1
            continue
        opened = at
        head = line
        while "<!--" in head and "-->" not in head and at + 1 < end and len(head) <= LONGEST_HEAD:
            at += 1
            head += f" {lines[at].strip()}"
        if len(head) > LONGEST_HEAD:
            raise Unreadable(
                f"{file}:{first + opened}: a message's tag and comment have more than {LONGEST_HEAD:,} characters;"
                " shorten them, or close the comment with `-->`"
            )
        match = _OPEN.fullmatch(head)
        if match is None or match[1] not in _ROLES:
            raise Unreadable(f"{file}:{first + opened}: `{_short(line)}` is no message; they are {', '.join(_ROLES)}")
        close = f"</{match[1]}>"
        last = next((i for i in range(at + 1, end) if lines[i].strip() == close), None)
        if last is None:
            raise Unreadable(f"{file}:{first + opened}: this `<{match[1]}>` is not closed; put `{close}` where it ends")
        text = "\n".join(lines[at + 1 : last]).strip("\n")
        attributes = match[2].strip()
        if attributes:
            text = f"[{attributes}]\n{text}"
        found.append(_Tagged(match[1], text, match[3], first + opened, inside))
        at = last + 1
    return found


def _example(title: str, line: int, messages: list[_Tagged]) -> Example:
    talk: list[Message] = []
    comparisons: list[Comparison] = []
    at = 0
    while at < len(messages):
        message = messages[at]
        judged = _VERDICT.match(message.comment or "") if message.tag == "assistant" else None
        if message.tag == "comparison" or judged:
            at += message.tag == "comparison"
            group: list[_Tagged] = []
            while at < len(messages) and (messages[at].inside if message.inside else not group):
                if messages[at].tag == "comparison":
                    break
                group.append(messages[at])
                at += 1
            answers = tuple(_answer(answer) for answer in group)
            comparisons.append(Comparison(tuple(talk), answers, message.line))
            best = next((a for a in answers if a.verdict == "good"), None)
            if best is not None:
                talk.append(Message("assistant", best.text, best.line))
            continue
        talk.append(Message(message.tag, message.text, message.line))  # type: ignore[arg-type]  # one of _ROLES
        at += 1
    return Example(title, line, tuple(comparisons), tuple(talk))


def _answer(message: _Tagged) -> Answer:
    judged = _VERDICT.match(message.comment or "")
    if judged is None:
        # An answer that nobody judged stands for what may be said.
        return Answer("ok", message.text, message.comment, None, message.line)
    breaks = judged[2][2:-1] if judged[2] else None
    verdict: Literal["good", "bad", "ok"] = "good" if judged[1] == "GOOD" else "bad" if judged[1] == "BAD" else "ok"
    return Answer(verdict, message.text, judged[3] or None, breaks, message.line)


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
