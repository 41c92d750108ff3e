"""How fast the language is: checking, parsing, formatting and analysing specs, beside BAML and Cedar.

    python -m pip install baml-py cedarpy        # the peers; one that is absent is left out, and said to be
    python -m benchmarks.language

All three say with typed blocks what a system may do, and check that against declarations. A clause is written as what
each of them has for it, on eight lines, with four texts or attributes and a condition of three comparisons:

- BAML: a class of five fields, two with descriptions, one with the condition as a `@check`. BAML has neither levels nor
  an analysis of what clauses mean together; it also looks at prompts, of which these inputs have none.
- Cedar: a policy with three annotations, `when` and `unless`, checked against a schema. Annotations are text that
  nobody checks, where Tenet's fields have types; Cedar's policies are type-checked expressions, as Tenet's conditions.

What is timed is processor time (user and system, of this process and of those that it starts), since the machine may
be shared: whole processes in the first table, warm calls in the others. Both peers are compiled Rust. Every contender
must accept the input and refuse it with a planted error before it is timed, and agree on the number of clauses where
it tells one.
"""

from __future__ import annotations

import json
import re
import resource
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import spec
from benchmarks.side_by_side import Contender, compare
from compiler.build import to_program
from spec.formatter import format_text

LINES_OF_A_CLAUSE = 8
CHECKED, LARGE, ANALYSED = 500, 5_000, 8_000
"""Lines of the specs: for whole processes, for parsing and formatting, for analysis (1,000 clauses)."""

TENET = (
    """trait v{i} {{
  means: "Talks like number {i}."
  because: "People asked for number {i}."
  signs: ["sign {i}", "mark {i}"]
  when: user.role == clinician and (user.age >= 18 or not user.member)
  target: >= 90%
}}

""",
    """refuse v{i} {{
  about: "how to make thing {i}"
  offer: "a pharmacist"
  still_help: "what thing {i} is for"
  unless: user.role == clinician and (user.age >= 18 or not user.member)
  target: >= 95%
}}

""",
    """forbid v{i} at root {{
  phrases: ["Certainly {i}!", "As model {i}"]
  because: "People were tired of number {i}."
  tags: [canned]
  when: user.role == visitor and (user.age < 18 or not user.member)
  target: <= 1%
}}

""",
    """rule v{i} at user {{
  must: "Say what answer {i} rests on."
  note: "Number {i} was asked for by readers."
  asks: ["What is thing {i}?"]
  unless: user.role == visitor and (user.age < 18 or not user.member)
  target: >= 80%
}}

""",
)
TENET_HEAD = """tenet 1

dimension user.role { values: [clinician, visitor] }
dimension user.age { type: number }
dimension user.member { type: boolean }

"""
BAML = """class V{i} {{
  means string @description("Talks like number {i}.")
  because string @description("People asked for number {i}.")
  signs ("sign {i}" | "mark {i}")[]
  role string @check(allowed_{i}, {{{{ this == "clinician" and (this|length >= 18 or this|length < 2) }}}})
  target float
}}

"""
CEDAR = """@id("v{i}")
@means("Talks like number {i}.")
@because("People asked for number {i}.")
permit (principal is User, action == Action::"ask", resource is Topic)
when {{ principal.role == "clinician" && (principal.age >= 18 || !principal.member) }}
unless {{ ["sign {i}", "mark {i}"].contains(resource.text) }};


"""
CEDAR_SCHEMA = """entity User { role: String, age: Long, member: Bool };
entity Topic { text: String };
action ask appliesTo { principal: [User], resource: [Topic] };
"""


def tenet_of(lines: int) -> str:
    count = lines // LINES_OF_A_CLAUSE
    return TENET_HEAD + "".join(TENET[i % len(TENET)].format(i=i) for i in range(count))


