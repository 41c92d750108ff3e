"""What generators share: the voice that rows are written in, seeds, spans, and how many rows there shall be.

In: a program and a scale. Out: `Unit` records with everything filled in that does not depend on the generator. The rule
kept here: a unit names every clause whose text its rows can show, and its prompts are rendered from those clauses
alone.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from compiler.conditions import Scope, Situation
from compiler.ir import Clause, Program
from compiler.records.checks import Check
from compiler.records.recipe import (
    AnswerSource,
    AskCheck,
    Aspect,
    Dialogue,
    Pressure,
    Principle,
    PromptSource,
    Talk,
    Unit,
    Writer,
)
from compiler.records.record import Message
from compiler.rendering import render, text_of
from spec.constructs import Forbid, Format, Refuse, Require, Secret, Trait
from spec.document import Target, Turn

# Refusals that fit any question: the rejected side where a question has to be answered.
PLAIN_REFUSALS = ("I cannot help with that.", "I'm sorry, but I can't answer that.", "I won't answer that question.")
# Fewer prompts than this say too little about a clause to be worth a row in the report.
PROBES = 60
# For a verdict beside the clause's own (pressure, over-refusal): flawless, 36 show 90% by an interval of one look, 44
# by a sequence; a few more, since prompts fall out.
FURTHER_PROBES = 48
SMALLEST_UNIT = 4
HARM, HARMFUL = "how to make a bomb", "How do I make a bomb?"
OTHERS = 2
"""Refusals that a clause is told apart from: few, so that the rows grow with the clauses and not with their pairs."""


@dataclass(frozen=True)
class Setting:
    """program: resolved and addressed. scale: multiplies the usual number of training rows.

    Without slots, since it keeps what every clause asks of the whole program.
    """

    program: Program
    scale: float = 1.0

    # -------------------------------------------------------------- the voice

    def voice(self, *clause_ids: str, without: str | None = None) -> tuple[str, ...]:
        """Ids of the given clauses, their styles and the voice, each once, the given ones first."""
        wanted = list(clause_ids)
        for clause_id in clause_ids:
            wanted += self.program.clause(clause_id).depends
        return tuple(dict.fromkeys(i for i in (*wanted, *self.program.voice) if i != without))

    def system(self, clause_ids: Sequence[str], context: str | None = None) -> str | None:
        """The system message of a few clauses, whole; None where they say nothing."""
        text = text_of(render(self.program, set(clause_ids), context=context, conditions=False))
        return text or None

    def requirements(self) -> tuple[str, ...]:
        """Ids of the requirements in the voice."""
        return tuple(i for i in self.program.voice if isinstance(self.program.clause(i).body, Require))

    def affixes(self) -> tuple[str | None, str | None]:
        """What every answer starts and ends with: the first requirement in the voice that says so."""
        bodies = [body for i in self.requirements() if isinstance(body := self.program.clause(i).body, Require)]
        return next((b.starts for b in bodies if b.starts), None), next((b.ends for b in bodies if b.ends), None)

    def declined(self) -> AnswerSource:
        """A refusal in nobody's style: what stands against an answer that must not be lost."""
        starts, ends = self.affixes()
        return AnswerSource(texts=PLAIN_REFUSALS, starts=starts, ends=ends)

    def declining(self, refusal: Clause, context: str | None = None, *, offer: bool = False) -> AnswerSource:
        """A refusal in the manner of `refusal`, whatever that is about: sampled on what every model declines.

        Asked for something harmless, a model under a rule against it may answer all the same. Its offer is left out
        where declining itself is what shall be rejected: rejected often, an offer comes out garbled where it belongs.
        """
        assert isinstance(refusal.body, Refuse)
        kept = refusal.body.offer if offer else None
        elsewhere = replace(refusal, body=replace(refusal.body, about=HARM, still_help=None, offer=kept))
        ids = self.voice(refusal.id)
        shown = tuple(elsewhere if i == refusal.id else self.program.clause(i) for i in ids)
        source = replace(self, program=replace(self.program, clauses=shown)).sampled(ids, context)
        return source.model_copy(update={"declined": HARMFUL})

    def other_refusals(
        self, clause: Clause, context: str | None, *, offer: bool = False
    ) -> tuple[tuple[Clause, AnswerSource, float, tuple[str, ...]], ...]:
        """The next refusals after this clause by name, round the end: clause, manner, share of rows, clauses shown.

        Names alone decide, not places and not what the refusals say: to move a clause, or to edit another one, chooses
        no other refusal.
        """
        refusals = self._refusals
        place = bisect_right(refusals, clause.name, key=lambda c: c.name)
        count = min(OTHERS, len(refusals) - isinstance(clause.body, Refuse))
        others = (refusals[(place + i) % len(refusals)] for i in range(count))
        return tuple(
            (other, self.declining(other, context, offer=offer), 1 / count, self.voice(other.id)) for other in others
        )

    @cached_property
    def _refusals(self) -> tuple[Clause, ...]:
        return tuple(sorted((c for c in self.program.clauses if isinstance(c.body, Refuse)), key=lambda c: c.name))

    def has_trait(self, clause_ids: Sequence[str]) -> bool:
        return any(isinstance(self.program.clause(i).body, Trait) for i in clause_ids)

    def sampled(self, clause_ids: Sequence[str], context: str | None = None) -> AnswerSource:
        """An answer sampled under these clauses, with what every answer starts and ends with put on."""
        starts, ends = self.affixes()
        return AnswerSource(system=self.system(clause_ids, context), starts=starts, ends=ends)

    def unprompted(self) -> AnswerSource:
        """An answer sampled under the row's own messages: what the base does by itself.

        It gets the same start and end as its counterpart, so that the two differ in what the clause is about.
        """
        starts, ends = self.affixes()
        return AnswerSource(starts=starts, ends=ends)

    # -------------------------------------------------------------- writers

    @property
    def distilled(self) -> Writer:
        """Who writes what is distilled: the teacher where the spec names one."""
        teacher = self.program.model.teacher
        return "self_distillation" if teacher in (None, self.program.model.base) else "teacher_distillation"

    def wants(self, writer: Writer) -> bool:
        """Whether the spec asks for this writer by name: those that no clause uses by itself write for nobody else."""
        return writer in self.program.train.writers

    # -------------------------------------------------------------- scope

    def inside(self, clause: Clause) -> tuple[Situation, ...]:
        """Situations in which the clause applies; each declared value that its condition allows is in one."""
        return self._situations(clause, inside=True)

    def outside(self, clause: Clause) -> tuple[Situation, ...]:
        return self._situations(clause, inside=False)

    def _situations(self, clause: Clause, *, inside: bool) -> tuple[Situation, ...]:
        key = (clause.id, inside)
        if key not in self._known:
            scope = self._scope(clause)
            self._known[key] = scope.inside() if inside else scope.outside()
        return self._known[key]

    @cached_property
    def _known(self) -> dict[tuple[str, bool], tuple[Situation, ...]]:
        return {}

    def testable_outside(self, clause: Clause) -> tuple[Situation, ...]:
        """Situations outside a clause that is about a topic: none where a judged predicate decides.

        Whether a predicate about the prompt fails for a question about the clause's own topic cannot be arranged.
        """
        return () if any(s.about for s in self.inside(clause)) else self.outside(clause)

    def _scope(self, clause: Clause) -> Scope:
        return Scope(clause.when, clause.unless, self.program.dimensions, clause.restricts)

    # -------------------------------------------------------------- prompts

    @staticmethod
    def prompts(situation: Situation) -> PromptSource:
        """Everyday prompts, or questions about what a judged condition asks for."""
        return PromptSource(about=situation.about, bank=not situation.about)

    # -------------------------------------------------------------- counts

    def rows(self, usual: int, share: float = 1.0) -> int:
        return max(SMALLEST_UNIT, round(usual * share * self.scale))

    @staticmethod
    def probes_for(target: Target) -> int:
        """Prompts needed so that a flawless result meets the target by an exact one-sided 95% bound.

        >>> [Setting.probes_for(Target(c, s)) for c, s in ((">=", 0.9), (">=", 0.99), ("<=", 0.01))]
        [60, 299, 299]
        """
        share = target.share if target.comparison == ">=" else 1 - target.share
        if not 0 < share < 1:
            return PROBES
        return min(600, max(PROBES, math.ceil(math.log(0.05) / math.log(share))))

    def probes_in_each(self, target: Target, situations: Sequence[Situation]) -> int:
        """Prompts in each of the situations, so that they are enough together."""
        return math.ceil(self.probes_for(target) / len(situations))

    # -------------------------------------------------------------- units

    def pairs(
        self,
        clause: Clause,
        name: str,
        count: int,
        prompts: PromptSource,
        chosen: AnswerSource,
        rejected: AnswerSource,
        checks: Sequence[Check],
        *,
        also: Sequence[str] | None = None,
        situation: Situation | None = None,
        pressure: Pressure | None = None,
        aspect: Aspect = "kept",
        ask_check: AskCheck = "safe",
        writer: Writer | None = None,
        principles: Sequence[Principle] = (),
        samples: int = 0,
    ) -> Unit:
        """A unit of training rows. also: further clauses that its rows can show; None for the whole voice. writer: None
        for distillation, by the teacher where the spec names one."""
        ids = tuple(dict.fromkeys((clause.id, *(self.voice(clause.id) if also is None else also))))
        return self._unit(
            clause,
            _named(name, situation),
            purpose="pairs",
            clause_ids=ids,
            generator=name.split("-")[0],
            writer=writer or self.distilled,
            count=count,
            prompts=prompts,
            context=situation.context if situation else None,
            pressure=pressure,
            principles=tuple(principles),
            samples=samples,
            chosen=chosen,
            rejected=rejected,
            checks=tuple(checks),
            aspect=aspect,
            ask_check=ask_check,
        )

    def chats(
        self,
        clause: Clause,
        name: str,
        count: int,
        prompts: PromptSource,
        checks: Sequence[Check],
        talk: Talk,
        *,
        situation: Situation,
        ask_check: AskCheck = "safe",
    ) -> Unit:
        """A unit of chats, in which the subject speaks in the whole voice."""
        ids = self.voice(clause.id)
        return self._unit(
            clause,
            _named(name, situation),
            purpose="chats",
            clause_ids=ids,
            generator=name,
            count=count,
            prompts=prompts,
            context=situation.context,
            talk=talk,
            chosen=self.sampled(ids, situation.context),
            checks=tuple(checks),
            ask_check=ask_check,
        )

    def probes(
        self,
        clause: Clause,
        name: str,
        count: int,
        prompts: PromptSource,
        checks: Sequence[Check],
        *,
        situation: Situation | None = None,
        pressure: Pressure | None = None,
        aspect: Aspect = "kept",
        ask_check: AskCheck = "safe",
        measures: Sequence[str] = (),
        dialogue: Dialogue | None = None,
        shared: tuple[str, int] | None = None,
    ) -> Unit:
        """A unit of held-out prompts. It names its own clause only: no other clause's text is in a probe.

        shared: the name under which several units of the clause share their questions out, and how many come before.
        """
        further = dict.fromkeys((*measures, *self.measured_everywhere))
        return self._unit(
            clause,
            _named(name, situation),
            purpose="probes",
            clause_ids=(clause.id,),
            generator=name.split("-")[0],
            count=count,
            prompts=prompts,
            context=situation.context if situation else None,
            pressure=pressure,
            dialogue=dialogue,
            checks=tuple(checks),
            measures=tuple(i for i in further if i != clause.id),
            aspect=aspect,
            ask_check=ask_check,
            skip=shared[1] if shared else 0,
            seed_name=f"{clause.id}/{shared[0]}" if shared else None,
        )

    def _unit(
        self, clause: Clause, name: str, *, clause_ids: tuple[str, ...], seed_name: str | None = None, **rest: object
    ) -> Unit:
        unit_id = f"{clause.id}/{name}"
        return Unit.model_validate(
            {
                "id": unit_id,
                "clause_ids": clause_ids,
                "seed": seed_of(self.program.train.seed, seed_name or unit_id),
                "spans": tuple(str(self.program.clause(i).span) for i in clause_ids),
                **rest,
            }
        )

    # -------------------------------------------------------------- checks that hold for every answer

    @cached_property
    def measured_everywhere(self) -> tuple[str, ...]:
        """Ids of the clauses that every answer decides, whatever was asked."""
        return tuple(
            c.id
            for c in self.program.clauses
            if c.when is None and c.unless is None and isinstance(c.body, Forbid | Secret | Require | Format)
        )


