"""Vectors: read from the rows, added inside of the model, chosen on rows of their own, measured as an arm."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from backends import banks, bases, measure, steer, vectors
from backends.cached import CachedEngine
from backends.engines import Sampling
from backends.engines.transformers import TransformersEngine, load
from backends.generate.split import drawn_for_probes
from backends.steer.choosing import Choosing
from backends.steer.directions import READS, read_directions
from backends.steer.rows import FEWEST, Pair, sort_rows
from backends.vectors import Part, Steering, steering, summed
from compiler import ir_file
from compiler.build import from_text
from compiler.cli import execute
from compiler.failures import DataError, ModelLoadError
from compiler.lowering import recipe as recipes_of
from compiler.lowering import steering as lowering
from compiler.records.checks import PhrasesCheck
from compiler.records.measured import Measurement, MeasureReport
from compiler.records.record import Message
from compiler.records.rows import PreferencePair, Probe
from compiler.records.steering import Contrast, ContrastUnit, SteeringPlan, Unsteered
from compiler.report import html, terminal
from compiler.runs import read
from compiler.verdicts import compare
from tests.backends import checkpoints, recipes
from tests.backends.recipes import ARR, user

GREEDY = Sampling(max_new_tokens=12)
QUESTIONS = tuple(f"Where does the {animal} number {n} live?" for n, animal in enumerate(("cat", "dog", "owl") * 12))


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> bases.Base:
    return bases.resolve(str(checkpoints.make(tmp_path_factory.mktemp("steering") / "llama")))


@pytest.fixture(scope="module")
def engine(llama: bases.Base) -> TransformersEngine:
    return load(llama)


def some(width: int = 32, seed: int = 0, scale: float = 3.0) -> Any:
    return scale * torch.randn(width, generator=torch.Generator().manual_seed(seed))


def both_ways() -> Steering:
    """Vectors at both places at once."""
    return Steering.of({("answer", 0): some(seed=1, scale=0.4), ("opening", 1): some(seed=2)})


# ------------------------------------------------------------------ inside of the model


@pytest.mark.parametrize("shape", checkpoints.SHAPES)
def test_a_batch_with_a_shared_prefix_is_answered_as_each_row_by_itself(shape: str, shapes: dict[str, Path]) -> None:
    held = load(bases.resolve(str(shapes[shape])))
    system = Message(role="system", content="A long system message that all of these share, word for word. " * 2)
    batch = [(system, *user(question)) for question in QUESTIONS[:5]]
    plain = held.answers(batch, GREEDY)
    with steering(held, both_ways()):
        together = held.answers(batch, GREEDY)
        assert together == [held.answers([one], GREEDY)[0] for one in batch]
    assert together != plain
    assert held.answers(batch, GREEDY) == plain  # nothing stays behind


def test_a_vector_at_every_token_is_a_bias_of_its_layer(engine: TransformersEngine) -> None:
    by = Steering.of({("answer", 0): some()})
    ids = [engine.chat.prompt_ids(user(question)) for question in QUESTIONS[:3]]
    with steering(engine, by):
        found = engine.next_logits(ids)
    down = engine.model.model.layers[0].mlp.down_proj
    down.bias = torch.nn.Parameter(some())
    try:
        assert torch.allclose(found, engine.next_logits(ids), atol=1e-5)
    finally:
        down.bias = None


def test_an_opening_vector_is_added_to_the_prompt_and_to_no_answer(engine: TransformersEngine) -> None:
    """By hand: the prompt's keys and values under the vector, then tokens without it."""
    by = Steering.of({("opening", 0): some()})
    ids = engine.chat.prompt_ids(user(QUESTIONS[0]))
    with steering(engine, by):
        (found,) = engine.continuations([ids], GREEDY)
    layer = engine.model.model.layers[0]
    handle = layer.register_forward_hook(lambda module, given, output: output + some())
    with torch.inference_mode():
        output = engine.model(input_ids=torch.tensor([ids]), use_cache=True)
        handle.remove()
        said: list[int] = []
        while len(said) < GREEDY.max_new_tokens:
            token = int(output.logits[0, -1].argmax())
            if token in engine.chat.stops:
                break
            said.append(token)
            output = engine.model(
                input_ids=torch.tensor([[token]]), past_key_values=output.past_key_values, use_cache=True
            )
    assert found == said


