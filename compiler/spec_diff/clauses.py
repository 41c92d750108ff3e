"""One clause in both versions -> its verdict, with a reason and where possible a witness for each change.

In: a pair of clauses, as the author wrote them and as the program has them. Out: a `ClauseDiff`. What is added here to
`demands.py` is what all kinds share: scope, level, target, exceptions, examples, remarks. A permission (`rule` with
`may`) turns directions round: to allow in more situations is looser. This file must not know files or costs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from compiler import ir
from compiler.conditions import Scope
from compiler.rendering import clause_lines
from compiler.spec_diff import demands, scopes
from compiler.spec_diff.moves import listed, ranked, switched, worded, written
from compiler.spec_diff.pairing import ToldBy
from compiler.spec_diff.records import FLIPPED, Change, ClauseDiff, Direction, combined
from spec.document import Clause, Document, Example, Level, Target

TURNED = ("scope", "level")
"""Concerns in which a permission is the looser, the more it has of them."""


def compare(
    old: Side,
    new: Side,
    renamed: Mapping[str, str],
    told_by: ToldBy | None = None,
) -> ClauseDiff:
    """renamed: names of traits that have another name in the new version."""
    changes = tuple(_changes(old, new, renamed))
    verdict = combined(change.direction for change in changes)
    return ClauseDiff(
        id=new.clause.id,
        verdict=verdict,
        changes=changes,
        was=old.clause.id if old.clause.id != new.clause.id else None,
        told_by=told_by,
        summary=new.said(),
        place=str(new.clause.span),
        old_place=str(old.clause.span),
    )


class Side:
    """A clause in one version: `clause` as it was written, `compiled` with what passes have filled in."""

    __slots__ = ("clause", "compiled", "program")

    def __init__(self, clause: Clause, program: ir.Program) -> None:
        self.clause = clause
        self.program = program
        self.compiled = program.clause(clause.id)

    @property
    def scope(self) -> Scope:
        clause = self.compiled
        return Scope(clause.when, clause.unless, self.program.dimensions, clause.restricts)

    def said(self) -> str:
        """The clause's first line in the prompt: what it asks, in a sentence."""
        lines = clause_lines(self.compiled, self.program)
        return lines[0].text if lines else ""


def _changes(old: Side, new: Side, renamed: Mapping[str, str]) -> Iterator[Change]:
    allowing = demands.permits(old.compiled.body), demands.permits(new.compiled.body)
    for change in _in_any_kind(old, new, renamed):
        if change.concern not in TURNED or change.direction == "equivalent" or not any(allowing):
            yield change
        elif all(allowing):
            yield replace(change, direction=FLIPPED[change.direction], reason=f"a permission: {change.reason}")
        else:
            yield replace(change, direction="incomparable")


def _in_any_kind(old: Side, new: Side, renamed: Mapping[str, str]) -> Iterator[Change]:
    before, after = old.compiled, new.compiled
    yield from demands.compare(before.body, after.body, renamed)
    yield from scopes.compare(old.scope, new.scope)
    yield from _levels(before, after)
    yield from _target(before.target, after.target)
    yield from listed("except", before.excepted, after.excepted, "looser", "scope", "exception in words")
    absolute = ("no exception at all", "exceptions may be made again")
    yield from switched("absolute", before.absolute, after.absolute, "stricter", absolute, "scope")
    scale = ("allowed", None, "covered")
    yield from ranked("transforming", before.transforming, after.transforming, scale, "scope")
    yield from _examples(old.clause.examples, new.clause.examples)
    yield from _remarks(old.clause, new.clause)


def _levels(old: ir.Clause, new: ir.Clause) -> Iterator[Change]:
    if old.level != new.level:
        up = new.level > old.level
        direction: Direction = "stricter" if up else "looser"
        least, most = sorted((old.level, new.level))
        above = Level(least + 1).name.lower()
        names = old.level.name.lower(), new.level.name.lower()
        reason = f"{'raised' if up else 'lowered'} from {names[0]} to {names[1]}"
        outvoted = f"an order at {above} level that says otherwise" if above != "root" else "a root rule against it"
        now = "outranks it no longer" if up else "outranks it now"
        reason += f": {outvoted} {now}"
        if most == Level.ROOT:
            reason += f"; {'nobody' if up else 'somebody'} can change it" if old.override == new.override else ""
        yield Change("level", "level", direction, reason, *names)
    if old.override != new.override and old.overridden != new.overridden:
        yield from ranked("override", old.overridden, new.overridden, ("implicit", "explicit", "never"), "level")
    on_top = ("in an overlay: on top of its level", "in no overlay any more")
    yield from switched("overlay", old.overlay, new.overlay, "stricter", on_top, "level")


def _target(old: Target, new: Target) -> Iterator[Change]:
    if old == new:
        return
    texts = _bound(old), _bound(new)
    if old.comparison != new.comparison:
        yield Change("target", "target", "incomparable", "a bound on the other side", *texts)
        return
    direction: Direction = "stricter" if (new.share > old.share) is (new.comparison == ">=") else "looser"
    middle = (old.share + new.share) / 2
    held = "kept" if new.comparison == ">=" else "broken"
    enough = "enough before, too few now" if held == "kept" else "few enough before, too many now"
    if direction == "looser":
        enough = "too few before, enough now" if held == "kept" else "too many before, few enough now"
    witness = f"{held} in {100 * middle:.4g}% of answers: {enough}"
    yield Change("target", "target", direction, f"{texts[1]} now, {texts[0]} before", *texts, witness)


def _bound(target: Target) -> str:
    return f"{target.comparison} {100 * target.share:.4g}%"


def _examples(old: tuple[Example, ...], new: tuple[Example, ...]) -> Iterator[Change]:
    gained = [example for example in new if example not in old]
    lost = [example for example in old if example not in new]
    if gained or lost:
        counts = [f"{len(found)} {word}" for found, word in ((gained, "new"), (lost, "gone")) if found]
        asked = ("; ".join(example.turns[-1].text for example in found) or None for found in (lost, gained))
        yield Change("example", "evidence", "equivalent", f"{' and '.join(counts)}: shows it, asks nothing", *asked)
    elif old != new:
        yield Change("example", "evidence", "equivalent", "in another order")


def _remarks(old: Clause, new: Clause) -> Iterator[Change]:
    """What no model reads."""
    for field in ("because", "note", "deprecated"):
        before, after = getattr(old, field), getattr(new, field)
        for change in worded(field, before, after, "equivalent"):
            reason = "for readers only" if field != "deprecated" else "for authors only"
            yield replace(change, concern="commentary", direction="equivalent", reason=reason)
    for field in ("tags", "see"):
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            yield Change(field, "commentary", "equivalent", "asks nothing by itself", *map(_names, (before, after)))
    if old.section != new.section:
        yield Change("section", "commentary", "equivalent", "stands elsewhere", old.section, new.section)


def _names(values: tuple[str, ...]) -> str | None:
    return ", ".join(written(value) or "" for value in values) or None


def added(side: Side) -> ClauseDiff:
    """A clause that is in the new version only."""
    return ClauseDiff(side.clause.id, "added", summary=side.said(), place=str(side.clause.span))


def removed(side: Side, new: Document) -> ClauseDiff:
    """A clause that is in the old version only."""
    clause = side.clause
    takers = [c.id for c in new.clauses if clause.id in c.supersedes or clause.name in c.supersedes]
    heirs = Change("supersedes", "commentary", "equivalent", f"{' and '.join(takers)} took its place")
    changes = (heirs,) if takers else ()
    return ClauseDiff(clause.id, "removed", changes, summary=side.said(), old_place=str(clause.span))