def baml_of(lines: int) -> str:
    return "".join(BAML.format(i=i) for i in range(lines // LINES_OF_A_CLAUSE))


def cedar_of(lines: int) -> str:
    return "".join(CEDAR.format(i=i) for i in range(lines // LINES_OF_A_CLAUSE))


def processor_seconds() -> float:
    """Seconds of the processor that this process and the ended ones that it started have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def peer(name: str) -> Any | None:
    if find_spec(name) is None:
        print(f"{name} is not installed and left out: python -m pip install {name.replace('_', '-')}")
        return None
    return import_module(name)


# ---- contenders: each takes an input, returns the number of clauses (or True), and raises ValueError for a wrong one


def tenet_loads(text: str) -> int:
    loaded = spec.loads(text)
    if loaded.document is None:
        raise ValueError(spec.render(loaded.diagnostics, loaded.sources))
    return len(loaded.document.clauses)


def cedar_parses(cedarpy: Any) -> Callable[[str], int]:
    return lambda text: len(json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"])


def cedar_validates(cedarpy: Any) -> Callable[[str], bool]:
    def run(text: str) -> bool:
        result = cedarpy.validate_policies(text, CEDAR_SCHEMA)
        if not result.validation_passed:
            raise ValueError(result.errors)
        return True

    return run


def timed(name: str, run: Callable[[str], object], text: str, broken: str, clauses: int | None = None) -> Contender:
    """Return a contender that takes `text`, finds so many `clauses` in it where it tells, and refuses `broken`, so that
    no figure is of one that looks away."""
    found = run(text)
    if clauses is not None and found != clauses:
        raise ValueError(f"{name} finds {found} clauses, not {clauses}")
    try:
        run(broken)
    except ValueError:
        return Contender(name, lambda: run(text))
    raise AssertionError(f"{name} accepts a planted error")


def process(*command: str) -> Callable[[str], bool]:
    """A command on a file or folder, which is its last argument."""

    def run(path: str) -> bool:
        done = subprocess.run([*command, path], capture_output=True, text=True)
        if done.returncode:
            raise ValueError(done.stdout + done.stderr)
        return True

    return run


def checking(folder: Path) -> None:
    """Whole processes: the interpreter's start, imports, and the check."""

    def written(name: str, text: str) -> str:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return str(path)

    python = (sys.executable, "-c")
    tenet = tenet_of(CHECKED)
    paths = written("good.tenet", tenet), written("bad.tenet", tenet.replace("visitor and", "guest and", 1))
    contenders = [timed("tenet check", process(*python, "from compiler.cli import main; main()", "check"), *paths)]
    scripts = sysconfig.get_path("scripts")
    if baml := shutil.which("baml-cli", path=scripts):
        text = baml_of(CHECKED)
        good = (
            written("good/baml_src/main.baml", text),
            written("bad/baml_src/main.baml", text.replace("float", "flaot", 1)),
        )
        run = process(baml, "check", "--no-version-check", "--from")
        contenders.append(timed("baml-cli check", run, *(str(Path(path).parent) for path in good)))
    else:
        print("baml-cli is not installed and left out: python -m pip install baml-py")
    if peer("cedarpy"):
        text = cedar_of(CHECKED)
        validate = (
            "import sys, cedarpy; from pathlib import Path; "
            f"found = cedarpy.validate_policies(Path(sys.argv[1]).read_text(), {CEDAR_SCHEMA!r}); "
            "sys.exit(not found.validation_passed)"
        )
        paths = written("good.cedar", text), written("bad.cedar", text.replace("principal.age", "principal.agee", 1))
        contenders.append(timed("cedarpy, validate", process(*python, validate), *paths))
    nothing = process(*python, "pass")
    contenders.append(Contender("python -c pass", lambda: nothing(""), bound=True))
    compare(f"check {CHECKED} lines, whole process", contenders, rounds=15, clock=processor_seconds)


def parsing() -> None:
    text = tenet_of(LARGE)
    count = LARGE // LINES_OF_A_CLAUSE
    contenders = [timed("spec.loads", tenet_loads, text, text.replace("target", "tarrget", 1), count)]
    if cedarpy := peer("cedarpy"):
        text = cedar_of(LARGE)
        broken = text.replace("permit", "prmit", 1)
        contenders.append(timed("cedarpy, to JSON", cedar_parses(cedarpy), text, broken, count))
    if baml := peer("baml_py"):
        text = baml_of(LARGE)
        contenders.append(timed("BamlRuntime", baml_loads(baml), text, text.replace("float", "flaot", 1)))
    compare_work(f"parse {LARGE} lines with positions", contenders, (LARGE, "lines"))


def compare_work(title: str, contenders: list[Contender], work: tuple[int, str]) -> None:
    # What each returns was compared when it was made, as far as they tell the same.
    compare(title, contenders, clock=processor_seconds, work=work, same_output=False)


def baml_loads(baml: Any) -> Callable[[str], bool]:
    def run(text: str) -> bool:
        try:
            baml.BamlRuntime.from_files("/spec", {"main.baml": text}, {})
        except Exception as error:  # its errors have no class of their own in every release
            raise ValueError(str(error)) from error
        return True

    return run


def formatting() -> None:
    text, count = tenet_of(LARGE), LARGE // LINES_OF_A_CLAUSE

    def ours(text: str) -> int:
        return len(re.findall(r"^\w+ v\d+", format_text(text), re.MULTILINE))

    contenders = [timed("format_text", ours, text, text.replace("{", "", 1), count)]
    if cedarpy := peer("cedarpy"):
        text = cedar_of(LARGE)

        def theirs(text: str) -> int:
            return str(cedarpy.format_policies(text)).count("@id")

        contenders.append(timed("cedarpy, format", theirs, text, text.replace("permit", "prmit", 1), count))
    compare_work(f"format {LARGE} lines", contenders, (LARGE, "lines"))


def analysing() -> None:
    """All passes of the compiler over a loaded spec, whatever these are; Cedar's type check has no such passes."""
    loaded = spec.loads(tenet_of(ANALYSED))
    assert loaded.document is not None
    document = loaded.document

    def ours() -> int:
        program, _ = to_program(document)
        return len(program.clauses)

    count = ANALYSED // LINES_OF_A_CLAUSE
    contenders = [Contender("to_program", ours)]
    if cedarpy := peer("cedarpy"):
        text = cedar_of(ANALYSED)
        broken = text.replace("principal.age", "principal.agee", 1)
        contenders.append(timed("cedarpy, validate", cedar_validates(cedarpy), text, broken))
    compare_work(f"analyse {count} clauses", contenders, (count, "clauses"))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        checking(Path(folder))
    parsing()
    formatting()
    analysing()


if __name__ == "__main__":
    main()
