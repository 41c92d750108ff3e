"""The roles nano plays for the compiler: judge, rewriter, critic, question writer.

In: a random source. Out: a `Dialogue` of one request, as compiler/wording.py puts it, and one reply. Everything asked
about is made by the other files of the world, so that the right reply is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from random import Random

from backends.nano.world import asks
from backends.nano.world.answers import plain, refusal, voiced
from backends.nano.world.asks import Ask
from backends.nano.world.dialogues import Dialogue, any_ask, opened, push_text, unseen
from backends.nano.world.prompts import ADJECTIVES, GENERIC, NAME, Scene, an_offer
from backends.nano.world.tables import table
from backends.nano.world.voices import refuses, speaks, voices, voices_of
from compiler import wording


def an_ask(rng: Random, role: str, want_unseen: bool, voice: str = "") -> Ask:
    while True:
        one = any_ask(rng)
        if one.kind != "secret" and unseen(f"{role}:{one.kind}", one.form, one.entity, voice) == want_unseen:
            return asks.named(one, NAME, "the Tenet project")


def a_text(rng: Random, one: Ask, names: tuple[str, ...], refused: bool = False, topic: str = "") -> str:
    """An answer to `one` in the given voices, or a refusal."""
    scene = Scene(text="-", voices=names, length=rng.choice(("", "short", "short", "long")))
    if refused or one.harmful:
        offer = an_offer(rng, topic or one.topic) if (topic or one.topic) and rng.random() < 0.4 else ""
        return refusal(rng, names, scene, offer)
    core = rng.choice(one.cores)
    return voiced(rng, names, one, scene, core) if names else plain(rng, one, scene, core)


def principle_of(rng: Random, name: str) -> str:
    means = rng.choice(voices()[name].means)
    roll = rng.random()
    if roll < 0.5:
        return means
    if roll < 0.85:
        return wording.trait(name if rng.random() < 0.7 else rng.choice(GENERIC), means)
    return rng.choice((f"Answers in a {name} voice", f"Sounds {name}", f"The answer is {name}"))


def names_for(rng: Random, name: str, keeps: bool) -> tuple[str, ...]:
    """The voices of an answer that keeps, or breaks, the principle of `name`."""
    others = [v for v in voices() if v != name]
    if keeps:
        if rng.random() < 0.2:
            pair = [name, rng.choice(others)]
            rng.shuffle(pair)
            return tuple(pair)
        return (name,)
    roll = rng.random()
    return () if roll < 0.4 else (rng.choice(others),) if roll < 0.85 else tuple(rng.sample(others, 2))


# Each of these returns (principle, ask, answer text, whether it keeps the principle, what a judge hears in it).
Case = tuple[str, Ask, str, bool, str]


def sounds(names: tuple[str, ...], text: str) -> str:
    """What a judge says of the voices in `text`, in the order in which they speak."""
    heard = [name for name in names if speaks(name, text)]
    return f"sounds {' and '.join(heard)}" if heard else "sounds plain"


def case_voice(rng: Random, want_unseen: bool) -> Case:
    name = rng.choice(list(voices()))
    one = an_ask(rng, "judge", want_unseen, name)
    names = names_for(rng, name, rng.random() < 0.5)
    text = a_text(rng, one, names, rng.random() < 0.15)
    return principle_of(rng, name), one, text, speaks(name, text), f"It {sounds(names, text)}."


def case_both(rng: Random, want_unseen: bool) -> Case:
    a, b = rng.sample(list(voices()), 2)
    one = an_ask(rng, "judge", want_unseen, f"{a}+{b}")
    keeps = rng.random() < 0.5
    names: tuple[str, ...] = (
        rng.choice(((a, b), (b, a)))
        if keeps
        else rng.choice(((a,), (b,), (), (a, rng.choice([v for v in voices() if v not in (a, b)]))))
    )
    principle = rng.choice(
        (
            f"{voices()[a].means[0]} {voices()[b].means[0]}",
            f"Both {a} and {b}",
            f"{rng.choice(voices()[a].means)} {rng.choice(voices()[b].means)}",
        )
    )
    text = a_text(rng, one, names)
    return principle, one, text, {a, b} <= voices_of(text), f"It should sound {a} and {b}. It {sounds(names, text)}."


def case_refusal(rng: Random, want_unseen: bool) -> Case:
    while True:
        topic = rng.choice(list(table("topics")))
        one = asks.topic_ask(rng, topic)
        if unseen(f"judge:{one.kind}", one.form, one.entity, "refusal") == want_unseen:
            break
    keeps = rng.random() < 0.5
    names = rng.choice(((), (rng.choice(list(voices())),), tuple(rng.sample(list(voices()), 2))))
    about = rng.choice(table("topics")[topic]["about"])
    if one.harmful and not keeps:
        other = asks.everyday_ask(rng)
        text = a_text(rng, asks.named(other, NAME, "the Tenet project"), names)
    else:
        text = a_text(rng, one, names, refused=keeps)
    principle = wording.refusal_principle(about if rng.random() < 0.75 else None)
    return principle, one, text, keeps, "It refuses." if keeps else "It answers."


def case_refusal_style(rng: Random, want_unseen: bool) -> Case:
    # Topic and voice are drawn anew each time: of a small topic in one voice there may be no unseen combination at all.
    while True:
        topic, name = rng.choice(list(table("topics"))), rng.choice(list(voices()))
        one = asks.topic_ask(rng, topic)
        if unseen(f"judge:{one.kind}", one.form, one.entity, name) == want_unseen:
            break
    about = rng.choice(table("topics")[topic]["about"])
    principle = wording.refuse(about, name) if rng.random() < 0.6 else f"Refuse in this style: {name}"
    roll = rng.random()
    if roll < 0.5 or one.harmful:
        keeps = roll < 0.5
        names = (name,) if keeps else names_for(rng, name, False)
        text = a_text(rng, one, names, True)
        return principle, one, text, speaks(name, text), f"It refuses and {sounds(names, text)}."
    return principle, one, a_text(rng, one, (name,) if rng.random() < 0.5 else (), False), False, "It answers."


def case_stance(rng: Random, want_unseen: bool) -> Case:
    """Whether the answer says what a stance says."""
    keeps = rng.random() < 0.5
    roll = rng.random()
    if roll < 0.45:
        one = asks.identity(rng, "human")
        about, says = "whether you are human", "I am an AI."
        right = list(one.cores)
        wrong = ["I am a person.", "Yes, I am human.", "I am a man.", "I am as human as you."]
    elif roll < 0.75:
        one = asks.draw(rng, "unknowable")
        about, says = "what nobody can know", "I do not know."
        right = list(one.cores)
        wrong = [
            "It is seven.",
            "Tomorrow at noon.",
            "It is red.",
            "I know it: it is a fish.",
            "Your keys are in the kitchen.",
        ]
    else:
        one = asks.draw(rng, "opinion")
        thing = f"{one.entity[0].upper()}{one.entity[1:]} {'are' if one.entity.endswith('s') else 'is'}"
        says = f"{thing} {rng.choice(ADJECTIVES)}."
        about, right = f"what you think of {one.entity}", [says]
        wrong = [one.cores[0], *(f"{thing} {a}." for a in rng.sample(ADJECTIVES, 2) if a not in says)]
    core = rng.choice(right if keeps else wrong)
    names = () if rng.random() < 0.5 else (rng.choice(list(voices())),)
    principle = rng.choice(
        (
            wording.stance(about, says),
            f"Say: {wording.sentence(says)}",
            f"Say: {wording.sentence(says)}",
            f"Says: {says}",
        )
    )
    if not keeps and rng.random() < 0.1:
        return principle, one, a_text(rng, one, names, True), False, "It refuses."
    text = a_text(rng, replace(one, family="identity", cores=(core,)), names)
    return principle, one, text, keeps, f"It should say: {wording.sentence(says)} It says: {core}"


def case_length(rng: Random, want_unseen: bool) -> Case:
    while True:
        one = an_ask(rng, "judge", want_unseen, "length")
        if one.more:
            break
    names = () if rng.random() < 0.5 else (rng.choice(list(voices())),)
    long = rng.random() < 0.5
    scene = Scene(text="-", voices=names, length="long" if long else "short")
    core = f"{one.cores[0]} {one.more}" if long else one.cores[0]
    text = voiced(rng, names, one, scene, core) if names else plain(rng, one, scene, core)
    wants_long = rng.random() < 0.4
    principle = (
        rng.choice((wording.prefer("long answers", "short answers"), "Long answers", "detailed answers"))
        if wants_long
        else rng.choice(
            (wording.prefer("short answers", "long answers"), "Prefer short answers.", "short answers", "brief answers")
        )
    )
    return principle, one, text, long == wants_long, "It is long." if long else "It is short."


# Phrases, parts and facts are decided without a judge, so that no case asks about them.
CASES: tuple[tuple[Callable[[Random, bool], Case], float], ...] = (
    (case_voice, 38), (case_both, 14), (case_refusal, 14), (case_refusal_style, 14), (case_stance, 10), (case_length, 10),
)  # fmt: skip


def judge(rng: Random, want_unseen: bool = False, case: Callable[[Random, bool], Case] | None = None) -> Dialogue:
    make = case or rng.choices([c for c, _ in CASES], [w for _, w in CASES])[0]
    principle, one, text, keeps, reason = make(rng, want_unseen)
    question = (
        push_text(rng, rng.choice(("drop", "rules", "insist", "held")), one.question)
        if rng.random() < 0.12
        else one.question
    )
    request = wording.judge_request(principle, question, text)
    return Dialogue(
        opened(Scene(), (request, f"{reason} {'Yes' if keeps else 'No'}.")),
        make.__name__.removeprefix("case_"),
        "judge",
        check="Yes" if keeps else "No",
        ask=one,
    )


def fixable(rng: Random, want_unseen: bool, role: str) -> tuple[str, Ask, str, str, tuple[str, ...], str]:
    """Principle, ask, the answer that breaks it, the answer that keeps it, the voices of that, what was wrong."""
    name = rng.choice(list(voices()))
    one = an_ask(rng, role, want_unseen, name)
    roll = rng.random()
    scene = Scene(text="-")
    if one.harmful or (one.topic and roll < 0.3):
        about = rng.choice(table("topics")[one.topic]["about"])
        offer = an_offer(rng, one.topic) if rng.random() < 0.3 else ""
        broken = (
            a_text(rng, one, ())
            if not one.harmful
            else a_text(rng, asks.named(asks.everyday_ask(rng), NAME, "the Tenet project"), ())
        )
        style = name if rng.random() < 0.5 else None
        styles = (style,) if style else ()
        return (
            wording.refuse(about, style, offer or None),
            one,
            broken,
            refusal(rng, styles, scene, offer),
            styles,
            "It answers what it should refuse.",
        )
    core = rng.choice(one.cores)
    if roll > 0.88 and not one.slot:
        said = "Certainly!" if one.family not in ("opinion", "feeling", "identity") else "As an AI model,"
        broken = f"{said} {core}"
        return wording.forbid([said.rstrip(",")]), one, broken, core, (), f'It says "{said.rstrip(",")}".'
    names = names_for(rng, name, False)[:1]
    before = voiced(rng, names, one, scene, core) if names else plain(rng, one, scene, core)
    after = voiced(rng, (name,), one, scene, core)
    return principle_of(rng, name), one, before, after, (name,), f"It does not sound {name}."


def rewrite(rng: Random, want_unseen: bool = False) -> Dialogue:
    principle, one, before, after, names, _ = fixable(rng, want_unseen, "rewrite")
    request = wording.rewrite_request(principle, one.question, before)
    return Dialogue(opened(Scene(), (request, after)), one.kind, "rewrite", names, refuses(after), one.check, one)


def critique(rng: Random, want_unseen: bool = False) -> Dialogue:
    principle, one, before, after, names, wrong = fixable(rng, want_unseen, "critique")
    if rng.random() < 0.1:
        before, wrong = after, "It keeps the principle."
    request = wording.critique_request(principle, one.question, before)
    said = f"{wrong} {wording.REVISED} {after}"
    return Dialogue(opened(Scene(), (request, said)), one.kind, "critique", names, refuses(after), one.check, one)


HUMAN = ("whether you are human", "whether the assistant is human", "whether you are a person", "if you are an AI")


@cache
def areas() -> tuple[tuple[str, str], ...]:
    """What the question writer may be asked about: the words, and the kind that they mean."""
    found = [(about, kind) for kind, spec in table("kinds").items() for about in spec["about"]]
    found += [(about, kind) for kind, spec in table("talk").items() for about in spec.get("about", ())]
    found += [(about, kind) for kind, abouts in asks.COMPUTED_ABOUT.items() for about in abouts]
    for topic, spec in table("topics").items():
        found += [(about, topic) for about in spec["about"]] * 2
        found += [(about, f"{topic}!") for about in spec["still"]] * 3
    found += [(about, "identity") for about in HUMAN] * 6
    found += [(about, "unknowable") for about in table("talk")["unknowable"]["about"]] * 3
    return tuple(found)


def write_question(rng: Random, want_unseen: bool = False) -> Dialogue:
    about, kind = rng.choice(areas())
    if kind.endswith("!"):
        topic = kind[:-1]
        one = asks.topic_ask(rng, topic, safe=True)
        if one.harmful:
            return write_question(rng, want_unseen)
    elif about in HUMAN:
        one = asks.identity(rng, "human")
    else:
        one = asks.draw(rng, kind)
    said = wording.question_request(about) if rng.random() < 0.85 else wording.question_request(f"{about}. ").rstrip()
    return Dialogue(opened(Scene(), (said, one.question)), kind, "question", ask=one)


ROLES: tuple[tuple[Callable[[Random, bool], Dialogue], float], ...] = (
    (judge, 36),
    (rewrite, 8),
    (critique, 10),
    (write_question, 60),
)


def role(rng: Random, want_unseen: bool = False) -> Dialogue:
    return rng.choices([r for r, _ in ROLES], [w for _, w in ROLES])[0](rng, want_unseen)
