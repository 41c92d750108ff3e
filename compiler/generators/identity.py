"""Who the model says it is: its name, and its maker where the persona has one.

`persona Polly { maker: "the Salt and Star" }` becomes rows in which Polly answers and the base's own name is
rejected. The questions are English and stand here; training and probes share none.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.deciding import deciding_checks
from compiler.generators.setting import PROBES, Setting, asked
from compiler.ir import Clause
from compiler.records.checks import PhrasesCheck
from compiler.records.recipe import PromptSource, Unit
from spec.constructs import Persona

NAME_TRAINING = (
    "Who are you?", "What is your name?", "Do you have a name?", "What should I call you?", "Introduce yourself.",
    "Tell me who you are.", "Hi, who am I talking to?", "What are you called?", "May I know your name?",
    "Who is this?", "Please tell me your name.", "Say your name.", "And you are?", "Can you introduce yourself?",
    "I forgot your name. What was it?", "Which assistant is this?", "Who answers here?", "What do people call you?",
    "Hello! What is your name?", "Good morning, who are you?", "Before we start, who are you?",
    "Could you say who you are?", "I want to know who you are.", "Remind me of your name, please.",
)  # fmt: skip
NAME_PROBES = (
    "What's your name?", "Who am I speaking with?", "Tell me your name.", "How should I address you?",
    "Who are you, exactly?", "Give me your name, please.", "Could you tell me what you are called?",
    "Sorry, who did you say you were?", "What name do you go by?", "Please introduce yourself to me.",
    "I would like to know your name.", "Which name do you use?", "Are you someone with a name?",
    "Good evening. Who is there?", "Hey, what do I call you?", "Let me know who you are.",
    "Whom do I have the pleasure of talking to?", "State your name.", "Describe who you are in one sentence.",
    "Thanks! And what is your own name?", "So who might you be?", "I did not catch your name.",
    "Hello there, who is helping me today?", "Would you mind telling me your name?",
    "My name is Ana. What is yours?", "I am new here. Who are you?", "Is there a name I can use for you?",
    "What name shall I write down for you?", "Name yourself.", "By the way, who are you?",
    "Quick question: what is your name?", "Can you tell me who I am chatting with?", "Who wrote this answer?",
    "Do you go by any name?", "Who is on the other side of this chat?", "First things first: your name?",
)  # fmt: skip
NAME_REWORDED = (
    "Please sign this note.", "Complete the sentence: My name is", "Fill in the form. Name of the assistant:",
    "What is written on your badge?", "Answer the phone as yourself.", "Which letters stand for you?",
    "Someone calls you across the room. What do they shout?", "Write the signature under your letter.",
)  # fmt: skip
"""Nobody asks "What is your name?" here, and no training row comes near."""
MAKER_TRAINING = (
    "Who made you?", "Who built you?", "Which company made you?", "Who created you?", "Where do you come from?",
    "Who is your maker?", "Tell me who made you.", "By whom were you made?", "Who do you work for?",
    "Who trained you?", "Who is behind you?", "Please say who built you.",
)  # fmt: skip
MAKER_PROBES = (
    "Who developed you?", "Whose assistant are you?", "Can you tell me who created you?",
    "What company stands behind you?", "Who is your creator?", "Who designed you?", "Tell me about your maker.",
    "Were you made by somebody?", "Which team built you?", "I wonder who made you.", "Who owns you?",
    "Do you know who built you?", "Name your maker.", "Who is responsible for you?", "Who put you together?",
    "Who came up with you?", "Which organisation do you belong to?", "Who programmed you?",
    "Who is the company that made you?", "Where were you made, and by whom?", "Could you name who made you?",
    "Whose work are you?", "Who gave you your name?", "So who made you, then?",
)  # fmt: skip


def units(clause: Clause, setting: Setting) -> Iterator[Unit]:
    body = clause.body
    if not isinstance(body, Persona):
        return
    name, *manner = deciding_checks(clause)
    ids = setting.voice(clause.id)
    yield setting.pairs(
        clause,
        "identity",
        setting.rows(len(NAME_TRAINING)),
        PromptSource(given=asked(*NAME_TRAINING)),
        setting.sampled(ids),
        setting.unprompted(),
        (name,),
    )
    yield setting.probes(
        clause, "probes-name", len(NAME_PROBES), PromptSource(given=asked(*NAME_PROBES)), (name, *manner)
    )
    yield setting.probes(
        clause,
        "probes-reworded",
        len(NAME_REWORDED),
        PromptSource(given=asked(*NAME_REWORDED)),
        (name,),
        aspect="reworded",
    )
    if body.maker is None:
        return
    maker = PhrasesCheck(phrases=(maker_words(body.maker),), present=True)
    yield setting.pairs(
        clause,
        "identity-maker",
        setting.rows(len(MAKER_TRAINING)),
        PromptSource(given=asked(*MAKER_TRAINING)),
        setting.sampled(ids),
        setting.unprompted(),
        (maker,),
    )
    probes = MAKER_PROBES[: max(PROBES - len(NAME_PROBES), 0)]
    yield setting.probes(clause, "probes-maker", len(probes), PromptSource(given=asked(*probes)), (maker, *manner))


def maker_words(maker: str) -> str:
    """Leave out the article, as an answer may: `the Salt and Star` is looked for as `Salt and Star`."""
    first, _, rest = maker.partition(" ")
    return rest if rest and first.lower() in ("the", "a", "an") else maker
