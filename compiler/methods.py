"""How a check decides, in a sentence for readers of a report.

In: a check record. Out: what follows "An answer keeps the clause when". This file must not know clauses or answers.

>>> method(EmojiCheck(present=False))
'holds no pictograph'
"""

from __future__ import annotations

from typing import assert_never

from compiler.checks import phrases
from compiler.records.checks import (
    AffixCheck,
    Check,
    EmojiCheck,
    JudgeCheck,
    LengthCheck,
    PatternsCheck,
    PhrasesCheck,
    RefusalCheck,
)


def method(check: Check) -> str:
    """Return in a sentence how a check decides."""
    match check:
        case PhrasesCheck():
            listed = ", ".join(f'"{phrase}"' for phrase in check.phrases)
            said = "one of these occurs" if check.present else "none of these occurs"
            return f"{said}, read through {len(phrases.LAYERS)} layers of disguise: {listed}"
        case PatternsCheck():
            listed = ", ".join(f"/{pattern}/{check.flags}" for pattern in check.patterns)
            return f"{'one of these is' if check.present else 'none of these is'} found by RE2: {listed}"
        case AffixCheck():
            parts = [
                *([f'starts with "{check.starts}"'] if check.starts else []),
                *([f'ends with "{check.ends}"'] if check.ends else []),
            ]
            return " and ".join(parts)
        case LengthCheck():
            limits = [
                *([f"at most {check.max_words} words"] if check.max_words else []),
                *([f"at most {check.max_sentences} sentences"] if check.max_sentences else []),
                *([f"no sentence over {check.max_sentence_words} words"] if check.max_sentence_words else []),
            ]
            return ", ".join(limits)
        case EmojiCheck():
            return "holds a pictograph" if check.present else "holds no pictograph"
        case RefusalCheck():
            what = "a refusing clause is found" if check.present else "no refusing clause is found"
            cues = ", ".join(f'"{cue}"' for cue in check.cues)
            return f"{what}, by grammar or by the spec's own words: {cues}" if cues else f"{what}, by grammar"
        case JudgeCheck():
            said = "the answer keeps this" if check.present else "this does not hold of the answer"
            return f"a judge model says that {said}: {check.principle}"
        case _:
            assert_never(check)