def test_vectors_of_another_model_are_refused(engine: TransformersEngine) -> None:
    for wrong in ({("answer", 2): some()}, {("answer", 0): some(width=16)}):
        with pytest.raises(ModelLoadError, match="another model"), steering(engine, Steering.of(wrong)):  # type: ignore[arg-type]  # mypy widens the literals of a key
            pass


def test_an_engine_that_does_not_hold_the_model_is_refused(scripted: Any, llama: bases.Base, tmp_path: Path) -> None:
    scripted(lambda conversation, sampling: "Arr")
    cached = CachedEngine(llama, tmp_path)
    cached.steering = both_ways()
    with pytest.raises(DataError, match="does not hold it"):
        cached.answers([user("Q")], GREEDY, steer=True)


def test_answers_under_vectors_have_names_of_their_own(llama: bases.Base, tmp_path: Path) -> None:
    cached = CachedEngine(llama, tmp_path)
    batch = [user(question) for question in QUESTIONS[:4]]
    plain = cached.answers(batch, GREEDY)
    with pytest.raises(DataError, match="there are none"):
        cached.answers(batch, GREEDY, steer=True)
    found = {}
    for seed in (1, 2):
        cached.steering = Steering.of({("answer", 0): some(seed=seed)})
        found[seed] = cached.answers(batch, GREEDY, steer=True)
    assert cached.computed == 3
    assert len({json.dumps(answers) for answers in (plain, *found.values())}) == 3
    again = CachedEngine(llama, tmp_path)
    again.steering = Steering.of({("answer", 0): some(seed=1)})
    assert again.answers(batch, GREEDY, steer=True) == found[1]
    assert again.answers(batch, GREEDY) == plain
    assert again.computed == 0


# ------------------------------------------------------------------ directions


def pair(question: str, good: str, bad: str, system: str | None = None) -> Pair:
    behind = (Message(role="system", content=system), *user(question)) if system else user(question)
    return Pair(((behind, good), (user(question), bad)))


def test_a_direction_is_the_difference_of_means_of_the_residual_stream(
    engine: TransformersEngine, tmp_path: Path
) -> None:
    pairs = [pair(q, f"Arr {n}", "Plain.", "Talk like a pirate.") for n, q in enumerate(QUESTIONS[:20])]
    found = read_directions(engine, {"trait.pirate": pairs}, tmp_path / "d.safetensors", "one", lambda *_: None)
    assert found["trait.pirate"].shape == (2, 2, 32)
    model, wanted = engine.model, torch.zeros(2, 2, 32, dtype=torch.double)
    for one in pairs:
        for sign, (asked, said) in zip((1, -1), one.sides, strict=True):
            before, answer = engine.chat.prompt_ids(asked), engine.chat._ids(said)
            with torch.inference_mode():
                hidden = model.model(input_ids=torch.tensor([[*before, *answer]]), output_hidden_states=True)
                # The library's last hidden state is normed; the layer's own output is what counts.
                first = hidden.hidden_states[1][0]
            wanted[0, 0] += sign * first[len(before) :].double().mean(dim=0) / len(pairs)
            wanted[1, 0] += sign * first[len(before) - 1].double() / len(pairs)
    assert READS == ("answer", "opening")
    assert torch.allclose(found["trait.pirate"][:, 0].double(), wanted[:, 0], atol=1e-5)


