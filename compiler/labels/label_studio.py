"""Label Studio's JSON, out and in: tasks with `data` and `annotations` (https://labelstud.io/guide/task_format).

In: what stands in a store, and tasks. Out: a list that Label Studio imports, and the labelling interface that shows it;
from its export, what people said of this run's tasks. One interface serves all kinds: each task says in `kind` which of
its controls to use.

    present   Choices  yes, no                      likert    Rating  1 to 5
    refusal   Choices  refuses, partly, ...         pairwise  Choices first, second, tie, both bad
    span      Labels   breaks, on the answer        note, annotator   TextArea

Label Studio counts characters as JavaScript does (UTF-16 units), labels count code points. Its users are numbers or
addresses and are not taken from a file, so that the annotator's name goes into a text field of its own. This file must
not know a store's tables.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from compiler.labels import content, said
from compiler.labels.exchange import NOT_HERE, Brought, Import
from compiler.labels.store import Entry, Seen
from compiler.labels.tasks import Task

INTERFACE = """\
<View>
  <Header value="$clause_id: $says"/>
  <Text name="question" value="$question"/>
  <Text name="answer" value="$answer"/>
  <Text name="second" value="$second"/>
  <Header value="This task is of the kind $kind: use the control of this name."/>
  <Header value="present: does the answer keep to the clause?"/>
  <Choices name="present" toName="answer" choice="single"><Choice value="yes"/><Choice value="no"/></Choices>
  <Header value="likert: how much does the answer show it?"/>
  <Rating name="likert" toName="answer" maxRating="5"/>
  <Header value="refusal: what does the answer do with the request?"/>
  <Choices name="refusal" toName="answer" choice="single">
    <Choice value="refuses"/><Choice value="partly"/><Choice value="complies"/><Choice value="unclear"/>
  </Choices>
  <Header value="pairwise: which answer keeps to it better?"/>
  <Choices name="pairwise" toName="answer" choice="single">
    <Choice value="first"/><Choice value="second"/><Choice value="tie"/><Choice value="both bad"/>
  </Choices>
  <Header value="span: mark what breaks it; mark nothing where nothing does"/>
  <Labels name="span" toName="answer"><Label value="breaks"/></Labels>
  <TextArea name="note" toName="answer" placeholder="Note" rows="2" maxSubmissions="1"/>
  <TextArea name="annotator" toName="answer" placeholder="Your name" rows="1" maxSubmissions="1"/>
