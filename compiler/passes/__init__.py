"""The passes, in the order in which they run, one file each: pure functions `Program -> (Program, diagnostics)`.

To add one: write `compiler/passes/<name>.py` with a function of that name and put it into the tuple below.
"""

from __future__ import annotations

from collections.abc import Callable

from compiler.ir import Program
from compiler.passes.address import address
from compiler.passes.compare_examples import compare_examples
from compiler.passes.expand_preset import expand_preset
from compiler.passes.match_settings import match_settings
from compiler.passes.match_writers import match_writers
from compiler.passes.order import order
from compiler.passes.refuse_unlowerable import refuse_unlowerable
from compiler.passes.resolve import resolve
from spec.diagnostics import Diagnostic

Pass = Callable[[Program], tuple[Program, tuple[Diagnostic, ...]]]

PASSES: tuple[Pass, ...] = (
    expand_preset,  # what will be trained, before anything asks
    order,  # ranks, and the priority statements as clause ids
    resolve,  # names filled in, the voice, what each clause's rows depend on (needs ranks)
    refuse_unlowerable,  # errors for what cannot be lowered or checked
    match_settings,  # the trainer's settings, and the methods that have them
    match_writers,  # the writers that the spec asks for, and the clauses (needs the voice)
    compare_examples,  # the author's answers against the author's rules
    address,  # digests, last: they cover all of the above
)
