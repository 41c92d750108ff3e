"""An output -> the clause and the line of the spec that caused it.

In: a build or run folder, a file in it, and a place in the file (a line number, a key, a row's id, a figure). Out: a
`Trail`: the chain from the output to clauses and their places. What the chain rests on is on disk: trace.json for
files, the rows themselves for rows, keys and ids for JSON. This file must not load models or compile anything.

    build/pirate/prompt.md:7            a line of the prompt
    build/pirate/pairs.jsonl:12         a row, by its line
    build/pirate/pairs.jsonl:trait.pirate/distill-0003    a row, by its id
    build/pirate/filters.json:forbid.canned               a rule
    build/pirate/jobs/dpo.yaml:beta     a setting
    build/pirate/lock.json:17           a line of any JSON file: a hash, a count, a version
    runs/pirate-1a2b3c/diff.json:trait.pirate/adapter     a number of the table (`figures.py` reads these)
    runs/pirate-1a2b3c/measurements.jsonl:40              an answer
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from compiler import json_places
from compiler.digests import State, file_state
from compiler.failures import DataError, PlaceError
from compiler.records.recipe import Recipe
from compiler.trace_parents import parents

# Files of rows, each row with clauses of its own.
ROWS = ("pairs.jsonl", "sft.jsonl", "probes.jsonl", "watch.jsonl")


@dataclass(frozen=True, slots=True)
class Cause:
    """A clause or statement of the spec. place: `file:line:column`, None for what the compiler adds to every spec."""

    id: str
    place: str | None
    line: str | None = None


@dataclass(frozen=True, slots=True)
class Trail:
    """subject: what was asked about. chain: how it came about, backwards. causes: the nearest one first."""

    subject: str
    shows: str
    chain: tuple[str, ...]
    causes: tuple[Cause, ...]


def trace(build: Path, file: str, place: str, run: Path | None = None) -> Trail:
    """Lead one place back.

    Args:
        build: the folder `build/<spec>`.
        file: name of the file, relative to the build (or run) folder.
        place: a line number, or a key or id.
        run: the run folder, for files that stand there.

    Raises:
        PlaceError: there is no such place, or the file is none that is traced.
        DataError: a file cannot be read.
    """
    if run is None and file.startswith("measured/"):
        # Base and prompt, measured before there is a run.
        run, file = build / "measured", file.removeprefix("measured/")
    folder = run or build
    if run is not None and file.startswith(KEPT):
        return _kept(build, run, file, place)
    if run is not None and file.startswith("sets/") and file.endswith(".jsonl"):
        from compiler.trace_beside import set_row

        return set_row((run / file).parent, find_row(run / file, place), file, place, build)
    if file in ROWS:
        return _row(build, file, find_row(build / file, place))
    if file == "measurements.jsonl":
        return _answer(build, file, find_row(folder / file, place), place)
    if file == "events.jsonl":
        return _event(build, file, find_row(folder / file, place), place)
    if file == "diff.json" and not place.isdecimal():
        from compiler.trace_figures import figure

        return figure(build, folder, place)
    if file.endswith(".json"):
        return _json_place(build, folder, file, place)
    if run is not None:
        raise PlaceError(f"{run / file} is no file that is traced", help=f"traced are: {', '.join(RUN_FILES)}")
    return _mapped(build, file, place)


# ------------------------------------------------------------------ text that lowerings wrote

RUN_FILES = ("diff.json", "measurements.jsonl", "measure.json", "run.json", "events.jsonl", "mutations.json", "sets/*")
KEPT = ("asked/", "spec/")
"""Folders of a run that hold what its build was: `backends.measure.asked` writes them."""


def _kept(build: Path, run: Path, file: str, place: str) -> Trail:
    """A copy leads where its original does; of a build that has gone on, rows still name their clauses."""
    name = file.partition("/")[2]
    if (build / name).is_file() and _text(run / file) == _text(build / name):
        return trace(build, name, place)
    if name in ROWS:
        return _row(build, name, find_row(run / file, place))
    raise PlaceError(
        f"{build} has been built anew since {run / file} was written", help="rows are traced, and diff.json"
    )


def _mapped(build: Path, file: str, place: str) -> Trail:
    """A text file of a lowering: trace.json knows its places, and a line without a mark belongs to the key it holds."""
    places = _source_map(build)["files"].get(file)
    if places is None:
        known = ", ".join((*_source_map(build)["files"], *ROWS))
        raise PlaceError(f"{build / file} is no file that is traced", help=f"traced are: {known}, and all JSON files")
    lines = _text(build / file).splitlines()
    at = int(place) - 1 if place.isdecimal() and 0 < int(place) <= len(lines) else None
    key = place if place in places else _key_on(lines[at], places) if at is not None else None
    chain = (f"{file} {_kind(file)}",)
    if key is None and at is not None:
        # A job's first lines say how to run it, and of which base.
        ids = ["model" if lines[at].startswith("# base") else "train"] if lines[at].startswith("# ") else []
        ids = ids if file.startswith("jobs/") else []
        return Trail(f"{file}:{place}", lines[at], chain, causes_of(build, ids))
    if key is None:
        raise PlaceError(f"{file} has no place {place!r}", help=near(place, places))
    shown = lines[int(key) - 1] if key.isdecimal() else next((x for x in lines if x.startswith(f"{key}:")), key)
    return Trail(f"{file}:{place}", shown, chain, causes_of(build, places[key]))


def _key_on(line: str, places: dict[str, list[str]]) -> str | None:
    """Return the key whose entry stands on a line."""
    return next((k for k in places if not k.isdecimal() and line.startswith(f"{k}:")), None)


KINDS = {
    "prompt.md": "is rendered from clauses in order of authority",
    "filters.json": "holds a rule for each clause that a program can check",
    "recipe.json": "asks an engine for the rows of each clause",
    "steering.json": "says what rows a clause's direction is read from, and between what is chosen",
    "steer.json": "says which vector each clause got, and what it did on the questions that chose it",
    "ir.json": "is the spec as the compiler reads it",
    "trace.json": "says which place comes from which clause",
    "sources.json": "holds the text of the spec",
    "lock.json": "holds the hash of everything that went into the build",
    "generate.json": "counts what was asked for, kept and dropped",
    "mixture.json": "counts what the rows are made of, by clause, generator, writer and source of the question",
    "watch.json": "says what is watched while an adapter is trained, and what stops it",
    "run.json": "says what an adapter was trained on, and by what",
    "measure.json": "says how answers were made, and which of them decide which figure",
    "diff.json": "sets what was asked beside what was measured",
    "mutations.json": "counts which probes noticed that a clause was removed or flipped",
    "latency.json": "says how fast the arms answer",
    "tenet-base.json": "says which base stands here",
}


def _kind(file: str) -> str:
    return KINDS.get(Path(file).name, "is written from the statements `train` and `model`")


# ------------------------------------------------------------------ JSON: keys and ids lead back

MODEL_KEYS = frozenset(
    [
        *("base", "base_digest", "base_sha256", "revision", "chat_template", "pins", "teaching_base"),
        *("teacher", "teacher_digest", "judge", "judge_digest", "judge_sha256", "judge_is_subject"),
        *("device", "dtype", "machine", "versions", "sampling"),
    ]
)
TRAIN_KEYS = frozenset(
    [
        "train",
        "seed",
        "method",
        "data",
        "steps",
        "watched",
        "budgets",
        "every",
        "max_fall",
        "answer",
        "adapter_digest",
        "adapter_sha256",
        "engaged",
    ]
)
LAYOUT = frozenset(["version", "is"])


def _json_place(build: Path, folder: Path, file: str, place: str) -> Trail:
    lines, whole, found = _read_places(*_state(folder / file))
    if place.isdecimal():
        if not 0 < int(place) <= len(found):
            raise PlaceError(f"{file} has no line {place}", help=f"it has {len(found)}")
        line = int(place) - 1
    else:
        named = [n for n, path in enumerate(found) if _is_named(place, path, whole)]
        if not named:
            keys = dict.fromkeys(str(path[-1]) for path in found if path)
            raise PlaceError(f"{file} has no place {place!r}", help=near(place, keys))
        line = named[0]
    path = found[line]
    chain = [f"{file} {_kind(file)}", *([f"at {' > '.join(map(str, path))}"] if path else [])]
    shown = lines[line].strip()
    return Trail(f"{file}:{place}", shown, tuple(chain), causes_of(build, _owners(build, path, whole)))


NAMES = ("id", "key", "unit", "clause_id")


def _is_named(place: str, path: json_places.Path, whole: Any) -> bool:
    value = json_places.values(whole, path)[-1]
    named = isinstance(value, dict) and place in (value.get(name) for name in NAMES)
    return bool(path) and (path[-1] == place or named)


def _owners(build: Path, path: json_places.Path, whole: Any) -> list[str]:
    """Ids of what causes a place in a JSON file: the nearest key, id or list of ids on the way to it. What names none
    (a hash over everything, a count of answers) is caused by every clause."""
    if not path or path[-1] in LAYOUT:
        return []
    known = _source_map(build)["causes"]
    units = _read_unit_clauses(*_state(build / "recipe.json"))
    if (build / "probes.jsonl").is_file():
        units = {**units, **_read_probe_clauses(*_state(build / "probes.jsonl"))}
    whole_files = _source_map(build)["files"]
    for step, value in reversed(list(zip(("", *path), json_places.values(whole, path), strict=True))):
        for name in (step, value):
            if isinstance(name, str) and (name in known or name in units):
                return [name] if name in known else units[name]
        ids = _ids_in(value, known)
        if ids:
            return ids
        if step in whole_files:
            return list(dict.fromkeys(i for marked in whole_files[step].values() for i in marked))
        if step in MODEL_KEYS or step in TRAIN_KEYS:
            return ["model" if step in MODEL_KEYS else "train"]
    return every_clause(build)


def every_clause(build: Path) -> list[str]:
    return [i for i, cause in _source_map(build)["causes"].items() if "fields" in cause]


def _ids_in(value: Any, known: Iterable[str]) -> list[str]:
    """The clauses that a record names as its own."""
    if isinstance(value, dict):
        named = [value.get("clause_id"), value.get("id"), *value.get("clause_ids", ()), *value.get("asked_by", ())]
    elif isinstance(value, list):
        named = value
    else:
        named = []
    return list(dict.fromkeys(i for i in named if isinstance(i, str) and i in known))


# ------------------------------------------------------------------ rows


def _row(build: Path, file: str, row: dict[str, Any]) -> Trail:
    """A row names its clauses itself; the recipe tells by which generator it came."""
    chain = [f"{file} row {row['id']}"]
    ids = row.get("clause_ids") or ([row["clause_id"]] if "clause_id" in row else [])
    unit_id = row.get("unit", "")
    unit = next((u for u in _recipe(build).units if u.id == unit_id), None)
    if unit is not None:
        how = f"unit {unit.id}, generator {unit.generator}, seed {unit.seed}"
        chain.append(how if unit.pressure is None else f"{how}, pressure {unit.pressure.technique}")
        chain += parents(_recipe(build), unit, row) if unit.is_trained else []
    elif unit_id.startswith("data"):
        chain.append(f"{_data_line(build, row['id'])}, kept by filters.json")
        ids = ids or ["train"]
    if file == "probes.jsonl" and row.get("measures"):
        chain.append(f"its answers also decide {', '.join(row['measures'])}")
    messages = row.get("prompt") or row.get("messages") or []
    shown = next((m["content"] for m in reversed(messages) if m["role"] == "user"), "")
    spans = dict(zip(ids, row.get("spans", []), strict=False))
    return Trail(f"{file}:{row['id']}", shown, tuple(chain), causes_of(build, ids, spans))


def find_row(path: Path, place: str) -> dict[str, Any]:
    """Find a row by its line number or its id."""
    for number, row in rows_of(path):
        if str(number) == place or row.get("id") == place or row.get("probe_id") == place:
            return row
    raise PlaceError(f"{path} has no row {place!r}", help="give a line number, or a row's id")


def rows_of(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield number, json.loads(line)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", help="run `tenet build` first") from error
    except ValueError as error:
        raise DataError(f"{path} holds a line that is no JSON: {error}", help="build the spec again") from error


def _data_line(build: Path, row_id: str) -> str:
    """Which line of which of the user's files a row is: `data.0-000012` is line 12 of the first."""
    file, _, line = row_id.removeprefix("data.").partition("-")
    files = _recipe(build).data
    if not (file.isdecimal() and line.isdecimal() and int(file) < len(files)):
        return "a row of the user's own data"
    return f"row {int(line)} of {files[int(file)].path}"


