"""The decode guard: `guard.lark`, kept while text is written, so that what it forbids cannot be said.

In: a grammar, a tokenizer. Out: for each answer that is being written, which tokens may come next. llguidance walks the
grammar byte by byte, so that no way of cutting a phrase into tokens slips through. An answer that runs out of room may
end inside of a word that a longer one would have made harmless (`sure` of `surely`); `Watch.complete` says so. This
file must not know clauses.

    from backends.guard import Guard, GuardProcessor, grammar_of
    guard = Guard(grammar_of(Path("build/pirate")), tokenizer)
    model.generate(**inputs, logits_processor=[GuardProcessor(guard)])
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compiler.failures import DataError
from compiler.lowering.guard import PATH

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerFast


FUEL = 100_000_000
STATES = 5_000_000
"""llguidance's usual limits are for servers that take grammars from anybody; the automaton's states are made as they
are met, most of them at the first tokens (ten phrases: 1.3 s once, 0.04 ms a token from then on)."""


def grammar_of(build: Path) -> str:
    """Return the guard of a build.

    Raises:
        DataError: the build has none.
    """
    path = build / PATH
    if not path.is_file():
        raise DataError(
            f"{build} has no {PATH}",
            help="a spec has one where a forbid or a secret always applies; `tenet build` writes it",
        )
    return path.read_text(encoding="utf-8")


def limits() -> Any:
    """Return what llguidance may spend on a grammar of ours."""
    from llguidance import LLParserLimits

    return LLParserLimits(initial_lexer_fuel=FUEL, step_lexer_fuel=FUEL, max_grammar_size=FUEL, max_lexer_states=STATES)


class Guard:
    """A grammar over a model's tokens. stops: tokens that end an answer; the tokenizer's own end, unless given."""

    def __init__(
        self,
        grammar: str,
        tokenizer: PreTrainedTokenizerFast,
        vocabulary: int | None = None,
        stops: Sequence[int] | None = None,
    ) -> None:
        try:
            from llguidance import LLMatcher
            from llguidance.hf import from_tokenizer
        except ImportError:
            raise DataError(
                "the guard needs llguidance, which is not installed", help='pip install "tenetc[guard]"'
            ) from None
        self._tokens = from_tokenizer(tokenizer, vocabulary, eos_token=list(stops) if stops else None)
        self._first = LLMatcher(self._tokens, grammar, log_level=0, limits=limits())
        if self._first.is_error():
            raise DataError(f"the guard is no grammar: {self._first.get_error()}", help="build the spec again")

    def watch(self, answers: int) -> Watch:
        """Return what watches over so many answers that are written from now on."""
        return Watch([self._first.deep_copy() for _ in range(answers)])


class Watch:
    """Answers on their way. held: of each, how often its likeliest token was one that may not come."""

    def __init__(self, matchers: list[Any]) -> None:
        self._matchers = matchers
        self.held = [0] * len(matchers)

    def masked(self, logits: torch.Tensor, rows: Sequence[int]) -> torch.Tensor:
        """Return `logits` (answers `rows` x vocabulary), minus infinity for tokens that may not come next."""
        import numpy as np
        import torch

        # llguidance's own way to put a mask on logits compiles a kernel first.
        packed = np.stack([np.frombuffer(self._matchers[row].compute_bitmask(), np.uint8) for row in rows])
        may = np.unpackbits(packed, axis=1, bitorder="little")[:, : logits.shape[-1]].astype(bool)
        beyond = logits.shape[-1] - may.shape[1]
        may = np.pad(may, ((0, 0), (0, max(0, beyond))))
        guarded = logits.masked_fill(~torch.from_numpy(may).to(logits.device), float("-inf"))
        moved = guarded.argmax(dim=-1) != logits.argmax(dim=-1)
        for row, one in zip(rows, moved.tolist(), strict=True):
            self.held[row] += one
        return guarded

    def took(self, row: int, token: int) -> None:
        """Say which token came."""
        self._matchers[row].consume_token(token)

    def complete(self, row: int) -> bool:
        """Whether the answer may end here."""
        return bool(self._matchers[row].is_accepting())


class GuardProcessor:
    """A logits processor for `model.generate` of transformers: the guard over all that comes after the prompt."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._watch: Watch | None = None
        self._prompt = 0

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        if self._watch is None:
            self._watch, self._prompt = self._guard.watch(len(input_ids)), input_ids.shape[1]
        else:
            for row, token in enumerate(input_ids[:, -1].tolist()):
                self._watch.took(row, token)
        return self._watch.masked(scores, range(len(input_ids)))
