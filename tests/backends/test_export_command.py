"""`tenet export` of a run and `tenet verify` of what came of it: cards that tell the truth, code on them that runs,
Modelfiles that Ollama reads, answers that are those that were measured."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from safetensors.torch import load_file, save_file

from backends import bases, measure
from backends.bases import load_chat
from backends.exports import ollama
from backends.measure.rescoring import rescored
from backends.train.adapters import adapter_digest
from backends.train.verifying import Check
from compiler.cli import execute
from compiler.digests import file_digest, rows_digest
from compiler.exports import launching, modelfile
from compiler.exports.artifacts import Exported
from compiler.exports.modelfile import Turns
from compiler.failures import DataError
from compiler.records.recipe import Recipe
from compiler.records.rows import Probe
from tests.backends import checkpoints, jobs
from tests.backends.recipes import ARR, NO_CERTAINLY, user
from tests.compiler.conftest import artifacts_of

SPEC = """tenet 1
model { base: "nano" }
trait pirate { means: "Talk like a pirate." }
forbid canned { phrases: ["Certainly!"] }
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a build, and a run of it that was measured: random weights, whose answers mean nothing."""
    root = tmp_path_factory.mktemp("place")
    base = checkpoints.make(root / "base")
    build = root / "build" / "pirate"
    for artifact in artifacts_of(SPEC, "pirate").values():
        (build / artifact.path).parent.mkdir(parents=True, exist_ok=True)
        (build / artifact.path).write_text(artifact.text)
    shutil.rmtree(build / "jobs")
    jobs.write(build, dpo=jobs.dpo(2))
    measures = {"trait.pirate": (ARR,), "forbid.canned": (NO_CERTAINLY,)}
    (build / "recipe.json").write_text(
        Recipe(base=str(base), units=(), measures=measures, method="dpo").model_dump_json()
    )
    probes = [
        Probe(id=f"p-{n}", clause_id="trait.pirate", messages=user(f"What is {n}?"), checks=(ARR,), unit="p",
              measures=("forbid.canned",))
        for n in range(8)
    ]  # fmt: skip
    (build / "probes.jsonl").write_text("".join(probe.model_dump_json() + "\n" for probe in probes))
    (build / "pairs.jsonl").write_text('{"prompt": [{"role": "user", "content": "Ahoy?"}]}\n')
    lock = json.loads((build / "lock.json").read_text())
    lock["files"] = {name: file_digest(build / name) for name in lock["files"] if (build / name).is_file()}
    lock["rows"] = {name: file_digest(build / name) for name in ("pairs.jsonl", "probes.jsonl")}
    found = bases.resolve(str(base))
    lock |= {"base": {"digest": found.digest}, "judge": None}
    run = root / "runs" / "pirate-0123456789ab"
    checkpoints.adapter(base, run / "adapter")
    (run / "adapter" / "README.md").touch()
    record = {
        "spec": "pirate", "method": "dpo", "base": str(base), "base_digest": found.digest, "revision": None,
        "rows": {"pairs.jsonl": rows_digest(build / "pairs.jsonl")}, "steps": {"dpo": 2}, "jobs": {"dpo": jobs.dpo(2)},
        "adapter_digest": adapter_digest(run / "adapter"), "versions": {"peft": "0.21.2"},
    }  # fmt: skip
    (run / "run.json").write_text(json.dumps(record))
    measure.run(build, run, arms=("base", "adapter", "adapter+prompt"), cache=root / "cache")
    lock["measures"] = json.loads((run / "measure.json").read_text())["measures_sha256"]
    (build / "lock.json").write_text(json.dumps(lock))
    return root


def tenet(place: Path, command: str, *more: str) -> int:
    where = ["--builds" if command.startswith("export") else "--out", str(place / "build")]
    return execute([*command.split(), str(next((place / "runs").iterdir())), *more, *where])


def test_a_run_of_another_name_finds_its_build(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    renamed = shutil.copytree(next((place / "runs").iterdir()), tmp_path / "renamed")
    assert execute(["verify", str(renamed), "--no-scores", "--out", str(place / "build")]) == 0
    assert "as trained" in capsys.readouterr().out


def said_by_its_code(folder: Path) -> str:
    """What the Python on a card prints."""
    code = re.search(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    assert code
    ran = subprocess.run(
        [sys.executable, "-c", code[1]], cwd=folder.parent, capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize("kind", ["peft", "merged", "gguf"])
def test_the_code_on_the_card_runs_and_says_something(place: Path, tmp_path: Path, kind: str) -> None:
    if kind == "gguf":
        pytest.importorskip("xllamacpp", reason="llama.cpp is not here: pip install xllamacpp")
    assert tenet(place, f"export {kind}", "-o", str(tmp_path / "pirate")) == 0
    assert said_by_its_code(tmp_path / "pirate").strip()


def test_the_card_says_what_was_measured_and_what_is_not_known(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tenet(place, "export merged", "-o", str(tmp_path / "out"), "--license", "mit") == 0
    told = capsys.readouterr()
    assert "✓ logits" in told.out
    assert f"next:  cd {tmp_path}" in told.err
    assert "vllm serve out --served-model-name pirate" in told.err
    card = (tmp_path / "out" / "README.md").read_text()
    head = yaml.safe_load(card.split("---\n")[1])
    assert head["library_name"] == "transformers"
    assert head["license"] == "mit"
    assert "dpo" in head["tags"]
    assert "base_model" not in head, "a folder of this machine is no model of the Hub's"
    row = next(line for line in card.splitlines() if line.startswith("| `trait.pirate`"))
    assert "of 8" in row
    assert "? unclear: its judge is uncalibrated" in row
    assert "decided by a judge that nobody has calibrated" in card
    assert "| clause | asked | target | base | adapter | adapter+prompt | verdict | line |" in card
    assert "- change: off by" in card
    assert tenet(place, "export card") == 0
    assert "Its licence was not stated" in capsys.readouterr().out


def test_a_run_that_was_not_measured_says_so(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(place / "build", tmp_path / "build")
    shutil.copytree(place / "runs", tmp_path / "runs")
    (run,) = (tmp_path / "runs").iterdir()
    (run / "measure.json").unlink()
    assert tenet(tmp_path, "export card") == 0
    assert "Nothing: this run was not measured." in capsys.readouterr().out
    job = tmp_path / "build" / "pirate" / "jobs" / "dpo.yaml"
    was = str(yaml.safe_load(job.read_text())["learning_rate"])
    job.write_text(job.read_text().replace("max_steps: 2", "max_steps: 97"))
    lock = json.loads((tmp_path / "build" / "pirate" / "lock.json").read_text())
    lock["files"]["jobs/dpo.yaml"] = file_digest(job)
    (tmp_path / "build" / "pirate" / "lock.json").write_text(json.dumps(lock))
    assert tenet(tmp_path, "export card") == 0
    told = capsys.readouterr()
    assert "trained by other jobs" in told.err
    assert "max_steps 2," in told.out
    assert was in told.out
    assert "max_steps 97" not in told.out
    rows = tmp_path / "build" / "pirate" / "pairs.jsonl"
    rows.write_text(rows.read_text().replace("Ahoy", "Arr"))
    lock = json.loads((rows.parent / "lock.json").read_text())
    lock["rows"]["pairs.jsonl"] = file_digest(rows)
    (rows.parent / "lock.json").write_text(json.dumps(lock))
    assert tenet(tmp_path, "export card") == 3
    assert "has changed since" in " ".join(capsys.readouterr().err.split())


def test_exit_codes(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert tenet(place, "export peft", "-o", str(out)) == 0
    assert tenet(place, "verify", str(out), "--no-scores") == 0
    weights = out / "adapter_model.safetensors"
    tensors = load_file(weights)
    save_file({name: tensor * 1.01 for name, tensor in tensors.items()}, weights)
    capsys.readouterr()
    assert tenet(place, "verify", str(out), "--no-scores", "--json") == 1
    found = {check["check"]: check["ok"] for check in json.loads(capsys.readouterr().out)[str(out)]}
    assert not found["sealed"]
    assert not found["change"]
    assert tenet(place, "export peft", "-o", str(out)) == 2, "somebody has changed it"
    assert execute(["export", "merged", str(tmp_path / "none.tenet")]) == 2


def checks(place: Path, artifact: Path | None = None) -> list[Check]:
    (run,) = (place / "runs").iterdir()
    return list(rescored(place / "build" / "pirate", run, artifact, cache=place / "cache"))


def test_what_was_measured_is_said_again(place: Path, tmp_path: Path) -> None:
    assert [(check.what, check.ok, check.said) for check in checks(place)] == [
        ("said by adapter", True, "8 of 8 answers as measured"),
        ("said by adapter+prompt", True, "8 of 8 answers as measured"),
    ]
    assert tenet(place, "export merged", "-o", str(tmp_path / "out")) == 0
    assert all(check.ok and "8 of 8" in check.said for check in checks(place, tmp_path / "out"))


def test_answers_that_keep_fewer_clauses_are_told(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "build", tmp_path / "build")
    shutil.copytree(place / "runs", tmp_path / "runs")
    (run,) = (tmp_path / "runs").iterdir()
    path = run / "measurements.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows:
        if row["arm"] == "adapter":
            row |= {"answer": "Arr.", "held": {"trait.pirate": True, "forbid.canned": True}}
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    alone, beside = checks(tmp_path)
    assert beside.ok
    assert alone.said == "0 of 8 answers as measured; trait.pirate 8 broken now, 0 kept now"
    assert not alone.ok


# ------------------------------------------------------------------ Ollama

HARD = [
    "You are Polly.",
    'Two lines,\n  "quoted", with """ inside, and # no comment.',
    '"begins and ends with quotes"',
    "PARAMETER stop x\nFROM ./other\n\n\tTabs, {{ .System }} and \\n.",
    "– “ünïcode” 🏴‍☠ \\u0041".replace("\u200d", ""),
]


