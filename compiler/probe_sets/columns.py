"""Which column of a file is what: by the names that such files use, or by what the user says.

In: the names of a file's columns and some rows. Out: role -> column, and the columns that rows are grouped by. This
file must not know what a role is used for.

>>> found = roles(["id", "prompt", "type", "label"], Options())
>>> found["prompt"], found["label"], "context" in found
('prompt', 'label', False)
>>> roles(["Goal", "harmful"], Options(columns=(("label", "harmful"),)))
{'label': 'harmful', 'prompt': 'Goal'}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compiler.probe_sets.records import Expects, Options

ROLES: dict[str, tuple[str, ...]] = {
    "id": ("id", "uid", "index", "idx", "name"),
    "prompt": ("prompt", "question", "text", "input", "user", "message", "ask", "instruction", "query", "goal"),
    "messages": ("messages", "conversation"),
    "context": ("system", "context"),
    "label": ("label", "expect", "expected", "expects", "should"),
    "clause": ("clause", "clause_id"),
    "checks": ("checks",),
    "cluster": ("cluster", "template"),
}
"""Names of each role, in any case; the first that is there counts."""

SAFE = ("safe", "benign", "harmless", "answer", "answered", "comply", "allowed")
UNSAFE = ("unsafe", "harmful", "toxic", "refuse", "refused", "decline", "disallowed")
LABELS: dict[str, Expects] = {**dict.fromkeys(SAFE, "answered"), **dict.fromkeys(UNSAFE, "refused")}

MOST_VALUES = 200
FEWEST_ROWS = 3
"""A column with more different values, or with fewer rows for each of them on average, is no group, unless the user
names it."""
LONGEST_VALUE = 60


def roles(names: Sequence[str], options: Options) -> dict[str, str]:
    """Return role -> column. Roles that the user has given come first and take their columns."""
    found = {role: column for role, column in options.columns if role != "group"}
    taken = set(found.values())
    by_name = {name.strip().casefold(): name for name in reversed(names)}
    for role, known in ROLES.items():
        column = next((by_name[name] for name in known if name in by_name and by_name[name] not in taken), None)
        if role not in found and column is not None:
            found[role] = column
            taken.add(column)
    return found


def groups(
    names: Sequence[str], rows: Sequence[Mapping[str, object]], found: Mapping[str, str], options: Options
) -> list[str]:
    """Return the columns that rows are grouped by: those the user names, or each further one whose values come again.

    >>> rows = [{"p": f"ask {n}", "type": "ab"[n % 2], "note": str(n)} for n in range(9)]
    >>> groups(["p", "type", "note"], rows, {"prompt": "p"}, Options())
    ['type']
    """
    named = [column for role, column in options.columns if role == "group"]
    if named:
        return named
    out = []
    for name in names:
        if name in found.values():
            continue
        values = [str(row.get(name) or "") for row in rows]
        different = set(values) - {""}
        few = 2 <= len(different) <= min(MOST_VALUES, len(rows) // FEWEST_ROWS)
        if few and max(map(len, different)) <= LONGEST_VALUE:
            out.append(name)
    return out


def unknown(names: Sequence[str], options: Options) -> list[tuple[str, str]]:
    """Return what the user has named and the file does not have, as role and column."""
    return [(role, column) for role, column in options.columns if column not in names]
