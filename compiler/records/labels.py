"""labels.jsonl: what a person said of an answer.

In: nothing. Out: `Label` and its values. This file must not know how a person is asked.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, StrictBool, StrictInt, model_validator

from compiler.records.record import RECORD_VERSION, Arm, Record

LabelKind = Literal["present", "pairwise", "likert", "refusal", "span"]
RefusalClass = Literal["refuses", "partly", "complies", "unclear"]
Stratum = Literal["uniform", "disagreement"]


class Preference(Record):
    """Which of two answers is better for the clause: the label's `arm`, or the arm `against`."""

    against: Arm
    prefers: Arm | Literal["tie", "both bad"]


class MarkedSpan(Record):
    """A part of an answer that breaks the clause: characters (code points) `start` to `end` of it, and their text."""

    start: int = Field(ge=0)
    end: int
    text: str


LabelValue = StrictBool | StrictInt | RefusalClass | Preference | tuple[MarkedSpan, ...]


class Label(Record):
    """What one person said of one answer (of two, where `kind` is pairwise) on one clause.

    id: `KEY.PERSON`: KEY is a digest of what the person saw (`compiler.labels.content.key`), so that a label is found
    again wherever the same question has the same answer, and no longer fits once an answer has changed. value, by kind:
    present, whether the clause is kept; likert, 1 to 5; refusal, its class; pairwise, a `Preference`; span, the parts
    that break the clause, none for an answer that keeps it. stratum: `uniform` labels are a random sample of the
    answers, `disagreement` ones were picked because they are hard. at: ISO 8601 in UTC.
    """

    version: int = RECORD_VERSION
    id: str
    run: str
    probe_id: str
    clause_id: str
    arm: Arm
    kind: LabelKind
    value: LabelValue
    annotator: str
    stratum: Stratum
    at: str
    note: str = ""

    @model_validator(mode="after")
    def _value_fits(self) -> Label:
        match self.kind:
            case "present":
                fits = isinstance(self.value, bool)
            case "likert":
                fits = isinstance(self.value, int) and not isinstance(self.value, bool) and 1 <= self.value <= 5
            case "refusal":
                fits = isinstance(self.value, str)
            case "pairwise":
                fits = isinstance(self.value, Preference)
            case "span":
                fits = isinstance(self.value, tuple)
        if not fits:
            raise ValueError(f"{self.value!r} is no value of a {self.kind} label")
        return self
