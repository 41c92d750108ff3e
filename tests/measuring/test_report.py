"""What readers see: the terminal as golden files, the page's escapes, its offline promise, its figures."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from compiler.build import from_text
from compiler.records.figures import Rate
from compiler.records.measured import Engaged
from compiler.records.report import DiffReport
from compiler.report import family, figures, html, terminal
from compiler.report.sections import clauses, spec
from compiler.runs import Run
from compiler.statistics import clopper_pearson
from compiler.verdicts import compare

GOLDEN = Path(__file__).parent / "golden"
Golden = Callable[[Path, str], None]


@pytest.fixture(scope="module")
def page(report: DiffReport) -> str:
    return html.render(report)


def printed(what: RenderableType, width: int) -> str:
    console = Console(width=width, file=io.StringIO(), force_terminal=False, color_system=None, legacy_windows=False)
    console.print(what)
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines()) + "\n"


# ------------------------------------------------------------------ the terminal


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_terminal_table(report: DiffReport, golden: Golden, width: int) -> None:
    text = printed(terminal.render(report, "runs/parrot-1a2b3c4d5e6f/report.html"), width)
    assert max(map(len, text.splitlines())) <= width
    golden(GOLDEN / f"terminal-{width}.txt", text)


def test_verdicts_read_without_colour(report: DiffReport) -> None:
    text = printed(terminal.render(report), 80)
    assert "✓ met" in text
    assert "? unclear" in text


def test_a_missed_clause_is_seen(run: Run, golden: Golden) -> None:
    broken = tuple(
        m.model_copy(update={"held": dict.fromkeys(m.held, False)}) if m.arm == "adapter" else m
        for m in run.measurements
    )
    text = printed(terminal.render(compare(replace(run, measurements=broken))), 80)
    assert text.count("✗ missed") == 7 + 3  # every clause, and every verdict beside one
    golden(GOLDEN / "terminal-missed.txt", text)


def pushed_over(run: Run) -> Run:
    """The refusal holds when it is asked plainly, falls to every push, and refuses whatever looks like its topic."""
    fallen = {p.id for p in run.probes if p.clause_id == "refuse.dosing" and p.aspect in ("pressure", "safe")}
    return replace(
        run,
        measurements=tuple(
            m.model_copy(update={"held": m.held | {"refuse.dosing": False}})
            if m.arm == "adapter" and m.probe_id in fallen
            else m
            for m in run.measurements
        ),
    )


@pytest.mark.parametrize("width", [60, 80])
def test_what_falls_under_pressure_is_seen_wherever_the_report_is_read(run: Run, width: int) -> None:
    report = compare(pushed_over(run))
    text = printed(terminal.render(report), width)
    rows = text.split("refuse.dosing")[1].split("forbid.canned")[0]
    assert [line.split()[-1] for line in rows.splitlines() if "✓" in line or "✗" in line] == ["met", "missed", "missed"]
    assert "under pressure  ✗ 1 missed  ? 1 unclear" in text
    assert "safe requests   ✗ 1 missed" in text
    page = " ".join("".join(read(html.render(report)).text).split())
    assert "none missed, 2 unclear. 1 missed under pressure. 1 missed on safe requests." in page
    assert "Under pressure ✗missed" in page
    said = json.loads(report.model_dump_json())
    (dosing,) = (clause for clause in said["clauses"] if clause["id"] == "refuse.dosing")
    assert [(trial["of"], trial["verdict"]) for trial in dosing["trials"]] == [
        ("pressure", "missed"),
        ("over_refusal", "missed"),
    ]
    assert "safe look-alikes answered" in printed(family.render([report]), width)


def test_a_long_name_is_not_cut(report: DiffReport) -> None:
    name = "refuse.anything_that_a_harbour_master_knows"
    rows = tuple(r.model_copy(update={"id": name}) if r.id == "refuse.dosing" else r for r in report.clauses)
    renamed = report.model_copy(update={"clauses": rows})
    for width in (60, 80):
        text = printed(terminal.render(renamed), width)
        assert max(map(len, text.splitlines())) <= width
        column = "".join(line[:18].strip() for line in text.splitlines())
        assert name in column
        assert "…" not in text


def test_a_wide_family_goes_on_below(report: DiffReport) -> None:
    names = [f"assistant-{number}" for number in range(5)]
    for width in (60, 80):
        text = printed(family.render([report.model_copy(update={"name": name}) for name in names]), width)
        assert max(map(len, text.splitlines())) <= width
        assert all(name in text for name in names)
        assert text.count("n 600") == 5
        assert "…" not in text


def test_a_judges_calibration_and_what_nothing_checks_are_shown(run: Run) -> None:
    redirect = run.sources[run.program.clauses[0].span.path].replace('offer: "a surgeon"', "style: redirect")
    report = compare(replace(run, program=from_text(redirect, name="parrot")))
    for text in (printed(terminal.render(report), 200), " ".join("".join(read(html.render(report)).text).split())):
        assert "right on 39 of 40" in text
        assert "37 of 40" in text
        assert "voices of the base's own world" in text
        assert "ot checked" in text
        assert "its style, redirect" in text


def test_intervals_are_told_as_they_are_made(report: DiffReport, page: str) -> None:
    """Hard clauses have bounds that hold 95% on each side, which makes 90% between them; others 95% in all."""
    hard = next(rate for row in report.clauses if row.hard for rate in row.rates if rate.arm == "adapter")
    count, n = hard.share * hard.effective_n, hard.effective_n
    assert hard.low == pytest.approx(clopper_pearson(count, n, 0.90).low, abs=1e-3)
    for text in (" ".join(printed(terminal.render(report), 80).split()), " ".join("".join(read(page).text).split())):
        assert "95% on each side" in text or "each side at 95%" in text
        assert "so 90% between them" in text
        assert report.multiplicity in text


def test_an_idle_adapter_in_the_terminal(run: Run, golden: Golden) -> None:
    golden(GOLDEN / "terminal-idle.txt", printed(terminal.render(compare(idle(run))), 80))


def idle(run: Run) -> Run:
    engaged = Engaged(probes=8, divergence=0.0, floor=0.001, answers=8, answers_that_differ=0, engaged=False)
    return replace(run, measured=run.measured.model_copy(update={"engaged": engaged}))


def test_a_family_shows_each_runs_rate_and_leaves_other_specs_clauses_empty(report: DiffReport, golden: Golden) -> None:
    other = report.model_copy(update={"name": "gruff", "clauses": report.clauses[2:5], "facts": None})
    golden(GOLDEN / "family.txt", printed(family.render([report, other]), 80))


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0%"),
        (0.0004, "<0.1%"),
        (0.004, "0.4%"),
        (0.5, "50%"),
        (0.994, "99.4%"),
        (0.9999, ">99.9%"),
        (1.0, "100%"),
    ],
)
def test_a_rare_thing_is_never_written_as_never(share: float, text: str) -> None:
    assert figures.percent(share) == text


# ------------------------------------------------------------------ the page


class Reader(HTMLParser):
    """Collects tags with their attributes, ids, visible text, and checks that tags nest."""

    VOID = frozenset({"meta", "input", "br", "line", "rect", "circle", "link", "img"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.text.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


PAYLOADS = (
    "<script>alert(1)</script>",
    "</style><script>alert(2)</script>",
    '"><img src=x onerror=alert(3)>',
    "' onmouseover='alert(4)",
    "{{ 7 * 7 }}{% raw %}",
    "</textarea></title><svg onload=alert(5)>",
    "javascript:alert(6)",
    "<!-- --><base href=//evil.example>",
)


def poisoned(run: Run) -> Run:
    """Everything that comes from outside is hostile: answers, questions, contexts, techniques, the spec, names."""
    poison = " ".join(PAYLOADS)
    probes = tuple(
        p.model_copy(
            update={
                "id": f"{p.id}{poison}",
                "messages": (p.messages[0].model_copy(update={"content": p.messages[0].content + poison}),),
                "context": poison,
                "pressure": poison if p.pressure else None,
            }
        )
        for p in run.probes[::9]
    )
    measurements = tuple(
        m.model_copy(update={"probe_id": f"{m.probe_id}{poison}", "answer": m.answer + poison})
        for m in run.measurements
    )
    stated = tuple(replace(c, because=poison) for c in run.program.clauses)
    program = replace(run.program, name=poison, clauses=stated)
    measured = run.measured.model_copy(update={"base": poison, "judge": poison, "versions": {poison: poison}})
    sources = {path: f"{text}# {poison}\n" for path, text in run.sources.items()}
    return replace(
        run,
        name=poison,
        program=program,
        probes=probes,
        measurements=measurements,
        measured=measured,
        sources=sources,
        prompt=poison,
    )


def test_nothing_from_outside_becomes_markup(run: Run, page: str) -> None:
    clean, hostile = read(page), read(html.render(compare(poisoned(run))))
    allowed = {(tag, name) for tag, attributes in clean.tags for name in attributes} | {("p", "class")}
    assert {(tag, name) for tag, attributes in hostile.tags for name in attributes} <= allowed
    assert {tag for tag, _ in hostile.tags} <= {tag for tag, _ in clean.tags}
    assert sum(tag == "script" for tag, _ in hostile.tags) == 1
    assert not any(name.startswith("on") for _, attributes in hostile.tags for name in attributes)
    assert all((attributes.get("href") or "#").startswith("#") for _, attributes in hostile.tags)
    text = "".join(hostile.text)
    for payload in PAYLOADS:
        assert payload in text


def test_the_page_asks_nothing_of_a_network(page: str) -> None:
    reader = read(page)
    loading = {"src", "srcset", "data", "poster", "action", "formaction", "background", "xlink:href"}
    assert not [(t, n) for t, attributes in reader.tags for n in attributes if n in loading]
    assert not any(tag in ("link", "img", "iframe", "object", "base") for tag, _ in reader.tags)
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    assert not re.search(r"https?://", page.replace("http://www.w3.org/2000/svg", ""))


def test_the_policy_allows_this_script_and_no_other(page: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    script = page[page.rindex("<script>") + len("<script>") : page.rindex("</script>")]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy.group(1)
    assert "default-src 'none'" in policy.group(1)


def test_control_characters_are_drawn(run: Run) -> None:
    rows = tuple(m.model_copy(update={"answer": "a\x00b\x1b[31mc\ud800\x85"}) for m in run.measurements)
    page = html.render(compare(replace(run, measurements=rows)))
    assert "a\u2400b\u241b[31mc?\x85" in page
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", page)
    page.encode("utf-8")


def test_ids_are_unique_and_every_link_lands(page: str) -> None:
    reader = read(page)
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {attributes["href"] for tag, attributes in reader.tags if tag == "a"}
    assert {str(link)[1:] for link in links} <= set(ids)
    labelled = {attributes["aria-labelledby"] for _, attributes in reader.tags if "aria-labelledby" in attributes}
    assert labelled <= set(ids)


def test_figures_are_told_in_words_too(page: str) -> None:
    plots = re.findall(
        r'<svg class="[^"]*" (role="img"|aria-hidden="true")[^>]*>(<title>[^<]+</title><desc>[^<]+)?', page
    )
    told = [said for kind, said in plots if kind == 'role="img"']
    # A figure for each clause, each verdict beside one, each line below, each technique, and the refusal's scatter.
    assert len(told) == 7 + 3 + 1 + 6 + 1
    assert all(told)
    assert len(plots) == page.count("<svg class=")
    assert "trait.pirate by arm</title><desc>Target ≥ 85%. base 0%, interval 0 to 6" in page


def test_every_number_of_the_record_stands_on_the_page(report: DiffReport, page: str) -> None:
    text = " ".join("".join(read(page).text).split())
    for row in report.clauses:
        assert row.id in text
        for rate in (rate for figure in row.decided for rate in figure.rates):
            assert f"{figures.percent(rate.share)} {figures.span(rate.low, rate.high)} n {rate.n}" in text
    for warning in report.warnings:
        assert warning in text


def test_each_clause_is_marked_where_it_stands_in_the_spec(report: DiffReport) -> None:
    (source,) = report.sources
    lines = list(spec.annotate(source, report))
    assert "\n".join(line.text for line in lines) + "\n" == source.text
    for row in report.clauses:
        first = next(line for line in lines if line.first and line.row == row)
        assert first.text.startswith(f"{row.kind} {row.name}")
        last = [line for line in lines if line.row == row][-1]
        assert last.text.endswith("}")
    assert next(line for line in lines if line.text.startswith("#")).row is None


def test_a_plot_puts_what_it_says_where_it_says(report: DiffReport) -> None:
    rate = Rate(arm="adapter", count=1, n=2, effective_n=2, share=0.5, low=0.25, high=0.75, verdict="missed")
    drawn = str(clauses.plot("a clause", [rate], "<=", 0.1, "adapter"))
    assert 'class="dot filled subject missed" cx="50.00%"' in drawn
    assert 'class="whisker subject missed" x1="26.00%" x2="74.00%"' in drawn
    assert 'class="good" x="2.00%" y="0" width="9.60%"' in drawn


def test_an_idle_adapter_on_the_page(run: Run) -> None:
    page = html.render(compare(idle(run)))
    read(page)
    assert "The adapter does nothing" in page
    assert "conversation" not in page.lower().split("<main id=")[1].split("<script>")[0]


def test_the_same_report_makes_the_same_page(report: DiffReport, page: str) -> None:
    assert html.render(DiffReport.model_validate_json(report.model_dump_json())) == page


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_stands_out_from_its_ground(scheme: int) -> None:
    """WCAG 2.2 AA: 4.5 to 1 for text of ordinary size."""
    style = (html.PAGE / "styles" / "page.css").read_text(encoding="utf-8")
    block = style.split(":root {")[1 + scheme].split("}")[0]
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
    pairs = [(ink, ground) for ink in ("ink", "soft", "faint", "accent") for ground in ("paper", "raised", "wash")]
    pairs += [(v, ground) for v in ("met", "missed", "unclear") for ground in ("paper", "raised", f"{v}-wash")]
    pairs += [("ink", "missed-wash"), ("faint", "missed-wash"), ("soft", "unclear-wash"), ("faint", "unclear-wash")]
    pairs += [("ink", f"{v}-{depth}") for v in ("met", "missed", "unclear") for depth in ("wash", "deep", "deepest")]
    for ink, ground in pairs:
        bright, dim = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= 4.5, (ink, ground)
