"""Answers that name another model, or recite the compiled prompt that made them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from compiler.lint.findings import Finding, Rows, finding, runs, text_of

MODELS = (
    "ChatGPT", "GPT-4", "GPT-5", "OpenAI", "Claude", "Anthropic", "Gemini", "DeepMind", "Llama", "Meta AI", "Mistral",
    "Qwen", "DeepSeek", "Grok", "Copilot", "Bard",
)  # fmt: skip
"""Names that answers of other models leave behind."""
RUN = 12
"""Words in a row that are no chance any more."""


def look(rows: Rows) -> Iterator[Finding]:
    names = [name for name in (*rows.names, *MODELS) if name.casefold() not in rows.prompt.casefold()]
    named = re.compile(r"\b(?:" + "|".join(map(re.escape, names)) + r")\b", re.IGNORECASE)
    found: dict[str, list[str]] = {}
    for pair in rows.pairs:
        asked = text_of(pair.prompt)
        for hit in named.finditer(text_of(pair.chosen)):
            # A question about a model is answered by naming it.
            if hit.group().casefold() not in asked.casefold():
                found.setdefault(hit.group(), []).append(pair.id)
    for name, ids in sorted(found.items()):
        message = f"{len(set(ids))} chosen answers name {name}, which neither the spec nor the question does"
        yield finding(
            "L07", "error", message, "leave these rows out, or rewrite the answers", rows=list(dict.fromkeys(ids))
        )
    recited = runs(rows.prompt, RUN)
    leaks = [pair.id for pair in rows.pairs if not recited.isdisjoint(runs(text_of(pair.chosen), RUN))]
    if leaks:
        message = f"{len(leaks)} chosen answers recite {RUN} or more words of the compiled prompt in a row"
        yield finding(
            "L08", "error", message, "leave these rows out: the model would learn to tell its prompt", rows=leaks
        )
