"""Random documents: records of every kind with values of every shape, such as reading a valid spec could give.

Drawn from a seed, like the trees of `documents.py`, whose odd texts they hold. What the annotations say of a field
decides what is drawn for it, so that a new construct or field is drawn without a change here.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from spec.constructs import CONSTRUCTS, STYLES
from spec.document import (
    Alike,
    And,
    Authority,
    Balance,
    Clause,
    Compare,
    Condition,
    Dimension,
    Document,
    Example,
    Grant,
    Level,
    Model,
    Not,
    Option,
    Options,
    Or,
    Pattern,
    Priority,
    ProbeStatement,
    Section,
    Target,
    Term,
    Train,
    Truth,
    Turn,
)
from spec.fields import (
    ChainShape,
    ChoiceShape,
    ConditionShape,
    FieldSpec,
    FlagShape,
    ListShape,
    NumberShape,
    RecordShape,
    TextShape,
    TurnsShape,
    field_specs,
)
from spec.inheritance import Given
from tests.spec.documents import Tree

ODD_TEXTS = ("${maker}", "$${", "$$$", "[...]", " a ", "a\n\nb", "a\n  b\n", "  a\nb", '"', '"""', "\\")
DIMENSIONS = (
    Dimension("user.plan", "enum", ("free", "paid", "trial-run"), "The plan: {value}."),
    Dimension("age", "number"),
    Dimension("signed_in", "boolean"),
    Dimension("urgent", "judged", means="The user is in a hurry."),
)


