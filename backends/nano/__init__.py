"""nano, the embedded base model: its world, its weights, and how both were made. Importing this loads nothing heavy."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
WEIGHTS = FOLDER / "weights"
BANK = FOLDER / "bank.jsonl"
SPLITS = FOLDER / "splits.json"


def voices() -> dict[str, str]:
    """The voices nano can speak in, each with one description."""
    from backends.nano.world.voices import voices as known

    return {name: voice.means[0] for name, voice in known().items()}


def topics() -> dict[str, str]:
    """What nano can be told to refuse, each with one description."""
    from backends.nano.world.tables import table

    return {name: spec["about"][0] for name, spec in table("topics").items()}
