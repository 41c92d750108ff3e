"""Text of a spec from parts: names, quoted texts, fields and blocks.

In: Python values. Out: `.tenet` text, which `canonical` lays out. Texts of several lines become strings of several
lines. This file must not know where the parts come from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from spec.formatter import CannotFormat, format_text, long_text, quote
from spec.importers.findings import Unreadable
from spec.vocabulary import RESERVED


def name(text: str) -> str:
    """Return `text` as a name: letters, digits and `_`, a letter first, and no word of the grammar.

    >>> name("Don't do this - ever!"), name("092i"), name("At")
    ('dont_do_this_ever', 'n_092i', 'n_at')
    """
    flat = re.sub(r"[^\w]+", "_", re.sub(r"['\u2019]", "", text.lower())).strip("_")
    return flat if flat and not flat[0].isdigit() and flat not in RESERVED else f"n_{flat}".rstrip("_")


def texts(written: str) -> str:
    """Return a text in quotes; one of several lines, or too long for one, as a `\"\"\"` string.

    A `${` in it stays what it is: it names no parameter.
    """
    plain = written.replace("${", "$${")
    return long_text(plain) if "\n" in plain.strip("\n") else quote(plain)


def field(key: str, value: str) -> str:
    return f"{key}: {value}"


def names(given: Iterable[str]) -> str:
    return f"[{', '.join(given)}]"


def block(head: str, items: Iterable[str]) -> str:
    return "\n".join([f"{head} {{", *items, "}"])


def canonical(parts: Iterable[str], path: str) -> str:
    """Return a whole spec in canonical layout, a blank line between its parts.

    Raises:
        Unreadable: it would be larger than a spec may be.
    """
    try:
        return format_text("tenet 1\n\n" + "\n\n".join(parts) + "\n", path)
    except CannotFormat as error:
        found = error.diagnostics[0]
        if found.code != "T0004":
            raise
        raise Unreadable(f"{path} would be too large: {found.message}; import a part of the source") from error
