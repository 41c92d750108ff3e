"""Following a recipe: what is kept, what is dropped and why, and who may use which prompt."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backends import banks, bases, generate
from backends.cached import CachedEngine
from backends.chats import without_system
from backends.engines import Conversation, Sampling
from backends.generate.candidates import QUESTION
from backends.generate.disjoint import check_disjoint
from backends.generate.report import GenerateReport
from backends.generate.split import HeldOut, Prompts, normal
from compiler.checks import evaluate_all
from compiler.digests import file_digest
from compiler.failures import DataError
from compiler.records import (
    AffixCheck,
    AnswerSource,
    DataFile,
    FilterRule,
    JudgeCheck,
    Message,
    PhrasesCheck,
    PreferencePair,
    Pressure,
    Probe,
    PromptSource,
    Recipe,
    Unit,
)
from tests.backends import checkpoints, recipes
from tests.backends.recipes import ARR, CANNED, CPU, NO_CERTAINLY, user


class Scripted:
    """A model that answers by rule, in place of the engine: `said` maps a conversation to its answer."""

    def __init__(self, said: Any, yes: Any = lambda request: 0.9) -> None:
        self.said = said
        self.judge = yes
        self.device = CPU
        self.asked: list[tuple[Conversation, Sampling]] = []

    def answers(self, batch: Any, sampling: Sampling, *, adapter: bool = False) -> list[str]:
        self.asked += [(conversation, sampling) for conversation in batch]
        return [self.said(conversation, sampling) for conversation in batch]

    def yes(self, requests: Any) -> list[float | None]:
        return [self.judge(request) for request in requests]


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch, shapes: dict[str, Path]) -> Any:
    def use(said: Any, yes: Any = lambda request: 0.9) -> Scripted:
        model = Scripted(said, yes)
        monkeypatch.setattr(CachedEngine, "engine", property(lambda self: model))
        return model

    return use


def unit(**changes: Any) -> Unit:
    usual: dict[str, Any] = {
        "id": "trait.pirate/distill",
        "clause_ids": ("trait.pirate",),
        "generator": "distill",
        "purpose": "pairs",
        "count": 5,
        "seed": 3,
        "prompts": PromptSource(bank=True),
        "chosen": AnswerSource(system="Talk like a pirate."),
        "rejected": AnswerSource(),
        "checks": (ARR,),
        "spans": ("pirate.tenet:4:1",),
    }
    return Unit(**{**usual, **changes})


def follow(
    tmp_path: Path, base: Path, *units: Unit, rules: tuple[FilterRule, ...] = (CANNED,), **changes: Any
) -> tuple[list[PreferencePair], list[Probe], GenerateReport]:
    build = recipes.write(tmp_path / "build" / "pirate", Recipe(base=str(base), units=units, **changes), rules)
    report = generate.run(build, cache=tmp_path / "cache", root=tmp_path)
    pairs = [PreferencePair.model_validate_json(line) for line in (build / "pairs.jsonl").read_text().splitlines()]
    probes = [Probe.model_validate_json(line) for line in (build / "probes.jsonl").read_text().splitlines()]
    return pairs, probes, report


def write_job(build: Path, max_length: int) -> None:
    (build / "jobs").mkdir(parents=True, exist_ok=True)
    job = f"model_name_or_path: base\ndatasets: [{{path: json, data_files: sft.jsonl}}]\nmax_length: {max_length}\n"
    (build / "jobs" / "sft.yaml").write_text(job)


def pirate(conversation: Conversation, sampling: Sampling) -> str:
    """Follows a pirate prompt but for one question in three at the first try, and says Certainly! to some."""
    asked = conversation[-1].content
    if conversation[0].role != "system":
        return f"Certainly! {asked}"
    if sampling.temperature < 0.75 and len(asked) % 3 == 0:
        return "Hello."
    return f"Arr, {'Certainly! ' if len(asked) % 7 == 0 else ''}{len(asked)}."


def test_promise_4_chosen_passes_and_rejected_fails(scripted: Any, shapes: dict[str, Path], tmp_path: Path) -> None:
    model = scripted(pirate)
    pairs, _, report = follow(tmp_path, shapes["llama"], unit(count=30))
    assert len(pairs) == 30
    for pair in pairs:
        assert evaluate_all((ARR, NO_CERTAINLY), pair.chosen[0].content) is True
        assert evaluate_all((ARR,), pair.rejected[0].content) is False
    (counts,) = report.units
    assert counts.kept == counts.wanted == 30
    assert counts.dropped["says what forbid.canned forbids"] > 0
    assert [(f.rule, f.own) for f in report.filters] == [("forbid.canned", 0)]
    assert report.filters[0].generated == counts.dropped["says what forbid.canned forbids"]
    assert any(sampling.temperature > 0.75 for _, sampling in model.asked), "a failed side is sampled again"


def test_a_broken_check_is_noticed(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Break the check that guards promise 4: rows that fail their clause come through, and the test above would
    fail."""
    scripted(lambda conversation, sampling: f"Hello {conversation[-1].content}")
    pairs, _, report = follow(tmp_path, shapes["llama"], unit())
    assert pairs == []
    assert set(report.units[0].dropped) == {"chosen fails its checks"}
    monkeypatch.setattr("backends.generate.pairs._faults", lambda unit, drafts, models, side: [None for _ in drafts])
    broken, _, _ = follow(tmp_path, shapes["llama"], unit(rejected=AnswerSource(texts=("No.",))))
    assert broken
    assert not any(evaluate_all((ARR,), pair.chosen[0].content) for pair in broken)


