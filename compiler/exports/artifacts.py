"""What an exported run is, as far as its card and its launch lines have to know.

In: nothing. Out: `Exported`. This file must not know how an artifact is made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["peft", "merged", "gguf", "lora", "ollama"]
"""An adapter as PEFT reads it; a whole model as transformers reads it; the same as llama.cpp reads it; an adapter as
llama.cpp reads it; a model as Ollama builds it."""
HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*\Z")
TAKEN = 0
"""`Exported.context` where the base does not say how much it reads."""


@dataclass(frozen=True, slots=True)
class Exported:
    """name: of the spec. folder: its last part. base, revision: as the spec names them. rank: of the adapter, the
    largest. number_type: of the weights, `float16` or `Q8_0`. weights: the file's name where it is one. beside: the
    file of the base's weights, where it was written too. prompted: whether the compiled prompt is what it starts from
    when it is given no system message. templated: whether it brings a chat template in place of the base's own.
    context: tokens that the base reads."""

    kind: Kind
    name: str
    folder: str
    base: str
    revision: str | None
    rank: int
    number_type: str
    weights: str = ""
    beside: str = ""
    prompted: bool = False
    templated: bool = False
    context: int = TAKEN

    @property
    def is_on_hub(self) -> bool:
        """Whether the base is named as the Hugging Face Hub names models."""
        return bool(HUB_ID.match(self.base))
