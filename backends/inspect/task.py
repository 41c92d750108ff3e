"""The task `tenet/clauses`: a build's probes as samples, answered turn by turn.

In: a build folder. Out: a Task. A sample's input is what the model sees first; where the probe lets the model speak
before its last message, the turns from there on wait in the sample's metadata. The probe itself and the checks of
clauses that ride along are metadata too: the scorer needs no build to know what decides, and Inspect's viewer can
filter by clause, aspect and line. This file must not decide anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageSystem, ChatMessageUser, GenerateConfig
from inspect_ai.solver import Generate, Solver, TaskState, solver

from backends.engines import Conversation
from backends.inspect.failing import in_words
from backends.inspect.loading import models_at
from backends.inspect.said import SAID, said
from backends.inspect.scorer import kept
from backends.measure import outcomes
from backends.measure.answering import ANSWERS
from backends.measure.arms import seen, waiting
from backends.measure.models import Models
from compiler.failures import DataError
from compiler.records.record import Message
from compiler.records.rows import Probe

VERSION = 2
WRITTEN = ("judge_sha256", "probes_sha256", "measures_sha256", "prompt_sha256")
EMPTY = "…"
"""An answer of nothing, as a later turn sees it: a template may refuse an empty one."""


@task(name="tenet/clauses")
@in_words()
def clauses(
    build: str, clause: str | None = None, prompt: bool = False, limit: int | None = None, root: str = ""
) -> Task:
    """Ask a build's probes.

    Args:
        build: the folder that `tenet build` made.
        clause: only the probes of this clause; several with commas between.
        prompt: put the compiled prompt before every conversation, for a model that is no arm of Tenet's.
        limit: at most so many probes of each clause, evenly over its kinds of probe.
        root: the folder that paths of the spec start from.

    Raises:
        PrerequisiteError: there is no whole build, or no probe of a clause.
    """
    found = models_at(Path(build), Path(root))
    probes = chosen(found.probes, clause.split(",") if clause else None, limit)
    return Task(
        dataset=MemoryDataset([sample(probe, found, prompt) for probe in probes], name=found.build.name),
        solver=converse(),
        scorer=kept(build=build, root=root),
        config=GenerateConfig(temperature=0.0, max_tokens=ANSWERS.max_new_tokens),
        version=VERSION,
        metadata=written(found, prompt),
    )


def written(models: Models, prompt: bool) -> dict[str, Any]:
    """What a log says of the build it was asked from, so that it is read back against the same one."""
    return {
        "tenet": models.build.name,
        "prompt": prompt,
        "base": models.base.name,
        **{name: models.hashes[name] for name in WRITTEN},
    }


def chosen(probes: Sequence[Probe], clauses: Sequence[str] | None, limit: int | None) -> list[Probe]:
    """
    Raises:
        DataError: there is no probe of a clause.
    """
    known = {probe.clause_id for probe in probes}
    if missing := [name for name in clauses or () if name not in known]:
        raise DataError(f"no probe is of {', '.join(missing)}", help=f"there are: {', '.join(sorted(known))}")
    groups: dict[str, dict[str, list[Probe]]] = {}
    for probe in probes:
        if clauses is None or probe.clause_id in clauses:
            groups.setdefault(probe.clause_id, {}).setdefault(probe.unit, []).append(probe)
    taken: set[str] = set()
    for units in groups.values():
        longest = max(map(len, units.values()))
        in_turn = [rows[place].id for place in range(longest) for rows in units.values() if place < len(rows)]
        taken.update(in_turn[:limit])
    return [probe for probe in probes if probe.id in taken]


def sample(probe: Probe, models: Models, prompt: bool) -> Sample:
    conversation = seen(probe, "prompt" if prompt else "base", models.prompt)
    at = waiting(conversation)
    first = conversation if at is None else conversation[:at]
    rides = outcomes.further_checks(probe, models.recipe)
    return Sample(
        id=probe.id,
        input=[as_chat(message) for message in first],
        target="",
        metadata={
            "clause": probe.clause_id,
            "measures": list(rides),
            "aspect": probe.aspect,
            "pressure": probe.pressure,
            "spans": list(probe.spans),
            "turns": [] if at is None else [message.model_dump() for message in conversation[at:]],
            "probe": probe.model_dump(mode="json"),
            "further": {name: [check.model_dump(mode="json") for check in own] for name, own in rides.items()},
        },
    )


def as_chat(message: Message) -> ChatMessage:
    kinds = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}
    return kinds[message.role](content=message.content)


def as_conversation(messages: Sequence[ChatMessage]) -> Conversation:
    """Return what Inspect hands to a model as what an engine reads."""
    return tuple(Message(role=message.role, content=message.text) for message in messages if message.role != "tool")


@solver
def converse() -> Solver:
    """Go through the turns of a probe, and let the model answer wherever it has the word, and at the end.

    What it said is put into the sample's store, turn by turn: None where it gave no answer.
    """

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        answers: list[str | None] = []

        async def answered(state: TaskState) -> TaskState:
            state = await generate(state)
            answers.append(said(state.output))
            state.store.set(SAID, list(answers))
            return state

        for turn in [Message.model_validate(turn) for turn in state.metadata["turns"]]:
            if turn.role != "assistant" or turn.content:
                state.messages.append(as_chat(turn))
                continue
            state = await answered(state)
            last = state.messages[-1]
            if isinstance(last, ChatMessageAssistant) and not last.text:
                last.content = EMPTY
        return await answered(state)

    return solve
