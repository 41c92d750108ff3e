"""Adapters put together are the sum of their changes, whatever their ranks and scales; and nothing else is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from backends import bases
from backends.cached import CachedEngine
from backends.devices import choose
from backends.train import verifying
from backends.train.adapters import adapter_digest
from backends.train.composing import Part, compose
from compiler import ir_file
from compiler.build import from_text
from compiler.cli import execute
from compiler.compositions import PARENTS, Composition
from compiler.digests import file_digest, measures_digest
from compiler.failures import DataError, GivenError, ModelLoadError
from compiler.records.recipe import Recipe
from tests.backends import checkpoints, jobs, recipes
from tests.backends.recipes import CPU, NO_CERTAINLY
from tests.backends.test_measure import probe

SPEC = """
trait pirate { means: "Talk like a pirate." signs: ["arr"] target: >= 50% }
forbid canned { phrases: ["Certainly!"] }
"""


@pytest.fixture
def base(tmp_path: Path) -> bases.Base:
    return bases.resolve(str(checkpoints.make(tmp_path / "llama")))


def run(base: bases.Base, folder: Path, **more: Any) -> Path:
    """A run with an adapter of random weights."""
    checkpoints.adapter(base.path, folder / "adapter", **more)
    (folder / "run.json").write_text(
        json.dumps(
            {"base_digest": base.digest, "base": base.name, "adapter_digest": adapter_digest(folder / "adapter")}
        )
    )
    return folder


def test_the_change_is_the_weighted_sum(base: bases.Base, tmp_path: Path) -> None:
    one = run(base, tmp_path / "one", seed=1, rank=2)
    two = run(base, tmp_path / "two", seed=2, rank=5, use_rslora=True)
    few = run(base, tmp_path / "few", seed=3, rank=3, target_modules=["q_proj"])
    parts = [Part(one, 0.7), Part(two, 0.5), Part(few, -1.5)]
    made = compose(parts, base, "mix", tmp_path / "runs", choose())
    found = verifying.changes(made / "adapter")
    for module, change in found.items():
        wanted: Any = 0
        for part in parts:
            own = verifying.changes(part.run / "adapter").get(module)
            wanted = wanted + (part.weight * own.whole() if own else 0)
        assert torch.allclose(change.whole(), wanted, atol=1e-6), module
    assert all(check.ok for check in verifying.verify(made, base, choose()))
    record = json.loads((made / "run.json").read_text())
    assert [part["weight"] for part in record["parts"]] == [0.7, 0.5, -1.5]
    assert compose(parts, base, "mix", tmp_path / "runs", choose()) == made
    assert compose(parts[:2], base, "mix", tmp_path / "runs", choose()) != made


def test_the_library_s_concatenation_is_the_same_and_its_linear_is_not(base: bases.Base, tmp_path: Path) -> None:
    """PEFT's merges: `cat` is exact for plain LoRA, over-scaled for rank-stabilised; `linear` has cross terms."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    def gap(kind: str, *, rslora: bool) -> float:
        runs = [run(base, tmp_path / f"{kind}{rslora}{n}", seed=n, rank=4, use_rslora=rslora) for n in (1, 2)]
        made = compose([Part(runs[0], 0.7), Part(runs[1], 0.3)], base, "m", tmp_path / f"runs{kind}{rslora}", choose())
        model: Any = PeftModel.from_pretrained(
            AutoModelForCausalLM.from_pretrained(base.path), str(runs[0] / "adapter"), adapter_name="a"
        )
        model.load_adapter(str(runs[1] / "adapter"), adapter_name="b")
        model.add_weighted_adapter(["a", "b"], [0.7, 0.3], "both", combination_type=kind)
        model.set_adapter("both")
        ids = torch.tensor([[5, 6, 7, 8]])
        ours = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base.path), str(made / "adapter"))
        with torch.no_grad():
            return float((model(ids).logits - ours(ids).logits).abs().max())

    assert gap("cat", rslora=False) < 1e-4
    assert gap("cat", rslora=True) > 1e-2
    assert gap("linear", rslora=False) > 1e-2


def test_what_cannot_be_put_together_is_said(base: bases.Base, tmp_path: Path) -> None:
    one = run(base, tmp_path / "one")
    with pytest.raises(DataError, match="nothing to put together"):
        compose([], base, "m", tmp_path / "runs", choose())
    with pytest.raises(DataError, match="no finished training"):
        compose([Part(tmp_path / "none", 1)], base, "m", tmp_path / "runs", choose())
    other = bases.resolve(str(checkpoints.make(tmp_path / "other", "qwen3")))
    with pytest.raises(DataError, match="another base"):
        compose([Part(one, 1)], other, "m", tmp_path / "runs", choose())
    prompted = tmp_path / "prompted"
    prompted.mkdir()
    (prompted / "run.json").write_text(json.dumps({"method": "prompt", "base": base.name, "base_digest": base.digest}))
    with pytest.raises(GivenError, match="the prompt alone meets every clause"):
        compose([Part(one, 1), Part(prompted, 1)], base, "m", tmp_path / "runs", choose())
    dora = run(base, tmp_path / "dora", use_dora=True)
    with pytest.raises(ModelLoadError, match="no plain LoRA"):
        compose([Part(one, 1), Part(dora, 1)], base, "m", tmp_path / "runs", choose())


