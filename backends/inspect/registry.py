"""What Inspect loads through its entry point (`inspect_ai` in pyproject.toml): everything of Tenet's that it can name.

Inspect puts the name of the import package before what an installed package registers: `backends/tenet/clauses`. The
names that the documents give, `tenet/clauses` and `tenet/kept`, are registered beside those.
"""

from __future__ import annotations

from inspect_ai._util.registry import registry_add, registry_info

from backends.inspect.provider import Arm
from backends.inspect.scorer import kept
from backends.inspect.task import clauses

__all__ = ["Arm", "clauses", "kept"]

for registered, name in ((clauses, "tenet/clauses"), (kept, "tenet/kept")):
    if registry_info(registered).name != name:
        registry_add(registered, registry_info(registered).model_copy(update={"name": name}))
