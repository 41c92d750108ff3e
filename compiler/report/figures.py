"""How a number is written, the same in the terminal and on the page.

In: shares and intervals. Out: short text. Digits follow what the number can carry: whole points, with one decimal below
1% and above 99%, where whole points would hide the difference between rare and never.

>>> percent(0.974), percent(0.004), percent(1.0), span(0.9149, 0.9901)
('97%', '0.4%', '100%', '[91, 99.0]')
>>> points(-0.021), points(0.5), target(">=", 0.85), target("<=", 0.005)
('−2.1', '+50', '≥ 85%', '≤ 0.5%')
"""

from __future__ import annotations

from compiler.report.record import Comparison, Rate, Verdict

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


def rate(given: Rate) -> str:
    """Return `97% [91, 99]`, or a dash where nothing was decided."""
    return f"{percent(given.share)} {span(given.low, given.high)}" if given.n else "–"


def words(value: float) -> str:
    return f"{value:.1f}"


def signed(value: float) -> str:
    """Return a difference that is no share, signed: `−6.3`."""
    text = f"{abs(value):.1f}"
    return text if float(text) == 0.0 else f"{'−' if value < 0 else '+'}{text}"
