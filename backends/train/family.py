"""Several personas of one base, trained by one command: the libraries and the base are loaded once.

In: builds. Out: their runs, as each training alone makes them. On a CPU they are trained side by side, one on each core
with one thread: a step of a small model has parts that a second thread does not shorten, and a batch of 16 pairs gains
nothing from rows of other personas beside it (`benchmarks/families.py` has both figures). Each is a process of its own,
forked once the base is in memory, with its own optimiser, random numbers, checkpoints and events, so that a run is byte
for byte that of `TENET_THREADS=1 tenet train SPEC`. Elsewhere they are trained one after the other in this process.
What fails or is interrupted stops no other that is under way. This file must not know how a training is done.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import Any, NoReturn

from backends import machine
from backends.devices import cpu_threads
from backends.train import kept
from backends.train.held import Held
from backends.train.identity import is_done, run_folder
from compiler import failures
from compiler.failures import GivenError, TenetError
from compiler.progress import Progress

Training = Callable[[Held, Progress], Path]
"""Train one persona and return its run's folder."""


@dataclass(frozen=True, slots=True)
class Persona:
    """build: what is trained. train: how, once it is its turn. hold: reads its base into memory."""

    build: Path
    train: Training
    hold: Callable[[Held], None]


def at_once_here() -> int:
    """How many are trained at once on this machine: one a core of a CPU; one elsewhere, and where the user has asked
    for more threads."""
    return 1 if _why_in_turn() else len(os.sched_getaffinity(0))


def _why_in_turn() -> str | None:
    """Why this machine trains one after the other; None where it can train side by side."""
    if machine.expected().device != "cpu":
        return "they share one device"
    if not sys.platform.startswith("linux"):
        return "this system cannot fork a process that has torch loaded"
    if "TENET_THREADS" in os.environ and cpu_threads() > 1:
        return "TENET_THREADS asks for more threads than one"
    return None


def run(personas: Sequence[Persona], runs: Path, at_once: int, progress: Progress) -> list[Path]:
    """Train all that have no finished run here, and return the runs in order.

    Raises:
        GivenError: several at once are asked for, and cannot be.
        TenetError: of the first that failed, once the others have ended.
    """
    if at_once > 1 and (why := _why_in_turn()):
        raise GivenError(f"{at_once} cannot be trained at once: {why}", help="leave --at-once out")
    with _threads("1" if at_once > 1 else None):
        done = {n: run_folder(p.build, runs) for n, p in enumerate(personas) if is_done(run_folder(p.build, runs))}
        for run in done.values():
            kept.confirm(run)
        left = [n for n in range(len(personas)) if n not in done]
        held = Held()
        if len(left) > 1 and at_once > 1:
            made = _side_by_side({n: personas[n] for n in left}, held, at_once, progress)
        else:
            made = _one_by_one({n: personas[n] for n in left}, held, progress)
        found = done | made
        return [found[n] for n in range(len(personas))]


def _one_by_one(personas: dict[int, Persona], held: Held, progress: Progress) -> dict[int, Path]:
    made: dict[int, Path] = {}
    failed: list[TenetError] = []
    for place, (number, persona) in enumerate(personas.items()):
        name = persona.build.name
        try:
            made[number] = persona.train(held, _counted(progress, place, len(personas), name))
        except TenetError as error:
            failed.append(_failure(name, type(error).__name__, error.message, error.help))
    if failed:
        raise failed[0]
    return made


def _counted(progress: Progress, place: int, of: int, name: str) -> Progress:
    """Progress of one of several, in which steps of all are counted as if they had as many."""

    def told(stage: str, done: int, total: int, unit: str, note: str = "") -> None:
        progress(stage, place * total + done, of * total, unit, f"{name}: {note}")

    return told


class _threads:
    """TENET_THREADS while the block runs; None leaves it."""

    def __init__(self, threads: str | None) -> None:
        self._threads = threads
        self._before = os.environ.get("TENET_THREADS")

    def __enter__(self) -> None:
        if self._threads is not None:
            os.environ["TENET_THREADS"] = self._threads

    def __exit__(self, *_: object) -> None:
        if self._threads is not None:
            os.environ.pop("TENET_THREADS")
            if self._before is not None:
                os.environ["TENET_THREADS"] = self._before


