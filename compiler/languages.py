r"""Texts that phrases and patterns find, compared as sets: is every answer that one finds found by others too?

In: phrases and regular expressions as authors write them. Out: a shortest text that the first finds and none of the
others does; `None` where there is none. It walks the automata of both sides in step, and makes their states as it
meets them. Patterns read as in RE2, which looks for them: no look-around, no back references, `\b` over ASCII,
`$` at the very end. A phrase ignores case and does not cut words, as in `compiler/checks/phrases.py`;
the disguises that it is also found in are left out here. This file must not know clauses.

>>> escaping(phrase("As an AI"), [pattern(r"\bas an? (ai|bot)\b", "i")]) is None
True
>>> escaping(pattern(r"as an? (ai|bot)", "i"), [phrase("as an AI"), phrase("as a bot")])
'as a ai'
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from typing import Any

# The parser behind `re`. It has no public name; interegular, which has one, reads no `\b`, `^` or `$`.
_sre: Any = import_module("re._parser")

MOST_STATES = 4000
ALPHABET_COST = 100
"""Steps that take as long as to find the letters that the automata tell apart."""
MOST_NODES = 3000
NODES_MADE = 4
"""As many nodes are made in the time of a step."""
READABLE = " etaoinshrdlucmfwypvbgkjqxz.,!?'-0123456789"
# One of each sort of character that classes tell apart; letters with and without case, marks, wide spaces.
SAMPLES = (
    READABLE + READABLE.upper() + '\n\t\r\f\v_"/#@&*()[]{}<>=+:;$%^|\\`~' + "éÉßдДжЖ漢٣²\u0301\u00a0\u2003\u2028…—“’😀"
)


class TooLarge(Exception):
    """The automata are too large, or the pattern uses what has no automaton."""


@dataclass(slots=True)
class Effort:
    """Steps that several comparisons may take together, some microseconds each. whole: of which this is a part."""

    left: int
    whole: Effort | None = None

    def spend(self, steps: int) -> None:
        """Take steps.

        Raises:
            TooLarge: none are left.
        """
        self.left -= steps
        if self.whole is not None:
            self.whole.left -= steps
        if self.left < 0:
            raise TooLarge


Test = Callable[[str], bool]


@dataclass(slots=True)
class Machine:
    """An automaton without order: numbered nodes. anchored: a match starts at the start of the text.

    steps: node -> (test of a character, next). jumps: node -> (assertion or None, next). The last node accepts.
    """

    anchored: bool = False
    steps: list[list[tuple[Test, int]]] = field(default_factory=list)
    jumps: list[list[tuple[str | None, int]]] = field(default_factory=list)
    literals: set[str] = field(default_factory=set)
    final: int = 0

    def node(self) -> int:
        if len(self.steps) >= MOST_NODES:
            raise TooLarge
        self.steps.append([])
        self.jumps.append([])
        return len(self.steps) - 1


def phrase(
    text: str, *, starts: bool = False, ends: bool = False, loose: bool = False, verbatim: bool = False
) -> Machine:
    """The answers that hold `text`, or start or end with it.

    loose: with any white space for a space, and beside an underscore. It is right for what shall find the texts of
    others: nobody means such answers by a phrase, and a phrase finds them all the same. verbatim: in this case only.
    """
    machine = Machine(anchored=starts)
    here = machine.node()
    words = text.split()
    if starts:
        _loop(machine, here, str.isspace)
    for index, character in enumerate(" ".join(words)):
        if index == 0:
            here = _asserted(machine, here, "not-after-word" if loose else "not-after-name", character)
        target = machine.node()
        spaced = character == " " and loose
        same = str.isspace if spaced else _only(character) if verbatim else _same(character)
        machine.steps[here].append((same, target))
        machine.literals |= {character, character.lower()[:1], character.upper()[:1]}
        if spaced:
            _loop(machine, target, str.isspace)
        here = target
    if words:
        here = _asserted(machine, here, "not-before-word" if loose else "not-before-name", words[-1][-1])
    if ends:
        _loop(machine, here, str.isspace)
        target = machine.node()
        machine.jumps[here].append(("end", target))
        here = target
    machine.final = here
    return machine


def _asserted(machine: Machine, here: int, assertion: str, character: str) -> int:
    """A phrase does not cut a word at an end of its own that is a letter or a digit."""
    if not character.isalnum():
        return here
    target = machine.node()
    machine.jumps[here].append((assertion, target))
    return target


def pattern(text: str, flags: str = "") -> Machine:
    """The answers in which the pattern is found.

    Raises:
        TooLarge: it has no automaton that could be walked.
    """
    machine = Machine()
    start = machine.node()
    try:
        parsed = _sre.parse(text, flags_of(flags))
    except (re.error, OverflowError, RecursionError) as error:
        raise TooLarge from error
    machine.final = _sequence(machine, start, parsed, frozenset(flags) | _named(parsed.state.flags))
    return machine


def escaping(one: Machine, others: Sequence[Machine], effort: Effort | None = None) -> str | None:
    """Return a shortest text that `one` finds and none of `others` does, or None.

    Args:
        effort: what this comparison and others may take together; None for no more bound than each has.

    Raises:
        TooLarge: nothing was found among so many states that nothing can be said.
    """
    machines = (one, *others)
    if effort is not None:
        effort.spend(ALPHABET_COST)
    alphabet = _alphabet(machines)
    start = tuple(frozenset({0}) for _ in machines)
    queue = deque([(start, "", "")])
    seen = {(start, "")}
    while queue:
        states, before, text = queue.popleft()
        if _accepts(one, states[0], before, "") and not any(
            _accepts(m, s, before, "") for m, s in zip(others, states[1:], strict=True)
        ):
            return text
        if effort is not None:
            effort.spend(len(alphabet) * (1 + sum(map(len, states)) // 8))
        for character in alphabet:
            following = _step_all(machines, states, before, character)
            if following is None:
                continue
            key = following, _sort(character)
            if key not in seen:
                if len(seen) >= MOST_STATES:
                    raise TooLarge
                seen.add(key)
                queue.append((following, _sort(character), text + character))
    return None


# ------------------------------------------------------------------ walking

_ACCEPTED = frozenset({-1})


def _step_all(
    machines: Sequence[Machine], states: tuple[frozenset[int], ...], before: str, character: str
) -> tuple[frozenset[int], ...] | None:
    """Return where a character leads; None where one of the others has found its text, which nothing undoes."""
    following = []
    for index, (machine, nodes) in enumerate(zip(machines, states, strict=True)):
        after = _step(machine, nodes, before, character)
        if after is _ACCEPTED and index:
            return None
        if not after and not index:
            return None
        following.append(after)
    return tuple(following)


def _step(machine: Machine, nodes: frozenset[int], before: str, character: str) -> frozenset[int]:
    if nodes is _ACCEPTED:
        return nodes
    closed = _closed(machine, nodes, before, character)
    if machine.final in closed:
        return _ACCEPTED
    found = {target for node in closed for test, target in machine.steps[node] if test(character)}
    if not machine.anchored:
        found.add(0)
    return frozenset(found)


def _accepts(machine: Machine, nodes: frozenset[int], before: str, after: str) -> bool:
    return nodes is _ACCEPTED or machine.final in _closed(machine, nodes, before, after)


def _closed(machine: Machine, nodes: frozenset[int], before: str, after: str) -> set[int]:
    """Return the nodes that can be reached without reading, between the characters `before` and `after`."""
    found, open_nodes = set(nodes), list(nodes)
    while open_nodes:
        for assertion, target in machine.jumps[open_nodes.pop()]:
            if target not in found and (assertion is None or _holds(assertion, before, after)):
                found.add(target)
                open_nodes.append(target)
    return found


def _holds(assertion: str, before: str, after: str) -> bool:
    match assertion:
        case "start":
            return before == ""
        case "end":
            return after == ""
        case "line-start":
            return before in ("", "\n")
        case "line-end":
            return after in ("", "\n")
        case "not-after-word":
            return not before.isalnum()
        case "not-before-word":
            return not after.isalnum()
        case "not-after-name":
            return not before.isalnum() and before != "_"
        case "not-before-name":
            return not after.isalnum() and after != "_"
        case "bound" | "no-bound":
            return (_ascii_word(before) is not _ascii_word(after)) is (assertion == "bound")
        case _:
            raise AssertionError(assertion)


def _ascii_word(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character == "_")


def _sort(character: str) -> str:
    """What assertions see of the character before: one that stands for all of its sort."""
    if character in ("", "\n", "_"):
        return character
    if character.isalnum():
        return "a" if character.isascii() else "é"
    return " "


def _alphabet(machines: Sequence[Machine]) -> list[str]:
    """One character for each set of tests that it passes, the most readable first."""
    tests = list(dict.fromkeys(test for m in machines for node in m.steps for test, _ in node))
    literals = sorted({c for m in machines for c in m.literals}, key=lambda c: (READABLE.find(c) % 99, c))
    found: dict[tuple[object, ...], str] = {}
    for character in [*literals, *SAMPLES]:
        if not "\ud800" <= character <= "\udfff":
            found.setdefault((_sort(character), *(test(character) for test in tests)), character)
    return sorted(found.values(), key=lambda c: (READABLE.find(c) % 99, c))


# ------------------------------------------------------------------ making

# A test is made once for what it tests: two that are equal are one, so that few letters stand for all.


@lru_cache(maxsize=8192)
def _only(character: str) -> Test:
    return lambda c: c == character


@lru_cache(maxsize=8192)
def _same(character: str) -> Test:
    folded = character.casefold()
    return lambda c: c.casefold() == folded


@lru_cache(maxsize=8192)
def _class(text: str, ignore_case: bool) -> Test:
    compiled = re.compile(text, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
    return lambda c: compiled.match(c) is not None


def _loop(machine: Machine, node: int, test: Test) -> None:
    machine.steps[node].append((test, node))


def flags_of(flags: str) -> int:
    """Return the flags of `re` that the letters `i`, `m` and `s` stand for."""
    return sum(int(getattr(re, flag.upper())) for flag in set(flags))


def _named(bits: int) -> frozenset[str]:
    return frozenset(flag for flag in "ims" if bits & int(getattr(re, flag.upper())))


def _sequence(machine: Machine, here: int, items: Any, flags: frozenset[str]) -> int:
    """Add what `items` read after the node `here`; return the node where they end."""
    for operation, argument in items:
        here = _item(machine, here, str(operation), argument, flags)
    return here


def _item(machine: Machine, here: int, operation: str, argument: Any, flags: frozenset[str]) -> int:
    match operation:
        case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN":
            target = machine.node()
            machine.steps[here].append((_test(machine, operation, argument, flags), target))
            return target
        case "BRANCH":
            target = machine.node()
            for branch in argument[1]:
                first = machine.node()
                machine.jumps[here].append((None, first))
                machine.jumps[_sequence(machine, first, branch, flags)].append((None, target))
            return target
        case "SUBPATTERN":
            _, added, removed, inner = argument
            return _sequence(machine, here, inner, flags - _named(removed) | _named(added))
        case "MAX_REPEAT" | "MIN_REPEAT":
            least, most, inner = argument
            return _repeat(machine, here, least, most, inner, flags)
        case "AT":
            target = machine.node()
            machine.jumps[here].append((_assertion(str(argument), flags), target))
            return target
        case _:  # look-around, back references, atomic groups
            raise TooLarge


def _repeat(machine: Machine, here: int, least: int, most: Any, inner: Any, flags: frozenset[str]) -> int:
    for _ in range(int(least)):
        here = _sequence(machine, here, inner, flags)
    if str(most) == "MAXREPEAT":
        loop, target = machine.node(), machine.node()
        machine.jumps[here].append((None, loop))
        machine.jumps[_sequence(machine, loop, inner, flags)].append((None, loop))
        machine.jumps[loop].append((None, target))
        return target
    target = machine.node()
    for _ in range(int(most) - int(least)):
        machine.jumps[here].append((None, target))
        here = _sequence(machine, here, inner, flags)
    machine.jumps[here].append((None, target))
    return target


def _assertion(name: str, flags: frozenset[str]) -> str:
    lines = "m" in flags
    known = {
        "AT_BEGINNING": "line-start" if lines else "start",
        "AT_END": "line-end" if lines else "end",
        "AT_BEGINNING_STRING": "start",
        "AT_END_STRING": "end",
        "AT_BOUNDARY": "bound",
        "AT_NON_BOUNDARY": "no-bound",
    }
    return known[name]


def _test(machine: Machine, operation: str, argument: Any, flags: frozenset[str]) -> Test:
    text = "".join(_written(operation, argument, "s" in flags))
    for code in _codes(operation, argument):
        for character in {chr(c) for c in (code - 1, code, code + 1) if 0 <= c < 0x110000}:
            machine.literals |= {character, character.lower()[:1], character.upper()[:1]}
    return _class(text, "i" in flags)


def _codes(operation: str, argument: Any) -> Iterator[int]:
    """The characters at which a class begins or ends."""
    match operation:
        case "LITERAL" | "NOT_LITERAL":
            yield argument
        case "RANGE":
            yield from argument
        case "IN":
            for inner, value in argument:
                yield from _codes(str(inner), value)


_CATEGORIES = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}


def _written(operation: str, argument: Any, dot_all: bool) -> Iterator[str]:
    """Write what reads one character as a class for `re` again."""
    match operation:
        case "ANY":
            yield r"[\s\S]" if dot_all else r"[^\n]"
        case "LITERAL":
            yield f"[{_escaped(argument)}]"
        case "NOT_LITERAL":
            yield f"[^{_escaped(argument)}]"
        case _:
            parts = []
            for inner, value in argument:
                match str(inner):
                    case "NEGATE":
                        parts.append("^")
                    case "LITERAL":
                        parts.append(_escaped(value))
                    case "RANGE":
                        parts.append(f"{_escaped(value[0])}-{_escaped(value[1])}")
                    case "CATEGORY":
                        name = str(value).removeprefix("CATEGORY_")
                        written = _CATEGORIES[name.removeprefix("NOT_")]
                        parts.append(written.upper() if name.startswith("NOT_") else written)
            yield f"[{''.join(parts)}]"


def _escaped(code: int) -> str:
    return f"\\U{code:08x}"
