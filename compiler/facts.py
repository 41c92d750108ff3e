"""What a build has to know beside the spec: the base's own facts, the machine, the user's files, the sources.

In: nothing. Out: frozen records that the driver fills in (from `backends` or by hand) and lowerings read, so that
lowerings stay pure: equal program and facts give equal bytes. This file must not know how a fact is found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from compiler.records.recipe import DataFile, PromptFile

DeviceKind = Literal["cpu", "cuda", "mps"]
Stage = Literal["generate", "train", "measure"]
Forward = Literal["packed", "stock"]

# The packages whose version can change what a stage computes. Others (a parser, a progress bar) change no byte.
INFLUENCES: dict[Stage, tuple[str, ...]] = {
    "generate": ("torch", "transformers", "tokenizers"),
    "train": ("torch", "transformers", "tokenizers", "trl", "peft", "accelerate", "datasets"),
    "measure": ("torch", "transformers", "tokenizers", "peft"),
}


@dataclass(frozen=True, slots=True)
class BaseFacts:
    """digest: over weights, tokenizer and template, None where the base is not at hand. revision: the commit found.
    parameters: how many, 0 for unknown. count_tokens: of a text, by the base's tokenizer. bank, held_out: hashes of
    the questions that units draw on and of the words kept for probes; None where there are none. folder: where its
    files were found on this machine; None for Tenet's own base and for a served model."""

    name: str = "nano"
    digest: str | None = None
    revision: str | None = None
    parameters: int = 0
    count_tokens: Callable[[str], int] | None = field(default=None, compare=False)
    bank: str | None = None
    held_out: str | None = None
    folder: str | None = field(default=None, compare=False)

    @property
    def small(self) -> bool:
        """Whether this is a base that trains in minutes on a CPU, with settings of its own."""
        return self.name == "nano" or 0 < self.parameters < 50_000_000


@dataclass(frozen=True, slots=True)
class Machine:
    """What computes. threads: None where a device other than the CPU does: sums on a CPU are split by thread. forward:
    whose forward pass a training takes, Tenet's (`packed`) or the library's.

    >>> machine = Machine(versions=(("torch", "2.13.0"), ("trl", "1.16.0"), ("rich", "15")))
    >>> machine.influencing("generate")
    {'device': 'cpu', 'dtype': 'float32', 'threads': 2, 'torch': '2.13.0'}
    """

    device: DeviceKind = "cpu"
    dtype: str = "float32"
    threads: int | None = 2
    versions: tuple[tuple[str, str], ...] = ()
    forward: Forward = "packed"

    def influencing(self, stage: Stage) -> dict[str, Any]:
        """What of the machine can change a byte that the stage writes."""
        packages = {name: version for name, version in self.versions if name in INFLUENCES[stage]}
        found = {"device": self.device, "dtype": self.dtype, "threads": self.threads, **packages}
        return {**found, "forward": self.forward} if stage == "train" else found


@dataclass(frozen=True, slots=True)
class Facts:
    """spec: the spec's path from the folder that holds it and the build. teacher, judge: None where the base plays that
    role, or where it is not at hand. sources: path as messages show it -> text. struck: keys of the rows that a person
    has struck out (`compiler.struck`)."""

    base: BaseFacts = BaseFacts()
    teacher: BaseFacts | None = None
    judge: BaseFacts | None = None
    machine: Machine = Machine()
    data: tuple[DataFile, ...] = ()
    prompts: tuple[PromptFile, ...] = ()
    sources: tuple[tuple[str, str], ...] = ()
    spec: str = ""
    struck: tuple[str, ...] = ()
