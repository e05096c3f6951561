"""A sheet to draw on: an Axes whose unit is one CSS pixel, y downward, and measured text.

Layout is ours, not matplotlib's: text is measured before it is placed, Chinese included, so
that nothing overlaps and nothing is cut on any machine.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from salesops_lib.reporting.style import LATIN, ROLES, SIZES
from salesops_lib.reporting.visible import one_line, visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDE, NARROW = 760.0, 346.0
ELLIPSIS = "…"


@dataclass(frozen=True)
class Box:
    """Where a text stands: left, top, right, bottom, in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box, gap: float = 0.0) -> bool:
        """Whether two boxes overlap, or come nearer than `gap` sideways.

        >>> Box(0, 0, 10, 10).meets(Box(9, 5, 20, 15)), Box(0, 0, 10, 10).meets(Box(10, 0, 20, 10))
        (True, False)
        """
        apart = self.right + gap <= other.left or other.right + gap <= self.left
        return not (apart or self.bottom <= other.top or other.bottom <= self.top)


@dataclass
class Canvas:
    """Draws shapes by role and text by size on an Axes laid out in pixels."""

    ax: Axes
    width: float
    height: float
    boxes: list[Box] = field(default_factory=list)

    def bar(
        self, x0: float, x1: float, top: float, height: float, role: str, *, gid: str = "", title: str = ""
    ) -> None:
        """A rectangle from x0 to x1; `plan` is outlined, `forecast` hatched, others filled; `title` is told when it is pointed at."""
        from matplotlib.patches import Rectangle

        left, wide = min(x0, x1), abs(x1 - x0)
        self.ax.add_patch(
            Rectangle(
                (left, top),
                wide,
                height,
                clip_on=False,
                gid=visible(gid),
                label=one_line(title),
                **_look(role),
            )
        )

    def line(
        self, xs: Sequence[float], ys: Sequence[float], role: str, width: float = 1.0, dash: Any = None
    ) -> None:
        """A line through points; `dash` is matplotlib's dash sequence."""
        from matplotlib.lines import Line2D

        style = (0, dash) if dash else "-"
        self.ax.add_line(
            Line2D(
                list(xs),
                list(ys),
                color=ROLES[role],
                lw=width,
                ls=style,
                clip_on=False,
                solid_capstyle="butt",
            )
        )

    def area(
        self, xs: Sequence[float], lows: Sequence[float], highs: Sequence[float], role: str, gid: str
    ) -> None:
        """A band between two lines."""
        from matplotlib.patches import Polygon

        points = [*zip(xs, lows, strict=True), *reversed(list(zip(xs, highs, strict=True)))]
        self.ax.add_patch(
            Polygon(points, closed=True, fc=ROLES[role], ec="none", clip_on=False, gid=visible(gid))
        )

    def dot(
        self, x: float, y: float, role: str, radius: float = 3.5, *, hollow: bool = False, gid: str = ""
    ) -> None:
        """A point; hollow for plans and incomplete values."""
        from matplotlib.patches import Circle

        fill = ROLES["paper"] if hollow else ROLES[role]
        self.ax.add_patch(
            Circle((x, y), radius, fc=fill, ec=ROLES[role], lw=1.4, clip_on=False, gid=visible(gid))
        )

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: str = "text",
        role: str = "ink",
        anchor: str = "left",
        bold: bool = False,
        room: float | None = None,
    ) -> Box:
        """Text around height `y`, shortened to `room` pixels; its box is kept for the next ones."""
        points = SIZES[size]
        plain = one_line(text)
        shown = plain if room is None else shorten(plain, room, points, bold=bold)
        wide = text_width(shown, points, bold=bold)
        left = {"left": x, "right": x - wide, "center": x - wide / 2}[anchor]
        self.ax.text(
            x, y + points * 0.36, shown, fontsize=points, color=ROLES[role], ha=anchor, va="baseline",
            weight="bold" if bold else "normal", clip_on=False, parse_math=False,
        )  # fmt: skip
        box = Box(left, y - points * 0.55, left + wide, y + points * 0.55)
        self.boxes.append(box)
        return box

    def is_free(self, box: Box, gap: float = 3.0) -> bool:
        """Whether a text may stand there without touching another."""
        return not any(box.meets(other, gap) for other in self.boxes)


def canvas(ax: Axes | None, height: float, *, width: float = WIDE) -> Canvas:
    """A sheet of `width` by `height` pixels, on `ax` when given, else on a figure of its own."""
    if ax is None:
        from matplotlib.figure import Figure

        from salesops_lib.reporting.style import drawing

        with drawing():
            figure = Figure(figsize=(width / 72, height / 72), dpi=72, frameon=False)
            ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    ax.set_axis_off()
    ax.set_xlim(0, width)
    ax.set_ylim(height, 0)
    return Canvas(ax, width, height)


def _look(role: str) -> dict[str, Any]:
    if role == "plan":
        return {"fc": "none", "ec": ROLES["plan"], "lw": 1.1}
    if role == "forecast":
        return {"fc": ROLES["paper"], "ec": ROLES["forecast"], "lw": 1.0, "hatch": "//////"}
    return {"fc": ROLES[role], "ec": "none"}


@lru_cache(maxsize=8)
def _font(bold: bool) -> Any:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return get_font(findfont(FontProperties(family=[LATIN], weight="bold" if bold else "normal")))


@lru_cache(maxsize=4096)
def _advance(character: str, bold: bool) -> float:
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF" or ord(character) > 0x2E80:
        return 1.0
    font = _font(bold)
    font.set_size(100.0, 72)
    return float(font.load_char(ord(character)).linearHoriAdvance) / 65536 / 100


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Width of a text in pixels: a Chinese character is as wide as the size.

    >>> text_width("华东大区", 10)
    40.0
    """
    return sum(_advance(c, bold) for c in one_line(text)) * size


def shorten(text: str, room: float, size: float, *, bold: bool = False) -> str:
    """The text, cut with an ellipsis where it is wider than `room` pixels.

    >>> shorten("华东大区第一销售部", 45, 10)
    '华东大…'
    """
    if text_width(text, size, bold=bold) <= room:
        return text
    kept = text
    while kept and text_width(kept + ELLIPSIS, size, bold=bold) > room:
        kept = kept[:-1]
    return kept.rstrip() + ELLIPSIS
