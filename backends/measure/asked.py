"""What a run was asked, kept beside its answers: a run folder stands on its own once its build has gone on.

In: a build folder and a run's folder. Out: `asked/`, the build's probes and program, whenever the run is measured; and
`spec/`, the program and text that it was trained on, while the build still is what it was trained on. This file must
not know answers.
"""

from __future__ import annotations

import json
from pathlib import Path

from compiler.failures import TenetError
from compiler.files import write_text

ASKED = ("probes.jsonl", "ir.json", "prompt.md")
SPEC = ("ir.json", "sources.json")


def keep_asked(build: Path, folder: Path) -> None:
    for name in ASKED:
        _copy(build / name, folder / "asked" / name)
    if trained_on(build, folder):
        for name in SPEC:
            _copy(build / name, folder / "spec" / name)


def trained_on(build: Path, run: Path) -> bool:
    """Whether the run was trained on this very build; what was never trained is of the build it was measured on."""
    from backends.train.identity import content_digest

    try:
        record = json.loads((run / "run.json").read_text(encoding="utf-8"))
        return bool(record.get("content_digest") == content_digest(build))
    except FileNotFoundError:
        return not (run / "adapter").is_dir()
    except (OSError, ValueError, TenetError):
        return False


def _copy(source: Path, target: Path) -> None:
    if source.is_file():
        write_text(target, source.read_text(encoding="utf-8"))
