"""Weights to GGUF and back: tensor by tensor, so that one more than the model stands in memory at a time.

In: a model's parameters and the changes that are added to them. Out: a file that llama.cpp reads; and, read back, the
parameters under their own names. What was written is held against base and change by what its number type can hold.
This file must not know tokenizers or commands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from backends.exports._gguf_shapes import ROPE_FREQUENCIES, Names, rope_frequencies
from backends.train.changes import apart
from backends.train.verifying import Found
from compiler.failures import ModelLoadError

TYPES = {"f32": "F32", "f16": "F16", "bf16": "BF16", "q8_0": "Q8_0"}
FILE_TYPES = {"f32": "ALL_F32", "f16": "MOSTLY_F16", "bf16": "MOSTLY_BF16", "q8_0": "MOSTLY_Q8_0"}


def parameters(model: Any) -> Iterator[tuple[str, Any]]:
    """Every parameter once, without an output layer that is tied to the embeddings."""
    tied = getattr(model.config, "tie_word_embeddings", False)
    for name, parameter in model.named_parameters():
        if not (tied and name == "lm_head.weight"):
            yield name, parameter.detach()


def write(writer: Any, model: Any, changes: Mapping[str, Any], number_type: str) -> None:
    """Write header, metadata and tensors; the writer holds the rest of the metadata already."""
    import gguf

    names = Names(model.config)
    frequencies = rope_frequencies(model.config)
    planned: list[tuple[str, str, Any]] = []
    for name, parameter in parameters(model):
        planned.append((name, names.of(name), _type_of(tuple(parameter.shape), number_type)))
    weights = dict(parameters(model))
    if frequencies is not None:
        writer.add_tensor_info(ROPE_FREQUENCIES, frequencies.shape, frequencies.dtype, frequencies.nbytes)
    for name, told, kind in planned:
        _announce(writer, told, tuple(weights[name].shape), kind)
    writer.add_file_type(int(gguf.LlamaFileType[FILE_TYPES[number_type]]))
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    if frequencies is not None:
        writer.write_tensor_data(frequencies)
    for name, _, kind in planned:
        writer.write_tensor_data(gguf.quants.quantize(names.turned(name, summed(name, weights[name], changes)), kind))
    writer.close()


def summed(name: str, weight: Any, changes: Mapping[str, Any]) -> Any:
    """Base and change, added in float64, as a float32 array."""
    change = changes.get(name.removesuffix(".weight"))
    found = weight.double().cpu() if change is None else weight.double().cpu() + change
    return found.float().numpy()


def _type_of(shape: tuple[int, ...], number_type: str) -> Any:
    """Vectors stay in float32; rows that are no multiple of a block stay in float16."""
    import gguf

    if len(shape) < 2:
        return gguf.GGMLQuantizationType.F32
    kind = gguf.GGMLQuantizationType[TYPES[number_type]]
    block, _ = gguf.GGML_QUANT_SIZES[kind]
    return kind if shape[-1] % block == 0 else gguf.GGMLQuantizationType.F16


def _announce(writer: Any, name: str, shape: tuple[int, ...], kind: Any) -> None:
    import gguf
    import numpy as np

    block, size = gguf.GGML_QUANT_SIZES[kind]
    count = 1
    for length in shape:
        count *= length
    plain = {gguf.GGMLQuantizationType.F32: np.float32, gguf.GGMLQuantizationType.F16: np.float16}.get(kind)
    if plain is not None:
        writer.add_tensor_info(name, shape, np.dtype(plain), count * size // block)
    else:
        told = gguf.quant_shape_to_byte_shape(shape, kind)
        writer.add_tensor_info(name, told, np.dtype(np.uint8), count * size // block, raw_dtype=kind)


def read(path: Path) -> dict[str, tuple[Any, str]]:
    """Tensors by llama.cpp's names, as float32 arrays, each with its number type.

    Raises:
        ModelLoadError: it is no whole GGUF file.
    """
    import gguf

    try:
        return {
            tensor.name: (gguf.quants.dequantize(tensor.data, tensor.tensor_type), tensor.tensor_type.name)
            for tensor in gguf.GGUFReader(path).tensors
        }
    except (ValueError, IndexError, KeyError, OSError) as error:
        raise ModelLoadError(f"{path.name} is torn, or no GGUF file: {error}") from error


def compare(path: Path, model: Any, changes: Mapping[str, Any]) -> tuple[dict[str, Found], dict[str, Any]]:
    """Hold a file's tensors against base and change.

    Returns:
        What is changed, by module, as far as it is; and all weights as they were read, by the library's names.

    Raises:
        ModelLoadError: a tensor is missing, or is none of the model's.
    """
    import gguf
    import torch

    names = Names(model.config)
    tensors = read(path)
    found, weights = {}, {}
    for name, parameter in parameters(model):
        if names.of(name) not in tensors:
            raise ModelLoadError(f"{path.name} has no {names.of(name)}")
        own, kind = tensors.pop(names.of(name))
        if own.shape != tuple(parameter.shape):
            raise ModelLoadError(f"{names.of(name)} is {own.shape}, and the base's is {tuple(parameter.shape)}")
        weights[name] = torch.from_numpy(names.turned_back(name, own).copy())
        module, base = name.removesuffix(".weight"), parameter.double().cpu()
        wanted = summed(name, parameter, changes)
        # What the number type can hold of the sum, by the same rule as it was written, in the library's order.
        held = gguf.quants.dequantize(
            gguf.quants.quantize(names.turned(name, wanted), gguf.GGMLQuantizationType[kind]),
            gguf.GGMLQuantizationType[kind],
        )
        held = torch.from_numpy(names.turned_back(name, held).copy()).double()
        if module in changes:
            change = changes[module]
            found[module] = Found(apart(change, weights[name].double() - base), kind, apart(change, held - base))
        elif not torch.equal(weights[name].double(), held):
            found[module] = Found(float("inf"), kind)
    frequencies = rope_frequencies(model.config)
    stretched, _ = tensors.pop(ROPE_FREQUENCIES, (None, ""))
    if tensors or (stretched is None) != (frequencies is None):
        raise ModelLoadError(
            f"{path.name} has tensors that are none of the base's: {next(iter(tensors), ROPE_FREQUENCIES)}"
        )
    return found, weights
