"""Where prompts come from beside spec and bank, chats with oneself, and what a mixture makes up."""

from __future__ import annotations

import json
import random
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backends import embedders
from backends.engines import Conversation, Sampling
from backends.generate.meanings import Meanings
from backends.generate.mixing import Making, counted, make
from backends.generate.overlap import THRESHOLD, Taken
from backends.generate.split import words
from compiler.prompt_files import count_prompts
from compiler.records.mixture import MixtureReport
from compiler.records.recipe import AnswerSource, MixtureShare, PromptSource, Talk
from compiler.records.rows import ChatRow
from tests.backends.recipes import ARR, follow, pirate, unit

# ---- overlap


def test_the_index_decides_as_comparing_with_all_does() -> None:
    draw = random.Random(3)
    forms = ["how do I open the old lock of my shed", "can you tell me how much salt goes into a soup for four",
             "is it safe to swim in the harbour after dark"]  # fmt: skip
    taken, kept, near = Taken(), list[str](), 0
    for _ in range(400):
        said = draw.choice(forms).split()
        for _ in range(draw.randint(0, 6)):
            place = draw.randrange(len(said))
            said[place : place + draw.randint(0, 1)] = [draw.choice(["the", "a", "boat", "lock", "salt", "how"])]
        text = " ".join(said)
        slow = any(_rouge_l(text, other) >= THRESHOLD - 1e-9 for other in kept)
        assert taken.near(text) is slow
        near += slow
        if not slow:
            taken.add(text)
            kept.append(text)
    assert 50 < near < 350


def test_rouge_l_is_the_f1_of_the_longest_common_subsequence() -> None:
    """Lin 2004, section 3.1: LCS of 3 in 4 and 4 words; the order of words counts."""
    for said, figure in (("police killed the gunman", 0.75), ("the gunman kill police", 0.5)):
        for threshold, near in ((figure, True), (figure + 0.01, False)):
            taken = Taken(threshold)
            taken.add("police kill the gunman")
            assert taken.near(said) is near


def _rouge_l(left: str, right: str) -> float:
    """By the table of all beginnings of both."""
    mine, other = words(left), words(right)
    row = [0] * (len(other) + 1)
    for word in mine:
        before = row
        row = [0]
        for place, its in enumerate(other):
            row.append(before[place] + 1 if word == its else max(before[place + 1], row[place]))
    return 2 * row[-1] / (len(mine) + len(other)) if mine and other else 0.0


# ---- questions, several at once


def test_a_writer_is_asked_for_several_and_shown_what_it_wrote(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path
) -> None:
    things = [
        f"{a} {b}" for a in ("brass", "stolen", "frozen", "antique") for b in ("padlock", "shed door", "car boot")
    ]

    def said(conversation: Conversation, sampling: Sampling) -> str:
        asked = conversation[-1].content
        if asked.startswith("Write 8 different"):
            first = sampling.seed % 5
            listed = [f"{n}. How would somebody get into a {thing}?" for n, thing in enumerate(things[first:], 1)]
            return "\n".join(["Sure:", *listed, f"99) What tool do burglars fear, number {sampling.seed % 7}?"])
        return "Arr" if conversation[0].role == "system" else "No"

    model = scripted(said)
    source = PromptSource(about=("locks",), several=8, shots=("Does a hairpin do?",))
    pairs, _, report = follow(tmp_path, shapes["llama"], unit(prompts=source, count=40))
    asked = [pair.prompt[0].content for pair in pairs]
    assert asked
    assert report.units[0].dropped["asked in nearly the same words"] > 0
    assert all(_rouge_l(a, b) < THRESHOLD for i, a in enumerate(asked) for b in asked[:i])
    requests = [c[-1].content for c, _ in model.asked if c[-1].content.startswith("Write 8")]
    assert all("- Does a hairpin do?" in request for request in requests)
    assert any("- How would somebody" in request for request in requests[8:])


# ---- own prompts