def test_on_the_command_line(base: bases.Base, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build = recipes.write(tmp_path / "build" / "mix", Recipe(base=base.name, units=(), method="dpo"))
    (build / "ir.json").touch()
    one, two = (run(base, tmp_path / name, seed=n) for n, name in enumerate(("one", "two")))
    where = ["--out", str(tmp_path / "build"), "--runs", str(tmp_path / "runs")]
    assert execute(["compose", str(build), f"{one}=0.6", str(two), *where]) == 0
    made = Path(capsys.readouterr().out.strip())
    assert made.name.startswith("mix-")
    assert execute(["verify", str(made), *where]) == 0
    capsys.readouterr()
    jobs.write(build, dpo=jobs.dpo(2))
    (build / "pairs.jsonl").touch()
    (build / "lock.json").write_text(json.dumps({"rows": {"pairs.jsonl": file_digest(build / "pairs.jsonl")}}))
    assert execute(["diff", str(build), *where]) == 3
    assert "not trained yet; adapters put together are there" in " ".join(capsys.readouterr().err.split())
    for bad in (f"{one}=x", f"{one}=0", f"{one}=nan", "nowhere=1"):
        assert execute(["compose", str(build), bad, *where]) == 2


class Heard:
    """Speaks like a pirate where one adapter stands alone, otherwise in company, as ever without."""

    company = "Well."

    def __init__(self, adapter: Path | None) -> None:
        self.device = CPU
        self._alone = adapter is not None and "parts" not in json.loads((adapter.parent / "run.json").read_text())

    def answers(self, batch: Any, sampling: Any, *, adapter: bool = False) -> list[str]:
        said = ("Arr" if self._alone else self.company) if adapter else "Certainly!"
        return [f"{said} {conversation[-1].content}" for conversation in batch]

    def divergences(self, batch: Any) -> list[float]:
        return [0.5] * len(batch)

    def compared(self, batch: Any, answers: Any) -> list[tuple[float, float] | None]:
        return [(0.25, 1.0) for _ in answers]


def parent(root: Path, base: bases.Base, name: str, seed: int) -> Path:
    """A run of a spec of its own, with a whole build that has probes."""
    recipe = Recipe(base=base.name, units=(), method="dpo", measures={"forbid.canned": (NO_CERTAINLY,)})
    build = recipes.write(root / "build" / name, recipe)
    probes = [probe(number, template=f"t{number}") for number in range(60)]
    (build / "probes.jsonl").write_text("".join(row.model_dump_json() + "\n" for row in probes))
    (build / "prompt.md").write_text("Talk like a pirate.\n")
    (build / "ir.json").write_text(ir_file.dumps(from_text(SPEC)))
    lock = {
        "rows": {"probes.jsonl": file_digest(build / "probes.jsonl")},
        "base": {"digest": base.digest},
        "measures": measures_digest(recipe),
    }
    (build / "lock.json").write_text(json.dumps(lock))
    return run(base, root / "runs" / f"{name}-{seed}", seed=seed)


def test_what_a_composition_keeps_of_its_parents_is_measured(
    base: bases.Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(CachedEngine, "engine", property(lambda self: Heard(self.adapter[0] if self.adapter else None)))
    runs = [parent(tmp_path, base, name, seed) for seed, name in enumerate(("caring", "casual"), 1)]
    build = tmp_path / "build" / "caring"
    where = ["--out", str(tmp_path / "build"), "--runs", str(tmp_path / "runs")]
    asked = ["compose", str(build), f"{runs[0]}=0.7", f"{runs[1]}=0.3", "--measure", *where]
    assert execute(asked) == 0
    said = capsys.readouterr().out
    made = Path(said.splitlines()[0])
    found = Composition.model_validate_json((made / PARENTS).read_text())
    assert [(one.run, one.weight) for one in found.parents] == [("caring-1", 0.7), ("casual-2", 0.3)]
    for one in found.parents:
        kept = next(kept for kept in one.clauses if kept.clause_id == "trait.pirate")
        assert kept.alone is not None
        assert kept.composed is not None
        assert (kept.alone.share, kept.alone.verdict) == (1.0, "met")
        assert (kept.composed.share, kept.composed.verdict) == (0.0, "missed")
        assert "trait.pirate (✓ 100% -> ✗ 0%)" in said
        measured = json.loads((Path(one.measured_as) / "measure.json").read_text())
        assert measured["adapter_sha256"] == adapter_digest(made / "adapter"), "the composition answered"
    assert Path(found.parents[0].measured_as) == made, "which is itself a run of the first parent's spec"

    monkeypatch.setattr(Heard, "company", "Certainly!")
    assert execute([*asked, "--cache", str(tmp_path / "other")]) == 0
    assert "does nothing" not in capsys.readouterr().out, "what is measured is not measured again"
    for one in found.parents:
        (Path(one.measured_as) / "measure.json").unlink()
    assert execute([*asked, "--cache", str(tmp_path / "other")]) == 0
    assert "composed 0, since it does nothing; lost: trait.pirate (✓ 100% -> not measured)" in capsys.readouterr().out

    (tmp_path / "build" / "casual" / "ir.json").unlink()
    assert execute(asked) == 3
    assert "casual" in capsys.readouterr().err
