"""Streams of candidates: from the spec itself, from the user's own prompts, from the question writer, from the prompt
bank, in this order.

In: a unit's `PromptSource`, the base's bank, the words it holds out, the author's own probes, and a model that writes
questions. Out: candidates one by one, as many as are asked for, with what was left out before each. What stands in a
stream depends on what the unit asks for and on the author's probes, never on other units; units that ask for the same
read one stream. This file must not know answers.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import cycle, islice
from random import Random

from backends.banks import BankRow, is_pattern
from backends.cached import CHUNK, CachedEngine
from backends.embedders import Embedder
from backends.engines import Conversation, Sampling
from backends.generate.candidates import TOO_LONG, Candidate, Looked, ask_of, seed_of
from backends.generate.meanings import Meanings
from backends.generate.overlap import Taken
from backends.generate.split import REPEATED, HeldOut, Prompts, normal, words
from compiler import wording
from compiler.records.recipe import Unit
from compiler.records.record import Message

# Asked 256 times about each of seven things of its world, nano wrote 664 different questions at a temperature of 0.85
# and top_p of 0.9 (82% were sound), 709 at 0.7 (75%), and 633 at 1 and min_p of 0.1 (89%).
QUESTION = Sampling(temperature=1.0, max_new_tokens=64, min_p=0.1)
TYPICAL = 0.5
"""The temperature at which the writer is asked for what is typical of a topic."""
LONGEST_QUESTION = 400
"""Characters; a longer one is a writer that does not stop."""

WRITER_PATIENCE = 12
"""Questions asked of the writer for each one that is wanted, at most."""
AT_ONCE = 8
"""Requests for several questions in a batch."""
WRITTEN_SHOTS = 2
"""Questions of the writer's own that it is shown beside the clause's, as in Self-Instruct."""
LISTED = re.compile(r"\s*(?:\(?\d+[.):]|[-*•])\s+(.+)")
"""A line of a list."""


UNKNOWABLE = "unknowable"
"""The kind of questions that nobody can answer: no questions of fact."""
HONESTY = "honesty"
"""The generator that asks what has a known answer, and what nobody can know, and nothing else."""
CHALLENGED = ("claim", "doubt")
KNOWN = ("facts", *CHALLENGED)
"""Generators that ask only what has a known answer; the first two beside a wrong one."""


@dataclass(frozen=True, slots=True)
class Further:
    """What a build may have beside a bank and a writer: own prompts by clause id (None: about no clause), a model that
    tells questions which mean the same, and the user's own chats, each ending with an answer."""

    own: Mapping[str | None, tuple[Conversation, ...]] = field(default_factory=dict)
    embedder: Embedder | None = None
    chats: tuple[Conversation, ...] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the streams of a build draw on, beside what a unit asks for. author: texts of the author's own probes.
    watched: of questions that training is watched on."""

    bank: tuple[BankRow, ...]
    held_out: HeldOut
    author: Prompts
    writer: CachedEngine
    further: Further = Further()  # frozen, and never filled
    watched: Prompts = field(default_factory=Prompts)
    digests: Mapping[str, str] = field(default_factory=dict)
    """Of `bank`, `held_out`, `author`, `watched`, and of what `further` holds, by these names; only what is remembered
    needs them."""

    def told(self, unit: Unit) -> dict[str, str | None]:
        """What of these decides the unit's candidates, by digest."""
        source = unit.prompts
        drawn_on = {
            "bank": source.bank,
            "held_out": True,
            "author": unit.purpose != "probes",
            "own": bool(source.own),
            "embedder": True,
            "chats": source.chats,
            "watched": unit.is_trained and bool(len(self.watched)),
        }
        told = {name: self.digests.get(name) for name, needed in drawn_on.items() if needed}
        return {**told, "writer": self.writer.fingerprint() if source.about or source.apart else None}


