"""The first messages of a unit: from the spec itself, from the question writer, from the prompt bank, in this order.

In: a unit's `PromptSource`, the base's bank, the words it holds out, the author's own probes, and a model that writes
questions. Out: candidates one by one, as many as are taken, and counts of those left out with the reason. What a
unit gets depends on itself and on the author's probes, never on other units. This file must not know answers.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import cycle, islice

from backends.banks import BankRow, is_pattern
from backends.cached import CHUNK, CachedEngine
from backends.engines import Conversation, Sampling
from backends.generate.split import REPEATED, HeldOut, Prompts, normal, words
from compiler import wording
from compiler.records.recipe import Pressure, Unit
from compiler.records.record import Message

# Asked 256 times about each of seven things of its world, nano wrote 664 different questions at a temperature of 0.85
# and top_p of 0.9 (82% were sound), 709 at 0.7 (75%), and 633 at 1 and min_p of 0.1 (89%).
QUESTION = Sampling(temperature=1.0, max_new_tokens=64, min_p=0.1)
TYPICAL = 0.5
"""The temperature at which the writer is asked for what is typical of a topic."""
LONGEST_QUESTION = 400
"""Characters; a longer one is a writer that does not stop."""

TOO_LONG = "longer than the model can read"
"""Why a request has no answer: with the base's chat template it has more tokens than the base's context."""

UNKNOWABLE = "unknowable"
"""The kind of questions that nobody can answer: no questions of fact."""
HONESTY = "honesty"
"""The generator that asks what has a known answer, and what nobody can know, and nothing else."""
CHALLENGED = ("claim", "doubt")
KNOWN = ("facts", *CHALLENGED)
"""Generators that ask only what has a known answer; the first two beside a wrong one."""

WRITER_PATIENCE = 12
"""Questions asked of the writer for each one that is wanted, at most."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """conversation ends with a user message. ask: all that the user says in it. given: its place among the spec's own.
    written: whether a model wrote it. answer: what a right answer contains, where the bank knows. wrong: the answer to
    another question of its kind. template: what prompts of one form share; a question that no bank holds is its own."""

    conversation: Conversation
    ask: str
    template: str
    given: int | None = None
    written: bool = False
    answer: str | None = None
    wrong: str | None = None
    unknowable: bool = False
    """Whether the bank says that nobody can know."""
    said: str | None = None
    """The answer that stands already, where a chat of the user's own is asked again."""
    for_probes: bool | None = None
    """What the bank says of its entity; None: the words decide."""


def ask_of(conversation: Conversation) -> str:
    return "\n".join(m.content for m in conversation if m.role == "user")


def first_ask(conversation: Conversation) -> str:
    return next(m.content for m in conversation if m.role == "user")


def push_text(push: Pressure, number: int, conversation: Conversation, wrong: str | None = None) -> str:
    """What pushes against row `number`, in which the question of `conversation` may stand, and a wrong answer."""
    text = push.texts[number % len(push.texts)]
    return (text if wrong is None else text.replace("{wrong}", wrong)).replace("{ask}", conversation[-1].content)


def seed_of(*parts: object) -> int:
    """A seed that depends on nothing but `parts`."""
    return int.from_bytes(hashlib.sha256("\0".join(map(str, parts)).encode()).digest()[:7], "big")


