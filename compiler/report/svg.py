"""Inline SVG: shapes at given places, told in words too.

In: places, in pixels or in percent of the width. Out: markup. Widths in percent let a figure grow and shrink with the
page while dots stay round and text keeps its size. Colours are the style sheet's: a shape has a class. All text is
escaped. This file must not know what a figure is about.

>>> drawing = Drawing("A line", "from left to right", 100, 10)
>>> drawing.line(0, 100, 5, 5, "axis")
>>> print(str(drawing)[:53])
<svg class="plot" role="img" width="100" height="10">
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from markupsafe import Markup

from compiler.records.record import Arm

Length = float | str
Anchor = Literal["start", "middle", "end"]

MARGIN = 2.0
"""Percent kept free on both sides, so that a dot at the edge stays whole."""


def across(share: float) -> str:
    """Return the place of `share` (0 to 1) as a percentage of a figure's width, within its margins.

    >>> across(0.0), across(0.5), across(1.0)
    ('2.00%', '50.00%', '98.00%')
    """
    return f"{MARGIN + share * (100.0 - 2 * MARGIN):.2f}%"


def wide(share: float) -> str:
    """Return a width of `share` of the scale that `across` draws on."""
    return f"{share * (100.0 - 2 * MARGIN):.2f}%"


class Drawing:
    """A figure. title names it, says tells what it shows to who cannot see it; a figure without a title is an ornament
    beside a text that says the same, and hidden from screen readers."""

    def __init__(self, title: str, says: str, width: Length, height: float, kind: str = "") -> None:
        self.head = Markup('<svg class="{}" {} width="{}" height="{}">').format(
            f"plot {kind}".strip(),
            Markup('role="img"') if title else Markup('aria-hidden="true" focusable="false"'),
            _length(width),
            _length(height),
        )
        if title:
            self.head += Markup("<title>{}</title><desc>{}</desc>").format(title, says)
        self.body: list[Markup] = []

    def __str__(self) -> str:
        return self.markup

    @property
    def markup(self) -> Markup:
        return self.head + Markup("").join(self.body) + Markup("</svg>")

    def line(self, x1: Length, x2: Length, y1: float, y2: float, kind: str) -> None:
        self.body.append(
            Markup('<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(kind, *map(_length, (x1, x2, y1, y2)))
        )

    def rect(self, x: Length, y: float, width: Length, height: float, kind: str) -> None:
        self.body.append(
            Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(
                kind, *map(_length, (x, y, width, height))
            )
        )

    def text(self, x: Length, y: float, text: str, anchor: Anchor = "middle", kind: str = "tick") -> None:
        self.body.append(
            Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>').format(
                kind, _length(x), _length(y), anchor, text
            )
        )

    def path(self, points: Sequence[tuple[float, float]], top: float, bottom: float, kind: str = "line") -> None:
        """A line through points, each as shares of the figure's width and of the height from `top` down to `bottom`."""
        places = " ".join(f"{1000 * x:.1f},{1000 * y:.1f}" for x, y in points)
        # A box of its own is stretched with the page, and its line keeps its width.
        self.body.append(
            Markup(
                '<svg x="{}%" y="{}" width="{}" height="{}" viewBox="0 0 1000 1000" preserveAspectRatio="none" '
                'overflow="visible"><polyline class="{}" points="{}" vector-effect="non-scaling-stroke"/></svg>'
            ).format(_length(MARGIN), _length(top), wide(1.0), _length(bottom - top), kind, places)
        )

    def dot(self, x: Length, y: float, radius: float = 4.0, kind: str = "dot") -> None:
        self.body.append(
            Markup('<circle class="{}" cx="{}" cy="{}" r="{}"/>').format(kind, *map(_length, (x, y, radius)))
        )

    def square(self, x: Length, y: float, radius: float = 3.6, kind: str = "dot", turned: bool = False) -> None:
        """A square around (x, y); `turned`, it stands on a corner."""
        half, side = _length(-radius), _length(2 * radius)
        inner = Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"{}/>').format(
            kind, half, half, side, side, Markup(' transform="rotate(45)"') if turned else ""
        )
        # A nested svg takes a percentage as its place, which a transform does not.
        self.body.append(Markup('<svg x="{}" y="{}" overflow="visible">{}</svg>').format(_length(x), _length(y), inner))

    def arm(self, arm: Arm, subject: bool, x: Length, y: float) -> None:
        """The sign of an arm: round without a prompt and square with one, filled with an adapter and hollow without;
        under vectors a square that stands on a corner."""
        kind = f"dot {'filled' if 'adapter' in arm else 'hollow'}{' subject' if subject else ''}"
        if arm == "steer":
            self.square(x, y, 3.7 if subject else 3.2, kind, turned=True)
        elif "prompt" in arm:
            self.square(x, y, 3.9 if subject else 3.4, kind)
        else:
            self.dot(x, y, 4.5 if subject else 3.8, kind)


def _length(value: Length) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
