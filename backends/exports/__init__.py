"""Exports: a trained run as other programs load it, held against what was trained before it gets its name.

In: a run with its build and base. Out: a folder with weights, tokenizer, chat template, compiled prompt, a card, and a
manifest of hashes that is written last. One file a kind in this folder, with `write(source, options, folder)`, which
returns what it made, and `check(source, folder)`, which yields what it is held by, also for `tenet verify`. A folder
that is there and is not an export as it was written is never written over. This file must not know formats.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from backends.bases import Base
from backends.devices import Device
from backends.exports import _sealing
from backends.train import verifying
from backends.train.changes import Change, Whole, changes
from backends.train.verifying import Check
from compiler.agreement import ROWS
from compiler.exports.artifacts import Exported, Kind
from compiler.failures import DataError, GivenError, ModelLoadError


@dataclass(frozen=True)
class Source:
    """What is exported: a run, the base that it was trained on, and the compiled prompt. name: of the spec."""

    run: Path
    base: Base
    device: Device
    name: str
    prompt: str
    build: Path

    def texts(self) -> list[str]:
        """What was trained on and asked: the messages of rows and probes, each once."""
        found: dict[str, None] = {}
        for name in ROWS:
            if (self.build / name).is_file():
                for line in (self.build / name).read_text(encoding="utf-8").split("\n"):
                    found.update(dict.fromkeys(_contents(json.loads(line)) if line.strip() else ()))
        return list(found)

    @cached_property
    def changes(self) -> Whole:
        """What the adapter adds, by module.

        Raises:
            ModelLoadError: it is no plain LoRA.
        """
        return Whole(self._parts)

    @property
    def rank(self) -> int:
        return max(int(change.a.shape[0]) for change in self._parts.values())

    @cached_property
    def _parts(self) -> dict[str, Change]:
        try:
            return changes(self.run / "adapter")
        except (OSError, ValueError, KeyError) as error:
            raise ModelLoadError(f"the adapter of {self.run} cannot be exported: {error}") from error

    def parts(self) -> dict[str, Change]:
        """The same as pairs of low-rank matrices."""
        return self._parts


@dataclass(frozen=True, slots=True)
class Options:
    """folder: the name that the export will have. prompted: whether it starts from the compiled prompt where it is
    given no system message. number_type: of GGUF weights: f32, f16, bf16 or q8_0. with_base: write the base as GGUF
    beside an adapter. shard: most bytes of a file of weights, as the library writes sizes. temperature: what Ollama
    draws with, None for its own."""

    folder: str
    prompted: bool = True
    number_type: str = "f16"
    with_base: bool = False
    shard: str = "5GB"
    temperature: float | None = None


def kinds() -> tuple[str, ...]:
    """The kinds of this folder, found without importing them."""
    return tuple(sorted(p.stem for p in Path(__file__).parent.glob("*.py") if not p.stem.startswith("_")))


def export(
    kind: Kind,
    source: Source,
    out: Path,
    options: Options,
    card: Callable[[Exported, list[Check]], dict[str, str]],
    tell: Callable[[Check], object] = bool,
) -> Exported:
    """Write a run into the folder `out` and return what was made.

    Args:
        card: texts to put beside the weights, by file name, once they are held to be right.
        tell: is told each check as it is made.

    Raises:
        GivenError: `out` is there and is no export as it was written.
        DataError: the run is not what was trained, or a package is missing.
        ModelLoadError: this kind cannot hold the model, or what was written is not what was trained.
    """
    made = module_of(kind)
    if out.name in ("", ".."):
        raise GivenError(f"{out} is no name for a folder", help="name a folder that is not there yet with -o")
    with _sealing.staged(out) as folder:
        for check in verifying.recorded(source.run, source.base):
            tell(check)
            if not check.ok:
                raise DataError(
                    f"{source.run} is not what was trained: {check.what}: {check.said}",
                    help=f"train it again: rm -r {source.run}, then tenet train SPEC",
                )
        exported: Exported = replace(made.write(source, options, folder), folder=options.folder)
        checks = []
        for check in made.check(source, folder, exported.prompted):
            tell(check)
            checks.append(check)
            if not check.ok:
                raise ModelLoadError(f"what was exported is not what was trained: {check.what}: {check.said}")
        for name, text in card(exported, checks).items():
            (folder / name).write_text(text, encoding="utf-8")
        _sealing.seal(folder, out, _record(source, exported, checks))
    return exported


def _record(source: Source, exported: Exported, checks: list[Check]) -> dict[str, Any]:
    from backends.train.adapters import adapter_digest

    return {
        "kind": exported.kind,
        "spec": source.name,
        "run": source.run.resolve().name,
        "base": source.base.name,
        "base_digest": source.base.digest,
        "revision": source.base.revision,
        "adapter_digest": adapter_digest(source.run / "adapter"),
        "number_type": exported.number_type,
        "prompted": exported.prompted,
        "checks": [{"check": check.what, "found": check.said} for check in checks],
    }


def module_of(kind: str) -> Any:
    return import_module(f"backends.exports.{kind}")


def is_export(path: Path) -> bool:
    return (path / _sealing.MANIFEST).is_file()


def is_readable(artifact: Path) -> bool:
    """Whether the engines here can answer by it: an adapter's folder, or that of a whole model."""
    return artifact.is_dir() and any(artifact.glob("*.safetensors"))


def held(source: Source, artifact: Path) -> Iterator[Check]:
    """Hold an artifact against a run: an export against its manifest too, anything else as what its files say."""
    kind = prompted = None
    if artifact.is_dir() and is_export(artifact):
        odd = _sealing.altered(artifact)
        yield Check("sealed", not odd, "every file as it was exported" if not odd else f"changed since: {odd[0]}")
        manifest = _sealing.read_manifest(artifact)
        kind, prompted = manifest.get("kind"), manifest.get("prompted")
    elif artifact.suffix == ".gguf":
        kind = "lora" if artifact.name.endswith(".lora.gguf") else "gguf"
    if kind in kinds():
        yield from module_of(str(kind)).check(source, artifact, prompted)
    else:
        yield from verifying.against(source.run, artifact, source.base, source.device)


def _contents(row: Any) -> Iterator[str]:
    """The texts of messages in a row, wherever they stand."""
    if isinstance(row, dict):
        if isinstance(row.get("role"), str) and isinstance(row.get("content"), str):
            yield row["content"]
        for value in row.values():
            yield from _contents(value)
    elif isinstance(row, list):
        for value in row:
            yield from _contents(value)


def needs(package: str, extra: str) -> None:
    """
    Raises:
        DataError: a package of an extra is not installed.
    """
    if find_spec(package) is None:
        raise DataError(f"this needs the package {package}", help=f'pip install "tenetc[{extra}]"')
