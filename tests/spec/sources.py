"""The sources of inputs for fuzzing, by name.

In: the name of a source and a random generator. Out: bytes.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.spec.inputs import broken_bytes, mutated, planted, soup, walk, written
from tests.spec.other_inputs import constitution, json_spec, markdown, yaml

SOURCES: dict[str, Callable[[random.Random], str | bytes]] = {
    "soup": soup, "walk": walk, "written": written, "planted": planted, "mutated": mutated, "bytes": broken_bytes,
    "markdown": markdown, "constitution": constitution, "yaml": yaml, "json": json_spec,
}  # fmt: skip
SPECS = ("soup", "walk", "written", "planted", "mutated", "mutated", "bytes")
"""Sources of specs; the slips of real ones twice as often."""


def drawn(source: str, rng: random.Random) -> bytes:
    made = SOURCES[source](rng)
    return made if isinstance(made, bytes) else made.encode("utf-8", "surrogatepass")
