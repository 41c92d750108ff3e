"""Inputs for fuzzing, each drawn from a seed: what people write, what slips make of it, and what nobody would write.

In: a random generator. Out: text or bytes; `sources.py` has all by name, `other_inputs.py` what is no `.tenet` text.
Grammatical text comes from the parser's own tables: a walk from state to state in which every token may stand there.
Hypothesis draws from the same grammar in `test_robustness.py`, and takes a hundred times as long.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from spec.codes import CODES
from spec.constructs import CONSTRUCTS
from spec.document import Clause, Example
from spec.explaining import page
from spec.fields import field_specs
from spec.parser import advance, tables
from spec.tables import END
from spec.vocabulary import NAMED, SETTINGS, STATEMENTS
from spec.writer import write
from tests.spec.defects import DEFECTS, LOCAL, crowd, plant
from tests.spec.records import Records

REPOSITORY = Path(__file__).parents[2]

SIGNS = [
    *"{}[]():;,>", '"', '"""', '"x"', "/a/i", "/(", ">=", "<=", "==", "=", "!=", "90%", "0.8", "7", "#c\n", "\n",
    "\n\n", " ", "\\", "'", "“", "”", "@", "\t", "é", "…", "true", "and", "or", "not", "in", "at", "as", "\r\n", "\r",
    "\0", "\ufeff", "\u202e", "\u200b", "\ud800", "\x1b[31m", "\u2028", "😀", "\\u{110000}", "\\u{202e}", "\\q",
    "${name}", "$${", "$", "//", "<<<<", "&&", "=>", "1e999", "-0", "1_000", "tenet 1", "tenet 2\n", "[...]", "а",
    'import "x.tenet"', 'extends "x.tenet"',
]  # fmt: skip


@cache
def words() -> list[str]:
    """Words that mean something somewhere."""
    records = (*CONSTRUCTS.values(), *NAMED.values(), *SETTINGS.values(), Clause, Example)
    fields = [name for record in records for name in field_specs(record)]
    common = ["caring", "warm", "user.role", "clinician", "never", "implicit", "root", "guideline", "nano", "dpo"]
    return sorted({*STATEMENTS, *fields, *common, "user", "assistant"})


@cache
def corpus() -> tuple[str, ...]:
    """Real specs: those of the reference, of the pages of all codes, and of the examples."""
    found = re.findall(r"^```tenet\n(.*?)^```$", (REPOSITORY / "spec" / "README.md").read_text("utf-8"), re.M | re.S)
    for code in CODES.values():
        shown = page(code)
        found.extend(file.text for file in (*shown.wrong, *shown.mended) if len(file.data) < 5_000)
    found.extend(path.read_text("utf-8") for path in sorted((REPOSITORY / "examples").glob("*/*.tenet")))
    return tuple(text for text in found if len(text) < 5_000)


def soup(rng: random.Random) -> str:
    """Tokens one after the other, half of them words of the language."""
    many = rng.choice([3, 10, 40, 120])
    tokens = [rng.choice(words() if rng.random() < 0.5 else SIGNS) for _ in range(rng.randrange(many))]
    return ("tenet 1\n" if rng.random() < 0.7 else "") + rng.choice([" ", "", "\n"]).join(tokens)


_WRITTEN: dict[str, Callable[[random.Random], str]] = {
    "NAME": lambda rng: rng.choice(words()).replace(".", "_"),
    "DOTTED": lambda rng: rng.choice(["user.role", "user.age", "trait.warm", "a.b.c"]),
    "NUMBER": lambda rng: rng.choice(["0", "1", "0.5", "90%", "1e9", "-3", "5e-4"]),
    "STRING": lambda rng: rng.choice(['""', '"x"', '"two words"', r'"\u{41}\n"', '"${a}"', '"Certainly!"']),
    "LONG_STRING": lambda rng: rng.choice(['"""a"""', '"""\n  a\n   b\n  """', '""""""']),
    "REGEX": lambda rng: rng.choice(["/a/", "/(a|b)+/i", "/[/", "/(?P<x>a)/", r"/\//"]),
    "COMPARE": lambda rng: rng.choice(["==", "!=", "<=", ">=", "<", ">", ">"]),
    "NOT_IN": lambda rng: "not in",
}


