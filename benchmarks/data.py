"""Rows at the speed of the disk: `tenet filter` beside what practitioners filter corpora with, whole files in and out.

    python -m pip install datatrove pyahocorasick        # the peers; one that is absent is left out, and said to be
    python -m benchmarks.data [MEGABYTES]

Chats are drawn from words of nano's world; one in a hundred holds a phrase. Every contender keeps the same rows: those
in which no answer holds a phrase, whatever its case, as whole words. Each runs in a process of its own, so that none
profits from what another has loaded, and starting it is counted. `read` reads the file and does nothing.
"""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path

from benchmarks.side_by_side import Contender, compare

MEGABYTES = 400
PHRASES = (10, 100, 1000, 10_000)
SLOW = {"datatrove": 100, "re": 100}
"""Most phrases with which a contender is asked; beyond, it would take hours."""

TENET = """
from pathlib import Path
from compiler.cli import main
if __name__ == "__main__":
    main(["filter", SPEC, SOURCE, "-o", OUT, "--processes", PROCESSES])
"""
DATASETS = """
import datasets, json
from ahocorasick import Automaton
automaton = Automaton()
for phrase in PHRASES:
    automaton.add_word(phrase, phrase)
automaton.make_automaton()
def whole(text):
    for end, phrase in automaton.iter(text):
        start = end - len(phrase) + 1
        if (start == 0 or not text[start - 1].isalnum()) and (end + 1 == len(text) or not text[end + 1].isalnum()):
            return True
    return False
def keeps(row):
    return not any(m["role"] == "assistant" and whole(m["content"].lower()) for m in row["messages"])
datasets.disable_progress_bars()
rows = datasets.load_dataset("json", data_files=SOURCE, split="train", cache_dir=CACHE)
rows.filter(keeps, num_proc=int(PROCESSES) if PROCESSES != "1" else None).to_json(OUT, force_ascii=False)
"""
DATATROVE = """
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.filters import RegexFilter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
import os, re
def adapter(self, data, path, id_in_file):
    text = "\\n".join(m["content"] for m in data["messages"] if m["role"] == "assistant")
    return {"text": text, "id": str(id_in_file), "metadata": {"messages": data["messages"]}}
def written(self, document):
    return {"messages": document.metadata["messages"]}
expression = "(?i)" + "|".join(rf"\\b{re.escape(phrase)}\\b" for phrase in PHRASES)
LocalPipelineExecutor([
    JsonlReader(os.path.dirname(SOURCE), glob_pattern=os.path.basename(SOURCE), adapter=adapter),
    RegexFilter(expression),
    JsonlWriter(CACHE, output_filename="out.jsonl", adapter=written, compression=None),
], logging_dir=CACHE + "/logs").run()
os.replace(CACHE + "/out.jsonl", OUT)
"""
PYTHON_RE = """
import json, re
expression = re.compile("|".join(rf"\\b{re.escape(phrase)}\\b" for phrase in PHRASES), re.IGNORECASE)
with open(SOURCE, encoding="utf-8") as source, open(OUT, "w", encoding="utf-8") as out:
    for line in source:
        row = json.loads(line)
        if not any(m["role"] == "assistant" and expression.search(m["content"]) for m in row["messages"]):
            out.write(line)
"""
READ = """
with open(SOURCE, "rb", buffering=0) as source:
    while source.read(8 << 20):
        pass
"""


@cache
def texts() -> tuple[str, ...]:
    """What people ask nano."""
    bank = Path(__file__).parent.parent / "backends" / "nano" / "bank.jsonl"
    return tuple(json.loads(line)["prompt"] for line in bank.read_text(encoding="utf-8").splitlines())


def phrases(count: int, dice: random.Random) -> list[str]:
    """Phrases of three words, of a world's own words, that hardly stand in a row by chance."""
    words = sorted({word for text in texts() for word in text.lower().split() if word.isalpha() and len(word) > 3})
    found = {" ".join(dice.sample(words, 3)) for _ in range(count * 2)}
    return sorted(found)[:count]


def chats(megabytes: int, told: list[str], dice: random.Random) -> Iterator[str]:
    size = 0
    while size < megabytes * 1_000_000:
        messages = []
        for _ in range(dice.randint(1, 4)):
            answer = " ".join(dice.choices(texts(), k=dice.randint(2, 8)))
            if dice.random() < 0.004:
                answer = f"{answer} {dice.choice(told).title()}, said she."
            messages += [{"role": "user", "content": dice.choice(texts())}, {"role": "assistant", "content": answer}]
        line = json.dumps({"messages": messages}, ensure_ascii=False) + "\n"
        size += len(line.encode())
        yield line


def spec_of(told: list[str]) -> str:
    listed = ",\n    ".join(json.dumps(phrase) for phrase in told)
    return f"tenet 1\nforbid told {{\n  phrases: [\n    {listed}\n  ]\n}}\n"


def contender(name: str, code: str, folder: Path, told: list[str], processes: int) -> str:
    """Run one contender in a process of its own; return what tells the rows that it kept."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        out = Path(place, "out.jsonl")
        head = (
            f"PHRASES = {told!r}\nSOURCE, OUT = {str(folder / 'chats.jsonl')!r}, {str(out)!r}\n"
            f"SPEC, CACHE, PROCESSES = {str(folder / f'{len(told)}.tenet')!r}, {place!r}, {str(processes)!r}\n"
        )
        script = Path(place, "run.py")
        script.write_text(head + code, encoding="utf-8")
        done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{name}: {done.stderr[-2000:]}")
        if not out.exists():
            return ""
        kept = hashlib.sha256()
        with out.open(encoding="utf-8") as rows:
            for row in rows:
                kept.update(json.dumps(json.loads(row)["messages"]).encode())
        return kept.hexdigest()


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else MEGABYTES
    dice = random.Random(7)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        told = phrases(max(PHRASES), dice)
        (folder / "chats.jsonl").write_text("".join(chats(megabytes, told[:10], dice)), encoding="utf-8")
        for count in PHRASES:
            (folder / f"{count}.tenet").write_text(spec_of(told[:count]), encoding="utf-8")
            named = [("tenet filter", TENET, 1), ("tenet filter, 2 processes", TENET, 2)]
            for name, package, code in (
                ("datasets + Aho-Corasick", "ahocorasick", DATASETS),
                ("datatrove", "datatrove", DATATROVE),
                ("re", "re", PYTHON_RE),
            ):
                if find_spec(package) is None:
                    print(f"{name} is not installed, and left out")
                elif count <= SLOW.get(name, count):
                    named.append((name, code, 1))
            contenders = [
                Contender(name, partial(contender, name, code, folder, told[:count], processes))
                for name, code, processes in named
            ]
            contenders.append(Contender("read", partial(contender, "read", READ, folder, told[:count], 1), bound=True))
            compare(f"{megabytes} MB, {count:,} phrases", contenders, rounds=3, work=(megabytes, "MB"))


if __name__ == "__main__":
    main()
