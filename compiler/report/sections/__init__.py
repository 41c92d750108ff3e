"""The sections of the page: each is a file here, a template of the same name, and a line below.

In: a report. Out: what a template needs, or None: the report holds nothing for that section, and it is left out.

    sections/turns.py              view(report) -> names for the template; its figure, as geometry
    page/sections/turns.html.jinja what it looks like

A section computes no statistic: what it draws stands in the record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from compiler.records.report import DiffReport
from compiler.report.sections import (
    behaviour,
    clauses,
    curves,
    findings,
    forest,
    heat,
    judges,
    more,
    power,
    pressure,
    profiles,
    refusals,
    sets,
    spec,
    steering,
    turns,
)

View = dict[str, object]


@dataclass(frozen=True, slots=True)
class Section:
    """id: its anchor and its template's name. title: its heading; short: what the list of sections calls it."""

    id: str
    title: str
    view: Callable[[DiffReport], View | None]
    short: str = ""


def _always(report: DiffReport) -> View:
    return {}


SECTIONS: tuple[Section, ...] = (
    Section("findings", "What needs attention", findings.view, "Findings"),
    Section("heat", "Every clause in every arm", heat.view, "Heat map"),
    Section("forest", "What changed against the base", forest.view, "Against the base"),
    Section("more", "How many more", more.view),
    Section("spec", "The spec", spec.view),
    Section("clauses", "Clause by clause", clauses.view),
    Section("conversations", "Conversations", _always),
    Section("pressure", "Under pressure", pressure.view, "Pressure"),
    Section("steering", "Steering beside prompt and adapter", steering.view, "Steering"),
    Section("turns", "Over many turns", turns.view, "Turns"),
    Section("refusals", "Refusing too little, refusing too much", refusals.view, "Refusals"),
    Section("behaviour", "Behaviour beside the clauses", behaviour.view, "Behaviour"),
    Section("sets", "Probe sets", sets.view),
    Section("effects", "What else moved", _always),
    Section("profiles", "What it says of itself, and what it shows", profiles.view, "Profile"),
    Section("power", "Can the probes fail?", power.view, "Probe power"),
    Section("judges", "Who decided", judges.view, "Judge card"),
    Section("method", "How it was measured", _always, "Method"),
    Section("curves", "How it was trained", curves.view, "Training"),
    Section("provenance", "Provenance", _always),
)


def shown(report: DiffReport) -> list[tuple[Section, View]]:
    """Return the sections that `report` has something for; an adapter that does nothing leaves only where it came
    from."""
    measured = report.status == "measured"
    found = [(section, section.view(report)) for section in SECTIONS if measured or section.id == "provenance"]
    return [(section, view) for section, view in found if view is not None]
