"""Rows that a person has struck out: they stay out, others take their place, and no other row is touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backends import generate
from backends.engines import Conversation, Sampling
from compiler import struck
from compiler.failures import DataError, GivenError
from compiler.files import alone
from compiler.records.recipe import Recipe
from compiler.records.rows import PreferencePair
from tests.backends.recipes import own_chats, unit, user, write


def made(folder: Path, base: Path, count: int = 6, **changes: object) -> list[PreferencePair]:
    build = write(folder / "build" / "pirate", Recipe(base=str(base), units=(unit(count=count),), **changes))  # type: ignore[arg-type]  # fields by name
    generate.run(build, cache=folder / "cache", root=folder)
    return [PreferencePair.model_validate_json(line) for line in (build / "pairs.jsonl").open(encoding="utf-8")]


def list_out(folder: Path, spec: Path) -> None:
    keys = tuple(row.key for row in struck.read(struck.beside(spec)))
    for artifact in struck.artifacts(keys):
        (folder / "build" / "pirate" / artifact.path).write_text(artifact.text)


def said(conversation: Conversation, _: Sampling) -> str:
    asked = conversation[-1].content
    return f"Arr, {asked}" if "pirate" in conversation[0].content else f"Well, {asked}"


def test_struck_rows_stay_out_and_others_take_their_place(
    tmp_path: Path, shapes: dict[str, Path], scripted: Any
) -> None:
    scripted(said)
    spec = tmp_path / "pirate.tenet"
    before = made(tmp_path, shapes["llama"])
    assert len(before) == 6
    struck.strike(struck.beside(spec), before[1:3], why="dull", by="Ada")
    list_out(tmp_path, spec)
    after = made(tmp_path, shapes["llama"])
    ids = [row.id for row in after]
    assert before[1].id not in ids
    assert before[2].id not in ids
    assert len(after) == 6
    assert [row for row in after if row in before] == [before[0], *before[3:]]
    report = (tmp_path / "build" / "pirate" / "generate.json").read_text()
    assert '"struck": 2' in report
    assert f'"{struck.STRUCK}": 2' in report
    # Restored, they are back, the same bytes.
    struck.restore(struck.beside(spec), [before[1].id, struck.key_of_pair(before[2])])
    (tmp_path / "build" / "pirate" / struck.ARTIFACT).unlink()
    assert made(tmp_path, shapes["llama"]) == before


def test_a_preference_of_ones_own_is_struck_too(tmp_path: Path, shapes: dict[str, Path], scripted: Any) -> None:
    scripted(said)
    rows = [
        {"prompt": f"Where is berth {n}?", "chosen": f"Arr, by pier {n}.", "rejected": f"By pier {n}."} for n in (1, 2)
    ]
    data = own_chats(tmp_path, rows)
    before = made(tmp_path, shapes["llama"], data=data)
    own = [row for row in before if row.generator == "data"]
    assert len(own) == 2
    struck.strike(struck.beside(tmp_path / "pirate.tenet"), own[:1])
    list_out(tmp_path, tmp_path / "pirate.tenet")
    after = made(tmp_path, shapes["llama"], data=data)
    assert [row for row in after if row.generator == "data"] == own[1:]


def test_a_row_for_a_base_without_a_system_role_is_struck_as_it_is_written(
    tmp_path: Path, shapes: dict[str, Path], scripted: Any
) -> None:
    scripted(said)
    build = tmp_path / "build" / "pirate"

    def rows() -> list[PreferencePair]:
        write(build, Recipe(base=str(shapes["gemma3"]), units=(unit(count=3, context="The user sails."),)))
        generate.run(build, cache=tmp_path / "cache", root=tmp_path)
        return [PreferencePair.model_validate_json(line) for line in (build / "pairs.jsonl").open(encoding="utf-8")]

    first = rows()
    assert first[0].prompt[0].role == "user"
    struck.strike(struck.beside(tmp_path / "pirate.tenet"), first[:1])
    list_out(tmp_path, tmp_path / "pirate.tenet")
    assert first[0].id not in [row.id for row in rows()]


def pair(asked: str = "Hi", chosen: str = "Ahoy", clause: str = "trait.pirate") -> PreferencePair:
    return PreferencePair(
        id="a-0001", prompt=user(asked), chosen=user(chosen), rejected=user("No"), clause_ids=(clause,),
        generator="distill", unit="a", seed=1, spans=(),
    )  # fmt: skip


def test_the_key_is_the_content_alone() -> None:
    same = pair().model_copy(update={"id": "b-9", "seed": 7, "clause_ids": ("trait.other",), "spans": ("x:1:1",)})
    assert struck.key_of_pair(same) == struck.key_of_pair(pair())
    assert len({struck.key_of_pair(p) for p in (pair(), pair(asked="Hi!"), pair(chosen="Ahoy!"))}) == 3


def test_the_list_is_a_file_that_a_person_edits(tmp_path: Path) -> None:
    path = struck.beside(tmp_path / "harbor.tenet.yaml")
    assert path.name == "harbor.struck.jsonl"
    assert struck.read(path) == ()
    struck.strike(path, [pair(), pair(), pair(asked="Line\u2028end")])
    assert len(struck.strike(path, [pair(), pair(asked="Third")])) == 1
    lines = path.read_text().split("\n")
    path.write_text("\n".join(lines[1:]))
    assert [row.asked for row in struck.read(path)] == ["Line\u2028end", "Third"]
    with pytest.raises(GivenError):
        struck.restore(path, ["Third", "nothing"])
    path.write_text(lines[0][:40] + "\n")
    with pytest.raises(DataError, match=r"harbor\.struck\.jsonl:1"):
        struck.read(path)


def test_a_damaged_list_of_a_build_is_refused(tmp_path: Path) -> None:
    assert struck.keys_of_build(tmp_path) == frozenset()
    (tmp_path / struck.ARTIFACT).write_text('{"keys": 3}')
    with pytest.raises(DataError):
        struck.keys_of_build(tmp_path)


def test_two_hands_on_the_list_lose_nothing(tmp_path: Path) -> None:
    """While one writes, the other is told so, and nothing that either wrote is overwritten."""
    path = tmp_path / "a.struck.jsonl"
    struck.strike(path, [pair()])
    with alone(path, "wait"):
        for change in (lambda: struck.strike(path, [pair(asked="Other")]), lambda: struck.restore(path, ["a-0001"])):
            with pytest.raises(GivenError):
                change()
    assert [row.asked for row in struck.read(path)] == ["Hi"]
    assert sorted(found.name for found in tmp_path.iterdir()) == ["a.struck.jsonl"]
