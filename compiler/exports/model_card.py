"""The card of an exported run: README.md as the Hugging Face Hub reads it (https://huggingface.co/docs/hub/model-cards).

In: what was exported, the run's record, what went into it, and what was measured. Out: the card's text: a YAML head,
then clause by clause what was asked and what was measured in each arm, how it was made, how to load it, and what is not
known. Nothing here names a time or a machine's path. This file must not know the network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from compiler.exports.artifacts import Exported, Kind
from compiler.exports.launching import loading, serving
from compiler.markdown import code, plain
from compiler.records.clauses import ClauseRow, Trial
from compiler.records.record import Arm
from compiler.records.report import DiffReport
from compiler.report import figures, findings
from compiler.report.findings import Found
from compiler.report.junit import facts_sentence
from compiler.report.markdown import signs

CARD = "README.md"
LIBRARIES: dict[Kind, str] = {
    "peft": "peft", "merged": "transformers", "gguf": "gguf", "lora": "gguf", "ollama": "gguf"}  # fmt: skip
RELATIONS: dict[Kind, str] = {
    "peft": "adapter", "merged": "finetune", "gguf": "quantized", "lora": "adapter", "ollama": "quantized"}  # fmt: skip
WHAT: dict[Kind, str] = {
    "peft": "A LoRA adapter for {base}",
    "merged": "{base} with a LoRA adapter merged into it ({number_type})",
    "gguf": "{base} with a LoRA adapter merged into it, as GGUF ({number_type}) for llama.cpp",
    "lora": "A LoRA adapter for {base}, as GGUF for llama.cpp",
    "ollama": "{base} with a LoRA adapter merged into it, as GGUF ({number_type}) with a Modelfile for Ollama",
}
SETTINGS = ("learning_rate", "max_steps", "per_device_train_batch_size", "gradient_accumulation_steps", "beta",
            "loss_type", "loss_weights", "lora_r", "lora_alpha", "max_length", "seed")  # fmt: skip
SIGNS = {"met": "✓ met", "missed": "✗ missed", "unclear": "? unclear", None: "–"}


@dataclass(frozen=True, slots=True)
class Made:
    """What went in. record: of run.json. jobs: stage -> the keys of its job. sources: path -> SHA-256 of the spec's
    files. rows: file -> how many. license: as the Hub names it, None where it is not known. checks: what was held
    against what was trained, and what was found. report: None where the run was not measured."""

    record: Mapping[str, Any]
    jobs: Mapping[str, Mapping[str, Any]]
    sources: Mapping[str, str]
    rows: Mapping[str, int]
    license: str | None = None
    checks: Sequence[tuple[str, str]] = ()
    report: DiffReport | None = None
    prompt_sha256: str = ""
    prompt_file: str = field(default="system_prompt.md")


def render(exported: Exported, made: Made) -> str:
    head = yaml.safe_dump(_head(exported, made), sort_keys=False, allow_unicode=True)
    return f"---\n{head}---\n\n" + "\n".join(_body(exported, made)) + "\n"


def _head(exported: Exported, made: Made) -> dict[str, Any]:
    methods = str(made.record.get("method", "")).split("+")
    return {
        # The Hub refuses a card whose base is no model of its own.
        **(
            {"base_model": exported.base, "base_model_relation": RELATIONS[exported.kind]} if exported.is_on_hub else {}
        ),
        "library_name": LIBRARIES[exported.kind],
        "pipeline_tag": "text-generation",
        **({"license": made.license} if made.license else {}),
        "tags": ["tenet", "lora", *(method for method in methods if method)],
    }


def _body(exported: Exported, made: Made) -> Iterator[str]:
    base = code(exported.base) + (f" at {code(exported.revision)}" if exported.revision else "")
    yield f"# {plain(exported.name)}"
    yield ""
    yield f"{WHAT[exported.kind].format(base=base, number_type=exported.number_type)}, compiled from a spec by Tenet."
    yield ""
    yield from _prompted(exported, made)
    yield "## What was asked, and what was measured"
    yield ""
    yield from _measured(exported, made.report)
    yield "## How to load it"
    yield ""
    yield from ("```python", *loading(exported), "```", "")
    yield "As a server, from the folder around this one:"
    yield ""
    yield from ("```sh", *serving(exported), "```", "")
    yield "## How it was made"
    yield ""
    yield from _made(made)
    if made.checks:
        yield "## Held against what was trained"
        yield ""
        yield from (f"- {plain(what)}: {plain(said)}" for what, said in made.checks)
        yield ""
    yield "## Limits"
    yield ""
    yield from (f"- {line}" for line in _limits(exported, made))


def _prompted(exported: Exported, made: Made) -> Iterator[str]:
    if exported.prompted:
        yield f"Without a system message it starts from the compiled prompt (`{made.prompt_file}`), which is the arm"
        yield "`adapter+prompt` below; a system message of your own takes its place."
    else:
        yield "It needs no system prompt: that is the arm `adapter` below. With the one in "
        yield f"`{made.prompt_file}` it is the arm `adapter+prompt`."
    yield ""


def _measured(exported: Exported, report: DiffReport | None) -> Iterator[str]:
    if report is None:
        yield "Nothing: this run was not measured. `tenet measure` asks its probes."
        yield ""
        return
    if report.status == "not engaged":
        yield "The adapter does nothing: its answers are the base's."
        yield ""
        return
    yield f"Shares of different prompts {findings.INTERVALS[report.stopping]}. Verdicts are for the arm"
    yield f"`{report.subject}`; `base` is the model before training, `prompt` the base under the compiled prompt."
    yield ""
    yield f"| clause | asked | target | {' | '.join(report.arms)} | verdict | line |"
    yield f"| --- | --- | ---: |{' ---: |' * len(report.arms)} --- | --- |"
    for row in report.clauses:
        for figure in row.decided:
            yield _row(report.arms, row, figure, Found(report))
    yield ""
    yield from _besides(exported, report)


def _row(arms: Sequence[Arm], row: ClauseRow, figure: ClauseRow | Trial, found: Found) -> str:
    beside = isinstance(figure, Trial)
    cells = [
        f"↳ {plain(findings.label(figure))}" if beside else code(row.id),
        "" if beside else plain(row.says),
        figures.target(figure.comparison, figure.target),
        *(_rate(figure, arm) for arm in arms),
        SIGNS[figure.verdict] + (f": {plain(figure.reason)}" if figure.reason else ""),
        "" if beside else code(found.place(row)),
    ]
    return f"| {' | '.join(cells)} |"


def _rate(figure: ClauseRow | Trial, arm: Arm) -> str:
    rate = findings.rate_of(figure, arm)
    return f"{plain(figures.rate(rate))} of {rate.n}" if rate and rate.n else "–"


def _besides(exported: Exported, report: DiffReport) -> Iterator[str]:
    lines = [f"Facts {facts_sentence(report, report.facts)}."] if report.facts and report.facts.verdict else []
    lines += [
        f"Moved unasked: {effect.title} ({findings.values(effect)})."
        for effect in report.side_effects
        if effect.notable
    ]
    lines += [*signs(report), *report.warnings, *([report.multiplicity] if report.multiplicity else [])]
    if exported.kind in ("gguf", "ollama"):
        lines.append("These were measured on the adapter beside its base, not on this file.")
    if lines:
        yield from (f"- {plain(line)}" for line in lines)
        yield ""


def _made(made: Made) -> Iterator[str]:
    record = made.record
    steps = ", ".join(f"{count} steps of {stage}" for stage, count in record.get("steps", {}).items())
    yield f"- method: {plain(str(record.get('method')))}{f', {steps}' if steps else ''}"
    for part in record.get("parts", ()):
        yield f"- part: {code(part['run'])}, weight {part['weight']:g}, content {code(part['adapter_digest'][:12])}"
    for stage, job in made.jobs.items():
        yield f"- {stage}: {', '.join(f'{key} {job[key]}' for key in SETTINGS if key in job)}"
    for name, sha in record.get("rows", {}).items():
        count = f"{made.rows[name]:,} rows, " if name in made.rows else ""
        yield f"- data: {code(name)}, {count}content {code(sha[:12])}, made by `tenet build` from the spec"
    yield f"- base: {code(str(record.get('base')))}, content {code(str(record.get('base_digest'))[:12])}"
    yield f"- adapter: content {code(str(record.get('adapter_digest'))[:12])}"
    if made.prompt_sha256:
        yield f"- compiled prompt: content {code(made.prompt_sha256[:12])}"
    yield from (f"- spec: {code(path)}, content {code(sha[:12])}" for path, sha in made.sources.items())
    device = record.get("device") or {}
    if device:
        yield f"- on {plain(str(device.get('name')))}, {device.get('dtype')}"
    versions = record.get("versions") or {}
    if versions:
        yield f"- with {', '.join(f'{name} {version}' for name, version in sorted(versions.items()))}"
    yield ""


def _limits(exported: Exported, made: Made) -> Iterator[str]:
    if exported.base == "nano":
        yield "nano is a model of a small made-up world, for trying and teaching."
    if made.report is not None:
        yield "Clauses were measured on probes made for this spec; what no clause names was looked at in part."
        if any(row.judged for row in made.report.clauses):
            yield f"Where a principle had to be judged, the judge was {code(made.report.provenance.judge)}, a model."
    if exported.kind in ("merged", "gguf", "ollama"):
        yield f"Weights are rounded to {exported.number_type}; the section above says what that takes."
    if not made.license:
        yield "Its licence was not stated; the base's licence holds for it too."
    yield "The rows it was trained on are a model's, and most were read by nobody."
