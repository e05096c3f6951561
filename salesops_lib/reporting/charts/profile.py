"""What is paid at each attainment, and the units that lie about the curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesops_lib.reporting.charts.canvas import NARROW, WIDE, canvas, text_width
from salesops_lib.reporting.charts.scale import Scale, known, ticks
from salesops_lib.reporting.numbers import is_missing, percent
from salesops_lib.reporting.style import SIZES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from salesops_lib.reporting.voice import Voice

HEIGHT = 320.0


def plot_profile(
    frame: pd.DataFrame,
    *,
    voice: Voice,
    ax: Axes | None = None,
    unit: str = "ratio",
    better: str = "higher",
    narrow: bool = False,
) -> Axes:
    """The curve `pays` over `attainment` of rows that are no unit, a dot for each that is; those beyond stand hollow at the border."""
    del better
    sheet = canvas(ax, HEIGHT, width=NARROW if narrow else WIDE)
    curve, units = frame[~frame.is_unit.astype(bool)], frame[frame.is_unit.astype(bool)]
    money = voice.money(known(curve.pays)) if unit == "money" else None
    right, levels = max(known(curve.attainment), default=1.0), ticks(0.0, max(known(curve.pays), default=1.0))
    labels = [percent(y, 0) if unit == "ratio" else voice.cell(y, unit, money=money) for y in levels]
    left = max(text_width(label, SIZES["small"]) for label in labels) + 14
    across, up = Scale(0, right, left, sheet.width - 12), Scale(0, levels[-1], HEIGHT - 30, 14)
    for y, label in zip(levels, labels, strict=True):
        sheet.line([across(0), across(right)], [up(y)] * 2, "line", 0.8)
        sheet.text(left - 8, up(y), label, size="small", role="muted", anchor="right")
    for x in ticks(0.0, right):
        if x <= right + 1e-9:
            label = percent(x, 0)
            middle = min(across(x), sheet.width - text_width(label, SIZES["small"]) / 2)
            sheet.text(middle, HEIGHT - 14, label, size="small", role="muted", anchor="center")
    if right >= 1.0:
        sheet.line([across(1)] * 2, [up(0), up(levels[-1])], "muted", 1.0, (3, 3))
    sheet.line([across(x) for x in curve.attainment], [up(y) for y in curve.pays], "actual", 2.2)
    for n, (x, y) in enumerate(zip(units.attainment, units.pays, strict=True)):
        if not (is_missing(x) or is_missing(y)):
            place = across(min(max(x, 0.0), right)), up(min(max(y, 0.0), levels[-1]))
            sheet.dot(*place, "accent", 3.0, hollow=x > right or y > levels[-1], gid=f"unit:{n}")
    return sheet.ax
