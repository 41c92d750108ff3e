"""Training by several processes of this machine: started, listened to, and ended together.

In: what `backends.train.run` takes, and how many processes. Out: the run's folder. Each process is this file run as a
program: `python -m backends.train.launching`; what it and its libraries print goes into a log of its own under the
run's `work/`, and what it has to say comes as JSON lines. When one fails, or vanishes, all end. Where memory runs out
in one of them, all start again from the newest checkpoint with half of the rows at once. `torchrun` and `accelerate
launch` start processes too, on several machines: `torchrun --nproc-per-node 2 -m backends.train.launching BUILD RUNS`.
This file must not know what is trained.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from backends.train import fitting, workers
from backends.train.identity import job_of
from backends.train.sharing import Split, StepTooLarge, begun, split_of
from backends.train.task import Wishes
from backends.train.telling import append, recording_failure
from backends.train.ways import Way
from compiler import events, failures
from compiler.failures import TenetError, WorkerError
from compiler.progress import Progress

LAST_LINES = 8
"""Of a log, that a failure shows."""
Said = tuple[int, dict[str, Any] | None]


@dataclass(slots=True)
class _Group:
    """The processes, and what they say: their number, and a line or None for the end."""

    processes: list[subprocess.Popen[str]]
    logs: list[Path]
    said: queue.SimpleQueue[Said] = field(default_factory=queue.SimpleQueue)

    def end(self) -> None:
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()


def train(build: Path, run: Path, wishes: Wishes) -> None:
    """Train by several processes, until run.json is there.

    Raises:
        WorkerError: a process has vanished, or failed in a way that has no name.
        TenetError: one has failed; the others were ended.
    """
    processes, progress = wishes.way.processes, wishes.progress
    options = {
        "paths": {"cache": str(wishes.cache or ""), "root": str(wishes.root or "")},
        "local_files_only": wishes.local_files_only,
        "four_bit": wishes.way.four_bit,
        "track": list(wishes.track),
    }
    arguments = [str(build), str(run.parent), json.dumps(options)]
    while True:
        stage = ""
        group = _start(arguments, run, processes)
        try:
            left = set(range(processes))
            while left:
                number, line = group.said.get()
                if line is None:
                    left.discard(number)
                    _check_end(group, number, stage)
                elif "stage" in line:
                    stage = line["stage"]
                elif "failed" in line:
                    raise _failure(line, group.logs[number])
                else:
                    progress(*line["progress"])
            return
        except StepTooLarge as error:
            too_large = error
        except (TenetError, KeyboardInterrupt) as error:
            with recording_failure(stage, run / events.NAME):
                raise error
        finally:
            group.end()
        with recording_failure(stage, run / events.NAME):
            _come_down(run, stage, too_large, progress, arguments, processes)


def _start(arguments: Sequence[str], run: Path, processes: int) -> _Group:
    work = run / "work"
    work.mkdir(parents=True, exist_ok=True)
    meeting = work / "meeting"
    meeting.unlink(missing_ok=True)
    group = _Group([], [])
    for rank in range(processes):
        told = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(processes), workers.MEETING: str(meeting)}
        log = work / f"process-{rank}.log"
        with log.open("w", encoding="utf-8") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "backends.train.launching", *arguments],
                env={**os.environ, "LOCAL_WORLD_SIZE": str(processes), **told},
                stdin=subprocess.PIPE,  # closed when this process ends, however it ends
                stdout=subprocess.PIPE,
                stderr=stream,
                text=True,
                start_new_session=True,  # Ctrl-C is for this process, which ends the others
            )
        group.processes.append(process)
        group.logs.append(log)
        threading.Thread(target=_listen, args=(rank, process.stdout, group.said), daemon=True).start()
    return group


def _listen(rank: int, lines: IO[str] | None, said: queue.SimpleQueue[Said]) -> None:
    for line in lines or ():
        with suppress(ValueError):  # a library may print while it is loaded
            said.put((rank, json.loads(line)))
    said.put((rank, None))


def _check_end(group: _Group, number: int, stage: str) -> None:
    code = group.processes[number].wait()
    if code == 0:
        return
    # One that was killed takes others with it, which may be heard of first.
    killed = (n for n, process in enumerate(group.processes) if (process.poll() or 0) < 0)
    number = next(killed, number)
    code = group.processes[number].wait()
    how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    lines = group.logs[number].read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:]
    shown = "".join(f"\n    {line}" for line in lines)
    raise WorkerError(
        f"process {number} of {len(group.processes)} {how}{f' in {stage}' if stage else ''}{shown}",
        help="the others were ended; the same command goes on from the newest checkpoint",
    )


def _failure(line: dict[str, Any], log: Path) -> TenetError:
    """The failure that a process told of, as the kind that it was."""
    name = line["failed"]
    kind: type[TenetError] = StepTooLarge if name == "StepTooLarge" else getattr(failures, name, WorkerError)
    help = line["help"] or f"what the process printed is in {log}"
    return kind(line["message"], help=help)


def _come_down(
    run: Path, stage: str, error: StepTooLarge, progress: Progress, arguments: Sequence[str], processes: int
) -> None:
    job = job_of(Path(arguments[0]), stage)
    split = begun(fitting.kept(run, stage), split_of(job, stage, processes))

    def tell(smaller: Split, event: dict[str, Any]) -> None:
        append(run / events.NAME, event)
        note = f"{stage}: {error.message}; now {smaller.at_once}"
        progress("train", event["step"], job.steps, "steps", note)

    fitting.come_down(run, stage, split, tell)


def main(arguments: Sequence[str]) -> int:
    """One of the processes."""
    from backends import train as training

    say = _speak()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    build, runs, *rest = arguments
    options: dict[str, Any] = json.loads(rest[0]) if rest else {}
    options |= {name: Path(value) if value else None for name, value in options.pop("paths", {}).items()}

    def progress(stage: str, done: int, total: int, unit: str, note: str = "") -> None:
        if workers.is_first():
            say({"progress": [stage, done, total, unit, note]})

    def begins(stage: str) -> None:
        if workers.is_first():
            say({"stage": stage})

    try:
        way = Way(workers.count(), options.pop("four_bit", False))
        training.run(Path(build), Path(runs), progress=progress, begins=begins, way=way, **options)
    except TenetError as error:
        say({"failed": type(error).__name__, "message": error.message, "help": error.help})
        return 3
    return 0


def _speak() -> Any:
    """A way to say a line to who started this process; what anything else prints goes where errors go."""
    sys.stdout.flush()
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(line: dict[str, Any]) -> None:
        out.write(json.dumps(line) + "\n")
        out.flush()

    return say


def _end_with_parent() -> None:
    """Nobody waits for what this process computes once the one that started it is gone."""
    if workers.MEETING in os.environ:
        sys.stdin.read()
        os._exit(1)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    # Threads of gloo may still wait for processes that have ended.
    sys.stdout.flush()
    os._exit(code)
