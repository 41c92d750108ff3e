"""Forbidden phrases while an answer is written: Tenet's guard beside `bad_words_ids` of transformers and no guard.

    python -m benchmarks.guard [ANSWERS]

nano's base is fond of `Certainly!` and `Of course`; its prompt bank asks it. Of each contender: in how many answers
`checks/phrases.py` finds a forbidden phrase, and its time beside that of no guard, on the same conversations and seeds.
`bad_words_ids` bans sequences of tokens: those of each phrase, with and without a space before, and in capitals.
"""

from __future__ import annotations

import sys
import time
from functools import partial

from backends.banks import bank
from backends.bases import resolve
from backends.engines.transformers import TransformersEngine, load
from backends.guard import Guard, GuardProcessor
from compiler.build import from_text
from compiler.checks import phrases
from compiler.lowering import guard as lowering

CANNED = ("Certainly!", "Of course", "As an AI model")
TOKENS = 40
ROWS = 32


def forms(phrase: str) -> set[str]:
    return {space + form for form in (phrase, phrase.lower(), phrase.upper()) for space in ("", " ")}


def written(engine: TransformersEngine, prompts: list[str], way: str, grammar: str) -> list[str]:
    """Sample an answer to each prompt by transformers' own `generate`."""
    import torch
    from transformers import LogitsProcessorList

    chat, answers = engine.chat, []
    stops = sorted(chat.stops)
    bans = [chat.tokenizer(form, add_special_tokens=False).input_ids for phrase in CANNED for form in forms(phrase)]
    guard = Guard(grammar, chat.tokenizer, engine.model.config.vocab_size, stops) if way == "guard.lark" else None
    asked = {"role": "user", "content": ""}
    chat.tokenizer.padding_side = "left"
    for start in range(0, len(prompts), ROWS):
        batch = chat.tokenizer.apply_chat_template(
            [[{**asked, "content": prompt}] for prompt in prompts[start : start + ROWS]],
            add_generation_prompt=True,
            padding=True,
            return_tensors="pt",
            return_dict=True,
        )
        torch.manual_seed(start)
        more = {"bad_words_ids": bans} if way == "bad_words_ids" else {}
        with torch.inference_mode():
            out = engine.model.generate(
                **batch,
                **more,
                logits_processor=LogitsProcessorList([GuardProcessor(guard)] if guard else []),
                max_new_tokens=TOKENS,
                do_sample=True,
                eos_token_id=stops,
                pad_token_id=chat.tokenizer.pad_token_id,
            )
        answers += chat.tokenizer.batch_decode(out[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)
    return answers


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    engine = load(resolve("nano"))
    prompts = [row.prompt for row in bank(engine.base)][:: max(1, len(bank(engine.base)) // count)][:count]
    listed = ", ".join(f'"{phrase}"' for phrase in CANNED)
    grammar = lowering.lower(from_text(f"forbid canned {{ phrases: [{listed}] }}"))[0].text
    print(f"{len(prompts)} answers of nano, {len(CANNED)} phrases\n")
    print("| guard | answers with a forbidden phrase | time, no guard = 1 |\n| --- | --- | --- |")
    usual = 0.0
    for way in ("none", "bad_words_ids", "guard.lark"):
        write = partial(written, engine, prompts[:ROWS], way, grammar)
        write()  # warms up
        start = time.process_time()
        answers = written(engine, prompts, way, grammar)
        took = time.process_time() - start
        usual = usual or took
        said = sum(phrases.found(CANNED, answer) is not None for answer in answers)
        print(f"| {way} | {said} | {took / usual:.2f} |", flush=True)


if __name__ == "__main__":
    main()