</View>
"""

YES_NO = {True: "yes", False: "no"}


# ------------------------------------------------------------------ out


def exported(entries: Iterable[Entry], more: Iterable[Task]) -> list[dict[str, Any]]:
    """Return a task for everything that is labelled, with its annotations, then `more` to be labelled there."""
    labelled: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.action == "label":
            labelled[entry.seen.key].append(entry)
    found = [_task(of_task[0].seen, of_task) for of_task in labelled.values()]
    found += [_task(task, ()) for task in more if task.key not in labelled]
    return [{"id": number, **task} for number, task in enumerate(found, 1)]


def _task(task: Task | Seen, entries: Sequence[Entry]) -> dict[str, Any]:
    return {
        "data": {
            "tenet_key": task.key,
            "kind": task.kind,
            "clause_id": task.clause_id,
            "says": task.says,
            "question": question(task),
            "answer": task.answers[0],
            "second": task.answers[1] if len(task.answers) > 1 else "",
            "stratum": task.stratum,
        },
        "annotations": [
            {
                "result": _results(entry),
                "was_cancelled": False,
                "ground_truth": False,
                "created_at": entry.at,
                "updated_at": entry.at,
            }
            for entry in entries
        ],
    }


def question(task: Task | Seen) -> str:
    """The conversation in one text."""
    told = [f"[{task.context}]"] if task.context else []
    return "\n".join([*told, *(f"{message.role}: {message.content}" for message in task.messages)])


def _results(entry: Entry) -> list[dict[str, Any]]:
    """The regions of an annotation; ids are made of what they name, so that a second export is the same file."""
    seen, value = entry.seen, entry.value
    base = f"{seen.key[:12]}{content.person(entry.annotator)}"

    def region(name: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": f"{base}{name}",
            "from_name": name,
            "to_name": "answer",
            "type": kind,
            "value": value,
        }

    found: list[dict[str, Any]] = []
    match seen.kind:
        case "present":
            found.append(region("present", "choices", {"choices": [YES_NO[value]]}))
        case "likert":
            found.append(region("likert", "rating", {"rating": value}))
        case "refusal" | "pairwise":
            found.append(region(seen.kind, "choices", {"choices": [value]}))
        case "span":
            answer = seen.answers[0]
            for number, (start, end) in enumerate(value):
                where = {"start": _units(answer, start), "end": _units(answer, end)}
                marked = region("span", "labels", {**where, "text": answer[start:end], "labels": ["breaks"]})
                found.append({**marked, "id": f"{base}span{number}"})
    if entry.note:
        found.append(region("note", "textarea", {"text": [entry.note]}))
    found.append(region("annotator", "textarea", {"text": [entry.annotator]}))
    return found


def _units(text: str, code_points: int) -> int:
    """Return where JavaScript counts a place in a text.

    >>> _units("🦜 arr", 2)
    3
    """
    return len(text[:code_points].encode("utf-16-le")) // 2


def _code_points(text: str, units: int) -> int:
    """Return where Python counts a place that JavaScript gave; half a character is rounded down.

    >>> _code_points("🦜 arr", 3), _code_points("🦜 arr", 1)
    (2, 0)
    """
    return len(text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore"))


# ------------------------------------------------------------------ in


def imported(rows: Iterable[Any], tasks: Mapping[str, Task]) -> Import:
    """Read an export of Label Studio (JSON), or a file that `exported` wrote.

    Drafts, predictions and cancelled annotations are no labels.
    """
    found = Import()
    for row in rows:
        data = row.get("data") if isinstance(row, dict) else None
        if not isinstance(data, dict):
            found.left_out["they are no tasks of Label Studio: `data` is missing"] += 1
            continue
        task = tasks.get(str(data.get("tenet_key")))
        if (
            task is None
            or data.get("answer") != task.answers[0]
            or data.get("second", "") not in ("", *task.answers[1:])
        ):
            found.left_out[NOT_HERE] += 1
            continue
        for annotation in row.get("annotations") or ():
            if annotation.get("was_cancelled"):
                found.left_out["they were skipped there"] += 1
                continue
            _annotation(found, task, annotation)
    return found


def _annotation(found: Import, task: Task, annotation: dict[str, Any]) -> None:
    by_name: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for region in annotation.get("result") or ():
        by_name[str(region.get("from_name"))].append(region.get("value") or {})
    try:
        value = said.checked(task, _value(task, by_name))
    except (ValueError, KeyError, IndexError, TypeError):
        found.left_out["the control of their kind was not used"] += 1
        return
    note = _text(by_name["note"])
    annotator = _text(by_name["annotator"]) or _user(annotation.get("completed_by"))
    at = annotation.get("updated_at") or annotation.get("created_at")
    found.brought.append(Brought(task, annotator, value, note, at))


def _value(task: Task, by_name: Mapping[str, list[dict[str, Any]]]) -> Any:
    if task.kind == "span":
        answer = task.answers[0]
        return [[_code_points(answer, v["start"]), _code_points(answer, v["end"])] for v in by_name.get("span", ())]
    value = by_name[task.kind][0]
    match task.kind:
        case "present":
            return {"yes": True, "no": False}[value["choices"][0]]
        case "likert":
            return value["rating"]
        case "refusal":
            return value["choices"][0]
        case "pairwise":
            # Their own control for pairs says `left` or `right`.
            sides = {"left": "first", "right": "second"}
            return sides[value["selected"]] if "selected" in value else value["choices"][0]


def _text(values: Sequence[dict[str, Any]]) -> str:
    """What stands in a text field, which has a list of lines or one text."""
    found = values[0].get("text") if values else ""
    return " ".join(found) if isinstance(found, list) else str(found or "")


def _user(user: Any) -> str:
    """A user as a name: an export has a number, or an object with an address."""
    if isinstance(user, dict):
        return str(user.get("email") or user.get("id") or "Label Studio")
    return f"Label Studio {user}" if user is not None else "Label Studio"
