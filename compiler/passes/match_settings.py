"""Hold what `train` sets against the methods that it trains by.

In: a program whose preset is expanded. Out: the same program, and an error for each setting that no trainer of its
methods has, that takes another kind of value, or that is not to be set; and for each word that its methods have no use
for. A spec that sets none is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compiler.codes import diagnose
from compiler.ir import Program
from compiler.stages import stages_of
from spec.diagnostics import Diagnostic, closest

if TYPE_CHECKING:
    from spec.document import Option

ONLINE_LOSSES = ("sigmoid", "ipo")
"""Those that the library's online DPO knows."""
WORDS = {"flag": "true or false", "whole": "a whole number", "number": "a number", "text": "a text", "list": "a list"}


def match_settings(program: Program) -> tuple[Program, tuple[Diagnostic, ...]]:
    train = program.train
    if (train.loss, train.sft_weight, train.reward_weight, train.options) == (None, None, None, None):
        return program, ()
    stages = stages_of(train.method)
    found = [*_without_use(program, stages)]
    for option in train.options.given if train.options else ():
        found += _setting(option, stages)
    return program, tuple(found)


def _without_use(program: Program, stages: tuple[str, ...]) -> Iterator[Diagnostic]:
    train = program.train
    if train.loss is not None and not {"dpo", "online_dpo"} & set(stages):
        message = f"`loss` is DPO's, and the method {train.method} has none"
        yield diagnose("T0541", message, train.span, label="a loss, but no dpo", help="write `method: dpo`")
    if train.loss is not None and "online_dpo" in stages and train.loss not in ONLINE_LOSSES:
        message = f"online DPO does not know the loss `{train.loss}`"
        mend = f"it knows {' and '.join(ONLINE_LOSSES)}"
        yield diagnose("T0541", message, train.span, label="not one of its losses", help=mend)
    if train.sft_weight is not None and train.preset is None and not {"dpo", "simpo"} & set(stages):
        message = f"`sft_weight` stands beside DPO's or SimPO's loss, and the method {train.method} has neither"
        yield diagnose("T0541", message, train.span, label="a weight of nothing", help="write `method: dpo`, or none")
    if train.reward_weight is not None and "reward" not in stages:
        message = f"`reward_weight` weighs a trained reward model, and the method {train.method} trains none"
        yield diagnose("T0541", message, train.span, label="a weight of nothing", help="write `method: reward+rloo`")


def _setting(option: Option, stages: tuple[str, ...]) -> Iterator[Diagnostic]:
    from compiler.lowering import settings

    known = settings.known()
    kinds = [known[stage][option.name] for stage in stages if option.name in known[stage]]
    if not kinds:
        names = dict.fromkeys(n for stage in stages for n in known[stage] if settings.refusal(n) is None)
        meant = closest(option.name, names)
        elsewhere = [stage for stage, of in known.items() if option.name in of]
        mend = f"did you mean `{meant}`?" if meant else None
        if elsewhere:
            mend = f"{', '.join(elsewhere)} {'has' if len(elsewhere) == 1 else 'have'} it"
        message = f"the trainer of {' and '.join(stages)} has no setting `{option.name}`"
        yield diagnose("T0540", message, option.span, label="unknown setting", help=mend)
    elif why := settings.refusal(option.name):
        yield diagnose("T0542", f"`{option.name}` is not set by `options`: {why}", option.span, label="not here")
    elif not any(settings.fits(option.value, of) for of in kinds):
        wanted = " or ".join(WORDS[kind] for kind in kinds[0].split(" or ")) if kinds[0] else "what no spec can say"
        yield diagnose("T0543", f"`{option.name}` takes {wanted}", option.span, label="another kind of value")
