"""Specs written in Python: functions with types, one for each statement of the language.

    from spec.builder import Spec, example, refuse, trait

    harbor = Spec(
        trait("caring", means="Names the feeling first.", target=">= 85%"),
        refuse("dosing", at="root", about="how much of a medicine to take", style="caring"),
        name="harbor",
    )
    harbor.document  # checked as a file is; errors point at the line and the argument
    harbor.text()  # the same spec as .tenet text

In: calls. Out: `Spec`. What a call makes is a frozen record; nothing is checked before the spec is whole.
"""

from __future__ import annotations

from spec.builder import statements
from spec.builder.core import Fields, Spec, SpecErrors, Statement
from spec.builder.statements import *  # noqa: F403  # all that it defines, which is generated

__all__ = ["Fields", "Spec", "SpecErrors", "Statement"]
__all__ += statements.__all__