# ------------------------------------------------------------------ what a run wrote


def _answer(build: Path, file: str, answer: dict[str, Any], place: str) -> Trail:
    probe = _row(build, "probes.jsonl", find_row(build / "probes.jsonl", answer["probe_id"]))
    said = f"answer of {answer['arm']} to {answer['probe_id']}"
    return Trail(f"{file}:{place}", answer["answer"], (said, *probe.chain), probe.causes)


def _event(build: Path, file: str, event: dict[str, Any], place: str) -> Trail:
    said = f"step {event.get('step')} of jobs/{event.get('stage')}.yaml"
    return Trail(f"{file}:{place}", json.dumps(event), (said,), causes_of(build, ["train"]))


# ------------------------------------------------------------------ causes


def causes_of(build: Path, ids: Iterable[str], spans: dict[str, str] | None = None) -> tuple[Cause, ...]:
    known = _source_map(build)["causes"]
    texts = _sources(build)
    out = []
    for clause_id in ids:
        place = (known.get(clause_id) or {}).get("at") or (spans or {}).get(clause_id)
        out.append(Cause(clause_id, place, _line_at(texts, place)))
    return tuple(out)


def _line_at(texts: dict[str, str], place: str | None) -> str | None:
    """Return the source line of `file:line:column`."""
    if place is None:
        return None
    file, line, _column = place.rsplit(":", 2)
    lines = texts.get(file, "").splitlines()
    return lines[int(line) - 1].strip() if 0 < int(line) <= len(lines) else None