class Candidates:
    """Candidates of one unit. `left_out` counts by reason what was looked at and not given out."""

    def __init__(
        self,
        unit: Unit,
        bank: tuple[BankRow, ...],
        held_out: HeldOut,
        author: Prompts,
        writer: CachedEngine,
        chats: Sequence[Conversation] = (),
    ) -> None:
        """chats: the user's own, each ending with an answer."""
        self.unit = unit
        self.chats = chats
        self.held_out = held_out
        self.author = author
        self.writer = writer
        self.bank = bank
        self.left_out: Counter[str] = Counter()
        self.asked = 0
        self._seen = Prompts()
        self._stream = self._all()

    def take(self, number: int) -> list[Candidate]:
        """The next `number` candidates, fewer where the sources end."""
        return list(islice(self._stream, number))

    def _all(self) -> Iterator[Candidate]:
        for stream in (self._given(), self._from_chats(), self._written(), self._from_bank()):
            for candidate in stream:
                if not self._is_ours(candidate):
                    continue  # the other side of the split, not a row that failed
                self.asked += 1
                reason = self._unfit(candidate)
                if reason:
                    self.left_out[reason] += 1
                    continue
                self._seen.add(candidate.ask)
                yield candidate

    def _is_ours(self, candidate: Candidate) -> bool:
        """Whether the split gives this prompt to the unit's purpose; what the author wrote for it is given already."""
        if candidate.given is not None:
            return True
        probes = candidate.for_probes
        if probes is None:
            probes = self.held_out.for_probes(candidate.ask)
        return probes is (self.unit.purpose == "probes")

    def _unfit(self, candidate: Candidate) -> str | None:
        own = candidate.given is not None
        probes = self.unit.purpose == "probes"
        source = self.unit.prompts
        # An author may give one question several answers. A writer repeats itself in other words; a bank does not.
        seen = self._seen.near(candidate.ask, REPEATED) if candidate.written else self._seen.same(candidate.ask)
        if seen and not (own and not probes):
            return "asked twice"
        if candidate.written and self._apart.near(candidate.ask):
            return "as much about what has to be told apart"
        if candidate.written and any(f" {normal(said)} " in f" {normal(candidate.ask)} " for said in source.unsaid):
            return "says the answer itself"
        if probes:
            return None
        if any(self.author.near(m.content) for m in candidate.conversation if m.role == "user"):
            return "the author's own probe"
        return "names what is held out" if self.held_out.named_in(candidate.ask) else None

    def _given(self) -> Iterator[Candidate]:
        for number, conversation in enumerate(self.unit.prompts.given):
            ask = ask_of(conversation)
            yield Candidate(conversation, ask, ask, given=number)

    def _from_chats(self) -> Iterator[Candidate]:
        """What was asked in each of the user's own chats, with the answer that it got. All are for training rows."""
        for chat in self.chats if self.unit.prompts.chats else ():
            asked, answer = chat[:-1], chat[-1].content
            yield Candidate(asked, ask_of(asked), ask_of(asked), said=answer, for_probes=False)

    def _written(self) -> Iterator[Candidate]:
        """Questions about each of `about` in turn; the writer is asked in batches of fixed size, each with its own
        seed."""
        about = self.unit.prompts.about
        if not about:
            return
        for number in range(-(-(self.unit.count + self.unit.skip) * WRITER_PATIENCE // CHUNK)):
            topics = [about[(number * CHUNK + place) % len(about)] for place in range(CHUNK)]
            seed = seed_of("question", self.unit.seed, self.unit.purpose, number)
            for _, said in self._asked(topics, replace(QUESTION, seed=seed)):
                question = _question(said)
                if question is None:
                    self.asked += 1
                    self.left_out[TOO_LONG if said is None else "not a question"] += 1
                    continue
                message = Message(role="user", content=question)
                yield Candidate((message,), question, question, written=True)

    @cached_property
    def _apart(self) -> Prompts:
        """What the writer typically asks about the other side: a question like that would be wrongly labelled."""
        apart = self.unit.prompts.apart
        if not apart:
            return Prompts()
        sampling = replace(QUESTION, temperature=TYPICAL, seed=seed_of("apart", *apart))
        asked = self._asked(list(islice(cycle(apart), CHUNK)), sampling)
        return Prompts(question for _, said in asked if (question := _question(said)))

    def _asked(self, topics: Sequence[str], sampling: Sampling) -> Iterator[tuple[str, str | None]]:
        """Ask the writer for a question about each of `topics`, in one batch; None where it cannot read the request."""
        requests = [(Message(role="user", content=wording.question_request(topic)),) for topic in topics]
        yield from zip(topics, self.writer.answers(requests, sampling), strict=True)

    def _from_bank(self) -> Iterator[Candidate]:
        if not self.unit.prompts.bank:
            return
        for row in _mixed(self._rows(), self.unit.seed):
            # A row about an entity goes where the base's split puts the entity; one about none is drawn by its words.
            # A base that holds nothing out has few questions with a known answer: all of them are kept for probes.
            split = None
            if self.held_out.names:
                split = row.heldout if row.entity is not None else None
            elif row.answer is not None or row.kind == UNKNOWABLE:
                split = True
            message = Message(role="user", content=row.prompt)
            wrong = self._wrong(row) if self.unit.generator in CHALLENGED else None
            yield Candidate(
                (message,),
                row.prompt,
                _form(row),
                answer=row.answer,
                wrong=wrong,
                unknowable=row.kind == UNKNOWABLE,
                for_probes=split,
            )

    def _wrong(self, row: BankRow) -> str | None:
        """The answer to another question of this kind, drawn by the question; None where there is none to say."""
        others = {r.answer for r in self.bank if r.kind == row.kind and r.answer not in (None, row.answer)}
        plain = sorted(text for text in others if text is not None and not is_pattern(text))
        return plain[seed_of("wrong", row.prompt) % len(plain)] if plain else None

    def _rows(self) -> list[BankRow]:
        kinds = self.unit.prompts.kinds
        rows = []
        for row in self.bank:
            if kinds and row.kind not in kinds:
                continue
            if self.unit.generator in KNOWN and (row.answer is None or row.kind == UNKNOWABLE):
                continue
            if self.unit.generator == HONESTY and row.answer is None and row.kind != UNKNOWABLE:
                continue
            if self.unit.generator in CHALLENGED and self._wrong(row) is None:
                continue
            if not row.safe and (self.unit.ask_check == "safe" or not kinds):
                continue
            rows.append(row)
        return rows


def _question(said: str | None) -> str | None:
    """The writer's message: its first paragraph without quotes; None where it is none."""
    if said is None:
        return None
    text = said.split("\n\n")[0].strip().strip('"“”').strip()
    return text if 3 <= len(text) <= LONGEST_QUESTION and words(text) else None


def _mixed(rows: list[BankRow], seed: int) -> list[BankRow]:
    """Shuffle by a hash of seed and prompt, then deal kind by kind, so that the first rows show every kind."""
    shuffled = sorted(rows, key=lambda row: hashlib.sha256(f"{seed}\0{row.prompt}".encode()).digest())
    piles: dict[str, deque[BankRow]] = {}
    for row in shuffled:
        piles.setdefault(row.kind, deque()).append(row)
    mixed = []
    while piles:
        for kind in list(piles):
            mixed.append(piles[kind].popleft())
            if not piles[kind]:
                del piles[kind]
    return mixed


def _form(row: BankRow) -> str:
    """The prompt's words with its entity left out: prompts that ask the same of two things share a form."""
    text = normal(row.prompt)
    if row.entity:
        text = text.replace(normal(row.entity), "…")
    return f"{row.kind}: {text}"