def walk(rng: random.Random) -> str:
    """A sentence of the grammar: at each state one of the tokens that may follow, until the end may."""
    table = tables()
    spelled = {name: text for text, name in table.keywords.items()}
    spelled.update(NOT="not", IN="in")
    literal = {name: re.sub(r"\\(.)", r"\1", pattern) for name, pattern in table.terminals.items() if len(pattern) < 3}
    stack: tuple[int, ...] = (table.start,)
    written: list[str] = []
    most = rng.choice([10, 40, 150])
    while len(written) < 3 * most:
        options = sorted(table.actions[stack[0]])
        if len(written) > most:  # close what is open, and stop
            options = [name for name in options if name in ("RBRACE", "RSQB", "RPAR", END)] or options
        kind = rng.choice(options)
        following = advance(table, stack, kind)
        if following is None:
            continue
        if kind == END:
            if len(written) >= min(most, 5):
                break
            continue
        stack = following
        written.append(_WRITTEN[kind](rng) if kind in _WRITTEN else spelled.get(kind) or literal.get(kind, kind))
    return " ".join(written) if rng.random() < 0.5 else "\n".join(written)


def written(rng: random.Random) -> str:
    """A spec that checks, of every construct."""
    return write(Records(rng).document())


def planted(rng: random.Random) -> str:
    """A spec with the slips that people make."""
    count, seed = rng.randint(1, 6), rng.getrandbits(32)
    if rng.random() < 0.5:
        return crowd(seed, rng.choices(LOCAL, k=count)).text
    return plant(seed, rng.choices(sorted(DEFECTS), k=count), count + 1).text


def mutated(rng: random.Random) -> str:
    text = rng.choice(corpus()) if rng.random() < 0.8 else planted(rng)
    return changed(rng, text, SIGNS, corpus())


def changed(rng: random.Random, text: str, signs: list[str], others: tuple[str, ...]) -> str:
    """`text` after some slips: pieces lost, doubled, moved, put in, or taken from another text."""
    for _ in range(rng.choice([1, 1, 2, 3, 8])):
        at = rng.randrange(len(text) + 1)
        end = min(len(text), at + rng.choice([0, 1, 1, 5, 40]))
        match rng.randrange(7):
            case 0:
                text = text[:at] + text[end:]
            case 1:
                text = text[:at] + text[at:end] * rng.choice([2, 2, 9]) + text[end:]
            case 2:
                text = text[:at] + rng.choice(signs) + text[end:]
            case 3:
                text = text[:at] + rng.choice(words()) + text[at:]
            case 4:
                lines = text.split("\n")
                rng.shuffle(lines) if rng.random() < 0.1 else lines.pop(rng.randrange(len(lines)))
                text = "\n".join(lines)
            case 5:
                other = rng.choice(others)
                start = rng.randrange(len(other) + 1)
                text = text[:at] + other[start : start + rng.choice([10, 80, 300])] + text[at:]
            case _:
                pieces = re.split(r"(\W)", text)
                one, two = rng.randrange(len(pieces)), rng.randrange(len(pieces))
                pieces[one], pieces[two] = pieces[two], pieces[one]
                text = "".join(pieces)
    return text


def broken_bytes(rng: random.Random) -> bytes:
    """A spec with bytes changed, in one of many encodings; or bytes alone."""
    if rng.random() < 0.1:
        return rng.randbytes(rng.randrange(200))
    text = rng.choice(corpus())
    encoding = rng.choice(["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1", "utf-7"])
    data = bytearray(text.encode(encoding, "replace"))
    for _ in range(rng.randrange(5)):
        at = rng.randrange(len(data) + 1)
        data[at : at + rng.randrange(3)] = rng.choice(
            [b"\0", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\r", rng.randbytes(2)]
        )
    return bytes(data)
