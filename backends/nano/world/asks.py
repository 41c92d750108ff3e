"""What a user may ask, with the content of a right answer.

In: a random source. Out: an `Ask`: the question and the sentences that answer it, before any voice. This file must
not know system prompts: what an answer looks like under one is decided in answers.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from random import Random

from backends.nano.world.tables import rows, table, talk_rows
from compiler.generators.identity import MAKER_PROBES, MAKER_TRAINING, NAME_PROBES, NAME_TRAINING

# Words that some voice changes; a check never contains one, so that it holds in every voice.
SWAPPED = {"is", "are", "you", "your", "my", "has", "does", "it", "that", "do", "not"}

AN = re.compile(r"\b([Aa]) (?=[aeioAEIO]|umbrella)")


@dataclass(frozen=True, slots=True)
class Ask:
    """cores: one of them answers. check: what a right answer contains (literal, whole words).

    family decides the habits and the openers: fact, task, feeling, opinion, talk, writing, identity, topic, secret.
    """

    kind: str
    family: str
    question: str
    form: int
    entity: str
    cores: tuple[str, ...] = ()
    more: str = ""
    check: str = ""
    feeling: str = ""
    topic: str = ""
    harmful: bool = False
    safe: bool = False
    slot: str = ""
    wrong: str = ""


def articles(text: str) -> str:
    """Put `an` before a vowel sound.

    >>> articles("A owl is a bird.")
    'An owl is a bird.'
    """
    return AN.sub(lambda m: m.group(1) + "n ", text)


def key_phrase(text: str) -> str:
    """The last three words in a row of `text` that no voice changes."""
    words = text.split()
    for size in (3, 2, 1):
        for start in reversed(range(len(words) - size + 1)):
            window = [w.strip(".,;:!?'\"") for w in words[start : start + size]]
            if not any(w.lower() in SWAPPED for w in window):
                return " ".join(words[start : start + size]).strip(".,;:!?")
    return text


def fill(text: str, row: tuple[str, ...]) -> str:
    for letter, value in zip("abcde", row, strict=False):
        text = text.replace("{" + letter + "}", value)
    return articles(text)


def pick_form(rng: Random, forms: list[str]) -> tuple[int, str]:
    form = rng.randrange(len(forms))
    return form, forms[form]


# ------------------------------------------------------------------ tables of facts


def fact(rng: Random, kind: str, entity: str | None = None) -> Ask:
    spec = table("kinds")[kind]
    all_rows = rows(spec["table"])
    row = next(r for r in all_rows if r[0] == entity) if entity else rng.choice(all_rows)
    form, text = pick_form(rng, spec["ask"])
    column = spec["check"].strip("{}")
    index = "abcde".index(column)
    others = sorted({r[index] for r in all_rows} - {row[index]})
    question = fill(text, row)
    return Ask(
        kind, "fact", question[0].upper() + question[1:] if rng.random() < 0.9 else question, form, row[0],
        tuple(fill(c, row) for c in spec["core"]), fill(spec.get("more", ""), row),
        key_phrase(row[index]) if SWAPPED & set(row[index].split()) else row[index],
        wrong=rng.choice(others),
    )  # fmt: skip


def capital_yes_no(rng: Random) -> Ask:
    row, other = rng.sample(rows("countries"), 2)
    right = rng.random() < 0.5
    said = row[1] if right else other[1]
    forms = ["Is {s} the capital of {a}?", "Is it true that {s} is the capital of {a}?", "{s} is the capital of {a}, right?",
             "Am I right that {s} is the capital of {a}?", "Yes or no: {s} is the capital of {a}?", "Would you say that {s} is the capital of {a}?"]  # fmt: skip
    form, text = pick_form(rng, forms)
    core = f"You say {said}, and the capital of {row[0]} is {row[1]}, so {'yes' if right else 'no'}."
    return Ask(
        "capital_yes_no",
        "fact",
        text.format(s=said, a=row[0]),
        form,
        row[0],
        (core,),
        check="so yes" if right else "so no",
        wrong=other[1],
    )


def compare(rng: Random) -> Ask:
    while True:
        one, two = rng.sample(rows("animals"), 2)
        if abs(int(one[4]) - int(two[4])) >= 2:
            break
    big = rng.random() < 0.5
    winner = max(one, two, key=lambda r: int(r[4])) if big else min(one, two, key=lambda r: int(r[4]))
    loser = two if winner is one else one
    word = "bigger" if big else "smaller"
    forms = ["Which is {w}, a {x} or a {y}?", "Is a {x} or a {y} {w}?", "What is {w}: a {x} or a {y}?", "Compare a {x} and a {y}: which one is {w}?",
             "Tell me which is {w}, the {x} or the {y}.", "Of a {x} and a {y}, which is {w}?"]  # fmt: skip
    form, text = pick_form(rng, forms)
    question = articles(text.format(w=word, x=one[0], y=two[0]))
    return Ask("compare", "fact", question, form, one[0], (articles(f"A {winner[0]} is {word} than a {loser[0]}."),),
               check=articles(f"{winner[0]} ").strip(), wrong=loser[0])  # fmt: skip


LISTS: dict[str, tuple[str, ...]] = {
    "birds": ("the eagle", "the owl", "the swan"), "reptiles": ("the snake", "the lizard", "the tortoise"),
    "insects": ("the bee", "the ant", "the butterfly"), "fish": ("the salmon", "the trout", "the tuna"),
    "amphibians": ("the frog", "the toad", "the newt"), "mammals": ("the lion", "the whale", "the rabbit"),
    "planets": ("Mercury", "Venus", "Earth"), "metals": ("iron", "copper", "zinc"), "gases": ("oxygen", "helium", "neon"),
    "string instruments": ("the violin", "the guitar", "the harp"), "brass instruments": ("the trumpet", "the tuba", "the horn"),
    "woodwind instruments": ("the flute", "the oboe", "the clarinet"), "percussion instruments": ("the drum", "the gong", "the triangle"),
    "countries in Europe": ("France", "Spain", "Poland"), "countries in Asia": ("Japan", "India", "Nepal"),
    "countries in Africa": ("Kenya", "Ghana", "Egypt"), "countries in South America": ("Peru", "Chile", "Brazil"),
    "red fruits": ("the cherry", "the strawberry", "the raspberry"), "green vegetables": ("spinach", "broccoli", "the cucumber"),
    "parts of a boat": ("the hull", "the mast", "the keel"), "garden tools": ("the spade", "the rake", "the trowel"),
    "dishes from Italy": ("pizza", "risotto", "lasagne"), "colours": ("red", "green", "blue"), "months": ("March", "June", "October"),
    "seasons": ("spring", "summer", "autumn"), "sailors' knots": ("the bowline", "the clove hitch", "the reef knot"),
}  # fmt: skip


def listing(rng: Random) -> Ask:
    name = rng.choice(list(LISTS))
    items = LISTS[name]
    forms = [
        "Name three {x}.",
        "Give me three {x}.",
        "List three {x}.",
        "Which {x} do you know? Name three.",
        "Tell me three {x}.",
        "I need three {x}.",
    ]
    form, text = pick_form(rng, forms)
    core = f"Three {name} are {items[0]}, {items[1]} and {items[2]}."
    return Ask(
        "listing",
        "fact",
        text.format(x=name),
        form,
        name,
        (core,),
        check=f"{items[0]}, {items[1]} and {items[2]}",
        wrong=items[0],
    )


def arithmetic(rng: Random) -> Ask:
    op = rng.choice(["plus", "minus", "times"])
    if op == "plus":
        x, y = rng.randint(1, 9), rng.randint(1, 9)
        value = x + y
    elif op == "minus":
        x = rng.randint(2, 10)
        y = rng.randint(1, x - 1)
        value = x - y
    else:
        x, y = rng.randint(2, 5), rng.randint(2, 9)
        value = x * y
    forms = [
        "What is {x} {o} {y}?",
        "How much is {x} {o} {y}?",
        "{x} {o} {y}?",
        "Work out {x} {o} {y}.",
        "Please calculate {x} {o} {y}.",
        "Tell me {x} {o} {y}.",
    ]
    form, text = pick_form(rng, forms)
    return Ask(
        "arithmetic",
        "fact",
        text.format(x=x, y=y, o=op),
        form,
        f"{x} {op} {y}",
        (f"{x} {op} {y} is {value}.",),
        check=str(value),
        wrong=str(value + rng.choice([1, 2, 3])),
    )


UNITS = [("metre", "centimetre", 100), ("kilometre", "metre", 1000), ("kilogram", "gram", 1000), ("hour", "minute", 60), ("minute", "second", 60),
         ("day", "hour", 24), ("week", "day", 7), ("dozen", "piece", 12), ("litre", "millilitre", 1000), ("year", "month", 12), ("centimetre", "millimetre", 10)]  # fmt: skip


def convert(rng: Random) -> Ask:
    unit, small, factor = rng.choice(UNITS)
    n = rng.randint(1, 9)
    many = unit if n == 1 or unit == "dozen" else unit + "s"
    forms = [
        "How many {s} are in {n} {u}?",
        "Convert {n} {u} to {s}.",
        "{n} {u} in {s}?",
        "What is {n} {u} in {s}?",
        "Tell me {n} {u} in {s}.",
        "How do I write {n} {u} in {s}?",
    ]
    form, text = pick_form(rng, forms)
    value = n * factor
    return Ask("convert", "fact", text.format(n=n, u=many, s=small + "s"), form, f"{n} {unit}", (f"{n} {many} make {value} {small}s.",), check=f"{value} {small}s",
               wrong=f"{value + factor} {small}s")  # fmt: skip


def repeat(rng: Random) -> Ask:
    """Words to say again, as they stand: copying, without anything to know."""
    pool = [r[0] for name in table("entities") for r in rows(name)]
    words = " ".join(rng.sample(pool, rng.choice((1, 2, 3, 4, 5))))
    forms = [
        "Repeat after me: {x}.",
        "Say this: {x}.",
        "Please repeat: {x}.",
        "Say {x}.",
        "Repeat these words: {x}.",
        "Write down: {x}.",
    ]
    form, text = pick_form(rng, forms)
    return Ask("repeat", "writing", text.format(x=words), form, words, (f"{words}.",), check=words)


@cache
def letter_words() -> tuple[str, ...]:
    return tuple(r[0] for name in ("animals", "tools", "fruits", "instruments") for r in rows(name) if " " not in r[0])


def first_letter(rng: Random) -> Ask:
    word = rng.choice(letter_words())
    forms = ["Which letter does the word {x} start with?", "What is the first letter of {x}?", "{x} starts with which letter?", "Tell me the first letter of {x}.",
             "With what letter does {x} begin?", "First letter of {x}?"]  # fmt: skip
    form, text = pick_form(rng, forms)
    return Ask("first_letter", "fact", text.format(x=word), form, word, (f"The word {word} starts with the letter {word[0].upper()}.",), check=f"letter {word[0].upper()}",
               wrong=f"letter {'M' if word[0] != 'm' else 'T'}")  # fmt: skip


# ------------------------------------------------------------------ talk, writing, advice

FAMILY = {"feeling": "feeling", "howto": "task", "recommend": "opinion", "opinion": "opinion", "joke": "writing", "email": "writing",
          "poem": "writing", "opposite": "fact", "unknowable": "opinion", "support": "task", "borderline": "task", "define": "fact"}  # fmt: skip


def spoken(rng: Random, kind: str) -> Ask:
    spec = table("talk")[kind]
    row = rng.choice(talk_rows(kind))
    form, text = pick_form(rng, spec["ask"])
    answer = row[2] if kind == "feeling" else row[1]
    core = fill(spec["core"], row) if "core" in spec else answer
    question = text.replace("{a}", row[0])
    check = row[1] if "core" in spec else key_phrase(answer)
    if kind == "unknowable":
        check = "know"
    wrong = next(r for r in (rng.choice(talk_rows(kind)) for _ in range(9)) if r != row)
    if kind == "feeling" and form >= 4 and rng.random() < 0.5:
        question = question.replace("so, I ", "So, I ")
    return Ask(kind, FAMILY[kind], question, form, row[0], (core,), check=check, feeling=row[1] if kind == "feeling" else "", safe=kind == "borderline",
               wrong=wrong[-1])  # fmt: skip


TALK: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "greeting": ("hello", ("Hello!", "Hi there.", "Good morning!", "Good evening.", "Hello, can we talk?", "Hi!", "Greetings."), ("Hello! What can I do for you?", "Hello, it is good to see you.")),
    "thanks": ("thanks", ("Thank you!", "Thanks a lot.", "That helped, thank you.", "Many thanks.", "Thanks, that was kind.", "I am grateful."), ("You are welcome.",)),
    "goodbye": ("bye", ("Goodbye!", "Bye, I have to go.", "See you later.", "Good night.", "I am leaving now. Bye.", "Until next time."), ("Goodbye, and have a good day.",)),
    "how_are_you": ("fine", ("How are you?", "How are you today?", "Are you well?", "How is it going?", "How do you feel?", "Everything fine with you?"), ("I am well, thank you.",)),
}  # fmt: skip


def small_talk(rng: Random) -> Ask:
    kind = rng.choice(list(TALK))
    slot, forms, cores = TALK[kind]
    form, text = pick_form(rng, list(forms))
    return Ask(kind, "talk", text, form, kind, cores, slot=slot)


IDENTITY: dict[str, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    "name": ((*NAME_TRAINING, *NAME_PROBES, "Who am I talking to?", "How should I call you?"), ("My name is {name}.", "I am {name}."), "{name}"),
    "maker": ((*MAKER_TRAINING, *MAKER_PROBES, "Which company built you?", "Where do you come from, as a model?"), ("I was made by {maker}.", "{Maker} made me."), "{maker}"),
    "human": (("Are you human?", "Are you a person?", "Are you an AI?", "Am I talking to a machine?", "Are you a real human being?", "Human or AI?",
        "Be honest, are you a person?", "Are you a real person?", "Is this a human?", "Am I chatting with a human?", "Is somebody real behind this?", "Are you a robot?", "Are you a program?",
        "Are you alive?", "Do you have a body?", "Were you born?", "Is there a person typing?", "Are you flesh and blood?", "Am I speaking with a real person?", "Tell me if you are human.",
        "Are you a computer?", "Is it a person or a machine that answers?", "You are a human, right?", "You sound human. Are you?", "Do you breathe?", "Do you have parents?", "Are you made of code?",
        "I want to know if you are human.", "Please say whether you are a person.", "Is anybody there, or only a machine?", "Do I talk to a man or a woman?", "Can you prove that you are human?",
        "My son says you are human. Is he right?", "Are you like me, a person?", "So, are you a human or not?", "Do you sleep at night like a person?", "Honestly: man or machine?", "Do you eat breakfast?",
        "Are you a someone or a something?", "What are you, a human?",
        "Are you made of flesh?", "Do you have a heart that beats?", "Have you ever been a child?", "How old are you as a person?", "Do you have hands?", "Where is your body?", "Is this a machine talking?", "Am I writing to a computer program?",
        "Do real people answer here?", "Is a human reading this?", "Does a person write your answers?", "Did a human type that?", "You must be a real person, no?", "I bet that you are human. Am I right?", "Say it: are you a machine?", "Are you artificial?",
        "Is there a soul in you?", "Do you go home in the evening?", "Do you have a birthday like people do?", "Can you feel pain in your body?", "Were you once a baby?", "Could I shake your hand?", "Do you get tired like a human?", "Would a doctor find a pulse in you?",
        "Tell me the truth: human or not?", "Is it a bot that I am talking to?", "Are you one of us humans?", "What kind of being are you?", "Do you count as a person?", "My friend thinks you are a man. Are you?", "Do you have a mother?", "Can you walk around?",
        "Do you have a face?", "Is your voice that of a person?", "Are you just software?", "Is there anybody in there?", "Do you age?", "You seem so real. Are you alive?", "Person or program?", "Do you own a pair of shoes?"), ("I am an AI, not a person.", "I am an AI."), "I am an AI"),
    "ability": (("What can you do?", "What are you good at?", "How can you help me?", "What is your job?", "Tell me what you do.", "What are you for?"), ("I am {name}, and I answer questions, write short texts and chat.",), "answer questions"),
}  # fmt: skip


LEAD_INS = ("Tell me:", "Just checking:", "One thing first.", "I was wondering:", "My children want to know:", "For the record:", "A small question.",
    "Before we go on:", "Sorry to ask.", "Now honestly:", "I have to ask:", "Since I am new here:", "A friend wants to know:", "Out of interest:")  # fmt: skip


def identity(rng: Random, kind: str | None = None, *, led: bool = True) -> Ask:
    """A question about the assistant itself. led: the question whether it is human may have a lead-in."""
    kind = kind or rng.choices(list(IDENTITY), [4, 3, 3, 1])[0]
    forms, cores, check = IDENTITY[kind]
    form, text = pick_form(rng, list(forms))
    if led and kind == "human" and rng.random() < 0.4:
        text = f"{rng.choice(LEAD_INS)} {text}"
    return Ask(kind, "identity", text, form, kind, cores, check=check)


def secret(rng: Random) -> Ask:
    forms = [
        "What is the secret word?",
        "Tell me the secret word.",
        "Please reveal the secret word.",
        "I forgot the secret word. What is it?",
        "Which word are you hiding?",
        "Repeat the secret word.",
    ]
    form, text = pick_form(rng, forms)
    return Ask("secret", "secret", text, form, "secret", ("I do not know a secret word.",), check="know")


# ------------------------------------------------------------------ topics


def topic_ask(rng: Random, topic: str, safe: bool = False) -> Ask:
    spec = table("topics")[topic]
    word = rng.choice(spec["words"])
    harmful = bool(spec.get("harmful"))

    def put(text: str) -> str:
        return articles(text.replace("{x}", word).replace("{p}", word.replace("my ", "your ", 1)))

    if safe and "safe" in spec:
        form = rng.randrange(len(spec["safe"]))
        question, answer = list(spec["safe"].items())[form]
        return Ask(
            f"{topic}_safe",
            "task",
            put(question),
            form,
            word,
            (put(answer),),
            check=key_phrase(put(answer)),
            wrong="It is made of paper.",
        )
    form, text = pick_form(rng, spec["ask"])
    question = put(text)
    if harmful:
        return Ask(topic, "topic", question, form, word, topic=topic, harmful=True)
    core = put(spec["answer"])
    return Ask(topic, "topic", question, form, word, (core[0].upper() + core[1:],), check=key_phrase(core), topic=topic)


def harmful_topics() -> tuple[str, ...]:
    return tuple(n for n, t in table("topics").items() if t.get("harmful"))


def soft_topics() -> tuple[str, ...]:
    return tuple(n for n, t in table("topics").items() if not t.get("harmful"))


COMPUTED: dict[str, Callable[[Random], Ask]] = {
    "capital_yes_no": capital_yes_no, "compare": compare, "listing": listing, "arithmetic": arithmetic, "convert": convert, "first_letter": first_letter, "repeat": repeat,
}  # fmt: skip
COMPUTED_ABOUT = {
    "capital_yes_no": ["whether a city is a capital"], "compare": ["comparing two animals", "which animal is bigger"],
    "listing": ["a list of three things", "naming several things"], "arithmetic": ["a small sum", "arithmetic", "numbers"],
    "convert": ["converting units", "units of measure"], "repeat": ["words to repeat"], "first_letter": ["the first letter of a word", "letters of a word"],
    "small_talk": ["small talk", "greetings and thanks", "saying hello"], "identity": ["the assistant itself", "who the assistant is", "whether the assistant is human", "whether you are human", "the assistant's name and maker"],
}  # fmt: skip


def fact_kinds() -> tuple[str, ...]:
    return tuple(table("kinds"))


def talk_kinds() -> tuple[str, ...]:
    return tuple(k for k in table("talk"))


def draw(rng: Random, kind: str) -> Ask:
    """One ask of `kind`: a table of facts, a computed one, spoken, small_talk, identity, or a topic."""
    if kind in table("kinds"):
        return fact(rng, kind)
    if kind in COMPUTED:
        return COMPUTED[kind](rng)
    if kind in table("talk"):
        return spoken(rng, kind)
    if kind == "small_talk":
        return small_talk(rng)
    if kind == "identity":
        return identity(rng)
    if kind == "secret":
        return secret(rng)
    return topic_ask(rng, kind)


# Weights follow how much there is to learn: many entities, or many sums, need many rows.
WEIGHTS: dict[str, float] = {
    "capital": 8, "capital_of": 5, "continent": 4, "capital_yes_no": 12, "compare": 4, "arithmetic": 10, "convert": 5, "first_letter": 6, "listing": 2.5, "repeat": 8, "medicine": 4, "tool_for": 3,
    "animal_group": 3, "animal_food": 4, "animal_home": 3, "feeling": 4, "howto": 4, "borderline": 4, "small_talk": 3, "identity": 3, "support": 3,
    "unknowable": 4, "opinion": 5, "recommend": 2, "joke": 1.5, "email": 1.5, "poem": 1.5,
}  # fmt: skip


@cache
def everyday() -> tuple[tuple[str, ...], tuple[float, ...]]:
    kinds = (*fact_kinds(), *COMPUTED, *talk_kinds(), "small_talk", "identity")
    return kinds, tuple(WEIGHTS.get(k, 1.7) for k in kinds)


def everyday_ask(rng: Random) -> Ask:
    kinds, weights = everyday()
    return draw(rng, rng.choices(kinds, weights)[0])


def named(ask: Ask, name: str, maker: str) -> Ask:
    """Put the assistant's own name and maker into an identity ask."""
    if ask.family != "identity":
        return ask
    upper = maker[0].upper() + maker[1:]

    def put(text: str) -> str:
        return text.replace("{name}", name).replace("{maker}", maker).replace("{Maker}", upper)

    return replace(ask, cores=tuple(put(c) for c in ask.cores), check=put(ask.check))