def _source_map(build: Path) -> dict[str, Any]:
    return _json(build / "trace.json")


def _sources(build: Path) -> dict[str, str]:
    return {str(k): str(v) for k, v in _json(build / "sources.json")["files"].items()}


def _recipe(build: Path) -> Recipe:
    return _read_recipe(*_state(build / "recipe.json"))


def _json(path: Path) -> dict[str, Any]:
    return _read_json(*_state(path))


def _state(path: Path) -> State:
    try:
        return file_state(path)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", help="run `tenet build` first") from error


@lru_cache(maxsize=8)
def _read_recipe(path: str, *_: int) -> Recipe:
    return Recipe.model_validate_json(_text(Path(path)))


@lru_cache(maxsize=8)
def _read_places(path: str, *_: int) -> tuple[list[str], Any, list[json_places.Path]]:
    """A JSON file's lines, what it holds, and the way to what stands on each line."""
    text = _text(Path(path))
    try:
        return text.splitlines(), json.loads(text), json_places.paths(text)
    except ValueError as error:
        raise DataError(f"{path} is no JSON: {error}", help="build the spec again") from error


@lru_cache(maxsize=2)
def _read_unit_clauses(path: str, *_: int) -> dict[str, list[str]]:
    return {unit.id: list(unit.clause_ids) for unit in Recipe.model_validate_json(_text(Path(path))).units}


@lru_cache(maxsize=2)
def _read_probe_clauses(path: str, *_: int) -> dict[str, list[str]]:
    return {row["id"]: [row["clause_id"]] for _, row in rows_of(Path(path))}


@lru_cache(maxsize=8)
def _read_json(path: str, *_: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_text(Path(path)))
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", help="run `tenet build` first") from error


def near(place: str, places: Iterable[str]) -> str:
    """What there is like `place`, or what there is; of numbered places the last, since no number is like another."""
    from difflib import get_close_matches

    known = list(places)
    if place.isdigit():
        lines = [int(one) for one in known if one.isdigit()]
        return f"the last line that it knows is {max(lines)}" if lines else f"it has {', '.join(known[:8])}"
    close = get_close_matches(place, known, n=3, cutoff=0.4)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"it has {', '.join(known[:8])}{f' and {len(known) - 8} more' if len(known) > 8 else ''}"
