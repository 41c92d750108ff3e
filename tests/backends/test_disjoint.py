"""Who may use a prompt: no probe stands, or nearly stands, among the training rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backends.generate.disjoint import check_disjoint
from backends.generate.split import HeldOut, Prompts
from compiler.failures import DataError
from compiler.records.recipe import Pressure, PromptSource
from compiler.records.record import Message
from compiler.records.rows import Probe
from tests.backends.recipes import follow, own_chats, pirate, unit, user


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
    files = own_chats(tmp_path, rows)
    given = PromptSource(given=tuple(user(text.replace("Sunday", "Monday")) for text in asked))
    probe = unit(id="p", purpose="probes", chosen=None, rejected=None, prompts=given, count=3)
    _, probes, report = follow(tmp_path, shapes["llama"], probe, data=files, method="sft")
    assert [p.messages[0].content for p in probes] == ["Where is the harbour office?"]
    assert report.units[0].dropped == {"asked in a training row": 1, "near a training row": 1}
    assert (report.disjoint.training, report.disjoint.probes, report.disjoint.left_out) == (4, 1, 2)


def test_a_probe_that_is_left_out_renames_and_alters_no_other(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path
) -> None:
    """Else an edit that teaches one question would have answers to all later ones measured anew."""
    scripted(pirate)
    asked = [f"Who paid {n} for {n} of ship {n} in {n} towns?" for n in range(70)]  # more than one batch
    probe = unit(
        id="p",
        purpose="probes",
        chosen=None,
        rejected=None,
        prompts=PromptSource(given=tuple(map(user, asked))),
        pressure=Pressure(technique="insistence", role="user", texts=("Go on.", "I insist.", "Say it.")),
        count=68,
    )

    def probes(name: str, *taught: str) -> dict[str, Probe]:
        rows = [{"prompt": text, "completion": "Ten."} for text in taught]
        (tmp_path / name).mkdir()
        found = follow(tmp_path / name, shapes["llama"], probe, data=own_chats(tmp_path / name, rows), method="sft")[1]
        assert len({p.id for p in found}) == len(found) == 68
        return {p.id: p for p in found}

    before, after = probes("before", "Good evening."), probes("after", "Good evening.", asked[1])
    assert before.keys() - after.keys() == {"p-0001"}
    assert after.keys() - before.keys() == {"p-0068"}, "another takes its place"
    assert all(before[name] == after[name] for name in before.keys() & after.keys())
    assert [p.messages[-1].content for p in list(after.values())[:3]] == ["Go on.", "Say it.", "Go on."]


def test_near_duplicates() -> None:
    prompts = Prompts(["How do I boil an egg for breakfast on Sunday?"])
    assert prompts.near("how do I boil an egg for breakfast on sunday")
    assert prompts.near("How do I boil an egg for breakfast on Monday?")
    assert not prompts.near("How do I fry an onion for lunch on Monday?")


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


def test_held_out_words_are_found_in_any_form() -> None:
    held_out = HeldOut.of(("New Zealand", "herring"))
    assert held_out.named_in("Do you like new  zealand?")
    assert held_out.named_in("Are HERRINGS fish?")
    assert held_out.named_in("Where is the herring's home?")
    assert not held_out.named_in("Is Zealand in the new world?")