@dataclass(slots=True)
class _Child:
    number: int
    pid: int
    pipe: Any
    ended: dict[str, Any] | None = None


def _side_by_side(personas: dict[int, Persona], held: Held, at_once: int, progress: Progress) -> dict[int, Path]:
    # Threads of a pool do not survive a fork: none is made while the libraries and the base are loaded.
    _load_libraries()
    for persona in personas.values():
        persona.hold(held)
    waiting = dict(personas)
    steps: dict[int, tuple[int, int]] = {}
    running: dict[int, _Child] = {}
    ended: dict[int, dict[str, Any]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                number = next(iter(waiting))
                running[number] = _forked(number, waiting.pop(number), held, [c.pipe for c in running.values()])
            for child, told in _said(list(running.values())):
                if "step" in told:
                    steps[child.number] = (told["step"], told["of"])
                    progress("train", *_summed(steps, len(personas)), "steps", told["note"])
                else:
                    child.ended = told
            for number, child in list(running.items()):
                if child.pipe.closed:
                    ended[number] = _waited(child)
                    del running[number]
    except BaseException:
        _stop(list(running.values()))
        raise
    for number, told in ended.items():
        if "run" not in told:
            raise _failure(personas[number].build.name, told["failed"], told["message"], told["help"])
    return {number: Path(told["run"]) for number, told in ended.items()}


def _load_libraries() -> None:
    import torch

    for name in ("datasets", "peft", "trl.trainer.dpo_trainer", "trl.trainer.sft_trainer"):
        import_module(name)  # children find them loaded
    torch.set_num_threads(1)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def _summed(steps: dict[int, tuple[int, int]], personas: int) -> tuple[int, int]:
    """Steps done and steps in all, where those that have not begun have as many as the others on average."""
    whole = sum(of for _, of in steps.values())
    return sum(done for done, _ in steps.values()), round(whole * personas / len(steps))


def _forked(number: int, persona: Persona, held: Held, others: Sequence[Any]) -> _Child:
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        for pipe in others:
            pipe.close()
        _train(persona, held, writing)
    os.close(writing)
    return _Child(number, pid, os.fdopen(reading, encoding="utf-8"))


def _train(persona: Persona, held: Held, writing: int) -> NoReturn:
    """What a child does: it trains, tells how far it is, and ends without running what is the parent's."""

    def tell(what: dict[str, Any]) -> None:
        try:
            os.write(writing, (json.dumps(what) + "\n").encode())
        except BrokenPipeError:
            raise KeyboardInterrupt from None  # nobody waits for it any more

    # Ctrl-C reaches every process of a terminal; the parent hears it, and says so once.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    name = persona.build.name

    def progress(stage: str, done: int, total: int, unit: str, note: str = "") -> None:
        tell({"step": done, "of": total, "note": f"{name}: {note}"})

    code = 1
    try:
        tell({"run": str(persona.train(held, progress))})
        code = 0
    except TenetError as error:
        tell({"failed": type(error).__name__, "message": error.message, "help": error.help})
    except KeyboardInterrupt:
        pass
    except BaseException as error:
        alone = "train it alone to see where: TENET_THREADS=1 tenet train SPEC"
        tell({"failed": "WorkerError", "message": f"{type(error).__name__}: {error}", "help": alone})
    finally:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _said(children: Sequence[_Child]) -> Iterator[tuple[_Child, dict[str, Any]]]:
    """Wait until a child says something or ends; an ended one's pipe is closed."""
    with DefaultSelector() as selector:
        for child in children:
            selector.register(child.pipe, EVENT_READ, child)
        for key, _ in selector.select():
            child = key.data
            line = child.pipe.readline()
            if line.endswith("\n"):
                yield child, json.loads(line)
            else:
                child.pipe.close()


def _waited(child: _Child) -> dict[str, Any]:
    _, status = os.waitpid(child.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if child.ended is None:
        why = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return {"failed": "WorkerError", "message": why, "help": "train again: it goes on from its last checkpoint"}
    return child.ended


def _stop(children: Sequence[_Child]) -> None:
    for child in children:
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGTERM)
    for child in children:
        with suppress(ChildProcessError):
            os.waitpid(child.pid, 0)


def _failure(name: str, kind: str, message: str, help: str | None) -> TenetError:
    made: TenetError = getattr(failures, kind)(f"{name}: {message}", help=help)
    return made