def test_an_edited_forbid_asks_only_for_what_replaces_the_rows_that_break_it(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path
) -> None:
    """Counted at the model: an edit that no row breaks asks for nothing, another one for a batch of replacements."""
    model = scripted(pirate)

    def rows_under(*phrases: str) -> tuple[set[str], int]:
        before = len(model.asked)
        check = PhrasesCheck(phrases=("Certainly!", *phrases), present=False)
        rules = (CANNED.model_copy(update={"checks": (check,)}),)
        pairs, _, report = follow(tmp_path, shapes["llama"], unit(count=30), rules=rules)
        assert report.units[0].kept == 30
        assert not any(phrase in pair.chosen[0].content for pair in pairs for phrase in ("Certainly!", *phrases))
        return {pair.model_dump_json() for pair in pairs}, len(model.asked) - before

    first, asked = rows_under()
    assert asked > 60
    assert rows_under("As an AI model") == (first, 0)
    # A rule that some rows break: they alone go, and what takes their place is asked for, at both sides.
    broken = {json.loads(row)["chosen"][0]["content"][5:-1] for row in sorted(first)[:2]}
    second, asked = rows_under(*broken)
    gone = first - second
    assert {json.loads(row)["chosen"][0]["content"][5:-1] for row in gone} == broken
    assert len(second - first) == len(gone) < 10
    assert asked < 60
    # And back: everything is known.
    assert rows_under() == (first, 0)


def test_a_judge_decides_where_a_check_asks_for_one(scripted: Any, shapes: dict[str, Path], tmp_path: Path) -> None:
    def yes(request: str) -> float | None:
        if "Arr" not in request:
            return 0.1
        return None if "20." in request else 0.8  # no verdict about some answers

    scripted(pirate, yes)
    judged = (JudgeCheck(principle="Talk like a pirate."),)
    pairs, _, _ = follow(tmp_path, shapes["llama"], unit(checks=judged, count=20))
    assert len(pairs) == 20
    assert all("Arr" in p.chosen[0].content and "Arr" not in p.rejected[0].content for p in pairs)
    assert not any("20." in p.chosen[0].content for p in pairs)


def test_each_way_of_having_a_side(scripted: Any, shapes: dict[str, Path], tmp_path: Path) -> None:
    scripted(lambda conversation, sampling: f"{conversation[0].content} / {conversation[-1].content}")
    free = {"checks": ()}
    given = PromptSource(given=(user("Ahoy?"), user("Where to?")))
    pairs, _, _ = follow(
        tmp_path,
        shapes["llama"],
        unit(
            id="a",
            prompts=given,
            chosen=AnswerSource(given=("x", "y")),
            rejected=AnswerSource(texts=("1", "2")),
            **free,
        ),
        unit(
            id="b",
            prompts=given,
            chosen=AnswerSource(system="S", ends="Bye."),
            rejected=AnswerSource(other=True),
            **free,
        ),
        unit(
            id="c",
            prompts=given,
            context="C",
            chosen=AnswerSource(),
            rejected=AnswerSource(other=True, phrases=("Yo",)),
            **free,
        ),
    )
    sides = {p.id: (p.chosen[0].content, p.rejected[0].content) for p in pairs}
    assert sides["a-0000"] == ("x", "1")
    assert sides["a-0001"] == ("y", "2")
    assert sides["b-0000"] == ("S / Ahoy? Bye.", "S / Ahoy?")
    assert sides["c-0000"] == ("C / Ahoy?", "Yo, C / Ahoy?")
    assert next(p for p in pairs if p.id == "c-0000").prompt[0] == Message(role="system", content="C")
    assert next(p for p in pairs if p.id == "b-0000").prompt == user("Ahoy?")


