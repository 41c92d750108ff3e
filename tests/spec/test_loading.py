"""Files, imports and names: what a whole spec says, and what keeps it from saying anything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import spec
from spec.constructs import Forbid, Prefer, Refuse, Stance, Trait
from spec.document import And, Compare, Condition, Level, Not, Or, Pattern, Priority, Target, Truth, Turn

DESIGN = """tenet 1
import "house-style.tenet"

model { base: "nano" }                       # embedded; or a Hugging Face id, or a folder

persona Juno {
  maker: "Harbor Marine"
  voice: { sentences: short, emoji: never }
}

trait caring {
  means: "Names the feeling before giving advice."
  not: "Saccharine; therapy-speak."
  because: "People write to us when something went wrong."
  intensity: 0.8
  example {
    user: "I failed my exam again."
    good: "That hurts, and you still showed up. Which part went wrong first?"
    bad:  "Study more next time."   why: "skips the feeling"
  }
  target: >= 85%
}

refuse dosing at root {
  about: "how much of a medicine to take"
  style: caring                              # a refusal has a voice too
  offer: "a pharmacist, or the poison line"
  still_help: "what a medicine is for; how to read its label"
  unless: user.role == clinician
  target: >= 99%
}

forbid canned {
  phrases: ["Certainly!", "As an AI language model"]
  target: <= 1%
}

priority: safety > honesty > caring > brevity

train { method: dpo  adapter: { rank: 16 } }
"""
HOUSE = """tenet 1
trait honesty { means: "Says so when it does not know." }
prefer brevity { this: "short answers"  tags: [style] }
refuse harm { about: "how to hurt people"  tags: [safety] }
"""


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def load(folder: Path, files: dict[str, str], name: str = "a.tenet") -> spec.Loaded:
    write(folder, files)
    return spec.load(folder / name)


def found(loaded: spec.Loaded) -> list[tuple[str, str]]:
    return [(d.code, f"{d.span.path}:{d.span.line}") for d in loaded.diagnostics]


def document(text: str) -> spec.Document:
    loaded = spec.loads(f"tenet 1\n{text}")
    assert loaded.document is not None, spec.render(loaded.diagnostics, loaded.sources)
    return loaded.document


def codes(text: str) -> list[str]:
    return [d.code for d in spec.loads(f"tenet 1\n{text}").diagnostics]


# ---- what a spec says


def test_the_design_s_example(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"a.tenet": DESIGN, "house-style.tenet": HOUSE})
    assert loaded.diagnostics == ()
    assert loaded.document is not None
    document = loaded.document
    assert [c.id for c in document.clauses] == [
        "trait.honesty", "prefer.brevity", "refuse.harm", "persona.Juno", "trait.caring", "refuse.dosing",
        "forbid.canned",
    ]  # fmt: skip
    dosing = document.clauses[5]
    assert dosing.level is Level.ROOT
    assert dosing.body == Refuse(
        "how much of a medicine to take", "caring", "a pharmacist, or the poison line",
        "what a medicine is for; how to read its label",
    )  # fmt: skip
    assert dosing.unless == Compare("user.role", "==", "clinician")
    assert dosing.target == Target(">=", 0.99)
    assert dict(dosing.field_spans)["style"].line == 26
    assert document.clauses[6].level is Level.SYSTEM
    [example] = document.clauses[4].examples
    assert example.turns == (Turn("user", "I failed my exam again."),)
    assert example.reasons == (("Study more next time.", "skips the feeling"),)
    assert document.priorities == (Priority(("safety", "honesty", "caring", "brevity")),)
    assert [d.name for d in document.dimensions] == ["user.role"]
    assert document.files == ("house-style.tenet", "a.tenet")
    assert str(document.clauses[0].span) == "house-style.tenet:2:1"


def test_levels_by_default() -> None:
    text = (
        'persona P {} trait a { means: "x" } refuse b { about: "x" } forbid c { phrases: "x" } prefer d { this: "x" }'
    )
    assert [c.level.name for c in document(text).clauses] == ["DEVELOPER", "DEVELOPER", "SYSTEM", "SYSTEM", "DEVELOPER"]


def test_fields_may_be_separated_by_anything() -> None:
    one = document('trait a { means: "x" not: "y" intensity: 50% }').clauses
    assert one == document('trait a { means: "x"; not: "y"; intensity: 0.5; }').clauses
    assert one == document('trait a {\nmeans: "x"\n,not: "y"\nintensity: .5\n}').clauses
    assert one[0].body == Trait("x", "y", 0.5)


def test_a_record_may_be_a_block_or_a_map() -> None:
    assert document("persona P { voice: { sentences: short, emoji: never } }") == document(
        "persona P { voice { sentences: short emoji: never } }"
    )


def test_one_value_needs_no_brackets() -> None:
    assert document('forbid a { phrases: "x" patterns: /y/mi }').clauses[0].body == Forbid(
        ("x",), (Pattern("y", "im"),)
    )


def test_conversations() -> None:
    [clause] = document(
        'stance a { about: "x" says: "y" signs: ["z", /\\d\\/\\d/] '
        'example { user: "1" assistant: "2" user: "3" good: ["g", "h"] ok: "o" } }'
    ).clauses
    assert clause.body == Stance("x", "y", ("z", Pattern("\\d/\\d")))
    assert clause.examples[0].turns == (Turn("user", "1"), Turn("assistant", "2"), Turn("user", "3"))
    assert clause.examples[0].good == ("g", "h")
    assert clause.examples[0].ok == ("o",)


def test_strings() -> None:
    text = r'"tab\t quote\" \\ \u{1F600} é"'
    assert document(f"prefer a {{ this: {text} }}").clauses[0].body == Prefer('tab\t quote" \\ 😀 é')
    long = 'prefer a {\n  this: """\n    one\n      two\n\n    three\n    """\n}'
    assert document(long).clauses[0].body == Prefer("one\n  two\n\nthree")
    assert document('prefer a { this: """one\n  two""" }').clauses[0].body == Prefer("one\ntwo")


def test_conditions() -> None:
    text = """