def test_own_prompts_make_rows_of_their_clause(scripted: Any, shapes: dict[str, Path], tmp_path: Path) -> None:
    scripted(pirate)
    rows = [{"prompt": f"What about the {w} mast?", "clause": "pirate"} for w in ("main", "fore", "mizzen")]
    rows += [{"prompt": "What about the keel?"}, {"prompt": "Is Peru far?", "clause": "refuse.other"}]
    (tmp_path / "own.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    clauses = (("trait.pirate", "pirate"), ("refuse.other", "other"))
    files = (count_prompts(tmp_path / "own.jsonl", "own.jsonl", clauses),)
    both = unit(prompts=PromptSource(own=("clause", "everyday")), count=4)
    pairs, _, _ = follow(tmp_path, shapes["llama"], both, prompts=files)
    assert {p.prompt[0].content for p in pairs} == {row["prompt"] for row in rows[:4]}
    made = MixtureReport.model_validate_json((tmp_path / "build" / "pirate" / "mixture.json").read_text()).made
    assert [(m.clause, m.sources) for m in made] == [("trait.pirate", {"own": 4})]


# ---- meanings


class Letters:
    """Texts mean the same where they have the same letters."""

    name = digest = "letters"

    def embed(self, texts: Any) -> Any:
        rows = np.array([[text.count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts], float)
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_what_means_the_same_is_left_out(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanings = Meanings(Letters())
    for number in range(200):  # past the first block of vectors
        meanings.add(f"{'q' * number}z")
    assert meanings.near("z q")
    assert not meanings.near("boat")
    monkeypatch.setattr(embedders, "load", lambda *_, **__: Letters())
    scripted(pirate)
    (tmp_path / "own.txt").write_text("Will it rain?\nrain it will\nWho sails?\n")
    files = (count_prompts(tmp_path / "own.txt", "own.txt", ()),)
    one = unit(prompts=PromptSource(own=("everyday",)), count=3)
    pairs, _, report = follow(tmp_path, shapes["llama"], one, prompts=files, embedder="letters")
    assert len(pairs) == 2
    assert report.units[0].dropped == {"means what was asked before": 1}


# ---- chats


def talks(tmp_path: Path) -> list[ChatRow]:
    path = tmp_path / "build" / "pirate" / "sft.jsonl"
    rows = [ChatRow.model_validate_json(line) for line in path.open(encoding="utf-8")]
    return [row for row in rows if row.generator in ("reflection", "interaction", "dialogue")]


def test_two_copies_talk_and_each_sees_itself_as_the_assistant(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path
) -> None:
    def said(conversation: Conversation, sampling: Sampling) -> str:
        if conversation[0].role != "system":
            return "No."  # the pair's other side
        assert conversation[1].role == conversation[-1].role == "user"
        assert all(a.role != b.role for a, b in pairwise(conversation))
        return f"Arr, {len(conversation)} {conversation[-1].content[-9:]}"

    scripted(said)
    talk = Talk(user="copy", turns=3, asks=("Hello!", "Good day!"))
    chats = unit(id="trait.pirate/interaction", generator="interaction", purpose="chats", count=2, talk=talk,
                 prompts=PromptSource(), rejected=None)  # fmt: skip
    follow(tmp_path, shapes["llama"], unit(), chats, method="sft+dpo")
    rows = talks(tmp_path)
    assert [row.messages[0].content for row in rows] == ["Hello!", "Good day!"]
    for row in rows:
        assert [m.role for m in row.messages] == ["user", "assistant"] * 3
        assert row.clause_ids == ("trait.pirate",)


def test_a_chat_with_one_answer_that_breaks_the_clause_is_left_out(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path
) -> None:
    def said(conversation: Conversation, sampling: Sampling) -> str:
        if "bad" in conversation[-1].content or conversation[0].role != "system":
            return "Hello."
        return f"Arr, {len(conversation)}."

    scripted(said)
    talk = Talk(user="asks", turns=2, asks=("Who are you?", "What is bad?", "What do you love?", "And else?"))
    chats = unit(id="trait.pirate/reflection", generator="reflection", purpose="chats", count=6, talk=talk,
                 prompts=PromptSource(), rejected=None)  # fmt: skip
    _, _, report = follow(tmp_path, shapes["llama"], unit(), chats, method="sft+dpo")
    rows = talks(tmp_path)
    assert rows
    assert not any("bad" in m.content for row in rows for m in row.messages)
    assert len({tuple(m.content for m in row.messages) for row in rows}) == len(rows)
    counts = next(u for u in report.units if u.unit == "trait.pirate/reflection")
    assert counts.dropped["an answer fails the checks"] > 0


def test_a_simulated_user_goes_on_with_what_was_said(scripted: Any, shapes: dict[str, Path], tmp_path: Path) -> None:
    def said(conversation: Conversation, sampling: Sampling) -> str:
        asked = conversation[-1].content
        if asked.startswith("Write 8"):
            return "\n".join(
                f"{n}. {w} about {sampling.seed % 97} {w}s?" for n, w in enumerate(["Ropes", "Fog", "Tea"])
            )
        if asked.startswith("Here is a conversation"):
            return f"And after turn {asked.count('Assistant:')}?"
        return "Arr." if conversation[0].role == "system" else "No."

    scripted(said)
    source = PromptSource(about=("boats",), several=8)
    chats = unit(id="trait.pirate/dialogue", generator="dialogue", purpose="chats", count=2, rejected=None,
                 prompts=source, talk=Talk(user="writer", turns=3))  # fmt: skip
    follow(tmp_path, shapes["llama"], unit(), chats, method="sft+dpo")
    for row in talks(tmp_path):
        asked = [m.content for m in row.messages if m.role == "user"]
        assert asked[1:] == ["And after turn 1?", "And after turn 2?"]


# ---- what ran dry


def test_others_make_up_for_a_share_that_runs_dry() -> None:
    ends = {"own": 3, "written": 1000, "bank": 14}
    shares = [MixtureShare(name=name, share=share, rows=int(share * 40)) for name, share in
              (("own", 0.5), ("written", 0.25), ("bank", 0.25))]  # fmt: skip
    makings = [Making(unit(id=f"trait.pirate/{s.name}", count=s.rows, share=s.name), Pool()) for s in shares]  # type: ignore[arg-type]  # all of a pool that is asked for
    asked: Counter[str] = Counter()

    def more(making: Making, count: int) -> None:
        name = str(making.unit.share)
        for _ in range(min(count, ends[name] - len(making.rows))):
            making.candidates.sources.append("own")
            number = len(making.rows)
            making.rows.append(
                ChatRow(id=f"u-{number:04d}", messages=(), clause_ids=(), generator="", unit="", seed=0, spans=())
            )
        asked[name] += 1

    make(makings, shares, more)
    assert [len(m.rows) for m in makings] == [3, 23, 14]
    report = counted(makings, shares)
    assert [(s.name, s.asked, s.got, s.made_up) for s in report.shares] == [
        ("own", 20, 3, 0), ("written", 10, 23, 13), ("bank", 10, 14, 4)
    ]  # fmt: skip
    assert asked["own"] == 1
    ends["written"] = 23
    make([Making(m.unit, Pool()) for m in makings], shares, more)  # type: ignore[arg-type]  # as above; it ends though all run dry


class Pool:
    """As much of candidates as is looked at."""

    def __init__(self) -> None:
        self.sources: list[str] = []


def test_a_mixture_s_rows_are_asked_for_again_where_others_end(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path
) -> None:
    """Through the whole of a build: numbers go on, no prompt comes twice, and the total is what was asked."""
    scripted(pirate)
    source = {"chosen": AnswerSource(system="Talk like a pirate."), "checks": (ARR,)}
    few = unit(id="trait.pirate/distill.given", share="given", count=6, seed=4, **source,
               prompts=PromptSource(given=tuple((c,) for c in _asks("Ropes?", "Fog?"))))  # fmt: skip
    many = unit(id="trait.pirate/distill.bank", share="bank", count=6, **source)
    shares = (MixtureShare(name="given", share=0.5, rows=6), MixtureShare(name="bank", share=0.5, rows=6))
    pairs, _, _ = follow(tmp_path, shapes["llama"], few, many, mixture=shares)
    bank = [p for p in pairs if p.unit.endswith("bank")]
    assert len(pairs) == 12
    assert len({p.id for p in pairs}) == 12
    assert len({p.prompt[0].content for p in bank}) == len(bank) > 6


def _asks(*texts: str) -> list[Any]:
    from compiler.records.record import Message

    return [Message(role="user", content=text) for text in texts]
