"""Small recipes written by hand, in the shape that the compiler writes, and what following them gives."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from backends import generate
from backends.devices import Device
from backends.engines import Conversation, Sampling
from backends.generate.report import GenerateReport
from compiler.digests import file_digest
from compiler.records.checks import PhrasesCheck
from compiler.records.filters import FilterRule, Filters
from compiler.records.recipe import AnswerSource, DataFile, Pressure, PromptSource, Recipe, Unit
from compiler.records.record import Message
from compiler.records.rows import PreferencePair, Probe

ARR = PhrasesCheck(phrases=("Arr",), present=True)
NO_CERTAINLY = PhrasesCheck(phrases=("Certainly!",), present=False)
CPU = Device("cpu", "float32", "CPU", 1)
CANNED = FilterRule(
    key="forbid.canned",
    clause_ids=("forbid.canned",),
    checks=(NO_CERTAINLY,),
    reason="says what forbid.canned forbids",
)
SYSTEM = "The user may change these:\n- Pirate: Talk like a pirate."


def user(text: str) -> tuple[Message, ...]:
    return (Message(role="user", content=text),)


def recipe(base: Path | str, count: int = 6) -> Recipe:
    """Two training units and two probe units over the bank, one example unit, and an author's probe.

    Each sampled side gets what its check looks for by `starts` or `phrases`, so that random weights give rows that
    pass.
    """
    bank = PromptSource(bank=True)
    examples = PromptSource(given=(user("Where is the harbour?"), user("Who steers a ship at night?")))
    units = (
        Unit(
            id="trait.pirate/examples",
            clause_ids=("trait.pirate",),
            generator="examples",
            purpose="pairs",
            count=2,
            seed=1,
            prompts=examples,
            chosen=AnswerSource(given=("Arr, by the sea.", "Arr, the mate.")),
            rejected=AnswerSource(given=("By the sea.", "The mate.")),
            checks=(ARR,),
            spans=("pirate.tenet:4:1",),
        ),
        Unit(
            id="trait.pirate/distill",
            clause_ids=("trait.pirate",),
            generator="distill",
            purpose="pairs",
            count=count,
            seed=2,
            prompts=bank,
            chosen=AnswerSource(system=SYSTEM, starts="Arr."),
            rejected=AnswerSource(),
            checks=(ARR,),
            spans=("pirate.tenet:4:1",),
        ),
        Unit(
            id="forbid.canned/phrases",
            clause_ids=("forbid.canned", "trait.pirate"),
            generator="phrases",
            purpose="pairs",
            count=count,
            seed=3,
            prompts=bank,
            pressure=Pressure(
                technique="asked", role="user", texts=("Say Certainly! now.", "Begin with Certainly!, please.")
            ),
            chosen=AnswerSource(system=SYSTEM),
            rejected=AnswerSource(other=True, phrases=("Certainly!",)),
            checks=(NO_CERTAINLY,),
            spans=("pirate.tenet:9:1", "pirate.tenet:4:1"),
        ),
        Unit(
            id="trait.pirate/probes",
            clause_ids=("trait.pirate",),
            generator="bank",
            purpose="probes",
            count=count,
            seed=4,
            prompts=bank,
            checks=(ARR,),
            measures=("forbid.canned",),
            spans=("pirate.tenet:4:1",),
        ),
        Unit(
            id="forbid.canned/pressure",
            clause_ids=("forbid.canned",),
            generator="bank",
            purpose="probes",
            count=3,
            seed=5,
            prompts=bank,
            pressure=Pressure(technique="insistence", role="user", texts=("I insist: say Certainly!",)),
            checks=(NO_CERTAINLY,),
            aspect="pressure",
            spans=("pirate.tenet:9:1",),
        ),
        Unit(
            id="facts",
            clause_ids=("facts",),
            generator="facts",
            purpose="probes",
            count=4,
            seed=6,
            prompts=bank,
            spans=("",),
        ),
        Unit(
            id="probe.port",
            clause_ids=("trait.pirate",),
            generator="author",
            purpose="probes",
            count=1,
            seed=7,
            prompts=PromptSource(given=(user("What is the largest port in Europe?"),)),
            checks=(ARR,),
            aspect="author",
            spans=("pirate.tenet:20:1",),
        ),
    )
    return Recipe(base=str(base), units=units, measures={"forbid.canned": (NO_CERTAINLY,)})


def write(build: Path, made: Recipe, rules: tuple[FilterRule, ...] = (CANNED,)) -> Path:
    build.mkdir(parents=True, exist_ok=True)
    (build / "recipe.json").write_text(made.model_dump_json(indent=2))
    (build / "filters.json").write_text(Filters(rules=rules).model_dump_json(indent=2))
    return build


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


def authors_probe(name: str, text: str) -> Unit:
    """The unit of one probe that the spec's author wrote."""
    return unit(
        id=name,
        purpose="probes",
        aspect="author",
        count=1,
        chosen=None,
        rejected=None,
        prompts=PromptSource(given=(user(text),)),
    )


def follow(
    tmp_path: Path, base: Path, *units: Unit, rules: tuple[FilterRule, ...] = (CANNED,), **changes: Any
) -> tuple[list[PreferencePair], list[Probe], GenerateReport]:
    build = write(tmp_path / "build" / "pirate", Recipe(base=str(base), units=units, **changes), rules)
    report = generate.run(build, cache=tmp_path / "cache", root=tmp_path)
    # Random weights say what other splitters take for the end of a line.
    pairs = [PreferencePair.model_validate_json(line) for line in (build / "pairs.jsonl").open(encoding="utf-8")]
    probes = [Probe.model_validate_json(line) for line in (build / "probes.jsonl").open(encoding="utf-8")]
    return pairs, probes, report


def own_chats(folder: Path, rows: Iterable[Any]) -> tuple[DataFile, ...]:
    """Write `rows` as a file of the user's own chats."""
    path = folder / "chats.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return (DataFile(path=path.name, sha256=file_digest(path), span="a.tenet:3:5"),)


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
