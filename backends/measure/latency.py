"""How fast each arm answers: time to the first token, and tokens a second, one request at a time.

In: an engine in memory, everyday probes, the compiled prompt. Out: latency.json in the run's folder. Times differ at
every run, so they are in no other file, no cache holds them, and no engine is loaded for them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from backends.cached import CachedEngine
from backends.engines import Conversation, Sampling
from backends.measure.arms import seen
from compiler.arms import uses_adapter, uses_steering
from compiler.files import write_text
from compiler.lowering.probes import FACTS
from compiler.records.measured import Latency, MeasureReport, Speed
from compiler.records.record import Arm
from compiler.records.rows import Probe

PROMPTS = 4
ONE, SOME = Sampling(max_new_tokens=1), Sampling(max_new_tokens=48)


def write_latency(
    folder: Path, subject: CachedEngine, probes: Sequence[Probe], prompt: str, report: MeasureReport
) -> None:
    asked = [probe for probe in probes if probe.clause_id == FACTS][:PROMPTS] or list(probes[:PROMPTS])
    speeds = [
        speed
        for arm in report.arms
        if (not uses_adapter(arm) or subject.adapter) and (not uses_steering(arm) or subject.steering)
        if (speed := _speed(subject, arm, [seen(probe, arm, prompt) for probe in asked]))
    ]
    found = Latency(
        base_sha256=report.base_sha256,
        adapter_sha256=report.adapter_sha256,
        prompt_sha256=report.prompt_sha256,
        device=report.device,
        machine=report.machine,
        speeds=tuple(speeds),
    )
    write_text(folder / "latency.json", found.model_dump_json(indent=1) + "\n")


def _speed(subject: CachedEngine, arm: Arm, conversations: Sequence[Conversation]) -> Speed | None:
    """None where no answer has two tokens."""
    firsts, rates = [], []
    _timed(subject, conversations[0], SOME, arm)  # the first request pays for what is made once
    for conversation in conversations:
        first, _ = _timed(subject, conversation, ONE, arm)
        whole, answer = _timed(subject, conversation, SOME, arm)
        more = subject.engine.count(answer or "") - 1
        if more > 0 and whole > first:
            firsts.append(first * 1000.0)
            rates.append(more / (whole - first))
    if not firsts:
        return None
    return Speed(
        arm=arm,
        prompts=len(firsts),
        first_token_ms=round(median(firsts), 2),
        tokens_per_second=round(median(rates), 1),
    )


def _timed(subject: CachedEngine, conversation: Conversation, sampling: Sampling, arm: Arm) -> tuple[float, str | None]:
    started = time.perf_counter()
    with subject.steered(uses_steering(arm)):
        (answer,) = subject.engine.answers([conversation], sampling, adapter=uses_adapter(arm))
    return time.perf_counter() - started, answer
