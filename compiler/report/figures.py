"""How a number is written, the same in the terminal and on the page.

In: shares and intervals. Out: short text. Digits follow what the number can carry: whole points, with one decimal below
1% and above 99%, where whole points would hide the difference between rare and never.

>>> percent(0.974), percent(0.004), percent(1.0), span(0.9149, 0.9901)
('97%', '0.4%', '100%', '[91, 99.0]')
>>> points(-0.021), points(0.5), target(">=", 0.85), target("<=", 0.005)
('−2.1', '+50', '≥ 85%', '≤ 0.5%')
"""

from __future__ import annotations

from compiler.records.behaviour import MetricUnit
from compiler.records.figures import Comparison, Rate, Verdict

UNCALIBRATED, LABELLED = "~", "†"
"""Before a share that a judge decided whom nobody has tried on this arm; after one that people's labels put right."""
SYMBOLS: dict[Verdict | None, str] = {"met": "✓", "missed": "✗", "unclear": "?", None: "–"}


def number(share: float) -> str:
    """Return `share` in percent, without the sign."""
    value = share * 100.0
    if 0.0 < value < 1.0 or 99.0 < value < 100.0:
        text = f"{value:.1f}"
        # A share that is not quite nothing, or not quite all, is never rounded to it.
        return {"0.0": "<0.1", "100.0": ">99.9"}.get(text, text)
    return f"{value:.0f}"


def percent(share: float) -> str:
    return f"{number(share)}%"


def span(low: float, high: float) -> str:
    return f"[{number(low)}, {number(high)}]"


def points(difference: float) -> str:
    """Return a difference of shares in points, signed."""
    value = difference * 100.0
    text = f"{abs(value):.0f}" if abs(value) >= 9.95 else f"{abs(value):.1f}"
    if float(text) == 0.0:
        return "0"
    return f"{'−' if value < 0 else '+'}{text}"


def target(comparison: Comparison, share: float) -> str:
    value = f"{share * 100:.2f}".rstrip("0").rstrip(".")
    return f"{'≥' if comparison == '>=' else '≤'} {value}%"


def count(value: float) -> str:
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.1f}"


def share(given: Rate) -> str:
    """Return a share with the sign of what it rests on: `97%`, `~97%`, `97%†`."""
    before = UNCALIBRATED if given.basis == "uncalibrated judge" else ""
    return f"{before}{percent(given.share)}{LABELLED if given.basis == 'labels' else ''}"


def rate(given: Rate) -> str:
    """Return `97% [91, 99]`, or a dash where nothing was decided."""
    return f"{share(given)} {span(given.low, given.high)}" if given.n else "–"


def quantity(value: float, unit: MetricUnit) -> str:
    """Return a metric's figure as its unit is written.

    >>> quantity(0.25, "share"), quantity(12.34, "words"), quantity(0.123, "nats"), quantity(125.0, "tokens")
    ('25%', '12.3', '0.12', '125')
    """
    match unit:
        case "share":
            return percent(value)
        case "words":
            return words(value)
        case "nats" | "correlation":
            return decimals(value)
        case "tokens":
            return f"{value:.0f}"


def within(low: float, high: float, unit: MetricUnit) -> str:
    """Return a metric's interval; tokens of a prompt are counted, so that they have none.

    >>> within(0.2, 0.3, "share"), within(-0.2, 0.25, "correlation"), within(125.0, 125.0, "tokens")
    ('[20, 30]', '[−0.20, 0.25]', '')
    """
    if unit == "tokens":
        return ""
    if unit == "share":
        return span(low, high)
    return f"[{quantity(low, unit)}, {quantity(high, unit)}]"


def moved(value: float, unit: MetricUnit) -> str:
    """Return a difference of a metric, signed: shares in points.

    >>> moved(0.25, "share"), moved(-2.5, "words"), moved(0.123, "nats"), moved(-125.0, "tokens")
    ('+25', '−2.5', '+0.12', '−125')
    """
    if unit == "share":
        return points(value)
    text = quantity(abs(value), unit)
    return text if float(text) == 0.0 else f"{'−' if value < 0 else '+'}{text}"


def decimals(value: float) -> str:
    """Return a number with two decimals: `−0.26`.

    >>> decimals(-0.001), decimals(-0.26)
    ('0.00', '−0.26')
    """
    text = f"{abs(value):.2f}"
    return text if value >= 0 or float(text) == 0.0 else f"−{text}"


def words(value: float) -> str:
    return f"{value:.1f}"


def signed(value: float) -> str:
    """Return a difference that is no share, signed: `−6.3`."""
    text = f"{abs(value):.1f}"
    return text if float(text) == 0.0 else f"{'−' if value < 0 else '+'}{text}"
