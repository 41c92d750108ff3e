"""A Hugging Face hub in a folder: commits of checkpoints, of which some have been fetched to this machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Hub:
    """branches: model -> commit that `main` is at. fetched: commits on this machine. asked: (model, revision) of
    every request that went to the network."""

    root: Path
    branches: dict[str, str] = field(default_factory=dict)
    fetched: set[str] = field(default_factory=set)
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def publish(self, name: str, checkpoint: Path, commit: str) -> None:
        """Put `checkpoint` on the hub as what `main` of `name` is at from now on."""
        (self.root / name).mkdir(parents=True, exist_ok=True)
        (self.root / name / commit).symlink_to(checkpoint)
        self.branches[name] = commit

    def snapshot_download(self, name: str, *, revision: str | None, local_files_only: bool, **_: Any) -> str:
        from huggingface_hub.errors import LocalEntryNotFoundError

        commit = self.branches.get(name, "") if revision in (None, "main") else revision
        if not local_files_only:
            self.asked.append((name, revision))
            self.fetched.add(commit)
        if commit not in self.fetched or not (self.root / name / commit).is_dir():
            raise LocalEntryNotFoundError(f"{name} at {commit} is not here")
        return str(self.root / name / commit)
