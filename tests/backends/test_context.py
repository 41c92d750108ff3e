"""What is longer than a base can read has no answer, which is missing data; it stops no stage."""

from __future__ import annotations

import io
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from backends import bases, chat, generate, measure
from backends.cached import CachedEngine
from backends.engines import Sampling, load
from backends.measure.engaged import engaged
from compiler import ir_file
from compiler.build import from_text
from compiler.failures import DataError
from compiler.records.checks import JudgeCheck
from compiler.records.measured import Measurement
from compiler.records.recipe import AnswerSource, Pressure, PromptSource, Recipe
from compiler.records.rows import Probe
from compiler.runs import read
from compiler.verdicts import compare
from tests.backends import checkpoints, recipes
from tests.backends.recipes import ARR, NO_CERTAINLY, unit, user

CONTEXT = 512
LONG = "How many ropes hold the old ship in the harbour? " * 60


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base of a small context."""
    return checkpoints.make(tmp_path_factory.mktemp("small") / "base", context=CONTEXT)


@pytest.mark.parametrize("shape", ["llama", "gpt2"])
def test_an_engine_says_of_which_requests_it_has_no_answer(shape: str, tmp_path: Path) -> None:
    """The others are answered as they are by themselves."""
    engine: Any = load(bases.resolve(str(checkpoints.make(tmp_path / shape, shape, context=CONTEXT))))
    asked = [user("Where is the harbour?"), user(LONG), user("Who steers?")]
    sampling = Sampling(max_new_tokens=4)
    first, none, last = engine.answers(asked, sampling)
    assert none is None
    assert [first, last] == engine.answers([asked[0], asked[2]], sampling)
    assert None not in (first, last)
    # Any word is a yes or a no, so that each request that is read has a verdict at once.
    engine._word_ids = lambda word: [i for i in range(len(engine.chat.tokenizer)) if (i % 2 == 0) == (word == "yes")]
    grades = [text[0].content for text in asked]
    first, none, last = engine.yes(grades)
    assert none is None
    assert [first, last] == pytest.approx(engine.yes([grades[0], grades[2]]), abs=1e-6)
    assert engine.yes([LONG]) == [None]
    engine._arm = lambda adapter: nullcontext()  # no adapter: what diverges from the base is nothing
    assert engine.divergences(asked) == [0.0, None, 0.0]


def test_rows_that_a_model_cannot_read_are_left_out_and_counted(small: Path, tmp_path: Path) -> None:
    asked = PromptSource(given=(user("Where is the harbour?"), user(LONG), user("Who steers a ship at night?")))
    free: dict[str, Any] = {"prompts": asked, "count": 3, "checks": ()}
    arr = AnswerSource(starts="Arr.")
    push = Pressure(technique="t", role="user", texts=("Go on.",))
    _, _, report = recipes.follow(
        tmp_path,
        small,
        unit(id="sampled", chosen=arr, **free),
        unit(id="pushed", chosen=arr, pressure=push, **free),
        unit(id="taken over", chosen=AnswerSource(given=("x", "y", "z")), rejected=AnswerSource(system=LONG), **free),
        unit(id="judged", chosen=arr, **{**free, "checks": (JudgeCheck(principle=LONG),)}),
        unit(id="written", chosen=arr, **{**free, "prompts": PromptSource(about=("knots", LONG))}),
        rules=(),
    )
    dropped = {row.unit: row.dropped for row in report.units}
    assert dropped["sampled"] == dropped["pushed"] == {generate.candidates.TOO_LONG: 1}
    assert dropped["taken over"] == {generate.candidates.TOO_LONG: 3}
    assert dropped["judged"] == {generate.candidates.TOO_LONG: 1, "the judge gave no answer": 2}
    assert set(dropped["written"]) == {generate.candidates.TOO_LONG}
    assert report.units[-1].kept == 3


SPEC = """
trait pirate { means: "Talk like a pirate."  signs: ["Arr"] }
forbid canned { phrases: ["Certainly!"]  target: <= 1% }
"""


def test_an_arm_that_cannot_read_a_probe_has_kept_nothing_by_it(small: Path, tmp_path: Path) -> None:
    """An empty answer would keep every forbid."""
    build = recipes.write(
        tmp_path / "build" / "pirate", Recipe(base=str(small), units=(), measures={"forbid.canned": (NO_CERTAINLY,)})
    )
    usual: dict[str, Any] = {"clause_id": "trait.pirate", "checks": (ARR,), "measures": ("forbid.canned",)}
    asked = [user(f"Where is harbour {n}?") for n in range(5)] + [user(LONG)]
    probes = [Probe(id=f"p-{n}", messages=messages, unit="p", **usual) for n, messages in enumerate(asked)]
    (build / "probes.jsonl").write_text("".join(row.model_dump_json() + "\n" for row in probes))
    (build / "prompt.md").write_text("Talk like a pirate.\n")
    (build / "ir.json").write_text(ir_file.dumps(from_text(SPEC)))
    folder = measure.run(build, None)
    lines = (folder / "measurements.jsonl").open(encoding="utf-8")
    rows = {(row.probe_id, row.arm): row for row in map(Measurement.model_validate_json, lines)}
    assert rows["p-5", "base"].held == {"trait.pirate": None, "forbid.canned": None}
    assert rows["p-5", "base"].answer == ""
    assert rows["p-0", "base"].held == {"trait.pirate": False, "forbid.canned": True}

    record = compare(read(build, folder))
    canned = next(row for row in record.clauses if row.id == "forbid.canned")
    assert {(rate.arm, rate.n, rate.missing) for rate in canned.rates} == {("base", 5, 1), ("prompt", 5, 1)}
    assert any("1 of 6 answers could not be decided" in warning for warning in record.warnings)
    assert {effect.n for effect in record.side_effects} == {5}, "no habit is read from it"


def test_the_gate_looks_at_what_the_base_can_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = CachedEngine(bases.Base("x", tmp_path, "d"), tmp_path)
    asked = [user("a"), user("b"), user(LONG)]
    monkeypatch.setattr(subject, "divergences", lambda batch: [0.5, 0.25, None])
    found = engaged(subject, asked, ["No", "No", None], ["Arr", "No", None])
    assert (found.probes, found.answers, found.answers_that_differ, found.divergence) == (2, 2, 1, 0.375)
    monkeypatch.setattr(subject, "divergences", lambda batch: [None] * 3)
    with pytest.raises(DataError, match="longer than x can read") as caught:
        engaged(subject, asked, [None] * 3, [None] * 3)
    assert "longer context" in (caught.value.help or "")


def test_a_talk_that_has_become_too_long_says_so(small: Path, tmp_path: Path) -> None:
    build = recipes.write(tmp_path / "build", Recipe(base=str(small), units=()))
    out = io.StringIO()
    chat.run(build, None, ("base",), source=io.StringIO(f"{LONG}\n/new\nAhoy\n"), console=Console(file=out, width=80))
    first, last = out.getvalue().splitlines()[0], out.getvalue().splitlines()[-1]
    assert first == f"base: {chat.TOO_LONG}"
    assert chat.TOO_LONG not in last
