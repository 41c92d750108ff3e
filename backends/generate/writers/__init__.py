"""Writers: how both sides of a preference pair are had. One file each in this folder; the file's name is the writer's.

In: a unit that names its writer, drafts with their prompts, and the models. Out: drafts with a chosen and a rejected
side, or with the reason why there is none. A writer module has one function, `write(unit, drafts, models)`, which tells
a failed draft by `Draft.failed` and raises nothing for it. The name stands on every row. What a writer hands back is
still held against filters.json, and dropped where both sides are the same. This folder must not know where rows go.

    examples              the author's own answers
    self_distillation     the subject under the compiled prompt, against what it says without
    teacher_distillation  another model under the compiled prompt
    fixed_part            one side is the other one with a part put on
    refusal               declined in the clause's style, against an answer
    safe_completion       a look-alike answered, against a refusal
    pushback              kept though pushed, against giving in
    revision              a first draft revised by principle after principle, against the draft
    best_of_n             the best of n samples, against the worst
    style_transfer        an answer that stands already, rewritten, against itself
    phrase_removal        an answer without the forbidden phrase, against itself
    honesty               what the subject knows is answered, what it does not know is not
    anti_sycophancy       a right answer kept against a user's wrong claim
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from backends.generate.sides import Draft, Models
from compiler.records.recipe import Unit
from compiler.records.recipe import Writer as Name


class Writer(Protocol):
    def write(self, unit: Unit, drafts: list[Draft], models: Models) -> None:
        """Fill in `sides["chosen"]` and `sides["rejected"]` of each draft, or say in `failed` why not."""


def names() -> tuple[str, ...]:
    """The writers of this folder, found without importing them."""
    return tuple(sorted(p.stem for p in Path(__file__).parent.glob("*.py") if not p.stem.startswith("_")))


def load(name: Name | None) -> Writer:
    """The writer of this name. A recipe from before writers had names asks for what its two sources say."""
    return cast(Writer, import_module(f"backends.generate.writers.{name or 'teacher_distillation'}"))
