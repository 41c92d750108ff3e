"""Several personas of one base, trained by one command: the libraries and the base are loaded once.

In: builds. Out: their runs, as each training alone makes them. On a CPU they are trained side by side, one on each core
with one thread: a step of a small model has parts that a second thread does not shorten, and a batch of 16 pairs gains
nothing from rows of other personas beside it (`benchmarks/families.py` has both figures). Each of these is a process of
its own, forked once the base is in memory. One that would be left alone on its core at the end is trained in this
process, with as many threads as a training alone. All have their own optimiser, random numbers, checkpoints and events,
so that a run is byte for byte that of `tenet train SPEC` with as many threads (TENET_THREADS). Elsewhere they are
trained one after the other. What fails or is interrupted stops no other that is under way. This file must not know how
a training is done.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import Any, NoReturn

from backends import machine
from backends.devices import cpu_threads
from backends.train import kept, room
from backends.train.held import Held
from backends.train.identity import is_done, kept_steps, run_folder
from compiler import failures
from compiler.failures import GivenError, TenetError
from compiler.progress import Progress
from compiler.runs import is_prompt_alone

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


def threads_of(personas: int, at_once: int, usual: int) -> list[int]:
    """How many threads each is trained with: one, but the usual number for one that would be left alone at the end.

    >>> threads_of(5, 2, 2), threads_of(4, 2, 2), threads_of(3, 16, 2)
    ([1, 1, 1, 1, 2], [1, 1, 1, 1], [1, 1, 1])
    """
    left_alone = personas > at_once > 1 and personas % at_once == 1
    return [1] * (personas - left_alone) + [usual] * left_alone


def run(personas: Sequence[Persona], runs: Path, at_once: int, progress: Progress) -> list[Path]:
    """Train all that have no finished run here, and return the runs in order.

    Raises:
        GivenError: several at once are asked for, and cannot be.
        TenetError: of the first that failed, once the others have ended.
    """
    if at_once > 1 and (why := _why_in_turn()):
        raise GivenError(f"{at_once} cannot be trained at once: {why}", help="leave --at-once out")
    usual, count = cpu_threads(), len(personas)
    threads = threads_of(count, at_once, usual) if at_once > 1 else [usual] * count
    known = {usual, 1} if at_once > 1 else {usual}
    folders = [_folders(persona.build, runs, known) for persona in personas]
    found = {n: run for n, of in enumerate(folders) if (run := _finished(of.values()))}
    left = [_Turn(n, p, _begun(folders[n]) or threads[n]) for n, p in enumerate(personas) if n not in found]
    beside = [turn for turn in left if turn.threads == 1 < at_once]
    if len(beside) < 2:  # a process of its own is for nobody's sake
        beside = []
    held, failed = Held(), list[TenetError]()
    if beside:
        found |= _side_by_side(beside, held, at_once, _counted(progress, 0, len(beside), len(left)), failed)
    for place, turn in enumerate([turn for turn in left if turn not in beside], len(beside)):
        with _failing(turn, failed), _threads(turn.threads):
            found[turn.number] = turn.persona.train(held, _counted(progress, place, 1, len(left), f"{turn.name}: "))
    if failed:
        raise failed[0]
    return [found[n] for n in range(count)]


@dataclass(frozen=True, slots=True)
class _Turn:
    """number: its place among all. threads: that it is trained with."""

    number: int
    persona: Persona
    threads: int

    @property
    def name(self) -> str:
        return self.persona.build.name


def _folders(build: Path, runs: Path, threads: Iterable[int]) -> dict[int, Path]:
    """Where a training of a build goes, by the number of threads."""
    found = {}
    for number in threads:
        with _threads(number):
            found[number] = run_folder(build, runs)
    return found


def _finished(folders: Iterable[Path]) -> Path | None:
    """The first run that is whole; None where there is none.

    Raises:
        ModelLoadError: its files are not those that were trained.
    """
    run = next(filter(is_done, folders), None)
    if run is not None and not is_prompt_alone(run):
        kept.confirm(run)
    return run


def _begun(folders: Mapping[int, Path]) -> int | None:
    """With how many of these threads a training was begun whose checkpoints are there."""
    return next((number for number, run in folders.items() if kept_steps(run)), None)


def _counted(progress: Progress, place: int, part: int, of: int, name: str = "") -> Progress:
    """Progress of some of several, in which steps of all are counted as if they had as many."""

    def told(stage: str, done: int, total: int, unit: str, note: str = "") -> None:
        each = total / part
        progress(stage, round(place * each) + done, round(of * each), unit, f"{name}{note}")

    return told


@contextmanager
def _failing(turn: _Turn, failed: list[TenetError]) -> Iterator[None]:
    """Keep what stops one, so that it stops no other."""
    try:
        yield
    except TenetError as error:
        failed.append(_failure(turn.name, type(error).__name__, error.message, error.help))


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """TENET_THREADS while the block runs."""
    before = os.environ.get("TENET_THREADS")
    os.environ["TENET_THREADS"] = str(number)
    try:
        yield
    finally:
        del os.environ["TENET_THREADS"]
        if before is not None:
            os.environ["TENET_THREADS"] = before


@dataclass(slots=True)
class _Child:
    turn: _Turn
    pid: int
    pipe: Any
    ended: dict[str, Any] | None = None


def _side_by_side(
    turns: Sequence[_Turn], held: Held, at_once: int, progress: Progress, failed: list[TenetError]
) -> dict[int, Path]:
    # Threads of a pool do not survive a fork: what is forked computes with one.
    _load_libraries()
    waiting = deque[_Turn]()
    for turn in turns:
        with _failing(turn, failed):
            turn.persona.hold(held)
            waiting.append(turn)
    together = min(at_once, len(waiting))
    steps: dict[int, tuple[int, int]] = {}
    running: list[_Child] = []
    ended: dict[int, Path] = {}
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                running.append(_forked(waiting.popleft(), held, [child.pipe for child in running], together))
            for child, told in _said(running):
                if "step" in told:
                    steps[child.turn.number] = (told["step"], told["of"])
                    progress("train", *_summed(steps, len(turns)), "steps", told["note"])
                else:
                    child.ended = told
            for child in [child for child in running if child.pipe.closed]:
                running.remove(child)
                told = _waited(child)
                if "run" in told:
                    ended[child.turn.number] = Path(told["run"])
                else:
                    failed.append(_failure(child.turn.name, told["failed"], told["message"], told["help"]))
    except BaseException:
        _stop(running)
        raise
    return ended


def _load_libraries() -> None:
    import torch

    for name in ("datasets", "peft", "trl.trainer.dpo_trainer", "trl.trainer.sft_trainer"):
        import_module(name)  # children find them loaded
    torch.set_num_threads(1)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def _summed(steps: dict[int, tuple[int, int]], personas: int) -> tuple[int, int]:
    """Steps done and steps in all, where those that have not begun have as many as the others on average."""
    known = [of for _, of in steps.values() if of]
    return sum(done for done, _ in steps.values()), round(sum(known) * personas / max(len(known), 1))


def _forked(turn: _Turn, held: Held, others: Sequence[Any], together: int) -> _Child:
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        for pipe in others:
            pipe.close()
        room.share(together)
        _train(turn, held, writing)
    os.close(writing)
    return _Child(turn, pid, os.fdopen(reading, encoding="utf-8"))


def _train(turn: _Turn, held: Held, writing: int) -> NoReturn:
    """What a child does: it trains, tells how far it is, and ends without running what is the parent's."""

    def tell(what: dict[str, Any]) -> None:
        try:
            os.write(writing, (json.dumps(what) + "\n").encode())
        except BrokenPipeError:
            raise KeyboardInterrupt from None  # nobody waits for it any more

    # Ctrl-C reaches every process of a terminal; the parent hears it, and says so once.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.default_int_handler)

    def progress(stage: str, done: int, total: int, unit: str, note: str = "") -> None:
        tell({"step": done, "of": total, "note": f"{turn.name}: {note}"})

    code = 1
    try:
        with _threads(turn.threads):
            tell({"run": str(turn.persona.train(held, progress))})
        code = 0
    except TenetError as error:
        tell({"failed": type(error).__name__, "message": error.message, "help": error.help})
    except KeyboardInterrupt:
        pass
    except BaseException as error:
        alone = f"train it alone to see where: TENET_THREADS={turn.threads} tenet train SPEC"
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
        again = (
            "train again: it goes on from its last checkpoint; where memory ran out, --at-once N trains fewer at once"
        )
        return {"failed": "WorkerError", "message": why, "help": again}
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
