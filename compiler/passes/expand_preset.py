"""Put what a preset sets into `train`, where the spec itself says nothing.

In: a program. Out: the program with the preset's method and settings, first of all passes: those that follow see what
will be trained.
"""

from __future__ import annotations

from dataclasses import replace

from compiler.ir import Program
from compiler.presets import expanded
from spec.diagnostics import Diagnostic


def expand_preset(program: Program) -> tuple[Program, tuple[Diagnostic, ...]]:
    return replace(program, train=expanded(program.train)), ()
