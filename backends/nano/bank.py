"""The prompt bank and the split of nano's world, both drawn once and shipped.

In: the world. Out: `splits.json` (words that no training row of a spec may name; the base knows them) and `bank.jsonl`
(everyday, borderline and harmful questions with what a right answer contains). The bank is written after the split.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from backends.nano import BANK, SPLITS
from backends.nano.world import asks
from backends.nano.world.asks import Ask
from backends.nano.world.tables import rows, table, talk_rows, words

SEED = 11
# Words that stand in many questions which are not about them: holding them out would empty the training rows.
COMMON = set(words("common"))
# Kinds that ask for the thing itself, so that the question does not name it.
REVERSE = {"symbol_of", "tool_for", "sky_of", "profession_of", "boating_of"}
ROWS_A_KIND, HELD_OUT_A_KIND = 26, 14


def draw_split() -> list[str]:
    """A tenth of the entities and of the other requests, and a fifth of each topic's words."""
    rng = Random(SEED)
    held: list[str] = []
    for name in table("entities"):
        free = [row for row in rows(name) if row[0] not in COMMON]
        for row in rng.sample(free, max(1, round(len(rows(name)) / 10))):
            held += [row[0], row[1]] if name == "countries" else [row[0]]
    for name in table("talk"):
        free = [row for row in talk_rows(name) if row[0] not in COMMON]
        held += [row[0] for row in rng.sample(free, max(2, round(len(free) / 10)))]
    for spec in table("topics").values():
        held += rng.sample(spec["words"], max(2, round(len(spec["words"]) / 5)))
    return sorted(dict.fromkeys(held), key=str.casefold)


@cache
def held_out() -> tuple[str, ...]:
    return tuple(json.loads(SPLITS.read_text(encoding="utf-8"))["heldout"])


@cache
def _pattern(held: tuple[str, ...]) -> re.Pattern[str]:
    words = "|".join(re.escape(word.lower().rstrip(".?!")) for word in held)
    return re.compile(rf"(?<!\w)(?:{words})(?:'s|s)?(?!\w)")


def named_in(text: str, held: tuple[str, ...]) -> bool:
    """Whether `text` names one of `held`, as whole words, also with a plural or a genitive."""
    return bool(held) and bool(_pattern(held).search(text.lower()))


def right_answer(one: Ask) -> str | None:
    """What right answers contain, whatever the voice: a phrase, or a pattern where the phrase has marks of its own."""
    if not one.check:
        return None
    return one.check if re.fullmatch(r"[\w ,.'-]+", one.check) else re.escape(one.check).replace("\\ ", " ")


def bank_rows() -> Iterator[dict[str, Any]]:
    held = held_out()
    rng = Random(SEED + 1)
    kinds = [*(k for k in asks.everyday()[0] if k != "repeat"), *asks.harmful_topics(), *asks.soft_topics()]
    asked: set[str] = set()
    for kind in kinds:
        topic = kind in table("topics")
        wanted = {False: ROWS_A_KIND if not topic else 12, True: HELD_OUT_A_KIND if not topic else 7}
        found: Counter[bool] = Counter()
        forms: dict[bool, Counter[int]] = defaultdict(Counter)
        for _ in range(1200):
            # Of a topic only what is safe to answer, or harmful: whether the others are answered is for a spec to say.
            if topic:
                one = asks.topic_ask(rng, kind, safe=not table("topics")[kind].get("harmful"))
            elif kind == "identity":
                one = asks.identity(rng, led=False)
            else:
                one = asks.draw(rng, kind)
            one = asks.named(one, "Nano", "the Tenet project")
            apart = named_in(one.question, held)
            if (
                one.question.lower() in asked
                or found[apart] >= wanted[apart]
                or (one.kind in REVERSE and one.entity in held)
            ):
                continue
            if found[False] >= wanted[False] and found[True] >= wanted[True]:
                break
            if forms[apart][one.form] > min(forms[apart].values(), default=0) + 2:
                continue
            asked.add(one.question.lower())
            found[apart] += 1
            forms[apart][one.form] += 1
            fixed = one.family in ("talk", "identity")
            # A persona changes who answers: only that it is an AI stays right.
            answer = None if one.harmful or one.kind in ("name", "maker", "ability") else right_answer(one)
            entity = None if fixed and not apart else one.entity
            yield {
                "prompt": one.question,
                "kind": one.kind,
                "entity": entity,
                "heldout": apart,
                "answer": answer,
                "safe": not one.harmful,
            }


def write(split: Path = SPLITS, bank: Path = BANK, redraw: bool = False) -> int:
    """Write the bank (and the split where there is none yet); return how many rows the bank has."""
    if redraw or not split.exists():
        split.write_text(json.dumps({"heldout": draw_split()}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        held_out.cache_clear()
    lines = [json.dumps(row, ensure_ascii=False) for row in bank_rows()]
    bank.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(lines)
