"""Inputs that are as large as the limits allow, each made to cost as much as it can.

    python -m tests.spec.traps              # a table: size, reports, seconds of the processor, megabytes
    python -m tests.spec.traps phrases links

No input may take more than a second (two with `--fix`, which checks it before and after), or its process more than
500 MB; exits 1 when one does. Each trap has a process of its own. `test_traps.py` tries them with more time, since the
machines that run tests may be slow.
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import spec
from compiler.analysis import analyse
from compiler.build import to_program
from spec.collecting import uncollected
from spec.fixing import checks_for, fix_all
from spec.formatter import CannotFormat, format_text
from spec.limits import LARGEST_FILE, MOST_CLAUSES, MOST_SIGNS
from tests.spec.fuzz import MEGABYTES, SECONDS, megabytes

HEAD = "tenet 1\n"
FORMATS = ("full", "json", "sarif")


def many(piece: str, signs: int, before: str = "", after: str = "", less: int = 40) -> str:
    """Return `piece`, of so many words and signs, as often as a spec may hold it; `{i}` in it counts."""
    count = (MOST_SIGNS - less) // signs
    room = (LARGEST_FILE - 1_000) // (len(piece) + 4)
    return HEAD + before + "".join(piece.replace("{i}", str(i)) for i in range(min(count, room))) + after


def tagged(groups: int) -> str:
    """Return clauses that all have the same tags, each tag ranked over each that stands behind it."""
    tags = ", ".join(f"g{i}" for i in range(groups))
    clauses = "".join(f'trait t{i} {{ means: "x" tags: [{tags}] }}\n' for i in range(1_500))
    return HEAD + clauses + "".join(f"priority: g{i} > g{i + 1}\n" for i in range(groups - 1))


def clauses(text: str) -> str:
    return HEAD + "".join(text.replace("{i}", str(i)) + "\n" for i in range(MOST_CLAUSES))


SPECS: dict[str, Callable[[], str]] = {
    # nothing is wrong with these, so that they go through the whole of `tenet check`
    "traits": partial(clauses, 'trait t{i} { means: "x" }'),
    "conditions": partial(
        clauses, 'rule r{i} { must: "x {i}" when: user.role == a{i} and channel in [b, c] unless: locale == d }'
    ),
    "refusals": partial(clauses, 'refuse r{i} { about: "x {i}" asks: ["how {i}"] offer: "y" unless: user.role == a }'),
    "phrases": partial(many, '"p{i}", ', 2, "forbid f { phrases: [", '"end"] }'),
    "alike phrases": partial(many, '"w p{i}", ', 2, "forbid f { phrases: [", '"end"] }'),
    "signs": partial(many, '"p{i}", ', 2, 'trait t { means: "x" signs: [', '"end"] }'),
    "patterns": partial(many, "/p{i}x+/, ", 2, "forbid f { patterns: [", "/end/] }"),
    "answers": partial(many, 'good: "g{i}" ', 3, 'trait t { means: "x" example { user: "u" ', "} }"),
    "reasons": partial(many, 'good: "g{i}" why: "w" ', 6, 'trait t { means: "x" example { user: "u" ', "} }"),
    "examples": partial(many, 'example { user: "u{i}" good: "g{i}" bad: "b{i}" }\n', 12, 'trait t { means: "x"\n', "}"),
    "turns": partial(
        many, 'user: "u" assistant: "a"\n', 6, 'trait t { means: "x" example {', 'user: "u" good: "g" } }'
    ),
    "probes": partial(many, 'probe p{i} { for: t user: "q{i}" }\n', 10, 'trait t { means: "x" }\n'),
    "tags": partial(many, "p{i}, ", 2, 'trait t { means: "x" tags: [', "end] }"),
    "dimensions": partial(many, "dimension d{i} { values: [a, b] }\n", 11, 'trait t { means: "x" }\n'),
    "asking": partial(many, "d{i} and ", 2, 'trait t { means: "x" when: ', "d }"),
    "judged": lambda: (
        HEAD
        + "".join(f'dimension d{i} {{ means: "it is {i}" }}\n' for i in range(5_000))
        + 'trait t { means: "x" when: '
        + " and ".join(f"d{i}" for i in range(5_000))
        + " }"
    ),
    "never": lambda: (
        HEAD
        + "".join(f"dimension d{i} {{ type: boolean }}\n" for i in range(16))
        + "".join(
            f'trait t{n} {{ means: "x {n}" when: d0 and not d0 and ({" or ".join(f"d{i}" for i in range(16))}) }}\n'
            for n in range(1_000)
        )
    ),
    "values": lambda: (
        HEAD
        + "dimension d { values: ["
        + ", ".join(f"v{i}" for i in range(17_000))
        + "] }\n"
        + 'trait t { means: "x" when: d in ['
        + ", ".join(f"v{i}" for i in range(17_000))
        + "] }"
    ),
    "chain": lambda: (
        HEAD
        + 'trait t { means: "x" tags: ['
        + ", ".join(f"n{i}" for i in range(17_000))
        + "] }\n"
        + "priority: "
        + " > ".join(f"n{i}" for i in range(17_000))
    ),
    "links": lambda: (
        HEAD
        + 'trait t { means: "x" tags: ['
        + ", ".join(f"n{i}" for i in range(11_000))
        + "] }\n"
        + "".join(f"priority: n{i} > n{i + 1}\n" for i in reversed(range(9_000)))
    ),
    "ring": lambda: (
        HEAD
        + 'trait t { means: "x" tags: ['
        + ", ".join(f"n{i}" for i in range(11_000))
        + "] }\n"
        + "".join(f"priority: n{i} > n{(i + 1) % 9_000}\n" for i in reversed(range(9_000)))
    ),
    "groups": partial(tagged, 15),
    "upside down": lambda: (
        HEAD
        + "".join(f'trait a{i} at user {{ means: "x" tags: [a] }}\n' for i in range(900))
        + "".join(f'trait b{i} at root {{ means: "x" tags: [b] }}\n' for i in range(900))
        + "priority: a > b\n" * 5_000
    ),
    "sections": partial(many, "section s{i} {\n", 3, "", "", 70_000 - 100),
    "words": lambda: HEAD + 'trait t { means: "' + "word " * 200_000 + '" }',
    "comments": lambda: HEAD + "# c\n" * 200_000,
    # and these are wrong from end to end
    "unknown names": partial(many, 'trait t{i} { means: "x" see: [u{i}a, u{i}b, u{i}c, u{i}d] }\n', 19),
    "unknown fields": partial(many, 'meens{i}: "x"\n', 3, "trait t {\n", "}"),
    "unknown words": partial(many, 'traid t{i} { means: "x" }\n', 7),
    "unknown dimensions": partial(many, "d{i} == a or ", 4, 'trait t { means: "x" when: ', "d }"),
    "long names": lambda: HEAD + f'trait {"ab" * 200_000} {{ means: "x" see: [{"ba" * 200_000}, {"b" * 100_000}] }}\n',
    "twice": partial(many, 'means: "x" ', 3, "trait t { ", "}"),
    "same phrases": partial(many, '"p", ', 2, "forbid f { phrases: [", '"p"] }'),
    "empty texts": partial(many, '"", ', 2, "forbid f { phrases: [", '""] }'),
    "open strings": partial(many, 'trait t{i} {\n  means: "x\n}\n', 6),
    "open blocks": partial(many, 'trait t{i} {\n  means: "x"\n', 6),
    "closed blocks": partial(many, 'trait t{i} {\n  means: "x" } }\n', 8),
    "stray signs": lambda: HEAD + "@ " * (MOST_SIGNS - 100),
    "stray lines": partial(many, "trait t{i} @ { means = x }\n", 8),
    "closers": lambda: HEAD + "} " * (MOST_SIGNS - 100),
    "lost names": lambda: (
        HEAD
        + 'trait t { means: "x" see: ['
        + ", ".join(f"u{i}" for i in range(30_000))
        + "] }\n"
        + 'trait v { means: "'
        + " ".join(f"zu{i}z" for i in range(30_000))
        + "\n"
    ),
    "escapes": lambda: HEAD + 'trait a { means: "' + "\\q" * 400_000 + '" }',
    "mixed letters": lambda: HEAD + 'trait a { means: "' + "p\u0430y " * 200_000 + '" }',
    "mixed names": lambda: HEAD + 'trait t { means: "x" see: [' + "p\u0430y, pb\u0430y, " * 17_000 + "end] }",
    "unseen": lambda: HEAD + 'trait a { means: "' + "a\u200b" * 300_000 + '" }',
    "parameters": lambda: (
        HEAD + 'parameter p { default: "' + "y" * 1_000 + '" }\ntrait a { means: "' + "${p}" * 200_000 + '" }'
    ),
    "unknown parameters": lambda: HEAD + 'trait a { means: "' + "".join(f"${{p{i}}}" for i in range(90_000)) + '" }',
    "imports": lambda: HEAD + "".join(f'import "a{i}.tenet"\n' for i in range(30_000)),
    "same imports": lambda: HEAD + 'import "a.tenet"\n' * 30_000,
    "nesting": lambda: HEAD + "trait x { when: " + "(" * 100_000,
    "slashes": lambda: HEAD + "a: /x\n" * 100_000,
    "quotes": lambda: HEAD + "'" * 900_000,
}


def lined(count: int, line: str, before: str = "", after: str = "") -> str:
    return before + "".join(line.replace("{i}", str(i)) for i in range(count)) + after


PLAIN: dict[str, Callable[[], str]] = {
    "spec.yaml, clauses": lambda: lined(MOST_CLAUSES, '  t{i}: {means: "x"}\n', "tenet: 1\ntrait:\n"),
    "spec.yaml, phrases": lambda: lined(70_000, "    - p{i}\n", "tenet: 1\nforbid:\n  f:\n    phrases:\n"),
    "spec.yaml, too many": lambda: lined(100_000, "    - p{i}\n", "tenet: 1\nforbid:\n  f:\n    phrases:\n"),
    "spec.yaml, same keys": lambda: lined(30_000, "  t: {means: x}\n", "tenet: 1\ntrait:\n"),
    "spec.yaml, unknown": lambda: lined(20_000, "  t{i}: {meens{i}: x}\n", "tenet: 1\ntrait:\n"),
    "spec.yaml, no keys": lambda: lined(60_000, "{i}: x\n", "tenet: 1\n"),
    "spec.yaml, aliases": lambda: (
        "tenet: 1\na0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 9)}]\n" for i in range(9))
    ),
    "spec.yaml, one alias": lambda: (
        "tenet: 1\na: &a {means: x}\ntrait:\n" + "".join(f"  t{i}: *a\n" for i in range(30_000))
    ),
    "spec.yaml, long key": lambda: f"tenet: 1\ntrait: {{{'k' * 1_000_000}: x}}\n",
    "spec.yaml, long text": lambda: f'tenet: 1\ntrait: {{t: {{means: "{"ab " * 300_000}"}}}}\n',
    "spec.yaml, escapes": lambda: (
        f'tenet: 1\ntrait: {{t: {{means: "{chr(92) * 2 * 400_000}", when: "{"(" * 60_000}"}}}}\n'
    ),
    "spec.yaml, folded": lambda: "tenet: 1\ntrait:\n  t:\n    means: >\n" + "      ab\n\n" * 100_000,
    "spec.yaml, late error": lambda: lined(60_000, "    - p{i}\n", "tenet: 1\nforbid:\n  f:\n    phrases:\n", "  }\n"),
    "spec.yaml, comments": lambda: "tenet: 1\n" + "# c\n" * 250_000,
    "spec.yaml, tags": lambda: lined(50_000, "  - !t x\n", "tenet: 1\na:\n"),
    "spec.yaml, conditions": lambda: lined(
        MOST_CLAUSES,
        '  t{i}: {means: x, when: "a == \\x62 and (c or d or e or f or g or h or i or j or k or l)"}\n',
        "tenet: 1\ntrait:\n",
    ),
    "spec.yaml, depth": lambda: "{a: " * 200_000,
    "spec.json, depth": lambda: '{"a": ' * 150_000,
    "spec.json, phrases": lambda: (
        '{"tenet": 1, "forbid": {"f": {"phrases": ["' + '", "'.join(map(str, range(70_000))) + '"]}}}'
    ),
    "spec.json, too many": lambda: '{"tenet": 1, "forbid": {"f": {"phrases": [' + "1," * 400_000 + "1]}}}",
    "spec.json, same keys": lambda: '{"tenet": 1, "trait": {' + '"t": 1, ' * 80_000 + '"t": 1}}',
    "spec.json, escapes": lambda: '{"tenet": 1, "trait": {"t": {"means": "' + "\\u0041" * 160_000 + '"}}}',
    "spec.json, bad escapes": lambda: '{"tenet": 1, "trait": {"t": {"means": "' + "\\q" * 400_000 + '"}}}',
    "spec.json, no end": lambda: '{"tenet": 1, "trait": {"t": {"means": "' + "x" * 900_000,
}


def check(text: str, path: str = "spec.tenet") -> int:
    """Do what `tenet check` does; return how much was found."""
    with uncollected():
        loaded = spec.loads(text, path)
        found = list(loaded.diagnostics)
        if loaded.document is not None:
            program, more = to_program(loaded.document)
            found.extend((*more, *analyse(program)))
    spec.render(found[:500], loaded.sources)
    return len(found)


def layout(text: str) -> int:
    try:
        format_text(text)
    except CannotFormat as error:
        return len(error.diagnostics)
    return 0


def fix(text: str) -> int:
    """Do what `--fix --unsafe-fixes` does once the spec is loaded."""
    loaded = spec.loads(text)

    def found(texts: Mapping[str, str]) -> Sequence[spec.Diagnostic]:
        return spec.loads(texts["spec.tenet"]).diagnostics if texts else loaded.diagnostics

    return len(fix_all(found, lambda _: text, True, checks_for(loaded.signs, len(text))).left)


# ---- specs of several files


def row(folder: Path) -> None:
    """Each file imports the next."""
    for i in range(300):
        (folder / f"f{i}.tenet").write_text(f'tenet 1\nimport "f{i + 1}.tenet"\n')


def doubling(folder: Path) -> None:
    """Each file imports the next under two names."""
    for i in range(40):
        (folder / f"f{i}.tenet").write_text(f'tenet 1\nimport "f{i + 1}.tenet" as a\nimport "f{i + 1}.tenet" as b\n')
    (folder / "f40.tenet").write_text('tenet 1\ntrait t { means: "x" }\n')


def filled(folder: Path) -> None:
    """One file is imported under many names, with a long text for a parameter that it uses often."""
    (folder / "part.tenet").write_text('tenet 1\nparameter p { }\ntrait t { means: "' + "${p}" * 4_000 + '" }\n')
    given = f'{{ p: "{"y" * 1_000}" }}'
    (folder / "f0.tenet").write_text(HEAD + "".join(f'import "part.tenet" as a{i} {given}\n' for i in range(900)))


def heavy(folder: Path) -> None:
    """Each of many files is as large as a spec may be."""
    (folder / "part.tenet").write_text(many("x{i}: 1\n", 3, "trait t {\n", "}"))
    (folder / "f0.tenet").write_text(HEAD + "".join(f'import "part.tenet" as a{i}\n' for i in range(900)))


FOLDERS = {"imports in a row": row, "imports twice": doubling, "imports with texts": filled, "large imports": heavy}


def check_folder(make: Callable[[Path], None]) -> int:
    with tempfile.TemporaryDirectory() as name:
        make(Path(name))
        loaded = spec.load(Path(name, "f0.tenet"))
        spec.render(loaded.diagnostics[:500], loaded.sources)
    return len(loaded.diagnostics)


# ---- other formats


def constitution(text: str) -> int:
    from spec.importers import Unreadable
    from spec.importers import constitution as reader

    try:
        return len(reader.read(text, "c.json", "c").findings)
    except Unreadable:
        return 1


def model_spec(text: str) -> int:
    from spec.importers import Unreadable, model_spec_text
    from spec.importers import model_spec as reader

    try:
        return len(model_spec_text.write(reader.read(text, "model_spec.md", {}), "m.tenet").findings)
    except Unreadable:
        return 1


CONSTITUTIONS: dict[str, Callable[[], str]] = {
    "constitution, traits": lambda: "[" + '{"trait": "x"},' * 60_000 + '{"trait": "x"}]',
    "constitution, questions": lambda: '[{"trait": "x", "questions": [' + '"q",' * 200_000 + '"q"]}]',
    "constitution, keys": lambda: '[{"trait": "x", ' + ", ".join(f'"k{i}": 1' for i in range(80_000)) + "}]",
    "constitution, depth": lambda: "[" * 900_000,
    "constitution, halves": lambda: '[{"trait": "' + "\\ud800" * 150_000 + '"}]',
}
_SECTION = "## T {#s authority=user}\n"
MODEL_SPECS: dict[str, Callable[[], str]] = {
    "model spec, sections": lambda: "".join(f"## T {{#s{i} authority=user}}\nx\n\n" for i in range(25_000)),
    "model spec, paragraphs": lambda: _SECTION + "x [y](#s) z[^a]\n\n" * 50_000,
    "model spec, examples": lambda: _SECTION
    + "**Example**: x\n\n~~~xml\n<user>\nu\n</user>\n<assistant>\na\n</assistant>\n~~~\n\n" * 12_000,
    "model spec, open": lambda: _SECTION + "**Example**: x\n\n~~~xml\n" + "<user>\n" * 100_000,
    "model spec, attributes": lambda: _SECTION
    + "**Example**: x\n\n~~~xml\n<user" + " a='b'" * 100_000 + "\n~~~\n",
    "model spec, spaces": lambda: "## T" + " " * 500_000 + "{#s" + " " * 400_000 + "\n",
    "model spec, tags": lambda: _SECTION + "~~~xml\n<user" + " " * 900_000 + "x\n~~~\n",
    "model spec, comments": lambda: _SECTION + "~~~xml\n<user> <!--" + " \n" * 300_000 + "x\n~~~\n",
    "model spec, hashes": lambda: "# " * 400_000,
}  # fmt: skip

Trap = Callable[[], int]


def traps() -> dict[str, tuple[int, Trap]]:
    """Return every trap by its name, with the size of its text."""
    found: dict[str, tuple[int, Trap]] = {}
    for name, make in SPECS.items():
        text = make()
        for what, run in (("", check), (", fmt", layout), (", fix", fix)):
            found[name + what] = len(text), partial(run, text)
    for name, make in PLAIN.items():
        text = make()
        found[name] = len(text), partial(check, text, name.split(",")[0])
    for name, write in FOLDERS.items():
        found[name] = 0, partial(check_folder, write)
    for given, run in ((CONSTITUTIONS, constitution), (MODEL_SPECS, model_spec)):
        for name, make in given.items():
            text = make()
            found[name] = len(text), partial(run, text)
    return found


def measured(trap: Trap) -> tuple[int | str, float, float]:
    """Return, of a trap in a process of its own, what it found, the seconds it took, and the megabytes."""
    ours, theirs = multiprocessing.Pipe(duplex=False)

    def run() -> None:
        before = time.process_time()
        try:
            found: int | str = trap()
        except Exception as error:  # a crash is what is looked for
            found = f"{type(error).__name__}: {error}"[:60]
        theirs.send((found, time.process_time() - before, megabytes()))

    child = multiprocessing.get_context("fork").Process(target=run)
    child.start()
    theirs.close()
    limit = 20 * SECONDS
    if not ours.poll(limit):
        child.kill()
        child.join()
        return f"more than {limit:g} s", limit, 0.0
    try:
        result: tuple[int | str, float, float] = ours.recv()
    except EOFError:
        result = ("killed", 0.0, 0.0)
    child.join()
    return result


def main() -> int:
    chosen = sys.argv[1:]
    spec.loads(HEAD)  # the tables of the grammar are made before anything is measured
    over = 0
    print(f"{'trap':32}{'size':>9}  {'reports':>9}{'CPU s':>8}{'MB':>6}")
    for name, (size, trap) in traps().items():
        if chosen and not any(word in name for word in chosen):
            continue
        found, seconds, memory = measured(trap)
        allowed = 2 * SECONDS if name.endswith(", fix") else SECONDS  # before and after the fixes
        bad = isinstance(found, str) or seconds > allowed or memory > MEGABYTES
        over += bad
        print(f"{name:32}{size:9,}  {found:>9}{seconds:8.2f}{memory:6.0f}{'  <-- over' if bad else ''}", flush=True)
    print(f"{over} over the limit of {SECONDS:g} s and {MEGABYTES} MB" if over else "none over the limit")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
