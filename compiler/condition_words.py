"""Conditions in words, and the sentences by which an application tells a fact about the user.

In: a condition, or a dimension's name and a value of it, and the declared dimensions. Out: a clause of a sentence, or a
sentence. Without a sentence of the author's a dimension has one of Tenet's own, from its name. This file must not know
what makes a condition true.

>>> from spec.document import Compare, Dimension, Not, Truth
>>> band, known = Dimension("user.age_band", "enum", ("child", "teen", "adult")), Dimension("user.verified", "boolean")
>>> in_words(Compare("user.age_band", "in", ("child", "teen")), (band,))
"the user's age band is child or teen"
>>> in_words(Not(Truth("user.verified")), (known,)), fact("user.verified", True, (known,))
('the user is not verified', 'The user is verified.')
"""

from __future__ import annotations

import re
from typing import Literal, assert_never

from compiler.wording import listed
from spec.document import And, Compare, Condition, Dimension, Not, Or, Truth
from spec.references import BUILT_IN

Value = str | float | bool

# Sentences for dimensions that nobody declared a sentence for.
DEFAULT_SAYS = {dimension.name: dimension.says for dimension in BUILT_IN}


def spoken(name: str) -> str:
    """`user.age_band` becomes `the user's age band`; a name without a dot is read as it stands."""
    owner, _, rest = name.partition(".")
    if not rest:
        return owner.replace("_", " ")
    return f"the {owner}'s {rest.replace('_', ' ').replace('.', ' ')}"


def fact(name: str, value: Value, dimensions: tuple[Dimension, ...]) -> str:
    """Return the sentence by which an application tells the model a value."""
    says = _says(name, dimensions)
    if isinstance(value, bool) and _bare(name, dimensions):
        return _sentence(_state(name, value))
    if says is None:
        return _sentence(f"{spoken(name)} is {_verbatim(value)}")
    # It stands on one line of the prompt, however many the author took for it.
    says = " ".join(says.split())
    if isinstance(value, bool) and "{value}" not in says:
        return says if value else _negated(says)
    written = _verbatim(value) if _bare(name, dimensions) else shown(value)
    # "The user is a {value}." has to read well for `adult` too.
    says = re.sub(r"\b([Aa]) \{value\}", lambda m: f"{m[1]}{'n' if written[:1] in 'aeiou' else ''} {{value}}", says)
    return says.replace("{value}", written)


def _says(name: str, dimensions: tuple[Dimension, ...]) -> str | None:
    declared = next((d for d in dimensions if d.name == name), None)
    return (declared.says if declared is not None else None) or DEFAULT_SAYS.get(name)


def _bare(name: str, dimensions: tuple[Dimension, ...]) -> bool:
    """Say whether the dimension's sentence is Tenet's own, not its author's."""
    return _says(name, dimensions) in (None, DEFAULT_SAYS.get(name))


def _state(name: str, value: bool) -> str:
    """Return a truth in words, as far as its name says how: `user.verified`, `user.is_admin`, `user.has_consent`.

    >>> _state("user.logged_in", True), _state("user.has_consent", False), _state("user.consent", True)
    ('the user is logged in', 'it is not so that the user has consent', "the user's consent is true")
    """
    owner, _, rest = name.rpartition(".")
    first, _, more = rest.partition("_")
    denied = "" if value else "not "
    if owner and first in ("is", "was") and more:
        return f"{_subject(owner)} {first} {denied}{more.replace('_', ' ')}"
    if owner and first == "has" and more:
        return f"{'' if value else 'it is not so that '}{_subject(owner)} has {more.replace('_', ' ')}"
    if owner and first.endswith("ed") and not first.endswith("eed"):
        return f"{_subject(owner)} is {denied}{rest.replace('_', ' ')}"
    return f"{spoken(name)} is {'true' if value else 'false'}"


def _subject(owner: str) -> str:
    return spoken(owner) if "." in owner else f"the {spoken(owner)}"


def _sentence(clause: str) -> str:
    return f"{clause[:1].upper()}{clause[1:]}."


