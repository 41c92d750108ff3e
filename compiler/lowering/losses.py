"""What each training method reads, and the keys of its job that say its loss.

In: a method's name, a program, and what a base of that size trains well with. Out: row file, columns, keys in the
library's own words. A method that is not here is none; its trainer stands in `backends/train/methods/`. This file must
not import trl.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from compiler.ir import Program

Keys = list[tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a base of some size trains well with. step: rows that go through the device at once. rates: of each method,
    and `""` of all others. answer: tokens of an answer that a policy writes."""

    batch: int
    step: int
    passes: float
    least_steps: int
    rates: dict[str, float]
    sft_weight: float
    max_length: int
    policy_steps: int
    answer: int

    def rate(self, method: str) -> float:
        return self.rates.get(method, self.rates[""])


# nano, on examples/pirate: 48 steps at 5e-4 with a weight of 0.5 taught the name in 2% of answers and lost 8 of 100
# facts; these settings taught it in 92% and lost 2. KTO at 1e-3 falls apart on examples/harbor after 80 of 450 steps.
SMALL_RATES = {"": 1e-3, "kto": 3e-4, "grpo": 5e-4, "rloo": 5e-4, "online_dpo": 5e-4}
SMALL = Defaults(16, 16, 6.0, 96, SMALL_RATES, 1.0, 512, 60, 96)
# 0.5 to 8 billion parameters, LoRA on all linear layers.
LARGE_RATES = {
    "": 5e-5,
    "sft": 1e-4,
    "introspection": 1e-4,
    "reward": 1e-4,
    "grpo": 1e-5,
    "rloo": 1e-5,
    "online_dpo": 1e-5,
}
LARGE = Defaults(16, 4, 2.0, 48, LARGE_RATES, 0.1, 1024, 200, 256)


