"""What answers cost: Tenet's engine beside `model.generate`; several adapters in one batch beside one after another.

    TENET_THREADS=1 python -m benchmarks.generation [BASE] [ADAPTER...]

512 tokens of system prompt that all questions share is the case that the arms `prompt` and `adapter+prompt` measure;
without one, base and adapter. Greedy tokens are compared first. Adapters are made with random weights, of the rank and
layers that a training gives, unless some are named. The clock is the process's CPU time, so that others on the machine
weigh little; with more than one thread it counts the waiting of each, too.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from itertools import islice, product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from backends import bases
from backends.chats import Chat
from backends.engines import Sampling, load
from backends.engines.transformers import TransformersEngine
from benchmarks.side_by_side import Contender, compare
from compiler.records.record import Message

QUESTIONS = 48
NEW_TOKENS = 32
ADAPTERS = 4
Rows = list[list[int]]


def conversations(chat: Chat, shared: int, count: int = QUESTIONS) -> Rows:
    """Token ids of questions behind one system prompt of at least `shared` tokens."""
    system = "You are Polly."
    while chat.count(system) < shared:
        system += " Never say Certainly! Talk like a pirate."
    asks = ("What is the capital of", "Where is", "Tell me about", "What do you know about")
    names = ("Peru", "Kenya", "Norway", "Japan", "Chile", "Ghana", "Spain", "Nepal", "Cuba", "Fiji", "Egypt", "Iran")
    head = (Message(role="system", content=system),) if shared else ()
    return [
        chat.prompt_ids((*head, Message(role="user", content=f"{ask} {name}?")))
        for ask, name in islice(product(asks, names), count)
    ]


def generated(engine: TransformersEngine, rows: Rows) -> Rows:
    """As `model.generate` continues rows, padded to one batch."""
    width, stops = max(map(len, rows)), sorted(engine.chat.stops)
    ids = torch.tensor([[stops[0]] * (width - len(r)) + r for r in rows], device=engine.device.kind)
    mask = torch.tensor([[0] * (width - len(r)) + [1] * len(r) for r in rows], device=engine.device.kind)
    with torch.inference_mode():
        out = engine.model.generate(
            ids,
            attention_mask=mask,
            do_sample=False,
            max_new_tokens=NEW_TOKENS,
            eos_token_id=stops,
            pad_token_id=stops[0],
        )
    news = [row[width:].tolist() for row in out]
    return [new[: next((i for i, token in enumerate(new) if token in engine.chat.stops), len(new))] for new in news]


def beside_generate(engine: TransformersEngine, shared: int, rounds: int) -> None:
    rows = conversations(engine.chat, shared)

    def ours() -> object:
        return engine.continuations(rows, Sampling(max_new_tokens=NEW_TOKENS))

    _compare(
        f"{QUESTIONS} answers behind {shared} shared tokens",
        engine,
        rounds,
        [
            Contender("tenet", ours),
            Contender("generate, one batch", lambda: generated(engine, rows)),
            Contender("generate, one by one", lambda: [generated(engine, [row])[0] for row in rows]),
        ],
    )


def beside_one_after_another(
    engine: TransformersEngine, arms: Sequence[Path], shared: int, each: int, rounds: int
) -> None:
    rows = conversations(engine.chat, shared, each)
    sampling = Sampling(max_new_tokens=NEW_TOKENS)
    everything = [row for _ in arms for row in rows]
    owners = [arm for arm in arms for _ in rows]

    def mixed() -> object:
        return engine.mixed_continuations(everything, owners, sampling)

    def in_turn() -> object:
        found: list[Any] = []
        for arm in arms:
            # As if it had been attached: loading is in neither figure.
            engine.model.set_adapter(engine._load(arm))
            found += engine.continuations(rows, sampling, adapter=True)
        return found

    engine.attach(arms[0])
    _compare(
        f"{each} answers of each of {len(arms)} adapters, {shared} shared tokens",
        engine,
        rounds,
        [Contender("one mixed batch", mixed), Contender("one adapter after another", in_turn)],
    )


def _compare(title: str, engine: TransformersEngine, rounds: int, contenders: Sequence[Contender]) -> None:
    said: Any = contenders[0].run()
    tokens = sum(map(len, said))
    where = f"{engine.base.name} on {engine.device.kind}, {torch.get_num_threads()} threads"
    compare(f"{title}, {where}", contenders, rounds=rounds, clock=_clock(engine), work=(tokens, "tokens"))


def _clock(engine: TransformersEngine) -> Callable[[], float]:
    """CPU time; where another device computes, the time until it is done."""
    if engine.device.kind == "cpu":
        return time.process_time

    def waited() -> float:
        if engine.device.kind == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    return waited


def random_adapters(engine: TransformersEngine, folder: Path) -> list[Path]:
    """Adapters with random weights; the model that they are made on is another than the engine's."""
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", init_lora_weights=False)
    made = []
    for number in range(ADAPTERS):
        torch.manual_seed(number)
        made.append(folder / f"adapter-{number}")
        get_peft_model(bases.load_model(engine.base, engine.device), config).save_pretrained(made[-1])
    return made


def main(arguments: Sequence[str], rounds: int = 5) -> None:
    base = bases.resolve(arguments[0] if arguments else "nano")
    engine: Any = load(base, "transformers")
    for shared in (0, 512):
        beside_generate(engine, shared, rounds)
    with TemporaryDirectory() as folder:
        arms = [Path(path) for path in arguments[1:]] or random_adapters(engine, Path(folder))
        for shared, each in product((0, 512), (4, 16)):
            beside_one_after_another(engine, arms, shared, each, rounds)


if __name__ == "__main__":
    main(sys.argv[1:])
