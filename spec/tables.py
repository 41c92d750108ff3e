"""The grammar's parse tables: compiled by Lark once, then read from a small file in the user's cache.

In: `grammar.lark`. Out: `Tables`, plain lists and dicts. Lark is imported only when the tables must be made anew, so
that reading a spec does not wait for it. The cache is JSON, never a pickle: a file that somebody else put there can at
worst be wrong data, and it lies in a folder that only this user can enter. This file must not know what a rule means.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any

from spec.frozen import dataclass

GRAMMAR = Path(__file__).with_name("grammar.lark")
FORMAT = 2

END = "$END"


@dataclass(frozen=True, slots=True)
class Rule:
    """A production. keep: which of its `size` symbols carry a value; lists: which of these are lists to be spread."""

    name: str
    origin: str
    size: int
    keep: tuple[int, ...]
    lists: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Tables:
    """terminals: name -> regular expression, in the order in which they are tried. keywords: text -> terminal.

    actions[state][terminal]: the next state, or `-1 - rule` to reduce. jumps[state][nonterminal]: the next state.
    """

    terminals: dict[str, str]
    keywords: dict[str, str]
    rules: tuple[Rule, ...]
    actions: tuple[dict[str, int], ...]
    jumps: tuple[dict[str, int], ...]
    start: int
    end: int


def load_tables() -> Tables:
    """Return the tables of this package's grammar, from the cache where it has them."""
    grammar = GRAMMAR.read_text(encoding="utf-8")
    digest = hashlib.sha256(f"{FORMAT}\n{grammar}".encode()).hexdigest()[:20]
    folder = cache_folder()
    path = folder / f"grammar-{digest}.json" if folder else None
    if path:
        try:
            return _from_json(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            pass  # absent, torn or damaged: make it anew
    tables = compile_grammar(grammar)
    if path:
        _write(path, json.dumps(_to_json(tables), separators=(",", ":")))
    return tables


def cache_folder() -> Path | None:
    """Return a folder that belongs to this user and that nobody else can enter; None where there can be none."""
    base = os.environ.get("XDG_CACHE_HOME") or ""
    try:
        folder = (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "tenet"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode):
            return None
        if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o077):
            return None
    except (OSError, RuntimeError):
        return None
    return folder


def compile_grammar(grammar: str) -> Tables:
    """Compile `grammar` with Lark's LALR(1) generator; a conflict is an error of ours and raises.

    Raises:
        lark.exceptions.GrammarError: the grammar is malformed or ambiguous.
    """
    from lark import Lark
    from lark.parsers.lalr_analysis import LALR_Analyzer, Shift

    lark = Lark(grammar, parser="lalr", lexer="contextual", maybe_placeholders=False)
    configuration = lark.parser.parser_conf
    analyzer = LALR_Analyzer(configuration, strict=True)
    analyzer.compute_lalr()
    table = analyzer.parse_table

    # Keywords are the string terminals that the NAME terminal matches too; punctuation goes into the scanner.
    words = {t.pattern.value: t.name for t in lark.terminals if t.pattern.type == "str" and t.pattern.value.isalpha()}
    scanned = sorted(
        (t for t in lark.terminals if t.name not in words.values()),
        key=lambda t: (-t.priority, t.pattern.type != "str", -t.pattern.max_width, t.name),
    )
    numbers = {rule: i for i, rule in enumerate(configuration.rules)}
    actions: list[dict[str, int]] = []
    jumps: list[dict[str, int]] = []
    # Lark numbers states as its sets happen to be ordered; counted from the start, the tables are always the same.
    order = [table.start_states["start"]]
    place = {order[0]: 0}
    for state in order:
        row: dict[str, int] = {}
        jump: dict[str, int] = {}
        for symbol, (action, argument) in sorted(table.states[state].items()):
            if action is not Shift:
                row[symbol] = -1 - numbers[argument]
                continue
            if argument not in place:
                place[argument] = len(order)
                order.append(argument)
            (row if symbol.isupper() or symbol == END else jump)[symbol] = place[argument]
        actions.append(row)
        jumps.append(jump)
    return Tables(
        terminals={t.name: t.pattern.to_regexp() for t in scanned},
        keywords=words,
        rules=tuple(_rule(rule) for rule in configuration.rules),
        actions=tuple(actions),
        jumps=tuple(jumps),
        start=0,
        end=place[table.end_states["start"]],
    )


def _rule(rule: Any) -> Rule:
    keep = tuple(i for i, symbol in enumerate(rule.expansion) if not getattr(symbol, "filter_out", False))
    lists = tuple(i for i in keep if rule.expansion[i].name.startswith("__"))
    origin = rule.origin.name
    if origin.startswith("__"):
        name = "+list"  # Lark's own rule for a repetition
    elif len(keep) == 1 and not lists and (origin.startswith("_") or (rule.options.expand1 and not rule.alias)):
        name = "+pass"  # `?rule` with one child, or an inlined rule
    else:
        name = rule.alias or origin
    return Rule(str(name), str(origin), len(rule.expansion), keep, lists)


def _to_json(tables: Tables) -> dict[str, Any]:
    return {
        "terminals": list(tables.terminals.items()),
        "keywords": tables.keywords,
        "rules": [[r.name, r.origin, r.size, r.keep, r.lists] for r in tables.rules],
        "actions": tables.actions,
        "jumps": tables.jumps,
        "start": tables.start,
        "end": tables.end,
    }


def _from_json(data: dict[str, Any]) -> Tables:
    return Tables(
        terminals={str(name): str(pattern) for name, pattern in data["terminals"]},
        keywords=dict(data["keywords"]),
        rules=tuple(Rule(n, o, int(s), tuple(k), tuple(ls)) for n, o, s, k, ls in data["rules"]),
        actions=tuple(data["actions"]),
        jumps=tuple(data["jumps"]),
        start=int(data["start"]),
        end=int(data["end"]),
    )


def _write(path: Path, text: str) -> None:
    """Write at once or not at all; a cache that cannot be written is no error."""
    import tempfile  # slow to load, and needed once

    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except OSError:
        return
