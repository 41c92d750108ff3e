"""The Python builder: the same documents as text, and errors at the line and argument that said them."""

from __future__ import annotations

import inspect
import random
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import spec
from spec import builder
from spec.builder import Spec, SpecErrors, answer, example, import_, model, priority, refuse, section, trait
from spec.builder.generating import generated
from spec.constructs import CONSTRUCTS
from spec.converting import meaning
from spec.doors import read
from spec.fields import field_specs
from spec.plain_data import data_of
from spec.source import Source
from spec.writer import write
from tests.spec.records import Records

MADE = Path(builder.__file__).with_name("statements.py")


def test_the_functions_are_those_of_the_records(golden: Callable[[Path, str], None]) -> None:
    golden(MADE, generated())


def test_a_function_has_the_fields_and_their_meanings() -> None:
    for kind, record in CONSTRUCTS.items():
        function = getattr(builder, kind)
        for name, field in field_specs(record).items():
            assert name in {parameter.removesuffix("_") for parameter in inspect.signature(function).parameters}
            assert field.says.meaning.split()[0] in (function.__doc__ or "")


HARBOR = Spec(
    model(base="nano"),
    trait(
        "caring",
        means="Names the feeling first.",
        signs=["sorry", re.compile(r"rough/\b", re.IGNORECASE)],
        intensity="80%",
        except_="Fiction.",
        example=example(user="I failed.", good="That hurts.", bad=answer("Study more.", why="skips the feeling")),
        target=">= 85%",
    ),
    section("safety", refuse("dosing", about="doses", style="caring", absolute=True), at="root", tags=["safety"]),
    trait("calm", means="Is calm."),
    priority("dosing > caring"),
    name="harbor",
)


def test_it_says_what_text_says() -> None:
    assert HARBOR.text().splitlines()[:4] == ["tenet 1", "", 'model { base: "nano" }', ""]
    read_again = spec.loads(HARBOR.text(), "harbor.tenet").document
    assert read_again is not None
    assert meaning(read_again) == meaning(HARBOR.document)
    yaml = spec.loads(HARBOR.text("yaml"), "harbor.tenet.yaml").document
    assert yaml is not None
    assert meaning(yaml) == meaning(HARBOR.document)


def test_statements_are_values() -> None:
    assert trait("a", means="b") == trait("a", means="b")
    with pytest.raises(AttributeError):
        trait("a", means="b").name = "c"  # type: ignore[misc]  # that is the point


def test_an_error_points_at_the_argument() -> None:
    wrong = Spec(
        trait("a", means="é", when="user.age_band == kid"),
        trait("b", means="x", intensity=3),
        trait("c"),
    )
    lines = Path(__file__).read_text().splitlines()
    for found, code, text in zip(
        wrong.load().diagnostics, ["T0208", "T0113", "T0102"], ["kid", "3", '"c"'], strict=True
    ):
        assert found.code == code
        line = lines[found.span.line - 1]
        assert line[found.span.column - 1 :][: found.span.end - found.span.start] == text
        assert found.span.path.endswith("test_builder.py")
        assert found.fix is None
    with pytest.raises(SpecErrors, match="T0208"):
        wrong.text()


def test_without_its_source_an_error_has_a_line(tmp_path: Path) -> None:
    code = "\nfrom spec.builder import *\nfor d in Spec(trait('a')).load().diagnostics: print(d.code, d.span)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "T0102 <string>:3:1\n"


def test_imports_start_at_the_folder(tmp_path: Path) -> None:
    (tmp_path / "house.tenet").write_text('tenet 1\nparameter who {}\ntrait kind { means: "Is ${who}." }\n')
    made = Spec(import_("house.tenet", as_="house", who="kind"), folder=tmp_path)
    assert [c.id for c in made.document.clauses] == ["trait.house.kind"]
    assert made.text() == 'tenet 1\nimport "house.tenet" as house { who: "kind" }\n'


