"""Whether an answer says a forbidden phrase in other forms of its words: a hint, and no breach.

In: a phrase and an answer that does not hold it. Out: whether all of the phrase's words of meaning, by their stems,
stand close together, in any order. A phrase with fewer than two such words has no paraphrase that words could show.

>>> found("As an AI language model", "Being a model of language and an AI, I float.")
True
>>> found("As an AI language model", "An AI floats."), found("Certainly!", "For certain.")
(False, False)
"""

from __future__ import annotations

import re

from compiler.checks import phrases

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
FUNCTION_WORDS = frozenset(
    {
        *("a", "an", "the", "and", "or", "so", "as", "at", "by", "for", "from", "in", "of", "on", "to", "with"),
        *("am", "are", "be", "been", "being", "can", "did", "do", "does", "had", "has", "have", "is", "was", "were"),
        *("will", "would", "i", "i'm", "it", "its", "me", "my", "our", "that", "their", "there", "they", "this"),
        *("we", "you", "your", "not", "but"),
    }
)
SPREAD = 2
"""The words may stand in a stretch of so many times the phrase's own length."""
_ENDINGS = ("ations", "ation", "ings", "ing", "edly", "ed", "ies", "es", "s", "ly", "e")


def stem(word: str) -> str:
    """Return a word without its commonest endings; three letters are left at least.

    >>> stem("apologies"), stem("apologise"), stem("models")
    ('apolog', 'apologis', 'model')
    """
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


def found(phrase: str, answer: str) -> bool:
    said = [stem(word) for word in _WORD.findall(phrases.fold(phrase)) if word not in FUNCTION_WORDS]
    wanted = frozenset(said)
    if len(wanted) < 2:
        return False
    words = [stem(word) for word in _WORD.findall(phrases.fold(answer))]
    width = max(SPREAD * len(_WORD.findall(phrase)), len(wanted))
    return any(wanted <= set(words[start : start + width]) for start in range(len(words)))
