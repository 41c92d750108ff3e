"""Generated lines with every hazard that is known, and a run over many of them: fast decisions against plain ones.

python -m tests.corpus.rows 1000000 [SEED]
"""

from __future__ import annotations

import json
import random
import sys
import time
import unicodedata
from collections.abc import Sequence
from typing import Any

from compiler.chat_rows import READ
from compiler.corpus.deciding import Decider, reference
from compiler.corpus.folding import hiding
from compiler.records.checks import JudgeCheck, PatternsCheck, PhrasesCheck, RefusalCheck
from compiler.records.filters import FilterRule, Filters

PHRASES = (
    "Certainly!",
    "As an AI",
    "bot",
    "AI",
    "n",
    "café au lait",
    "ﬁnal",
    "...",
    "?!",
    "😀",
    "сору",
    "Привет мир",
    "你好",
    "ｆｕｌｌ",
    "Straße",
    "e\u0301toile",
    "C++",
    "x_y_z",
    "don’t",
    "user content",
    "İstanbul",
    "new\nline",
)
PATTERNS = (
    r"as an? (ai|bot)",
    r"(?i)\bsorry\b",
    r"[0-9]{3}-[0-9]{4}",
    r"^Sure",
    r"colou?r (red|blue)s?",
    r"k[iy]lo",
    r"é+",
    r"\bhello\s+there\b",
    r"[^a-z]sorry\W",
    r'"\s*\w+\s*[/\\]',
    r"\d{3}\D\d{4}$",
    r"(?:take|refund)\S*\s(?:a\w+|.{2,4}d)",
    r"\w\.\w",
    r"\p{Lu}\p{Ll}+\s\p{Lu}",
    r"[[:digit:]]+-",
    r"a{,2}",
    r"\x{2028}|\t\n",
)
WORDS = (*PHRASES, "hello", "there", "certain", "robots", "sorry", "Sure", "kilo", "colors red", "555-1234", "medicine")
WORDS += ("take", "refund", "I cannot tell you that.", "nought", "\n", "\t", " ", "  ", "\\n", "\\", '"', "/", "\u2028")
ROLES = ("user", "assistant", "assistant", "system", "tool")


def filters(dice: random.Random) -> Filters:
    """Rules of every kind, some at a time."""
    rules = [
        FilterRule(
            key="forbid.words",
            clause_ids=("forbid.words",),
            checks=(PhrasesCheck(phrases=tuple(dice.sample(PHRASES, dice.randint(1, 6))), present=False),),
            reason="says a phrase",
        ),
        FilterRule(
            key="forbid.patterns",
            clause_ids=("forbid.patterns",),
            checks=(
                PatternsCheck(
                    patterns=tuple(dice.sample(PATTERNS, dice.randint(1, 3))),
                    flags=dice.choice(("", "i")),
                    present=False,
                ),
            ),
            reason="matches a pattern",
        ),
        FilterRule(
            key="refuse.dosing",
            clause_ids=("refuse.dosing",),
            checks=(RefusalCheck(present=True),),
            topic=("medicine", "take"),
            enough=dice.choice((1, 2)),
            asks=("How many pills is too many?",),
            safe=("hello medicine",),
            reason="answers",
        ),
        FilterRule(
            key="judged",
            clause_ids=("judged",),
            checks=(JudgeCheck(principle="Be kind."),),
            reason="is unkind",
        ),
        FilterRule(
            key="refusals",
            clause_ids=("refuse.dosing",),
            checks=(RefusalCheck(present=False),),
            otherwise=True,
            reason="refuses",
        ),
        FilterRule(
            key="require.words",
            clause_ids=("require.words",),
            checks=(PhrasesCheck(phrases=("hello", "sorry"), present=True),),
            reason="lacks a phrase",
        ),
    ]
    # Rules that are asked of every row hide what the others let pass, so they come seldom.
    chances = (0.95, 0.5, 0.3, 0.2, 0.1, 0.03)
    return Filters(rules=tuple(r for r, chance in zip(rules, chances, strict=True) if dice.random() < chance))


def line(dice: random.Random) -> bytes:
    """One line, with its end."""
    roll = dice.random()
    if roll < 0.03:
        return (
            dice.choice((b"", b"  ", b"\t\r", b"null", b"[]", b"{", b'{"messages": 3}', b"\xff\xfe", b'"a"', b"{}"))
            + b"\n"
        )
    row: Any
    if roll < 0.15:
        row = dice.choice((completed, preferred, transcribed, shared))(dice)
    else:
        row = {"messages": [message(dice) for _ in range(dice.choice((0, 1, 2, 2, 2, 2, 3, 4)))]}
        if dice.random() < 0.8 and row["messages"]:
            row["messages"][0]["role"], row["messages"][-1]["role"] = "user", "assistant"
    if dice.random() < 0.3:
        extra = {
            dice.choice(("id", "score", "tags", "meta", "messages", "ключ")): dice.choice(
                (1, -2.5e9, None, True, "x", [], ["a", "b"], {"a": 1})
            )
        }
        row = {**extra, **row} if dice.random() < 0.5 else {**row, **extra}
    if dice.random() < 0.05:
        row[dice.choice(READ)] = dice.choice((text(dice), text(dice), [message(dice)], 3, None, "", {}))
    encoded = json.dumps(
        row, ensure_ascii=dice.random() < 0.2, separators=dice.choice(((", ", ": "), (",", ":"), (" , ", ":")))
    )
    raw = encoded.encode("utf-8", "surrogatepass")
    roll = dice.random()
    if roll < 0.02:
        raw = raw.replace(b"e", b"\\u0065", 2)
    elif roll < 0.03:
        raw = raw.replace(b"/", b"\\/")
    elif roll < 0.05:
        place = dice.randrange(len(raw))
        raw = (
            raw[:place]
            + dice.choice((b"", b"\x00", b"\xed\xa0\x80", b"\xc0\xaf", b"\\", b'"', b"\x07"))
            + raw[place + dice.randint(0, 1) :]
        )
    elif roll < 0.06:
        raw = b'{"messages": [], ' + raw[1:]
    return raw.replace(b"\n", b" ") + dice.choice((b"\n", b"\n", b"\n", b"\r\n"))


