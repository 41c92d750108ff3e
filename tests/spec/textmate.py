"""A reader of TextMate grammars, as far as ours uses them: `match` with captures, `begin` and `end`, `include`.

In: a grammar and text. Out: for each character the name of what colours it, None for nothing. Editors use Oniguruma;
the patterns are written in what it and `re` have in common.
"""

from __future__ import annotations

import re
from typing import Any


def scopes(grammar: dict[str, Any], text: str) -> list[str | None]:
    found: list[str | None] = []
    stack: list[dict[str, Any]] = []
    for line in text.split("\n"):
        marks: list[str | None] = [stack[-1]["name"] if stack else None] * len(line)
        at = 0
        while at <= len(line):
            rules = stack[-1].get("patterns", []) if stack else grammar["patterns"]
            tried = [(rule, re.compile(rule.get("match") or rule["begin"])) for rule in _flat(grammar, rules)]
            end = re.compile(stack[-1]["end"]) if stack else None
            best = min(
                ((m.start(), number, rule, m) for number, (rule, pattern) in enumerate([(None, end), *tried])
                 if pattern is not None and (m := pattern.search(line, at))),
                key=lambda one: one[:2], default=None,
            )  # fmt: skip
            if best is None:
                break
            _, _, rule, match = best
            owner = stack[-1] if rule is None else rule
            if "name" in owner:
                marks[match.start() : match.end()] = [owner["name"]] * (match.end() - match.start())
            for group, capture in owner.get("captures", {}).items():
                start, stop = match.span(int(group))
                marks[start:stop] = [capture["name"]] * (stop - start)
            if rule is None:
                stack.pop()
            elif "begin" in rule:
                stack.append(rule)
            marks[match.end() :] = [stack[-1]["name"] if stack else None] * (len(line) - match.end())
            if match.end() == at == len(line) or (match.end() == match.start() and rule is not None):
                break
            at = match.end()
        found.extend([*marks, None])
    return found[:-1]


def _flat(grammar: dict[str, Any], rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    flat: list[dict[str, Any]] = []
    for rule in rules:
        if "include" in rule:
            flat.extend(_flat(grammar, [grammar["repository"][rule["include"].removeprefix("#")]]))
        elif "patterns" in rule and "begin" not in rule:
            flat.extend(_flat(grammar, rule["patterns"]))
        else:
            flat.append(rule)
    return flat
