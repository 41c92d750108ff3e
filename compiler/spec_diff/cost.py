"""What the new version would make anew, were the old one built, trained and measured. Nothing is built for it.

In: both programs. Out: a `Cost`, and for each clause the rows and probes of its own units. Units are compared by
`digests.unit_digest`, as `tenet plan` does with what lies on disk; what only a machine knows (another base at hand,
other versions of libraries, the user's data files) is left to `tenet plan`. This file must not read files.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace

from compiler import choosing, ir
from compiler.digests import digest, measures_digest, unit_digest
from compiler.lowering import filters, jobs, prompt, recipe
from compiler.records.recipe import Unit
from compiler.spec_diff.records import Cost, Effort


def compare(old: ir.Program, new: ir.Program) -> tuple[Cost, dict[str, Effort]]:
    """Return the whole cost, and that of each clause's own units by its id (`facts` for the factual controls)."""
    # Two files of other names are two versions of one spec all the same.
    old = replace(old, name=new.name)
    before, after = recipe.make(old), recipe.make(new)
    # Another base answers everything anew.
    rebased = (old.model.base, old.model.revision) != (new.model.base, new.model.revision)
    digests = {} if rebased else {unit.id: unit_digest(unit) for unit in before.units}
    stale = [unit for unit in after.units if digests.get(unit.id) != unit_digest(unit)]
    kept = {unit.id for unit in after.units}
    gone = [unit for unit in before.units if unit.id not in kept]
    retrain = _retrain(old, new, rebased, [u for u in (*stale, *gone) if u.is_trained])
    cost = Cost(
        rows=_count(stale, "pairs"),
        rows_all=_count(after.units, "pairs"),
        probes=_count(stale, "probes"),
        probes_all=_count(after.units, "probes"),
        retrain=retrain,
        remeasure=(
            *(["the adapter would be another one"] if retrain else []),
            *(["prompt.md changes"] if prompt.lower(old).text != prompt.lower(new).text else []),
            *(["probes change"] if any(u.purpose == "probes" for u in (*stale, *gone)) else []),
            *(["what answers are held against changes"] if measures_digest(before) != measures_digest(after) else []),
            *(["the judge is another one"] if old.model.judge != new.model.judge else []),
        ),
    )
    return cost, _by_owner(stale, gone)


def _retrain(old: ir.Program, new: ir.Program, rebased: bool, changed: list[Unit]) -> tuple[str, ...]:
    if rebased:
        return ("the base is another one",)
    written = [{job.path: job.text for job in jobs.lower(choosing.settled(program))} for program in (old, new)]
    reasons = [f"{path} changes" for path in written[1] if written[0].get(path) != written[1][path]]
    if changed:
        reasons.insert(0, "training rows change")
    elif _rules(old) != _rules(new):
        reasons.insert(0, "filters.json changes, so other rows may be dropped")
    if old.model.teacher != new.model.teacher:
        reasons.append("the teacher is another one")
    if old.train.data != new.train.data:
        reasons.append("the files under `data` are others")
    if old.train.prompts != new.train.prompts:
        reasons.append("the files under `prompts` are others")
    return tuple(reasons)


def _rules(program: ir.Program) -> str:
    """What decides which rows are dropped; where in a spec a rule stands does not."""
    return digest(json.loads(filters.lower(program).text))


def _count(units: list[Unit] | tuple[Unit, ...], purpose: str) -> int:
    return sum(unit.count for unit in units if unit.is_trained is (purpose == "pairs"))


def _by_owner(stale: list[Unit], gone: list[Unit]) -> dict[str, Effort]:
    made: dict[str, list[Unit]] = defaultdict(list)
    left: dict[str, int] = defaultdict(int)
    for unit in stale:
        made[unit.clause_ids[0]].append(unit)
    for unit in gone:
        left[unit.clause_ids[0]] += unit.count
    return {
        owner: Effort(_count(made[owner], "pairs"), _count(made[owner], "probes"), left[owner])
        for owner in dict.fromkeys([*made, *left])
    }