def in_words(condition: Condition, dimensions: tuple[Dimension, ...]) -> str:
    """Return the condition as a clause of a sentence that has one reading.

    Negations are moved down to single facts, so that `not in [a, b]` reads "not a and not b". An `or` inside of an
    `and` opens with "either", the other way round with "both"; what lies deeper stands in brackets. Values of one
    dimension without a sentence of its author's stand in one clause: "is child or teen", "is neither child nor teen".
    """
    return _words(_gathered(_plain(condition), dimensions), dimensions)


Operator = Literal["==", "!=", "<", "<=", ">", ">=", "in"]
_COMPLEMENT: dict[str, Operator] = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def _plain(condition: Condition, negate: bool = False) -> Condition:
    """Return an equal condition of alternating `and`s and `or`s over comparisons, truths and negated truths."""
    match condition:
        case Truth():
            return Not(condition) if negate else condition
        case Not(operand=operand):
            return _plain(operand, not negate)
        case Compare(dimension=name, operator="in", value=value):
            values = value if isinstance(value, tuple) else (value,)
            equals = tuple(Compare(name, "!=" if negate else "==", v) for v in values)
            return _joined(equals, conjunction=negate)
        case Compare(dimension=name, operator=operator, value=value):
            return Compare(name, _COMPLEMENT[operator], value) if negate else condition
        case And(operands=operands) | Or(operands=operands):
            parts = tuple(_plain(operand, negate) for operand in operands)
            return _joined(parts, conjunction=isinstance(condition, And) is not negate)
        case _:
            assert_never(condition)


def _joined(parts: tuple[Condition, ...], conjunction: bool) -> Condition:
    kind = And if conjunction else Or
    flat = tuple(inner for part in parts for inner in (part.operands if isinstance(part, kind) else (part,)))
    return flat[0] if len(flat) == 1 else kind(flat)


def _gathered(condition: Condition, dimensions: tuple[Dimension, ...]) -> Condition:
    """Return a plain condition with the values of each dimension that is listed in one comparison."""
    if not isinstance(condition, And | Or):
        return condition
    sign = "!=" if isinstance(condition, And) else "=="
    values: dict[str, list[str]] = {}
    for operand in condition.operands:
        if isinstance(operand, Compare) and (value := _item(operand, sign, dimensions)) is not None:
            values.setdefault(operand.dimension, []).append(value)
    several = {name: tuple(dict.fromkeys(found)) for name, found in values.items() if len(set(found)) > 1}
    parts: list[Condition] = []
    for operand in condition.operands:
        together = several.get(operand.dimension) if isinstance(operand, Compare) else None
        if not isinstance(operand, Compare) or together is None or _item(operand, sign, dimensions) is None:
            parts.append(_gathered(operand, dimensions))
            continue
        one = Compare(operand.dimension, "in", together)
        whole = Not(one) if sign == "!=" else one
        if whole not in parts:
            parts.append(whole)
    return parts[0] if len(parts) == 1 else type(condition)(tuple(parts))


def _item(compare: Compare, sign: str, dimensions: tuple[Dimension, ...]) -> str | None:
    """Return the value of a comparison that may stand in a list of them; None for another."""
    name, value = compare.dimension, compare.value
    if compare.operator != sign or not isinstance(value, str) or re.search(r"\b(and|or|nor)\b|,", value):
        return None
    article = re.search(r"\ban? \{value\}", _says(name, dimensions) or "", re.IGNORECASE)
    return value if _bare(name, dimensions) and article is None else None


def _words(condition: Condition, dimensions: tuple[Dimension, ...]) -> str:
    match condition:
        case And(operands=operands):
            word, opening = "and", "either"
        case Or(operands=operands):
            word, opening = "or", "both"
        case _:
            return _single(condition, dimensions)
    parts = []
    for operand in operands:
        if not isinstance(operand, And | Or):
            parts.append(_enclosed(_single(operand, dimensions)))
            continue
        inner = [
            f"({_words(o, dimensions)})" if isinstance(o, And | Or) else _enclosed(_single(o, dimensions))
            for o in operand.operands
        ]
        first = "at the same time" if opening == "both" and len(inner) > 2 else opening
        parts.append(f"{first} {(' or ' if word == 'and' else ' and ').join(inner)}")
    # The comma ends what "either" or "both" has opened.
    comma = "," if any(isinstance(operand, And | Or) for operand in operands) else ""
    return f"{comma} {word} ".join(parts)


