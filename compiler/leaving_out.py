"""A spec of which one clause is measured and not taught: the data set that tells what the clause's rows do.

In: a program and a clause's id. Out: the program that training rows are made from, which is that of a spec without the
clause. Prompt, probes and checks stay the true spec's, so that a run on these rows measures the clause like any other.
This file must not know recipes.

>>> from compiler.build import from_text
>>> program = from_text('trait pirate { means: "Talk like a pirate." }  forbid canned { phrases: ["Certainly!"] }')
>>> [clause.id for clause in taught_without(program, "trait.pirate").clauses]
['forbid.canned']
"""

from __future__ import annotations

from difflib import get_close_matches

from compiler.failures import GivenError
from compiler.ir import Program
from compiler.mutations import without
from compiler.passes import PASSES


def taught_without(program: Program, clause_id: str) -> Program:
    """Return the program that rows are made from.

    Raises:
        GivenError: the spec states no such clause, or nothing else.
    """
    known = {clause.id: clause for clause in program.clauses}
    if clause_id not in known:
        near = get_close_matches(clause_id, known, n=3, cutoff=0.4)
        help = f"did you mean {' or '.join(near)}?" if near else f"it states {', '.join(list(known)[:8])}"
        raise GivenError(f"the spec states no clause {clause_id}", help=help)
    if len(known) == 1:
        raise GivenError(
            f"without {clause_id} the spec states nothing", help="a spec of one clause has nothing to compare"
        )
    taught = without(program, known[clause_id])
    for run in PASSES:
        # What the passes find of it is for nobody to mend.
        taught, _ = run(taught)
    return taught
