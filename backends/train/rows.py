"""The rows of a job as a trainer takes them.

In: a row file of a build. Out: its columns, each row's prompt a beginning of its tokens; a data set. This file must not
know methods.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from backends.chats import Chat
from backends.train import workers
from compiler.failures import DataError
from compiler.records.record import Message


def read_rows(path: Path, columns: tuple[str, ...], chat: Chat) -> list[dict[str, Any]]:
    """Read the columns that a trainer needs; each row's prompt is checked to be a beginning of its tokens."""
    rows: list[dict[str, Any]] = []
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                if line.strip():
                    row = json.loads(line)
                    rows.append({column: row[column] for column in columns})
                    _check_prompt(rows[-1], chat)
    except FileNotFoundError as error:
        raise DataError(f"{path} is not there", help="build the spec first: tenet build SPEC") from error
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path}: row {len(rows) + 1} is not one with {', '.join(columns)}: {error}") from error
    if not rows:
        raise DataError(f"{path} has no rows to train on", help="see generate.json for what was dropped, and why")
    return rows


def _check_prompt(row: dict[str, Any], chat: Chat) -> None:
    """Fit the row to the template, and make sure that the trainer finds where its answer begins."""
    said = "messages" if "messages" in row else "prompt"
    row[said] = chat.fit([Message(**m) for m in row[said]])
    prompt = [Message(**m) for m in (row["messages"][:-1] if said == "messages" else row["prompt"])]
    # A policy's answers are its own.
    given = (row["messages"][-1:],) if said == "messages" else (row[s] for s in ("chosen", "rejected") if s in row)
    for answer in given:
        chat.check_prefix(prompt, answer[0]["content"])


def data_set(rows: list[dict[str, Any]], work: Path) -> Any:
    """The rows as the trainer takes them. Processes that train together share what they compute of them in a folder."""
    from datasets import Dataset, fingerprint, load_from_disk

    # What is computed of the rows goes into files with drawn names, which a forked process would draw alike.
    fingerprint.fingerprint_rng.seed()
    if workers.count() == 1:
        return Dataset.from_list(rows)
    shared = work.with_name(f"{work.name}-rows")
    if workers.is_first():
        shutil.rmtree(shared, ignore_errors=True)
        Dataset.from_list(rows).save_to_disk(str(shared))
    workers.wait()
    return load_from_disk(str(shared))
