"""Who may ask: a request has to bear the token, name this server, and come from this server's own page.

In: headers. Out: None where a request may pass, else a status and a reason. The token keeps out other users of the
machine and the network; `Host` keeps out a page elsewhere whose name was made to lead here (DNS rebinding); `Origin`
and a JSON body keep out a page elsewhere that sends forms here (request forgery). This file must not know what is asked
for.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from compiler.listening import LOOPBACK

if TYPE_CHECKING:
    from email.message import Message

    Headers = Message[str, str]
    Query = dict[str, list[str]]


HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Sent with everything. The policy lets the page load its own script and style, and speak to this server alone."""


@dataclass(frozen=True, slots=True)
class Refused:
    status: int
    reason: str


@dataclass(slots=True)
class Guard:
    """host: what the server listens on. Cookies know no ports, so their name has it: two servers do not log each other
    out. ticket: opens the page once. A browser is started with it, since everybody on the machine can read with which
    address a program was started."""

    token: str
    host: str
    port: int
    ticket: str | None = None

    @classmethod
    def new(cls, host: str, port: int) -> Guard:
        return cls(secrets.token_urlsafe(24), host, port, secrets.token_urlsafe(24))

    @property
    def cookie_name(self) -> str:
        return f"tenet_label_{self.port}"

    @property
    def cookie(self) -> str:
        """What a browser is given for the token; a script cannot read it, and other sites cannot send it."""
        return f"{self.cookie_name}={self.token}; HttpOnly; SameSite=Strict; Path=/"

    def right(self, token: str | None) -> bool:
        """Compare in a time that does not tell how much of the token was right."""
        return token is not None and hmac.compare_digest(token.encode(), self.token.encode())

    def opens(self, query: Query) -> bool:
        """Whether an address brings the token, or the ticket, which is then spent."""
        if self.right(query.get("token", [None])[0]):
            return True
        ticket, given = self.ticket, query.get("ticket", [None])[0]
        if ticket is None or given is None or not hmac.compare_digest(given.encode(), ticket.encode()):
            return False
        self.ticket = None
        return True

    def bears_token(self, headers: Headers) -> bool:
        try:
            cookies = SimpleCookie(headers.get("Cookie", ""))
        except CookieError:
            return False
        morsel = cookies.get(self.cookie_name)
        return self.right(morsel.value if morsel is not None else None)

    def bears_header(self, headers: Headers) -> bool:
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self.right(token.strip())

    def is_here(self, named: str | None) -> bool:
        """Whether a `Host` names this server. On a network, any address will do: only a name can be made to lead
        here."""
        name, port = _split(named or "")
        if port != self.port:
            return False
        if name in (self.host, *(LOOPBACK if self.host in LOOPBACK or _unspecified(self.host) else ())):
            return True
        return _unspecified(self.host) and _is_address(name)

    def refusal(self, headers: Headers, *, changes: bool) -> Refused | None:
        """Return why a request may not pass.

        Args:
            changes: it is a POST, which only our own page may send.
        """
        host = headers.get("Host")
        if not self.is_here(host):
            return Refused(421, "this server has another name: open the address that was printed")
        # A page elsewhere cannot send this header unless we said that it may, which we never do; so no origin is asked.
        is_program = "Authorization" in headers
        if changes:
            if not is_program and headers.get("Origin") != f"http://{host}":
                by_page = "this request came from another page"
                return Refused(403, by_page if "Origin" in headers else "a program sends `Authorization: Bearer TOKEN`")
            if headers.get("Content-Type", "").partition(";")[0].strip() != "application/json":
                return Refused(415, "send JSON")
        if not (self.bears_header(headers) if is_program else self.bears_token(headers)):
            return Refused(401, "open the address that was printed: it holds the token")
        return None


def _split(named: str) -> tuple[str, int]:
    """Return the name and the port of a `Host`; port 80 where none is said.

    >>> _split("localhost:8484"), _split("[::1]:8484"), _split("example.org")
    (('localhost', 8484), ('::1', 8484), ('example.org', 80))
    """
    name, colon, port = named.rpartition(":")
    if not colon or named.endswith("]"):
        name, port = named, "80"
    return name.strip("[]").lower(), int(port) if port.isascii() and port.isdecimal() and len(port) < 6 else -1


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _unspecified(host: str) -> bool:
    return host in ("0.0.0.0", "::", "")
