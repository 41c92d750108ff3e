"""When a server may be asked next: so many requests a minute, and not before it has said so.

In: a rate, and what a server's replies say of its limits. Out: a wait before each request, shared by all threads that
ask this server. This file must not know what is asked.

    Retry-After: 7 | retry-after-ms: 350 | Retry-After: Wed, 21 Oct 2026 07:28:00 GMT        RFC 9110, 10.2.3
    x-ratelimit-remaining-requests: 0, x-ratelimit-reset-requests: 1m30s   and the same of tokens
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from email.utils import parsedate_to_datetime

DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
LIMITED = ("requests", "tokens")


@dataclass(slots=True)
class Pace:
    """rate: requests a minute, None for any number. The first may go at once; each further one keeps its distance."""

    rate: float | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _next: float = 0.0
    _held: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self) -> None:
        """Return when a request may be sent."""
        now = self.clock()
        with self._lock:
            due = max(now, self._next)
            self._next = due + (60.0 / self.rate if self.rate else 0.0)
        # What the server says while others wait holds for them too.
        while (left := max(due, self._held) - self.clock()) > 0:
            self.sleep(left)

    def hold(self, seconds: float) -> None:
        """Let nobody ask for so long."""
        with self._lock:
            self._held = max(self._held, self.clock() + seconds)

    def read(self, headers: Message, longest: float) -> None:
        """Hold where the headers of a reply say that nothing is left, for `longest` seconds at most."""
        for what in LIMITED:
            if headers.get(f"x-ratelimit-remaining-{what}", "").strip() == "0":
                self.hold(min(longest, duration(headers.get(f"x-ratelimit-reset-{what}", "")) or 0.0))


def duration(text: str) -> float | None:
    """Seconds in `6m0s`, `1.5s`, `20ms` or a bare number; None where it is none of these.

    >>> [duration(text) for text in ("1h2m3.5s", "20ms", "7", "soon", "")]
    [3723.5, 0.02, 7.0, None, None]
    """
    text = text.strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text):
        return float(text)
    found = DURATION.fullmatch(text)
    if not text or found is None:
        return None
    hours, minutes, seconds, thousandths = (float(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds + thousandths / 1000


def retry_after(headers: Message) -> float | None:
    """Seconds that a server asks to be left alone; None where it does not say."""
    told = headers.get("retry-after-ms", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", told):
        return float(told) / 1000
    told = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", told):
        return float(told)
    try:
        return max(0.0, parsedate_to_datetime(told).timestamp() - time.time())
    except ValueError:
        return None
