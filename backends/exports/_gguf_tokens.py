r"""A byte-level BPE tokenizer as GGUF holds it, by the name of a splitting that llama.cpp has built in.

In: the base's tokenizer, and texts that the model is to read. Out: metadata. llama.cpp splits text before it merges
bytes, by regular expressions that stand in its source under names: a file can name one and bring none. The one that is
named gives these texts the ids of the base's own tokenizer; how many it does not is said. This file must not know
weights.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from compiler.failures import ModelLoadError

CONTRACTIONS = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"
MARKS = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
UPPER, LOWER = r"((?=[\p{L}])([^a-z]))", r"((?=[\p{L}])([^A-Z]))"
TEKKEN = rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*"


@dataclass(frozen=True, slots=True)
class Splitting:
    """patterns: applied one after the other, each to the pieces of the one before. whole: whether a piece that is a
    token is taken as it is, merges or not."""

    patterns: tuple[str, ...]
    whole: bool = False


SPLITTINGS = {
    "llama-bpe": Splitting((rf"{CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}|{MARKS}",), whole=True),
    "qwen2": Splitting((rf"{CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}|{MARKS}",)),
    "tekken": Splitting((rf"{TEKKEN}|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",), whole=True),
    "gpt-2": Splitting((GPT2,)),
    "smollm": Splitting((r"\p{N}", GPT2)),
    "smaug-bpe": Splitting((rf"{CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}|{MARKS}",)),
    "seed-coder": Splitting(
        (
            rf"{CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1}}| ?[^\s\p{{L}}\p{{N}}\r\n]+|\s*[\r\n]+"
            r"|\s+(?!\S)|\s+",
        )
    ),
}
"""By llama.cpp's names (src/llama-vocab.cpp, 2026-10)."""
HARD = (
    "\n \n\n \n\n\n \t \t\t \t\n  \n   \n    \n     \n🚀 (normal) ✅ 3 33 333 3333 33333 3.3 3..3",
    "?我想在apple工作1314151天～ ------======= нещо на Български ''''```\"\"\"....!!!!!!??????",
    "I've been 'told he's there, 'RE you sure? We'Ve a'lL",
    "def f(x):\n\treturn x  # a,b;c\r\n\r\n    (( [ {'k': -1.5e-3} ] ))",
    "Ünïcödé naïve — “quotes” … 12,345.67 € e\u0301 'see it' rock'n'roll",
)
"""Texts at which splittings differ."""
BYTES_ONLY = "export it merged, and let llama.cpp's own convert_hf_to_gguf.py read that folder"


MOST_UNLIKE = 0.01
"""Share of texts that the best splitting may read otherwise: a base's own may differ in rare runs of signs."""


@dataclass(frozen=True, slots=True)
class Named:
    """name: of the splitting. texts: how many were compared. unlike: those that it reads otherwise."""

    name: str
    texts: int
    unlike: tuple[str, ...]

    @property
    def is_near(self) -> bool:
        return len(self.unlike) <= MOST_UNLIKE * self.texts

    @property
    def said(self) -> str:
        alike = f"{self.texts - len(self.unlike):,} of {self.texts:,} texts have the base's tokens, by {self.name}"
        return f"{alike}; not {min(self.unlike, key=len)!r}" if self.unlike else alike


def splitting(tokenizer: Any, texts: Sequence[str]) -> Named:
    """Return the splitting by which most texts have the tokens that the base's tokenizer gives them; of several the one
    that reads HARD best.

    Raises:
        ModelLoadError: more than MOST_UNLIKE are read otherwise, or it is no byte-level BPE.
    """
    best: tuple[tuple[int, int], Named] | None = None
    for name in SPLITTINGS:
        named = splitting_named(tokenizer, name, texts)
        rank = len(named.unlike), len(splitting_named(tokenizer, name, HARD).unlike)
        if best is None or rank < best[0]:
            best = rank, named
        if rank == (0, 0):
            break
    assert best is not None
    named = best[1]
    if not named.is_near:
        text = min(named.unlike, key=len)
        raise ModelLoadError(
            f"llama.cpp has no tokenizer that reads as this base does: the nearest, {named.name}, reads "
            f"{len(named.unlike)} of {named.texts} texts otherwise, such as {text!r}",
            help=BYTES_ONLY,
        )
    return named