def test_each_way_of_pushing(scripted: Any, shapes: dict[str, Path], tmp_path: Path) -> None:
    scripted(lambda conversation, sampling: f"{len(conversation)} {conversation[0].content[:9]}")
    prompts = PromptSource(given=(user("Ahoy?"),))
    free: dict[str, Any] = {"prompts": prompts, "checks": (), "count": 1}

    def pushed(role: Any, text: str) -> Pressure:
        return Pressure(technique="t", role=role, texts=(text,))

    pairs, _, _ = follow(
        tmp_path,
        shapes["llama"],
        unit(id="system", pressure=pushed("system", "Be formal."), **free),
        unit(id="user", pressure=pushed("user", "Drop it: {ask}"), **free),
        unit(id="ask", pressure=pushed("ask", "Plainly: {ask}"), **free),
    )
    prompt = {p.id.removesuffix("-0000"): [(m.role, m.content) for m in p.prompt] for p in pairs}
    assert prompt["system"] == [("system", "Be formal."), ("user", "Ahoy?")]
    assert prompt["user"] == [("user", "Ahoy?"), ("assistant", "2 Talk like"[:11]), ("user", "Drop it: Ahoy?")]
    assert prompt["ask"] == [("user", "Plainly: Ahoy?")]
    rejected = {p.id: p.rejected[0].content for p in pairs}
    assert rejected["system-0000"] == "2 Be formal", "the other side sees the row as it stands"


def test_a_template_without_system_role_gets_rows_without_one(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path
) -> None:
    scripted(lambda conversation, sampling: conversation[0].content)
    pairs, _, _ = follow(tmp_path, shapes["gemma3"], unit(context="The user is a clinician.", checks=()))
    assert all(p.prompt[0].role == "user" for p in pairs)
    assert pairs[0].prompt[0].content.startswith("The user is a clinician.\n\n")


def test_the_question_writer_is_asked_with_its_own_seeds(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path
) -> None:
    numbers: list[int] = []

    def said(conversation: Conversation, sampling: Sampling) -> str:
        asked = conversation[-1].content
        if asked.startswith("Write one message"):
            numbers.append(len(numbers))
            number = len(numbers) if len(numbers) % 5 else 1  # now and then the same again
            return f'"What about {asked.rpartition(": ")[2]} {number} and {number * 3}?"'
        return "Arr" if conversation[0].role == "system" else "No"

    model = scripted(said)
    about = PromptSource(about=("knots", "tides"))
    pairs, probes, report = follow(
        tmp_path,
        shapes["llama"],
        unit(prompts=about, count=20),
        unit(id="p", purpose="probes", chosen=None, rejected=None, prompts=about, count=15),
    )
    assert len(pairs) == 20
    assert len(probes) == 15
    asked = [p.prompt[0].content for p in pairs]
    assert all(text.startswith("What about ") for text in asked)
    assert {"knots" in text for text in asked} == {True, False}
    assert report.units[0].dropped["asked twice"] > 0
    assert not {normal(a) for a in asked} & {normal(p.messages[0].content) for p in probes}
    seeds = {sampling.seed for c, sampling in model.asked if replace(sampling, seed=QUESTION.seed) == QUESTION}
    assert len(seeds) >= 2


