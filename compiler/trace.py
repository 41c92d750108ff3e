"""An output -> the clause and the line of the spec that caused it.

In: a build or run folder, a file in it, and a place in the file (a line number, a key, a row's id, a metric). Out: a
`Trail`: the chain from the output to clauses and their places. What the chain rests on is on disk: trace.json for
files, the rows themselves for rows. This file must not load models or compile anything.

    build/pirate/prompt.md:7            a line of the prompt
    build/pirate/pairs.jsonl:12         a row, by its line
    build/pirate/pairs.jsonl:trait.pirate/distill-0003    a row, by its id
    build/pirate/filters.json:forbid.canned               a rule
    build/pirate/jobs/dpo.yaml:beta     a setting
    runs/pirate-1a2b3c/diff.json:trait.pirate             a number in the report
    runs/pirate-1a2b3c/measurements.jsonl:40              an answer
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compiler.failures import DataError
from compiler.ir_file import load
from compiler.records import Recipe

# Files of rows, each row with clauses of its own.
ROWS = ("pairs.jsonl", "sft.jsonl", "probes.jsonl")


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
        DataError: there is no such file or place.
    """
    if run is not None:
        return _trace_run(build, run, file, place)
    if file in ROWS:
        return _row(build, file, _find_row(build / file, place))
    return _mapped(build, file, place)


# ------------------------------------------------------------------ files that lowerings wrote


def _mapped(build: Path, file: str, place: str) -> Trail:
    """A file of a lowering: trace.json knows its places, and a line without a mark belongs to the key it holds."""
    places = _source_map(build)["files"].get(file)
    if places is None:
        known = ", ".join((*_source_map(build)["files"], *ROWS))
        raise DataError(f"{build / file} is no file that is traced", help=f"traced are: {known}")
    text = _text(build / file)
    key = place if place in places else _key_at(text, place, places)
    if key is None and place.isdecimal() and 0 < int(place) <= len(text.splitlines()):
        return Trail(f"{file}:{place}", text.splitlines()[int(place) - 1], (f"{file} {_kind(file)}",), ())
    if key is None:
        raise DataError(f"{file} has no place {place!r}", help=_near(place, places))
    shown = _shown(text, key)
    return Trail(f"{file}:{place}", shown, (f"{file} {_kind(file)}",), _causes(build, places[key]))


def _key_at(text: str, place: str, places: dict[str, list[str]]) -> str | None:
    """Return the key whose entry stands on the line `place`."""
    if not place.isdecimal():
        return None
    lines = text.splitlines()
    if not 0 < int(place) <= len(lines):
        return None
    line = lines[int(place) - 1]
    by_length = sorted((k for k in places if not k.isdecimal()), key=len, reverse=True)
    return next((k for k in by_length if f'"{k}"' in line or line.startswith(f"{k}:")), None)


def _shown(text: str, key: str) -> str:
    lines = text.splitlines()
    if key.isdecimal() and 0 < int(key) <= len(lines):
        return lines[int(key) - 1]
    return next((line.strip() for line in lines if f'"{key}"' in line or line.startswith(f"{key}:")), key)


def _kind(file: str) -> str:
    if file == "prompt.md":
        return "is rendered from clauses in order of authority"
    if file == "filters.json":
        return "holds a rule for each clause that a program can check"
    if file == "recipe.json":
        return "asks an engine for the rows of each clause"
    return "is written from the statements `train` and `model`"


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
    elif unit_id.startswith("data"):
        chain.append("a row of the user's own data, kept by filters.json")
        ids = ids or ["train"]
    if file == "probes.jsonl" and row.get("measures"):
        chain.append(f"its answers also decide {', '.join(row['measures'])}")
    messages = row.get("prompt") or row.get("messages") or []
    shown = next((m["content"] for m in reversed(messages) if m["role"] == "user"), "")
    spans = dict(zip(ids, row.get("spans", []), strict=False))
    return Trail(f"{file}:{row['id']}", shown, tuple(chain), _causes(build, ids, spans))


def _find_row(path: Path, place: str) -> dict[str, Any]:
    """Find a row by its line number or its id."""
    for number, row in _rows(path):
        if str(number) == place or row.get("id") == place or row.get("probe_id") == place:
            return row
    raise DataError(f"{path} has no row {place!r}", help="give a line number, or a row's id")


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield number, json.loads(line)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", help="run `tenet build` first") from error
    except ValueError as error:
        raise DataError(f"{path} holds a line that is no JSON: {error}", help="build the spec again") from error


# ------------------------------------------------------------------ what a run wrote


def _trace_run(build: Path, run: Path, file: str, place: str) -> Trail:
    if file == "measurements.jsonl":
        answer = _find_row(run / file, place)
        probe = _row(build, "probes.jsonl", _find_row(build / "probes.jsonl", answer["probe_id"]))
        said = f"answer of {answer['arm']} to {answer['probe_id']}"
        return Trail(f"{file}:{place}", answer["answer"], (said, *probe.chain), probe.causes)
    if file == "diff.json":
        program = load(build)
        if place not in {clause.id for clause in program.clauses}:
            known: dict[str, list[str]] = {clause.id: [] for clause in program.clauses}
            raise DataError(f"{file} has no clause {place!r}", help=_near(place, known))
        probes = sum(place in (row["clause_id"], *row.get("measures", [])) for _, row in _rows(build / "probes.jsonl"))
        chain = (f"rates of {place} in {file}", f"decided by the answers in measurements.jsonl to {probes} probes")
        return Trail(f"{file}:{place}", place, chain, _causes(build, [place]))
    raise DataError(f"{run / file} is no file that is traced", help="traced are: measurements.jsonl, diff.json")


# ------------------------------------------------------------------ causes


def _causes(build: Path, ids: list[str], spans: dict[str, str] | None = None) -> tuple[Cause, ...]:
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
    return Recipe.model_validate_json(_text(build / "recipe.json"))


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_text(path))
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", help="run `tenet build` first") from error


def _near(place: str, places: dict[str, list[str]]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(place, list(places), n=3, cutoff=0.4)
    return f"did you mean {' or '.join(close)}?" if close else f"it has {', '.join(list(places)[:8])}"
