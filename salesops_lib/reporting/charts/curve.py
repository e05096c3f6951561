"""Concentration: which share of the whole the largest few make."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from salesops_lib.reporting.charts.canvas import NARROW, WIDE, Box, Canvas, canvas, text_width
from salesops_lib.reporting.charts.scale import Scale, column, known
from salesops_lib.reporting.numbers import is_missing, percent
from salesops_lib.reporting.style import SIZES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from salesops_lib.reporting.voice import Voice

HEIGHT = 280.0


def plot_curve(
    frame: pd.DataFrame,
    *,
    voice: Voice,
    ax: Axes | None = None,
    unit: str = "ratio",
    better: str = "higher",
    narrow: bool = False,
) -> Axes:
    """Cumulative share `y` over share of units `x`, from 0 to 1 or, where some take away, beyond; rows with a `label` are marked."""
    del better, unit, voice
    sheet = canvas(ax, HEIGHT, width=NARROW if narrow else WIDE)
    most = max([1.0, *known(frame["y"])])
    step = 0.25 if most <= 1.5 else 0.5 if most <= 3 else 1.0
    top = math.ceil(round(most / step, 6)) * step
    across, up = Scale(0, 1, 44, sheet.width - 16), Scale(0, top, HEIGHT - 30, 14)
    for n in range(round(top / step) + 1):
        sheet.line([across(0), across(1)], [up(n * step)] * 2, "line", 0.8)
        sheet.text(36, up(n * step), percent(n * step, 0), size="small", role="muted", anchor="right")
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        sheet.text(across(share), HEIGHT - 14, percent(share, 0), size="small", role="muted", anchor="center")
    points = [(across(x), up(y)) for x, y in zip(frame["x"], frame["y"], strict=True) if not is_missing(y)]
    sheet.line([across(0), across(1)], [up(0), up(1)], "previous", 1.0, (3, 3))
    sheet.line([x for x, _ in points], [y for _, y in points], "actual", 2.2)
    for x, y, label in zip(frame["x"], frame["y"], column(frame, "label"), strict=True):
        if not is_missing(label):
            sheet.dot(across(x), up(y), "accent", 4.2, gid=f"mark:{label}")
            _mark(sheet, across(x), up(y), str(label), points)
    return sheet.ax


def _mark(sheet: Canvas, x: float, y: float, label: str, points: list[tuple[float, float]]) -> None:
    """The label below and right of its point, where the curve is not."""
    wide = text_width(label, SIZES["text"])
    for dx, dy in ((10, 14), (10, 30), (-wide - 10, -12), (10, 46), (10, 62)):
        left = min(max(x + dx, 50.0), sheet.width - wide)
        box = Box(left, y + dy - 7, left + wide, y + dy + 7)
        crossed = any(
            box.left - 3 < px < box.right + 3 and box.top - 3 < py < box.bottom + 3 for px, py in points
        )
        if not crossed and box.bottom < HEIGHT - 24 and sheet.is_free(box):
            sheet.text(left, y + dy, label)
            return
