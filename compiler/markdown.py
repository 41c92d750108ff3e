"""Text that others wrote, as Markdown that shows it as it is: on one line, or in a fence.

In: text of a spec, a user or a model. Out: Markdown. Nothing in it becomes markup, breaks a table, opens an element or
calls a person. This file must not know what is rendered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable


def plain(text: str) -> str:
    r"""Return text on one line.

    >>> plain("a|b <i> *c* @team #12")
    'a\\|b &lt;i&gt; \\*c\\* @\u200bteam #\u200b12'
    """
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_\[\]|~])", r"\\\1", text)
    # Neither a person nor an issue is called by these words, and no address becomes a link.
    text = re.sub(r"([@#])(?=\w)", "\\1\u200b", text)
    return re.sub(r"(?i)(https?|www|ftp)(?=[:.])", "\\1\u200b", text)


def fence_of(texts: Iterable[str]) -> str:
    """Return a fence longer than any run of back ticks inside.

    >>> fence_of(["say ```this```"])
    '````'
    """
    return "`" * max([3, *(1 + len(run) for text in texts for run in re.findall("`+", text))])


def code(name: str) -> str:
    """Return a name as code, on one line and in one cell of a table.

    >>> code("trait.pirate"), code("a`|b")
    ('`trait.pirate`', '`a  b`')
    """
    return "`" + re.sub(r"[`|\s]", " ", name).strip() + "`"
