"""The directions of a clause at every layer: what its chosen answers have there and its rejected ones have not.

In: pairs with the system messages that their sides were written under, and an engine. Out: for each clause a float32
tensor [read, layer, width], the mean over pairs of the residual stream on the chosen side less that on the rejected one
(difference of means: Panickssery et al. 2023; Chen et al. 2025). Each side is read behind the system message that it
was written under: at its answer's tokens, and at the last token before them, where two prompts differ. This file must
not know layers' or strengths' choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

from backends.devices import noticing_memory
from backends.steer.rows import Pair
from backends.vectors import layers_of
from compiler.files import write_bytes
from compiler.records.steering import Read

READS: tuple[Read, ...] = get_args(Read)
"""In the order of the first dimension."""
ROWS = 16
"""Answers read at once."""


def read_directions(
    engine: Any, pairs: Mapping[str, Sequence[Pair]], file: Path, content: str, tell: Callable[[int, int], None]
) -> dict[str, Any]:
    """Return the direction of each clause of `pairs`, from `file` where it holds those of `content`.

    tell: is told how many clauses are done, and of how many.
    """
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import save

    try:
        with safe_open(file, framework="pt") as held:
            if (held.metadata() or {}).get("content") == content:
                return {name: held.get_tensor(name) for name in pairs}
    except (OSError, SafetensorError):
        pass  # none yet, or a torn one: computed anew
    found = {}
    for number, (clause_id, own) in enumerate(pairs.items()):
        tell(number, len(pairs))
        found[clause_id] = _direction(engine, own)
    write_bytes(file, save(found, metadata={"content": content}))
    return found


def _direction(engine: Any, pairs: Sequence[Pair]) -> Any:
    chosen, rejected = (
        [_ids(engine, *side) for side in sides] for sides in zip(*(p.sides for p in pairs), strict=True)
    )
    # A side with no token, or one that is longer than the base reads, leaves its pair out.
    whole = [
        place
        for place, both in enumerate(zip(chosen, rejected, strict=True))
        if all(said and len(asked) + len(said) <= engine.longest for asked, said in both)
    ]
    # Where both sides have the same prompt, it says nothing of the direction.
    differ = [chosen[place][0] != rejected[place][0] for place in whole]
    first, second = (_mean(engine, [side[place] for place in whole], differ) for side in (chosen, rejected))
    return (first - second).contiguous()


def _ids(engine: Any, asked: Any, answer: str) -> tuple[list[int], list[int]]:
    return engine.chat.prompt_ids(asked), engine.chat._ids(answer)


def _mean(engine: Any, rows: Sequence[tuple[list[int], list[int]]], differ: Sequence[bool]) -> Any:
    """The mean over rows of each layer's output, by where it is read: float32 [read, layer, width].

    differ: of each row, whether its prompt counts; nothing but 0 where none does.
    """
    import torch

    shape = (len(READS), len(layers_of(engine.model)), int(engine.model.config.get_text_config().hidden_size))
    total = torch.zeros(shape, dtype=torch.double)
    order = sorted(range(len(rows)), key=lambda place: (sum(map(len, rows[place])), rows[place], place))
    with torch.inference_mode(), noticing_memory("reading directions"):
        for start in range(0, len(order), ROWS):
            part = order[start : start + ROWS]
            outputs = _read(engine, [[*rows[place][0], *rows[place][1]] for place in part])
            for row, place in enumerate(part):
                before, end = len(rows[place][0]), sum(map(len, rows[place]))
                at = {"answer": slice(before, end), "opening": slice(before - 1, before)}
                for number, name in enumerate(READS):
                    if name == "answer" or differ[place]:
                        means = [output[row, at[name]].float().mean(dim=0) for output in outputs]
                        total[number] += torch.stack(means).cpu().double()
    counts = torch.tensor([max(1, len(rows) if name == "answer" else sum(differ)) for name in READS])
    return (total / counts[:, None, None]).float()


def _read(engine: Any, rows: Sequence[list[int]]) -> list[Any]:
    """Each layer's output for rows of token ids: [row, token, width]."""
    import torch

    width = max(map(len, rows))
    # Padding stands behind: under a causal mask no token sees what comes after it.
    ids = torch.tensor([[*row, *[0] * (width - len(row))] for row in rows], device=engine.device.kind)
    mask = torch.tensor([[int(at < len(row)) for at in range(width)] for row in rows], device=engine.device.kind)
    with _outputs(engine.model) as outputs:
        # Without its head: no logits are wanted.
        engine.model.base_model(input_ids=ids, attention_mask=mask, use_cache=False)
    return outputs


@contextmanager
def _outputs(model: Any) -> Iterator[list[Any]]:
    """Collect what each layer puts out, before any norm at the end."""
    found: list[Any] = []

    def keep(module: Any, given: Any, output: Any) -> None:
        found.append(output[0] if isinstance(output, tuple) else output)

    handles = [layer.register_forward_hook(keep) for layer in layers_of(model)]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()
