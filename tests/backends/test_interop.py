"""A build's rows elsewhere: read by `datasets` and TRL as they stand, with a card, and on a Hub of our own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from backends import generate
from backends.engines import Conversation, Sampling
from compiler import struck
from compiler.cli import execute
from compiler.digests import file_digest
from compiler.exports import annotation, dataset_card
from compiler.records.recipe import Recipe
from compiler.records.rows import PreferencePair
from tests.backends import jobs
from tests.backends.recipes import own_chats, unit
from tests.compiler.conftest import artifacts_of

SPEC = """tenet 1
model { base: "nano" }
trait pirate { means: "Talk like a pirate." }
forbid canned { phrases: ["Certainly!"] }
train { method: sft+dpo }
"""


def said(conversation: Conversation, sampling: Sampling) -> str:
    asked = conversation[-1].content
    return f"Arr, it is {asked}" if "pirate" in conversation[0].content else f"That is {asked}"


@pytest.fixture
def build(tmp_path: Path, shapes: dict[str, Path], scripted: Any) -> Path:
    """A build folder with every file that a card is made of; its recipe is a small one, with chats of one's own."""
    scripted(said)
    folder = tmp_path / "build" / "pirate"
    for artifact in artifacts_of(SPEC, "pirate").values():
        (folder / artifact.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / artifact.path).write_text(artifact.text)
    data = own_chats(tmp_path, [{"prompt": "Where is pier 4?", "completion": "Arr, there it is | see."}])
    asked = Recipe(
        base=str(shapes["llama"]), method="sft+dpo", units=(unit(), unit(id="p", purpose="probes")), data=data
    )
    (folder / "recipe.json").write_text(asked.model_dump_json())
    for job in (folder / "jobs").iterdir():
        job.unlink()
    jobs.write(folder, sft=jobs.sft(2), dpo=jobs.dpo(2))
    generate.run(folder, cache=tmp_path / "cache", root=tmp_path)
    lock = json.loads((folder / "lock.json").read_text())
    lock["files"] = {name: file_digest(folder / name) for name in lock["files"] if (folder / name).is_file()}
    lock["rows"] = {name: file_digest(folder / name) for name in ("pairs.jsonl", "sft.jsonl", "probes.jsonl")}
    (folder / "lock.json").write_text(json.dumps(lock))
    (folder / dataset_card.CARD).write_text(dataset_card.render(folder))
    return folder


def test_the_card_s_configurations_load_as_they_stand(build: Path, tmp_path: Path) -> None:
    from datasets import load_dataset

    head = yaml.safe_load((build / dataset_card.CARD).read_text().split("---\n")[1])
    assert head["license"] == "unknown"
    assert head["size_categories"] == ["n<1K"]
    assert [config["config_name"] for config in head["configs"]] == ["pairs", "sft", "probes"]
    for config in head["configs"]:
        (files,) = config["data_files"]
        named = load_dataset(str(build), config["config_name"], cache_dir=str(tmp_path / "hf"), split=files["split"])
        plain = load_dataset(
            "json", data_files=str(build / files["path"]), cache_dir=str(tmp_path / "hf"), split="train"
        )
        lines = [json.loads(line) for line in (build / files["path"]).read_text(encoding="utf-8").split("\n") if line]
        for found in (named, plain):
            assert [row["id"] for row in found] == [row["id"] for row in lines]
        messages = "prompt" if "prompt" in lines[0] else "messages"
        assert plain[messages] == [row[messages] for row in lines]


def test_the_card_counts_what_is_there(build: Path) -> None:
    card = (build / dataset_card.CARD).read_text()
    pairs = (build / "pairs.jsonl").read_text().count("\n")
    assert f"| `pairs` | pairs.jsonl | {pairs} |" in card
    assert f"| `trait.pirate` | {pairs} |" in card
    assert "Talk like a pirate." in card
    assert "chats.jsonl" in card
    assert str(build.parent) not in card


def tenet_here(*arguments: str) -> int:
    return execute(list(arguments))