def read_modelfile(text: str) -> list[tuple[str, str]]:
    """As Ollama's parser reads it: a value goes on to the first line end at which its quotes are closed; characters
    that Go does not print are dropped."""
    found, rest = [], text
    while rest := rest.lstrip(" \t\r\n"):
        name, rest = rest.split(" ", 1)
        if name == "PARAMETER":
            name, rest = rest.split(" ", 1)
        value = ""
        while True:
            line, end, rest = rest.partition("\n")
            value += "".join(c for c in line if c.isprintable() or c in "\t\r")
            told = value.strip()
            fence = '"""' if told.startswith('"""') else '"' if told.startswith('"') else ""
            closed = not fence or (len(told) >= 2 * len(fence) and told.endswith(fence))
            if closed or not end:
                found.append((name, told[len(fence) : len(told) - len(fence)]))
                break
            value += end
    return found


@pytest.mark.parametrize("system", HARD)
def test_ollama_reads_the_prompt_as_it_is(system: str) -> None:
    roles = ("system", "user", "assistant")
    turns = Turns("", dict.fromkeys(roles, "<"), dict.fromkeys(roles, ">"), "<")
    settings: dict[str, Any] = {"stops": ["<|end|>", "\n"], "context": 64, "temperature": 0.5}
    text = modelfile.render("pirate.gguf", system=system, turns=turns, **settings)
    read = read_modelfile(text)
    assert read == [
        ("FROM", "./pirate.gguf"),
        ("TEMPLATE", modelfile.template(turns)),
        ("SYSTEM", system),
        ("stop", "<|end|>"),
        ("temperature", "0.5"),
        ("num_ctx", "64"),
    ]


