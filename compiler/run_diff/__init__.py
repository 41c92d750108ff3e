"""Two runs of one spec, or of two versions of it: did behaviour move where the spec did, and only there?

In: two `Side`s. Out: a `RunDiff`: for every figure of every clause and every arm the paired difference on the prompts
that both runs answered, with its interval and the test that it does not matter (TOST); and what the spec diff says of
the clause beside it:

                      behaviour moved      behaviour is where it was
    spec changed      seen                 missing
    spec did not      unintended           stable

    sides.py      what lies in a run's folder
    moves.py      one figure in one arm
    terminal.py, markdown.py   two readers of the record

What is compared is one training with one training: their seeds' own luck is in the difference. This folder must not
know models.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler import side_effects, spec_diff, statistics, tallies
from compiler.arms import subject_of
from compiler.failures import GivenError
from compiler.lowering.probes import FACTS
from compiler.records.behaviour import SideEffect
from compiler.records.record import ALL_ARMS, Arm
from compiler.run_diff.moves import Common, outcome
from compiler.run_diff.records import EffectDiff, FigureDiff, Move, Quadrant, RunDiff
from compiler.run_diff.sides import Side
from compiler.spec_diff.records import ClauseDiff

MARGIN = 0.10
"""Ten points: some 36 prompts can show that nothing moved by more, where they agree."""
LOOSER = ("looser", "removed")
"""Verdicts on a clause after which fewer answers may keep it."""
LUCK = "Each run is one training: what its seed brought is in every difference."


def compare(old: Side, new: Side, margin: float = MARGIN, *, anyway: bool = False) -> RunDiff:
    """Return how behaviour moved from `old` to `new`.

    Args:
        margin: a share within which a difference does not matter.
        anyway: compare though bases or ways of answering differ.

    Raises:
        GivenError: the two cannot be compared, with the reason and the way out.
    """
    notes = [*_unlike(old, new, anyway), LUCK]
    arms = [arm for arm in ALL_ARMS if arm in old.measured.arms and arm in new.measured.arms]
    subject = subject_of(arms)
    for lacks, has in ((old, new), (new, old)):
        if absent := [arm for arm in ALL_ARMS if arm in has.measured.arms and arm not in lacks.measured.arms]:
            # Arms of a sequential measuring are asked together: one that is measured alone takes the others' place.
            how = " --fixed" if lacks.measured.stopping == "fixed" else ""
            named = " and ".join(filter(None, (", ".join(absent[:-1]), absent[-1])))
            notes.append(f"{lacks.name} has no arm {named}: `tenet measure{how}` on it, to compare that, too.")
    changes, told = _changes(old, new)
    notes += told
    common = Common(old, new, {c.id: c.was or c.id for c in changes.values()})
    if not common.keys:
        raise GivenError(
            f"{old.name} and {new.name} have no prompt in common",
            help=f"ask the old run what the new one was asked: tenet measure {old.name}, with the new build in place",
        )
    rows = [row for clause in changes.values() for row in _figures(common, clause, arms, subject)]
    facts = _judge(FigureDiff(
        clause_id=FACTS, figure="rate", change="equivalent", quadrant="stable",
        moves=tuple(m for arm in arms if (m := common.move(FACTS, "rate", arm)) is not None),
    ), subject)  # fmt: skip
    rows, facts = _corrected(rows, facts, arms, subject, margin)
    changed = {clause.id for clause in changes.values() if asks_otherwise(clause)}
    alike = common.base_alike() if "base" in arms else None
    if alike is not None and alike[0] < alike[1]:
        notes.append(
            f"The base itself answered {alike[1] - alike[0]} of {alike[1]} common prompts otherwise: the machine or "
            "the batches differ, so small differences may be theirs."
        )
    return RunDiff(
        old=old.name,
        new=new.name,
        subject=subject,
        arms=tuple(arms),
        margin=margin,
        common=len(common.keys),
        only_old=len(common.old_keys - common.keys),
        only_new=len(common.new_keys - common.keys),
        base_same=alike[0] if alike else None,
        base_asked=alike[1] if alike else None,
        clauses=tuple(rows),
        facts=facts if facts.moves else None,
        effects=tuple(_effects(common, subject, changed)),
        notes=tuple(notes),
    )


def exit_code(found: RunDiff, fail_on: str) -> int:
    """Return 1 on an unintended change or a regression (`any`), on a regression alone (`worse`, `looser`), else 0."""
    if fail_on == "nothing":
        return 0
    return int(bool(found.worse) or (fail_on == "any" and bool(found.unintended)))


# ------------------------------------------------------------------ may they be compared?


def _unlike(old: Side, new: Side, anyway: bool) -> list[str]:
    """What stands in the way of a comparison, as notes where it is wanted anyway."""
    if not set(old.measured.arms) & set(new.measured.arms):
        raise GivenError(
            f"{old.name} has the arms {', '.join(old.measured.arms)}, {new.name} has {', '.join(new.measured.arms)}: "
            "none in common",
            help="measure both with the same --arm",
        )
    found: list[str] = []
    if old.measured.base_sha256 != new.measured.base_sha256:
        found.append(f"the bases differ: {_base(old)} and {_base(new)}")
    if old.measured.sampling != new.measured.sampling:
        found.append(f"answers were drawn otherwise: {old.measured.sampling}; {new.measured.sampling}")
    if found and not anyway:
        raise GivenError(
            f"{old.name} and {new.name} cannot be compared: {'; '.join(found)}",
            help="what moved would be that difference's doing as well; --anyway compares them all the same",
        )
    return [f"Compared all the same: {reason}." for reason in found]


def _base(side: Side) -> str:
    return f"{side.measured.base} ({side.measured.base_sha256[:8]})"


def _changes(old: Side, new: Side) -> tuple[dict[str, ClauseDiff], list[str]]:
    """What the spec diff says of each clause; every clause is the same where a spec is not known."""
    if old.trained is not None and new.trained is not None:
        return {clause.id: clause for clause in spec_diff.compare(old.trained, new.trained).clauses}, []
    lost = old if old.trained is None else new
    note = f"The spec that {lost.name} was trained on is not known, so every clause counts as unchanged."
    return {clause.id: ClauseDiff(clause.id, "equivalent") for clause in new.program.clauses}, [note]


# ------------------------------------------------------------------ clauses


def _figures(common: Common, clause: ClauseDiff, arms: list[Arm], subject: Arm) -> Iterator[FigureDiff]:
    counted = common.figures(clause)
    for figure in counted:
        moves = tuple(m for arm in arms if (m := common.move(clause.id, figure, arm, clause)) is not None)
        row = FigureDiff(
            clause_id=clause.id,
            was=clause.was,
            figure=figure,
            change=clause.verdict if asks_otherwise(clause) else "equivalent",
            reasons=tuple(f"{change.field}: {change.reason}" for change in clause.changes),
            quadrant="not compared",
            moves=moves,
            reason=None if moves else common.why_not(clause, figure),
        )
        yield _judge(row, subject)
    if not counted:
        yield FigureDiff(
            clause_id=clause.id,
            was=clause.was,
            figure="rate",
            change=clause.verdict if asks_otherwise(clause) else "equivalent",
            quadrant="not compared",
            reason="neither run has a probe of it",
        )


def asks_otherwise(clause: ClauseDiff) -> bool:
    """Whether the change is meant to show in behaviour: a target says what is enough, and a comment nothing."""
    if clause.verdict in ("added", "removed"):
        return True
    return any(c.direction != "equivalent" and c.concern not in ("target", "commentary") for c in clause.changes)


def _judge(row: FigureDiff, subject: Arm) -> FigureDiff:
    """Set a figure's place in the two by two, and whether it is a regression, by its moves as they are."""
    own = next((move for move in row.moves if move.arm == subject), None)
    if own is None:
        return row.model_copy(update={"quadrant": "not compared", "regression": False})
    quadrant: Quadrant = "unclear"
    if own.outcome == "moved":
        quadrant = "unintended" if row.change == "equivalent" else "seen"
    elif own.outcome == "stable":
        quadrant = "stable" if row.change == "equivalent" else "missing"
    fell = own.outcome == "moved" and own.difference < 0
    return row.model_copy(update={"quadrant": quadrant, "regression": fell and row.change not in LOOSER})