# ---- drawn specs


def call(kind: str, name: str | None, data: dict[str, Any]) -> builder.Statement:
    """Make the call that says what `data` says."""
    own = {k: v for k, v in data.items() if not (kind in ("section", "overlay") and is_statements(k))}
    inside = [s for k, v in data.items() if k not in own for s in calls({k: v})]
    arguments = {python(k): value(k, v) for k, v in own.items()}
    function = getattr(builder, kind)
    made: builder.Statement = function(*([name] if name is not None else []), *inside, **arguments)
    return made


def is_statements(key: str) -> bool:
    return key == "statements" or key in builder.statements.__all__


def python(name: str) -> str:
    return f"{name}_" if name in ("not", "except", "for", "is") else name


def value(name: str, given: Any) -> Any:
    if name in ("voice", "adapter", "mixture", "options", "watch"):
        return getattr(builder, name)(**given)
    if name == "example":
        return [
            example(**{k: value(k, v) for k, v in e.items()}) for e in (given if isinstance(given, list) else [given])
        ]
    if name == "turns":
        return [next(iter(turn.items())) for turn in given]
    if name in ("good", "ok", "bad"):
        items = given if isinstance(given, list) else [given]
        return [answer(item["text"], why=item["why"]) if isinstance(item, dict) else item for item in items]
    return given


def calls(data: dict[str, Any]) -> list[builder.Statement]:
    made = []
    for kind, held in data.items():
        if kind == "statements":
            made.extend(s for group in held for s in calls(group))
        elif kind in ("model", "train", "authority"):
            made.append(call(kind, None, held))
        elif kind == "priority":
            made.extend(priority(chain) for chain in (held if isinstance(held, list) else [held]))
        elif kind != "tenet":
            made.extend(call(kind, name, fields) for name, fields in held.items())
    return made


@pytest.mark.parametrize("part", range(4))
def test_drawn_specs_through_the_builder(part: int) -> None:
    """builder -> document, and builder -> text -> document."""
    for seed in range(part, 200, 4):
        drawn = Records(random.Random(seed), few=True).document()
        # The builder looks for the files that settings name.
        model, train = replace(drawn.model, chat_template=None), replace(drawn.train, data=(), prompts=())
        text = write(replace(drawn, model=model, train=train))
        document = spec.loads(text).document
        assert document is not None
        data = data_of(read(Source("spec.tenet", text))[0])
        if any("{'text'" in repr(v) and "why" not in repr(v) for v in data.values()):
            continue  # a text that looks like a pattern has no call of its own
        made = Spec(*calls(data))
        assert meaning(made.document) == meaning(document)
        again = spec.loads(made.text()).document
        assert again is not None
        assert meaning(again) == meaning(document)


def test_an_argument_that_a_function_does_not_have_is_told_with_the_one_that_was_meant() -> None:
    for given, meant in (({"mean": "x"}, "means"), ({"except": "x"}, "except_"), ({"not": "x"}, "not_")):
        with pytest.raises(
            TypeError, match=rf"trait\(\) has no argument `{next(iter(given))}`; did you mean `{meant}`"
        ):
            trait("calm", **given)  # type: ignore[arg-type]  # what a misspelt call gives


def test_help_is_in_calls() -> None:
    found = Spec(trait("calm", means="Is calm.", when="tier == paid", target="85%")).load().diagnostics
    assert {d.help for d in found} == {'declare it: `dimension("tier", values=["paid"])`', 'write `target=">= 85%"`'}


def test_every_function_says_where_it_was_called() -> None:
    line = inspect.currentframe().f_lineno + 1  # type: ignore[union-attr]  # Python has frames
    made = [answer("a", why="b"), priority("a > b"), import_("a.tenet"), trait("a"), example(user="u", good="g")]
    assert {(call.place[0], call.place[1]) for call in made} == {(__file__, line)}
