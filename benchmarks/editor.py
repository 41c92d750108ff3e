"""From a key in a spec of 2,000 lines to its diagnostics, beside loading the same text anew.

In: nothing. Out: milliseconds of CPU time, the median of the rounds, and the ratio of the two. What the language server
does between `didChange` and `publishDiagnostics` is all in it, but for the wait that gathers keys and the pipe. Both
find the same, or the figure is not given.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import spec
from compiler.lsp.diagnostics import diagnose, found_in
from compiler.lsp.session import Session

ROUNDS = 15
LINES = 2000
SPEC = Path("/benchmark/long.tenet")

# What is typed in the middle of the file: what stands there -> what it becomes, one more letter each round.
EDITS = {
    "a word of a text": ("feeling {n} before", "feeling {n}{x} before"),
    "a field's colon is missing": ('means: "Names the feeling {n} ', 'means "Names{x} the feeling {n} '),
    "a string is open": ('feeling {n} before giving advice."', "feeling {n}{x}"),
    "a brace is missing": ("trait caring_{n} {{", "trait caring_{n}{x}"),
    "an unknown name": ("style: caring_{n}\n", "style: caring_{n}{x}\n"),
}


def text_of(lines: int) -> str:
    parts, n, count = ["tenet 1\n"], 0, 1
    while count < lines:
        n += 1
        part = (
            f'trait caring_{n} {{\n  means: "Names the feeling {n} before giving advice."\n  not: "Saccharine."\n'
            f'  example {{\n    user: "I failed exam {n}."\n    good: "That hurts. Which part went wrong?"\n'
            f'    bad: "Study more."  why: "skips the feeling"\n  }}\n  target: >= 85%\n}}\n\n'
            f'refuse dosing_{n} at root {{\n  about: "how much of medicine {n} to take"\n  style: caring_{n}\n'
            f'  offer: "a pharmacist"\n  unless: user.role == clinician\n}}\n\n'
            f'forbid canned_{n} {{\n  phrases: ["Certainly number {n}!", "As model {n}"]\n  target: <= 1%\n}}\n\n'
        )
        parts.append(part)
        count += part.count("\n")
    return "".join(parts)


def seconds(run: Callable[[], object]) -> float:
    started = time.process_time()
    run()
    return time.process_time() - started


def main() -> None:
    before = text_of(LINES)
    session = Session()
    middle = before.count("trait caring_") // 2
    print(f"{before.count(chr(10))} lines; milliseconds of CPU time, the median of {ROUNDS} rounds\n")
    print(f"{'typed in the middle':<28} {'editor':>8} {'anew':>8} {'ratio':>7} {'slowest':>8}")
    for name, (old, new) in EDITS.items():
        editor, anew = [], []
        for number in range(ROUNDS):
            session.workspace.open(SPEC, SPEC.as_uri(), 2 * number, before)
            diagnose(session, SPEC)
            gc.collect()
            gc.freeze()  # as the server does once
            after = before.replace(old.format(n=middle), new.format(n=middle, x="x" * (number + 1)))
            assert after != before
            session.workspace.open(SPEC, SPEC.as_uri(), 2 * number + 1, after)
            editor.append(seconds(lambda: diagnose(session, SPEC)))
            texts = {SPEC: after}
            anew.append(seconds(lambda texts=texts: spec.load(SPEC, texts=texts)))  # type: ignore[misc]  # a default binds it
            assert [found for found, _ in found_in(session, SPEC)] == list(spec.load(SPEC, texts=texts).diagnostics)
        fast, slow = median(editor) * 1000, median(anew) * 1000
        print(f"{name:<28} {fast:>8.1f} {slow:>8.1f} {fast / slow:>7.2f} {max(editor) * 1000:>8.1f}")


if __name__ == "__main__":
    main()
