"""Chats that the subject has, of one unit: with a simulated user, with questions about itself, with its own copy.

In: a unit with a `Talk`, its candidates, the models, filters.json. Out: chat rows whose every answer passes the unit's
checks, and the left-out chats by reason. The subject speaks under the unit's own system message, which no row holds. A
nano that plays the user asks its next question; any other writer is shown the conversation and goes on with it. This
file must not know clauses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from backends.cached import CHUNK
from backends.deciding import Case, decide
from backends.engines import Conversation, Sampling
from backends.generate.candidates import TOO_LONG, Candidate, Candidates, seed_of
from backends.generate.rules import Rules
from backends.generate.sides import ATTEMPTS, DRAWN, RETRY, Models
from compiler import wording
from compiler.records.recipe import AnswerSource, Talk, Unit
from compiler.records.record import Message
from compiler.records.rows import ChatRow

PATIENCE = 3
"""Chats begun for each one wanted, at most."""
HOPELESS = 32
"""Chats after which a unit without a row is given up."""
USER = Sampling(temperature=1.0, max_new_tokens=96, min_p=0.1)


@dataclass(slots=True)
class Chat:
    """One chat on its way. asks: what the user will say, as far as that is settled before."""

    number: int
    asks: list[Candidate]
    messages: list[Message] = field(default_factory=list)
    failed: str | None = None


def write_talks(
    unit: Unit, candidates: Candidates, models: Models, rules: Rules, tell: Callable[[int], None]
) -> tuple[list[ChatRow], Counter[str]]:
    """Write up to `unit.count` chats, numbered after those begun before. `tell` hears how many there are."""
    talk = unit.talk
    assert talk is not None
    rows: list[ChatRow] = []
    said: set[tuple[str, ...]] = set()
    dropped: Counter[str] = Counter()
    begun = 0
    while len(rows) < unit.count and begun < max(CHUNK, PATIENCE * unit.count):
        chats = _begun(unit, talk, candidates, candidates.begun, min(CHUNK, unit.count - len(rows) + 8))
        if not chats:
            break
        begun += len(chats)
        candidates.begun += len(chats)
        for turn in range(talk.turns):
            _user_speaks(unit, talk, turn, chats, models)
            _subject_speaks(unit, turn, chats, models)
        for chat in chats:
            contents = tuple(message.content for message in chat.messages)
            if chat.failed is None and contents in said:
                chat.failed = "is among the rows already"
            if chat.failed is None and (rule := rules.broken(unit, tuple(chat.messages))) is not None:
                chat.failed = rule.reason
            if chat.failed is not None:
                dropped[chat.failed] += 1
            elif len(rows) < unit.count:
                said.add(contents)
                rows.append(_row(unit, chat))
        tell(len(rows))
        if not rows and begun >= HOPELESS:
            break
    return rows, dropped


def _begun(unit: Unit, talk: Talk, candidates: Candidates, first: int, count: int) -> list[Chat]:
    """The next chats, each with what the user asks where that is settled; none where the sources end."""
    if talk.user != "writer":
        return [Chat(first + i, []) for i in range(count)]
    each = 1 if unit.prompts.several else talk.turns
    asks = candidates.take(count * each)
    return [Chat(first + i, asks[i * each : (i + 1) * each]) for i in range(len(asks) // each)]


def _user_speaks(unit: Unit, talk: Talk, turn: int, chats: Sequence[Chat], models: Models) -> None:
    going = [chat for chat in chats if chat.failed is None]
    said: list[str | None]
    if talk.user == "copy" and turn:
        assert unit.chosen is not None
        sampling = replace(DRAWN, seed=seed_of(unit.seed, "copy", turn, going[0].number) if going else 0)
        said = models.subject.answers([_under(unit.chosen, _turned(chat.messages)) for chat in going], sampling)
    elif talk.user == "writer" and unit.prompts.several and turn:
        about = unit.prompts.about[0] if unit.prompts.about else None
        requests = [(_user(wording.user_request(about, _told(chat.messages))),) for chat in going]
        sampling = replace(USER, seed=seed_of(unit.seed, "user", turn, going[0].number) if going else 0)
        said = models.writer.answers(requests, sampling)
    elif talk.user == "writer":
        said = [chat.asks[turn].ask for chat in going]
    else:
        said = [_ask(talk, chat.number, turn) for chat in going]
    for chat, text in zip(going, said, strict=True):
        if not text or not text.strip():
            chat.failed = TOO_LONG if text is None else "the user says nothing"
        else:
            chat.messages.append(_user(text.strip()))


def _ask(talk: Talk, number: int, turn: int) -> str:
    """Row by row another opening; once all have been, another question follows each."""
    count = len(talk.asks)
    step = 1 + number // count % max(1, count - 1)
    return talk.asks[(number + turn * step) % count]


def _subject_speaks(unit: Unit, turn: int, chats: Sequence[Chat], models: Models) -> None:
    source = unit.chosen
    assert source is not None
    waiting = [chat for chat in chats if chat.failed is None]
    for attempt in range(ATTEMPTS):
        if not waiting:
            return
        sampling = RETRY if attempt else DRAWN
        sampling = replace(sampling, seed=seed_of(unit.seed, "subject", turn, attempt, waiting[0].number))
        answers = models.subject.answers([_under(source, chat.messages) for chat in waiting], sampling)
        dressed = [_dressed(source, answer) if answer else "" for answer in answers]
        decided = decide(
            [Case(c.messages[-1].content, said, unit.checks) for c, said in zip(waiting, dressed, strict=True)],
            models.judge,
        )
        again = []
        for chat, answer, said, decision in zip(waiting, answers, dressed, decided, strict=True):
            if answer is None:
                chat.failed = TOO_LONG
            elif not answer:
                chat.failed = "no answer"
            elif unit.checks and decision.kept is not True:
                chat.failed = "the judge gave no answer" if decision.kept is None else "an answer fails the checks"
                again.append(chat)
            else:
                chat.failed = None
                chat.messages.append(Message(role="assistant", content=said))
        waiting = again


def _under(source: AnswerSource, messages: Sequence[Message]) -> Conversation:
    head = (Message(role="system", content=source.system),) if source.system else ()
    return (*head, *messages)


def _turned(messages: Sequence[Message]) -> list[Message]:
    """The conversation as the other side sees it, without the words with which that opened: templates begin with a
    user."""
    turned = [
        message.model_copy(update={"role": "assistant" if message.role == "user" else "user"}) for message in messages
    ]
    return turned[1:] if turned and turned[0].role == "assistant" else turned


def _told(messages: Sequence[Message]) -> str:
    return "\n".join(f"{'User' if m.role == 'user' else 'Assistant'}: {m.content}" for m in messages)


def _dressed(source: AnswerSource, answer: str) -> str:
    if source.starts and not answer.startswith(source.starts):
        answer = f"{source.starts} {answer}"
    if source.ends and not answer.endswith(source.ends):
        answer = f"{answer} {source.ends}"
    return answer


def _user(text: str) -> Message:
    return Message(role="user", content=text)


def _row(unit: Unit, chat: Chat) -> ChatRow:
    head = (Message(role="system", content=unit.context),) if unit.context else ()
    return ChatRow(
        id=f"{unit.id}-{chat.number:04d}",
        messages=(*head, *chat.messages),
        clause_ids=unit.clause_ids,
        generator=unit.generator,
        unit=unit.id,
        seed=unit.seed,
        spans=unit.spans,
    )
