"""A program as a person reads it, for `tenet build --show-ir` and for golden tests of passes.

In: a program. Out: text, one clause a paragraph, in order of authority. Nothing reads it back: `ir_file` is for that.

>>> from compiler.build import from_text
>>> print(printed(from_text('trait warm { means: "Be warm." }')))
program spec  base nano  method dpo  voice trait.warm
<BLANKLINE>
0 trait.warm at developer  target >= 90%
    means: 'Be warm.'
"""

from __future__ import annotations

from dataclasses import fields

from compiler.conditions import Scope
from compiler.ir import Clause, Program


def printed(program: Program) -> str:
    head = f"program {program.name}  base {program.model.base}  method {program.train.method}"
    if program.voice:
        head += f"  voice {' '.join(program.voice)}"
    if program.priority:
        head += f"\npriority {' > '.join(program.priority)}"
    clauses = sorted(program.clauses, key=lambda c: c.rank)
    return "\n\n".join([head, *(_clause(clause, program) for clause in clauses)])


def _clause(clause: Clause, program: Program) -> str:
    share = f"{100 * clause.target.share:g}%"
    line = f"{clause.rank} {clause.id} at {clause.level.name.lower()}  target {clause.target.comparison} {share}"
    condition = Scope(clause.when, clause.unless, program.dimensions, clause.restricts).words()
    if condition:
        line += f"  {condition}"
    said = [
        f"    {f.name}: {value!r}"
        for f in fields(clause.body)
        if (value := getattr(clause.body, f.name)) not in (None, ()) and value != f.default
    ]
    depends = [f"    depends: {' '.join(clause.depends)}"] if clause.depends else []
    return "\n".join([line, *said, *depends])
