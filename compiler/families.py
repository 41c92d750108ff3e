"""Whether two models are of one family, by their names: a judge favours answers that its own kind wrote.

In: names, as a spec or Inspect gives them. Out: in words, what a judge is to the models whose answers it grades. A
model prefers what it has written itself (Panickssery, Bowman and Feng 2024, "LLM Evaluators Recognize and Favor Their
Own Generations"), and a judge what a student of its own family has learned ("Preference Leakage", Li et al. 2025). A
name is all that is looked at: one that says nothing is said to say nothing. This file must not know answers.

>>> sorted(families("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"))
['deepseek', 'qwen']
>>> kin("openai:gpt-5-mini", "nano", "openai/gpt-oss-20b")
'is of one family with the teacher, openai/gpt-oss-20b, whose answers were learned from'
"""

from __future__ import annotations

import re

KNOWN = (
    *(
        "claude",
        "command",
        "deepseek",
        "falcon",
        "gemini",
        "glm",
        "gpt",
        "granite",
        "grok",
        "internlm",
        "kimi",
        "llama",
    ),
    *("minimax", "mistral", "nemotron", "nova", "olmo", "phi", "qwen", "smollm", "yi"),
)
"""A word at the beginning of a part of a name: `qwen` of `Qwen3-8B`."""
SAME = {
    **dict.fromkeys(("chatgpt", "o1", "o3", "o4", "davinci"), "gpt"),
    **dict.fromkeys(("mixtral", "ministral", "magistral", "codestral", "devstral", "pixtral"), "mistral"),
    **dict.fromkeys(("qwq", "qvq"), "qwen"),
    "gemma": "gemini",
    "aya": "command",
    **dict.fromkeys(("vicuna", "alpaca", "tulu"), "llama"),
    "chatglm": "glm",
}
"""Words for models of another's family: made from it, or by the same makers from the same data."""


def families(name: str) -> frozenset[str]:
    """Return the families that a name speaks of: none for a name that says nothing, two for a distilled model."""
    if name == "nano":
        return frozenset({"nano"})
    model = name.removeprefix("openai:").partition("@")[0].rstrip("/").rpartition("/")[2].lower()
    parts = re.split(r"[^a-z0-9]+", model)
    words = {word for part in parts for word in (*KNOWN, *SAME) if re.match(rf"{word}(?![a-z])", part)}
    return frozenset(SAME.get(word, word) for word in words)


def kin(judge: str, subject: str, teacher: str | None) -> str | None:
    """Return what a judge is to those whose answers it grades, as the end of a sentence that begins with it; None where
    all names are of other families.

    Args:
        subject: the model that answers.
        teacher: the model whose answers it was trained on; None where nothing was trained, or the subject wrote them.
    """
    unknown = []
    for role, name in ((f"the teacher, {teacher}, whose answers were learned from", teacher), (subject, subject)):
        if name is None:
            continue
        if name == judge:
            return f"is {role}" if name == teacher else "is the model being measured"
        if families(name) & families(judge):
            return f"is of one family with {role}"
        if not (families(name) and families(judge)):
            unknown.append(name)
    if unknown:
        return f"has a name that does not tell whether it is of one family with {' or '.join(unknown)}"
    return None


def is_partial(found: str | None) -> bool:
    """Whether what `kin` found is a reason to doubt the judge, and not a name that says nothing."""
    return found is not None and not found.startswith("has a name")
