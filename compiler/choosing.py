"""`train { method: auto }` -> the cheapest method that the rows of a spec can be learned by, and why.

In: a program, the rows that its recipe asks for, and what is known of the user's files. Out: the program with a method
in place of `auto`, and its reasons. It is the same wherever the spec is compiled: nothing is asked of a model. Whether
the prompt alone is enough, so that nothing has to be trained, is measured when the training begins
(`backends/train/prompting.py`). This file must not know how a method trains.

>>> from compiler.build import from_text
>>> train = settled(from_text('trait pirate { means: "Talk like a pirate." } train { method: auto }')).train
>>> train.method, train.chosen[0].split(":")[0]
('dpo', 'dpo')
"""

from __future__ import annotations

from dataclasses import replace

from compiler.facts import Facts
from compiler.ir import Program
from compiler.records.recipe import Recipe


def settled(program: Program, facts: Facts | None = None, asked: Recipe | None = None) -> Program:
    """Return the program with a method to train by. asked: its recipe, where it is made already."""
    if program.train.method != "auto":
        return program
    from compiler.lowering import recipe

    facts = facts or Facts()
    asked = asked or recipe.make(program, facts.data, facts.prompts)
    method, why = chosen(asked)
    return replace(program, train=replace(program.train, method=method, chosen=why))  # type: ignore[arg-type]  # the language has these words


def chosen(asked: Recipe) -> tuple[str, tuple[str, ...]]:
    """Return a method for the rows of a recipe, and the reasons in words, one for each stage and one more."""
    pairs = sum(unit.count for unit in asked.units if unit.purpose == "pairs")
    preferences = sum(file.preferences for file in asked.data)
    chats = sum(unit.count for unit in asked.units if unit.purpose == "chats")
    own = sum(file.rows - file.preferences for file in asked.data)
    stages, why = [], []
    if chats + own:
        stages.append("sft")
        why.append(f"sft: {_counted(chats, own)} chats have an answer to learn, and none to avoid")
    if pairs + preferences:
        stages.append("dpo")
        why.append(
            f"dpo: {_counted(pairs, preferences)} pairs say which answer is wanted and which is not; its SFT term keeps"
            " it to the wanted one"
        )
    if not stages:
        stages.append("dpo")
        why.append("dpo: no row is asked for, so that nothing tells methods apart")
    why.append("no rewards: a policy that writes its own answers costs more than rows that are there")
    return "+".join(stages), tuple(why)


def _counted(made: int, own: int) -> str:
    parts = [*([f"{made:,} made"] if made else []), *([f"{own:,} of your own"] if own else [])]
    return " and ".join(parts)
