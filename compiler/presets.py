"""Published recipes by name: `train { preset: character }`.

In: nothing. Out: what each preset sets of a spec's `train`. What a spec gives itself goes first, key by key. A preset
says what its source says as far as a spec can say it; what depends on the size of the base stays with
`compiler/lowering/losses.py`. This file must not know how anything is trained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from compiler.stages import USUAL
from spec.document import Mixture, Train


@dataclass(frozen=True, slots=True)
class Preset:
    """source: where it is published. says: what it does, in a sentence. sets: fields of `Train` by their
    names, each of which is None where a spec leaves it out."""

    source: str
    says: str
    sets: Mapping[str, Any]


PRESETS: dict[str, Preset] = {
    "character": Preset(
        "Maiya et al. 2025, Open Character Training (arXiv 2511.01689)",
        "DPO on distilled pairs with an SFT term, then SFT on what the model says of itself and to its own copy, by an"
        " adapter of its own; both adapters are added exactly.",
        {
            "method": "dpo+introspection",
            "beta": 0.1,
            # Ten thousand reflections and two thousand interactions there.
            "mixture": Mixture(reflection=0.25, interaction=0.05),
        },
    ),
    "zephyr": Preset(
        "Tunstall et al. 2023, Zephyr (arXiv 2310.16944)",
        "SFT on the chosen sides, then DPO without an SFT term.",
        {"method": "sft+dpo", "beta": 0.1, "sft_weight": 0.0},
    ),
}


def expanded(train: Train) -> Train:
    """Return `train` with what its preset sets and it does not, and a method in any case.

    >>> expanded(Train(preset="zephyr", beta=0.5)).method, expanded(Train(preset="zephyr", beta=0.5)).beta
    ('sft+dpo', 0.5)
    """
    sets = PRESETS[train.preset].sets if train.preset else {}
    unsaid = {name: value for name, value in {"method": USUAL, **sets}.items() if getattr(train, name) is None}
    return replace(train, **unsaid)
