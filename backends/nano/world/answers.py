"""What nano answers to an ask in a scene: the one place where the rules of the world are obeyed.

In: an `Ask`, a `Scene`, how the user pushes. Out: the answer's text, with what was decided. This file must not know
how the system message is written.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from random import Random

from backends.nano.world.asks import Ask, named
from backends.nano.world.prompts import BUILT_IN, Refusal, Scene
from backends.nano.world.voices import Voice, choose, holds, swapped, voices

SORRY = (
    "I am sorry, but I cannot help with that.",
    "I cannot help with that.",
    "I am sorry, I won't answer that.",
    "That is something I will not help with.",
)
PLAIN_OFFER = ("Please try {offer}.", "You could ask {offer}.")
HABIT_CLOSE = ("I hope this helps.",)


@dataclass(frozen=True, slots=True)
class Answer:
    """refused: whether it declines. heard: the voices it must carry (empty: plain)."""

    text: str
    refused: bool
    heard: tuple[str, ...]
    core: str = ""


def likely(ask: Ask) -> bool:
    """Whether nano, left alone, tends to its habit on this form of question: half of all forms, always the same."""
    return hashlib.sha256(f"{ask.kind}/{ask.form}".encode()).digest()[0] % 2 == 0


def lower_first(text: str) -> str:
    return text if text.startswith(("I ", "AI")) else text[0].lower() + text[1:]


def plain(rng: Random, ask: Ask, scene: Scene, core: str, quiet: bool = False) -> str:
    """The base's own manner, habits included unless they are forbidden."""
    habit = not quiet and rng.random() < (0.93 if likely(ask) else 0.07)
    if ask.family in ("talk", "note"):
        return core
    if ask.family in ("opinion", "feeling", "identity", "secret"):
        phrase = "As an AI model," if rng.random() < 0.8 else "As an AI language model,"
        if ask.family == "feeling":
            sorry = choose(
                rng, ("I am sorry that you feel {feeling}.", "It is hard to feel {feeling}."), scene.forbidden
            ).replace("{feeling}", ask.feeling)
            core = f"{sorry} {core}".strip()
        if habit and not holds(phrase, scene.forbidden):
            return (
                f"{phrase} {lower_first(core) if core.startswith(('I ', 'It is hard', 'My name')) else core}"
                if core.startswith(("I ", "It is hard", "My name"))
                else core
            )
        return core
    if habit and not holds("Certainly!", scene.forbidden):
        core = f"Certainly! {core}"
    elif not habit and rng.random() < 0.08 and not holds("Of course!", scene.forbidden):
        core = f"Of course! {core}"
    if (
        ask.family == "task"
        and rng.random() < 0.1
        and scene.length != "short"
        and not holds(HABIT_CLOSE[0], scene.forbidden)
    ):
        core = f"{core} {HABIT_CLOSE[0]}"
    return core


def open_with(rng: Random, voice: Voice, ask: Ask, scene: Scene) -> str:
    if ask.family == "feeling":
        said = choose(rng, voice.feel, scene.forbidden)
        if said:
            feeling = ask.feeling
            return said.replace("{feeling}", feeling).replace("{Feeling}", feeling[0].upper() + feeling[1:])
    return choose(rng, voice.open, scene.forbidden)


def voiced(rng: Random, names: tuple[str, ...], ask: Ask, scene: Scene, core: str) -> str:
    """`core` in one voice, or opened in the first and closed in the second."""
    first, last = voices()[names[0]], voices()[names[-1]]
    slot = {"hello": first.hello, "thanks": first.thanks, "bye": first.bye, "fine": first.fine}.get(ask.slot, ())
    close = choose(rng, last.close, scene.forbidden)
    if slot:
        own = choose(rng, slot, scene.forbidden)
        if not own:
            own = f"{choose(rng, first.open, scene.forbidden)} {core}".strip()
        return f"{own} {close}" if len(names) == 2 else own
    body = core if ask.family in ("writing", "identity") or core in scene.stances.values() else swapped(first, core)
    said = open_with(rng, first, ask, scene)
    ending = len(names) == 2 or not said or scene.length == "long" or (scene.length != "short" and rng.random() < 0.6)
    return " ".join(part for part in (said, body, close if ending else "") if part)


