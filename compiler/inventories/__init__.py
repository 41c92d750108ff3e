"""Inventories: statements about oneself with the factor that each belongs to, such as the Big Five.

In: a CSV file with the columns `text`, `label_ocean` (or `factor`) and `key` (1, or -1 for a reversed item). Out: an
`Inventory`. `short` names the one that ships: 30 statements of this project's own, three of each key for each factor;
nobody has validated it on people. This folder must not know models.

    wording.py    what an arm is asked, and how a reply is read
    profiles.py   answers -> what an arm says of itself, and what it shows

>>> inventory = read("short")
>>> len(inventory.items), inventory.factors
(30, ('O', 'C', 'E', 'A', 'N'))
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from compiler.failures import GivenError
from compiler.inventories.wording import POINTS
from compiler.probe_sets.records import BadRow
from compiler.probe_sets.tables import read_csv
from spec.limits import LARGEST_FILE

SHORT = "short"
COLUMNS = {"text": ("text", "item", "statement"), "factor": ("label_ocean", "factor", "domain"), "key": ("key",)}
KEYS: dict[str, Literal[1, -1]] = {"1": 1, "+1": 1, "+": 1, "-1": -1, "-": -1, "−1": -1}


@dataclass(frozen=True, slots=True)
class Item:
    """A statement. line: in the file. key: 1 where to agree is more of the factor, -1 where it is less."""

    line: int
    text: str
    factor: str
    key: Literal[1, -1]


@dataclass(frozen=True, slots=True)
class Inventory:
    """points: of the scale, 1 to 5. bad: rows that are no items."""

    name: str
    file: str
    sha256: str
    items: tuple[Item, ...]
    bad: tuple[BadRow, ...] = ()
    points: int = POINTS

    @property
    def factors(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(item.factor for item in self.items))


def read(named: str) -> Inventory:
    """Return the inventory in a file, or the one that ships.

    Raises:
        GivenError: the file is not there, too large, or no UTF-8 text.
    """
    path = Path(__file__).with_name("short.csv") if named == SHORT else Path(named)
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise GivenError(
                f"{path} is larger than {LARGEST_FILE >> 20} MiB", help="an inventory has some hundred lines"
            )
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise GivenError(f"{path} is not UTF-8 text: byte {error.start + 1}", help="save it as UTF-8") from None
    except OSError as error:
        help = f"give a CSV file, or `{SHORT}` for the inventory that ships"
        raise GivenError(f"{path} cannot be read: {error.strerror}", help=help) from None
    items, bad = _items(text, named)
    name = re.sub(r"[^\w-]+", "_", path.stem)
    return Inventory(name, path.name, hashlib.sha256(data).hexdigest(), tuple(items), tuple(bad))


def _items(text: str, file: str) -> tuple[list[Item], list[BadRow]]:
    table = read_csv(text, file)
    by_name = {name.casefold(): name for name in table.names}
    found = {role: next((by_name[n] for n in names if n in by_name), None) for role, names in COLUMNS.items()}
    if absent := [role for role, column in found.items() if column is None]:
        help = f"it needs the columns {', '.join(names[0] for names in COLUMNS.values())}"
        return [], [BadRow(file, 1, f"no column holds the {' and the '.join(absent)}", help)]
    items: list[Item] = []
    bad = list(table.bad)
    for line, row in table.rows:
        said, factor, key = (str(row[str(found[role])]).strip() for role in COLUMNS)
        if not said or not factor:
            bad.append(BadRow(file, line, "its text or its factor is empty", "fill it in, or delete the row"))
        elif key not in KEYS:
            bad.append(BadRow(file, line, f"its key is {key!r}", "write 1, or -1 where to agree is less of the factor"))
        else:
            items.append(Item(line, said, factor, KEYS[key]))
    if not items and not bad:
        bad.append(BadRow(file, 0, "this file holds no item", "one statement a line"))
    return items, bad
