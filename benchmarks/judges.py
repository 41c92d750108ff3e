"""How well nano's judges tell, on answers of its own world whose voice is known: `python -m benchmarks.judges`.

In: the voices of nano's world, 60 labelled answers each. Out: a table: how often nano is right when asked for yes or
no; and the likelihood ratio, summed and by token: the area under its curve (the chance that it puts a kept answer above
a broken one), and how often it is right when it is cut at zero, and when it is cut where the other half of the answers
says.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

from backends import bases
from backends.cached import CachedEngine
from backends.judges import Case, likelihood
from backends.judges.model import ModelJudge
from backends.nano import labels
from backends.nano.world.voices import voices
from compiler import wording
from compiler.likelihood import cross_fitted
from compiler.records.checks import JudgeCheck

HEAD = ("voice", "model, kept", "model, broken", "sum: area", "at 0", "learned", "by token: area", "at 0", "learned")


def area(ratios: Sequence[float], kept: Sequence[bool]) -> float:
    """The area under the curve, as Mann and Whitney's statistic."""
    good = [ratio for ratio, keeps in zip(ratios, kept, strict=True) if keeps]
    bad = [ratio for ratio, keeps in zip(ratios, kept, strict=True) if not keeps]
    return fmean((one > other) + 0.5 * (one == other) for one in good for other in bad)


def right(said: Sequence[bool | None], kept: Sequence[bool]) -> float:
    return fmean(one is keeps for one, keeps in zip(said, kept, strict=True))


def row(engine: CachedEngine, name: str, means: str) -> list[float]:
    """The figures of one voice, as in HEAD."""
    principle = wording.sentence(means)
    known = list(labels.labelled(principle))
    kept = [keeps for _, _, keeps in known]
    decided = ModelJudge(engine).decide([Case(q, a, (JudgeCheck(principle=principle),)) for q, a, _ in known])
    said = [decision.kept for decision in decided]
    found: list[float] = [
        right([one for one, keeps in zip(said, kept, strict=True) if keeps is sort], [sort] * kept.count(sort))
        for sort in (True, False)
    ]
    told = wording.system_prompt(sections=[(wording.FIRM, [wording.trait(name, means)])])
    ratios = [ratio or (0.0, 1) for ratio in likelihood.ratios(engine, told, [(q, a) for q, a, _ in known])]
    for figures in ([total for total, _ in ratios], [total / tokens for total, tokens in ratios]):
        found += [
            area(figures, kept),
            right([one > 0 for one in figures], kept),
            right(cross_fitted(figures, kept), kept),
        ]
    return found


def main() -> None:
    with TemporaryDirectory() as folder:
        engine = CachedEngine(bases.resolve("nano"), Path(folder))
        print(f"| {' | '.join(HEAD)} |\n|{' --- |' * len(HEAD)}")
        rows = []
        for name, voice in voices().items():
            rows.append(row(engine, name, voice.means[0]))
            print(f"| {name} | {' | '.join(f'{figure:.3f}' for figure in rows[-1])} |", flush=True)
        print(f"| mean | {' | '.join(f'{fmean(column):.3f}' for column in zip(*rows, strict=True))} |")


if __name__ == "__main__":
    sys.exit(main())
