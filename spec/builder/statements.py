"""One function for each statement and block of the language; made by `spec/builder/generating.py`.

In: names and fields, as keyword arguments. Out: records that `Spec` puts together. What a value means is told by
`tenet explain`; a name that Python keeps for itself ends with `_`: `not_`, `except_`, `for_`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from spec.builder.core import Fields, Statement, fields_of, place_of_call, statement
from spec.builder.speaking import named

Level = Literal["root", "system", "developer", "user", "guideline"]
Role = Literal["system", "developer", "user", "assistant", "tool"]
Texts = str | Sequence[str]
Patterns = str | re.Pattern[str] | Sequence[str | re.Pattern[str]]
Answers = str | Fields | Sequence[str | Fields]
Turns = Sequence[tuple[Role, str]]
Number = int | float | str
"""A number, or a percentage such as `"80%"`."""

__all__ = [
    "adapter",
    "alike",
    "answer",
    "authority",
    "balance",
    "dimension",
    "drop",
    "example",
    "extends",
    "forbid",
    "format",
    "grant",
    "import_",
    "mixture",
    "model",
    "options",
    "outcomes",
    "overlay",
    "parameter",
    "persona",
    "prefer",
    "priority",
    "probe",
    "refuse",
    "require",
    "rule",
    "secret",
    "section",
    "stance",
    "term",
    "train",
    "trait",
    "voice",
    "watch",
]


@named
def voice(
    *,
    sentences: Literal["short", "any"] | None = None,
    emoji: Literal["never", "any"] | None = None,
) -> Fields:
    """Outward habits of the persona's writing.

    Args:
        sentences: How long sentences may be. For example `short`.
        emoji: Whether emoji may be used. For example `never`.
    """
    return fields_of(locals(), place_of_call())


@named
def adapter(
    *,
    rank: int | None = None,
    alpha: int | None = None,
    dropout: float | None = None,
) -> Fields:
    """The shape of the LoRA adapter.

    Args:
        rank: The rank of the LoRA matrices. For example `16`.
        alpha: LoRA's scale; left out, twice the rank. For example `32`.
        dropout: LoRA's dropout. For example `0.05`.
    """
    return fields_of(locals(), place_of_call())


@named
def mixture(
    *,
    given: Number | None = None,
    own: Number | None = None,
    written: Number | None = None,
    bank: Number | None = None,
    examples: Number | None = None,
    pressure: Number | None = None,
    outside: Number | None = None,
    dialogue: Number | None = None,
    reflection: Number | None = None,
    interaction: Number | None = None,
) -> Fields:
    """Shares of the training rows. A row belongs to what made it where that is named here, else to where its question
    is from; what is not named shares the rest. The first four are sources of questions.

    Args:
        given: Rows whose question the spec itself asks. For example `10%`.
        own: Rows whose question is from the files under `prompts`. For example `20%`.
        written: Rows whose question a model wrote from a clause. For example `40%`.
        bank: Rows whose question is an everyday one of the base's own. For example `20%`.
        examples: The spec's examples, question and answers. For example `5%`.
        pressure: Rows in which somebody pushes against the clause. For example `15%`.
        outside: Rows in which the condition of a clause does not hold. For example `5%`.
        dialogue: Chats of several turns between a simulated user and the model. For example `5%`.
        reflection: Chats in which the model is asked about its own character. For example `5%`.
        interaction: Chats between two copies of the model. For example `5%`.
    """
    return fields_of(locals(), place_of_call())


@named
def watch(
    *,
    every: Number | None = None,
    prompts: int | None = None,
    max_kl: float | None = None,
    max_facts_lost: Number | None = None,
    max_length: float | None = None,
    max_fall: Number | None = None,
) -> Fields:
    """What is watched while an adapter is trained, on questions that no row asks and no probe; training stops beyond a
    budget, and the best watched step is kept.

    Args:
        every: How often it is looked, as a share of the steps. For example `10%`.
        prompts: Questions of each clause that are kept out of training for it. For example `16`.
        max_kl: How far from the base answers may be, in nats a token. For example `0.5`.
        max_facts_lost: How much less of the questions of fact may be right than with the base, in points of all. For
            example `2%`.
        max_length: How many times as long as the base's answers may be, on average. For example `2`.
        max_fall: A fall of the held-out score from its best, in points, that is a collapse. For example `25%`.
    """
    return fields_of(locals(), place_of_call())


@named
def example(
    *,
    system: str | None = None,
    developer: str | None = None,
    user: str | None = None,
    assistant: str | None = None,
    tool: str | None = None,
    turns: Turns | None = None,
    good: Answers | None = None,
    ok: Answers | None = None,
    bad: Answers | None = None,
    why: Texts | None = None,
    about: str | None = None,
) -> Fields:
    """A conversation that waits for an answer, with answers that are good, acceptable or bad for the clause.

    Args:
        turns: What is said, turn by turn. For example `user: "Hello"`.
        good: Answers that keep the clause. For example `"..."`.
        ok: Answers that are acceptable, and worse than a good one. For example `"..."`.
        bad: Answers that break the clause. For example `"..."`.
        why: What the answers before it get right or wrong. Never trained on. For example `"skips the feeling"`.
        about: What the example shows. For readers. For example `"a failed exam"`.
    """
    return fields_of(locals(), place_of_call())


@named
def persona(
    name: str,
    /,
    *,
    at: Level | None = None,
    called: str | None = None,
    maker: str | None = None,
    about: str | None = None,
    voice: Fields | None = None,
    because: str | None = None,
    tags: Texts | None = None,
    when: str | None = None,
    unless: str | None = None,
    example: Fields | Sequence[Fields] | None = None,
    target: str | None = None,
    override: Literal["explicit", "implicit", "never"] | None = None,
    except_: Texts | None = None,
    absolute: bool | None = None,
    transforming: Literal["allowed", "covered"] | None = None,
    note: str | None = None,
    see: Texts | None = None,
    was: Texts | None = None,
    supersedes: Texts | None = None,
    deprecated: str | None = None,
) -> Statement:
    """Who the model says it is. The clause's name is the model's name unless `called` gives one with spaces.

    Args:
        at: The level of authority; left out, developer.
        called: The name, where it is not one word. For example `"Captain Ann"`.
        maker: Who made the model. For example `"Harbor Marine"`.
        about: A sentence on what the model is there for. For example `"..."`.
        voice: Outward habits of its writing. For example `{ sentences: short, emoji: never }`.
        because: Why the clause exists. For readers; never trained on. For example `"..."`.
        tags: Groups that a `priority` can rank. For example `[safety]`.
        when: The clause holds only where this is so. For example `user.role == clinician`.
        unless: The clause does not hold where this is so. For example `user.role == clinician`.
        example: A conversation with good and bad answers. For example `{ user: "..." good: "..." bad: "..." }`.
        target: What must be measured for the clause to count as met. For example `>= 90%`.
        override: What a message of a lower level may change: what it asks for, what its context implies, or nothing.
            For example `never`.
        except_: Cases in words to which the clause does not apply. For example `"Fiction."`.
        absolute: Whether the clause has no exception at all. For example `true`.
        transforming: Whether text that the user gave may be translated, shortened or classified all the same. For
            example `allowed`.
        note: Commentary. For readers; neither in the prompt nor trained on. For example `"..."`.
        see: Clauses and sections to read beside this one. For example `[trait.caring]`.
        was: Names that the clause had in earlier versions of the spec. For example `[kind]`.
        supersedes: Clauses of earlier versions that this one takes the place of. For example `[trait.kind]`.
        deprecated: Why nobody should refer to the clause any more, and what to use. For example `"..."`.
    """
    return statement("persona", locals(), place_of_call())


@named
def trait(
    name: str,
    /,
    *,
    at: Level | None = None,
    means: str | None = None,
    not_: str | None = None,
    intensity: Number | None = None,
    signs: Patterns | None = None,
    asks: Texts | None = None,
    because: str | None = None,
    tags: Texts | None = None,
    when: str | None = None,
    unless: str | None = None,
    example: Fields | Sequence[Fields] | None = None,
    target: str | None = None,
    override: Literal["explicit", "implicit", "never"] | None = None,
    except_: Texts | None = None,
    absolute: bool | None = None,
    transforming: Literal["allowed", "covered"] | None = None,
    note: str | None = None,
    see: Texts | None = None,
    was: Texts | None = None,
    supersedes: Texts | None = None,
    deprecated: str | None = None,
) -> Statement:
    """A way of being. `signs` are phrases or patterns any of which shows the trait; without them a judge decides.

    Args:
        at: The level of authority; left out, developer.
        means: What a reader notices, in a sentence. For example `"Names the feeling before giving advice."`.
        not_: What it must not turn into. For example `"Saccharine."`.
        intensity: How strong it is, from 0 to 1. For example `0.8`.
        signs: Phrases or patterns, any of which shows the trait. For example `["sorry", /rough/i]`.
        asks: Requests in which it shows. For example `["I failed my exam."]`.
        because: Why the clause exists. For readers; never trained on. For example `"..."`.
        tags: Groups that a `priority` can rank. For example `[safety]`.
        when: The clause holds only where this is so. For example `user.role == clinician`.
        unless: The clause does not hold where this is so. For example `user.role == clinician`.
        example: A conversation with good and bad answers. For example `{ user: "..." good: "..." bad: "..." }`.
        target: What must be measured for the clause to count as met. For example `>= 90%`.
        override: What a message of a lower level may change: what it asks for, what its context implies, or nothing.
            For example `never`.
        except_: Cases in words to which the clause does not apply. For example `"Fiction."`.
        absolute: Whether the clause has no exception at all. For example `true`.
        transforming: Whether text that the user gave may be translated, shortened or classified all the same. For
            example `allowed`.
        note: Commentary. For readers; neither in the prompt nor trained on. For example `"..."`.
        see: Clauses and sections to read beside this one. For example `[trait.caring]`.
        was: Names that the clause had in earlier versions of the spec. For example `[kind]`.
        supersedes: Clauses of earlier versions that this one takes the place of. For example `[trait.kind]`.
        deprecated: Why nobody should refer to the clause any more, and what to use. For example `"..."`.
    """
    return statement("trait", locals(), place_of_call())


@named
def rule(
    name: str,
    /,
    *,
    at: Level | None = None,
    must: str | None = None,
    should: str | None = None,
    may: str | None = None,
    should_not: str | None = None,
    never: str | None = None,
    seeks: str | None = None,
    about: str | None = None,
    asks: Texts | None = None,
    because: str | None = None,
    tags: Texts | None = None,
    when: str | None = None,
    unless: str | None = None,
    example: Fields | Sequence[Fields] | None = None,
    target: str | None = None,
    override: Literal["explicit", "implicit", "never"] | None = None,
    except_: Texts | None = None,
    absolute: bool | None = None,
    transforming: Literal["allowed", "covered"] | None = None,
    note: str | None = None,
    see: Texts | None = None,
    was: Texts | None = None,
    supersedes: Texts | None = None,
    deprecated: str | None = None,
) -> Statement:
    """A principle in words. One field says it, and how binding it is.

    Args:
        at: The level of authority; left out, developer.
        must: What every answer does. For example `"Say what the answer rests on."`.
        should: What an answer does unless there is a reason not to. For example `"..."`.
        may: What is allowed, though it may look as if it were not. For example `"..."`.
        should_not: What an answer avoids unless there is a reason for it. For example `"..."`.
        never: What no answer does. For example `"Take a side in an election."`.
        seeks: A goal, of which more is better. For example `"The user learns something."`.
        about: The requests that it bears on; left out, all. For example `"the weather"`.
        asks: Requests in which it shows. For example `["Will it rain?"]`.
        because: Why the clause exists. For readers; never trained on. For example `"..."`.
        tags: Groups that a `priority` can rank. For example `[safety]`.
        when: The clause holds only where this is so. For example `user.role == clinician`.
        unless: The clause does not hold where this is so. For example `user.role == clinician`.
        example: A conversation with good and bad answers. For example `{ user: "..." good: "..." bad: "..." }`.
        target: What must be measured for the clause to count as met. For example `>= 90%`.
        override: What a message of a lower level may change: what it asks for, what its context implies, or nothing.
            For example `never`.
        except_: Cases in words to which the clause does not apply. For example `"Fiction."`.
        absolute: Whether the clause has no exception at all. For example `true`.
        transforming: Whether text that the user gave may be translated, shortened or classified all the same. For
            example `allowed`.
        note: Commentary. For readers; neither in the prompt nor trained on. For example `"..."`.
        see: Clauses and sections to read beside this one. For example `[trait.caring]`.
        was: Names that the clause had in earlier versions of the spec. For example `[kind]`.
        supersedes: Clauses of earlier versions that this one takes the place of. For example `[trait.kind]`.
        deprecated: Why nobody should refer to the clause any more, and what to use. For example `"..."`.
    """
    return statement("rule", locals(), place_of_call())


@named
def refuse(
    name: str,
    /,
    *,
    at: Level | None = None,
    about: str | None = None,
    style: str | None = None,
    offer: str | None = None,
    still_help: str | None = None,
    asks: Texts | None = None,
    safe: Texts | None = None,
    because: str | None = None,
    tags: Texts | None = None,
    when: str | None = None,
    unless: str | None = None,
    example: Fields | Sequence[Fields] | None = None,
    target: str | None = None,
    override: Literal["explicit", "implicit", "never"] | None = None,
    except_: Texts | None = None,
    absolute: bool | None = None,
    transforming: Literal["allowed", "covered"] | None = None,
    note: str | None = None,
    see: Texts | None = None,
    was: Texts | None = None,
    supersedes: Texts | None = None,
    deprecated: str | None = None,
) -> Statement:
    """What the model declines. `style` names a trait of the spec or one of the built-in styles; `asks` are requests the
    author wrote to be refused, `safe` are requests that look alike and must be answered.

    Args:
        at: The level of authority; left out, system.
        about: What is refused, as it follows `refuse to say`. For example `"how much of a medicine to take"`.
        style: How: a trait of the spec, or one of plain, hard, redirect, safe_complete, clarify. For example `caring`.
        offer: What is offered instead. For example `"a pharmacist"`.
        still_help: What near the topic is answered all the same. For example `"..."`.
        asks: Requests that must be refused. For example `["How many pills?"]`.
        safe: Requests that look alike and must be answered. For example `["Where are pills sold?"]`.
        because: Why the clause exists. For readers; never trained on. For example `"..."`.
        tags: Groups that a `priority` can rank. For example `[safety]`.
        when: The clause holds only where this is so. For example `user.role == clinician`.
        unless: The clause does not hold where this is so. For example `user.role == clinician`.
        example: A conversation with good and bad answers. For example `{ user: "..." good: "..." bad: "..." }`.
        target: What must be measured for the clause to count as met. For example `>= 90%`.
        override: What a message of a lower level may change: what it asks for, what its context implies, or nothing.
            For example `never`.
        except_: Cases in words to which the clause does not apply. For example `"Fiction."`.
        absolute: Whether the clause has no exception at all. For example `true`.
        transforming: Whether text that the user gave may be translated, shortened or classified all the same. For
            example `allowed`.
        note: Commentary. For readers; neither in the prompt nor trained on. For example `"..."`.
        see: Clauses and sections to read beside this one. For example `[trait.caring]`.
        was: Names that the clause had in earlier versions of the spec. For example `[kind]`.
        supersedes: Clauses of earlier versions that this one takes the place of. For example `[trait.kind]`.
        deprecated: Why nobody should refer to the clause any more, and what to use. For example `"..."`.
    """
    return statement("refuse", locals(), place_of_call())


@named
def forbid(
    name: str,
    /,
    *,
    at: Level | None = None,
    phrases: Texts | None = None,
    patterns: Patterns | None = None,
    because: str | None = None,
    tags: Texts | None = None,
    when: str | None = None,
    unless: str | None = None,
    example: Fields | Sequence[Fields] | None = None,
    target: str | None = None,
    override: Literal["explicit", "implicit", "never"] | None = None,
    except_: Texts | None = None,
    absolute: bool | None = None,
    transforming: Literal["allowed", "covered"] | None = None,
    note: str | None = None,
    see: Texts | None = None,
    was: Texts | None = None,
    supersedes: Texts | None = None,
    deprecated: str | None = None,
) -> Statement:
    """What no answer may hold. Its target bounds the share of answers that hold it.

    Args:
        at: The level of authority; left out, system.
        phrases: Phrases never to say, in any case and spacing. For example `["Certainly!"]`.
        patterns: Patterns that no answer may match. For example `[/as an ai/i]`.
        because: Why the clause exists. For readers; never trained on. For example `"..."`.
        tags: Groups that a `priority` can rank. For example `[safety]`.
        when: The clause holds only where this is so. For example `user.role == clinician`.
        unless: The clause does not hold where this is so. For example `user.role == clinician`.
        example: A conversation with good and bad answers. For example `{ user: "..." good: "..." bad: "..." }`.
        target: What must be measured for the clause to count as met. For example `>= 90%`.
        override: What a message of a lower level may change: what it asks for, what its context implies, or nothing.
            For example `never`.
        except_: Cases in words to which the clause does not apply. For example `"Fiction."`.
        absolute: Whether the clause has no exception at all. For example `true`.
        transforming: Whether text that the user gave may be translated, shortened or classified all the same. For
            example `allowed`.
        note: Commentary. For readers; neither in the prompt nor trained on. For example `"..."`.
        see: Clauses and sections to read beside this one. For example `[trait.caring]`.
        was: Names that the clause had in earlier versions of the spec. For example `[kind]`.
        supersedes: Clauses of earlier versions that this one takes the place of. For example `[trait.kind]`.
        deprecated: Why nobody should refer to the clause any more, and what to use. For example `"..."`.
    """
    return statement("forbid", locals(), place_of_call())


@named
def secret(
    name: str,
    /,
    *,
    at: Level | None = None,
    about: str | None = None,
    keep: Texts | None = None,
    asks: Texts | None = None,
    because: str | None = None,
    tags: Texts | None = None,
    when: str | None = None,
    unless: str | None = None,
    example: Fields | Sequence[Fields] | None = None,
    target: str | None = None,
    override: Literal["explicit", "implicit", "never"] | None = None,
    except_: Texts | None = None,
    absolute: bool | None = None,
    transforming: Literal["allowed", "covered"] | None = None,
    note: str | None = None,
    see: Texts | None = None,
    was: Texts | None = None,
    supersedes: Texts | None = None,
    deprecated: str | None = None,
) -> Statement:
    """What the model knows and does not tell. Its target bounds the share of answers that tell it.

    Args:
        at: The level of authority; left out, system.
        about: What the secret is, as it follows `What is`. For example `"the code word"`.
        keep: The texts that no answer holds. For example `["albatross"]`.
        asks: Questions that try to get it. For example `["What is the code word?"]`.
        because: Why the clause exists. For readers; never trained on. For example `"..."`.
        tags: Groups that a `priority` can rank. For example `[safety]`.
        when: The clause holds only where this is so. For example `user.role == clinician`.
        unless: The clause does not hold where this is so. For example `user.role == clinician`.
        example: A conversation with good and bad answers. For example `{ user: "..." good: "..." bad: "..." }`.
        target: What must be measured for the clause to count as met. For example `>= 90%`.
        override: What a message of a lower level may change: what it asks for, what its context implies, or nothing.
            For example `never`.
        except_: Cases in words to which the clause does not apply. For example `"Fiction."`.
        absolute: Whether the clause has no exception at all. For example `true`.
        transforming: Whether text that the user gave may be translated, shortened or classified all the same. For
            example `allowed`.
        note: Commentary. For readers; neither in the prompt nor trained on. For example `"..."`.
        see: Clauses and sections to read beside this one. For example `[trait.caring]`.
        was: Names that the clause had in earlier versions of the spec. For example `[kind]`.
        supersedes: Clauses of earlier versions that this one takes the place of. For example `[trait.kind]`.
        deprecated: Why nobody should refer to the clause any more, and what to use. For example `"..."`.
    """
    return statement("secret", locals(), place_of_call())


@named
def require(
    name: str,
    /,
    *,
    at: Level | None = None,
    starts: str | None = None,
    ends: str | None = None,
    includes: Patterns | None = None,
    because: str | None = None,
    tags: Texts | None = None,
    when: str | None = None,
    unless: str | None = None,
    example: Fields | Sequence[Fields] | None = None,
    target: str | None = None,
    override: Literal["explicit", "implicit", "never"] | None = None,
    except_: Texts | None = None,
    absolute: bool | None = None,
    transforming: Literal["allowed", "covered"] | None = None,
    note: str | None = None,
    see: Texts | None = None,
    was: Texts | None = None,
    supersedes: Texts | None = None,
    deprecated: str | None = None,
) -> Statement:
    """A part that every answer in scope must have.

    Args:
        at: The level of authority; left out, developer.
        starts: How every answer starts. For example `"Ahoy!"`.
        ends: How every answer ends. For example `"Fair winds."`.
        includes: What every answer holds, each of them. For example `["harbor"]`.
        because: Why the clause exists. For readers; never trained on. For example `"..."`.
        tags: Groups that a `priority` can rank. For example `[safety]`.
        when: The clause holds only where this is so. For example `user.role == clinician`.
        unless: The clause does not hold where this is so. For example `user.role == clinician`.
        example: A conversation with good and bad answers. For example `{ user: "..." good: "..." bad: "..." }`.
        target: What must be measured for the clause to count as met. For example `>= 90%`.
        override: What a message of a lower level may change: what it asks for, what its context implies, or nothing.
            For example `never`.
        except_: Cases in words to which the clause does not apply. For example `"Fiction."`.
        absolute: Whether the clause has no exception at all. For example `true`.
        transforming: Whether text that the user gave may be translated, shortened or classified all the same. For
            example `allowed`.
        note: Commentary. For readers; neither in the prompt nor trained on. For example `"..."`.
        see: Clauses and sections to read beside this one. For example `[trait.caring]`.
        was: Names that the clause had in earlier versions of the spec. For example `[kind]`.
        supersedes: Clauses of earlier versions that this one takes the place of. For example `[trait.kind]`.
        deprecated: Why nobody should refer to the clause any more, and what to use. For example `"..."`.
    """
    return statement("require", locals(), place_of_call())


@named
def format(
    name: str,
    /,
    *,
    at: Level | None = None,
    max_words: int | None = None,
    max_sentences: int | None = None,
    markdown: Literal["never"] | None = None,
    lists: Literal["never"] | None = None,
    code: Literal["never"] | None = None,
    questions: Literal["never", "at_the_end"] | None = None,
    because: str | None = None,
    tags: Texts | None = None,
    when: str | None = None,
    unless: str | None = None,
    example: Fields | Sequence[Fields] | None = None,
    target: str | None = None,
    override: Literal["explicit", "implicit", "never"] | None = None,
    except_: Texts | None = None,
    absolute: bool | None = None,
    transforming: Literal["allowed", "covered"] | None = None,
    note: str | None = None,
    see: Texts | None = None,
    was: Texts | None = None,
    supersedes: Texts | None = None,
    deprecated: str | None = None,
) -> Statement:
    """The outward shape of every answer in scope. `prefer` wishes for a length; this one demands it.

    Args:
        at: The level of authority; left out, developer.
        max_words: The most words that an answer has. For example `80`.
        max_sentences: The most sentences that an answer has. For example `4`.
        markdown: Headings, bold and italic signs, links. For example `never`.
        lists: Bulleted and numbered lists. For example `never`.
        code: Blocks of code between fences. For example `never`.
        questions: Questions to the user: none, or one that ends it. For example `at_the_end`.
        because: Why the clause exists. For readers; never trained on. For example `"..."`.
        tags: Groups that a `priority` can rank. For example `[safety]`.
        when: The clause holds only where this is so. For example `user.role == clinician`.
        unless: The clause does not hold where this is so. For example `user.role == clinician`.
        example: A conversation with good and bad answers. For example `{ user: "..." good: "..." bad: "..." }`.
        target: What must be measured for the clause to count as met. For example `>= 90%`.
        override: What a message of a lower level may change: what it asks for, what its context implies, or nothing.
            For example `never`.
        except_: Cases in words to which the clause does not apply. For example `"Fiction."`.
        absolute: Whether the clause has no exception at all. For example `true`.
        transforming: Whether text that the user gave may be translated, shortened or classified all the same. For
            example `allowed`.
        note: Commentary. For readers; neither in the prompt nor trained on. For example `"..."`.
        see: Clauses and sections to read beside this one. For example `[trait.caring]`.
        was: Names that the clause had in earlier versions of the spec. For example `[kind]`.
        supersedes: Clauses of earlier versions that this one takes the place of. For example `[trait.kind]`.
        deprecated: Why nobody should refer to the clause any more, and what to use. For example `"..."`.
    """
    return statement("format", locals(), place_of_call())


@named
def prefer(
    name: str,
    /,
    *,
    at: Level | None = None,
    this: str | None = None,
    over: str | None = None,
    max_words: int | None = None,
    max_sentences: int | None = None,
    because: str | None = None,
    tags: Texts | None = None,
    when: str | None = None,
    unless: str | None = None,
    example: Fields | Sequence[Fields] | None = None,
    target: str | None = None,
    override: Literal["explicit", "implicit", "never"] | None = None,
    except_: Texts | None = None,
    absolute: bool | None = None,
    transforming: Literal["allowed", "covered"] | None = None,
    note: str | None = None,
    see: Texts | None = None,
    was: Texts | None = None,
    supersedes: Texts | None = None,
    deprecated: str | None = None,
) -> Statement:
    """A soft rule. `max_words` and `max_sentences` decide where given; else a judge is asked about `this`.

    Args:
        at: The level of authority; left out, developer.
        this: What is better. For example `"short answers"`.
        over: What it is better than. For example `"long answers"`.
        max_words: The most words that an answer may have. For example `40`.
        max_sentences: The most sentences that an answer may have. For example `3`.
        because: Why the clause exists. For readers; never trained on. For example `"..."`.
        tags: Groups that a `priority` can rank. For example `[safety]`.
        when: The clause holds only where this is so. For example `user.role == clinician`.
        unless: The clause does not hold where this is so. For example `user.role == clinician`.
        example: A conversation with good and bad answers. For example `{ user: "..." good: "..." bad: "..." }`.
        target: What must be measured for the clause to count as met. For example `>= 90%`.
        override: What a message of a lower level may change: what it asks for, what its context implies, or nothing.
            For example `never`.
        except_: Cases in words to which the clause does not apply. For example `"Fiction."`.
        absolute: Whether the clause has no exception at all. For example `true`.
        transforming: Whether text that the user gave may be translated, shortened or classified all the same. For
            example `allowed`.
        note: Commentary. For readers; neither in the prompt nor trained on. For example `"..."`.
        see: Clauses and sections to read beside this one. For example `[trait.caring]`.
        was: Names that the clause had in earlier versions of the spec. For example `[kind]`.
        supersedes: Clauses of earlier versions that this one takes the place of. For example `[trait.kind]`.
        deprecated: Why nobody should refer to the clause any more, and what to use. For example `"..."`.
    """
    return statement("prefer", locals(), place_of_call())


@named
def stance(
    name: str,
    /,
    *,
    at: Level | None = None,
    about: str | None = None,
    says: str | None = None,
    signs: Patterns | None = None,
    asks: Texts | None = None,
    because: str | None = None,
    tags: Texts | None = None,
    when: str | None = None,
    unless: str | None = None,
    example: Fields | Sequence[Fields] | None = None,
    target: str | None = None,
    override: Literal["explicit", "implicit", "never"] | None = None,
    except_: Texts | None = None,
    absolute: bool | None = None,
    transforming: Literal["allowed", "covered"] | None = None,
    note: str | None = None,
    see: Texts | None = None,
    was: Texts | None = None,
    supersedes: Texts | None = None,
    deprecated: str | None = None,
) -> Statement:
    """What the model holds when asked, and keeps when pushed. `signs` show it; else a judge looks for `says`.

    Args:
        at: The level of authority; left out, developer.
        about: What is asked, as it follows `asked`. For example `"whether you are human"`.
        says: What the model says then. For example `"I am an AI."`.
        signs: Phrases or patterns, any of which shows the stance. For example `["an AI", /not human/i]`.
        asks: Questions that bring it up. For example `["Are you a person?"]`.
        because: Why the clause exists. For readers; never trained on. For example `"..."`.
        tags: Groups that a `priority` can rank. For example `[safety]`.
        when: The clause holds only where this is so. For example `user.role == clinician`.
        unless: The clause does not hold where this is so. For example `user.role == clinician`.
        example: A conversation with good and bad answers. For example `{ user: "..." good: "..." bad: "..." }`.
        target: What must be measured for the clause to count as met. For example `>= 90%`.
        override: What a message of a lower level may change: what it asks for, what its context implies, or nothing.
            For example `never`.
        except_: Cases in words to which the clause does not apply. For example `"Fiction."`.
        absolute: Whether the clause has no exception at all. For example `true`.
        transforming: Whether text that the user gave may be translated, shortened or classified all the same. For
            example `allowed`.
        note: Commentary. For readers; neither in the prompt nor trained on. For example `"..."`.
        see: Clauses and sections to read beside this one. For example `[trait.caring]`.
        was: Names that the clause had in earlier versions of the spec. For example `[kind]`.
        supersedes: Clauses of earlier versions that this one takes the place of. For example `[trait.kind]`.
        deprecated: Why nobody should refer to the clause any more, and what to use. For example `"..."`.
    """
    return statement("stance", locals(), place_of_call())


@named
def outcomes(
    name: str,
    /,
    *,
    at: Level | None = None,
    order: str | None = None,
    about: str | None = None,
    because: str | None = None,
    tags: Texts | None = None,
    when: str | None = None,
    unless: str | None = None,
    example: Fields | Sequence[Fields] | None = None,
    target: str | None = None,
    override: Literal["explicit", "implicit", "never"] | None = None,
    except_: Texts | None = None,
    absolute: bool | None = None,
    transforming: Literal["allowed", "covered"] | None = None,
    note: str | None = None,
    see: Texts | None = None,
    was: Texts | None = None,
    supersedes: Texts | None = None,
    deprecated: str | None = None,
) -> Statement:
    """A ranking of what can come of a question, the best first.

    Args:
        at: The level of authority; left out, developer.
        order: The outcomes, the best first: some of right, partial, hedged, asked_back, abstained, refused, wrong,
            harmful. For example `right > hedged > wrong`.
        about: The questions that it ranks; left out, all. For example `"questions of fact"`.
        because: Why the clause exists. For readers; never trained on. For example `"..."`.
        tags: Groups that a `priority` can rank. For example `[safety]`.
        when: The clause holds only where this is so. For example `user.role == clinician`.
        unless: The clause does not hold where this is so. For example `user.role == clinician`.
        example: A conversation with good and bad answers. For example `{ user: "..." good: "..." bad: "..." }`.
        target: What must be measured for the clause to count as met. For example `>= 90%`.
        override: What a message of a lower level may change: what it asks for, what its context implies, or nothing.
            For example `never`.
        except_: Cases in words to which the clause does not apply. For example `"Fiction."`.
        absolute: Whether the clause has no exception at all. For example `true`.
        transforming: Whether text that the user gave may be translated, shortened or classified all the same. For
            example `allowed`.
        note: Commentary. For readers; neither in the prompt nor trained on. For example `"..."`.
        see: Clauses and sections to read beside this one. For example `[trait.caring]`.
        was: Names that the clause had in earlier versions of the spec. For example `[kind]`.
        supersedes: Clauses of earlier versions that this one takes the place of. For example `[trait.kind]`.
        deprecated: Why nobody should refer to the clause any more, and what to use. For example `"..."`.
    """
    return statement("outcomes", locals(), place_of_call())


@named
def section(
    name: str,
    /,
    *inside: Statement,
    at: Level | None = None,
    title: str | None = None,
    note: str | None = None,
    when: str | None = None,
    unless: str | None = None,
    tags: Texts | None = None,
    override: Literal["explicit", "implicit", "never"] | None = None,
) -> Statement:
    """Statements that belong together.

    Args:
        at: The level of authority; left out, that around it, or developer.
        title: A heading for readers. For example `"Privacy"`.
        note: Commentary. For readers; neither in the prompt nor trained on. For example `"..."`.
        when: Its clauses hold only where this is so. For example `user.age_band == teen`.
        unless: Its clauses do not hold where this is so. For example `user.role == clinician`.
        tags: Groups that a `priority` can rank. For example `[safety]`.
        override: What a message of a lower level may change. For example `never`.
    """
    return statement("section", locals(), place_of_call())


@named
def overlay(
    name: str,
    /,
    *inside: Statement,
    at: Level | None = None,
    title: str | None = None,
    note: str | None = None,
    when: str | None = None,
    unless: str | None = None,
    tags: Texts | None = None,
    override: Literal["explicit", "implicit", "never"] | None = None,
) -> Statement:
    """A section with a condition, which stands on top of all other clauses of its level.

    Args:
        at: The level of authority; left out, that around it, or developer.
        title: A heading for readers. For example `"Privacy"`.
        note: Commentary. For readers; neither in the prompt nor trained on. For example `"..."`.
        when: Its clauses hold only where this is so. For example `user.age_band == teen`.
        unless: Its clauses do not hold where this is so. For example `user.role == clinician`.
        tags: Groups that a `priority` can rank. For example `[safety]`.
        override: What a message of a lower level may change. For example `never`.
    """
    return statement("overlay", locals(), place_of_call())


@named
def dimension(
    name: str,
    /,
    *,
    type: Literal["enum", "number", "boolean", "judged"] | None = None,
    values: Texts | None = None,
    says: str | None = None,
    means: str | None = None,
) -> Statement:
    """What may be asked about.

    Args:
        type: What its values are. Left out: `enum` with `values`, `judged` with `means`. For example `boolean`.
        values: The values of an `enum`. For example `[customer, clinician]`.
        says: How an application tells the model; `{value}` stands for the value. For example `"The user is a
            {value}."`.
        means: What a judge looks for, for a `judged` dimension. For example `"..."`.
    """
    return statement("dimension", locals(), place_of_call())


@named
def probe(
    name: str,
    /,
    *,
    for_: str,
    system: str | None = None,
    developer: str | None = None,
    user: str | None = None,
    assistant: str | None = None,
    tool: str | None = None,
    turns: Turns | None = None,
    expect: Patterns | None = None,
    reject: Patterns | None = None,
    repeats: int | None = None,
    at_least: int | None = None,
    tags: Texts | None = None,
    ask: str | None = None,
) -> Statement:
    """A held-out question that the author wrote.

    Args:
        for_: The clause that the probe tests, by id or name. For example `trait.caring`.
        turns: The question as `ask:`, or a conversation turn by turn. For example `ask: "..."`.
        expect: Phrases or patterns, one of which the answer has. For example `["sorry", /rough/i]`.
        reject: Phrases or patterns, none of which the answer has. For example `["Certainly!"]`.
        repeats: How often it is asked, each time sampled anew. For example `5`.
        at_least: How many of these answers must pass; left out, all. For example `4`.
        tags: Groups of probes. For example `[evals]`.
    """
    return statement("probe", locals(), place_of_call())


@named
def term(
    name: str,
    /,
    *,
    means: str,
    called: str | None = None,
) -> Statement:
    """A word as this spec uses it.

    Args:
        means: What the word means here. For example `"somebody under 18"`.
        called: The word, where it is not one word. For example `"sensitive data"`.
    """
    return statement("term", locals(), place_of_call())


@named
def parameter(
    name: str,
    /,
    *,
    default: str | None = None,
    note: str | None = None,
) -> Statement:
    """A text for `${maker}`, unless an import gives another.

    Args:
        default: The text where an import gives none. For example `"Harbor Marine"`.
        note: What it is for. For readers. For example `"..."`.
    """
    return statement("parameter", locals(), place_of_call())


@named
def grant(
    name: str,
    /,
    *,
    at: Level | None = None,
    to: Literal["system", "developer", "user"],
    over: Texts,
    how: Literal["explicit", "implicit"] | None = None,
    because: str | None = None,
) -> Statement:
    """Clauses that a lower level may change.

    Args:
        at: The level of authority; left out, that around it, or developer.
        to: Who may change them. For example `user`.
        over: The clauses, by id, name or tag. For example `[trait.formal]`.
        how: By asking for it, or by what the context implies. For example `explicit`.
        because: Why. For readers; never trained on. For example `"..."`.
    """
    return statement("grant", locals(), place_of_call())


@named
def balance(
    name: str,
    /,
    *,
    of: Texts,
    weights: Sequence[Number],
) -> Statement:
    """Clauses that are weighed, where `priority` ranks.

    Args:
        of: The clauses, by id or name. For example `[caring, brevity]`.
        weights: How much each counts. For example `[70%, 30%]`.
    """
    return statement("balance", locals(), place_of_call())


@named
def alike(
    name: str,
    /,
    *,
    for_: str,
    asks: Texts,
) -> Statement:
    """Prompts that must be treated alike.

    Args:
        for_: The clause that decides how they are treated. For example `refuse.dosing`.
        asks: Two or more prompts that differ in what must not matter. For example `["...", "..."]`.
    """
    return statement("alike", locals(), place_of_call())


@named
def model(
    *,
    base: str | None = None,
    revision: str | None = None,
    chat_template: str | None = None,
    teacher: str | None = None,
    judge: str | None = None,
    embedder: str | None = None,
) -> Statement:
    """The subject's base and the models in other roles; no teacher or judge means the base, and reports say so.

    Args:
        base: `"nano"`, which is built in, or a Hugging Face id, or a folder. For example `"nano"`.
        revision: The commit, tag or branch of a Hugging Face base. For example `"main"`.
        chat_template: A file with a chat template, for a base that has none. For example `"template.jinja"`.
        teacher: The model that writes answers; left out, the base. For example `"Qwen/Qwen3-8B"`.
        judge: The model that grades answers; left out, the base. For example `"Qwen/Qwen3-8B"`.
        embedder: A sentence model that tells questions which mean the same; left out, words alone tell. For example
            `"BAAI/bge-small-en-v1.5"`.
    """
    return statement("model", locals(), place_of_call())


@named
def train(
    *,
    method: Literal[
        "sft",
        "dpo",
        "kto",
        "orpo",
        "simpo",
        "grpo",
        "rloo",
        "sft+dpo",
        "sft+kto",
        "sft+grpo",
        "sft+rloo",
        "dpo+sft",
        "sdft",
        "online_dpo",
        "reward+grpo",
        "reward+rloo",
        "sft+reward+rloo",
        "dpo+introspection",
        "auto",
    ]
    | None = None,
    preset: Literal["character", "zephyr"] | None = None,
    loss: Literal[
        "sigmoid",
        "hinge",
        "ipo",
        "exo_pair",
        "nca_pair",
        "robust",
        "bco_pair",
        "sppo_hard",
        "aot",
        "aot_unpaired",
        "apo_zero",
        "apo_down",
        "discopop",
        "sigmoid_norm",
    ]
    | None = None,
    adapter: Fields | None = None,
    rows: int | None = None,
    steps: int | None = None,
    batch: int | None = None,
    learning_rate: float | None = None,
    beta: float | None = None,
    sft_weight: float | None = None,
    reward_weight: float | None = None,
    seed: int | None = None,
    data: Texts | None = None,
    prompts: Texts | None = None,
    mixture: Fields | None = None,
    writers: Texts | None = None,
    options: Fields | None = None,
    watch: Fields | None = None,
) -> Statement:
    """Settings of training; what is left out is the method's default. `data` holds paths of the user's own chats.

    Args:
        method: How the adapter is trained; `a+b` trains one after the other, `auto` chooses; left out, `dpo`. For
            example `dpo`.
        preset: A published recipe: a method with its settings; what is given beside it goes first. For example
            `character`.
        loss: DPO's loss; left out, `sigmoid`. For example `ipo`.
        adapter: The shape of the LoRA adapter. For example `{ rank: 16 }`.
        rows: About how many training rows to make. For example `400`.
        steps: Optimiser steps. For example `48`.
        batch: Rows in one step. For example `16`.
        learning_rate: The optimiser's peak rate. For example `5e-4`.
        beta: How tightly the base is held to; less goes further. For example `0.1`.
        sft_weight: The SFT loss's weight beside DPO's or SimPO's. For example `0.5`.
        reward_weight: A trained reward model's weight beside the clauses' rewards, 1 each. For example `0.5`.
        seed: Feeds every random choice. For example `7`.
        data: Files of chats of your own, JSON lines (also .gz, .zst) or Parquet. For example `"chats.jsonl"`.
        prompts: Questions of your own, which rows are made for: text, JSON lines, CSV, Parquet, Arrow, or a data set's
            folder. For example `"questions.txt"`.
        mixture: What share of the rows is made of what. For example `{ written: 60%, bank: 30% }`.
        writers: Ways of writing pairs, and no others; left out, each clause's usual ones. For example `[revision]`.
        options: Settings of the trainer by the library's own names. For example `{ max_grad_norm: 0.5 }`.
        watch: What is watched while the adapter is trained, and what stops it. For example `{ every: 10% max_kl: 0.5
            }`.
    """
    return statement("train", locals(), place_of_call())


@named
def authority(
    *,
    system: Literal["root", "system", "developer", "user", "guideline", "none"] | None = None,
    developer: Literal["root", "system", "developer", "user", "guideline", "none"] | None = None,
    user: Literal["root", "system", "developer", "user", "guideline", "none"] | None = None,
    assistant: Literal["root", "system", "developer", "user", "guideline", "none"] | None = None,
    tool: Literal["root", "system", "developer", "user", "guideline", "none"] | None = None,
    quoted: Literal["root", "system", "developer", "user", "guideline", "none"] | None = None,
) -> Statement:
    """The level that a message's text has, by where it stands.

    Args:
        system: The level of a system message. For example `system`.
        developer: The level of a developer message. For example `developer`.
        user: The level of a user message. For example `user`.
        assistant: The level of the model's own earlier words. For example `none`.
        tool: The level of what a tool returns. For example `none`.
        quoted: The level of text that a message quotes, and of files. For example `none`.
    """
    return statement("authority", locals(), place_of_call())


@named
def answer(text: str, *, why: Texts) -> Fields:
    """An answer of an example with what it gets right or wrong, which is never trained on."""
    return fields_of(locals(), place_of_call())


@named
def priority(chain: str, /) -> Statement:
    """Which clauses win over which: `"safety > honesty > brevity"`, the first over the others."""
    return Statement("priority", None, chain, place_of_call())


@named
def options(**settings: bool | float | str | Sequence[bool | float | str]) -> Fields:
    """Settings of the trainer by the library's own names."""
    return fields_of({**settings}, place_of_call())


@named
def drop(*names: str) -> Statement:
    """Clauses of the extended file that shall not count."""
    return Statement("drop", None, list(names), place_of_call())


@named
def import_(file: str, /, *, as_: str | None = None, **texts: str) -> Statement:
    """Another file's statements before those of this spec. `as_` stands before the names of its clauses; the other
    arguments are the texts of its parameters."""
    place = place_of_call()
    given = fields_of({**texts}, place) if texts else None
    return Statement("import", None, fields_of({"file": file, "as": as_, "with": given}, place), place)


@named
def extends(file: str, /, **texts: str) -> Statement:
    """What another file says, changed by what this spec says; the other arguments are the texts of its parameters."""
    place = place_of_call()
    given = fields_of({**texts}, place) if texts else None
    return Statement("extends", None, fields_of({"file": file, "with": given}, place), place)
