"""From a key in a spec of 2,000 lines to its diagnostics, through `tenet lsp` and its pipes, beside loading it anew.

In: nothing. Out: milliseconds, medians of the rounds. "wire" is wall time from the moment when a client has sent
`didChange` to the one when `publishDiagnostics` for that version has arrived: the wait that gathers keys, both pipes,
and JSON on both sides are in it. "server" is CPU time of the check alone, "anew" that of `spec.load`. Both find the
same, or the figure is not given.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from statistics import median
from typing import Any

import spec
from compiler.lsp.diagnostics import diagnose, found_in
from compiler.lsp.server import PAUSE
from compiler.lsp.session import Session

ROUNDS = 15
LINES = 2000
BURST = 20
BURST_GAP = 0.03
"""Keys of somebody who leans on one, and the seconds between them."""
ERRORS = 300
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


def with_errors(text: str, count: int) -> str:
    """Return a text with `count` fields that the language does not know."""
    broken = text
    for old, new in (
        ("  not:", "  nott:"),
        ("  style:", "  stile:"),
        ("  offer:", "  ofer:"),
        ("  unless:", "  unles:"),
    ):
        left = count - len(spec.loads(broken).diagnostics)
        broken = broken.replace(old, new, max(left, 0))
    return broken


class Client:
    """An editor that has one document open in a server of its own."""

    def __init__(self) -> None:
        command = [sys.executable, "-c", "from compiler.cli import main; main()", "lsp"]
        root = str(Path(__file__).parents[1])
        self.server = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root, env={**os.environ, "PYTHONPATH": root}
        )
        self.version = 0
        self.heard: SimpleQueue[Any] = SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Client:
        self.say("initialize", 1, capabilities={}, processId=None, rootUri=None)
        self.heard.get()
        return self

    def __exit__(self, *_: object) -> None:
        assert self.server.stdin is not None
        self.server.stdin.close()
        self.server.wait()

    def say(self, method: str, number: int | None = None, **params: object) -> None:
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params} | ({"id": number} if number else {}))
        assert self.server.stdin is not None
        self.server.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body.encode()))
        self.server.stdin.flush()

    def _listen(self) -> None:
        """Take what the server says as it comes: one that is not heard has to wait."""
        assert self.server.stdout is not None
        while line := self.server.stdout.readline():
            if line.startswith(b"Content-Length: "):
                length = int(line.removeprefix(b"Content-Length: "))
                while self.server.stdout.readline().strip():
                    pass
                self.heard.put(json.loads(self.server.stdout.read(length)))

    def type(self, text: str) -> None:
        """Send the document's next text."""
        self.version += 1
        document = {"uri": SPEC.as_uri(), "version": self.version}
        if self.version == 1:
            self.say("textDocument/didOpen", textDocument={**document, "languageId": "tenet", "text": text})
        else:
            self.say("textDocument/didChange", textDocument=document, contentChanges=[{"text": text}])

    def diagnostics(self) -> list[Any]:
        """Wait for the diagnostics of the last text."""
        while True:
            params = self.heard.get().get("params", {})
            if params.get("version") == self.version and "diagnostics" in params:
                found: list[Any] = params["diagnostics"]
                return found

    def seconds(self, text: str) -> float:
        started = time.perf_counter()
        self.type(text)
        self.diagnostics()
        return time.perf_counter() - started


def cpu_seconds(run: Callable[[], object]) -> float:
    started = time.process_time()
    run()
    return time.process_time() - started


def typed(before: str, old: str, new: str, number: int) -> str:
    middle = before.count("trait caring_") // 2
    after = before.replace(old.format(n=middle), new.format(n=middle, x="x" * (number + 1)))
    assert after != before
    return after


def single_edits(before: str) -> None:
    session = Session()
    print(f"{'typed in the middle':<28} {'wire':>8} {'slowest':>8} {'server':>8} {'anew':>8} {'ratio':>7}")
    with Client() as client:
        client.seconds(before)
        for name, (old, new) in EDITS.items():
            wire, server, anew = [], [], []
            for number in range(ROUNDS):
                after = typed(before, old, new, number)
                client.seconds(before)
                time.sleep(0.1)
                wire.append(client.seconds(after))
                time.sleep(0.1)
                session.workspace.open(SPEC, SPEC.as_uri(), 2 * number, before)
                diagnose(session, SPEC)
                gc.collect()
                gc.freeze()  # as the server does once
                session.workspace.open(SPEC, SPEC.as_uri(), 2 * number + 1, after)
                server.append(cpu_seconds(partial(diagnose, session, SPEC)))
                texts = {SPEC: after}
                anew.append(cpu_seconds(partial(spec.load, SPEC, texts=texts)))
                assert [found for found, _ in found_in(session, SPEC)] == list(spec.load(SPEC, texts=texts).diagnostics)
            figures = [median(wire), max(wire), median(server), median(anew)]
            shown = " ".join(f"{1000 * figure:>8.1f}" for figure in figures)
            print(f"{name:<28} {shown} {median(server) / median(anew):>7.2f}")


def situations(before: str) -> None:
    """Edits of a word where something else goes on; over the wire alone."""
    old, new = EDITS["a word of a text"]
    broken = with_errors(before, ERRORS)
    with Client() as client:
        found: dict[str, list[float]] = {}
        for number in range(ROUNDS):
            for letters in range(BURST - 1):
                client.type(typed(before, old, new, number + letters))
                time.sleep(BURST_GAP)
            burst = client.seconds(typed(before, old, new, number + BURST))
            found.setdefault(f"the last of {BURST} keys in a row", []).append(burst)
            client.seconds(broken)
            time.sleep(0.1)
            edit = client.seconds(typed(broken, old, new, number))
            found.setdefault(f"in a file with {len(spec.loads(broken).diagnostics)} errors", []).append(edit)
            time.sleep(0.1)
            client.seconds(before)
            time.sleep(PAUSE + 0.01)
            found.setdefault("while it compiles", []).append(client.seconds(typed(before, old, new, number)))
            time.sleep(0.1)
    for name, seconds in found.items():
        print(f"{name:<28} {1000 * median(seconds):>8.1f} {1000 * max(seconds):>8.1f}")


def main() -> None:
    before = text_of(LINES)
    print(f"{LINES} lines; milliseconds, the median of {ROUNDS} rounds; wire: wall time, the rest: CPU time\n")
    single_edits(before)
    situations(before)


if __name__ == "__main__":
    main()