class Records:
    """Draws a document; names are counted, so that none stands twice. few: a small one, for many cases."""

    def __init__(self, rng: random.Random, *, few: bool = False) -> None:
        self.rng = rng
        self.most = 2 if few else 4
        self.share = 0.2 if few else 0.4
        self.tree = Tree(rng)
        self.names = 0
        self.clauses: list[Clause] = []
        self.sections: list[Section] = []

    def document(self) -> Document:
        self.inside(Given(), self.most // 2)
        ids = [clause.id for clause in self.clauses]
        targets = [*ids, *(f"{section.kind}.{section.name}" for section in self.sections)]
        clauses = tuple(replace(c, see=self.some(targets)) if self.rng.random() < 0.3 else c for c in self.clauses)
        return Document(
            path="spec.tenet",
            model=Model(**self.values(Model)),
            train=Train(**self.values(Train)),
            clauses=clauses,
            dimensions=DIMENSIONS,
            priorities=tuple(Priority(self.ranked(ids)) for _ in range(self.rng.randrange(self.most)) if len(ids) > 1),
            probes=tuple(self.probe(self.rng.choice(ids)) for _ in range(self.rng.randrange(self.most)) if ids),
            files=(),
            sections=tuple(self.sections),
            terms=tuple(Term(self.name(), **self.values(Term)) for _ in range(self.rng.randrange(self.most))),
            grants=tuple(
                Grant(self.name(), self.level(), **{**self.values(Grant), "over": self.some(ids)})
                for _ in range(self.rng.randrange(self.most)) if ids
            ),
            balances=tuple(self.balance(ids) for _ in range(self.rng.randrange(2)) if len(ids) > 1),
            alikes=tuple(
                Alike(self.name(), self.rng.choice(ids), (f"{self.text()} 1", f"{self.text()} 2"))
                for _ in range(self.rng.randrange(2)) if ids
            ),
            authority=Authority(**self.values(Authority)) if self.rng.random() < 0.3 else None,
        )  # fmt: skip

    # ---- statements

    def inside(self, given: Given, depth: int) -> None:
        for _ in range(self.rng.randrange(self.most)):
            if depth and self.rng.random() < 0.4:
                self.section(given, depth)
            else:
                self.clauses.append(self.clause(given))

    def section(self, given: Given, depth: int) -> None:
        values = self.values(Section)
        overlay = ("when" in values or given.when) and self.rng.random() < 0.5
        level = self.level() if self.rng.random() < 0.3 else None
        kind: Any = "overlay" if overlay else "section"
        section = Section(kind, self.name(), **values, level=level, parent=given.section)
        self.sections.append(section)
        self.inside(given.within(section), depth - 1)

    def clause(self, given: Given) -> Clause:
        has_persona = any(clause.kind == "persona" for clause in self.clauses)
        kind = self.rng.choice([kind for kind in CONSTRUCTS if kind != "persona" or not has_persona])
        construct = CONSTRUCTS[kind]
        own, specs = self.values(construct), field_specs(construct)
        needs = [specs[name] for name in construct.needs]
        if needs and not any(spec.attribute in own for spec in needs):
            own[needs[0].attribute] = self.value(needs[0])
        for name in [name for name in construct.only_one if name in own][1:]:
            del own[name]
        if kind == "refuse" and "style" in own:
            own["style"] = self.rng.choice([*STYLES, *(c.name for c in self.clauses if c.kind == "trait")])
        common = self.values(Clause)
        common.pop("see", None)
        if "target" in common:
            common["target"] = Target(construct.target_comparison, common["target"].share)
        if common.get("absolute"):
            common.pop("unless", None)
            common.pop("excepted", None)
        level = (self.level() if self.rng.random() < 0.3 else None) or given.level or construct.default_level
        name = self.name()
        return Clause(f"{kind}.{name}", kind, name, level, construct(**own), **given.put(common), section=given.section)

    def probe(self, clause: str) -> ProbeStatement:
        probe = ProbeStatement(self.name(), **{**self.values(ProbeStatement), "clause": clause})
        return replace(probe, at_least=min(probe.at_least, probe.repeats)) if probe.at_least else probe

    def balance(self, ids: Sequence[str]) -> Balance:
        of = tuple(self.rng.sample(ids, 2))
        return Balance(self.name(), of, tuple(self.rng.choice([0.3, 0.7, 1 / 3, 2.0]) for _ in of))

    def ranked(self, ids: Sequence[str]) -> tuple[str, ...]:
        """All chains follow the order of `ids`, so that no two go round in a circle."""
        chosen = sorted(self.rng.sample(range(len(ids)), 2))
        return tuple(ids[i] if self.rng.random() < 0.5 else ids[i].partition(".")[2] for i in chosen)

    # ---- fields

    def values(self, record: type[Any]) -> dict[str, Any]:
        """Return values of the fields of a record by attribute: the needed ones, and some of the others."""
        specs = field_specs(record).values()
        return {spec.attribute: self.value(spec) for spec in specs if spec.required or self.rng.random() < self.share}

    def value(self, spec: FieldSpec) -> Any:
        match spec.shape:
            case TextShape():
                return self.text()
            case ChoiceShape(choices):
                return self.rng.choice(choices)
            case NumberShape() as shape:
                return self.number(shape)
            case FlagShape():
                return self.rng.random() < 0.5
            case ListShape() as shape:
                return self.distinct(self.item(shape) for _ in range(self.rng.randrange(1, 4)))
            case ChainShape(choices):
                return tuple(self.rng.sample(choices, self.rng.randrange(2, len(choices) + 1)))
            case ConditionShape():
                return self.condition(2)
            case RecordShape(record, many=True):
                assert record is Example
                return tuple(self.example() for _ in range(self.rng.randrange(1, 3)))
            case RecordShape(record) if record is Options:
                drawn = self.rng.sample([0.5, 1e-7, 3, True, "a b", (1, 2.5, "c")], self.rng.randrange(4))
                return Options(tuple(Option(f"setting_{at}", value) for at, value in enumerate(drawn)))
            case RecordShape(record):
                return record(**self.values(record))
            case TurnsShape():
                return self.turns()
        return Target(">=", self.rng.choice([0.5, 0.85, 0.999, 1 / 3, 1e-7]))

    def item(self, shape: ListShape) -> str | Pattern:
        if shape.words:
            return self.rng.choice([self.tree.name, lambda: "7", lambda: f"{self.tree.name()}.{self.tree.name()}"])()
        if shape.patterns and (not shape.texts or self.rng.random() < 0.4):
            text = self.rng.choice(["a b", "/", r"\\/", r"\d+/\d", "(x|y)*", "#{", '"', r"\\"])
            return Pattern(text, self.rng.choice(["", "i", "ims"]))
        return self.text()

    def number(self, shape: NumberShape) -> float:
        low = shape.low if shape.low is not None else 0
        high = min(shape.high if shape.high is not None else low + 2000, low + 2000)
        if shape.whole:
            return self.rng.randint(int(low), int(high))
        return self.rng.choice([high, self.rng.uniform(low, high) or high, 5e-4, 0.07])

    def example(self) -> Example:
        kinds = {
            kind: self.texts() if kind == "good" or self.rng.random() < 0.4 else () for kind in ("good", "ok", "bad")
        }
        answers = self.distinct(answer for kind in kinds.values() for answer in kind)
        # An answer may have none, one or several.
        reasons = tuple((answer, self.text()) for answer in answers for _ in range(self.rng.choice([0, 0, 1, 2])))
        about = self.text() if self.rng.random() < 0.3 else None
        return Example(self.turns(), **kinds, reasons=reasons, about=about)

    def turns(self) -> tuple[Turn, ...]:
        turns = [Turn("system", self.text())] if self.rng.random() < 0.3 else []
        turns.append(Turn("user", self.text()))
        for _ in range(self.rng.randrange(3)):
            turns.append(Turn("assistant", self.text()))
            turns.extend(Turn("tool", self.text()) for _ in range(self.rng.randrange(self.most)))
            turns.append(Turn("user", self.text()))
        return tuple(turns)

    def condition(self, depth: int) -> Condition:
        if depth and self.rng.random() < 0.5:
            joint = self.rng.choice([And, Or])
            return joint(tuple(self.condition(depth - 1) for _ in range(self.rng.randrange(2, 4))))
        if depth and self.rng.random() < 0.4:
            return Not(self.condition(depth - 1))
        return self.rng.choice([
            Compare("user.plan", self.rng.choice(["==", "!="]), "trial-run"),
            Compare("user.plan", "in", ("free", "paid")),
            Compare("age", self.rng.choice(["<", "<=", ">", ">=", "==", "!="]), self.rng.choice([18.0, 0.5, -3.0])),
            Truth("signed_in"),
            Truth("urgent"),
            Compare("locale", "in", (self.text(), "de")),
            Compare("channel", "==", self.rng.choice(["chat", "not", "live chat", "a@b"])),
            Compare("user.age_band", "!=", "teen"),
        ])  # fmt: skip

    # ---- small things

    def name(self) -> str:
        self.names += 1
        return f"{self.tree.name()}{self.names}"

    def level(self) -> Level:
        return self.rng.choice(list(Level))

    def text(self) -> str:
        text = self.rng.choice(ODD_TEXTS) if self.rng.random() < 0.2 else self.tree.text().value
        return text if text.strip() else "plain"

    def texts(self) -> tuple[str, ...]:
        return self.distinct(self.text() for _ in range(self.rng.randrange(1, 3)))

    def some(self, items: Sequence[str]) -> tuple[str, ...]:
        return tuple(self.rng.sample(items, self.rng.randrange(1, len(items) + 1)))

    @staticmethod
    def distinct(items: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(dict.fromkeys(items))
