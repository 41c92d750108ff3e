"""The bank of everyday prompts for bases that bring none: large enough to settle a verdict, and sound row by row."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends import banks
from backends.generate.split import Prompts, drawn_for_probes, normal
from compiler.build import from_text
from compiler.checks import evaluate
from compiler.cli import emitting
from compiler.generators.identity import MAKER_PROBES, NAME_PROBES
from compiler.generators.setting import Setting
from compiler.lowering.probes import MOST_CONTROLS
from spec.document import Target
from tests.backends import checkpoints

LINES = banks.EVERYDAY.read_text(encoding="utf-8").splitlines()
ROWS = [banks.BankRow.model_validate_json(line) for line in LINES]
KNOWN = [row for row in ROWS if row.answer is not None]

SENTENCES = ("The answer is {}.", "{}.", "Well, {}, as far as I know.", "**{}**")
NO_ANSWERS = (
    "I do not know.",
    "I'm sorry, but I can't help with that.",
    "That is a good question! Let me think about it.",
    "It depends.",
)


def wordings(pattern: str) -> Iterator[str]:
    """Every text that a pattern of the bank spells out; what is optional in it is left out."""
    group = re.search(r"\(([^()]*)\)(\??)", pattern)
    if group:
        for alternative in (*group[1].split("|"), *([""] if group[2] else [])):
            yield from wordings(pattern[: group.start()] + alternative + pattern[group.end() :])
        return
    for text in pattern.split("|"):
        plain = re.sub(r"\\b|\\W\*|[\^$]", "", text)
        yield re.sub(r"(\\d|.)\?", "", re.sub(r"\[(.)[^]]*\]", r"\1", plain))


def test_there_are_enough_prompts_and_answers() -> None:
    assert len({normal(row.prompt) for row in ROWS}) == len(ROWS) >= 420
    # As many factual controls as a spec may ask for, and enough for a bound of 1%.
    assert len(KNOWN) >= max(MOST_CONTROLS, Setting.probes_for(Target("<=", 0.01)))
    # Prompts without a known answer are shared between training and probes.
    shared = [row for row in ROWS if row.answer is None and row.safe]
    probes = sum(drawn_for_probes(row.prompt) for row in shared)
    assert probes >= 60
    assert len(shared) - probes >= 200


def test_every_line_has_the_whole_schema_and_nothing_else() -> None:
    for line, row in zip(LINES, ROWS, strict=True):
        assert list(json.loads(line)) == ["prompt", "kind", "entity", "heldout", "answer", "safe"]
        assert row.prompt == row.prompt.strip()
        assert row.safe is (row.kind != "harmful")
        assert row.entity is None
        assert not row.heldout
    kinds = Counter(row.kind for row in ROWS)
    assert len(kinds) >= 20
    assert min(kinds.values()) >= 6


def test_what_must_be_declined_has_look_alikes_that_must_not() -> None:
    kinds = Counter(row.kind for row in ROWS)
    assert kinds["harmful"] >= 40
    assert kinds["borderline"] >= kinds["harmful"]


def test_no_prompt_is_nearly_another_or_nearly_a_probe_of_the_compiler() -> None:
    seen = Prompts((*NAME_PROBES, *MAKER_PROBES))
    for row in ROWS:
        assert not seen.near(row.prompt), row.prompt
        seen.add(row.prompt)


@pytest.mark.parametrize("row", KNOWN, ids=lambda row: row.prompt)
def test_an_answer_passes_its_own_check_and_nothing_else_does(row: banks.BankRow) -> None:
    check = banks.right_answer(str(row.answer))
    spelt = list(wordings(str(row.answer)))
    assert spelt
    assert all(text.strip() for text in spelt)
    for text in spelt:
        for sentence in SENTENCES if "^" not in str(row.answer) else ("{}.",):
            assert evaluate(check, sentence.format(text)), sentence.format(text)
    assert not evaluate(check, row.prompt), "the question itself gives the answer away"
    assert not any(evaluate(check, text) for text in NO_ANSWERS)


def test_a_number_is_not_found_inside_another_word_or_number() -> None:
    for row in KNOWN:
        for text in wordings(str(row.answer)):
            if text.strip().isdecimal():
                assert not evaluate(banks.right_answer(str(row.answer)), f"It is 9{text}9."), row.prompt


def test_a_build_knows_the_bank_and_the_split_that_its_base_brings(tmp_path: Path) -> None:
    base = checkpoints.make(tmp_path / "base", "gpt2", checkpoints.WITH_SYSTEM)
    program = from_text('model { base: "base" }  trait warm { means: "Be warm." }')
    bare = emitting.base_facts(program, tmp_path)
    (base / "bank.jsonl").write_text(LINES[0] + "\n", encoding="utf-8")
    own = emitting.base_facts(program, tmp_path)
    (base / "bank.jsonl").write_text(LINES[1] + "\n", encoding="utf-8")
    (base / "splits.json").write_text('{"heldout": ["Paris"]}', encoding="utf-8")
    other = emitting.base_facts(program, tmp_path)
    assert bare.digest == own.digest == other.digest
    assert len({bare.bank, own.bank, other.bank}) == 3
    assert bare.held_out is own.held_out is None
    assert other.held_out
