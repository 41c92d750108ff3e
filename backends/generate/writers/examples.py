"""The author's own answers: `example { user: "Hi"  good: "Ahoy!"  bad: "Hello." }` is a pair as it stands.

No model is asked but the judge, and that only where the clause has no signs of its own.
"""

from __future__ import annotations

from backends.generate.sides import Draft, Models, as_asked
from compiler.records.recipe import Unit


def write(unit: Unit, drafts: list[Draft], models: Models) -> None:
    as_asked(unit, drafts, models, models.writer)
