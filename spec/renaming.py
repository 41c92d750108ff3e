"""A document whose names have no dots, so that one text can hold it: `house.caring` becomes `caring`.

In: a document of a spec that imports files `as` something. Out: the same with other names, and which became which. A
persona and a term keep what they are called; ids change, and whatever refers to them with them. The prompt names
clauses without what stands before the dot, so it stays the same, unless another clause has that name: then it is
`house_caring`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from spec.constructs import Persona, Refuse
from spec.document import Clause, Document, Term


def without_dots(document: Document) -> tuple[Document, dict[str, str]]:
    """Return the document with names that a text can give, and the new names by the old ones.

    >>> from spec.loading import loads
    >>> without_dots(loads('tenet 1\\ntrait calm { means: "Is calm." }\\n').document)[1]
    {}
    """
    names = _new_names(document)
    if not names:
        return document, {}
    refer = _Names(names)
    return replace(
        document,
        clauses=tuple(refer.clause(clause) for clause in document.clauses),
        sections=tuple(
            replace(s, name=refer.of(s.name), parent=s.parent and refer.of(s.parent)) for s in document.sections
        ),
        terms=tuple(_term(term, names) for term in document.terms),
        grants=tuple(replace(g, name=refer.of(g.name), over=refer.all(g.over)) for g in document.grants),
        balances=tuple(replace(b, name=refer.of(b.name), of=refer.all(b.of)) for b in document.balances),
        alikes=tuple(replace(a, name=refer.of(a.name), clause=refer.of(a.clause)) for a in document.alikes),
        probes=tuple(replace(p, name=refer.of(p.name), clause=refer.of(p.clause)) for p in document.probes),
        priorities=tuple(replace(p, names=refer.all(p.names)) for p in document.priorities),
    ), names


class _Names:
    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def of(self, text: str) -> str:
        """Return a name, or an id with its kind, as it is called now; what is neither stays."""
        if text in self.names:
            return self.names[text]
        kind, _, rest = text.partition(".")
        return f"{kind}.{self.names[rest]}" if rest in self.names else text

    def all(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(self.of, texts))

    def clause(self, clause: Clause) -> Clause:
        body = clause.body
        if isinstance(body, Refuse) and body.style is not None:
            body = replace(body, style=self.of(body.style))
        if isinstance(body, Persona) and body.called is None and clause.name in self.names:
            body = replace(body, called=_said(clause.name))
        return replace(
            clause,
            id=self.of(clause.id),
            name=self.of(clause.name),
            body=body,
            see=self.all(clause.see),
            section=clause.section and self.of(clause.section),
        )


def _term(term: Term, names: Mapping[str, str]) -> Term:
    if term.name not in names:
        return term
    return replace(term, name=names[term.name], called=term.called or _said(term.name))


def _said(name: str) -> str:
    """What a persona or a term without `called` is called."""
    return name.rpartition(".")[2].replace("_", " ")


def _new_names(document: Document) -> dict[str, str]:
    """Return a name without dots for each that has some: one that nothing else has."""
    taken = {record.name for record in _named(document)} | {tag for c in document.clauses for tag in c.tags}
    found: dict[str, str] = {}
    for name in (record.name for record in _named(document) if "." in record.name):
        if name not in found:
            last = name.rpartition(".")[2]
            free = last if last not in taken else name.replace(".", "_")
            while free in taken:
                free += "_"
            taken.add(free)
            found[name] = free
    return found


def _named(document: Document) -> Iterator[Any]:
    for records in (
        document.clauses, document.sections, document.terms, document.grants, document.balances, document.alikes,
        document.probes,
    ):  # fmt: skip
        yield from records