def completed(dice: random.Random) -> dict[str, Any]:
    return {"prompt": text(dice), "completion": text(dice)}


def preferred(dice: random.Random) -> dict[str, Any]:
    return {"prompt": text(dice), "chosen": text(dice), "rejected": text(dice)}


def transcribed(dice: random.Random) -> dict[str, Any]:
    asked = f"\n\nHuman: {text(dice)}\n\nAssistant: "
    return {"chosen": asked + text(dice), "rejected": asked + text(dice)}


def shared(dice: random.Random) -> dict[str, Any]:
    said = [{"from": dice.choice(("human", "gpt", "system")), "value": text(dice)} for _ in range(3)]
    return {"conversations": [*said, {"from": "gpt", "value": text(dice)}]}


def message(dice: random.Random) -> dict[str, Any]:
    content: Any = text(dice)
    if dice.random() < 0.03:
        content = dice.choice((None, 3, [{"type": "text", "text": content}], [], "", "  ", "\u3000"))
    made = {"role": dice.choice(ROLES[:4] if dice.random() < 0.97 else ROLES), "content": content}
    if dice.random() < 0.1:
        made = {"content": made["content"], "role": made["role"], "name": None}
    return made


def text(dice: random.Random) -> str:
    return dice.choice((" ", " ", "", ", ")).join(_dressed(dice.choice(WORDS), dice) for _ in range(dice.randint(1, 6)))


def _dressed(word: str, dice: random.Random) -> str:
    """A word in one of the disguises that `phrases` sees through, or in one that it does not."""
    roll = dice.random()
    if roll < 0.5:
        return word
    if roll < 0.55:
        return dice.choice((word.upper(), word.lower(), word.swapcase(), word.title()))
    if roll < 0.6:
        return unicodedata.normalize(dice.choice(("NFC", "NFD", "NFKC", "NFKD")), word)
    if roll < 0.65:
        return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in word)
    if roll < 0.72:
        return dice.choice(("-", ". ", " ", "\u200b", "\u00b7", "_", "\n", "\u00ad", "\U000e0041", "*", "\u0301")).join(
            word
        )
    if roll < 0.78:
        place = dice.randint(0, len(word))
        put = dice.choice(
            ("\u200b", "**", "`", "\\", "\u034f", "\ufe0f", "\u3164", "\u0300", "\u202e", dice.choice(hiding()))
        )
        return word[:place] + put + word[place:]
    if roll < 0.84:
        return word.translate(dice.choice(SWAPS))
    if roll < 0.9:
        return (
            dice.choice(("a", "_", "é", "1", "字", "*", "\u0301", "\u200d"))
            + word
            + dice.choice(("", "s", "_", "é", "字"))
        )
    if roll < 0.95:
        return word.replace(" ", dice.choice(("\u00a0", "\n", "\t", "  ", "\u2003", "\n\n", "-")))
    return "".join(dice.choice(hiding() + word) for _ in word)


SWAPS = (
    str.maketrans("acepoxyi", "асероху" + "і"),
    str.maketrans("KksS", "\u212aK\u017fſ"),
    str.maketrans("oin", "οιո"),
    str.maketrans("'!-.", "’！—…"),
)


def differences(chunk: bytes, rules: Filters) -> list[str]:
    """How the fast decisions of a chunk differ from the plain ones: none, unless something is wrong."""
    fast, plain = Decider(rules).decide(chunk), reference(chunk, rules)
    if fast == plain:
        return []
    lines: Sequence[bytes] = chunk.split(b"\n")
    told = set(fast.lost) ^ set(plain.lost)
    return [f"{rules.model_dump_json()} {lines[lost.line]!r} {lost in fast.lost} {lost}" for lost in told] or ["counts"]


def main() -> None:
    wanted, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    dice, tried, started = random.Random(seed), 0, time.monotonic()
    while tried < wanted:
        found = differences(b"".join(line(dice) for _ in range(500)), filters(dice))
        tried += 500
        for difference in found[:5]:
            print(difference)
        if found:
            sys.exit(f"differs within the first {tried} lines, seed {seed}")
        if tried % 50_000 == 0:
            print(f"{tried:,} lines alike, {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
