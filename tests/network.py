"""Processes that may not reach a network, and a record of what they tried to reach.

The hook refuses every connection and every look-up of a name outside of this machine, in a process and in all that it
starts. Nothing here asks a library to stay offline: that is what is tested.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
ASKED_TO_BE_QUIET = (
    "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK",
)  # fmt: skip
# Python imports `sitecustomize` at every start, before any other module.
HOOK = """
import os, sys

LOCAL = {"localhost", "127.0.0.1", "::1", "", None}
PLACE = {
    "socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1,
    "socket.getaddrinfo": 0, "socket.gethostbyname": 0, "socket.gethostbyaddr": 0,
}

def refuse(event, arguments):
    if event not in PLACE:
        return
    address = arguments[PLACE[event]]
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        if not isinstance(address, tuple):
            return  # a Unix socket, or one that is connected already
        address = address[0]
    if isinstance(address, bytes):
        address = address.decode()
    if address in LOCAL:
        return
    with open(os.environ["ATTEMPTS"], "a") as file:
        file.write(f"{event} {address}\\n")
    raise ConnectionRefusedError(f"the test refuses {event} {address}")

sys.addaudithook(refuse)
"""


def watched(folder: Path) -> Mapping[str, str]:
    """Return the environment of a process that is watched; what it tries is written below `folder`."""
    (folder / "hook").mkdir(exist_ok=True)
    (folder / "hook" / "sitecustomize.py").write_text(HOOK, encoding="utf-8")
    return {
        **{name: value for name, value in os.environ.items() if name not in ASKED_TO_BE_QUIET},
        "PYTHONPATH": os.pathsep.join([str(folder / "hook"), str(ROOT)]),
        "ATTEMPTS": str(folder / "attempts"),
    }


def attempts(folder: Path) -> str:
    """Return what watched processes tried to reach, a line each."""
    record = folder / "attempts"
    return record.read_text(encoding="utf-8") if record.exists() else ""