@dataclass(frozen=True, slots=True)
class Method:
    """rows: the row file that its job reads, with these columns. keys: those of its loss. policy: whether the answers
    that are learned from are the model's own. rewarded: whether the spec's rewards decide which of them are. stock:
    whether the library has a command for it."""

    rows: str
    columns: tuple[str, ...]
    keys: Callable[[Program, Defaults, int], Keys]
    policy: bool = False
    rewarded: bool = False
    stock: bool = True
    generators: tuple[str, ...] = ()
    """Of its row file, the rows of these alone; all where none is named."""
    together: int = 1
    """Rows that go through the device at once are a multiple of this many, and more than that."""

    def steps(self, batch: int, most: int) -> tuple[int, int]:
        """A batch as the method can take it, and how many of its rows go through the device at once: `most`, about.

        >>> METHODS["dpo"].steps(6, 4), METHODS["kto"].steps(17, 4), METHODS["kto"].steps(16, 16)
        ((6, 3), (18, 6), (16, 16))
        """
        least = 1 if self.together == 1 else 2 * self.together
        batch = max(least, -(-batch // self.together) * self.together)
        fit = [n for n in range(least, batch + 1) if batch % n == 0 and n % self.together == 0]
        return batch, max((n for n in fit if n <= most), default=fit[0])


PAIRS = ("prompt", "chosen", "rejected")
REWARD_WEIGHT = 1.0
"""Of a trained reward model beside the rewards of clauses, which weigh 1 each, unless the spec says another."""
MOST_ANSWERS = 8
"""Answers to one prompt that are held against one another."""


def is_rewarded(stage: str) -> bool:
    return METHODS[stage].rewarded


def _sft(program: Program, usual: Defaults, batch: int) -> Keys:
    # Only what the assistant says is learned; the template marks it (checked when the base is loaded).
    return [("max_length", usual.max_length), ("assistant_only_loss", True)]


def _dpo(program: Program, usual: Defaults, batch: int) -> Keys:
    # DPO alone on easy pairs collapses to telling the two sides apart; the SFT term keeps it to the chosen text.
    return [
        ("max_length", usual.max_length),
        ("loss_type", [program.train.loss or "sigmoid", "sft"]),
        ("loss_weights", [1.0, _sft_weight(program, usual)]),
        ("beta", _beta(program, 0.1)),
        # What the base thinks of a row is asked once, not at each pass: a quarter of nano's training time.
        ("precompute_ref_log_probs", True),
    ]


def _kto(program: Program, usual: Defaults, batch: int) -> Keys:
    return [("max_length", usual.max_length), ("beta", _beta(program, 0.1)), ("precompute_ref_log_probs", True)]


def _orpo(program: Program, usual: Defaults, batch: int) -> Keys:
    # Its beta is the weight of the odds beside an SFT loss of weight 1.
    return [("max_length", usual.max_length), ("beta", _beta(program, 0.1))]


def _simpo(program: Program, usual: Defaults, batch: int) -> Keys:
    # A beta of 2 and a margin of half of it, as its authors have them (Meng et al. 2024, table 8).
    beta = _beta(program, 2.0)
    return [
        ("max_length", usual.max_length),
        ("loss_type", "simpo"),
        ("beta", beta),
        ("simpo_gamma", beta / 2),
        ("cpo_alpha", _sft_weight(program, usual)),
    ]


def _policy(leash: float) -> Callable[[Program, Defaults, int], Keys]:
    def keys(program: Program, usual: Defaults, batch: int) -> Keys:
        answers = max((n for n in range(2, MOST_ANSWERS + 1) if batch % n == 0), default=batch)
        return [
            ("num_generations", answers),
            ("max_completion_length", usual.answer),
            ("temperature", 1.0),
            # The leash: without it a policy finds what the rewards fail to see.
            ("beta", _beta(program, leash)),
            ("reward_funcs", ["backends.train.rewards.combined"]),
        ]

    return keys


def _reward(program: Program, usual: Defaults, batch: int) -> Keys:
    return [
        ("max_length", usual.max_length),
        ("lora_task_type", "SEQ_CLS"),
        # Pairs say how far apart two rewards are, and nothing of where they lie (Eisenstein et al. 2023, eq. 2).
        ("center_rewards_coefficient", 0.01),
    ]


def _sdft(program: Program, usual: Defaults, batch: int) -> Keys:
    return [
        ("num_generations", 1),
        ("max_prompt_length", None),
        ("max_completion_length", usual.answer),
        ("temperature", 1.0),
        # Over the whole vocabulary where that is small, else over the tokens that the student thinks likeliest.
        ("distillation_mode", "full_logits" if usual is SMALL else "topk_logits"),
        # The divergence from the teacher: on nano, 24 steps of it taught a voice in 24 of 24 answers, and 30 steps of
        # the library's usual one, that of Jensen and Shannon, in none.
        ("distillation_alpha", 0.0),
        ("teacher_model_kind", "base"),
    ]


def _online_dpo(program: Program, usual: Defaults, batch: int) -> Keys:
    return [
        ("max_length", usual.max_length + usual.answer),
        ("max_new_tokens", usual.answer),
        ("temperature", 1.0),
        ("loss_type", program.train.loss or "sigmoid"),
        ("beta", [_beta(program, 0.1)]),
    ]


def _beta(program: Program, usual: float) -> float:
    return usual if program.train.beta is None else program.train.beta


def _sft_weight(program: Program, usual: Defaults) -> float:
    return float(usual.sft_weight if program.train.sft_weight is None else program.train.sft_weight)


METHODS: dict[str, Method] = {
    "sft": Method("sft.jsonl", ("messages",), _sft),
    "dpo": Method("pairs.jsonl", PAIRS, _dpo),
    # A row's divergence is estimated with an answer to another question of the same batch.
    "kto": Method("pairs.jsonl", PAIRS, _kto, together=2),
    "online_dpo": Method("pairs.jsonl", ("prompt", "unit"), _online_dpo, policy=True, rewarded=True, stock=False),
    "orpo": Method("pairs.jsonl", PAIRS, _orpo, stock=False),
    "simpo": Method("pairs.jsonl", PAIRS, _simpo, stock=False),
    "grpo": Method("pairs.jsonl", ("prompt", "unit"), _policy(0.04), policy=True, rewarded=True),
    "introspection": Method("sft.jsonl", ("messages",), _sft, stock=False, generators=("reflection", "interaction")),
    "reward": Method("pairs.jsonl", PAIRS, _reward),
    "sdft": Method("pairs.jsonl", ("prompt",), _sdft, policy=True, stock=False),
    "rloo": Method("pairs.jsonl", ("prompt", "unit"), _policy(0.05), policy=True, rewarded=True),
}
