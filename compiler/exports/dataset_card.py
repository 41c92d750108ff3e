"""A build's rows as a data set of the Hugging Face Hub: its card, README.md with a YAML head.

In: a build folder with its rows. Out: the card's text. The head is what the Hub reads
(https://huggingface.co/docs/hub/datasets-cards): licence, language, size, and a configuration for each file of rows, so
that `load_dataset` finds them. The rest is what a person needs before training on them: what they teach and how many,
where questions and answers are from, what was left out and why, and what is not known. Nothing here names a time or a
machine. This file must not know the network.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from compiler.ir_file import load
from compiler.rendering import says
from compiler.trace import rows_of

CARD = "README.md"
FILES = {"pairs": "pairs.jsonl", "sft": "sft.jsonl", "probes": "probes.jsonl"}
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10**7, "1M<n<10M"))
ENGLISH = frozenset(["the", "a", "and", "of", "to", "is", "in", "it", "i", "you", "that", "for", "with", "are", "be"])
ENOUGH = 0.12
"""Share of words among these from which answers count as English; of another language the card says nothing."""
UNKNOWN = "unknown"
MOST_REASONS = 12
ROLES = {"base": "rejected answers", "teacher": "questions and chosen answers", "judge": "verdicts"}
FORMAT = (
    "`pairs` and `sft` are conversational, as TRL reads them; it leaves the other columns alone. Each row names the",
    "clauses that it teaches (`clause_ids`), what made it (`generator`, `unit`, `seed`) and the lines of the spec",
    "(`spans`). `probes` measure, and are never trained on.",
)
REPRODUCED = (
    "The same spec, models and seed on the same kind of machine give the same bytes; `lock.json` of the build holds",
    "every hash. A chosen answer passes the checks of its clause and every rule of the spec, a rejected one fails its",
    "clause, and no probe shares a prompt, or nearly one, with a row to train on. This holds for generated rows; rows",
    "of the user's own have passed the rules of the spec alone.",
)


def render(build: Path, license: str = UNKNOWN, configs: Sequence[str] = tuple(FILES)) -> str:
    """Return the card of a build.

    Args:
        license: as the Hub names licences; whoever publishes rows has to know it.
        configs: which files of rows are beside the card.

    Raises:
        DataError: a file of the build cannot be read.
    """
    there = {name: build / FILES[name] for name in configs if (build / FILES[name]).is_file()}
    rows = {name: [row for _, row in rows_of(path)] for name, path in there.items()}
    head = yaml.safe_dump(_head(build.name, rows, license), sort_keys=False, allow_unicode=True)
    return f"---\n{head}---\n\n" + "\n".join(_body(build, rows)) + "\n"


def _head(name: str, rows: dict[str, list[Any]], license: str) -> dict[str, Any]:
    count = sum(map(len, rows.values()))
    language = _language(row for of in rows.values() for row in of)
    return {
        "license": license,
        **({"language": [language]} if language else {}),
        "pretty_name": name,
        "size_categories": [next((told for most, told in SIZES if count < most), "n>10M")],
        "task_categories": ["text-generation"],
        "tags": ["tenet", "preference", "synthetic", "trl"],
        "configs": [
            {
                "config_name": config,
                "data_files": [{"split": "test" if config == "probes" else "train", "path": FILES[config]}],
                **({"default": True} if not place else {}),
            }
            for place, config in enumerate(rows)
        ],
    }


def _language(rows: Iterable[dict[str, Any]]) -> str | None:
    words: Counter[bool] = Counter()
    for row in rows:
        for message in row.get("chosen") or row.get("messages") or ():
            words.update(word in ENGLISH for word in re.findall(r"\w+", message["content"].casefold()))
    return "en" if words.total() and words[True] / words.total() >= ENOUGH else None


def _body(build: Path, rows: dict[str, list[Any]]) -> Iterator[str]:
    lock, recipe, report = (_json(build / name) for name in ("lock.json", "recipe.json", "generate.json"))
    program = load(build)
    yield f"# {build.name}"
    yield ""
    yield "Rows that teach a language model what a spec asks of it, clause by clause, made by Tenet."
    yield ""
    yield "## Files"
    yield ""
    yield "| configuration | file | rows | columns |"
    yield "| --- | --- | ---: | --- |"
    for name, of in rows.items():
        columns = ", ".join(f"`{key}`" for key in (of[0] if of else {}))
        yield f"| `{name}` | {FILES[name]} | {len(of):,} | {columns} |"
    yield ""
    yield from (*FORMAT, "")
    yield "## What the rows teach"
    yield ""
    taught = [row for name in ("pairs", "sft") for row in rows.get(name, ())]
    first = Counter(row["clause_ids"][0] if row["clause_ids"] else "" for row in rows.get("pairs") or taught)
    probed = Counter(row["clause_id"] for row in rows.get("probes", ()))
    yield "| clause | rows | probes | says |"
    yield "| --- | ---: | ---: | --- |"
    for clause in program.clauses:
        told = says(program, clause).replace("|", "\\|").replace("\n", " ")
        yield f"| `{clause.id}` | {first[clause.id]} | {probed[clause.id]} | {told} |"
    if first[""]:
        yield f"| of no clause | {first['']} | | rows of the user's own |"
    yield ""
    yield "## Mixture"
    yield ""
    yield from _mixture(rows.get("pairs") or taught)
    yield "## Sources"
    yield ""
    yield from _sources(lock, recipe, report)
    yield ""
    yield "## What was left out"
    yield ""
    yield from _left_out(report)
    yield ""
    yield "## How it was made"
    yield ""
    yield f"`tenet build` of `{lock.get('spec') or build.name}`, seed {lock.get('seed')}, with "
    yield f"{', '.join(f'{name} {version}' for name, version in sorted(lock.get('versions', {}).items()) if version)}."
    yield from (*REPRODUCED, "")
    yield "## Limits"
    yield ""
    yield "- Answers are a model's, and most were read by nobody. Checks and judges decide what they can decide."
    if "nano" in (recipe.get("base"), recipe.get("teacher")):
        yield "- nano is a model of a small made-up world, for trying and teaching: its facts are few."
    yield "- Rows were chosen for one spec and one base; what they do to another base was not measured."
    yield "- Whether the licences of the models and files above allow a use is for the user to see."


def _mixture(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    told = Counter((row["generator"], row.get("writer") or "", row.get("source", "").partition(" ")[0]) for row in rows)
    yield "| generator | writer | question | rows | share |"
    yield "| --- | --- | --- | ---: | ---: |"
    for (generator, writer, source), count in told.most_common():
        yield f"| {generator} | {writer or '–'} | {source or '–'} | {count} | {count / len(rows):.1%} |"
    yield ""


def _sources(lock: dict[str, Any], recipe: dict[str, Any], report: dict[str, Any]) -> Iterator[str]:
    for role, what in ROLES.items():
        name, digest = report.get(role), str(report.get(f"{role}_digest"))[:12]
        revision = (lock.get(role) or {}).get("revision")
        yield f"- {role}: `{name}`{f' at `{revision}`' if revision else ''}, content `{digest}` ({what})"
    if lock.get("bank"):
        yield f"- the base's bank of prompts, content `{str(lock['bank'])[:12]}`"
    for name, sha in lock.get("sources", {}).items():
        yield f"- the spec: `{name}`, content `{sha[:12]}`"
    for file in recipe.get("data", ()):
        yield f"- the user's own chats: `{file['path']}`, {file.get('rows', 0)} rows, content `{file['sha256'][:12]}`"


def _left_out(report: dict[str, Any]) -> Iterator[str]:
    reasons: Counter[str] = Counter()
    for counted in (*report.get("units", ()), *report.get("data", ())):
        if counted.get("purpose") not in ("probes", "watch"):
            reasons.update(counted["dropped"])
    if not reasons:
        yield "Nothing."
        return
    yield "| candidates | why |"
    yield "| ---: | --- |"
    for reason, count in reasons.most_common(MOST_REASONS):
        yield f"| {count} | {reason} |"


def _json(path: Path) -> dict[str, Any]:
    from compiler.failures import DataError

    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}", help="build the spec again: tenet build SPEC") from error
    return found if isinstance(found, dict) else {}