def _corrected(
    rows: list[FigureDiff], facts: FigureDiff, arms: list[Arm], subject: Arm, margin: float
) -> tuple[list[FigureDiff], FigureDiff]:
    """Correct for how many figures there are, arm by arm: of what is said to have moved, 5% at most moved by chance."""
    everything = [*rows, facts]
    adjusted: dict[tuple[int, Arm], float] = {}
    for arm in arms:
        own = [(place, m) for place, row in enumerate(everything) for m in row.moves if m.arm == arm]
        values = statistics.benjamini_hochberg([move.p for _, move in own])
        adjusted |= {(place, arm): value for (place, _), value in zip(own, values, strict=True)}

    def settled(place: int, move: Move) -> Move:
        value = adjusted[place, move.arm]
        return move.model_copy(update={"adjusted_p": value, "outcome": outcome(move, value, margin)})

    done = [
        _judge(row.model_copy(update={"moves": tuple(settled(place, m) for m in row.moves)}), subject)
        for place, row in enumerate(everything)
    ]
    return done[:-1], done[-1]


# ------------------------------------------------------------------ side effects


def _effects(common: Common, subject: Arm, changed: set[str]) -> Iterator[EffectDiff]:
    """The side effects of the new run with the old one in the base's place, on common everyday prompts."""
    probes = [probe for probe in common.new.probes if tallies.prompt_key(probe) in common.keys]
    answers: dict[tuple[str, Arm], object] = {}
    for probe in probes:
        was, now = common.old_answer(probe, subject), common.new_answer(probe, subject)
        if was is not None and now is not None:
            answers[probe.id, "base"], answers[probe.id, "adapter"] = was, now
    found = side_effects.measure(
        common.new.program, probes, answers, ("base", "adapter"), "adapter", common.new.prompt  # type: ignore[arg-type]  # measurements
    )  # fmt: skip
    for effect in found:
        if effect.difference is not None:
            yield EffectDiff(
                id=effect.id,
                title=effect.title,
                unit=effect.unit,
                n=effect.n,
                old=effect.values["base"],
                new=effect.values["adapter"],
                low=effect.low,
                high=effect.high,
                moved=_moved(effect),
                asked_by=tuple(i for i in effect.asked_by if i in changed),
            )


def _moved(effect: SideEffect) -> bool:
    """Whether it moved for the worse, or as clauses ask that may have asked so before."""
    if not effect.asked_by:
        return effect.notable
    was = effect.values["base"]
    # Length and variety count as parts of what they were.
    scale = max(1.0, was) if effect.unit == "words" else was if effect.id == "variety" else 1.0
    beyond = effect.low is None or effect.high is None or effect.low > 0 or effect.high < 0
    return beyond and abs(effect.difference or 0.0) > effect.threshold * scale


__all__ = ["MARGIN", "RunDiff", "Side", "compare", "exit_code"]