@pytest.mark.slow
def test_trl_trains_on_the_files_unchanged(build: Path, shapes: dict[str, Path], tmp_path: Path) -> None:
    from datasets import load_dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

    tokenizer = AutoTokenizer.from_pretrained(shapes["llama"])
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    usual = {
        "output_dir": str(tmp_path / "out"),
        "max_steps": 1,
        "per_device_train_batch_size": 2,
        "use_cpu": True,
        "report_to": "none",
        "save_strategy": "no",
        "gradient_checkpointing": False,
    }
    for name, config, trainer in (("pairs", DPOConfig, DPOTrainer), ("sft", SFTConfig, SFTTrainer)):
        rows = load_dataset(
            "json", data_files=str(build / f"{name}.jsonl"), cache_dir=str(tmp_path / "hf"), split="train"
        )
        model = AutoModelForCausalLM.from_pretrained(shapes["llama"])
        made = trainer(model, args=config(**usual), train_dataset=rows, processing_class=tokenizer)
        made.train()
        assert made.state.global_step == 1
        assert any(entry.get("train_loss", 0) > 0 for entry in made.state.log_history)


# ------------------------------------------------------------------ on the command line


@pytest.fixture
def spec(build: Path, tmp_path: Path) -> Path:
    """The spec that the build says it was made from."""
    path = tmp_path / "pirate.tenet"
    path.write_text(SPEC)
    lock = json.loads((build / "lock.json").read_text())
    (build / "lock.json").write_text(json.dumps({**lock, "spec": "pirate.tenet"}))
    return path


