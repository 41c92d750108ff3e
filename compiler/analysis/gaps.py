"""Refusals without a border (T0527): nothing says what near the topic is answered all the same.

>>> from compiler.analysis import analyse
>>> from compiler.build import from_text
>>> for found in analyse(from_text('refuse dosing { about: "how much of a medicine to take" }')):
...     print(found.code, found.message)
T0527 refuse.dosing says what is declined, and not what near it is answered
"""

from __future__ import annotations

from compiler.analysis.clashes import Findings
from compiler.analysis.survey import Survey, one_line, place
from compiler.codes import diagnose
from spec.constructs import Refuse


def gaps(survey: Survey) -> Findings:
    for clause in survey.program.clauses:
        body = clause.body
        # An exception in words says where the refusal ends, too.
        if not isinstance(body, Refuse) or body.still_help or body.safe or clause.excepted:
            continue
        if not survey.inside(clause):
            continue
        yield diagnose(
            "T0527",
            f"{clause.id} says what is declined, and not what near it is answered",
            place(clause, "about"),
            label="and no `still_help`, no `safe`",
            witness=survey.witness(
                clause,
                survey.inside(clause),
                "Nothing says whether this is answered.",
                f"I know that you do not talk about {one_line(body.about)}. What near it can you help me with?",
            ),
        )