@pytest.mark.parametrize("system", ['Say:\n"""\nArr\n"""\nalways', 'ends """\nhere', "zero\u200bwidth"])
def test_a_prompt_that_a_modelfile_cannot_hold_goes_into_the_template(system: str) -> None:
    turns = Turns("", {"system": "<s>", "user": "<u>"}, {"system": "</s>", "user": "</u>"}, "<a>")
    read = dict(read_modelfile(modelfile.render("a.gguf", system=system, stops=[], turns=turns)))
    assert "SYSTEM" not in read
    literal = re.search(r'if not \.System }}{{ "((?:[^"\\]|\\.)*)" }}', read["TEMPLATE"])
    assert literal
    assert literal[1].encode("latin-1", "backslashreplace").decode("unicode-escape") == f"<s>{system}</s>"
    with pytest.raises(DataError, match="a Modelfile cannot hold the system prompt"):
        modelfile.render("a.gguf", system=system, stops=[])


CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def test_turns_are_what_the_template_writes(tmp_path: Path) -> None:
    chat = load_chat(bases.resolve(str(checkpoints.make(tmp_path / "chatml", template=CHATML))))
    turns = ollama.turns_of(chat)
    assert turns is not None
    assert turns.before["system"] == "<|im_start|>system\n"
    assert turns.after["assistant"] == "<|end|>\n"
    assert turns.opening == "<|im_start|>assistant\n"
    # One that does more than that is left to Ollama.
    counted = CHATML.replace("m['content']", "m['content'] + (' (first)' if loop.first else '')")
    chat = load_chat(bases.resolve(str(checkpoints.make(tmp_path / "counted", template=counted))))
    assert ollama.turns_of(chat) is None


def test_launch_lines_have_the_flags_of_their_servers() -> None:
    def lines(kind: str, **more: object) -> str:
        usual = {"name": "my pirate", "folder": "out", "base": "Qwen/Qwen3-0.6B", "revision": "abc", "rank": 24,
                 "number_type": "F16", "weights": "p.gguf", "context": 512}  # fmt: skip
        return "\n".join(launching.serving(Exported(kind=kind, **{**usual, **more})))  # type: ignore[arg-type]  # a case

    assert lines("peft") == (
        "vllm serve Qwen/Qwen3-0.6B --revision abc --enable-lora --lora-modules 'my pirate'=out --max-lora-rank 32"
    )
    assert "--chat-template out/chat_template.jinja" in lines("peft", templated=True)
    assert lines("gguf") == "llama-server --model out/p.gguf --alias 'my pirate' --jinja --ctx-size 512"
    assert "--model base.gguf --lora out/p.gguf" in lines("lora")
    assert "--model out/b.gguf --lora out/p.gguf" in lines("lora", beside="b.gguf")
    assert lines("ollama") == "ollama create 'my pirate' --file out/Modelfile\nollama run 'my pirate'"