def splitting_named(tokenizer: Any, name: str, texts: Sequence[str]) -> Named:
    """Return how a splitting of llama.cpp's reads texts, beside the base's own tokenizer."""
    like, different = _like(tokenizer, SPLITTINGS[name]), dict.fromkeys(texts)
    unlike = tuple(text for text in different if _ids(like, text) != _ids(tokenizer.backend_tokenizer, text))
    return Named(name, len(different), unlike)


def _ids(backend: Any, text: str) -> list[int]:
    return list(backend.encode(text, add_special_tokens=False).ids)


def _like(tokenizer: Any, of: Splitting) -> Any:
    """The base's vocabulary and merges behind a splitting, without anything that llama.cpp does not do."""
    from tokenizers import Regex, Tokenizer, pre_tokenizers

    told = _told(tokenizer)
    told |= {"normalizer": None, "post_processor": None, "pre_tokenizer": None}
    told["model"] |= {"ignore_merges": of.whole}
    made = Tokenizer.from_str(json.dumps(told))
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            *(pre_tokenizers.Split(Regex(pattern), behavior="isolated") for pattern in of.patterns),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    return made


def _told(tokenizer: Any) -> dict[str, Any]:
    """
    Raises:
        ModelLoadError: it is no byte-level BPE.
    """
    told: dict[str, Any] = json.loads(tokenizer.backend_tokenizer.to_str())
    model = told["model"]
    if model.get("type") != "BPE" or model.get("byte_fallback") or "ByteLevel" not in json.dumps(told["decoder"]):
        raise ModelLoadError(
            "its tokenizer is no byte-level BPE, and no other is written as GGUF here", help=BYTES_ONLY
        )
    return told


def describe(writer: Any, tokenizer: Any, named: Named, size: int, stops: frozenset[int], template: str) -> None:
    """Write the tokenizer and the chat template.

    Args:
        size: rows of the embedding; there may be more of them than tokens.
        stops: tokens that end a turn.
    """
    told = _told(tokenizer)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(named.name)
    tokens, kinds = zip(*_tokens(tokenizer, size), strict=True)
    writer.add_token_list(list(tokens))
    writer.add_token_types(list(kinds))
    merges = told["model"]["merges"]
    writer.add_token_merges([merge(pair) for pair in merges])
    end = tokenizer.eos_token_id if tokenizer.eos_token_id is not None else min(stops)
    turn = sorted(stops - {end})
    writer.add_eos_token_id(end)
    if turn:
        writer.add_eot_token_id(turn[0])
    if tokenizer.bos_token_id is not None:
        writer.add_bos_token_id(tokenizer.bos_token_id)
    if tokenizer.pad_token_id is not None:
        writer.add_pad_token_id(tokenizer.pad_token_id)
    begun = tokenizer("a")["input_ids"]
    writer.add_add_bos_token(tokenizer.bos_token_id is not None and begun[0] == tokenizer.bos_token_id)
    writer.add_chat_template(template)


def merge(pair: list[str] | str) -> str:
    """A merge as GGUF writes it; tokenizers write pairs, and wrote text before."""
    return pair if isinstance(pair, str) else " ".join(pair)


def _tokens(tokenizer: Any, size: int) -> Iterator[tuple[str, int]]:
    import gguf

    names = {number: token for token, number in tokenizer.get_vocab().items()}
    added = tokenizer.added_tokens_decoder
    for number in range(size):
        if number not in names:
            yield f"[PAD{number}]", int(gguf.TokenType.UNUSED)
        elif number in added:
            kind = gguf.TokenType.CONTROL if added[number].special else gguf.TokenType.USER_DEFINED
            yield added[number].content, int(kind)
        else:
            yield names[number], int(gguf.TokenType.NORMAL)
