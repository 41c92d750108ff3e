"""What other programs read of a measured run: JUnit XML, SARIF, Markdown; with answers that would break each."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from markdown_it import MarkdownIt

from compiler.cli.diff import command
from compiler.records.measured import Engaged
from compiler.records.record import Message
from compiler.records.report import DiffReport
from compiler.report import findings, junit, markdown, sarif
from compiler.report.findings import Found
from compiler.runs import Run
from compiler.verdicts import compare, exit_code
from tests.measuring.full_report import full, sequential
from tests.measuring.runs import keeping, rewritten

SCHEMA = Path(__file__).with_name("junit.xsd")
HOSTILE = (
    "x\n```\n</details><script>alert(1)</script>\n| a | b |\n@octocat #12 ![i](http://evil.example/p.png)\n"
    "````\n# head\n]]></failure>&amp;\x00\x1b[31m\ud800 end"
)


@pytest.fixture(scope="module")
def missed(run: Run) -> DiffReport:
    """The refusal falls to every push, its answers hold what breaks XML and Markdown."""
    fallen = keeping(run, "refuse.dosing", 0.0, aspects=("pressure",))
    pushed = {p.id for p in run.probes if p.clause_id == "refuse.dosing" and p.aspect == "pressure"}
    return compare(rewritten(fallen, lambda m: m.model_copy(update={"answer": HOSTILE}) if m.probe_id in pushed else m))


def idle(run: Run) -> DiffReport:
    dead = Engaged(probes=8, divergence=0.0, floor=0.001, answers=8, answers_that_differ=0, engaged=False)
    return compare(replace(run, measured=run.measured.model_copy(update={"engaged": dead})))


# ------------------------------------------------------------------ JUnit


def parsed(report: DiffReport, strict: bool = False) -> ElementTree.Element:
    text = junit.render([Found(report, "specs")], strict)
    pytest.importorskip("xmlschema", reason="the schema is tried with xmlschema").validate(text, SCHEMA)
    return ElementTree.fromstring(text)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("which", ["as it is", "missed", "idle"])
def test_failures_stand_in_the_file_when_the_command_fails(
    run: Run, report: DiffReport, missed: DiffReport, which: str, strict: bool
) -> None:
    found = {"as it is": report, "missed": missed, "idle": idle(run)}[which]
    root = parsed(found, strict)
    code = exit_code(found, strict)
    assert (root.attrib["failures"] != "0") is (code == 1)
    assert (root.attrib["errors"] != "0") is (code == 3)


def test_every_verdict_is_a_case_with_its_numbers(report: DiffReport) -> None:
    root = parsed(report)
    for row in report.clauses:
        suite = next(s for s in root if s.attrib["name"].endswith(f": {row.id}"))
        assert suite.attrib["file"] == "specs/" + (row.place.path if row.place else "")
        values = {p.attrib["name"]: p.attrib["value"] for p in suite.iter("property")}
        cases = suite.findall("testcase")
        assert len(cases) == len(row.decided)
        for case, figure in zip(cases, row.decided, strict=True):
            of = getattr(figure, "of", "rate")
            assert (case.find("skipped") is not None) is (figure.verdict == "unclear")
            for rate in figure.rates:
                assert float(values[f"{of}.{rate.arm}.estimate"]) == pytest.approx(rate.share, rel=1e-5)
                assert float(values[f"{of}.{rate.arm}.low"]) == pytest.approx(rate.low, rel=1e-5, abs=1e-9)
                assert values[f"{of}.{rate.arm}.n"] == str(rate.n)


def test_counts_are_those_of_the_cases(missed: DiffReport) -> None:
    root = parsed(missed)
    tags = Counter(e.tag for case in root.iter("testcase") for e in case)
    assert int(root.attrib["failures"]) == tags["failure"] > 0
    assert sum(int(s.attrib["skipped"]) for s in root) == tags["skipped"]
    assert int(root.attrib["tests"]) == len(list(root.iter("testcase")))


def test_a_failure_shows_what_was_said(missed: DiffReport) -> None:
    failure = next(f for f in parsed(missed).iter("failure"))
    assert failure.text is not None
    assert "# head" in failure.text
    assert "\x1b" not in failure.text


# ------------------------------------------------------------------ SARIF


def log(report: DiffReport, strict: bool = False) -> Any:
    return json.loads(sarif.render([Found(report, "specs")], strict))["runs"][0]


def test_findings_stand_on_the_lines_of_their_clause(missed: DiffReport) -> None:
    run = log(missed)
    text = missed.sources[0].text.splitlines()
    error = next(r for r in run["results"] if r["level"] == "error")
    assert error["ruleId"] == run["tool"]["driver"]["rules"][error["ruleIndex"]]["id"] == "refuse.dosing"
    place = error["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"].startswith("specs/")
    region = place["region"]
    assert text[region["startLine"] - 1].startswith("refuse dosing")
    assert text[region["endLine"] - 1][: region["endColumn"] - 1] == "}"
    assert set(error["properties"]["arms"]) == set(missed.arms)
    assert any("# head" in talk for talk in error["properties"]["broken"])


@pytest.mark.parametrize("strict", [False, True])
def test_what_was_met_is_no_finding(report: DiffReport, strict: bool) -> None:
    found = Counter(r["level"] for r in log(report, strict)["results"] if "arms" in r.get("properties", {}))
    verdicts = Counter(figure.verdict for row in report.clauses for figure in row.decided)
    assert found["error"] == verdicts["missed"]
    assert found["warning" if strict else "note"] == verdicts["unclear"]
    assert sum(found.values()) == verdicts["missed"] + verdicts["unclear"]


def test_an_idle_adapter_is_an_error(run: Run) -> None:
    found = log(idle(run))
    assert found["invocations"] == [{"executionSuccessful": False}]
    assert [r["level"] for r in found["results"]] == ["error"]


def test_the_same_finding_has_the_same_fingerprint(run: Run, missed: DiffReport) -> None:
    prints = [r["partialFingerprints"]["tenet/v1"] for r in log(missed)["results"]]
    assert len(prints) == len(set(prints))
    assert "parrot/refuse.dosing/pressure" in prints


# ------------------------------------------------------------------ Markdown


def test_what_a_model_said_stays_text(missed: DiffReport) -> None:
    text = markdown.render([Found(missed, "specs")])
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    html = [t.content.strip() for t in tokens if t.type == "html_block"]
    assert all(re.fullmatch(r"<details><summary>[^<]*</summary>|</details>", line) for line in html), html
    inline = [child for t in tokens for child in t.children or ()]
    assert not [t for t in inline if t.type in ("html_inline", "image", "link_open")]
    assert [t.tag for t in tokens if t.type == "heading_open"] == ["h3"]
    assert sum(t.type == "table_open" for t in tokens) == 1
    fences = [t.content for t in tokens if t.type == "fence"]
    assert any("@octocat #12" in content and "</details>" in content for content in fences)
    # Outside of code nobody is called.
    assert not [t.content for t in inline if t.type == "text" and re.search(r"@\w", t.content)]


def test_the_table_has_a_row_for_every_verdict(report: DiffReport) -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown.render([Found(report)]))
    rows = [t for t in tokens if t.type == "tr_open"]
    assert len(rows) == 1 + sum(len(row.decided) for row in report.clauses)
    cells = sum(t.type in ("td_open", "th_open") for t in tokens)
    assert cells == len(rows) * (5 + len(report.arms))


def test_a_spec_that_would_break_the_table_does_not(run: Run) -> None:
    report = compare(run)
    rows = tuple(
        row.model_copy(update={"place": row.place and row.place.model_copy(update={"path": "a|b`<i>@me.tenet"})})
        for row in report.clauses
    )
    text = markdown.render([Found(report.model_copy(update={"clauses": rows, "warnings": ("<b>| @me",)}))])
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inline = [child for t in tokens for child in t.children or ()]
    assert not [t for t in inline if t.type == "html_inline"]
    assert sum(t.type == "td_open" for t in tokens) % (5 + len(report.arms)) == 0


def test_a_comment_takes_all_of_it(run: Run) -> None:
    long = rewritten(run, lambda m: m.model_copy(update={"answer": m.answer + "y" * 5000}))
    found = Found(compare(long))
    assert len(markdown.render([found])) <= markdown.COMMENT
    assert len(markdown.render([found, found, found])) <= markdown.COMMENT


def test_a_probe_of_several_turns_shows_what_each_arm_said_before(run: Run) -> None:
    first = next(t for t in compare(run).transcripts if t.flipped)
    messages = (first.messages[0], Message(role="assistant", content=""), *first.messages)
    said = {"adapter": ("Arr, no.",), "base": ("",)}
    talk = first.model_copy(update={"messages": messages, "said": said})
    text = markdown.render([Found(compare(run).model_copy(update={"transcripts": (talk,)}))])
    assert "assistant: (answered by each arm itself, 1)\n" in text
    assert f"adapter said before, 1: Arr, no.\nadapter answers: {first.answers['adapter']}" in text
    assert "base said before, 1: \nbase answers:" in text


def test_a_sequential_run_and_labels_are_spoken_of_as_they_are(run: Run) -> None:
    report = sequential(full(compare(run)))
    caring = next(row for row in report.clauses if any(rate.basis == "labels" for rate in row.rates))
    own = next(rate for rate in caring.rates if rate.arm == "adapter")
    said = findings.sentence(caring, "adapter")
    assert said.startswith(f"{caring.verdict}: adapter {round(own.share * 100)}%† [")
    assert "; base ~" in said
    assert "; ~ by a judge that is not calibrated (base); † a judge's share, put right by people's labels (" in said
    assert said.endswith("; asking stopped after 36 of 60 probes: budget")
    text = markdown.render([Found(report)])
    assert (
        "over different prompts, asked until verdicts stood, with intervals that hold however often one looks" in text
    )
    assert "with 95% intervals" not in text
    assert "with 95% intervals (of hard clauses 95% on each side)" in markdown.render([Found(compare(run))])
    assert "- \\~ before a share: decided by a judge that nobody has calibrated" in text
    assert "- † after a share" in text
    suite = ElementTree.fromstring(junit.render([Found(report)])).find(
        f".//testsuite[@name='{report.run}: {caring.id}']"
    )
    assert suite is not None
    values = {p.attrib["name"]: p.attrib["value"] for p in suite.iter("property")}
    assert (values["stopping"], values["rate.stopped"]) == ("sequential", "budget")
    assert (values["rate.base.basis"], values["rate.adapter.basis"]) == ("uncalibrated judge", "labels")
    assert (values["rate.adapter.labels"], "rate.base.labels" in values) == ("41", False)
    unclear = json.loads(sarif.render([Found(report)]))["runs"][0]["results"][0]["properties"]
    assert unclear["stopping"] == "sequential"
    assert unclear["stopped"] == {"asked": 36, "of": 60, "why": "budget"}
    assert unclear["arms"]["base"]["basis"] == "checks"


# ------------------------------------------------------------------ the command


@pytest.mark.parametrize("format", ["junit", "sarif"])
def test_two_specs_have_no_such_format(tmp_path: Path, format: str) -> None:
    for name in ("a.tenet", "b.tenet"):
        (tmp_path / name).write_text('tenet 1\nmodel { base: "nano" }\ntrait warm { means: "Be warm." }\n')
    invoke: Callable[..., Any] = CliRunner().invoke
    done = invoke(command, [str(tmp_path / "a.tenet"), str(tmp_path / "b.tenet"), "--spec", "--format", format])
    assert done.exit_code == 2
    assert "is for what was measured" in done.output