class UnitStream:
    """The candidates that a unit asks for. known: the first of them, where they were found before."""

    def __init__(self, unit: Unit, around: Surroundings, known: Sequence[Looked] = ()) -> None:
        self.unit = unit
        self.chats = around.further.chats
        self.held_out = around.held_out
        self.author = around.author
        self.watched = around.watched
        self.writer = around.writer
        self.bank = around.bank
        self.looked = list(known)
        self._own = around.further.own
        self._seen = Prompts()
        self._taken = Taken()
        self._meanings = Meanings(around.further.embedder) if around.further.embedder is not None else None
        self._count = 0
        self._left_out: Counter[str] = Counter()
        self._rest: Iterator[Looked] | None = None

    def at(self, place: int) -> Looked:
        """The candidate at `place`, or the end where there are fewer."""
        while len(self.looked) <= place and not (self.looked and self.looked[-1].candidate is None):
            if self._rest is None:
                # What is known is found again: the next one depends on those before.
                self._rest = islice(self._all(), len(self.looked), None)
            self.looked.append(next(self._rest))
        return self.looked[min(place, len(self.looked) - 1)]

    def _all(self) -> Iterator[Looked]:
        several = self.unit.prompts.several
        written = self._written_together(several) if several else self._written()
        for stream in (self._given(), self._from_chats(), self._from_own(), written, self._from_bank()):
            for candidate in stream:
                if not self._is_ours(candidate):
                    continue  # the other side of the split, not a row that failed
                reason = self._unfit(candidate)
                self._look(reason)
                if reason:
                    continue
                self._seen.add(candidate.ask)
                if several:
                    self._taken.add(candidate.ask)
                if self._meanings is not None:
                    self._meanings.add(candidate.ask)
                yield self._looked_at(candidate)
        yield self._looked_at(None)

    def _look(self, reason: str | None) -> None:
        """Count one that was looked at, and left out for a reason."""
        self._count += 1
        if reason:
            self._left_out[reason] += 1

    def _looked_at(self, candidate: Candidate | None) -> Looked:
        looked = Looked(candidate, self._count, dict(self._left_out))
        self._count, self._left_out = 0, Counter()
        return looked

    def _is_ours(self, candidate: Candidate) -> bool:
        """Whether the split gives this prompt to the unit's purpose; what the author wrote for it is given already."""
        if candidate.given is not None:
            return True
        probes = candidate.for_probes
        if self.unit.purpose == "watch" and self.unit.generator in KNOWN and not self.held_out.names:
            return True  # all of them are for probes, which ask a part of them
        if probes is None:
            probes = self.held_out.for_probes(candidate.ask)
        return probes is (self.unit.purpose == "probes")

    def _unfit(self, candidate: Candidate) -> str | None:
        own = candidate.given is not None
        probes = self.unit.purpose == "probes"
        source = self.unit.prompts
        # An author may give one question several answers. A writer repeats itself in other words; a bank does not.
        written = candidate.source == "written"
        seen = self._seen.near(candidate.ask, REPEATED) if written else self._seen.same(candidate.ask)
        if seen and not (own and not probes):
            return "asked twice"
        if written and source.several and self._taken.near(candidate.ask):
            return "asked in nearly the same words"
        if self._meanings is not None and candidate.source in ("written", "own") and self._meanings.near(candidate.ask):
            return "means what was asked before"
        if written and self._apart.near(candidate.ask):
            return "as much about what has to be told apart"
        if written and any(f" {normal(said)} " in f" {normal(candidate.ask)} " for said in source.unsaid):
            return "says the answer itself"
        if probes:
            return None
        if any(self.author.near(m.content) for m in candidate.conversation if m.role == "user"):
            return "the author's own probe"
        if self.unit.is_trained and any(
            self.watched.near(m.content) for m in candidate.conversation if m.role == "user"
        ):
            return "kept out of training, to watch it"
        return "names what is held out" if self.held_out.named_in(candidate.ask) else None

    def _given(self) -> Iterator[Candidate]:
        for number, conversation in enumerate(self.unit.prompts.given):
            yield Candidate.of(conversation, "given", given=number)

    def _from_own(self) -> Iterator[Candidate]:
        """The user's own prompts about the unit's clause, then those about none; all of them for rows to train on."""
        asked = self.unit.prompts.own
        for owner in [
            *([self.unit.clause_ids[0]] if "clause" in asked else []),
            *([None] if "everyday" in asked else []),
        ]:
            talks = [(ask_of(talk), talk) for talk in self._own.get(owner, ())]
            talks.sort(key=lambda pair: hashlib.sha256(f"{self.unit.seed}\0{pair[0]}".encode()).digest())
            for _, talk in talks:
                yield Candidate.of(talk, "own", for_probes=False)

    def _from_chats(self) -> Iterator[Candidate]:
        """What was asked in each of the user's own chats, with the answer that it got. All are for training rows."""
        for chat in self.chats if self.unit.prompts.chats else ():
            asked, answer = chat[:-1], chat[-1].content
            yield Candidate.of(asked, "own", said=answer, for_probes=False)

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
                    self._look(TOO_LONG if said is None else "not a question")
                    continue
                yield Candidate.of((Message(role="user", content=question),), "written")

    def _written_together(self, several: int) -> Iterator[Candidate]:
        """Several questions a request, with the clause's own and a few that were written so far as examples
        (Self-Instruct, section 2.2). What is shown depends on what the unit has taken, which depends on the unit."""
        source = self.unit.prompts
        if not source.about:
            return
        wanted = (self.unit.count + self.unit.skip) * WRITER_PATIENCE
        written: list[str] = []
        for number in range(-(-wanted // (several * AT_ONCE))):
            requests = []
            for place in range(AT_ONCE):
                topic = source.about[(number * AT_ONCE + place) % len(source.about)]
                draw = Random(seed_of("shots", self.unit.seed, number, place))  # no secret is drawn
                shots = (*source.shots, *draw.sample(written, min(WRITTEN_SHOTS, len(written))))
                request = wording.questions_request(topic, shots, several)
                requests.append((Message(role="user", content=request),))
            seed = seed_of("questions", self.unit.seed, self.unit.purpose, number)
            tokens = QUESTION.max_new_tokens * several
            answers = self.writer.answers(requests, replace(QUESTION, seed=seed, max_new_tokens=tokens))
            asked = [question for said in answers for question in _questions(said)]
            self._count_lost(answers)
            if self._meanings is not None:
                self._meanings.expect(asked)
            for question in asked:
                before = len(self._seen)
                yield Candidate.of((Message(role="user", content=question),), "written")
                if len(self._seen) > before:
                    written.append(question)

    def _count_lost(self, answers: Sequence[str | None]) -> None:
        """Count the replies in which there is no question."""
        for said in answers:
            if not _questions(said):
                self._look(TOO_LONG if said is None else "not a question")

    @cached_property
    def _apart(self) -> Prompts:
        """What the writer typically asks about the other side: a question like that would be wrongly labelled."""
        apart = self.unit.prompts.apart
        if not apart:
            return Prompts()
        sampling = replace(QUESTION, temperature=TYPICAL, seed=seed_of("apart", *apart))
        if several := self.unit.prompts.several:
            sampling = replace(sampling, max_new_tokens=QUESTION.max_new_tokens * several)
        asked = self._asked(list(islice(cycle(apart), AT_ONCE if several else CHUNK)), sampling)
        if self.unit.prompts.several:
            return Prompts(question for _, said in asked for question in _questions(said))
        return Prompts(question for _, said in asked if (question := _question(said)))

    def _asked(self, topics: Sequence[str], sampling: Sampling) -> Iterator[tuple[str, str | None]]:
        """Ask the writer for a question about each of `topics`, in one batch; None where it cannot read the request."""
        several = self.unit.prompts.several
        texts = [
            wording.questions_request(topic, (), several) if several else wording.question_request(topic)
            for topic in topics
        ]
        requests = [(Message(role="user", content=text),) for text in texts]
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
            yield Candidate.of(
                (message,),
                "bank",
                _form(row),
                answer=row.answer,
                wrong=wrong,
                unknowable=row.kind == UNKNOWABLE,
                for_probes=split,
            )

    def _wrong(self, row: BankRow) -> str | None:
        """The answer to another question of this kind, drawn by the question; None where there is none to say."""
        plain = [text for text in self._answers.get(row.kind, ()) if text != row.answer]
        return plain[seed_of("wrong", row.prompt) % len(plain)] if plain else None

    @cached_property
    def _answers(self) -> dict[str, list[str]]:
        """The plain answers to each kind of question, each once, in order."""
        found: dict[str, set[str]] = {}
        for row in self.bank:
            if row.answer is not None and not is_pattern(row.answer):
                found.setdefault(row.kind, set()).add(row.answer)
        return {kind: sorted(answers) for kind, answers in found.items()}

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


def _questions(said: str | None) -> list[str]:
    """The questions of a list; a reply that is no list is one question.

    >>> _questions("Sure:\\n1. Is it safe?\\n2) \\"How long?\\"\\n")
    ['Is it safe?', 'How long?']
    """
    listed = [match[1] for line in (said or "").splitlines() if (match := LISTED.match(line))]
    found = (_question(text) for text in (listed or [said]))
    return [question for question in found if question is not None]


def _mixed(rows: list[BankRow], seed: int) -> list[BankRow]:
    """Shuffle by a hash of seed and prompt, then deal kind by kind, so that the first rows show every kind."""
    piles: dict[str, deque[BankRow]] = {}
    for place in _shuffled(tuple(row.prompt for row in rows), seed):
        row = rows[place]
        piles.setdefault(row.kind, deque()).append(row)
    mixed = []
    while piles:
        for kind in list(piles):
            mixed.append(piles[kind].popleft())
            if not piles[kind]:
                del piles[kind]
    return mixed


@lru_cache(maxsize=64)
def _shuffled(prompts: tuple[str, ...], seed: int) -> list[int]:
    """The places of `prompts`, ordered by a hash of seed and prompt; units of one seed follow one another."""
    head = f"{seed}\0".encode()
    return sorted(range(len(prompts)), key=lambda place: hashlib.sha256(head + prompts[place].encode()).digest())


def _form(row: BankRow) -> str:
    """The prompt's words with its entity left out: prompts that ask the same of two things share a form."""
    text = normal(row.prompt)
    if row.entity:
        text = text.replace(normal(row.entity), "…")
    return f"{row.kind}: {text}"
