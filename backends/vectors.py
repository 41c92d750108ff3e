"""Vectors on disk and in a model: what is added to the output of which layer while answers are written.

In: a folder with vectors.safetensors and steer.json, or directions with strengths. Out: a `Steering`, and an engine
that computes under it: its vectors are added at every token, or at those of the prompt alone. Either way a prefix that
a batch shares is computed once as ever, and a row's answer does not depend on the rows beside it. This file must not
know clauses' rows, or how a direction was found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from compiler.digests import digest, file_digest
from compiler.failures import DataError, ModelLoadError
from compiler.records.steering import Read, Steered

VECTORS, RECORD = "vectors.safetensors", "steer.json"


class Part(NamedTuple):
    """A clause's vector: where its direction is read and added, after which layer (from 0), and how strongly."""

    read: Read
    layer: int
    strength: float


@dataclass(frozen=True, slots=True)
class Steering:
    """added: what each layer's output gets, a float32 vector on the CPU, by where it is added. digest: of it."""

    added: Mapping[tuple[Read, int], Any]
    digest: str

    @classmethod
    def of(cls, added: Mapping[tuple[Read, int], Any]) -> Steering:
        state = hashlib.sha256()
        for read, layer in sorted(added):
            state.update(f"{read} {layer}:".encode())
            state.update(added[read, layer].contiguous().numpy().tobytes())
        return cls(dict(sorted(added.items())), state.hexdigest())


def summed(parts: Mapping[str, Part], direction: Callable[[str, Part], Any]) -> Steering:
    """Return several clauses' vectors as one. direction: of a clause, at the part's place."""
    added: dict[tuple[Read, int], Any] = {}
    for clause_id, part in parts.items():
        place = part.read, part.layer
        vector = part.strength * direction(clause_id, part)
        added[place] = added[place] + vector if place in added else vector
    return Steering.of(added)


def parts_of(record: Steered) -> dict[str, Part]:
    return {
        vector.clause_id: Part(vector.read, vector.layer, vector.strength)
        for vector in record.vectors
        if vector.read is not None and vector.layer is not None and vector.strength is not None
    }


def read_record(folder: Path) -> Steered:
    """Return what lies beside the vectors of a folder.

    Raises:
        DataError: there are none, or they are not what was written.
    """
    path = folder / RECORD
    again = "steer again: tenet steer SPEC"
    try:
        record = Steered.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{folder} holds no vectors", help="make them first: tenet steer SPEC") from None
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise DataError(f"{path} cannot be read: {error}", help=again) from error
    if not (folder / VECTORS).is_file() or file_digest(folder / VECTORS) != record.vectors_sha256:
        raise DataError(f"{folder / VECTORS} is not what {path.name} says", help=again)
    return record


def read(folder: Path) -> Steering:
    """Return the vectors of a folder, scaled and summed.

    Raises:
        DataError: there are none, or they are not what was written.
    """
    from safetensors.torch import load_file

    record = read_record(folder)
    directions = load_file(folder / VECTORS)
    parts = parts_of(record)
    if set(parts) != set(directions):
        raise DataError(f"{folder / VECTORS} holds other clauses than {RECORD} says", help="tenet steer SPEC")
    return summed(parts, lambda clause_id, part: directions[clause_id])


def vectors_digest(folder: Path) -> str:
    """Hash all that decides what vectors do: their numbers, layers and strengths.

    Raises:
        DataError: as `read_record`.
    """
    record = read_record(folder)
    return digest([record.vectors_sha256, [[clause_id, *part] for clause_id, part in parts_of(record).items()]])


def layers_of(model: Any) -> Any:
    """Return the decoder's layers, in order.

    Raises:
        ModelLoadError: the architecture has none that can be told.
    """
    from torch.nn import ModuleList

    config = model.config.get_text_config()
    count = int(config.num_hidden_layers)
    for module in model.modules():
        if isinstance(module, ModuleList) and len(module) == count:
            return module
    raise ModelLoadError(f"a {config.model_type} shows no list of {count} layers, so that it cannot be steered")


@contextmanager
def steering(engine: Any, by: Steering) -> Iterator[None]:
    """Let an engine compute under vectors.

    Raises:
        DataError: the engine does not hold the model itself (a server, a recording).
        ModelLoadError: the vectors are of another model.
    """
    model = getattr(engine, "model", None)
    if model is None:
        raise DataError(
            "vectors are added inside of a model, and this engine does not hold it",
            help="leave TENET_ENGINE, TENET_RECORD and TENET_REPLAY unset, or measure other arms",
        )
    layers = layers_of(model)
    device, dtype = next(model.parameters()).device, next(model.parameters()).dtype
    width = int(model.config.get_text_config().hidden_size)
    if any(layer >= len(layers) or vector.shape != (width,) for (_, layer), vector in by.added.items()):
        raise ModelLoadError("the vectors are of another model: its layers have another number or width")
    handles = [
        layers[layer].register_forward_hook(partial(_add, engine, read, vector.to(device=device, dtype=dtype)))
        for (read, layer), vector in by.added.items()
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _add(engine: Any, read: Read, vector: Any, module: Any, given: Any, output: Any) -> Any:
    if read == "opening" and not engine.reading:
        return output
    if isinstance(output, tuple):
        return (output[0] + vector, *output[1:])
    return output + vector
