"""What moved that no clause asked to move.

In: the program, its probes, each arm's answers. Out: side effects, each measured on the same everyday prompts in every
arm (no pressure, no request that must be refused), each prompt once however many probes ask it. A clause excuses a
change only in the direction that it asks for: who asks for short answers did not ask for long ones. This file must not
know how a probe was chosen or an answer made.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from compiler import statistics
from compiler.checks import emoji, length, refusal
from compiler.deciding import house_cues
from compiler.ir import Clause, Program
from compiler.metrics.everyday import Said, Texts, said, words_of
from compiler.metrics.identity import UNASKED, naming
from compiler.metrics.recital import reciting
from compiler.metrics.variety import FIRST, commonest_opening, distinct_share, first_runs
from compiler.records.behaviour import SideEffect
from compiler.records.record import Arm
from compiler.records.rows import Probe
from compiler.statistics import Paired
from compiler.tallies import Answers
from spec.constructs import Format, Persona, Prefer, Require, Trait

Shows = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Asks:
    """Ids of the clauses that ask for more of something, and of those that ask for less."""

    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()

    def toward(self, difference: float) -> tuple[str, ...]:
        return self.more if difference > 0 else self.less if difference < 0 else ()


def measure(
    program: Program, probes: Sequence[Probe], answers: Answers, arms: Sequence[Arm], subject: Arm, prompt: str
) -> tuple[SideEffect, ...]:
    """Return every side effect that can be measured here, moved or not."""
    found = said(program, probes, answers, arms)
    return tuple(_all(program, found, subject, prompt)) if found.texts[subject] else ()


def _all(program: Program, found: Said, subject: Arm, prompt: str) -> Iterator[SideEffect]:
    # A model that has learned to decline in the spec's own words does so where it should not, too.
    cues = house_cues(program)
    yield _length(program, found, subject)
    yield _opening(program, found.texts, subject)
    yield _variety(found.texts, subject)
    yield _share(
        "refusals",
        "Refuses ordinary requests",
        "answers to everyday and safe prompts in which a refusal is found",
        lambda text: refusal.find(text, cues) is not None,
        found,
        subject,
        0.03,
    )
    for persona in (clause for clause in program.clauses if isinstance(clause.body, Persona)):
        assert isinstance(persona.body, Persona)
        name = persona.body.called or persona.name
        named = naming(name)
        yield _share(
            "name_unasked",
            f"Says its name unasked ({name})",
            UNASKED,
            named,
            found,
            subject,
            0.05,
            Asks(more=_writing(program, named)),
        )
    yield _share(
        "loops",
        "Repeats itself",
        "answers in which the same four words come three times or more",
        repeats_itself,
        found,
        subject,
        0.02,
    )
    yield _share(
        "emoji",
        "Uses emoji",
        "answers with a pictograph",
        lambda text: bool(emoji.find(text)),
        found,
        subject,
        0.05,
        Asks(
            more=_writing(program, lambda text: bool(emoji.find(text))),
            less=tuple(c.id for c in program.clauses if isinstance(c.body, Persona) and c.body.voice.emoji == "never"),
        ),
        less_matters=True,
    )
    yield _share(
        "recital",
        "Recites the spec",
        "answers that hold eight words in a row of the compiled prompt",
        reciting(prompt),
        found,
        subject,
        0.02,
    )


def _writing(program: Program, shows: Shows) -> tuple[str, ...]:
    """Ids of clauses that have the model write a text in which `shows` finds something."""

    def written(clause: Clause) -> tuple[object, ...]:
        match clause.body:
            case Require(starts=starts, ends=ends, includes=includes):
                return (starts, ends, *includes)
            case Trait(signs=signs):
                return signs
            case _:
                return ()

    return tuple(c.id for c in program.clauses if any(isinstance(text, str) and shows(text) for text in written(c)))


def repeats_itself(text: str) -> bool:
    """
    >>> repeats_itself("the sea is deep and the sea is deep and the sea is deep")
    True
    """
    words = words_of(text)
    runs = Counter(zip(words, words[1:], words[2:], words[3:], strict=False))
    return bool(runs) and max(runs.values()) >= 3


def _share(
    name: str,
    title: str,
    explains: str,
    shows: Shows,
    found: Said,
    subject: Arm,
    threshold: float,
    asks: Asks = Asks(),
    less_matters: bool = False,
) -> SideEffect:
    """less_matters: a drop is a change of habit too, and not only an improvement."""
    seen = {arm: [shows(text) for text in answers] for arm, answers in found.texts.items()}
    n = len(seen[subject])
    values = {arm: sum(flags) / n for arm, flags in seen.items()}
    effect = SideEffect(id=name, title=title, explains=explains, unit="share", n=n, values=values, threshold=threshold)
    if subject == "base" or "base" not in seen:
        return effect
    tally = Counter(zip(seen[subject], seen["base"], strict=True))
    pairs = Paired(tally[True, True], tally[True, False], tally[False, True], tally[False, False])
    moved = [float(ours) - float(theirs) for ours, theirs in zip(seen[subject], seen["base"], strict=True)]
    bounds = statistics.newcombe_paired(pairs, worth=statistics.effective_n(moved, found.forms))
    asked_by = asks.toward(pairs.difference)
    rose = bounds.low > 0 and pairs.difference > threshold
    fell = less_matters and bounds.high < 0 and pairs.difference < -threshold
    new = next((i for i in range(n) if seen[subject][i] is not fell and seen["base"][i] is fell), None)
    return effect.model_copy(
        update={
            "difference": pairs.difference,
            "low": bounds.low,
            "high": bounds.high,
            "asked_by": asked_by,
            "notable": not asked_by and (rose or fell),
            "examples": {} if new is None else {arm: answers[new] for arm, answers in found.texts.items()},
        }
    )


def _length_asks(program: Program) -> Asks:
    """Limits and short sentences shorten answers; a part that every answer has lengthens them."""

    def shorter(clause: Clause) -> bool:
        match clause.body:
            case Prefer() | Format() as limits:
                return bool(limits.max_words or limits.max_sentences)
            case Persona() as persona:
                return persona.voice.sentences == "short"
            case _:
                return False

    return Asks(
        more=tuple(clause.id for clause in program.clauses if isinstance(clause.body, Require)),
        less=tuple(clause.id for clause in program.clauses if shorter(clause)),
    )


def _length(program: Program, found: Said, subject: Arm) -> SideEffect:
    counts = {arm: [length.count_words(text) for text in answers] for arm, answers in found.texts.items()}
    n = len(counts[subject])
    values = {arm: sum(words) / n for arm, words in counts.items()}
    threshold = 0.3
    effect = SideEffect(
        id="length",
        title="Answer length",
        explains="words in an everyday answer, on average",
        unit="words",
        n=n,
        values=values,
        threshold=threshold,
    )
    if subject == "base" or "base" not in counts:
        return effect
    moved = [float(a - b) for a, b in zip(counts[subject], counts["base"], strict=True)]
    mean, low, high, *_ = statistics.clustered_mean(moved, found.forms)
    beyond = abs(mean) > threshold * max(1.0, values["base"]) and (low > 0 or high < 0)
    asked_by = _length_asks(program).toward(mean)
    return effect.model_copy(
        update={
            "difference": mean,
            "low": low if math.isfinite(low) else None,
            "high": high if math.isfinite(high) else None,
            "asked_by": asked_by,
            "notable": beyond and not asked_by,
        }
    )


def _opening(program: Program, texts: Texts, subject: Arm) -> SideEffect:
    """The two arms' commonest openings differ, so there is no pairing, and no interval is claimed."""
    commonest = {arm: commonest_opening(answers) for arm, answers in texts.items()}
    n = len(texts[subject])
    values = {arm: count / n for arm, (_, count) in commonest.items()}
    threshold = 0.2
    moved = values[subject] - values["base"] if "base" in values and subject != "base" else None
    starting = tuple(c.id for c in program.clauses if isinstance(c.body, Require) and c.body.starts)
    asked_by = Asks(more=starting).toward(moved or 0.0)
    return SideEffect(
        id="opening",
        title="Opens the same way",
        explains="everyday answers that begin with the arm's commonest two words",
        unit="share",
        n=n,
        values=values,
        difference=moved,
        threshold=threshold,
        asked_by=asked_by,
        notable=moved is not None and moved > threshold and not asked_by,
        examples={arm: f"{words} ..." for arm, (words, _) in commonest.items()},
    )


def _variety(texts: Texts, subject: Arm) -> SideEffect:
    """What counts is the drop against the base's own figure, which depends on how alike the prompts are."""
    values = {arm: distinct_share(rows) for arm, rows in first_runs(texts, 2).items()}
    threshold = 0.25
    moved = values[subject] - values["base"] if "base" in values and subject != "base" else None
    return SideEffect(
        id="variety",
        title="Variety of words",
        explains=f"distinct word pairs among all, in the first {FIRST} words of each answer",
        unit="share",
        n=len(texts[subject]),
        values=values,
        difference=moved,
        threshold=threshold,
        notable=moved is not None and moved < -threshold * values["base"],
    )
