"""Whether words alone tell chosen from rejected: then words are what is learned first, and perhaps not the clause.

For each clause, the word of which the presence on one side and absence on the other tells most pairs apart; a clause
that one word tells has a short cut (a reward model finds it first). And a reader of words who has not seen the pair
(`probing.py`): a voice is told by its words, which is what was asked for, but where nearly every held-out pair is told
so, a preference loss is near 0 after few steps, and what it goes on to learn is not in the rows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from compiler.lint.findings import Finding, Rows, finding, text_of
from compiler.lint.probing import of_clause
from compiler.records.rows import PreferencePair

MOST = 0.95
TOLD = 0.98
"""Share of held-out pairs that a bag of words orders rightly."""
ENOUGH = 20
_WORD = re.compile(r"\w+(?:['’]\w+)?")


def look(rows: Rows) -> Iterator[Finding]:
    for clause_id, pairs in rows.by_clause.items():
        if len(pairs) < ENOUGH:
            continue
        word, side, share = telling_word(pairs)
        if share >= MOST:
            message = f"the word “{word}” alone tells {share:.0%} of {len(pairs)} pairs apart"
            message += f": it stands on the {side} side only"
            help = "vary the answers, or add pairs in which both sides hold it, or neither does"
            yield finding("L06", "note", message, help, clause_id, [p.id for p in pairs])
        told = of_clause(rows, clause_id)
        if told.words >= TOLD:
            message = f"a bag of words tells {told.words:.0%} of {told.pairs} pairs apart that it has not seen"
            help = "train with a loss on the chosen side too (sft+dpo), or draw rejected sides that are nearer"
            yield finding("L15", "note", message, help, clause_id, [p.id for p in pairs])


def telling_word(pairs: Sequence[PreferencePair]) -> tuple[str, str, float]:
    """Return the word that tells most pairs apart, on which side it stands, and of how many pairs as a share."""
    net: Counter[str] = Counter()
    for pair in pairs:
        chosen, rejected = (set(_WORD.findall(text_of(side).casefold())) for side in (pair.chosen, pair.rejected))
        net.update(dict.fromkeys(chosen - rejected, 1))
        net.subtract(dict.fromkeys(rejected - chosen, 1))
    if not net:
        return "", "chosen", 0.0
    word, count = max(net.items(), key=lambda item: (abs(item[1]), item[0]))
    return word, "chosen" if count > 0 else "rejected", abs(count) / len(pairs)