def _enclosed(text: str) -> str:
    """Put an author's sentence into brackets where its own `and` or `or` could be read as one of the condition."""
    return f"({text})" if re.search(r"\b(and|or)\b", text) else text


def _single(condition: Condition, dimensions: tuple[Dimension, ...]) -> str:
    """Return the words of a comparison or a truth, either of them negated or not."""
    match condition:
        case Compare(dimension=name, operator="in", value=tuple() as values):
            return _of_values(name, listed([_verbatim(v) for v in values], "or"), dimensions)
        case Not(operand=Compare(dimension=name, operator="in", value=tuple() as values)):
            neither = " nor ".join(_verbatim(v) for v in values)
            return _of_values(name, f"neither {neither}", dimensions)
        case Not(operand=Truth(dimension=name)) if not _judged(name, dimensions) and _bare(name, dimensions):
            return _clause(fact(name, False, dimensions))
        case Not(operand=operand):
            return _negated(_single(operand, dimensions))
        case Truth(dimension=name):
            declared = next((d for d in dimensions if d.name == name), None)
            if declared is not None and declared.type == "judged":
                return _clause(declared.means or spoken(name))
            return _clause(fact(name, True, dimensions))
        case Compare(dimension=name, operator=operator, value=value):
            assert not isinstance(value, tuple), "lists are taken apart before"
            if operator in ("==", "!="):
                same = _clause(fact(name, value, dimensions))
                return same if operator == "==" else _negated(same)
            relation = {"<": "below", "<=": "at most", ">": "above", ">=": "at least"}[operator]
            return f"{spoken(name)} is {relation} {shown(value)}"
        case _:
            raise AssertionError(f"{condition} is no single fact")


def _of_values(name: str, values: str, dimensions: tuple[Dimension, ...]) -> str:
    return _clause((_says(name, dimensions) or f"{spoken(name)} is {{value}}.").replace("{value}", values))


def _judged(name: str, dimensions: tuple[Dimension, ...]) -> bool:
    return any(d.name == name and d.type == "judged" for d in dimensions)


def _clause(text: str) -> str:
    """Make a sentence a clause: `The user is a clinician.` becomes `the user is a clinician`."""
    text = " ".join(text.split()).rstrip(".")
    first = text.split(" ", 1)[0]
    return text if first.isupper() and first != "A" else text[:1].lower() + text[1:]


_VERB = re.compile(r" (?:is|are|was|were|has|have|can|will|must|may|should) ")
# Words after which a verb belongs to a clause inside of the sentence, and words that join sentences.
_INNER = re.compile(r"\b(?:that|who|whom|whose|which|what|where|when|whether|if)\b", re.IGNORECASE)
_JOINT = re.compile(r"\b(?:and|or|but)\b", re.IGNORECASE)


def _negated(text: str) -> str:
    """Deny a sentence or clause: at its verb where that is surely the main one, else as a whole."""
    verb = _VERB.search(text)
    if verb is None or _INNER.search(text[: verb.start()]) or _JOINT.search(text):
        head = "I" if text[:1].isupper() else "i"
        return f"{head}t is not so that {_clause(text)}{'.' if text.endswith('.') else ''}"
    return f"{text[: verb.end()]}not {text[verb.end() :]}"


def shown(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return " ".join(str(value).replace("_", " ").split())


def compound(condition: Condition) -> bool:
    """Say whether the words of `condition` hold an `and` or an `or` of its own."""
    return isinstance(_plain(condition), And | Or)


# A language with its script and region, which is no word: `en_GB`, `zh_Hant_TW`.
_LOCALE = re.compile(r"[a-z]{2,3}(_[A-Z][a-z]{3})?(_[A-Z]{2}|_[0-9]{3})?")


def _verbatim(value: Value) -> str:
    """Return a value as it is shown, its `_` kept where it is a locale's."""
    return value if isinstance(value, str) and _LOCALE.fullmatch(value) else shown(value)