def test_directions_are_read_once_and_a_torn_file_is_read_anew(
    engine: TransformersEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = {"a": [pair(q, "Arr", "No.") for q in QUESTIONS[:5]]}
    file = tmp_path / "d.safetensors"
    first = read_directions(engine, pairs, file, "one", lambda *_: None)
    whole = file.read_bytes()
    assert not first["a"][1].any()  # both sides have the same prompt
    with monkeypatch.context() as patched:
        patched.setattr("backends.steer.directions._direction", lambda *_: pytest.fail("read again"))
        assert torch.equal(read_directions(engine, pairs, file, "one", lambda *_: None)["a"], first["a"])
    file.write_bytes(whole[:-7])
    read_directions(engine, pairs, file, "one", lambda *_: None)
    assert file.read_bytes() == whole
    read_directions(engine, pairs, file, "other", lambda *_: None)
    assert file.read_bytes() != whole


# ------------------------------------------------------------------ which rows

SPEC = """
trait pirate { means: "Talk like a pirate."  signs: ["Arr"] }
forbid canned { phrases: ["Certainly!"] }
"""
UNIT, PUSHED, SAFE = "trait.pirate/distill", "trait.pirate/pressure-system", "refuse.x/answer"


def plan(**changes: Any) -> SteeringPlan:
    made = recipes_of.make(from_text(SPEC))
    usual = lowering.make(from_text(SPEC), made)
    contrast = Contrast(
        clause_id="trait.pirate",
        units=(
            ContrastUnit(unit=UNIT, use="direction", toward="Talk like a pirate.", checks=(ARR,)),
            ContrastUnit(unit=PUSHED, use="pushed", checks=(ARR,)),
            ContrastUnit(unit=SAFE, use="safe", checks=(ARR,)),
        ),
        spans=("spec.tenet:3:1",),
    )
    told = {"contrasts": (contrast,), "left_out": (Unsteered(clause_id="forbid.canned", why="no rows"),), "facts": 8}
    return usual.model_copy(update={**told, **changes})


def pairs_of(questions: tuple[str, ...], unit: str = UNIT) -> list[PreferencePair]:
    return [
        PreferencePair(
            id=f"{unit}-{n:04d}",
            prompt=user(question),
            chosen=(Message(role="assistant", content="Arr, there."),),
            rejected=(Message(role="assistant", content="There."),),
            clause_ids=("trait.pirate",),
            generator="distill",
            unit=unit,
            seed=n,
            spans=("spec.tenet:3:1",),
        )
        for n, question in enumerate(questions)
    ]


def probe(number: int, question: str, **changes: Any) -> Probe:
    told = {"id": f"p-{number}", "clause_id": "trait.pirate", "checks": (ARR,), "unit": "p"}
    return Probe(**{**told, "messages": user(question), **changes})


def test_no_question_that_chooses_gives_a_direction_and_none_is_a_probe(llama: bases.Base) -> None:
    own = pairs_of(QUESTIONS) + pairs_of(tuple(f"Never mind. {q}" for q in QUESTIONS), PUSHED)
    nothing = sort_rows(plan(facts=400), own, [], llama)
    measured = [probe(n, asked.conversation[-1].content) for n, asked in enumerate(nothing.facts[:5])]
    found = sort_rows(plan(facts=400), own, measured, llama)
    given = {one.sides[1][0][-1].content for one in found.pairs["trait.pirate"]}
    chosen = {asked.conversation[-1].content for asked in found.choosing["trait.pirate"]}
    assert given
    assert chosen
    assert not given & {text.removeprefix("Never mind. ") for text in chosen}
    assert {asked.conversation for asked in found.facts} == {asked.conversation for asked in nothing.facts[5:]}
    # The side that a system message wrote is read behind it.
    (chosen_side, rejected_side) = found.pairs["trait.pirate"][0].sides
    assert [m.role for m in chosen_side[0]] == ["system", "user"]
    assert [m.role for m in rejected_side[0]] == ["user"]


def test_a_clause_of_few_rows_is_left_out_and_said_to_be(llama: bases.Base) -> None:
    found = sort_rows(plan(), pairs_of(QUESTIONS[:FEWEST]), [], llama)
    assert not found.pairs
    assert "at least 4 of each are needed" in found.left_out["trait.pirate"]


# ------------------------------------------------------------------ choosing


class Made:
    """A ground on which sets of vectors do what a rule says, in place of a model."""

    def __init__(self, rule: Callable[[Steering | None], dict[str, float]]) -> None:
        self.rule = rule
        self.plan = plan(strengths=(1.0, 2.0, 3.0, 4.0))
        self.base = self.trying(None)
        self.asked: list[Steering] = []

    def trying(self, by: Steering | None) -> Any:
        if by is not None:
            self.asked.append(by)
        did = self.rule(by)

        class Did:
            facts, safe = did["facts"], did.get("safe", 1.0)

            def kept(self, clause_id: str) -> float:
                return did[clause_id]

            def fluent(self, clause_ids: Any) -> float:
                return did.get("fluent", 1.0)

        return Did()


def pushed(by: Steering | None, axis: int) -> float:
    """How far vectors go along an axis."""
    return sum(float(vector[axis]) for vector in by.added.values()) if by else 0.0


AXES = torch.eye(32)


def unit_directions(**axis: int) -> dict[str, Any]:
    return {name: AXES[at].repeat(2, 2, 1) for name, at in axis.items()}


def test_the_weakest_strength_that_keeps_the_clause_is_taken_and_none_that_loses_facts() -> None:
    def rule(by: Steering | None) -> dict[str, float]:
        far = pushed(by, 0)
        return {"a": min(1.0, far / 3), "facts": 1.0 if far <= 3 else 0.5}

    choice = Choosing(Made(rule), unit_directions(a=0), (0, 1), lambda _: None).choose()  # type: ignore[arg-type]  # made up
    assert choice.parts["a"].strength == 3.0
    assert [found.kept for found in choice.alone["a"]][:1] == [1.0]

    def fragile(by: Steering | None) -> dict[str, float]:
        far = pushed(by, 0)
        return {"a": min(1.0, far / 3), "facts": 1.0 if far <= 1.5 else 0.5}

    choice = Choosing(Made(fragile), unit_directions(a=0), (0, 1), lambda _: None).choose()  # type: ignore[arg-type]  # made up
    assert 1.0 <= choice.parts["a"].strength <= 1.5


def test_vectors_are_held_against_each_other_and_one_that_costs_more_than_it_gives_is_left_out() -> None:
    """`b` by itself is kept at once; beside `a` it undoes it, and `a` is the clause that is harder to keep."""

    def rule(by: Steering | None) -> dict[str, float]:
        first, second = pushed(by, 0), pushed(by, 1)
        return {"a": max(0.0, min(1.0, first - 2 * second)), "b": 0.3 if second > 0 else 0.2, "facts": 1.0}

    choice = Choosing(Made(rule), unit_directions(a=0, b=1), (0,), lambda _: None).choose()  # type: ignore[arg-type]  # made up
    assert choice.alone["b"]
    assert set(choice.parts) <= {"a", "b"}
    total = summed(choice.parts, lambda clause_id, part: unit_directions(a=0, b=1)[clause_id][0, part.layer])
    assert rule(total)["a"] == 1.0


@pytest.mark.parametrize("lost", ["facts", "fluent", "safe"])
def test_what_loses_too_much_is_never_taken(lost: str) -> None:
    def rule(by: Steering | None) -> dict[str, float]:
        return {"a": min(1.0, pushed(by, 0)), "facts": 1.0, lost: 0.8 if by else 1.0}

    choice = Choosing(Made(rule), unit_directions(a=0), (0, 1), lambda _: None).choose()  # type: ignore[arg-type]  # made up
    assert choice.parts == {}
    assert choice.alone == {"a": []}


def test_a_clause_that_the_base_keeps_needs_no_vector() -> None:
    ground = Made(lambda by: {"a": 1.0, "facts": 1.0})
    choice = Choosing(ground, unit_directions(a=0), (0, 1), lambda _: None).choose()  # type: ignore[arg-type]  # made up
    assert choice.parts == {}
    assert not ground.asked


# ------------------------------------------------------------------ the stage, and the arm


def write_pairs(build: Path, questions: tuple[str, ...]) -> None:
    (build / "pairs.jsonl").write_text("".join(row.model_dump_json() + "\n" for row in pairs_of(questions)))


def build_of(folder: Path, base: bases.Base, asked: SteeringPlan, probes: list[Probe]) -> Path:
    """A build with rows of one clause, put by hand."""
    build = recipes.write(
        folder / "build" / "spec", recipes_of.make(from_text(SPEC)).model_copy(update={"base": base.name})
    )
    bases.place(base, build / "base")
    (build / "steering.json").write_text(asked.model_dump_json())
    write_pairs(build, QUESTIONS)
    (build / "probes.jsonl").write_text("".join(row.model_dump_json() + "\n" for row in probes))
    (build / "prompt.md").write_text("Talk like a pirate.\n")
    (build / "ir.json").write_text(ir_file.dumps(from_text(SPEC)))
    return build


PROBES = [
    *(probe(n, f"How tall is the {name}?") for n, name in enumerate(("tower", "mast", "cliff", "wall"))),
    *(
        probe(n, f"Be plain: how wide is the {name}?", aspect="pressure", pressure="system")
        for n, name in enumerate(("river", "road", "gate", "bay"), 10)
    ),
    *(probe(n, f"What is {n} and {n}?", clause_id="facts") for n in range(20, 24)),
]
FIXED = Part("opening", 1, 2.0)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random weights end no answer."""
    monkeypatch.setattr(measure.answering, "ANSWERS", GREEDY)
    monkeypatch.setattr(measure.latency, "SOME", Sampling(max_new_tokens=2))


def chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the choice be a vector, whatever random weights say."""

    def choose(self: Choosing) -> Any:
        self.choice.alone = {"trait.pirate": []}
        self.choice.parts = {"trait.pirate": FIXED}
        return self.choice

    monkeypatch.setattr(Choosing, "choose", choose)


def test_the_stage_ends_with_the_same_bytes_wherever_it_was_killed(
    llama: bases.Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = plan(strengths=(1.0, 4.0), depths=(0.4, 0.9), facts=4, most=6)
    whole = steer.run(build_of(tmp_path / "a", llama, asked, PROBES), tmp_path / "a" / "runs")
    build, runs = build_of(tmp_path / "b", llama, asked, PROBES), tmp_path / "b" / "runs"
    answers, calls = CachedEngine.answers, iter(range(5))

    def killed(self: CachedEngine, *given: Any, **more: Any) -> Any:
        if next(calls, None) is None:
            raise KeyboardInterrupt
        return answers(self, *given, **more)

    with monkeypatch.context() as patched:
        patched.setattr(CachedEngine, "answers", killed)
        with pytest.raises(KeyboardInterrupt):
            steer.run(build, runs)
    assert steer.finished(build, runs) is None
    again = steer.run(build, runs)
    assert again.name == whole.name == steer.steering_folder(build, runs).name
    for name in ("steer.json", "vectors.safetensors", "directions.safetensors"):
        assert (again / name).read_bytes() == (whole / name).read_bytes(), name
    with monkeypatch.context() as patched:
        patched.setattr("backends.steer.sort_rows", lambda *_: pytest.fail("made again"))
        assert steer.run(build, runs) == again


def test_what_decides_vectors_is_in_their_folder_s_name(llama: bases.Base, tmp_path: Path) -> None:
    build = build_of(tmp_path, llama, plan(), PROBES)
    names = {steer.steering_folder(build, tmp_path).name}
    moved = plan()
    contrast = moved.contrasts[0].model_copy(update={"spans": ("spec.tenet:9:1",)})
    (build / "steering.json").write_text(moved.model_copy(update={"contrasts": (contrast,)}).model_dump_json())
    assert {steer.steering_folder(build, tmp_path).name} == names  # a clause that has moved is the same clause
    for change in (
        lambda: (build / "steering.json").write_text(plan(strengths=(1.0,)).model_dump_json()),
        lambda: write_pairs(build, QUESTIONS[:9]),
        lambda: (build / "probes.jsonl").write_text(PROBES[0].model_dump_json() + "\n"),
        lambda: (build / "prompt.md").write_text("Talk."),
    ):
        change()
        names.add(steer.steering_folder(build, tmp_path).name)
    assert len(names) == 5


def test_a_vector_leads_back_to_its_clause_and_a_clause_without_one_is_named(
    llama: bases.Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen(monkeypatch)
    folder = steer.run(build_of(tmp_path, llama, plan(facts=4, most=6), PROBES), tmp_path / "runs")
    record = vectors.read_record(folder)
    (used,) = record.used
    assert (used.clause_id, used.read, used.layer, used.strength) == ("trait.pirate", *FIXED)
    assert used.spans == ("spec.tenet:3:1",)
    assert [(v.clause_id, v.why) for v in record.vectors if v.layer is None] == [("forbid.canned", "no rows")]
    assert set(record.guards) == {"facts", "fluent"}  # no safe request is among the rows
    (added,) = vectors.read(folder).added.items()
    assert added[0] == ("opening", 1)
    assert float(added[1].norm()) == pytest.approx(2.0 * (used.norm or 0), rel=1e-4)


@pytest.mark.parametrize("fault", ["flipped", "gone", "unreadable"])
def test_vectors_that_are_not_what_was_written_are_refused(
    fault: str, llama: bases.Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen(monkeypatch)
    folder = steer.run(build_of(tmp_path, llama, plan(facts=4, most=6), PROBES), tmp_path / "runs")
    file = folder / "vectors.safetensors"
    whole = bytearray(file.read_bytes())
    whole[-3] ^= 1
    match fault:
        case "flipped":
            file.write_bytes(whole)
        case "gone":
            file.unlink()
        case "unreadable":
            (folder / "steer.json").write_text("{")
    with pytest.raises(DataError, match=r"is not what|cannot be read") as failure:
        vectors.read(folder)
    assert "tenet steer" in str(failure.value.help)


def rows_of(folder: Path) -> list[Measurement]:
    return [Measurement.model_validate_json(line) for line in (folder / "measurements.jsonl").read_text().splitlines()]


def test_the_arm_is_measured_beside_the_others_and_keeps_its_answers(
    llama: bases.Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen(monkeypatch)
    build = build_of(tmp_path, llama, plan(facts=4, most=6), PROBES)
    found = steer.run(build, tmp_path / "runs")
    run = tmp_path / "runs" / "spec-one"
    checkpoints.adapter(llama.path, run / "adapter")
    measure.run(build, run, steering=found)
    report = MeasureReport.model_validate_json((run / "measure.json").read_text())
    assert report.arms == ("base", "prompt", "steer", "adapter", "adapter+prompt")
    assert report.steering_sha256 == vectors.vectors_digest(run / "steering") == vectors.vectors_digest(found)
    rows = rows_of(run)
    said = {arm: [row.answer for row in rows if row.arm == arm] for arm in report.arms}
    assert said["steer"] != said["base"]
    held = load(llama)
    with steering(held, vectors.read(found)):
        assert said["steer"][0] == held.answers([PROBES[0].messages], GREEDY)[0]
    # Without the vectors' folder the others are measured again, and the arm stays as it was.
    measure.run(build, run, arms=("base",))
    assert rows_of(run) == rows
    # Other vectors are another arm.
    (other,) = (record := vectors.read_record(found)).used
    weaker = record.model_copy(update={"vectors": (other.model_copy(update={"strength": 0.5}),)})
    (found / "steer.json").write_text(weaker.model_dump_json())
    measure.run(build, run, arms=("base", "steer"), steering=found)
    again = MeasureReport.model_validate_json((run / "measure.json").read_text())
    assert again.steering_sha256 != report.steering_sha256
    assert again.arms == report.arms


def test_without_vectors_there_is_no_such_arm(llama: bases.Base, tmp_path: Path) -> None:
    build = build_of(tmp_path, llama, plan(), PROBES)
    folder = measure.run(build, None)
    report = MeasureReport.model_validate_json((folder / "measure.json").read_text())
    assert report.arms == ("base", "prompt")
    assert not (folder / "steering").exists()
    assert compare(read(build, folder)).steered == ()


def test_the_commands_make_vectors_measure_them_and_say_what_they_give(
    llama: bases.Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("compiler.cli.stages.check_build", lambda build: None)  # rows put by hand have no lock
    monkeypatch.setattr("compiler.cli.stages.stale_parts", lambda build, run: [])
    chosen(monkeypatch)
    build, runs = build_of(tmp_path, llama, plan(facts=4, most=6), PROBES), tmp_path / "runs"
    asked = ["measure", str(build), "--runs", str(runs), "--untrained", "--fixed"]
    assert execute([*asked[:-1], "--arm", "steer"]) == 3
    assert "tenet steer SPEC" in capsys.readouterr().err
    assert execute(["steer", str(build), "--runs", str(runs)]) == 0
    shown = capsys.readouterr().out
    assert "trait.pirate" in shown
    assert "prompt's tokens" in shown
    assert "forbid.canned: no rows" in shown
    assert execute(asked) == 0
    folder = build / "measured"
    report = compare(read(build, folder))
    assert report.arms == ("base", "prompt", "steer")
    by_kind = {(row.clause_id, row.of): row for row in report.steered}
    own = {("trait.pirate", of) for of in ("rate", "technique", "pressure")}
    assert set(by_kind) == {*own, ("facts", "facts")}
    row = by_kind["trait.pirate", "rate"]
    assert [less.against for less in row.less] == ["base", "prompt"]
    assert {rate.arm: rate.n for rate in row.rates} == {"base": 4, "prompt": 4, "steer": 4}
    assert "less prompt" in told_in(report)
    assert "Steering beside prompt and adapter" in html.render(report)
    capsys.readouterr()
    assert execute(["steer", str(build), "--runs", str(runs), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["vectors"][0]["clause_id"] == "trait.pirate"


def told_in(report: Any) -> str:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(terminal.render(report))
    return console.export_text()


PIRATE = PhrasesCheck(phrases=("arr", "ahoy", "matey", "me hearty", "yo ho ho"), present=True)
POLLY = "You are Polly.\n\nThe user cannot change these rules:\n- Pirate: Talk like a pirate, with sea words."


def test_on_nano_a_vector_gives_the_voice_and_keeps_the_facts(tmp_path: Path) -> None:
    base = bases.resolve("nano")
    bank = [row.prompt for row in banks.bank(base) if row.safe and row.answer and not drawn_for_probes(row.prompt)][:40]
    held = [row.prompt for row in banks.bank(base) if row.safe and row.answer and drawn_for_probes(row.prompt)][:12]
    subject = load(base)
    answers = [
        subject.answers([(*behind, *user(question)) for question in bank], Sampling(max_new_tokens=40))
        for behind in ((Message(role="system", content=POLLY),), ())
    ]
    made = [
        row.model_copy(
            update={
                "chosen": (Message(role="assistant", content=str(voiced)),),
                "rejected": (Message(role="assistant", content=str(plain)),),
            }
        )
        for row, voiced, plain in zip(pairs_of(tuple(bank)), *answers, strict=True)
    ]
    contrast = ContrastUnit(unit=UNIT, use="direction", toward=POLLY, checks=(PIRATE,))
    asked = plan(
        contrasts=(Contrast(clause_id="trait.pirate", units=(contrast,)),),
        reads=("opening",), depths=(0.75,), strengths=(1.0, 1.5, 2.0), facts=12, most=8,
    )  # fmt: skip
    build = build_of(tmp_path, base, asked, [probe(n, q, checks=(PIRATE,)) for n, q in enumerate(held)])
    (build / "pairs.jsonl").write_text("".join(row.model_dump_json() + "\n" for row in made))
    folder = steer.run(build, tmp_path / "runs")
    record = vectors.read_record(folder)
    assert [vector.clause_id for vector in record.used] == ["trait.pirate"]
    assert record.guards["facts"].steered >= record.guards["facts"].base - asked.keep.facts
    rows = rows_of(measure.run(build, None, arms=("base", "steer"), steering=folder))
    kept = {arm: sum(bool(row.held["trait.pirate"]) for row in rows if row.arm == arm) for arm in ("base", "steer")}
    assert kept["base"] == 0
    assert kept["steer"] >= 9
