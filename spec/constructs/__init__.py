"""The constructs of the language that state behaviour, one file each; `Body` is their closed union.

A construct is a frozen dataclass with annotated fields and four class variables: `default_level`, the authority of a
clause that names none; `target_comparison`, the way its target may point; `needs`, fields of which one must be there;
`only_one`, fields that exclude each other.
"""

from __future__ import annotations

from typing import get_args

from spec.constructs.forbid import Forbid
from spec.constructs.format import Format
from spec.constructs.outcomes import OUTCOMES, Outcomes
from spec.constructs.persona import Persona, Voice
from spec.constructs.prefer import Prefer
from spec.constructs.refuse import STYLES, Refuse
from spec.constructs.require import Require
from spec.constructs.rule import Rule
from spec.constructs.secret import Secret
from spec.constructs.stance import Stance
from spec.constructs.trait import Trait

Body = Persona | Trait | Rule | Refuse | Forbid | Secret | Require | Format | Prefer | Stance | Outcomes

CONSTRUCTS: dict[str, type[Body]] = {construct.__name__.lower(): construct for construct in get_args(Body)}

__all__ = [
    "CONSTRUCTS",
    "OUTCOMES",
    "STYLES",
    "Body",
    "Forbid",
    "Format",
    "Outcomes",
    "Persona",
    "Prefer",
    "Refuse",
    "Require",
    "Rule",
    "Secret",
    "Stance",
    "Trait",
    "Voice",
]
