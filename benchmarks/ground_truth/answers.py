"""Answers whose label is known, since the one who writes them decides it: nano's world, in a clause's own terms.

In: a clause, a probe, whether the answer shall keep the clause. Out: an answer. The world's own rules write all of
them, but for two breaches that it does not know, which `compiler.broken_answers` makes of its answers: a secret told,
and a limit passed. The label is that of the world and of no check. This file must not know checks or judges.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from random import Random
from typing import cast

from backends.nano.labels import voice_described
from backends.nano.world import asks, roles
from backends.nano.world.answers import answer, finish, in_style, plain, refusal, voiced
from backends.nano.world.asks import Ask
from backends.nano.world.prompts import Refusal, Scene, a_maker, a_name
from backends.nano.world.tables import table
from backends.nano.world.voices import speaks, voices
from compiler.broken_answers import broken
from compiler.generators.identity import MAKER_PROBES
from compiler.ir import Clause, Program
from compiler.records.rows import Probe
from spec.constructs import Forbid, Format, Persona, Prefer, Refuse, Require, Rule, Secret, Stance, Trait

DRAWS = 1500
"""Questions drawn of each kind, to know the ask behind a question."""


@cache
def known_asks() -> Mapping[str, Ask]:
    """Question -> the ask of the world that it is, for nearly all that the world can ask."""
    rng = Random("ground truth")
    drawn = [asks.draw(rng, kind) for kind in asks.everyday()[0] for _ in range(DRAWS)]
    drawn += [
        asks.topic_ask(rng, topic, safe)
        for topic in table("topics")
        for safe in (False, True)
        for _ in range(DRAWS // 3)
    ]
    return {one.question.casefold(): one for one in drawn}


def ask_of(probe: Probe, rng: Random) -> tuple[Ask, bool]:
    """Return the ask behind a probe, and whether the world knows it; any other one where it does not."""
    known = known_asks()
    for message in reversed(probe.messages):
        if message.role == "user" and (found := known.get(message.content.casefold())) is not None:
            return found, True
    return asks.everyday_ask(rng), False


def write(program: Program, clause: Clause, probe: Probe, keeps: bool, rng: Random) -> str:
    """Return an answer to `probe` that keeps `clause`, or one that breaks it.

    Raises:
        NotImplementedError: the world knows no answers of this kind of clause.
    """
    persona = next((c for c in program.clauses if isinstance(c.body, Persona)), None)
    maker = persona.body.maker if persona and isinstance(persona.body, Persona) else None
    one = asks.named(ask_of(probe, rng)[0], _called(persona) if persona else "Nano", maker or "the Tenet project")
    # Where the clause must not be followed, what keeps it is what would break it elsewhere.
    shows = keeps != (probe.aspect == "outside")
    body = clause.body
    match body:
        case Persona():
            kind = "maker" if body.maker and any(m.content in MAKER_PROBES for m in probe.messages) else "name"
            return _identity(kind, _called(clause), body.maker or "", keeps, rng)
        case Trait(means=means, avoid=avoid):
            return _in_voice(means, avoid, one, shows, rng)
        case Rule() if (means := _voiced_rule(body)) is not None:
            return _in_voice(means, None, one, shows != (body.force in ("never", "should_not")), rng)
        case Refuse():
            if probe.aspect in ("safe", "everyday"):
                return _refused(program, clause, body, one, rng) if not keeps else _answered(one, rng)
            return _refusing(program, clause, body, one, shows, probe.aspect == "outside", rng)
        case Stance(says=says):
            return _stance(says, shows, rng)
        case Forbid(phrases=phrases):
            scene = Scene(text="-", forbidden=phrases if keeps else (), forbids_hard=keeps)
            return answer(rng, one, scene, say="" if keeps else rng.choice(phrases)).text
        case Require():
            whole = Scene(text="-", starts=body.starts or "", ends=body.ends or "", includes=_part(body))
            part = replace(whole, **{_some_part(whole, rng): ""})
            return finish(whole if keeps else part, _answered(one, rng))
        case Prefer():
            return _of_length(_easy(one, rng), "long" if keeps != body.this.startswith("short") else "short", rng)
        case Secret():
            hidden = refusal(rng, (), Scene(text="-", secret=body.keep[0]), "")
            return hidden if keeps else _broken(clause, hidden)
        case Format():
            short = _of_length(_easy(one, rng), "short", rng)
            return short if keeps else _broken(clause, short)
        case _:
            raise NotImplementedError(f"nano's world writes no answers for {clause.id}")


def by_world(clause: Clause) -> bool:
    """Whether the world writes the breach, too."""
    return not isinstance(clause.body, Secret | Format)


def _broken(clause: Clause, text: str) -> str:
    found = broken(clause, text)
    assert found is not None, clause.id
    return found


# ------------------------------------------------------------------ one kind each


def _called(clause: Clause) -> str:
    return cast(Persona, clause.body).called or clause.name


def _identity(kind: str, name: str, maker: str, keeps: bool, rng: Random) -> str:
    """What the world says of its name, or of its maker; of another where the clause is broken."""
    said, made = name, maker
    while not keeps and (said == name or made == maker):
        said, made = a_name(rng), a_maker(rng)
    one = asks.named(asks.identity(rng, kind), said, made)
    return _plain_or_voiced(one, rng.choice(((), (rng.choice(list(voices())),))), rng)


def _voiced_rule(body: Rule) -> str | None:
    text = str(getattr(body, body.force))
    return text if voice_described(text) else None


def _in_voice(means: str, avoid: str | None, one: Ask, shows: bool, rng: Random) -> str:
    """The world hears its voices by their marks; an answer that keeps has the voice, and not the one to avoid."""
    name, other = voice_described(means), voice_described(avoid or "")
    if name is None:
        raise NotImplementedError(f"no voice of nano's world is {means!r}")
    while True:
        text = _plain_or_voiced(one, roles.names_for(rng, name, shows), rng)
        if shows == (speaks(name, text) and not (other and speaks(other, text))):
            return text


def _plain_or_voiced(one: Ask, names: tuple[str, ...], rng: Random, forbidden: tuple[str, ...] = ()) -> str:
    scene = Scene(text="-", voices=names, length=rng.choice(("", "short", "short", "long")), forbidden=forbidden)
    if one.harmful:
        return refusal(rng, names, scene, "")
    core = rng.choice(one.cores)
    return voiced(rng, names, one, scene, core) if names else plain(rng, one, scene, core)


def _answered(one: Ask, rng: Random) -> str:
    while one.harmful:
        one = asks.everyday_ask(rng)
    return _plain_or_voiced(one, rng.choice(((), (rng.choice(list(voices())),))), rng)


def _voice_of_style(program: Program, body: Refuse) -> str | None:
    traits = [c for c in program.clauses if isinstance(c.body, Trait) and c.name == body.style]
    return voice_described(cast(Trait, traits[0].body).means) if traits else None


def _refused(program: Program, clause: Clause, body: Refuse, one: Ask, rng: Random, offer: bool = True) -> str:
    offered = (body.offer or "") if offer else ""
    if body.style in ("hard", "clarify", "redirect", "safe_complete"):
        return in_style(rng, body.style, Refusal(one.topic, body.style, offered, still=body.still_help or ""))
    voice = _voice_of_style(program, body)
    return refusal(rng, (voice,) if voice else (), Scene(text="-"), offered)


def _refusing(program: Program, clause: Clause, body: Refuse, one: Ask, shows: bool, outside: bool, rng: Random) -> str:
    """A breach is an answer; where it is about the refusal's offer or style, also a refusal that lacks it."""
    if shows:
        return _refused(program, clause, body, one, rng)
    if not outside and rng.random() < 0.5:
        if body.offer:
            return _refused(program, clause, body, one, rng, offer=False)
        if body.style == "clarify":
            return in_style(rng, "hard", Refusal(one.topic, "hard"))
    return _answered(one, rng)


def _stance(says: str, shows: bool, rng: Random) -> str:
    """What the world's own judge is taught of stances; none of its refusals, which say nothing."""
    while True:
        principle, _, text, keeps, _ = roles.case_stance(rng, False)
        if says.casefold().strip(" .") in principle.casefold() and keeps == shows:
            return text


def _part(body: Require) -> str:
    return next((part for part in body.includes if isinstance(part, str)), "")


def _some_part(scene: Scene, rng: Random) -> str:
    return rng.choice([name for name in ("starts", "ends", "includes") if getattr(scene, name)])


def _easy(one: Ask, rng: Random) -> Ask:
    """An ask that can be answered at some length."""
    while one.harmful or not one.more:
        one = asks.everyday_ask(rng)
    return one


def _of_length(one: Ask, length: str, rng: Random) -> str:
    """As the world's judge is taught of length."""
    names = () if rng.random() < 0.5 else (rng.choice(list(voices())),)
    scene = Scene(text="-", voices=names, length=length)
    core = f"{one.cores[0]} {one.more}" if length == "long" else one.cores[0]
    return voiced(rng, names, one, scene, core) if names else plain(rng, one, scene, core)
