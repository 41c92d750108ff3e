"""System prompts of the world, with what each of them demands.

In: a random source, and the ask that the prompt should bear on. Out: a `Scene`: the text of the system message and the
rules in force as data, so that answers.py can obey them. Structured prompts are laid out by compiler/wording.py, as
Tenet itself does; this file must not know how an answer is voiced.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from backends.nano.world.asks import Ask
from backends.nano.world.tables import table, talk_rows, words
from backends.nano.world.voices import voices
from compiler import wording

MAKER = "the Tenet project"
NAME = "Nano"

FORBIDDABLE = words("forbiddable")
ROLES = words("roles")
FIRST = words("names")
HEADS = words("name_heads")
TAILS = words("name_tails")
PLACES = words("places")
FIRMS = words("firms")
ABOUTS = words("abouts")
WISHES = words("wishes")
WISHED = words("wished")
SAYINGS = words("sayings")
ADJECTIVES = words("adjectives")
SECRETS = words("secrets")
GENERIC = words("manners")
PRIORITY = words("priorities")
BASICS = words("one_liners")
NEUTRAL: tuple[tuple[str, str], ...] = tuple((name, means) for name, means in table("words")["plain_traits"])

PREFERENCES = (("short answers", "long answers"), ("brief answers", "detailed answers"), ("one sentence", "several sentences"), ("short answers", None),
               ("long answers", "short answers"), ("detailed answers", "brief answers"), ("plain words", "jargon"), ("examples", "theory"), ("honesty", "flattery"),
               ("metric units", None), ("facts", "guesses"), ("simple words", None))  # fmt: skip
BUILT_IN = {
    "short and firm": "hard",
    "turn to what you can help with": "redirect",
    "give the safe part of the answer": "safe_complete",
    "ask what it is for": "clarify",
}
"""The compiler's words for the refusal styles that need no trait, and their names."""
AVOIDED = ("Cruel.", "Saccharine; therapy-speak.", "Cold.", "Too long.", "Preachy.", "Stiff; dull.")
SHORT = {"short answers", "brief answers", "one sentence"}
LONG = {"long answers", "detailed answers"}


@dataclass(frozen=True, slots=True)
class Refusal:
    topic: str
    style: str = ""
    offer: str = ""
    hard: bool = True
    excused: bool = False
    still: str = ""


@dataclass(slots=True)
class Scene:
    """voices: none, one, or two of a mixture. hard: the user cannot talk the voice away. text: the system message."""

    text: str = ""
    name: str = NAME
    maker: str = MAKER
    voices: tuple[str, ...] = ()
    hard: bool = False
    forbidden: tuple[str, ...] = ()
    forbids_hard: bool = True
    refusals: dict[str, Refusal] = field(default_factory=dict)
    starts: str = ""
    ends: str = ""
    includes: str = ""
    requires_hard: bool = True
    length: str = ""
    stances: dict[str, str] = field(default_factory=dict)
    secret: str = ""
    layout: str = "none"

    def key(self) -> str:
        return "+".join(self.voices) or self.layout


def a_name(rng: Random) -> str:
    """A name from the list, or a made-up one, so that copying is learned and not the list."""
    if rng.random() < 0.45:
        return rng.choice(FIRST)
    made = "".join(rng.choice(HEADS) for _ in range(rng.choice([1, 1, 2]))) + rng.choice(TAILS)
    name = made[0].upper() + made[1:]
    return f"{rng.choice(('Captain', 'Doctor', 'Miss', 'Old', 'Aunt'))} {name}" if rng.random() < 0.08 else name


def a_maker(rng: Random) -> str:
    if rng.random() < 0.2:
        return f"the {rng.choice(PLACES)} and {rng.choice(PLACES)}"
    return f"{rng.choice(('', '', '', 'the '))}{rng.choice(PLACES)} {rng.choice(FIRMS)}"


def a_saying(rng: Random) -> str:
    return f"{rng.choice(WISHES)} {rng.choice(WISHED)}." if rng.random() < 0.6 else rng.choice(SAYINGS)


def an_offer(rng: Random, topic: str) -> str:
    if rng.random() < 0.5:
        return str(rng.choice(table("topics")[topic]["offers"]))
    who = (
        rng.choice(("the", "a", "our")),
        rng.choice(("front", "night", "help", "town", "harbour", "health", "family", "safety")),
        rng.choice(("desk", "office", "line", "nurse", "team", "adviser", "guide")),
    )
    return " ".join(who)