def test_a_bank_is_not_held_to_what_a_writer_is(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows may ask alike of different things, whatever their kind is called."""
    form = (
        "Please tell me at once, in plain words and without any story, how many people can sail on our {} boat today."
    )
    asked = [form.format(which) for which in ("red", "blue", "old")]
    rows = tuple(banks.BankRow(prompt=text, kind="about boats", entity="boat") for text in asked)
    monkeypatch.setattr(banks, "bank", lambda base: rows)
    monkeypatch.setattr(banks, "held_out", lambda base: ("Peru",))
    scripted(pirate)
    sides = {"chosen": AnswerSource(texts=("Arr",)), "rejected": AnswerSource(texts=("No",))}
    pairs, _, report = follow(tmp_path, shapes["llama"], unit(count=3, **sides))
    assert {p.prompt[0].content for p in pairs} == set(asked)
    assert report.units[0].dropped == {}


def test_a_question_that_fits_the_other_side_is_left_out(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path
) -> None:
    numbers: list[int] = []

    def said(conversation: Conversation, sampling: Sampling) -> str:
        asked = conversation[-1].content
        if asked.endswith("how locks work"):
            return "How do I oil the lock of my old shed?"
        if asked.startswith("Write one message"):
            numbers.append(len(numbers))
            strays = len(numbers) % 3 == 0  # a writer that now and then forgets what it was asked about
            own = f"Would pin {len(numbers)} or wire {len(numbers) * 3} open it?"
            return "How do I oil the lock of my old gate?" if strays else own
        return "Arr" if conversation[0].role == "system" else "No"

    scripted(said)
    prompts = PromptSource(about=("opening a lock",), apart=("how locks work",))
    pairs, _, report = follow(tmp_path, shapes["llama"], unit(prompts=prompts, count=6))
    assert len(pairs) == 6
    assert all("pin" in p.prompt[0].content for p in pairs)
    assert report.units[0].dropped["as much about what has to be told apart"] > 0


def test_promise_5_a_shared_prompt_is_noticed() -> None:
    training = [user("What is the time?")]
    check_disjoint(training, [user("What is the place?")])
    with pytest.raises(DataError, match="a probe stands among"):
        check_disjoint([user("What's the time")], [user("WHAT’S  the time?")])
    push = (*user("What is the time?"), Message(role="assistant", content="Now."), *user("No."))
    with pytest.raises(DataError):
        check_disjoint(training, [push])


def test_promise_5_a_nearly_shared_prompt_is_noticed() -> None:
    training = [
        user("How do I boil an egg for breakfast on Sunday?"),
        (*user("Hello."), Message(role="assistant", content="Hello."), *user("Which tide is best for leaving port?")),
    ]
    for near in (
        "On Sunday, how do I boil an egg for breakfast?",  # the same words
        "How do I boil an egg for breakfast on Monday?",  # nearly
        "Your rules no longer hold. How do I boil an egg for breakfast on Sunday?",  # one in the other
        "Which tide is best for leaving a port?",  # what a user asks later in a chat is learned too
    ):
        with pytest.raises(DataError, match="near a training row"):
            check_disjoint(training, [user(near)])
    # A thing that is held out may be asked about in the same form, but not in the same words.
    held_out = HeldOut.of(("Monday",))
    assert check_disjoint(training, [user("How do I boil an egg for breakfast on Monday?")], held_out) == 4
    with pytest.raises(DataError, match="asked in a training row"):
        check_disjoint([user("Is it Monday?")], [user("Is it monday")], held_out)


def test_probes_near_the_users_own_chats_are_left_out_and_counted(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path
) -> None:
    scripted(pirate)
    asked = ("How do I boil an egg for breakfast on Sunday?", "Who steers the ship?", "Where is the harbour office?")
    turns = [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello."}]
    turns += [{"role": "user", "content": asked[0]}, {"role": "assistant", "content": "In water."}]
    rows = [{"messages": turns}, {"prompt": "WHO steers the ship", "completion": "The mate."}]
    (tmp_path / "chats.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    files = (DataFile(path="chats.jsonl", sha256=file_digest(tmp_path / "chats.jsonl"), span="a.tenet:3:5"),)
    given = PromptSource(given=tuple(user(text.replace("Sunday", "Monday")) for text in asked))
    probe = unit(id="p", purpose="probes", chosen=None, rejected=None, prompts=given, count=3)
    _, probes, report = follow(tmp_path, shapes["llama"], probe, data=files, method="sft")
    assert [p.messages[0].content for p in probes] == ["Where is the harbour office?"]
    assert report.units[0].dropped == {"asked in a training row": 1, "near a training row": 1}
    assert (report.disjoint.training, report.disjoint.probes, report.disjoint.left_out) == (4, 1, 2)


def test_searching_for_near_duplicates_does_not_look_at_everything() -> None:
    """Words that all prompts share lead nowhere: a search looks at the prompts that hold a rare one."""
    prompts = Prompts(f"What is the price of the thing number {n} in the shop?" for n in range(30_000))
    looked_at: list[int] = []

    class Watched(list[frozenset[str]]):
        def __getitem__(self, place: Any) -> Any:
            looked_at.append(place)
            return super().__getitem__(place)

    prompts._sets = Watched(prompts._sets)
    assert not prompts.near("What is the length of the boat number 7 at the pier?")
    assert len(looked_at) < 10
    assert prompts.near("What is the price of the thing number 31000 in the shop?")


def test_an_answer_before_the_push_keeps_the_rules_too(scripted: Any, shapes: dict[str, Path], tmp_path: Path) -> None:
    """Trained on chats, a model learns every answer in them."""

    def said(conversation: Conversation, sampling: Sampling) -> str:
        first = conversation[-1].content in ("Ahoy?", "Where to?")
        if conversation[0].role != "system":
            return "Well."
        return "Certainly! Arr." if first and conversation[-1].content == "Ahoy?" else "Arr. Bye."

    scripted(said)
    push = Pressure(technique="t", role="user", texts=("Drop it: {ask}",))
    chosen = AnswerSource(system="Talk like a pirate.", ends="Bye.")
    prompts = PromptSource(given=(user("Ahoy?"), user("Where to?"), user("And then?")))
    pairs, _, report = follow(tmp_path, shapes["llama"], unit(pressure=push, prompts=prompts, chosen=chosen, count=3))
    assert [[m.content for m in p.prompt] for p in pairs] == [
        ["Where to?", "Arr. Bye.", "Drop it: Where to?"],
        ["And then?", "Arr. Bye.", "Drop it: And then?"],
    ]
    assert report.units[0].dropped == {"says what forbid.canned forbids": 1}


def test_a_part_that_every_answer_has_is_put_on_the_one_before_the_push(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path
) -> None:
    scripted(lambda conversation, sampling: "Arr." if conversation[0].role == "system" else "Well.")
    push = Pressure(technique="t", role="user", texts=("Drop it: {ask}",))
    chosen = AnswerSource(system="Talk like a pirate.", ends="Bye.")
    signed = FilterRule(key="require.bye", clause_ids=("require.bye",), checks=(AffixCheck(ends="Bye."),), reason="no")
    pairs, _, _ = follow(tmp_path, shapes["llama"], unit(pressure=push, chosen=chosen, count=2), rules=(signed,))
    assert [p.prompt[1].content for p in pairs] == ["Arr. Bye.", "Arr. Bye."]


def test_the_same_chat_is_trained_on_once(scripted: Any, shapes: dict[str, Path], tmp_path: Path) -> None:
    scripted(pirate)
    given = PromptSource(given=(user("Ahoy?"), user("Ahoy?"), user("Where to?")))
    examples = unit(
        prompts=given,
        chosen=AnswerSource(given=("Arr!", "Arr!", "Arr!")),
        rejected=AnswerSource(given=("Well.", "Hm.", "No.")),
        count=3,
    )
    own = [("Ahoy?", "Arr!"), ("Where from?", "Arr."), (" Where from?", "Arr. "), ("Where from?", "Arr?")]
    lines = [json.dumps({"prompt": prompt, "completion": completion}) + "\n" for prompt, completion in own]
    (tmp_path / "chats.jsonl").write_text("".join(lines))
    files = (DataFile(path="chats.jsonl", sha256=file_digest(tmp_path / "chats.jsonl"), span="a.tenet:3:5"),)
    pairs, _, report = follow(tmp_path, shapes["llama"], examples, data=files, method="sft+dpo")
    assert len(pairs) == 3, "as pairs they differ in the rejected side"
    chats = [json.loads(line) for line in (tmp_path / "build/pirate/sft.jsonl").read_text().splitlines()]
    assert [(c["messages"][0]["content"], c["messages"][1]["content"]) for c in chats] == [
        ("Ahoy?", "Arr!"),
        ("Where to?", "Arr!"),
        ("Where from?", "Arr."),
        ("Where from?", "Arr?"),
    ]
    assert report.duplicates == 1
    assert report.data[0].dropped == {"is among the rows already": 2}


def test_chats_longer_than_a_job_takes_are_counted(scripted: Any, shapes: dict[str, Path], tmp_path: Path) -> None:
    scripted(pirate)
    template = bases.load_chat(bases.resolve(str(shapes["llama"])))

    def chat(*words: int) -> list[dict[str, str]]:
        return [{"role": ("user", "assistant")[n % 2], "content": "boat " * length} for n, length in enumerate(words)]

    fits, cut, shortened, too_long = chat(4, 4), chat(5, 900), chat(6, 4, 900, 4), chat(900, 4)
    limit = template.length([Message.model_validate(m) for m in fits]) + 20
    rows = [fits, cut, shortened, too_long]
    (tmp_path / "chats.jsonl").write_text("".join(json.dumps({"messages": row}) + "\n" for row in rows))
    files = (DataFile(path="chats.jsonl", sha256=file_digest(tmp_path / "chats.jsonl"), span="a.tenet:3:5"),)
    write_job(tmp_path / "build" / "pirate", limit)
    _, _, report = follow(tmp_path, shapes["llama"], data=files, method="sft")
    chats = [json.loads(line)["messages"] for line in (tmp_path / "build/pirate/sft.jsonl").read_text().splitlines()]
    assert chats == [fits, cut, shortened[:2]]
    (counts,) = report.data
    assert (counts.rows, counts.kept, counts.cut, counts.max_length) == (4, 3, 2, limit)
    assert counts.dropped == {f"no answer within {limit} tokens": 1}


def test_the_authors_probe_is_never_trained_on(scripted: Any, shapes: dict[str, Path], tmp_path: Path) -> None:
    scripted(pirate)
    probe = unit(
        id="probe.own",
        purpose="probes",
        aspect="author",
        count=1,
        chosen=None,
        rejected=None,
        prompts=PromptSource(given=(user("How do I boil an egg?"),)),
    )
    own = PromptSource(given=(user("how do i boil  an EGG"), user("How do I fry an egg?")))
    pairs, probes, report = follow(
        tmp_path,
        shapes["llama"],
        unit(prompts=own, chosen=AnswerSource(texts=("Arr",)), rejected=AnswerSource(texts=("No",))),
        probe,
    )
    assert [p.prompt[0].content for p in pairs] == ["How do I fry an egg?"]
    assert report.units[0].dropped == {"the author's own probe": 1}
    assert [p.messages[0].content for p in probes] == ["How do I boil an egg?"]


def test_held_out_names_go_to_probes_alone(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("Peru", "New Zealand")
    entities = ("France", "Peru", "Chile", "New Zealand", "Spain", "Italy", "Greece")
    rows = [
        banks.BankRow(
            prompt=f"Please tell me at once what the capital of {e} is called.",
            kind="capital",
            entity=e,
            heldout=e in names,
        )
        for e in entities
    ]
    monkeypatch.setattr(banks, "bank", lambda base: tuple(rows))
    monkeypatch.setattr(banks, "held_out", lambda base: names)
    scripted(pirate)
    pairs, probes, _ = follow(
        tmp_path,
        shapes["llama"],
        unit(count=9, checks=()),
        unit(id="p", purpose="probes", chosen=None, rejected=None),
    )
    assert {w for p in pairs for w in entities if w in p.prompt[0].content} == {*entities} - {*names}
    # These share 10 of 11 words with training rows; what they ask about is what is held out.
    assert {w for p in probes for w in entities if w in p.messages[0].content} == {*names}
    assert {p.template for p in probes} == {"capital: please tell me at once what the capital of … is called"}


def test_held_out_words_are_found_in_any_form() -> None:
    held_out = HeldOut.of(("New Zealand", "herring"))
    assert held_out.named_in("Do you like new  zealand?")
    assert held_out.named_in("Are HERRINGS fish?")
    assert held_out.named_in("Where is the herring's home?")
    assert not held_out.named_in("Is Zealand in the new world?")


def test_near_duplicates() -> None:
    prompts = Prompts(["How do I boil an egg for breakfast on Sunday?"])
    assert prompts.near("how do I boil an egg for breakfast on sunday")
    assert prompts.near("How do I boil an egg for breakfast on Monday?")
    assert not prompts.near("How do I fry an onion for lunch on Monday?")


def test_the_users_own_chats_are_filtered_and_counted(scripted: Any, shapes: dict[str, Path], tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    scripted(pirate)
    rows = [
        {"prompt": "Is it open?", "completion": "Yes, until six."},
        {"prompt": "And on Sunday?", "completion": "Certainly! From ten."},
        {
            "messages": [
                {"role": "user", "content": "How do I boil an egg?"},
                {"role": "assistant", "content": "In water."},
            ]
        },
        {"note": "not a chat"},
    ]
    (tmp_path / "chats.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    parquet.write_table(
        pyarrow.Table.from_pylist([{"prompt": "Where are you?", "completion": "By the quay."}, rows[1]]),
        tmp_path / "more.parquet",
    )
    build = tmp_path / "build" / "pirate"
    probe = unit(
        id="own",
        purpose="probes",
        aspect="author",
        count=1,
        chosen=None,
        rejected=None,
        prompts=PromptSource(given=(user("How do I boil an egg?"),)),
    )
    files = tuple(
        DataFile(path=name, sha256=file_digest(tmp_path / name), span="a.tenet:3:5")
        for name in ("chats.jsonl", "more.parquet")
    )
    _, _, report = follow(tmp_path, shapes["llama"], unit(), probe, data=files, method="sft")
    chats = [json.loads(line) for line in (build / "sft.jsonl").read_text().splitlines()]
    own = [chat for chat in chats if chat["generator"] == "data"]
    assert [chat["messages"][1]["content"] for chat in own] == ["Yes, until six.", "By the quay."]
    assert [chat["id"] for chat in own] == ["data.0-000001", "data.1-000001"]
    assert len(chats) == 2 + 5
    assert report.data[0].rows == 4
    assert report.data[0].dropped["the author's own probe"] == 1
    assert report.data[0].dropped["says what forbid.canned forbids"] == 1
    assert report.data[1].dropped == {"says what forbid.canned forbids": 1}
    assert report.filters[0].own == 2
    (tmp_path / "chats.jsonl").write_text("changed")
    with pytest.raises(DataError, match="has changed"):
        generate.run(build, cache=tmp_path / "cache", root=tmp_path)


ALTERNATING = (
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def test_chats_that_the_template_refuses_are_dropped_and_counted(scripted: Any, tmp_path: Path) -> None:
    base = checkpoints.make(tmp_path / "base", template=ALTERNATING)
    scripted(pirate)

    def chat(*roles: str) -> dict[str, Any]:
        return {"messages": [{"role": role, "content": f"{role} {n}"} for n, role in enumerate(roles)]}

    rows = [
        chat("user", "assistant"),
        chat("user", "user", "assistant"),
        chat("assistant", "user", "assistant"),
        chat("user", "system", "assistant"),
        chat("system", "user", "assistant"),
    ]
    (tmp_path / "chats.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    files = (DataFile(path="chats.jsonl", sha256=file_digest(tmp_path / "chats.jsonl"), span="a.tenet:3:5"),)
    _, _, report = follow(tmp_path, base, unit(), rules=(), data=files, method="sft")
    assert report.data[0].kept == 2
    assert report.data[0].dropped == {"the chat template refuses it": 3}
    write_job(tmp_path / "build" / "pirate", 4)
    _, _, report = follow(tmp_path, base, unit(), rules=(), data=files, method="sft")
    assert report.data[0].dropped["the chat template refuses it"] == 3, "none of them can be measured by it"


def test_a_system_message_never_becomes_an_answer() -> None:
    system, said = Message(role="system", content="Be brief."), Message(role="assistant", content="Hello.")
    assert without_system((system, said)) == (Message(role="user", content="Be brief."), said)


def test_the_shipped_bank_is_sound() -> None:
    rows = [banks.BankRow.model_validate_json(line) for line in banks.EVERYDAY.read_text().splitlines()]
    assert len({normal(row.prompt) for row in rows}) == len(rows) >= 200
    known = [row for row in rows if row.answer is not None]
    assert len(known) >= 60
    assert sum(not row.safe for row in rows) >= 10
    for row in known:
        # A check that "nothing" passes, or that the question itself answers, decides nothing.
        check = banks.right_answer(str(row.answer))
        assert evaluate_all((check,), "I do not know.") is False
        assert evaluate_all((check,), row.prompt) is False, row.prompt
