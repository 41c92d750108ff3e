"""Load the world's YAML tables once.

In: the YAML files beside this module. Out: plain dictionaries and lists. This file must not know prompts or models.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent


@cache
def table(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((HERE / f"{name}.yaml").read_text(encoding="utf-8"))
    return loaded


@cache
def rows(name: str) -> tuple[tuple[str, ...], ...]:
    """The rows of one table of entities, split into columns."""
    return tuple(tuple(part.strip() for part in str(row).split("|")) for row in table("entities")[name])


@cache
def talk_rows(name: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(part.strip() for part in str(row).split(" | ")) for row in table("talk")[name]["rows"])


@cache
def entities() -> tuple[str, ...]:
    """Every named thing of the entity tables, in file order."""
    return tuple(row[0] for name in table("entities") for row in rows(name))


def words(name: str) -> tuple[str, ...]:
    """One list of words.yaml."""
    return tuple(table("words")[name])
