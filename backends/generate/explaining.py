"""One row, made again: what was asked, what was answered, what was checked, and whether the same bytes come out.

In: a build, and a row of its pairs.jsonl. Out: an `Explanation`. The row's unit is followed again, in a folder of its
own, by the very code of a build, with engines that note what they are asked; what is cached is taken from the cache.
Where a mixture had it asked again for rows that others lacked, it is asked as often and for as many.
What belongs to the row is told by its words: a request that holds its question or one of its answers, or a question
that the writer said. This file must not know how a unit's rows are made.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from backends import generate
from backends.bases import Base
from backends.cached import CachedEngine
from backends.engines import Conversation, Sampling
from backends.generate.opening import EngineFactory
from backends.generate.report import GenerateReport
from backends.judges.model import YES
from backends.recipes import base_of, judge_of, read_filters, read_recipe, teacher_of
from compiler.checks import evaluate
from compiler.data import first_broken
from compiler.failures import DataError
from compiler.records.checks import Check, JudgeCheck
from compiler.records.recipe import Recipe, Unit
from compiler.records.record import Message
from compiler.records.rows import PreferencePair
from compiler.replies import YES_NO, Words
from compiler.struck import ARTIFACT

LONG = 12
"""Characters from which a question is told in a longer request; shorter ones have to be a whole message."""
Side = Literal["chosen", "rejected"]
Used = Literal["question", "first answer", "chosen", "rejected", ""]


@dataclass(frozen=True, slots=True)
class Step:
    """One request. model: its name, and the roles that it plays. used: what of the row the reply became; empty for a
    reply that was not taken. yes: where a judge was asked, the probability of yes."""

    model: str
    messages: Conversation
    reply: str | None
    sampling: Sampling | None = None
    yes: float | None = None
    used: Used = ""


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """said: None where no judge was asked, since something else had decided. yes: a judge's probability."""

    side: Side
    check: Check
    said: bool | None
    yes: float | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """row: as the build holds it. again: as it was made now; None where it was left out, `dropped` then counts why rows
    of its unit were. computed: batches that were not in the cache. unit: None for a row of the user's own."""

    row: PreferencePair
    again: PreferencePair | None
    unit: Unit | None
    steps: tuple[Step, ...]
    checks: tuple[CheckOutcome, ...]
    rules: int
    broken: str | None
    computed: int
    dropped: dict[str, int]

    @property
    def is_same(self) -> bool:
        return self.again is not None and self.again.model_dump_json() == self.row.model_dump_json()


@dataclass(frozen=True, slots=True)
class _Heard:
    base: Base
    messages: Conversation
    reply: str | None
    sampling: Sampling | None
    yes: float | None = None


class _Listening(CachedEngine):
    """An engine that notes what it is asked and what it says."""

    heard: list[_Heard]

    def answers(
        self, batch: Sequence[Conversation], sampling: Sampling, *, adapter: bool = False, steer: bool = False
    ) -> list[str | None]:
        said = super().answers(batch, sampling, adapter=adapter, steer=steer)
        self.heard += [_Heard(self.base, asked, reply, sampling) for asked, reply in zip(batch, said, strict=True)]
        return said

    def yes(self, requests: Sequence[str], words: Words = YES_NO) -> list[float | None]:
        said = super().yes(requests, words)
        self.heard += [
            _Heard(self.base, (Message(role="user", content=text),), None, None, yes)
            for text, yes in zip(requests, said, strict=True)
        ]
        return said


def explain(
    build: Path, row: PreferencePair, *, cache: Path, root: Path | None = None, local_files_only: bool = False
) -> Explanation:
    """Make one row again.

    Raises:
        DataError: the recipe asks for no such unit, or a file of the build cannot be read.
        ModelLoadError, NetworkError: a model cannot be had.
    """
    recipe = read_recipe(build)
    unit = next((unit for unit in recipe.units if unit.id == row.unit), None)
    if unit is None and not row.unit.startswith("data."):
        raise DataError(f"{build / 'recipe.json'} asks for no unit {row.unit!r}", help="build the spec again")
    heard: list[_Heard] = []
    engines: list[_Listening] = []

    def listening(base: Base, where: Path) -> CachedEngine:
        made = _Listening(base, where)
        made.heard = heard
        engines.append(made)
        return made

    asks = {row.unit: _asks(build, row.unit)}
    report, rows = _follow(build, _alone(recipe, unit), asks, listening, cache, root, local_files_only)
    again = next((found for found in rows if found.id == row.id), None)
    roles = _roles(build, recipe, root, local_files_only)
    filters = read_filters(build)
    rule = first_broken((*row.prompt, *row.chosen), filters)
    return Explanation(
        row=row,
        again=again,
        unit=unit,
        steps=tuple(_steps(row, heard, roles)),
        checks=tuple(_checks(row, unit, heard)) if unit else (),
        rules=len(filters.rules),
        broken=rule[0].key if rule else None,
        computed=sum(engine.computed for engine in engines),
        dropped=next((counts.dropped for counts in report.units if counts.unit == row.unit), {}),
    )


