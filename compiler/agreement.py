"""Whether what lies on disk belongs together: a build to its lock, a measuring to the build as it is.

In: a build folder, and what a measuring recorded. Out: nothing where a build fits its lock, else the failure; and in
words, what of a build has changed since it was measured. Files that somebody has edited are found here, before they
are trained on or compared. This file must not know verdicts, and loads no model.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from compiler.arms import uses_adapter, uses_prompt, uses_steering
from compiler.digests import file_digest, rows_digest
from compiler.failures import DataError
from compiler.records.measured import MeasureReport

# What each stage reads of a build, apart from rows and jobs, which both name themselves.
ROWS = ("pairs.jsonl", "sft.jsonl", "probes.jsonl", "watch.jsonl")


def read_lock(build: Path) -> dict[str, Any]:
    """Return the record of a build that is whole.

    Raises:
        DataError: there is none, or the build has no rows yet.
    """
    path = build / "lock.json"
    try:
        lock = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{build} holds no whole build", help="run `tenet build SPEC` first") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}", help="build the spec again: tenet build SPEC") from error
    if not isinstance(lock, dict) or not isinstance(lock.get("rows"), dict):
        raise DataError(f"{build} has no rows yet", help="run `tenet build SPEC` first")
    return lock


def check_build(build: Path) -> None:
    """Refuse a build that is not what was built: its rows, probes, prompt, filters, recipe and jobs.

    Raises:
        DataError: a file is gone, new, or holds something else than lock.json says.
    """
    lock = read_lock(build)
    expected = {**lock.get("files", {}), **lock["rows"]}
    extra = [name for name in ROWS if name not in expected and (build / name).exists()]
    for name in (*expected, *extra):
        path = build / name
        if not path.is_file():
            raise DataError(f"{path} is not there, and {build / 'lock.json'} names it", help=_again(name))
        if file_digest(path) != expected.get(name):
            raise DataError(
                f"{path} does not fit {build / 'lock.json'}: it was changed after the build", help=_again(name)
            )


def _again(name: str) -> str:
    own = "what you want in it belongs into the spec"
    if name in ROWS:
        own = "rows of your own belong into a file that the spec names: `train { method: sft  data: ... }`"
    if name == "probes.jsonl":
        own = "probes of your own belong into the spec: `probe NAME { ask: ... }`"
    return f"`tenet build SPEC` writes it again; {own}"


def stale(
    lock: dict[str, Any],
    build: Path,
    measured: MeasureReport,
    adapter: str | None,
    sampling: str,
    steering: str | None = None,
) -> list[str]:
    """Return what is not as it was when `measured` was made, in words; nothing where all of it is.

    Args:
        adapter: the hash of the adapter that is there now, None for none.
        sampling: how answers would be drawn now.
        steering: the hash of the vectors that lie beside the measurements, None for none.
    """
    base, judge = lock["base"]["digest"], (lock.get("judge") or lock["base"])["digest"]
    pairs = [
        ("probes.jsonl", measured.probes_sha256, rows_digest(build / "probes.jsonl")),
        ("the checks that answers are held against", measured.measures_sha256, lock.get("measures")),
        ("the judge", measured.judge_sha256, judge),
    ]
    if not measured.elsewhere:
        pairs += [
            ("the base", measured.base_sha256, base),
            ("the way answers are drawn", measured.sampling, sampling),
        ]
    if any(uses_prompt(arm) for arm in measured.arms):
        pairs.append(("prompt.md", measured.prompt_sha256, prompt_digest(build)))
    if any(uses_adapter(arm) for arm in measured.arms):
        pairs.append(("the adapter", measured.adapter_sha256, adapter))
    if any(uses_steering(arm) for arm in measured.arms):
        pairs.append(("the vectors", measured.steering_sha256, steering))
    return [what for what, then, now in pairs if then != now]


def prompt_digest(build: Path) -> str:
    """Hash the prompt as an arm sees it: without the file's last line end."""
    return hashlib.sha256((build / "prompt.md").read_text(encoding="utf-8").strip().encode()).hexdigest()
