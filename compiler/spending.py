"""What served models may cost, and what they have cost: tokens are counted, money is tokens at the user's prices.

In: a budget and prices as a command line gives them, and what each request may take at most and took in the end. Out: a
`BudgetError` before the request that could exceed the budget, never after it; the sum so far. Every request reserves
its most before it is sent, so the budget holds however many are under way. This file must not know servers or requests.

    --budget 200000tokens                       tokens read and written, together
    --budget 2.50usd --price gpt-5-mini=0.25/2  the price of a million tokens read, and written, in the budget's money
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from compiler.failures import BudgetError

TOKENS = "tokens"
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Budget:
    """unit: `tokens`, or the name of the money that prices are given in."""

    amount: float
    unit: str

    def __str__(self) -> str:
        return f"{_shown(self.amount)} {self.unit}"


@dataclass(frozen=True, slots=True)
class Price:
    """Of a million tokens: read (the prompt's) and written (the answer's)."""

    read: float
    written: float


def budget_of(text: str) -> Budget:
    """
    Raises:
        ValueError: no amount with its unit.

    >>> print(budget_of("200000tokens"), budget_of("2.50 usd"), sep=", ")
    200,000 tokens, 2.5 usd
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*", text)
    if found is None:
        raise ValueError("write an amount and its unit: 200000tokens, or 2.50usd")
    unit = found[2].lower()
    return Budget(float(found[1]), TOKENS if unit in ("token", "tokens") else unit)


def price_of(text: str) -> tuple[str, Price]:
    """
    Raises:
        ValueError: no model with two prices.

    >>> price_of("gpt-5-mini=0.25/2")
    ('gpt-5-mini', Price(read=0.25, written=2.0))
    """
    found = re.fullmatch(r"(\S+)=(\d+(?:\.\d+)?)/(\d+(?:\.\d+)?)", text.strip())
    if found is None:
        raise ValueError("write MODEL=READ/WRITTEN, the prices of a million tokens: gpt-5-mini=0.25/2")
    return found[1], Price(float(found[2]), float(found[3]))


@dataclass(frozen=True, slots=True)
class Used:
    """requests: answered. read, written: tokens. guessed: requests whose tokens no server told, which count at their
    most: what was sent and got lost on the way may have been charged."""

    requests: int = 0
    read: int = 0
    written: int = 0
    guessed: int = 0

    def plus(self, other: Used) -> Used:
        return Used(
            self.requests + other.requests,
            self.read + other.read,
            self.written + other.written,
            self.guessed + other.guessed,
        )


@dataclass(slots=True)
class Ledger:
    """What one command spends. budget: None to count only. rate: requests a minute to one server, at most. at_once:
    requests under way at once to one server, at most; None for what an engine takes by itself."""

    budget: Budget | None = None
    prices: Mapping[str, Price] = field(default_factory=dict)
    rate: float | None = None
    at_once: int | None = None
    used: dict[str, Used] = field(default_factory=dict)
    _reserved: float = 0.0
    _changed: threading.Condition = field(default_factory=threading.Condition, repr=False)

    def open(self, model: str, read: int, written: int) -> Ticket:
        """Return leave to send a request of at most `read` and `written` tokens; wait for what is under way where the
        budget has room only without it.

        Raises:
            BudgetError: it could cost more than is left, or its model has no price.
        """
        ticket = Ticket(self, model, read, written)
        ticket.again()
        return ticket

    def spent(self) -> float:
        """In the budget's unit; in tokens where there is no budget."""
        return sum(self._cost(model, used.read, used.written) for model, used in self.used.items())

    def summary(self) -> str:
        """What was used, in a line for each model; empty where nothing was asked.

        >>> ledger = Ledger(Budget(1, "usd"), {"m": Price(1, 2)})
        >>> ledger.open("m", 10_000, 500).answered((8_000, 120))
        >>> ledger.summary()
        'm: 1 request, 8,000 tokens read, 120 written\\nspent: 0.00824 usd of 1 usd'
        """
        lines = []
        for model, used in self.used.items():
            guessed = f", {used.guessed} counted at their most" if used.guessed else ""
            requests = f"{used.requests:,} request{'' if used.requests == 1 else 's'}"
            lines.append(f"{model}: {requests}, {used.read:,} tokens read, {used.written:,} written{guessed}")
        if lines and self.budget is not None:
            lines.append(f"spent: {_shown(self.spent())} {self.budget.unit} of {self.budget}")
        return "\n".join(lines)

    def reserve(self, model: str, read: int, written: int) -> float:
        """Return what is reserved, in the budget's unit."""
        if self.budget is None:
            return 0.0
        most = self._cost(model, read, written)
        with self._changed:
            while True:
                left = self.budget.amount - self.spent()
                if most > left:
                    raise BudgetError(
                        f"the next request to {model} may cost up to {_shown(most)} {self.budget.unit}, and "
                        f"{_shown(left)} of {self.budget} are left",
                        help="what was answered is kept: the same command with a further --budget goes on from here",
                    )
                if most <= left - self._reserved:
                    self._reserved += most
                    return most
                self._changed.wait()

    def settle(self, reserved: float, model: str = "", used: Used | None = None) -> None:
        """Give back what was reserved, and count what was used in its place."""
        with self._changed:
            self._reserved -= reserved
            if used is not None:
                self.used[model] = self.used.get(model, Used()).plus(used)
            self._changed.notify_all()

    def _cost(self, model: str, read: int, written: int) -> float:
        if self.budget is None or self.budget.unit == TOKENS:
            return read + written
        price = self.prices.get(model)
        if price is None:
            raise BudgetError(
                f"a budget of {self.budget} needs the price of {model}",
                help=f"--price {model}=READ/WRITTEN, of a million tokens in {self.budget.unit}; or --budget in tokens",
            )
        return (read * price.read + written * price.written) / MILLION


@dataclass(slots=True)
class Ticket:
    """Leave to send a request, of which each try ends in one of `answered`, `lost` and `free`. read, written: the most
    tokens that it may take."""

    ledger: Ledger
    model: str
    read: int
    written: int
    reserved: float = 0.0

    def again(self) -> None:
        """Before each try; as `Ledger.open`."""
        self.free()
        self.reserved = self.ledger.reserve(self.model, self.read, self.written)

    def answered(self, tokens: tuple[int, int] | None) -> None:
        """tokens: read and written, as the server tells them; None where it does not."""
        read, written = tokens or (self.read, self.written)
        self._settle(Used(1, read, written, int(tokens is None)))

    def lost(self) -> None:
        """The server may have charged for an answer that did not arrive whole."""
        self._settle(Used(0, self.read, self.written, 1))

    def free(self) -> None:
        """What was not answered costs nothing."""
        self._settle(None)

    def _settle(self, used: Used | None) -> None:
        reserved, self.reserved = self.reserved, 0.0
        self.ledger.settle(reserved, self.model, used)


def _shown(amount: float) -> str:
    return f"{amount:,.0f}" if amount == int(amount) else f"{amount:,.4g}"


_current: ContextVar[Ledger | None] = ContextVar("ledger", default=None)


def current() -> Ledger:
    """The ledger of the command that runs; a new one, without a budget, where none does."""
    return _current.get() or Ledger()


@contextmanager
def spending(ledger: Ledger) -> Iterator[Ledger]:
    """Let every engine that is loaded inside count into `ledger`."""
    token = _current.set(ledger)
    try:
        yield ledger
    finally:
        _current.reset(token)