def _alone(recipe: Recipe, unit: Unit | None) -> Recipe:
    """The recipe with one unit, and what every unit keeps clear of: the author's probes, and what is watched."""
    clear = tuple(u for u in recipe.units if (u.purpose == "probes" and u.aspect == "author") or u.purpose == "watch")
    return recipe.model_copy(update={"units": (*([unit] if unit else []), *clear)})


def _asks(build: Path, unit: str) -> tuple[int, ...]:
    """How many rows the build has asked a unit for, one time after the other; empty where it asked once."""
    try:
        report = GenerateReport.model_validate_json((build / "generate.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ()
    return next((counts.asks for counts in report.units if counts.unit == unit), ())


def _follow(
    build: Path,
    recipe: Recipe,
    asks: Mapping[str, Sequence[int]],
    engine: EngineFactory,
    cache: Path,
    root: Path | None,
    local_files_only: bool,
) -> tuple[GenerateReport, list[PreferencePair]]:
    with tempfile.TemporaryDirectory(prefix="tenet-row-") as folder:
        there = Path(folder)
        (there / "recipe.json").write_text(recipe.model_dump_json(), encoding="utf-8")
        for name in ("filters.json", ARTIFACT):
            if (build / name).is_file():
                shutil.copyfile(build / name, there / name)
        for name in ("base", "jobs"):
            if (build / name).is_dir():
                (there / name).symlink_to((build / name).resolve(), target_is_directory=True)
        report = generate.run(
            there, cache=cache, root=root, local_files_only=local_files_only, engine=engine, afresh=True, asks=asks
        )
        lines = (there / "pairs.jsonl").read_text(encoding="utf-8").split("\n")
    return report, [PreferencePair.model_validate_json(line) for line in lines if line]


def _roles(build: Path, recipe: Recipe, root: Path | None, local_files_only: bool) -> dict[str, str]:
    """Digest of a base -> its name and the roles that it plays."""
    base = base_of(build, recipe, root, local_files_only=local_files_only)
    teacher = teacher_of(recipe, base, root or Path(), local_files_only=local_files_only)
    judge = judge_of(recipe, base, root or Path(), local_files_only=local_files_only)
    told: dict[str, tuple[str, list[str]]] = {}
    for role, of in (("subject", base), ("writer", teacher), ("judge", judge)):
        told.setdefault(of.digest, (of.name, []))[1].append(role)
    return {digest: f"{name} ({', '.join(roles)})" for digest, (name, roles) in told.items()}


# ------------------------------------------------------------------ what belongs to a row


def _steps(row: PreferencePair, heard: Sequence[_Heard], roles: dict[str, str]) -> Iterator[Step]:
    asks = [m.content for m in row.prompt if m.role == "user"]
    said = [m.content for m in (*row.prompt, *row.chosen, *row.rejected) if m.role == "assistant"]
    seen = set()
    for one in heard:
        used = _used(row, one)
        if used or any(_holds(one.messages, text) for text in (*asks, *said)):
            key = (one.messages, one.reply, one.sampling, one.yes)
            if key not in seen:  # two sides of a judge's batch may ask the same
                seen.add(key)
                yield Step(
                    roles.get(one.base.digest, one.base.name), one.messages, one.reply, one.sampling, one.yes, used
                )


def _used(row: PreferencePair, one: _Heard) -> Used:
    reply = (one.reply or "").strip()
    if not reply:
        return ""
    asks = [m.content for m in row.prompt if m.role == "user"]
    last = one.messages[-1].content
    if _bare(reply) in (_bare(ask) for ask in asks) and last not in asks:
        return "question"
    asked = any(_holds(one.messages, ask) for ask in asks)
    if asked and any(reply in m.content for m in row.chosen):
        # The rejected side is what the subject says as it is, and may be held in the chosen one.
        return "rejected" if any(reply == m.content for m in row.rejected) else "chosen"
    if asked and any(reply in m.content for m in row.rejected):
        return "rejected"
    if asked and any(reply in m.content for m in row.prompt if m.role == "assistant"):
        return "first answer"
    return ""


def _bare(text: str) -> str:
    return text.split("\n\n")[0].strip().strip('"“”').strip()


def _holds(messages: Conversation, text: str) -> bool:
    """Whether a request is about a text: as a message of its own, or within a longer one."""
    return any(m.content == text or (len(text) >= LONG and text in m.content) for m in messages if m.role != "system")


def _checks(row: PreferencePair, unit: Unit, heard: Sequence[_Heard]) -> Iterator[CheckOutcome]:
    sides: tuple[tuple[Side, Conversation], ...] = (("chosen", row.chosen), ("rejected", row.rejected))
    for side, messages in sides:
        answer = messages[-1].content
        for check in unit.checks:
            if isinstance(check, JudgeCheck):
                texts = (check.principle, answer)
                asked = [h.yes for h in heard if h.yes is not None and all(t in h.messages[0].content for t in texts)]
                yes = asked[-1] if asked else None
                yield CheckOutcome(side, check, None if yes is None else (yes >= YES) == check.present, yes)
            else:
                yield CheckOutcome(side, check, evaluate(check, answer))
