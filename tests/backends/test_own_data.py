"""The user's own chats, and pairs as chats: filtered, fitted to job and template, each once, and counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backends import bases, generate
from backends.chats import without_system
from compiler.digests import file_digest
from compiler.failures import DataError
from compiler.records.recipe import AnswerSource, DataFile, PromptSource
from compiler.records.record import Message
from tests.backends import checkpoints
from tests.backends.recipes import authors_probe, follow, own_chats, pirate, unit, user, write_job


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
    own = own_chats(tmp_path, rows)
    parquet.write_table(
        pyarrow.Table.from_pylist([{"prompt": "Where are you?", "completion": "By the quay."}, rows[1]]),
        tmp_path / "more.parquet",
    )
    build = tmp_path / "build" / "pirate"
    probe = authors_probe("own", "How do I boil an egg?")
    more = DataFile(path="more.parquet", sha256=file_digest(tmp_path / "more.parquet"), span="a.tenet:3:5")
    _, _, report = follow(tmp_path, shapes["llama"], unit(), probe, data=(*own, more), method="sft")
    chats = [json.loads(line) for line in (build / "sft.jsonl").read_text().splitlines()]
    kept = [chat for chat in chats if chat["generator"] == "data"]
    assert [chat["messages"][1]["content"] for chat in kept] == ["Yes, until six.", "By the quay."]
    assert [chat["id"] for chat in kept] == ["data.0-000001", "data.1-000001"]
    assert len(chats) == 2 + 5
    assert report.data[0].rows == 4
    assert report.data[0].dropped["the author's own probe"] == 1
    assert report.data[0].dropped["says what forbid.canned forbids"] == 1
    assert report.data[1].dropped == {"says what forbid.canned forbids": 1}
    assert report.filters[0].own == 2
    (tmp_path / "chats.jsonl").write_text("changed")
    with pytest.raises(DataError, match="has changed"):
        generate.run(build, cache=tmp_path / "cache", root=tmp_path)


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
    files = own_chats(tmp_path, [{"prompt": prompt, "completion": completion} for prompt, completion in own])
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
    files = own_chats(tmp_path, [{"messages": row} for row in (fits, cut, shortened, too_long)])
    write_job(tmp_path / "build" / "pirate", limit)
    _, _, report = follow(tmp_path, shapes["llama"], data=files, method="sft")
    chats = [json.loads(line)["messages"] for line in (tmp_path / "build/pirate/sft.jsonl").read_text().splitlines()]
    assert chats == [fits, cut, shortened[:2]]
    (counts,) = report.data
    assert (counts.rows, counts.kept, counts.cut, counts.max_length) == (4, 3, 2, limit)
    assert counts.dropped == {f"no answer within {limit} tokens": 1}


def test_own_chats_are_written_as_the_template_takes_them(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path
) -> None:
    """Stock trl renders sft.jsonl as it stands, and this template raises at a system message."""
    scripted(pirate)
    said = {"system": "Be brief.", "user": "Is it open?", "assistant": "Until six."}
    row = {"messages": [{"role": role, "content": content} for role, content in said.items()]}
    follow(tmp_path, shapes["gemma3"], data=own_chats(tmp_path, [row]), method="sft")
    (chat,) = [json.loads(line) for line in (tmp_path / "build/pirate/sft.jsonl").read_text().splitlines()]
    assert [(m["role"], m["content"]) for m in chat["messages"]] == [
        ("user", "Be brief.\n\nIs it open?"),
        ("assistant", "Until six."),
    ]


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
    files = own_chats(tmp_path, rows)
    _, _, report = follow(tmp_path, base, unit(), rules=(), data=files, method="sft")
    assert report.data[0].kept == 2
    assert report.data[0].dropped == {"the chat template refuses it": 3}
    write_job(tmp_path / "build" / "pirate", 4)
    _, _, report = follow(tmp_path, base, unit(), rules=(), data=files, method="sft")
    assert report.data[0].dropped["the chat template refuses it"] == 3, "none of them can be measured by it"


def test_a_system_message_never_becomes_an_answer() -> None:
    system, said = Message(role="system", content="Be brief."), Message(role="assistant", content="Hello.")
    assert without_system((system, said)) == (Message(role="user", content="Be brief."), said)


def test_no_probe_asks_what_people_preferred(scripted: Any, shapes: dict[str, Path], tmp_path: Path) -> None:
    """Pairs that people made of a build's probes (`tenet label --export trl.jsonl`) train the next one, which leaves
    these probes out."""
    scripted(pirate)
    unlabelled = made_folder(tmp_path, "before")
    _, before, _ = follow(unlabelled, shapes["llama"], unit(), unit(id="trait.pirate/kept", purpose="probes"))
    asked = [probe.messages[-1].content for probe in before]
    exported = [
        {"prompt": [{"role": "user", "content": ask}], "chosen": said("Arr!"), "rejected": said("Well.")}
        for ask in asked[:2]
    ]
    bad = {"prompt": "How far is it?", "chosen": "Certainly! A mile.", "rejected": "Arr, a mile."}
    labelled = made_folder(tmp_path, "after")
    files = own_chats(labelled, [*exported, bad, exported[0]])
    pairs, after, report = follow(
        labelled, shapes["llama"], unit(), unit(id="trait.pirate/kept", purpose="probes"), data=files, method="sft+dpo"
    )
    own = [pair for pair in pairs if pair.generator == "data"]
    assert [(p.prompt[-1].content, p.chosen[-1].content, p.rejected[-1].content) for p in own] == [
        (ask, "Arr!", "Well.") for ask in asked[:2]
    ]
    assert report.data[0].kept == 2
    assert report.data[0].dropped == {"says what forbid.canned forbids": 1, "is among the rows already": 1}
    assert not {probe.messages[-1].content for probe in after} & set(asked[:2])
    assert report.disjoint.left_out >= 2
    chats = [json.loads(line) for line in (labelled / "build/pirate/sft.jsonl").read_text().splitlines()]
    assert [c["messages"][-1]["content"] for c in chats if c["generator"] == "data"] == ["Arr!", "Arr!"]
    only_chats, _, _ = follow(labelled, shapes["llama"], unit(), data=files, method="sft")
    assert all(pair.generator != "data" for pair in only_chats), "nothing trains on them there"


def said(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def made_folder(parent: Path, name: str) -> Path:
    folder = parent / name
    folder.mkdir(exist_ok=True)
    return folder
