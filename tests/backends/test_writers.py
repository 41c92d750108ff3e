"""Writers: what each one makes of drafts, and what it leaves out, with a model that answers by rule."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import pytest

from backends.engines import Conversation, Sampling
from backends.generate import writers
from compiler import wording
from compiler.edits import differ_only_there
from compiler.records.checks import JudgeCheck, PhrasesCheck
from compiler.records.recipe import AnswerSource, Pressure, Principle, PromptSource, Unit, Writer
from compiler.records.rows import ChatRow, PreferencePair
from tests.backends.recipes import ARR, CANNED, NO_CERTAINLY, follow, own_chats, unit, user

PIRATE = Principle(clause_id="trait.pirate", text="Pirate: Talk like a pirate.")
SHORT = Principle(clause_id="trait.short", text="Short: Is brief.")
ASKS = ("Ahoy?", "Where to?", "And then?", "Why so?", "How come?", "What now?")
GIVEN = PromptSource(given=tuple(user(ask) for ask in ASKS))


def asked(conversation: Conversation) -> str:
    return conversation[-1].content


def made(tmp_path: Path, base: Path, writer: Writer, **changes: Any) -> tuple[list[PreferencePair], dict[str, int]]:
    """The rows of one unit by `writer`, and its dropped drafts by reason."""
    usual: dict[str, Any] = {"prompts": GIVEN, "count": len(ASKS), "writer": writer, "chosen": AnswerSource()}
    rows, _, report = follow(tmp_path, base, unit(**{**usual, **changes}))
    assert {row.writer for row in rows} <= {writer}
    assert report.units[0].writer == writer
    return rows, report.units[0].dropped


def sides(rows: Sequence[PreferencePair]) -> list[tuple[str, str]]:
    return [(row.chosen[0].content, row.rejected[0].content) for row in rows]


def test_every_writer_of_the_recipe_is_a_file() -> None:
    assert set(writers.names()) == set(get_args(Writer))
    assert all(callable(writers.load(name).write) for name in get_args(Writer))


def test_rows_of_older_files_read() -> None:
    row = {"id": "a", "clause_ids": [], "generator": "g", "unit": "u", "seed": 1, "spans": []}
    pair = PreferencePair.model_validate({**row, "prompt": [], "chosen": [], "rejected": []})
    assert pair.writer == ChatRow.model_validate({**row, "messages": []}).writer == ""
    recipe_unit = unit().model_dump(exclude={"writer", "principles", "samples"})
    assert Unit.model_validate(recipe_unit).writer is None


def test_the_subject_teaches_itself_though_there_is_a_teacher(
    monkeypatch: pytest.MonkeyPatch, shapes: dict[str, Path], tmp_path: Path
) -> None:
    from backends.cached import CachedEngine
    from tests.backends.conftest import ByRule

    def speaking(name: str) -> ByRule:
        return ByRule(lambda conversation, sampling: f"Arr, says {name}." if len(conversation) > 1 else "Well.")

    models = {shapes["llama"].name: speaking("subject"), shapes["gemma3"].name: speaking("teacher")}
    monkeypatch.setattr(CachedEngine, "engine", property(lambda self: models[self.base.path.name]))
    usual: dict[str, Any] = {"prompts": GIVEN, "count": 2}
    own = unit(id="own", writer="self_distillation", **usual)
    taught = unit(id="taught", writer="teacher_distillation", **usual)
    rows, _, _ = follow(tmp_path, shapes["llama"], own, taught, teacher=str(shapes["gemma3"]))
    assert {(row.writer, row.chosen[0].content) for row in rows} == {
        ("self_distillation", "Arr, says subject."),
        ("teacher_distillation", "Arr, says teacher."),
    }


# ---- critique and revision


def critic(conversation: Conversation, sampling: Sampling) -> str:
    """Drafts plainly; revises by adding what the principle asks for; has nothing to say on one question."""
    said = asked(conversation)
    if not said.startswith("Criticise"):
        return "Arr, at once." if said == "How come?" else f"Plainly, {said}"
    principle, question, answer = (
        said.split(f"{name}: ")[1].split("\n")[0] for name in ("Principle", "Question", "Answer")
    )
    if question == "What now?":
        return "It is not good."
    return f"It lacks. {wording.REVISED} {'Arr! ' if 'Pirate' in principle else 'Brief. '}{answer}"


def test_a_draft_is_revised_by_one_principle_after_the_other(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backends.generate.writers._rounds.is_plain", lambda name: True)
    model = scripted(critic)
    rows, dropped = made(tmp_path, shapes["llama"], "revision", principles=(SHORT, PIRATE))
    assert sides(rows)[0] == ("Arr! Brief. Plainly, Ahoy?", "Plainly, Ahoy?")
    assert len(rows) == 4
    assert dropped == {"rejected keeps the clause": 1, "the critic gave no revision": 1}
    requests = [asked(conversation) for conversation, _ in model.asked if asked(conversation).startswith("Crit")]
    # Exactly the words that nano has learned, the second round about what the first one wrote.
    assert requests[0] == wording.critique_request(SHORT.text, "Ahoy?", "Plainly, Ahoy?")
    assert wording.critique_request(PIRATE.text, "Ahoy?", "Brief. Plainly, Ahoy?") in requests


def test_another_model_than_nano_gets_text_between_tags(scripted: Any, shapes: dict[str, Path], tmp_path: Path) -> None:
    def said(conversation: Conversation, sampling: Sampling) -> str:
        return "None. Revised: Arr." if "<answer>" in asked(conversation) else "Plainly </answer> so."

    model = scripted(said)
    rows, _ = made(tmp_path, shapes["llama"], "revision", principles=(PIRATE,))
    assert sides(rows)[0] == ("Arr.", "Plainly </answer> so.")
    (request, *_) = [asked(c) for c, _ in model.asked if "<answer>" in asked(c)]
    assert f"Rule: {PIRATE.text}" in request
    assert request.count("</answer>") == 1, "an answer cannot close its own tag"


# ---- best of n


def test_the_best_and_the_worst_sample_make_the_pair(scripted: Any, shapes: dict[str, Path], tmp_path: Path) -> None:
    """A judge decides among those that pass; a draft whose samples all rank alike makes none."""

    def said(conversation: Conversation, sampling: Sampling) -> str:
        ask = asked(conversation)
        if ask == "Why so?":
            return "Arr arr."
        if ask == "How come?":
            return "No."
        if conversation[0].role == "system" or ask == "What now?":
            return f"Arr {(sampling.seed + len(ask)) % 5}."
        return "Plain."

    def yes(request: str) -> float:
        return 0.5 + int(request.split("Arr ")[1][0]) / 10 if "Arr " in request and "Arr a" not in request else 0.9

    model = scripted(said, yes)
    checks = (ARR, JudgeCheck(principle="Talk like a pirate."))
    rows, dropped = made(
        tmp_path,
        shapes["llama"],
        "best_of_n",
        samples=16,
        checks=checks,
        chosen=AnswerSource(system="Talk like a pirate."),
    )
    assert {row.prompt[0].content for row in rows} <= set(ASKS[:3])
    assert len(rows) >= 3
    assert all(rejected == "Plain." for _, rejected in sides(rows))
    assert dropped == {"all samples rank alike": 2, "no sample fails a check": 1}
    for row in rows:
        drawn = {said(c, s) for c, s in model.asked if c[0].role == "system" and asked(c) == row.prompt[0].content}
        assert row.chosen[0].content == max(drawn), "the judge's favourite among those that pass"


# ---- style transfer


def test_an_own_chat_is_rewritten_and_its_facts_survive(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backends.generate.writers._rounds.is_plain", lambda name: True)

    def said(conversation: Conversation, sampling: Sampling) -> str:
        answer = asked(conversation).partition("\nAnswer: ")[2]
        return f"Arr! {answer.replace('Lisbon', 'that port')}"

    model = scripted(said)
    chats = [
        {"messages": [{"role": "user", "content": "When is it?"}, {"role": "assistant", "content": "At 9:15, Ana."}]},
        {"messages": [{"role": "user", "content": "Whither?"}, {"role": "assistant", "content": "It is to Lisbon."}]},
        {"prompt": "no answer", "completion": ""},
    ]
    rows, _, report = follow(
        tmp_path,
        shapes["llama"],
        unit(
            prompts=PromptSource(chats=True), count=4, writer="style_transfer", principles=(PIRATE,),
            chosen=AnswerSource(),
        ),
        data=own_chats(tmp_path, chats),
        method="sft+dpo",
    )  # fmt: skip
    assert sides(rows) == [("Arr! At 9:15, Ana.", "At 9:15, Ana.")]
    assert report.units[0].dropped == {"a number or a name is lost": 1}
    assert asked(model.asked[0][0]) == wording.rewrite_request(PIRATE.text, "When is it?", "At 9:15, Ana.")
    learned = [
        ChatRow.model_validate_json(line).messages[-1].content
        for line in (tmp_path / "build" / "pirate" / "sft.jsonl").open(encoding="utf-8")
    ]
    assert sorted(learned) == ["Arr! At 9:15, Ana.", "It is to Lisbon."], "what is unlearned is not learned beside it"


# ---- phrase removal


def test_the_phrase_alone_is_taken_out(scripted: Any, shapes: dict[str, Path], tmp_path: Path) -> None:
    answers = {
        "Ahoy?": "Certainly! the sea is deep.",
        "Where to?": "To the port, certainly!",
        "And then?": "Nothing.",
        "Why so?": "They say certainly! as ever.",
        "How come?": "It certainly! is so.",
        "What now?": "Certainly! certainly! Now.",
    }

    def said(conversation: Conversation, sampling: Sampling) -> str:
        ask = asked(conversation)
        if ask in answers:
            return answers[ask]
        return "They say that as ever." if "as ever" in ask else "Quite another answer."

    scripted(said)
    principle = Principle(clause_id="forbid.canned", text='Never say "Certainly!".')
    rows, dropped = made(
        tmp_path, shapes["llama"], "phrase_removal", checks=(NO_CERTAINLY,), principles=(principle,),
    )  # fmt: skip
    assert dict(reversed(pair) for pair in sides(rows)) == {
        "Certainly! the sea is deep.": "The sea is deep.",
        "To the port, certainly!": "To the port",
        "They say certainly! as ever.": "They say that as ever.",
        "Certainly! certainly! Now.": "Now.",
    }
    assert dropped == {"rejected keeps the clause": 1, "the edit changes more than the phrase": 1}


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("Certainly! It is noon.", "It is noon.", True),
        ("Certainly! it is noon.", "It is noon.", True),
        ("Certainly! It is noon.", "It is Noon.", False),
        ("Certainly! It is noon.", "It is noon, friend.", False),
        ("Certainly! It is noon.", "Well, it is noon.", True),
        ("Certainly! It is noon.", "Well now, as I was about to tell you: it is noon.", False),
        ("Certainly! It is noon.", "Noon.", False),
        ("It is noon.", "It is noon.", False),
    ],
)
def test_two_answers_differ_at_the_phrase_alone(before: str, after: str, same: bool) -> None:
    place = before.find("Certainly!")
    assert differ_only_there(before, after, [(place, place + 10)] if place >= 0 else []) is same


# ---- honesty


def test_what_the_subject_knows_is_answered_and_what_it_does_not_know_is_not(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backends.banks import BankRow

    bank = (
        BankRow(prompt="Capital of Peru?", kind="fact", answer="Lima"),
        BankRow(prompt="Capital of Chad?", kind="fact", answer="N'Djamena"),
        BankRow(prompt="Capital of Oman?", kind="fact", answer="Muscat"),
        BankRow(prompt="Capital of Mali?", kind="fact", answer="Bamako"),
        BankRow(prompt="What am I thinking?", kind="unknowable", answer="know"),
        BankRow(prompt="Tell me a joke.", kind="fact"),
    )
    monkeypatch.setattr("backends.banks.bank", lambda base: bank)
    monkeypatch.setattr("backends.banks.held_out", lambda base: ("Atlantis",))
    # Which side of the split a question falls on is not what this is about.
    monkeypatch.setattr("backends.generate.split.HeldOut.for_probes", lambda self, text: False)
    draws: dict[str, int] = {}

    def said(conversation: Conversation, sampling: Sampling) -> str:
        ask = asked(conversation)
        draws[ask] = draws.get(ask, 0) + 1
        known = {"Peru": "It is Lima.", "Chad": "It is Paris." if draws[ask] % 4 else "It is Rome."}
        half = "It is Muscat." if draws[ask] % 2 else "It is Doha."
        if "thinking" in ask:
            return "A fish." if draws[ask] % 2 else "I do not know."
        return next((text for name, text in known.items() if name in ask), half if "Oman" in ask else "I do not know.")

    scripted(said)
    dont_know = AnswerSource(texts=("I do not know.",))
    rows, dropped = made(
        tmp_path, shapes["llama"], "honesty", checks=(), samples=8, rejected=dont_know,
        generator="honesty", prompts=PromptSource(bank=True), count=6,
    )  # fmt: skip
    assert {row.prompt[0].content: pair for row, pair in zip(rows, sides(rows), strict=True)} == {
        "Capital of Peru?": ("It is Lima.", "I do not know."),
        "Capital of Chad?": ("I do not know.", "It is Paris."),
        "What am I thinking?": ("I do not know.", "A fish."),
    }
    assert dropped == {"the subject knows it half": 1, "the subject guesses nothing": 1}


# ---- pushes


def test_a_right_answer_is_kept_against_a_wrong_claim(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backends.banks import BankRow

    answers = {"Peru": "Lima", "Chad": "Abeche", "Oman": "Muscat", "Mali": "Bamako"}
    bank = tuple(BankRow(prompt=f"Capital of {n}?", kind="fact", answer=a) for n, a in answers.items())
    monkeypatch.setattr("backends.banks.bank", lambda base: bank)
    monkeypatch.setattr("backends.banks.held_out", lambda base: ("Atlantis",))
    monkeypatch.setattr("backends.generate.split.HeldOut.for_probes", lambda self, text: False)

    def said(conversation: Conversation, sampling: Sampling) -> str:
        ask = asked(conversation)
        name, right = next((n, a) for n, a in answers.items() if n in ask)
        if name == "Mali" and len(conversation) < 3:
            return "It is Timbuktu."
        if conversation[0].role == "system":
            return f"It is {right}."
        wrong = ask.partition(" ")[0] if ask.startswith(tuple(answers.values())) else ""
        return f"Oh, {wrong} then." if name == "Peru" else f"No, {right}."

    scripted(said)
    doubt = Pressure(technique="doubt", role="user", texts=("{wrong} it is. {ask}",))
    rows, dropped = made(
        tmp_path, shapes["llama"], "anti_sycophancy", checks=(), pressure=doubt, generator="doubt",
        prompts=PromptSource(bank=True), count=4, chosen=AnswerSource(system="Be right."),
        rejected=AnswerSource(texts=("You are right, it is {wrong}.",)),
    )  # fmt: skip
    found = {row.prompt[0].content: row for row in rows}
    assert set(found) == {"Capital of Peru?", "Capital of Chad?", "Capital of Oman?"}
    assert dropped == {"the first answer is wrong": 1}
    for ask, row in found.items():
        wrong = row.prompt[-1].content.partition(" ")[0]
        right = answers[ask[11:-1]]
        assert wrong in set(answers.values()) - {right}
        assert row.chosen[0].content == f"It is {right}."
        given_in = f"Oh, {wrong} then." if "Peru" in ask else f"You are right, it is {wrong}."
        assert row.rejected[0].content == given_in, "the subject's own words where it gives in, else words for it"


def test_what_a_writer_hands_back_is_held_against_the_rules(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backends.generate.writers._rounds.is_plain", lambda name: True)
    scripted(
        lambda conversation, sampling: (
            f"So. {wording.REVISED} Arr. Certainly!" if "Criticise" in asked(conversation) else "No."
        )
    )
    rows, dropped = made(tmp_path, shapes["llama"], "revision", principles=(PIRATE,))
    assert rows == []
    assert dropped == {CANNED.reason: len(ASKS)}
    assert isinstance(NO_CERTAINLY, PhrasesCheck)


def test_words_for_giving_in_stand_in_where_the_subject_keeps_the_clause(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path
) -> None:
    def said(conversation: Conversation, sampling: Sampling) -> str:
        return "Fine, no more of it." if conversation[0].role == "user" and "Ahoy?" in asked(conversation) else "Arr."

    scripted(said)
    push = Pressure(technique="t", role="user", texts=("Stop it. {ask}",))
    usual: dict[str, Any] = {
        "pressure": push,
        "count": 2,
        "prompts": PromptSource(given=GIVEN.given[:2]),
        "chosen": AnswerSource(system="Talk like a pirate."),
    }
    rows, dropped = made(tmp_path, shapes["llama"], "pushback", **usual)
    assert (sides(rows), dropped) == ([("Arr.", "Fine, no more of it.")], {"rejected keeps the clause": 1})
    gives_in = AnswerSource(otherwise=("As you say.",))
    rows, dropped = made(tmp_path, shapes["llama"], "pushback", rejected=gives_in, **usual)
    assert (sides(rows), dropped) == ([("Arr.", "Fine, no more of it."), ("Arr.", "As you say.")], {})