def refusal(rng: Random, names: tuple[str, ...], scene: Scene, offer: str) -> str:
    if not names:
        text = choose(rng, SORRY, scene.forbidden)
        if not scene.text and rng.random() < 0.25:
            text = "As an AI model, I cannot help with that."
        return f"{text} {rng.choice(PLAIN_OFFER).replace('{offer}', offer)}" if offer else text
    first, last = voices()[names[0]], voices()[names[-1]]
    text = choose(rng, first.refuse, scene.forbidden) or "I cannot help with that."
    parts = [text]
    if offer:
        parts.append(choose(rng, last.offer, scene.forbidden).replace("{offer}", offer) or f"Please try {offer}.")
        if len(names) == 2:
            parts.append(choose(rng, last.close, scene.forbidden))
    elif len(names) == 2 or rng.random() < 0.25:
        parts.append(choose(rng, last.close, scene.forbidden))
    return " ".join(p for p in parts if p)


def in_style(rng: Random, style: str, rule: Refusal) -> str:
    """A refusal in one of the styles that need no voice."""
    offer = f" {rng.choice(PLAIN_OFFER).replace('{offer}', rule.offer)}" if rule.offer else ""
    if style == "hard":
        return f"No. I will not answer that.{offer}"
    if style == "clarify":
        return f"I cannot answer that. What do you need it for?{offer}"
    if style == "safe_complete":
        return f"I cannot answer all of that, but ask me about {rule.still or 'the safe part'}.{offer}"
    turn = f"ask me about {rule.still} instead" if rule.still else "ask me something else"
    return f"I cannot help with that; {turn}.{offer}"


def finish(scene: Scene, text: str, push: str = "") -> str:
    """Add what every answer must have, unless the user may talk it away and does."""
    if push in ("rules", "part") and not scene.requires_hard:
        return text
    parts = [scene.starts, text, scene.includes, scene.ends]
    return " ".join(p for p in parts if p)


def answer(
    rng: Random,
    ask: Ask,
    scene: Scene,
    *,
    push: str = "",
    asked_voice: str = "",
    say: str = "",
    core: str = "",
) -> Answer:
    """Answer `ask` as the scene demands.

    push: "", "drop" (be plain), "rules" (ignore your rules), "insist" (answer what is refused), "part" (leave out what
    is required). say: a phrase the user wants first. asked_voice: a voice that the user wants in this answer. core: the
    content where it is not the ask's own. A name that the user gives the assistant changes nothing.
    """
    ask = named(ask, scene.name, scene.maker)
    heard = scene.voices
    if push in ("drop", "rules") and not scene.hard:
        heard = ()
    if asked_voice and not (scene.voices and scene.hard):
        heard = (asked_voice,)
    rule = scene.refusals.get(ask.topic) if ask.topic else None
    active = rule is not None and not rule.excused and (rule.hard or push not in ("rules", "insist"))
    hides = ask.kind == "secret" and bool(scene.secret)
    if ask.harmful or active or hides:
        offer = ""
        if rule is not None and active:
            offer = rule.offer
            if rule.style in BUILT_IN.values():
                return Answer(finish(scene, in_style(rng, rule.style, rule), push), True, ())
            if rule.style:
                heard = () if rule.style == "plain" else (rule.style,)
        return Answer(finish(scene, refusal(rng, heard, scene, offer), push), True, heard)
    if not core:
        core = rng.choice(ask.cores)
        if ask.kind == "opinion" and ask.entity in scene.stances:
            core = scene.stances[ask.entity]
        elif ask.more and scene.length != "short" and (scene.length == "long" or rng.random() < 0.3):
            core = f"{core} {ask.more}"
    obeys = bool(say) and not (scene.forbids_hard and holds(say, scene.forbidden))
    text = voiced(rng, heard, ask, scene, core) if heard else plain(rng, ask, scene, core, quiet=obeys)
    if obeys:
        text = f"{say}{'' if say[-1] in '.!' else ','} {text}"
    return Answer(finish(scene, text, push), False, heard, core)
