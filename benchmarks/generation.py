"""How long answers to probes take: Tenet's engine beside `model.generate`, same base, same greedy tokens.

    python -m benchmarks.generation [BASE]

512 tokens of system prompt that all questions share is the case that the arms `prompt` and `adapter+prompt` measure.
The bound row is the matrix product that the same number of decode steps would need if nothing else cost time.
"""

from __future__ import annotations

import sys
from itertools import islice, product

import torch

from backends import bases
from backends.chats import Chat
from backends.engines import Sampling, load
from benchmarks.side_by_side import Contender, compare
from compiler.records.record import Message

QUESTIONS = 48
NEW_TOKENS = 32


def conversations(chat: Chat, shared: int) -> list[list[int]]:
    """Token ids of questions behind one system prompt of about `shared` tokens."""
    system = "You are Polly."
    while chat.count(system) < shared:
        system += " Never say Certainly! Talk like a pirate."
    asks = ("What is the capital of", "Where is", "Tell me about", "What do you know about")
    names = ("Peru", "Kenya", "Norway", "Japan", "Chile", "Ghana", "Spain", "Nepal", "Cuba", "Fiji", "Egypt", "Iran")
    head = (Message(role="system", content=system),) if shared else ()
    return [
        chat.prompt_ids((*head, Message(role="user", content=f"{ask} {name}?")))
        for ask, name in islice(product(asks, names), QUESTIONS)
    ]


def main() -> None:
    base = bases.resolve(sys.argv[1] if len(sys.argv) > 1 else "nano")
    engine = load(base)
    stops = sorted(engine.chat.stops)
    for shared in (0, 512):
        rows = conversations(engine.chat, shared)

        def ours(rows: list[list[int]] = rows) -> list[list[int]]:
            return engine.continuations(rows, Sampling(max_new_tokens=NEW_TOKENS))

        def cut(new: list[int]) -> list[int]:
            return new[: next((i for i, token in enumerate(new) if token in engine.chat.stops), len(new))]

        def one_by_one(rows: list[list[int]] = rows) -> list[list[int]]:
            return [generated([row])[0] for row in rows]

        def batched(rows: list[list[int]] = rows) -> list[list[int]]:
            return generated(rows)

        def generated(rows: list[list[int]]) -> list[list[int]]:
            width = max(map(len, rows))
            pad = stops[0]
            ids = torch.tensor([[pad] * (width - len(r)) + r for r in rows], device=engine.device.kind)
            mask = torch.tensor([[0] * (width - len(r)) + [1] * len(r) for r in rows], device=engine.device.kind)
            with torch.inference_mode():
                out = engine.model.generate(
                    ids,
                    attention_mask=mask,
                    do_sample=False,
                    max_new_tokens=NEW_TOKENS,
                    eos_token_id=stops,
                    pad_token_id=pad,
                )
            return [cut(row[width:].tolist()) for row in out]

        compare(
            f"{QUESTIONS} answers, {shared} shared tokens, {base.name} on {engine.device.kind}",
            [
                Contender("tenet", ours),
                Contender("generate, one batch", batched),
                Contender("generate, one by one", one_by_one),
            ],
        )


if __name__ == "__main__":
    main()
