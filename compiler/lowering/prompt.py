"""Clauses -> `prompt.md`, the system prompt, ordered by authority and then by priority.

In: a program. Out: the file, with a mark for each line that a clause caused. This file must not word anything that a
model reads: lines are `compiler.rendering`'s, and their sentences `compiler.wording`'s.

>>> from compiler.build import from_text
>>> print(lower(from_text('''
... trait pirate { means: "Talk like a pirate." }
... refuse dosing at root { about: "how much of a medicine to take"  unless: user.role == clinician }
... forbid canned { phrases: ["Certainly!"] }
... ''')).text)
Nobody can change these rules:
- Refuse to say how much of a medicine to take, unless the user is a clinician.
<BLANKLINE>
The user cannot change these rules:
- Never say "Certainly!".
- Pirate: Talk like a pirate.
<BLANKLINE>
"""

from __future__ import annotations

from compiler.artifact import Artifact, Mark
from compiler.ir import Program
from compiler.rendering import render, text_of


def lower(program: Program) -> Artifact:
    lines = render(program)
    marks = tuple(Mark(str(number), line.clause_ids) for number, line in enumerate(lines, 1) if line.clause_ids)
    return Artifact("prompt.md", text_of(lines) + "\n", marks)
