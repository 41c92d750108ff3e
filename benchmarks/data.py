"""Rows at the speed of the disk: `tenet filter` beside what practitioners filter corpora with, whole files in and out.

    python -m pip install datatrove pyahocorasick        # the peers; one that is absent is left out, and said to be
    python -m benchmarks.data [MEGABYTES [PHRASES ...]]        # 0 phrases: the expressions

Chats are drawn from words of nano's world; one in a hundred holds a phrase. Every contender keeps the same rows, which
is checked: those in which no answer holds a phrase, whatever its case, as whole words; or in which no answer is found
by one of 200 expressions. Each runs in a process of its own, so that none profits from what another has loaded, and
starting it is counted. A contender that would take hours gets the beginning of the file, and its time counts as if it
went on at that speed: then its start weighs more, so these ratios are only for the order of size. `read` reads the file
and does nothing.
"""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from benchmarks.side_by_side import Contender, compare

MEGABYTES = 600
PHRASES = (10, 100, 1000, 10_000)
PATTERNS = 200
PARTS = {
    ("datatrove", 100): 50,
    ("re", 100): 50,
    ("datatrove", 1000): 10,
    ("datatrove", 10_000): 1,
    ("re", 1000): 10,
    ("re", 10_000): 1,
    ("re, 200 expressions", PATTERNS): 10,
}
"""Megabytes that a contender gets, where the whole file would take it hours."""

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
EXPRESSIONS = """
import json, re
compiled = [re.compile(pattern, re.IGNORECASE) for pattern in PHRASES]
with open(SOURCE, encoding="utf-8") as source, open(OUT, "w", encoding="utf-8") as out:
    for line in source:
        row = json.loads(line)
        texts = [m["content"] for m in row["messages"] if m["role"] == "assistant"]
        if not any(pattern.search(text) for pattern in compiled for text in texts):
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
    """Phrases of three words, of a world's own words, that hardly stand in a row by chance; in no order, since an
    alternation of phrases that begin alike is one that nobody writes, and is soon left."""
    words = sorted({word for text in texts() for word in text.lower().split() if word.isalpha() and len(word) > 3})
    found = {" ".join(dice.sample(words, 3)) for _ in range(count * 2)}
    return dice.sample(sorted(found), count)


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


def patterns(count: int, told: list[str]) -> list[str]:
    """Expressions as people write them: a word or another, some space, a word and its endings."""
    words = [phrase.split() for phrase in told[:count]]
    return [rf"\b(?:{a}|{b}{a})\s+{b}\w*\s+{c}" for a, b, c in words]


def spec_of(told: list[str]) -> str:
    listed = ",\n    ".join(json.dumps(phrase) for phrase in told)
    return f"tenet 1\nforbid told {{\n  phrases: [\n    {listed}\n  ]\n}}\n"


def spec_of_patterns(found: list[str]) -> str:
    listed = ",\n    ".join(f"/{pattern}/i" for pattern in found)
    return f"tenet 1\nforbid told {{\n  patterns: [\n    {listed}\n  ]\n}}\n"


@dataclass(frozen=True)
class Job:
    """One contender over one file, in a process of its own. megabytes: of the file's beginning; None for all of it."""

    name: str
    code: str
    folder: Path
    spec: str
    told: list[str]
    processes: int = 1
    megabytes: int | None = None

    @property
    def source(self) -> Path:
        return self.folder / f"chats{self.megabytes or ''}.jsonl"

    @property
    def out(self) -> Path:
        return self.folder / f"{self.name} {len(self.told)}.out.jsonl"

    def __call__(self) -> None:
        for left in self.folder.glob(f"{self.out.name}*"):
            left.unlink()
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            script = Path(place, "run.py")
            script.write_text(
                f"PHRASES = {self.told!r}\nSOURCE, OUT = {str(self.source)!r}, {str(self.out)!r}\n"
                f"SPEC, CACHE, PROCESSES = {str(self.folder / self.spec)!r}, {place!r}, {str(self.processes)!r}\n"
                + self.code,
                encoding="utf-8",
            )
            done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{self.name}: {done.stderr[-2000:]}")

    def kept(self) -> list[bytes]:
        """A hash of each row that was kept, in order."""
        with self.out.open(encoding="utf-8") as rows:
            return [hashlib.sha256(json.dumps(json.loads(row)["messages"]).encode()).digest() for row in rows]


def race(title: str, jobs: list[Job], megabytes: int) -> None:
    """Check that all keep the same rows, then time them."""
    for job in jobs:
        job()
    wanted = jobs[0].kept()
    for job in jobs[1:]:
        rows = job.kept()
        if rows != (wanted if job.megabytes is None else wanted[: len(rows)]) or not rows:
            raise ValueError(f"{title}: {job.name} keeps other rows than {jobs[0].name}")
    contenders = [Contender(job.name, job, part=(job.megabytes or megabytes) / megabytes) for job in jobs]
    contenders.append(Contender("read", Job("read", READ, jobs[0].folder, "", []), bound=True))
    compare(title, contenders, rounds=3, warm=True, work=(megabytes, "MB"))


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else MEGABYTES
    counts = tuple(map(int, sys.argv[2:])) or (*PHRASES, 0)
    dice = random.Random(7)
    peers = [("datasets + Aho-Corasick", DATASETS), ("datatrove", DATATROVE), ("re", PYTHON_RE)]
    for name, package in (("datasets + Aho-Corasick", "ahocorasick"), ("datatrove", "datatrove")):
        if find_spec(package) is None:
            print(f"{name} is not installed, and left out")
            peers = [peer for peer in peers if peer[0] != name]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        told = phrases(max(PHRASES), dice)
        write_chats(folder, list(chats(megabytes, told[:10], dice)))
        expressions = patterns(PATTERNS, told)
        for count in PHRASES:
            (folder / f"{count}.tenet").write_text(spec_of(told[:count]), encoding="utf-8")
        (folder / "patterns.tenet").write_text(spec_of_patterns(expressions), encoding="utf-8")

        def job(name: str, code: str, spec: str, texts: list[str], processes: int = 1) -> Job:
            part = PARTS.get((name, len(texts)))
            return Job(name, code, folder, spec, texts, processes, part if part and part < megabytes else None)

        for count in filter(None, counts):
            spec, some = f"{count}.tenet", told[:count]
            jobs = [
                job("tenet filter", TENET, spec, some),
                job("tenet filter, 2 processes", TENET, spec, some, 2),
                # Ten are there to be held against ten thousand.
                *(job(name, code, spec, some) for name, code in peers if count > min(PHRASES)),
            ]
            race(f"{megabytes} MB, {count:,} phrases", jobs, megabytes)
        if 0 not in counts:
            return
        jobs = [
            job("tenet filter", TENET, "patterns.tenet", expressions),
            job("tenet filter, 2 processes", TENET, "patterns.tenet", expressions, 2),
            job("re, 200 expressions", EXPRESSIONS, "patterns.tenet", expressions),
        ]
        race(f"{megabytes} MB, {PATTERNS} expressions", jobs, megabytes)


def write_chats(folder: Path, lines: list[str]) -> None:
    """The whole file, and the beginnings of it that slow contenders get."""
    (folder / "chats.jsonl").write_text("".join(lines), encoding="utf-8")
    for megabytes in set(PARTS.values()):
        size = 0
        with (folder / f"chats{megabytes}.jsonl").open("w", encoding="utf-8") as out:
            for line in lines:
                if size >= megabytes * 1_000_000:
                    break
                size += len(line.encode())
                out.write(line)


if __name__ == "__main__":
    main()