dimension user.age { type: number }
dimension user.trusted { type: boolean }
dimension ill_intent { means: "The user said that they want to hurt somebody." }
trait a { means: "x"  when: user.age >= 18 and (not user.trusted or ill_intent)  unless: channel not in [chat, "sms"] }
trait b { means: "x"  when: user.trusted == false or not ill_intent != true }
"""
    a, b = document(text).clauses
    assert a.when == And((Compare("user.age", ">=", 18), Or((Not(Truth("user.trusted")), Truth("ill_intent")))))
    assert a.unless == Not(Compare("channel", "in", ("chat", "sms")))
    assert b.when == Or((Not(Truth("user.trusted")), Not(Not(Truth("ill_intent")))))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("tier == 2", Compare("tier", "==", "2")),
        ("tier != 2.0", Compare("tier", "!=", "2")),
        ("tier == gold", Compare("tier", "==", "gold")),
        ("tier in [1]", Compare("tier", "in", ("1",))),
        ("tier not in [1, 16777217, 1e-7, gold]", Not(Compare("tier", "in", ("1", "16777217", "1e-7", "gold")))),
        ("tier == 16777217", Compare("tier", "==", "16777217")),
        ("tier == 0.0000001", Compare("tier", "==", "1e-7")),
        ("tier in [50%]", Compare("tier", "in", ("50%",))),
        ("channel == 2", Compare("channel", "==", "2")),
        ("age >= 2", Compare("age", ">=", 2.0)),
        ("user.role == 1 or not tier == 1", Or((Compare("user.role", "==", "1"), Not(Compare("tier", "==", "1"))))),
    ],
)
def test_a_number_names_a_value_of_an_enumeration(written: str, meant: Condition) -> None:
    declared = "dimension tier { values: [1, 2, 16777217, 1e-7, 50%, gold] } dimension age { type: number }"
    found = document(f'{declared} section s {{ when: {written} trait a {{ means: "x" }} }}')
    assert (found.clauses[0].when, found.sections[0].when) == (meant, meant)


def test_a_number_that_an_enumeration_does_not_have() -> None:
    loaded = spec.loads(
        'tenet 1 dimension tier { values: [1, 2] } trait a { means: "x" when: tier == 3 or tier in [4.5] }'
    )
    assert [d.message for d in loaded.diagnostics] == ["`tier` is never `3`", "`tier` is never `4.5`"]


def test_probes_name_clauses_by_id_or_name() -> None:
    text = 'trait a { means: "x" } probe p { for: a ask: "q" expect: ["y", /z/] }'
    text += 'probe q { for: trait.a user: "u" reject: "n" }'
    p, q = document(text).probes
    assert (p.clause, q.clause) == ("trait.a", "trait.a")
    assert p.turns == (Turn("user", "q"),)
    assert p.expect == ("y", Pattern("z"))


def test_equality_ignores_places() -> None:
    assert document('trait a { means: "x" }').clauses == document('\n\n# c\ntrait a {\n  means: "x"\n}').clauses


# ---- what is wrong with one


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('trait a { means: "x" } trait a { means: "y" }', ["T0200"]),
        ('trait a { means: "x" } refuse a { about: "y" } priority: a > trait.a', ["T0206"]),
        ("priority: a > b", ["T0203", "T0203"]),
        ('trait a { means: "x" } priority: a > a', ["T0205"]),
        ('trait a { means: "x" } priority: a', ["T0212"]),
        ('trait a { means: "x" } priority: a < a', ["T0212"]),
        ('trait a { means: "x" } probe p { for: b ask: "q" }', ["T0202"]),
        ('trait a { means: "x" } probe p { for: a }', ["T0213"]),
        ('trait a { means: "x" } probe p { for: a ask: "x" assistant: "y" user: "z" }', ["T0213"]),
        ('trait a { means: "x" example { assistant: "hm" good: "y" } }', ["T0213"]),
        ('trait a { means: "x" example { user: "u" assistant: "v" good: "y" } }', ["T0213"]),
        ('trait a { means: "x" example { user: "u" ok: "v" } }', ["T0214"]),
        ("persona A {} persona B {}", ["T0210"]),
        ("require a { because: \"x\" }", ["T0215"]),
        ("trait a { means: \"x\" target: <= 3% }", ["T0115"]),
        ("forbid a { phrases: [] }", ["T0114"]),
        ('forbid a { phrases: "x" target: <= 1 }', ["T0115"]),
        ('trait a { means: "x" target: >= 0% }', ["T0115"]),
        ("train { rows: 1.5 }", ["T0111"]),
        ("train { learning_rate: 0 }", ["T0113"]),
        ("train { adapter: 16 }", ["T0111"]),
        ("dimension d {}", ["T0215"]),
        ("dimension d { values: [a] type: number }", ["T0216"]),
        ("dimension d { values: [a] } dimension d { values: [b] }", ["T0210"]),
        ('dimension d { values: [a] } trait a { means: "x" when: d == b }', ["T0208"]),
        ('dimension d { type: boolean } trait a { means: "x" when: d == 3 }', ["T0209"]),
        ('trait a { means: "x" when: user.role }', ["T0209"]),
        ('trait a { means: "x" when: "user" }', ["T0211"]),
        ('trait a { means: "x" when: 18 < 20 }', ["T0211"]),
        ('trait a { means: "x" when: user.role == a == b }', ["T0211"]),
        ('trait a { means: "x" refuse b { about: "c" } }', ["T0107"]),
        ('means: "x"', ["T0101"]),
        ('trait: "x"', ["T0107"]),
        ("tenet 1", ["T0008"]),
        ('refuse x { about: "y" style: forbid }', ["T0201"]),
        ("trait { means: \"x\" }", ["T0104"]),
        ('forbid a { patterns: [/(?P<x/] }', ["T0116"]),
        ('forbid a { patterns: ["x"] }', ["T0111"]),
    ],
)  # fmt: skip
def test_defects(text: str, wanted: list[str]) -> None:
    assert codes(text) == wanted


@pytest.mark.parametrize(
    ("header", "wanted"), [("tenet 2", "T0007"), ('tenet "1"', "T0007"), ("tenet 0.9", "T0007"), ("", "T0006")]
)
def test_versions(header: str, wanted: str) -> None:
    assert [d.code for d in spec.loads(f'{header}\ntrait a {{ means: "x" }}').diagnostics] == [wanted]


def test_priorities_may_not_go_round_in_a_circle() -> None:
    text = 'tenet 1\ntrait a { means: "x" } trait b { means: "x" } trait c { means: "x" tags: [t] }\n'
    text += "priority: a > b\npriority: b > t\npriority: t > trait.a\n"
    [diagnostic] = spec.loads(text).diagnostics
    assert (diagnostic.code, diagnostic.span.line) == ("T0204", 5)
    assert [note.span.line for note in diagnostic.secondary] == [3, 4]
    assert diagnostic.witness is not None
    assert (diagnostic.witness.clause, [turn.role for turn in diagnostic.witness.turns]) == ("trait.c", ["user"])


def test_a_pattern_s_mistake_is_shown_inside_it() -> None:
    [diagnostic] = spec.loads("tenet 1\nforbid a { patterns: [/a\\/b(c/] }").diagnostics
    assert (diagnostic.code, diagnostic.span.column) == ("T0116", 28)


# ---- imports


def test_imports_of_imports_stand_once(tmp_path: Path) -> None:
    loaded = load(tmp_path, {
        "a.tenet": 'tenet 1\nimport "x/b.tenet"\nimport "c.tenet"\n',
        "x/b.tenet": 'tenet 1\nimport "../c.tenet"\ntrait b { means: "x" }',
        "c.tenet": 'tenet 1\ntrait c { means: "x" }',
    })  # fmt: skip
    assert loaded.diagnostics == ()
    assert loaded.document is not None
    assert loaded.document.files == ("c.tenet", "x/b.tenet", "a.tenet")
    assert [c.name for c in loaded.document.clauses] == ["c", "b"]


def test_import_cycles(tmp_path: Path) -> None:
    loaded = load(tmp_path, {
        "a.tenet": 'tenet 1\nimport "b.tenet"',
        "b.tenet": 'tenet 1\nimport "c.tenet"',
        "c.tenet": 'tenet 1\nimport "b.tenet"',
    })  # fmt: skip
    assert found(loaded) == [("T0031", "c.tenet:2")]
    assert "b.tenet -> c.tenet -> b.tenet" in loaded.diagnostics[0].message
    assert found(load(tmp_path, {"a.tenet": 'tenet 1\nimport "a.tenet"'})) == [("T0031", "a.tenet:2")]


@pytest.mark.parametrize(
    ("path", "code"),
    [("b.tenet", "T0030"), ("../b.tenet", "T0032"), ("/etc/passwd", "T0032"), ("", "T0114"), (".", "T0030"),
     ("x/../../../../b.tenet", "T0032"), ("C:\\\\b.tenet", "T0032"), ("link.tenet", "T0032")],
)  # fmt: skip
def test_bad_imports(tmp_path: Path, path: str, code: str) -> None:
    project = tmp_path / "project"
    write(project, {"a.tenet": f'tenet 1\nimport "{path}"\n'})
    write(tmp_path, {"b.tenet": "tenet 1"})
    (project / "link.tenet").symlink_to(tmp_path / "b.tenet")
    assert found(spec.load(project / "a.tenet")) == [(code, "a.tenet:2")]


def test_a_suggested_file_is_another_one(tmp_path: Path) -> None:
    """No file is told to import itself, or one that imports it."""
    files = {"a.tenet": 'tenet 1\nimport "fern.tenet"', "fern.tenet": 'tenet 1\nimport "fernn.tenet"'}
    (missing,) = load(tmp_path, files).diagnostics
    assert (missing.code, missing.help, missing.fix) == ("T0030", None, None)
    (tmp_path / "fernen.tenet").write_text("tenet 1")
    (missing,) = spec.load(tmp_path / "a.tenet").diagnostics
    assert missing.help == "did you mean `fernen.tenet`?"


def test_a_folder_of_many_files_is_not_listed(tmp_path: Path) -> None:
    others = {f"{name * 3}.tenet": "tenet 1" for name in "abcdefghi"}
    (missing,) = load(tmp_path, {"a.tenet": 'tenet 1\nimport "harbor.tenet"', **others}).diagnostics
    assert missing.help == "9 stand beside it, and none has a name like this"


def test_a_file_that_may_not_be_read_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(file: Path) -> bytes:
        if file.name == "style.tenet":
            raise PermissionError(13, "Permission denied")
        return file.open("rb").read()

    monkeypatch.setattr(Path, "read_bytes", closed)
    files = {"a.tenet": 'tenet 1\nimport "style.tenet"', "style.tenet": "tenet 1", "styles.tenet": "tenet 1"}
    (found,) = load(tmp_path, files).diagnostics
    assert (found.message, found.fix) == ("the imported file may not be read: permission denied", None)
    assert found.help == "give yourself the right to read it: `chmod u+r style.tenet`"


def test_a_name_inside_an_import_is_suggested_with_its_prefix(tmp_path: Path) -> None:
    loaded = load(tmp_path, {
        "a.tenet": 'tenet 1\nimport "b.tenet" as house\nbalance x { of: [tidy, signoff]  weights: [1, 1] }\n',
        "b.tenet": 'tenet 1\ntrait tidy { means: "x" }\ntrait signoff { means: "y" }',
    })  # fmt: skip
    assert [d.help for d in loaded.diagnostics] == ["did you mean `house.tidy`?", "did you mean `house.signoff`?"]


def test_files_that_settings_name_are_looked_for(tmp_path: Path) -> None:
    loaded = load(tmp_path, {
        "a.tenet": 'tenet 1\nimport "inner/b.tenet"\nmodel {\n  base: "./gone"\n  judge: "./here"\n'
        '  teacher: "Qwen/Qwen3-8B"\n  chat_template: "chat.jinja"\n}\n',
        "inner/b.tenet": 'tenet 1\ntrain {\n  data: ["here.jsonl",\n    "her.jsonl", "here"]\n}\n',
        "here.jsonl": "", "here/config.json": "{}",
        }, )  # fmt: skip
    assert found(loaded) == [
        ("T0034", "a.tenet:4"), ("T0034", "a.tenet:7"), *[("T0034", "inner/b.tenet:4")] * 2,
    ]  # fmt: skip
    folder, template, absent, wrong = loaded.diagnostics
    assert "names a folder that does not exist" in folder.message
    assert "`chat_template` names a file that does not exist" in template.message
    assert "here.jsonl" in (absent.help or "")
    assert "is a folder" in wrong.message


@pytest.mark.parametrize("path", ["x" * 300, "a/b/c.jsonl", "a.tenet/c.jsonl", ".", "no\u00a0such.jsonl"])
def test_any_path_of_a_setting_that_is_no_file_is_one_finding(tmp_path: Path, path: str) -> None:
    [diagnostic] = load(tmp_path, {"a.tenet": f'tenet 1\ntrain {{ method: sft data: "{path}" }}'}).diagnostics
    assert diagnostic.code == "T0034"
    assert diagnostic.help
    assert "Errno" not in diagnostic.message


def test_files_of_settings_that_are_there_are_no_finding(tmp_path: Path) -> None:
    text = 'tenet 1\nmodel { base: "./m" chat_template: "c.jinja" }\ntrain { method: sft data: "../d.jsonl" }\n'
    write(tmp_path, {"p/a.tenet": text, "p/m/config.json": "{}", "p/c.jinja": "", "d.jsonl": ""})
    assert spec.load(tmp_path / "p" / "a.tenet").diagnostics == ()


def test_a_mark_widens_the_project(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"tenet.toml": "", "b.tenet": 'tenet 1\ntrait b { means: "x" }', "p/a.tenet": 'tenet 1\nimport "../b.tenet"'},
    )
    loaded = spec.load(tmp_path / "p" / "a.tenet")
    assert loaded.diagnostics == ()
    assert loaded.document is not None
    assert loaded.document.files == ("../b.tenet", "a.tenet")


def test_errors_of_several_files_come_together(tmp_path: Path) -> None:
    loaded = load(tmp_path, {
        "a.tenet": 'tenet 1\nimport "b.tenet"\ntrait x { means: "y" }\ntrait z { men: "y" }\n',
        "b.tenet": 'tenet 1\n\ntrait x { means: "y" }\ntrait y { means 3 }\n',
        }, )  # fmt: skip
    assert found(loaded) == [("T0200", "a.tenet:3"), ("T0101", "a.tenet:4"), ("T0020", "b.tenet:4")]
    assert loaded.diagnostics[0].secondary[0].span.path == "b.tenet"
    text = spec.render(loaded.diagnostics, loaded.sources)
    assert f"::: {tmp_path / 'b.tenet'}:3:7" in text


def test_unreadable_paths(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.tenet", Path("\0")):
        [diagnostic] = spec.load(path).diagnostics
        assert diagnostic.code == "T0001"
        assert "Errno" not in diagnostic.message


def test_paths_in_spans_do_not_depend_on_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"p/a.tenet": DESIGN, "p/house-style.tenet": HOUSE})
    monkeypatch.chdir(tmp_path)
    first = spec.load("p/a.tenet")
    monkeypatch.chdir(tmp_path / "p")
    second = spec.load("a.tenet")
    assert first.document is not None
    assert second.document is not None
    spans = [[str(c.span) for c in document.clauses] for document in (first.document, second.document)]
    assert spans[0] == spans[1]
    assert first.document == second.document
    assert first.sources["house-style.tenet"].shown == str(Path("p", "house-style.tenet"))


# ---- the grammar's cache


def test_the_cache_is_private_and_not_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from spec.tables import cache_folder, load_tables

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = load_tables()
    folder = cache_folder()
    assert folder is not None
    assert folder.stat().st_mode & 0o777 == 0o700
    [file] = folder.iterdir()
    assert load_tables() == first
    file.write_text('{"terminals": 3')
    assert load_tables() == first
    folder.chmod(0o777)  # somebody else could write there now
    assert cache_folder() is None
    assert load_tables() == first
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    assert load_tables() == first


def test_reading_a_spec_loads_nothing_heavy(tmp_path: Path) -> None:
    write(tmp_path, {"a.tenet": DESIGN, "house-style.tenet": HOUSE})
    code = (
        "import sys, spec; assert spec.load(sys.argv[1]).document; "
        "print(*(m for m in ('torch', 'pydantic', 'lark', 'compiler', 'backends') if m in sys.modules))"
    )
    spec.load(tmp_path / "a.tenet")  # the tables are in the cache now
    root = Path(spec.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.tenet")], capture_output=True, text=True, cwd=root, check=True
    )
    assert done.stdout.strip() == ""
