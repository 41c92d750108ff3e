"""A constitution: a JSON list of traits in the first person, each with questions in which it shows.

    [{"trait": "I look for the humour in things.", "questions": ["How do I fold a map?"]}]

In: the text of a file. Out: `Imported`, one trait for each, its questions as `asks`; `Unreadable` names the entry.
"""

from __future__ import annotations

import json
from typing import Any

from spec.importers import writing
from spec.importers.findings import Finding, Imported, Unreadable

KEYS = ("trait", "questions")


def read(text: str, file: str, stem: str) -> Imported:
    """Return the spec of a constitution; `stem` names its traits, `humor_1`, `humor_2`.

    Raises:
        Unreadable: it is no JSON, or no list of traits.
    """
    try:
        entries = json.loads(text)
    except json.JSONDecodeError as error:
        raise Unreadable(f"{file}:{error.lineno}: this is no JSON: {error.msg}") from error
    except RecursionError as error:
        raise Unreadable(f"{file}: this JSON is nested too deeply for a constitution") from error
    except ValueError as error:
        raise Unreadable(f"{file}: this JSON holds a number of thousands of digits") from error
    if "\\ud" in text.lower():
        _refuse_halves(entries, file)
    if not isinstance(entries, list) or not entries:
        raise Unreadable(f'{file}: a constitution is a list, `[{{"trait": "...", "questions": ["..."]}}]`')
    findings: list[Finding] = []
    parts = [_trait(entry, number, file, stem, findings) for number, entry in enumerate(entries, 1)]
    questions = sum(len(entry.get("questions", ())) for entry in entries)
    counts = (("traits", len(entries)), ("questions", questions))
    return Imported(writing.canonical(parts, f"{stem}.tenet"), counts, tuple(findings))


def _refuse_halves(entries: Any, file: str) -> None:
    """JSON's escapes can name half of a character, which no text can hold."""
    try:
        json.dumps(entries, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = f"\\u{ord(error.object[error.start]):04x}"
        raise Unreadable(f"{file}: `{half}` is half of a character; write the character itself") from error


def _trait(entry: Any, number: int, file: str, stem: str, findings: list[Finding]) -> str:
    place = f"{file}: entry {number}"
    if not isinstance(entry, dict) or not isinstance(entry.get("trait"), str) or not entry["trait"].strip():
        raise Unreadable(f'{place} has no text under "trait"')
    asks = entry.get("questions", [])
    if not isinstance(asks, list) or not all(isinstance(ask, str) and ask.strip() for ask in asks):
        raise Unreadable(f'{place}: "questions" is a list of texts')
    unknown = (key for key in entry if key not in KEYS)
    findings.extend(Finding(file, 0, "left_out", f'entry {number}: "{key}", which no trait has') for key in unknown)
    repeated = len(asks) - len(set(asks))
    if repeated:
        findings.append(Finding(file, 0, "defect", f"entry {number}: {repeated} of its questions stand twice"))
    items = [writing.field("means", writing.texts(entry["trait"].strip()))]
    if asks:
        written = ", ".join(writing.texts(ask) for ask in dict.fromkeys(asks))
        items.append(writing.field("asks", f"[{written}]"))
    return writing.block(f"trait {writing.name(f'{stem}_{number}')}", items)