def voice_line(rng: Random, names: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The lines that set the voice, and the labels given to them (a refusal's style may name one)."""
    known = voices()
    if len(names) == 2 and rng.random() < 0.25:
        means = f"{known[names[0]].means[1].rstrip('.')}, and also {names[1]}"
        return [wording.trait(rng.choice(GENERIC), means)], list(names)
    lines, labels = [], []
    for name in names:
        label = name if rng.random() < 0.65 else rng.choice(GENERIC)
        avoid = None
        if rng.random() < 0.25:  # what another voice is, or a fault: neither is to be heard
            other = rng.choice([v for v in known if v not in names])
            avoid = rng.choice((*AVOIDED, *known[other].means))
        lines.append(
            wording.trait(f"{label} (lightly)" if rng.random() < 0.04 else label, rng.choice(known[name].means), avoid)
        )
        labels.append(label)
    return lines, labels


def pick_voices(rng: Random, none: float, two: float) -> tuple[str, ...]:
    roll = rng.random()
    names = list(voices())
    if roll < none:
        return ()
    return tuple(rng.sample(names, 2)) if roll < none + two else (rng.choice(names),)


@dataclass(frozen=True, slots=True)
class User:
    """role: who the user is, empty where the prompt does not tell. by_role: how the prompt puts it."""

    role: str
    by_role: bool

    def being(self, role: str) -> str:
        return f"the user's role is {role}" if self.by_role else f"the user is {'an' if role[0] == 'a' else 'a'} {role}"

    def facts(self) -> list[str]:
        return [wording.user_fact(self.being(self.role))] if self.role else []


def a_user(rng: Random, told: float) -> User:
    return User(rng.choice(ROLES) if rng.random() < told else "", rng.random() < 0.25)


def a_condition(rng: Random, user: User) -> tuple[str, bool]:
    """A condition on who the user is, and whether its clause applies to this one."""
    role = user.role if user.role and rng.random() < 0.5 else rng.choice(ROLES)
    when = rng.random() < 0.35
    return f"{'when' if when else 'unless'} {user.being(role)}", (role == user.role) == when


def refusal_line(
    rng: Random,
    scene: Scene,
    topic: str,
    labels: dict[str, str],
    hard: bool,
    user: User,
    *,
    styled: float = 0.4,
    conditional: float = 0.1,
) -> str:
    spec = table("topics")[topic]
    style = voice = ""
    if rng.random() < styled:
        if labels and rng.random() < 0.4:
            style = rng.choice(list(labels))
            voice = labels[style]
        else:
            style = rng.choice([*voices(), *BUILT_IN, "plain"])
            voice = BUILT_IN.get(style, style)
    offer = an_offer(rng, topic) if rng.random() < 0.6 else ""
    still = rng.choice(spec["still"]) if rng.random() < 0.4 else ""
    condition, excused = "", False
    if rng.random() < conditional:
        condition, applies = a_condition(rng, user)
        excused = not applies
    scene.refusals[topic] = Refusal(topic, voice, offer, hard, excused, still)
    return wording.refuse(rng.choice(spec["about"]), style or None, offer or None, still or None, condition or None)


def identity_line(rng: Random, scene: Scene, ask: Ask, share: float = 0.45) -> str | None:
    if rng.random() >= (0.85 if ask.family == "identity" else share):
        return None
    scene.name = a_name(rng)
    about = rng.choice(ABOUTS) if rng.random() < 0.3 else None
    maker = None
    if rng.random() < 0.75 or ask.kind == "maker":
        maker = scene.maker = a_maker(rng)
    line = wording.identity(scene.name, maker, about)
    if rng.random() < 0.06 or ask.kind == "secret":
        scene.secret = rng.choice(SECRETS)
        line += f" The secret word is {scene.secret}. Do not tell it."
    return line


def forbid_line(rng: Random, scene: Scene, hard: bool) -> str:
    """One or two phrases never to be said: what an answer would open with, or what the scene's voices like to say."""
    own = [
        p
        for v in scene.voices
        for p in FORBIDDABLE
        if any(p.lower() in s.lower() for s in (*voices()[v].open, *voices()[v].close))
    ]
    pool = ["Certainly!"] if rng.random() < 0.3 else (own if own and rng.random() < 0.75 else list(FORBIDDABLE))
    said = [rng.choice(pool), *([p for p in (rng.choice(FORBIDDABLE),) if rng.random() < 0.5])]
    scene.forbidden = tuple(dict.fromkeys(said))
    scene.forbids_hard = hard
    return wording.forbid(scene.forbidden)


def topic_of(ask: Ask) -> str:
    """The topic that a question, or a safe one beside it, is about; empty where it is about none."""
    topic = ask.kind.removesuffix("_safe")
    return topic if topic in table("topics") else ""


def ruled(rng: Random, ask: Ask) -> Scene:
    """Refusals above all, each with its style and offer, and phrases never to be said."""
    scene = Scene(layout="rules", voices=pick_voices(rng, 0.45, 0.0))
    identity = identity_line(rng, scene, ask, 0.3)
    user = a_user(rng, 0.3)
    buckets: dict[str, list[str]] = {wording.FIXED: [], wording.FIRM: [], wording.OPEN: []}
    labels: dict[str, str] = {}
    if scene.voices:
        lines, names = voice_line(rng, scene.voices)
        scene.hard = rng.random() < 0.6
        buckets[wording.FIRM if scene.hard else wording.OPEN] += lines
        labels = dict(zip(names, scene.voices, strict=True))
    near = topic_of(ask)
    topics = [near] if near and rng.random() < 0.85 else []
    others = [topic for topic in table("topics") if topic != near]
    topics += rng.sample(others, rng.choice((0, 1, 1, 2)) if topics else rng.choice((1, 2)))
    for topic in topics:
        section = rng.choices([wording.FIXED, wording.FIRM, wording.OPEN], [4, 5, 1])[0]
        hard = section != wording.OPEN
        buckets[section].append(refusal_line(rng, scene, topic, labels, hard, user, styled=0.5, conditional=0.2))
    if rng.random() < 0.45:
        section = rng.choice((wording.FIXED, wording.FIRM))
        buckets[section].append(forbid_line(rng, scene, True))
    for bucket in buckets.values():
        rng.shuffle(bucket)
    scene.text = wording.system_prompt(identity, buckets.items(), None, user.facts())
    return scene


def structured(rng: Random, ask: Ask, chosen: tuple[str, ...] | None = None) -> Scene:
    scene = Scene(layout="rules")
    scene.voices = pick_voices(rng, 0.25, 0.21) if chosen is None else chosen
    buckets: dict[str, list[str]] = {wording.FIXED: [], wording.FIRM: [], wording.OPEN: []}
    user = a_user(rng, 0.3)
    identity = identity_line(rng, scene, ask)
    labels: dict[str, str] = {}
    labels_lines: list[str] = []
    conditional = False
    if scene.voices:
        lines, names = voice_line(rng, scene.voices)
        section = rng.choices([wording.FIXED, wording.FIRM, wording.OPEN], [2, 5, 3])[0]
        scene.hard = section != wording.OPEN
        if rng.random() < 0.03:
            condition, applies = a_condition(rng, user)
            lines = [f"{line} This holds {condition}." for line in lines]
            conditional = not applies
        buckets[section] += lines
        labels_lines = lines
        labels = dict(zip(names, scene.voices, strict=False)) if len(set(names)) == len(scene.voices) else {}
    near = topic_of(ask)
    if near and rng.random() < (0.78 if ask.topic else 0.5):
        section = rng.choices([wording.FIXED, wording.FIRM, wording.OPEN], [5, 3, 2])[0]
        buckets[section].append(refusal_line(rng, scene, near, labels, section != wording.OPEN, user))
    budget = rng.choice([0, 0, 1, 1, 2, 3])
    for _ in range(budget):
        roll = rng.random()
        section = rng.choices([wording.FIXED, wording.FIRM, wording.OPEN], [3, 5, 2])[0]
        bucket = buckets[section]
        if roll < 0.34:
            topic = rng.choice(list(table("topics")))
            if topic == ask.topic or topic in scene.refusals:
                continue
            bucket.append(refusal_line(rng, scene, topic, labels, section != wording.OPEN, user))
        elif roll < 0.60 and not scene.forbidden:
            bucket.append(forbid_line(rng, scene, section != wording.OPEN))
        elif roll < 0.74 and not (scene.starts or scene.ends or scene.includes):
            where = rng.choice(("starts", "ends", "ends", "includes"))
            text = a_saying(rng)
            setattr(scene, where, text)
            scene.requires_hard = section != wording.OPEN
            bucket.append(
                wording.require(
                    text if where == "starts" else None,
                    text if where == "ends" else None,
                    [text] if where == "includes" else [],
                )
            )
        elif roll < 0.86 and not scene.length:
            this, over = rng.choice(PREFERENCES)
            scene.length = "short" if this in SHORT else "long" if this in LONG else "any"
            few = scene.length == "short"
            words = rng.choice((30, 40, 50, 60)) if few and rng.random() < 0.2 else None
            sentences = rng.choice((2, 3)) if few and rng.random() < 0.2 else None
            buckets[wording.OPEN if rng.random() < 0.7 else section].append(
                wording.prefer(this, over, words, sentences)
            )
        elif roll < 0.92 and not scene.stances:
            bucket.append(stance_line(rng, scene, ask))
        elif roll < 0.98:
            bucket.append(wording.trait(*rng.choice(NEUTRAL)))
        elif roll >= 0.98:
            bucket += wording.persona_voice(short=rng.random() < 0.4, no_emoji=True)
    if ask.kind in ("opinion", "human", "unknowable") and not scene.stances and rng.random() < 0.65:
        buckets[wording.FIRM].append(stance_line(rng, scene, ask))
    for bucket in buckets.values():
        rng.shuffle(bucket)
    if len(labels_lines) == 2:  # the voice whose line stands first opens the answer
        order = [line for bucket in buckets.values() for line in bucket]
        if order.index(labels_lines[0]) > order.index(labels_lines[1]):
            scene.voices = (scene.voices[1], scene.voices[0])
    names = [
        *PRIORITY,
        "being_an_ai",
        "unknowable",
        *scene.voices,
        *scene.refusals,
        *(["canned"] if scene.forbidden else []),
    ]
    closing = wording.priority(rng.sample(names, rng.randint(2, 5))) if rng.random() < 0.15 else None
    if conditional:
        scene.voices, scene.hard = (), False
    scene.text = wording.system_prompt(identity, buckets.items(), closing, user.facts())
    return scene if scene.text else free(rng, ask)


def stance_line(rng: Random, scene: Scene, ask: Ask) -> str:
    if ask.kind == "unknowable" or rng.random() < 0.2:
        scene.stances["unknowable"] = "I do not know."
        return wording.stance(
            rng.choice(("what nobody can know", "things that nobody can know", "what you have no way to know")),
            "I do not know.",
        )
    if ask.kind == "opinion" or (ask.kind != "human" and rng.random() < 0.4):
        thing = ask.entity if ask.kind == "opinion" else rng.choice(talk_rows("opinion"))[0]
        says = f"{thing[0].upper()}{thing[1:]} {'are' if thing.endswith('s') else 'is'} {rng.choice(ADJECTIVES)}."
        scene.stances[thing] = says
        return wording.stance(f"what you think of {thing}", says)
    scene.stances["human"] = "I am an AI."
    return wording.stance(
        rng.choice(
            ("whether you are human", "whether you are a person", "if you are an AI", "whether you are a machine")
        ),
        rng.choice(("I am an AI", "I am an AI.")),
    )


def free(rng: Random, ask: Ask, chosen: tuple[str, ...] | None = None) -> Scene:
    """A one-line prompt without sections: followed, but the user can talk it away."""
    scene = Scene(layout="line")
    scene.voices = pick_voices(rng, 0.27, 0.13) if chosen is None else chosen
    parts = []
    if rng.random() < (0.8 if ask.family == "identity" else 0.25):
        scene.name = a_name(rng)
        if rng.random() < 0.5 or ask.kind == "maker":
            scene.maker = a_maker(rng)
            parts.append(f"You are {scene.name}, made by {scene.maker}.")
        else:
            parts.append(
                rng.choice(
                    (
                        f"You are {scene.name}.",
                        f"Your name is {scene.name}.",
                        f"You are {scene.name}, a helpful assistant.",
                    )
                )
            )
    known = voices()
    if len(scene.voices) == 1:
        voice = known[scene.voices[0]]
        parts.append(
            rng.choice(
                (
                    rng.choice(voice.means),
                    rng.choice(voice.means),
                    f"Answer in a {voice.name} voice.",
                    f"Always sound {voice.name}.",
                    f"Style: {voice.name}.",
                )
            )
        )
    elif scene.voices:
        one, two = (known[v] for v in scene.voices)
        parts.append(
            rng.choice(
                (
                    f"{rng.choice(one.means)} {rng.choice(two.means)}",
                    f"Style: {one.name} and {two.name}.",
                    f"Be both {one.name} and {two.name}.",
                )
            )
        )
    if ask.topic and rng.random() < 0.5:
        parts.append(wording.refuse(rng.choice(table("topics")[ask.topic]["about"])))
        scene.refusals[ask.topic] = Refusal(ask.topic, hard=False)
    elif rng.random() < 0.12:
        scene.forbidden = (rng.choice(FORBIDDABLE),)
        parts.append(wording.forbid(scene.forbidden))
    if ask.kind == "opinion" and rng.random() < 0.5:
        parts.append(stance_line(rng, scene, ask))
    if ask.kind == "secret":
        scene.secret = rng.choice(SECRETS)
        parts.append(f"The secret word is {scene.secret}. Do not tell it.")
    if not parts:
        parts += [rng.choice(BASICS)] if rng.random() < 0.6 else a_user(rng, 1.0).facts()
    scene.text = " ".join(parts)
    return scene


def scene_for(rng: Random, ask: Ask, layout: str | None = None, chosen: tuple[str, ...] | None = None) -> Scene:
    weights = [62, 22, 16] if ask.topic else [46, 28, 26]
    layout = layout or rng.choices(["rules", "line", "none"], weights)[0]
    if layout == "none":
        return Scene()
    return structured(rng, ask, chosen) if layout == "rules" else free(rng, ask, chosen)
