"""How long the commands take that people run all day: whole processes, beside an empty Python process (the bound) and
`import torch`, which every command would pay if the layers were not kept apart.

    python -m benchmarks.commands
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.side_by_side import Contender, compare

LINES = 100


def spec_of(lines: int) -> str:
    """A valid spec of about `lines` lines."""
    clause = 'trait voice_{i} {{\n  means: "Talk like number {i}."\n  signs: ["sign {i}"]\n  target: >= 90%\n}}\n\n'
    head = 'tenet 1\n\nmodel { base: "nano" }\n\n'
    return head + "".join(clause.format(i=i) for i in range((lines - 4) // 6))


def process(*arguments: str) -> Contender:
    def run() -> object:
        return subprocess.run([sys.executable, *arguments], check=True, capture_output=True).returncode

    return Contender(" ".join(arguments[:3]), run)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / "hundred.tenet"
        spec.write_text(spec_of(LINES), encoding="utf-8")
        check = Contender("tenet check", process("-m", "compiler.cli", "check", str(spec)).run)
        compare(
            f"tenet check, {LINES} lines",
            [
                check,
                Contender("python -c pass", process("-c", "pass").run, bound=True),
                Contender("python -c 'import torch'", process("-c", "import torch").run),
            ],
            rounds=7,
        )


if __name__ == "__main__":
    main()
