"""The stages of a training method: `a+b` trains `b` from where `a` has ended.

In: a method's name. Out: its stages. This file must not know what a stage does.
"""

from __future__ import annotations

USUAL = "dpo"
"""The method of a spec that names none, nor a preset."""
CHOICES = ("sft", "dpo")
"""What `auto` chooses among: one of them, or one after the other."""


def stages_of(method: str | None) -> tuple[str, ...]:
    """The stages of a method, in order; of `auto`, those that it may choose.

    >>> stages_of("sft+dpo"), stages_of("dpo")
    (('sft', 'dpo'), ('dpo',))
    """
    return CHOICES if method == "auto" else tuple((method or USUAL).split("+"))