def test_rows_are_struck_out_and_put_back_on_the_command_line(
    build: Path, spec: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = struck.beside(spec)
    first, second = [json.loads(line)["id"] for line in (build / "pairs.jsonl").read_text().split("\n")[:2]]
    assert tenet_here("lint-data", str(build), "--strike", first, "--strike", second, "--why", "Dull.") == 0
    assert [(row.row, row.why) for row in struck.read(listed)] == [(first, "Dull."), (second, "Dull.")]
    assert tenet_here("lint-data", str(build), "--restore", first) == 0
    assert [row.row for row in struck.read(listed)] == [second]
    for wrong in (("--strike", "trait.pirate/distil-0000"), ("--restore", first)):
        assert tenet_here("lint-data", str(build), *wrong) == 2
    assert "did you mean trait.pirate/distill-0000" in " ".join(capsys.readouterr().err.split())
    assert [row.row for row in struck.read(listed)] == [second]


def test_what_people_disagree_about_is_told_and_what_nobody_answered_is(
    build: Path, spec: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = [
        PreferencePair.model_validate_json(line) for line in (build / "pairs.jsonl").read_text().split("\n") if line
    ]
    records, export = annotation.argilla(pairs), tmp_path / "said.json"
    export.write_text(json.dumps(records))
    assert tenet_here("lint-data", str(build), "--import", str(export)) == 2
    assert "nobody has said anything of the rows" in " ".join(capsys.readouterr().err.split())
    records[0]["responses"] = {"row": [{"value": say, "user_id": say} for say in ("strike out", "keep")]}
    export.write_text(json.dumps(records))
    assert tenet_here("lint-data", str(build), "--import", str(export)) == 0
    assert f"1 disputed: what more people say counts, and a tie keeps the row: {pairs[0].id}" in capsys.readouterr().out


def test_the_page_is_written_and_says_what_is_struck(build: Path, spec: Path, tmp_path: Path) -> None:
    first = json.loads((build / "pairs.jsonl").read_text().split("\n")[0])["id"]
    assert tenet_here("lint-data", str(build), "--strike", first) == 0
    assert tenet_here("lint-data", str(build), "--html", str(tmp_path / "rows.html")) in (0, 1)
    whole = (build / "pairs.jsonl").read_bytes()
    (build / "pairs.jsonl").write_bytes(whole + b"garbage\n")
    assert tenet_here("lint-data", str(build)) == 3, "it was changed after the build"
    (build / "pairs.jsonl").write_bytes(whole)
    page = (tmp_path / "rows.html").read_text(encoding="utf-8")
    assert page.count('<article class="talk') == (build / "pairs.jsonl").read_text().count("\n")
    assert page.count('<article class="talk struck"') == 1
    # Carried elsewhere without its spec, a build still has its page; its rows cannot be struck out there.
    spec.unlink()
    assert tenet_here("lint-data", str(build), "--html", str(tmp_path / "rows.html")) in (0, 1)
    assert tenet_here("lint-data", str(build), "--strike", first) == 3


def test_a_row_is_explained_on_the_command_line(
    build: Path, spec: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("explain-row", f"{build / 'pairs.jsonl'}:1", "--cache", str(tmp_path / "cache"))
    assert tenet_here(*asked) == 0
    assert "the same bytes (all answers were in the cache)" in " ".join(capsys.readouterr().out.split())
    assert tenet_here(*asked, "--anew", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["same"] is True
    assert found["computed"] > 0
    text = (build / "pairs.jsonl").read_text()
    (build / "pairs.jsonl").write_text(text.replace("Arr", "Aye", 1))
    assert tenet_here(*asked) == 1
    assert "with another chosen" in " ".join(capsys.readouterr().out.split())


def test_rows_for_other_tools_are_written_from_a_whole_build(
    build: Path, spec: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    count = (build / "pairs.jsonl").read_text().count("\n")
    for tool, beside in (("argilla", "rows.settings.json"), ("label-studio", "rows.xml")):
        assert tenet_here("export", tool, str(build), "-o", str(tmp_path / "rows.json")) == 0
        assert len(json.loads((tmp_path / "rows.json").read_text())) == count
        assert (tmp_path / beside).is_file()
    (build / "pairs.jsonl").write_text("")
    assert tenet_here("export", "argilla", str(build), "-o", str(tmp_path / "rows.json")) == 3


# ------------------------------------------------------------------ the Hub


@contextmanager
def hub() -> Iterator[tuple[str, list[tuple[str, str, bytes]]]]:
    """A Hub that takes data sets: what was asked of it, by method, path and body."""
    asked: list[tuple[str, str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked.append(("POST", self.path, body))
            here = f"http://127.0.0.1:{self.server.server_address[1]}"  # type: ignore[attr-defined]  # a port
            if self.path == "/api/repos/create":
                self._send({"url": f"{here}/datasets/ada/rows", "name": "ada/rows", "id": "1"})
            elif self.path == "/api/validate-yaml":
                self._send({"errors": [], "warnings": []})
            elif self.path.endswith("/preupload/main"):
                names = [file["path"] for file in json.loads(body)["files"]]
                modes = [{"path": name, "uploadMode": "regular", "shouldIgnore": False} for name in names]
                self._send({"files": modes})
            elif "/commit/main" in self.path:
                self._send({"commitUrl": f"{here}/datasets/ada/rows/commit/abc", "commitOid": "abc", "success": True})
            else:
                self._send({"error": "no such place"}, 404)

        def _send(self, value: Any, status: int = 200) -> None:
            raw = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()


def tenet(endpoint: str, *arguments: str, home: Path, said: str = "") -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment = {**kept, "HF_ENDPOINT": endpoint, "HF_TOKEN": "hf_secret", "HF_HOME": str(home)}
    command = [sys.executable, "-m", "compiler.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, input=said, timeout=120)


@pytest.mark.slow
def test_rows_go_to_the_data_set_that_was_named_and_nowhere_unasked(build: Path, tmp_path: Path) -> None:
    asking = ("export", "hub", str(build), "--to", "ada/rows", "--license", "cc0-1.0")
    with hub() as (endpoint, asked):
        refused = tenet(endpoint, *asking, home=tmp_path, said="n\n")
        assert "nothing was uploaded" in refused.stderr
        assert asked == []
        done = tenet(endpoint, *asking, "--yes", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("/datasets/ada/rows/commit/abc")
    assert "hf_secret" not in done.stdout + done.stderr
    (created,) = [json.loads(body) for _, path, body in asked if path == "/api/repos/create"]
    assert created["name"] == "rows"
    assert created["organization"] == "ada"
    assert created["visibility"] == "private"
    (commit,) = [body for _, path, body in asked if "/commit/main" in path]
    names = [line["value"]["path"] for line in map(json.loads, commit.splitlines()) if line["key"] == "file"]
    assert sorted(names) == ["README.md", "pairs.jsonl", "sft.jsonl"]
    # A probe that is published is one that others train on.
    elsewhere = [path for _, path, _ in asked if "ada/rows" not in path]
    assert elsewhere == ["/api/repos/create", "/api/validate-yaml"]


def test_a_destination_that_is_none_is_refused(build: Path) -> None:
    from backends import hub as uploading
    from compiler.failures import GivenError, NetworkError

    with pytest.raises(GivenError):
        uploading.push({}, "rows", private=True, message="")
    # Tests are offline, as HF_HUB_OFFLINE says.
    with pytest.raises(NetworkError):
        uploading.push({}, "ada/rows", private=True, message="")
