"""The driver: the `tenet` command. One file a command in this folder; each is imported only when it is called.

In: the command line. Out: an exit code: 0 nothing wrong, 1 findings (an error in a spec, a missed clause, an alarm), 2
usage (an option, or a file that the command line names, cannot be used as it is), 3 infrastructure (a build, a run, a
model, memory, the network) or a fault of Tenet itself, 130 interrupted. This package is the one place outside
`backends/` that may reach it, inside functions, so that `tenet check` never loads torch. A command's work is in
`emitting.py` (the pure part) and `stages.py` (the rest), what lies on disk in `places.py`; what a person sees is in
`screen.py`.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from compiler import unchanged


@contextmanager
def _silent() -> Iterator[None]:
    """Let Ctrl-C end the process at once: while it imports, nothing was begun, and a traceback says nothing."""
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    try:
        if ours:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
    except ValueError:  # not in the main thread
        ours = False
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)


# Command -> what it does. The order is that of a first day with Tenet.
COMMANDS = {
    "new": "Write a small commented spec that checks clean.",
    "import": "Turn a Model Spec or a constitution into a spec.",
    "check": "Report everything that is wrong in a spec.",
    "explain": "Tell what a code or a word of the language means, with an example.",
    "lsp": "Serve an editor: diagnostics, completion, hover, rename and more.",
    "fmt": "Put a spec into the canonical layout.",
    "convert": "Write a spec as .tenet text, YAML or JSON.",
    "schema": "Print the JSON Schema of specs in YAML and JSON.",
    "build": "Compile a spec into a prompt, filters, training rows, probes and jobs.",
    "lint-data": "Look at the rows of a build before anything is trained on them.",
    "filter": "Keep the rows of a corpus that break no rule of a spec.",
    "plan": "Say what would run, why, and how long it would take; run nothing.",
    "train": "Train the adapter that a build describes.",
    "steer": "Read vectors for the clauses out of the base, and choose where and how strongly they are added.",
    "measure": "Let base, prompt and adapter answer the probes.",
    "diff": "Set what was asked beside what was measured, clause by clause.",
    "run": "Build, train, measure and diff.",
    "compose": "Add the changes of several adapters of one base, exactly.",
    "adapters": "List the adapters of a folder of runs, with what each meets.",
    "verify": "Hold an adapter, or what was made of it, against what was trained.",
    "label": "Ask people what answers are worth, and keep what they say.",
    "export": "Write a build or a trained run for another tool.",
    "trace": "Lead an output back to its clause and line.",
    "explain-row": "Make a training row again, and show each step.",
    "chat": "Talk to base and adapter, or to other arms, side by side.",
    "serve": "Answer chat completions with many adapters over one base.",
    "monitor": "Watch a served model or a log of conversations; alarm where a clause is not kept.",
    "gc": "Remove answers that no build or run asks for, and what killed processes have left.",
    "doctor": "Show versions and devices, and how to get what is missing.",
    "nano": "The embedded base model: train it, measure it, look at its world.",
}

# How OpenMP's threads wait for one another, unless the user says. By default they spin for milliseconds; beside another
# busy process they spin away the time in which the thread they wait for could run. The count is some microseconds:
# on idle cores nothing is lost by it (see benchmarks/waiting.py).
WAITING = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "1000"}
SAID_BY_USERS = (*WAITING, "KMP_BLOCKTIME")

FINDINGS, USAGE, INFRASTRUCTURE, INTERRUPTED = 1, 2, 3, 130


def _settle_threads() -> None:
    """Set what OpenMP reads when torch is loaded, which is after this."""
    if not any(name in os.environ for name in SAID_BY_USERS):
        os.environ.update(WAITING)
    if "TENET_THREADS" in os.environ:
        os.environ.setdefault("OMP_NUM_THREADS", os.environ["TENET_THREADS"])


@contextmanager
def _interruptible(came: list[int]) -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does, so that a stopped job says what is kept and how to go on.

    came: takes the signals that come, for a library that is interrupted while it is imported may raise an error of
    its own.
    """

    def interrupt(number: int, _frame: object) -> NoReturn:
        came.append(number)
        raise KeyboardInterrupt

    heard = [signal.SIGTERM]
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else somebody ignores it, or handles it
        heard.append(signal.SIGINT)
    try:
        before = [(number, signal.signal(number, interrupt)) for number in heard]
    except ValueError:  # not in the main thread, where signals do not arrive either
        yield
        return
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code."""
    sys.exit(execute(arguments))


def execute(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code; every failure becomes one message on stderr.

    No failure leaves with 1: that code says that the spec or the model was found wanting.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if (said := unchanged.said_before(arguments)) is not None:
        sys.stderr.write(said)
        return 0
    _settle_threads()
    with _silent():
        import click

        from compiler.cli.group import tenet
    came: list[int] = []
    try:
        with _interruptible(came):
            code = tenet.main(args=arguments, prog_name="tenet", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return USAGE
    except BrokenPipeError:
        # The reader of our output has left (`tenet plan | head`); nothing is wrong, and nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (Exception, KeyboardInterrupt) as error:
        from compiler.cli.screen import say_failure, say_interrupted, say_unforeseen
        from compiler.failures import GivenError, PlaceError, TenetError

        if came or isinstance(error, KeyboardInterrupt | click.Abort):
            import shlex

            say_interrupted(shlex.join(["tenet", *arguments]))
            return INTERRUPTED
        if isinstance(error, TenetError):
            say_failure(error)
            return USAGE if isinstance(error, GivenError | PlaceError) else INFRASTRUCTURE
        say_unforeseen(error)
        return INFRASTRUCTURE
    return code if isinstance(code, int) else 0
