"""Telling an alarm to an address: one POST of JSON.

In: an address and what to say. Out: whether it was taken (any 2xx). No redirect is followed. This file must not know
what is said.
"""

from __future__ import annotations

import json
from http.client import HTTPException
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from backends.server import NoRedirect
from compiler.listening import LOOPBACK

PATIENCE = 10.0
"""Seconds for one try."""


def post(url: str, said: dict[str, Any]) -> str | None:
    """Return why it was not taken, None where it was."""
    request = Request(url, json.dumps(said).encode(), {"Content-Type": "application/json"}, method="POST")
    local = urlsplit(url).hostname in LOOPBACK
    try:
        with build_opener(NoRedirect, *([ProxyHandler({})] if local else [])).open(request, timeout=PATIENCE):
            return None
    except (OSError, HTTPException, ValueError) as error:
        # urllib wraps what the connection said.
        why = error.reason if isinstance(error, URLError) and isinstance(error.reason, OSError) else error
        told = why.strerror if isinstance(why, OSError) and why.strerror else str(why)
        return " ".join(told.split()) or type(why).__name__
