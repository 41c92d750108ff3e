"""The page of a code: what it means, why it is wrong, a spec that shows it and the same spec mended.

In: a code of the table, and the folder of pages, one Markdown file for each code. Out: `Page`. What and how to mend it
are in the table of codes; the page says why, and its fenced blocks are files of two specs:

    ```tenet wrong                  the spec itself, spec.tenet
    ```tenet wrong house.tenet      a file beside it
    ```yaml wrong spec.tenet.yaml   the spec itself, in YAML
    ```bytes mended                 `\\xef` is one byte, `\\u202e` a character, `{x*1000}` a thousand letters

A test checks every page's specs; `tenet explain` shows them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from spec.codes import Code

FOLDER = Path(__file__).with_name("pages")
MAIN = "spec.tenet"

_BLOCK = re.compile(r"^```(\w+) (wrong|mended)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MANY = re.compile(rb"\{(.)\*(\d+)\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class File:
    """A file of an example. text: as the page shows it; data: its bytes."""

    name: str
    text: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """wrong, mended: the files of the two specs, which start at `MAIN`."""

    code: Code
    why: str
    wrong: tuple[File, ...]
    mended: tuple[File, ...]


def page(code: Code, folder: Path = FOLDER) -> Page:
    """Return the page of a code.

    Raises:
        FileNotFoundError: the folder has no page for it.
    """
    text = (folder / f"{code.code}.md").read_text(encoding="utf-8")
    files: dict[str, list[File]] = {"wrong": [], "mended": []}
    for language, side, name, body in _BLOCK.findall(text):
        files[side].append(File(name or MAIN, body, _bytes(body) if language == "bytes" else body.encode()))
    why = " ".join(text.split("\n```", 1)[0].split())
    return Page(code, why, tuple(files["wrong"]), tuple(files["mended"]))


def _bytes(body: str) -> bytes:
    signs = body.encode("ascii").decode("unicode_escape")
    data = b"".join(bytes([ord(sign)]) if sign <= "\xff" else sign.encode() for sign in signs)
    return _MANY.sub(lambda match: match[1] * int(match[2]), data)


def write(files: tuple[File, ...], folder: Path) -> Path:
    """Write an example's files below `folder`; return the path of its spec, which may be absent.

    The spec is `MAIN`, or the same in another notation: `spec.tenet.yaml`.
    """
    for file in files:
        path = folder / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)
    return folder / next((file.name for file in files if file.name.startswith(MAIN)), MAIN)
