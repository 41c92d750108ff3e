"""Personas trained together beside one after another: `python -m benchmarks.families BUILD... [--steps N]`.

In: builds of one base, such as those of `tenet build` for each spec of examples/five-voices. Their jobs are copied with
N steps. Two tables. The first asks whether rows of several personas gain by standing in one batch: the processor's time
of forward and backward pass of a step of all of them, by PEFT's layers one after another, by a low-rank layer written
for it (below), and by that layer over all rows at once, gradients compared. The second times whole commands, each a
process of its own with all that it loads: one command each, one command that trains one after the other, and one that
trains side by side. Before any time is shown, the first and the last adapter of these are held byte for byte against
those that are trained alone with as many threads, and all losses against those of the usual number.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import torch
import yaml

from backends import bases, train
from backends.devices import choose, cpu_threads, settle
from backends.train import family, packed
from backends.train.adapters import adapter_digest
from backends.train.held import Held
from backends.train.loop import read_rows
from benchmarks.side_by_side import Contender, compare
from compiler.cli import WAITING
from compiler.progress import Progress, silent
from compiler.records.record import Message

CLOSE = 1e-3
"""Between losses of trainings with one thread and with more, relative to the loss: rounding, which steps add up."""
CAPACITY = 128


def shortened(build: Path, folder: Path, steps: int) -> Path:
    """A copy of a build whose jobs take so many steps."""
    copied = folder / "build" / build.name
    shutil.copytree(build, copied)
    for job in (copied / "jobs").glob("*.yaml"):
        values = yaml.safe_load(job.read_text())
        job.write_text(yaml.safe_dump(values | {"max_steps": steps, "warmup_steps": max(1, steps // 12)}))
    return copied


def trained(builds: Sequence[Path], runs: Path, at_once: int) -> list[Path]:
    """What a command does in its process."""

    def one(build: Path) -> family.Persona:
        def training(held: Held, progress: Progress) -> Path:
            return train.run(build, runs, progress=progress, held=held)

        return family.Persona(build, training, lambda held: train.hold(build, held))

    return family.run([one(build) for build in builds], runs, at_once, silent)


def command(builds: Sequence[Path], at_once: int, threads: str | None = None) -> list[Path]:
    """Train in a process of its own, into a new folder."""
    runs = Path(tempfile.mkdtemp(dir=builds[0].parent.parent))
    told = [sys.executable, "-m", "benchmarks.families", *map(str, builds), "--into", str(runs)]
    environment = {name: value for name, value in os.environ.items() if name != "TENET_THREADS"}
    environment |= {**WAITING, **({"TENET_THREADS": threads} if threads else {})}
    done = subprocess.run([*told, "--at-once", str(at_once)], env=environment, check=True, capture_output=True)
    return [Path(line) for line in done.stdout.decode().split()[-len(builds) :]]


def losses(run: Path) -> list[float]:
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    return [event["loss"] for event in events if "loss" in event]


def commands(builds: Sequence[Path], rounds: int) -> None:
    cores = len(os.sched_getaffinity(0))
    together = command(builds, cores)
    threads = family.threads_of(len(builds), cores, cpu_threads())
    for n in (0, -1):
        (alone,) = command([builds[n]], 1, threads=str(threads[n]))
        if adapter_digest(alone / "adapter") != adapter_digest(together[n] / "adapter"):
            raise ValueError(f"{builds[n].name}: trained together it has other bytes than alone")
    gap = 0.0
    for build, run in zip(builds, together, strict=True):
        (usual,) = command([build], 1)
        gap = max(gap, *(abs(a - b) / abs(b) for a, b in zip(losses(run), losses(usual), strict=True)))
    if gap > CLOSE:
        raise ValueError(f"losses are off those of {cpu_threads()} threads by {gap:.1e} of themselves")
    print(f"bytes as alone with {threads} threads; losses off those of {cpu_threads()} by {gap:.1e} of themselves")
    compare(
        f"{len(builds)} trainings, {len(losses(together[0]))} steps each, {cores} cores",
        [
            Contender("together", lambda: command(builds, cores)),
            Contender("one command, in turn", lambda: command(builds, 1)),
            Contender("one command each", lambda: [command([build], 1) for build in builds]),
        ],
        rounds=rounds,
        warm=True,
    )


class LowRank(torch.autograd.Function):
    """x w' + s (x a') b', each persona's rows by its own a and b; w takes no gradient."""

    @staticmethod
    def forward(ctx: Any, x: Any, weight: Any, ends: Any, scales: Any, *pairs: Any) -> Any:
        flat = x.reshape(-1, x.shape[-1])
        found = flat @ weight.T
        lows = []
        for n, (start, end) in enumerate(ends):
            lows.append(flat[start:end] @ pairs[2 * n].T)
            found[start:end].addmm_(lows[-1], pairs[2 * n + 1].T, alpha=scales[n])
        ctx.save_for_backward(flat, weight, *pairs, *lows)
        ctx.ends, ctx.scales = ends, scales
        return found.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        flat, weight, *rest = ctx.saved_tensors
        pairs, lows = rest[: 2 * len(ctx.ends)], rest[2 * len(ctx.ends) :]
        above = grad.reshape(-1, grad.shape[-1])
        below = above @ weight
        own = []
        for n, (start, end) in enumerate(ctx.ends):
            part = above[start:end]
            low = (part @ pairs[2 * n + 1]).mul_(ctx.scales[n])
            own += [low.T @ flat[start:end], (part.T @ lows[n]).mul_(ctx.scales[n])]
            below[start:end].addmm_(low, pairs[2 * n])
        return below.view((*grad.shape[:-1], flat.shape[-1])), None, None, None, *own


@contextmanager
def mixed(models: Sequence[Any], ends: Sequence[tuple[int, int]]) -> Iterator[None]:
    """Let the first model compute the rows of all, each by its own adapter."""
    from peft.tuners.lora import LoraLayer

    layers = [[module for module in model.modules() if isinstance(module, LoraLayer)] for model in models]
    for of in zip(*layers, strict=True):
        pairs = [side["default"].weight for layer in of for side in (layer.lora_A, layer.lora_B)]
        scales = [layer.scaling["default"] for layer in of]
        of[0].forward = lambda x, w=of[0].base_layer.weight, s=scales, p=pairs: LowRank.apply(x, w, ends, s, *p)
    try:
        yield
    finally:
        for layer in layers[0]:
            del layer.forward


def batches(builds: Sequence[Path], rows: int) -> Iterator[list[list[list[int]]]]:
    """Of each persona, both sides of so many pairs, tokenised; the first ones, then the next."""
    chat = bases.load_chat(bases.resolve("nano"))
    sides = []
    for build in builds:
        pairs = read_rows(build / "pairs.jsonl", ("prompt", "chosen", "rejected"), chat)
        told = [pair["prompt"] + pair[side] for pair in pairs for side in ("chosen", "rejected")]
        # The answer is the beginning of a turn that stays open: what ends it is read by no token.
        sides.append([chat.prompt_ids([Message(**message) for message in row]) for row in told])
    for start in range(0, min(map(len, sides)) - 2 * rows, 2 * rows):
        yield [side[start : start + 2 * rows] for side in sides]


def layers(builds: Sequence[Path], rounds: int, pairs: Sequence[int]) -> None:
    """The first table."""
    from peft import LoraConfig, get_peft_model

    os.environ["TENET_THREADS"] = "1"
    settle(choose())
    kept = Held()
    base = bases.resolve("nano")
    models: list[Any] = []
    for number in range(len(builds)):
        torch.manual_seed(number)
        settings = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", init_lora_weights=False)
        models.append(get_peft_model(kept.model(base, torch.float32, "cpu"), settings))

    def step(of: Sequence[int], batch: Sequence[Any], own: bool, capacity: int) -> None:
        found: list[packed.Tree] = []
        ends = []
        for rows in batch:
            first = len(found)
            found += packed.trees(rows, capacity)
            ends.append((first, len(found)))
        width = max(tree.size for tree in found)
        places = [(first * width, last * width) for first, last in ends]
        with mixed([models[n] for n in of], places) if own else _nothing():
            hidden, _ = packed._hidden(models[of[0]].get_base_model(), found, "cpu")
            real = torch.zeros(hidden.shape[:2])
            for number, tree in enumerate(found):
                real[number, : tree.size] = 1
            (hidden.square() * real[..., None]).sum().mul(1e-4).backward()

    def turns(rows: int, own: bool, capacity: int, together: bool) -> None:
        for batch in told[rows]:
            if together:
                step(range(len(models)), batch, own, capacity)
            else:
                for n in range(len(models)):
                    step([n], [batch[n]], own, capacity)
        for model in models:
            model.zero_grad()

    def gradients() -> list[Any]:
        found = [p.grad for model in models for p in model.parameters() if p.grad is not None]
        for model in models:
            model.zero_grad()
        return found

    told = {rows: list(islice(batches(builds, rows), 2)) for rows in pairs}
    for rows, (batch, _) in told.items():
        step(range(len(models)), batch, True, CAPACITY)
        ours = gradients()
        for n in range(len(models)):
            step([n], [batch[n]], False, CAPACITY)
        for one, other in zip(ours, gradients(), strict=True):
            if float((one - other).abs().max()) > 1e-4 * float(other.abs().max()):
                raise ValueError("rows of all at once give other gradients")
        compare(
            f"hidden states and gradients of {len(models)} personas, {rows} pairs each, processor's time",
            [
                Contender("all rows at once", partial(turns, rows, True, CAPACITY, True)),
                Contender("in turn, that layer", partial(turns, rows, True, CAPACITY, False)),
                Contender("in turn, PEFT's layers", partial(turns, rows, False, CAPACITY, False)),
                Contender(f"the same, trees of {packed.CAPACITY}", partial(turns, rows, False, packed.CAPACITY, False)),
            ],
            rounds=rounds,
            clock=time.process_time,
        )


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("builds", nargs="+", type=Path)
    parser.add_argument("--steps", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pairs", type=int, nargs="+", default=[1, 4, 16], help="of a persona's batch")
    parser.add_argument("--only", choices=("layers", "commands"), help="the first table alone, or the second")
    parser.add_argument("--into", type=Path, help="train once, into this folder, and say which runs they are")
    parser.add_argument("--at-once", type=int, default=1)
    asked = parser.parse_args()
    if asked.into:
        print(*trained(asked.builds, asked.into, asked.at_once), sep="\n")
        return
    if asked.only != "commands":
        layers(asked.builds, asked.rounds, asked.pairs)
    if asked.only == "layers":
        return
    with tempfile.TemporaryDirectory() as folder:
        commands([shortened(build, Path(folder), asked.steps) for build in asked.builds], asked.rounds)


if __name__ == "__main__":
    main()
