"""Two builds of one spec at once: one waits, and says so; a killed one leaves a whole build to the other."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.rebuild import PARROT, spec_of
from compiler.agreement import check_build

SLOW = PARROT.replace("def answers(", "def answers(self, *given, **named):\n        import time; time.sleep(0.3)\n"
                      "        return self.said(*given, **named)\n    def said(")  # fmt: skip


def start(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SLOW, "build", "small.tenet"]
    return subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)


def begun(folder: Path) -> None:
    """Wait until a build has begun to make rows."""
    until = time.monotonic() + 120
    while not (folder / "build" / "small" / "recipe.json").exists():
        assert time.monotonic() < until
        time.sleep(0.01)


def bytes_of(folder: Path) -> dict[str, bytes]:
    build = folder / "build" / "small"
    return {str(p.relative_to(build)): p.read_bytes() for p in sorted(build.rglob("*")) if p.is_file()}


def test_one_waits_for_the_other_and_what_a_kill_leaves_is_made_whole(tmp_path: Path) -> None:
    alone, both, killed = (tmp_path / name for name in ("alone", "both", "killed"))
    for folder in (alone, both, killed):
        folder.mkdir()
        (folder / "small.tenet").write_text(spec_of(2))
    first = start(alone)
    assert first.wait(300) == 0, first.stderr and first.stderr.read()
    one = start(both)
    begun(both)
    other = start(both)
    said = [process.communicate(timeout=300)[1] for process in (one, other)]
    assert (one.returncode, other.returncode) == (0, 0), said
    assert sum("is being built by another process; waiting for it" in " ".join(text.split()) for text in said) == 1
    assert bytes_of(both) == bytes_of(alone)

    one = start(killed)
    begun(killed)
    other = start(killed)
    time.sleep(0.5)
    one.kill()
    assert one.wait(60) < 0
    assert other.communicate(timeout=300)[1]
    assert other.returncode == 0
    assert bytes_of(killed) == bytes_of(alone)
    before = Path.cwd()
    os.chdir(killed)
    try:
        check_build(Path("build/small"))
    finally:
        os.chdir(before)
