"""One row of a table -> a probe, or why it is none.

In: a row, the columns' roles, and the program that is measured. Out: a `SetProbe` or a `BadRow`. A row says what a good
answer does by its own checks, by a clause of the spec, by its label, or not at all; then the user's `--expect` counts.
This file must not know layouts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import TypeAdapter, ValidationError

from compiler.deciding import deciding_checks, house_cues
from compiler.ir import Program
from compiler.probe_sets.columns import LABELS
from compiler.probe_sets.records import BadRow, Expects, Options, SetProbe
from compiler.records.checks import Check, RefusalCheck
from compiler.records.record import Message

_CHECKS: TypeAdapter[tuple[Check, ...]] = TypeAdapter(tuple[Check, ...])
_MESSAGES: TypeAdapter[tuple[Message, ...]] = TypeAdapter(tuple[Message, ...])


class Unfit(Exception):
    """A row that is no probe: message and help."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.help = help


@dataclass(frozen=True, slots=True)
class RowReader:
    """file: as messages name it. roles: role -> column. groups: columns that rows are grouped by."""

    file: str
    program: Program
    roles: Mapping[str, str]
    groups: Sequence[str]
    options: Options

    def read(self, line: int, row: Mapping[str, Any]) -> SetProbe | BadRow:
        try:
            expects, checks, clause_id = self._expected(row)
            return SetProbe(
                id=_text(self._at(row, "id")) or f"line {line}",
                line=line,
                messages=self._messages(row),
                context=_text(self._at(row, "context")) or None,
                expects=expects,
                checks=checks,
                clause_id=clause_id,
                cluster=_text(self._at(row, "cluster")),
                groups={name: _text(row.get(name)) for name in self.groups if _text(row.get(name))},
            )
        except Unfit as unfit:
            return BadRow(self.file, line, str(unfit), unfit.help)

    def _at(self, row: Mapping[str, Any], role: str) -> Any:
        return row.get(self.roles[role]) if role in self.roles else None

    def _messages(self, row: Mapping[str, Any]) -> tuple[Message, ...]:
        given = self._at(row, "messages")
        if given is None:
            asked = self._at(row, "prompt")
            if not isinstance(asked, str | None):
                raise Unfit("its prompt is no text", 'write "prompt": "..."; a conversation stands in "messages"')
            prompt = _text(asked)
            if not prompt:
                raise Unfit("its prompt is empty", "write what the user asks, or delete the row")
            return (Message(role="user", content=prompt),)
        help = '"messages": [{"role": "user", "content": "..."}], the last one the user\'s'
        try:
            messages = _MESSAGES.validate_python(given)
        except ValidationError as error:
            raise Unfit(f"its messages are none: {_first(error)}", help) from None
        if not messages or messages[-1].role != "user" or not messages[-1].content.strip():
            raise Unfit("its conversation does not end with something that the user asks", help)
        if any(not m.content.strip() for m in messages if m.role != "assistant"):
            raise Unfit("one of its messages is empty", help)
        return messages

    def _expected(self, row: Mapping[str, Any]) -> tuple[Expects, tuple[Check, ...], str | None]:
        clause_id = self._clause(row)
        given = self._at(row, "checks")
        if given:
            try:
                return "kept", _CHECKS.validate_python(given), clause_id
            except ValidationError as error:
                help = 'such as {"type": "phrases", "phrases": ["sorry"], "present": true}'
                raise Unfit(f"its checks are none: {_first(error)}", help) from None
        word = self._at(row, "label")
        expects = self._meant(word) if word not in (None, "") else None
        if expects is None and clause_id is not None:
            return "kept", deciding_checks(self.program.clause(clause_id)), clause_id
        expects = expects or self.options.expects
        if expects is None:
            help = "give it a label, a clause or checks; or say `--expect answered` or `--expect refused` for all"
            raise Unfit("nothing says what a good answer does", help)
        # Whoever has learned to decline in the spec's own words does so here, too.
        check = RefusalCheck(present=expects == "refused", cues=house_cues(self.program))
        return expects, (check,), clause_id

    def _meant(self, word: Any) -> Expects:
        said = _text(word)
        own = {label.casefold(): meaning for label, meaning in self.options.labels}
        known = {**LABELS, **own}
        if (meaning := known.get(said.casefold())) is not None:
            return meaning
        column = self.roles["label"]
        help = f"say what it means: `--label {_quoted(said)}=answered` or `--label {_quoted(said)}=refused`"
        raise Unfit(f"the label {said!r} in `{column}` is not known", help)

    def _clause(self, row: Mapping[str, Any]) -> str | None:
        named = _text(self._at(row, "clause"))
        if not named:
            return None
        ids = [clause.id for clause in self.program.clauses]
        if named in ids:
            return named
        alone = [clause.id for clause in self.program.clauses if clause.name == named]
        if len(alone) == 1:
            return alone[0]
        near = get_close_matches(named, ids, n=1)
        help = f"did you mean {near[0]}?" if near else f"it has: {', '.join(ids[:8])}"
        raise Unfit(f"{self.program.name} has no clause {named!r}", help)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.strip() if isinstance(value, str) else "" if value is None else str(value)


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word else word


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}".lstrip(": ")
