"""What a build has to know beside the spec: the base's own facts, the machine, the user's files, the sources.

In: nothing. Out: frozen records that the driver fills in (from `backends` or by hand) and lowerings read, so that
lowerings stay pure: equal program and facts give equal bytes. This file must not know how a fact is found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from compiler.records import DataFile

DeviceKind = Literal["cpu", "cuda", "mps"]


@dataclass(frozen=True, slots=True)
class BaseFacts:
    """digest: over weights, tokenizer and template, None where the base is not at hand. revision: the commit found.
    parameters: how many, 0 for unknown. count_tokens: of a text, by the base's tokenizer."""

    name: str = "nano"
    digest: str | None = None
    revision: str | None = None
    parameters: int = 0
    count_tokens: Callable[[str], int] | None = field(default=None, compare=False)

    @property
    def small(self) -> bool:
        """Whether this is a base that trains in minutes on a CPU, with settings of its own."""
        return self.name == "nano" or 0 < self.parameters < 50_000_000


@dataclass(frozen=True, slots=True)
class Facts:
    """teacher, judge: None where the base plays that role, or where it is not at hand. sources: path as messages show
    it -> text. versions: package -> version, for the lock."""

    base: BaseFacts = BaseFacts()
    teacher: BaseFacts | None = None
    judge: BaseFacts | None = None
    device: DeviceKind = "cpu"
    data: tuple[DataFile, ...] = ()
    sources: tuple[tuple[str, str], ...] = ()
    versions: tuple[tuple[str, str], ...] = ()