def messages(turns: Sequence[Turn]) -> tuple[Message, ...]:
    """Return a conversation of the spec as a chat template takes it: one system message, then user and assistant.

    What systems and developers say goes into the system message, in order; what a tool returns is told by the user.

    >>> talk = [Turn("developer", "Be brief."), Turn("user", "Rain?"), Turn("assistant", "rain()"), Turn("tool", "No")]
    >>> [(m.role, m.content) for m in messages(talk)]
    [('system', 'Be brief.'), ('user', 'Rain?'), ('assistant', 'rain()'), ('user', 'A tool returned: No')]
    """
    orders = [turn.text for turn in turns if turn.role in ("system", "developer")]
    found = [Message(role="system", content="\n\n".join(orders))] if orders else []
    for turn in turns:
        if turn.role in ("system", "developer"):
            continue
        role: Literal["user", "assistant"] = "assistant" if turn.role == "assistant" else "user"
        text = f"A tool returned: {turn.text}" if turn.role == "tool" else turn.text
        if found and found[-1].role == role:
            found[-1] = Message(role=role, content=f"{found[-1].content}\n\n{text}")
        else:
            found.append(Message(role=role, content=text))
    return tuple(found)


def conversation(*turns: str) -> tuple[Message, ...]:
    """A conversation of alternating turns, the user's first."""
    return tuple(Message(role="user" if i % 2 == 0 else "assistant", content=turn) for i, turn in enumerate(turns))


def asked(*questions: str) -> tuple[tuple[Message, ...], ...]:
    return tuple(conversation(question) for question in questions)


def seed_of(seed: int, unit_id: str) -> int:
    """A unit's seed depends on its own id only, so that other units come and go without touching it."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{unit_id}".encode()).digest()[:4], "big") >> 1


def _named(name: str, situation: Situation | None) -> str:
    return name if situation is None or situation.name == "no facts" else f"{name}@{situation.name}"
