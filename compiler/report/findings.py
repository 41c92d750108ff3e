"""What JUnit, SARIF and Markdown say of a report: each verdict in a sentence, and answers that show it.

In: a `DiffReport`, and the folder in which its spec stands. Out: text, files as the user would open them, and
transcripts. This file must not know a format.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from compiler.records.behaviour import SideEffect
from compiler.records.clauses import ClauseRow, Trial
from compiler.records.figures import Rate
from compiler.records.measured import Stopping
from compiler.records.record import Arm
from compiler.records.report import DiffReport, Transcript
from compiler.report import figures

RIDES_ALONG = ("kept", "author", "outside")
"""What a clause's own rate counts of its own probes; of others' probes it counts all."""


@dataclass(frozen=True, slots=True)
class Found:
    """A report, and where its spec's paths start: a folder, empty for the one we are in."""

    report: DiffReport
    folder: str = ""

    def file(self, path: str) -> str:
        """Return a file of the spec as the user would open it."""
        return (PurePosixPath(self.folder) / path).as_posix()

    def place(self, row: ClauseRow) -> str:
        """Return `file:line` of a clause; the spec alone where it has no place of its own."""
        if row.place is None:
            return self.file(self.report.provenance.spec)
        return f"{self.file(row.place.path)}:{row.place.line}"


def label(figure: ClauseRow | Trial) -> str:
    """Return what a verdict is about, empty for the clause itself."""
    return figure.label if isinstance(figure, Trial) else ""


def of(figure: ClauseRow | Trial) -> str:
    return figure.of if isinstance(figure, Trial) else "rate"


def rate_of(figure: ClauseRow | Trial, arm: Arm) -> Rate | None:
    return next((rate for rate in figure.rates if rate.arm == arm), None)


def sentence(figure: ClauseRow | Trial, subject: Arm) -> str:
    """Return the verdict with everything beside it that a sceptic asks for.

    `missed: adapter 12% [5, 24] of 60 prompts, target ≥ 90%; base 0% [0, 6]; prompt 100% [94, 100]`
    """
    own = rate_of(figure, subject)
    measured = f"{subject} {figures.rate(own)} of {own.n} prompts" if own and own.n else f"{subject} decided nothing"
    parts = [f"{figure.verdict}: {measured}, target {figures.target(figure.comparison, figure.target)}"]
    parts += [f"{rate.arm} {figures.rate(rate)}" for rate in figure.rates if rate.arm != subject]
    parts += bases(figure)
    if own and own.missing:
        parts.append(f"{own.missing} answers could not be decided")
    if figure.reason:
        parts.append(figure.reason)
    if figure.verdict == "unclear" and figure.more:
        parts.append(f"{figure.more} more prompts would settle it")
    if figure.stopped:
        parts.append(f"asking {figure.stopped}")
    return "; ".join(parts)


def bases(figure: ClauseRow | Trial) -> Iterator[str]:
    """Yield what the signs beside its shares mean, and of which arms."""
    for basis, sign, means in (
        ("uncalibrated judge", figures.UNCALIBRATED, "by a judge that is not calibrated"),
        ("labels", figures.LABELLED, "a judge's share, put right by people's labels"),
    ):
        own = [rate for rate in figure.rates if rate.n and rate.basis == basis]
        if own:
            named = (f"{rate.labels} of {rate.arm}" if rate.labels else rate.arm for rate in own)
            yield f"{sign} {means} ({', '.join(named)})"


INTERVALS: dict[Stopping, str] = {
    "fixed": "with 95% intervals (of hard clauses 95% on each side)",
    "sequential": "asked until verdicts stood, with intervals that hold however often one looks: 97.5% on each side, "
    "of hard clauses 95%",
}
"""How intervals of clauses were made, after `over different prompts, `."""


def broken(report: DiffReport, row: ClauseRow, figure: ClauseRow | Trial) -> Iterator[Transcript]:
    """Yield the conversations in which the subject arm breaks what this verdict is about; flipped ones come first."""
    for talk in report.transcripts:
        if row.id not in talk.broken:
            continue
        if talk.clause_id != row.id:
            about = "rate"
        elif talk.aspect == "pressure":
            about = "pressure"
        else:
            about = "rate" if talk.aspect in RIDES_ALONG else "over_refusal"
        if about == of(figure):
            yield talk


def conversation(talk: Transcript, *arms: Arm) -> Iterator[str]:
    """Yield a conversation turn by turn, then what each arm answered: in turns before, where it had to, and at last."""
    if talk.context:
        yield f"system: {talk.context}"
    own = 0
    for message in talk.messages:
        if message.role == "assistant" and not message.content:
            own += 1
            yield f"assistant: (answered by each arm itself, {own})"
        else:
            yield f"{message.role}: {message.content}"
    for arm in arms:
        if arm in talk.answers:
            yield from (f"{arm} said before, {turn}: {said}" for turn, said in enumerate(talk.said.get(arm, ()), 1))
            yield f"{arm} answers: {talk.answers[arm]}"


def values(effect: SideEffect) -> str:
    """A side effect in every arm: `base 3%, adapter 12%`."""
    written = figures.percent if effect.unit == "share" else figures.words
    return ", ".join(f"{arm} {written(value)}" for arm, value in effect.values.items())
