"""Pairs for people with another tool, and back: records of Argilla, and tasks of Label Studio.

In: pairs, and what is struck; from a tool's export, its JSON. Out: JSON that the tool imports, with the interface that
shows it; from an export, what people said of each row. Both tools ask the same of a row: keep it or strike it out, and
why. Argilla's records are those of its Python client (`rg.Record.to_dict`, `dataset.records.from_json`), Label Studio's
those of https://labelstud.io/guide/task_format. A row is known by its content (`compiler.struck`), in the metadata, so
that what comes back of an older build strikes no other row. This file must not know files or lists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from compiler.records.rows import PreferencePair
from compiler.struck import key_of_pair

Say = Literal["keep", "strike out"]
SAYS: tuple[Say, ...] = ("keep", "strike out")
KEY = "tenet_key"
UNSAID = "nobody has said anything of them"

INTERFACE = """\
<View>
  <Header value="$clauses"/>
  <Text name="prompt" value="$prompt"/>
  <Header value="chosen"/>
  <Text name="chosen" value="$chosen"/>
  <Header value="rejected"/>
  <Text name="rejected" value="$rejected"/>
  <Choices name="row" toName="chosen" choice="single"><Choice value="keep"/><Choice value="strike out"/></Choices>
  <TextArea name="why" toName="chosen" placeholder="Why" rows="2" maxSubmissions="1"/>
</View>
"""
SETTINGS: dict[str, Any] = {
    "fields": [
        {"name": "prompt", "title": "Prompt", "type": "text"},
        {"name": "chosen", "title": "Chosen", "type": "text"},
        {"name": "rejected", "title": "Rejected", "type": "text"},
    ],
    "questions": [
        {"name": "row", "title": "Keep this row, or strike it out?", "type": "label_selection", "labels": list(SAYS)},
        {"name": "why", "title": "Why", "type": "text", "required": False},
    ],
    "metadata": ["clauses", "generator", KEY],
}
"""What a data set of Argilla has to have for these records, in the words of its settings."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one person said of a row."""

    key: str
    say: Say
    why: str
    by: str


@dataclass(slots=True)
class Import:
    """left_out: records that say nothing here, by reason."""

    said: list[Said] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def turns(pair: PreferencePair) -> str:
    """The conversation before the answers, in one text."""
    return "\n\n".join(f"{message.role}: {message.content}" for message in (*pair.prompt, *pair.chosen[:-1]))


def _shown(pair: PreferencePair) -> dict[str, str]:
    return {"prompt": turns(pair), "chosen": pair.chosen[-1].content, "rejected": pair.rejected[-1].content}


def argilla(pairs: Iterable[PreferencePair], struck: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Return records; what is struck has that as a suggestion."""
    listed = frozenset(struck)
    return [
        {
            "id": key,
            "fields": _shown(pair),
            "metadata": {
                "clauses": ", ".join(pair.clause_ids),
                "generator": pair.generator,
                "row": pair.id,
                KEY: key,
            },
            "suggestions": ({"row": {"value": "strike out", "score": None, "agent": "tenet"}} if key in listed else {}),
            "responses": {},
            "vectors": {},
        }
        for pair in pairs
        for key in [key_of_pair(pair)]
    ]


def label_studio(pairs: Iterable[PreferencePair], struck: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Return tasks; what is struck has that as a prediction."""
    listed = frozenset(struck)
    return [
        {
            "id": number,
            "data": {
                KEY: key,
                "row": pair.id,
                "clauses": ", ".join(pair.clause_ids),
                "generator": pair.generator,
                **_shown(pair),
            },
            "annotations": [],
            "predictions": [_prediction(key)] if key in listed else [],
        }
        for number, pair in enumerate(pairs, 1)
        for key in [key_of_pair(pair)]
    ]


def _prediction(key: str) -> dict[str, Any]:
    value = {"choices": ["strike out"]}
    region = {"id": key[:12], "from_name": "row", "to_name": "chosen", "type": "choices", "value": value}
    return {"model_version": "tenet", "result": [region]}


def read(records: Iterable[Any], keys: frozenset[str]) -> Import:
    """Read an export of either tool.

    Args:
        keys: of the rows that are here.
    """
    found = Import()
    for record in records:
        if not isinstance(record, dict):
            found.left_out["they are no records"] += 1
            continue
        held = record.get("data") if isinstance(record.get("data"), dict) else record.get("metadata")
        key = str((held or {}).get(KEY, ""))
        if key not in keys:
            found.left_out["their row is not in this build"] += 1
            continue
        said = list(_annotated(key, record) if "data" in record else _responded(key, record))
        found.said += said
        if not said:
            found.left_out[UNSAID] += 1
    return found


def _responded(key: str, record: Mapping[str, Any]) -> Iterator[Said]:
    responses = record.get("responses") or {}
    why = {str(one.get("user_id")): str(one.get("value")) for one in _dicts(responses.get("why"))}
    for one in _dicts(responses.get("row")):
        by = str(one.get("user_id") or "Argilla")
        yield from _said(key, one.get("value"), why.get(by, ""), by)


def _annotated(key: str, task: Mapping[str, Any]) -> Iterator[Said]:
    for annotation in _dicts(task.get("annotations")):
        if annotation.get("was_cancelled"):
            continue
        values = {one.get("from_name"): one.get("value") or {} for one in _dicts(annotation.get("result"))}
        choices = values.get("row", {}).get("choices") or [None]
        text = values.get("why", {}).get("text") or ""
        by = annotation.get("completed_by")
        by = by.get("email") or by.get("id") if isinstance(by, dict) else by
        yield from _said(key, choices[0], " ".join(text) if isinstance(text, list) else str(text), f"{by or ''}")


def _said(key: str, value: Any, why: str, by: str) -> Iterator[Said]:
    if value in SAYS:
        yield Said(key, value, why, by)


def _dicts(values: Any) -> list[dict[str, Any]]:
    return [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []


def disputed(said: Sequence[Said]) -> list[str]:
    """The keys of rows that some strike out and others keep."""
    votes: dict[str, set[str]] = {}
    for one in said:
        votes.setdefault(one.key, set()).add(one.say)
    return [key for key, values in votes.items() if len(values) > 1]


def decided(said: Sequence[Said]) -> tuple[dict[str, Said], list[str]]:
    """Return what is to be struck out, and the keys to keep: what more people say counts, and a tie keeps."""
    votes: dict[str, list[Said]] = {}
    for one in said:
        votes.setdefault(one.key, []).append(one)
    strikes, keeps = {}, []
    for key, of_row in votes.items():
        out = [one for one in of_row if one.say == "strike out"]
        if 2 * len(out) > len(of_row):
            strikes[key] = next((one for one in out if one.why), out[0])
        else:
            keeps.append(key)
    return strikes, keeps
