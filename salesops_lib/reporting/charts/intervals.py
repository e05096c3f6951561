"""Estimates with their uncertainty: a dot, an interval, and what it is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from salesops_lib.reporting.charts.canvas import NARROW, WIDE, Canvas, canvas, text_width
from salesops_lib.reporting.charts.scale import Scale, known, ticks
from salesops_lib.reporting.numbers import is_missing, month, percent
from salesops_lib.reporting.style import SIZES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from salesops_lib.reporting.voice import Voice

ROWS, TOP = 15, 26.0


def plot_intervals(
    frame: pd.DataFrame,
    *,
    voice: Voice,
    ax: Axes | None = None,
    unit: str = "ratio",
    better: str = "higher",
    narrow: bool = False,
) -> Axes:
    """Dot and interval of `label, value, low, high` with `n` and `base` where there are."""
    del better
    shown = frame.head(ROWS)
    row = 44.0 if narrow else 28.0
    sheet = canvas(ax, TOP + row * len(shown) + 22, width=NARROW if narrow else WIDE)
    values = known(v for c in ("value", "low", "high", "base") if c in shown for v in shown[c])
    money = voice.money(values) if unit == "money" else None
    rows = shown.to_dict("records")
    is_change = unit == "ratio" and min(values, default=0.0) < 0  # a share or a rate is never below nothing
    labels = [voice.cell(r.get("value"), unit, money=money, signed=is_change) for r in rows]
    counts = ["" if is_missing(r.get("n")) else f"n = {voice.cell(r['n'], 'count')}" for r in rows]
    words = [month(voice.said(r["label"]), voice.lang) for r in rows]
    names = max((text_width(word, SIZES["text"]) for word in words), default=0) + 18
    names = 0.0 if narrow else min(210.0, names)
    counted = max((text_width(c, SIZES["small"]) for c in counts), default=0)
    room = max((text_width(label, SIZES["text"], bold=True) for label in labels), default=0) + counted + 34
    marks = _marks(values, unit)
    places = 0 if all(round(100 * mark, 6).is_integer() for mark in marks) else 1
    told = [
        percent(mark, places) if unit == "ratio" else voice.cell(mark, _axis_unit(unit), money=money)
        for mark in marks
    ]
    edge = max(12.0, *(text_width(text, SIZES["small"]) / 2 + 2 for text in (told[0], told[-1])))
    across = Scale(marks[0], marks[-1], names + edge, sheet.width - (edge if narrow else room))
    bottom = TOP + row * len(rows)
    for mark, text in zip(marks, told, strict=True):
        x = across(mark)
        sheet.line([x, x], [TOP - 6, bottom], "line", 0.8)
        sheet.text(x, bottom + 10, text, size="small", role="muted", anchor="center")
    for n, r in enumerate(rows):
        top = TOP + row * n
        middle = top + (31 if narrow else row / 2)
        line = top + 12 if narrow else middle
        sheet.text(sheet.width, line, counts[n], size="small", role="muted", anchor="right")
        value = sheet.text(sheet.width - counted - 10, line, labels[n], anchor="right", bold=True)
        sheet.text(0, line, words[n], room=value.left - 8 if narrow else names - 8)
        _draw(sheet, r, across, middle)
    return sheet.ax


def _axis_unit(unit: str) -> str:
    """Round values of an axis need no decimals."""
    return "quantity" if unit in ("index", "score", "days") else unit


def _marks(values: list[float], unit: str) -> list[float]:
    """Round values of the axis: from zero, unless all lie far from it."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    marks = ticks(0.0 if 0 < low < 0.6 * high else low, high)
    return [m for m in marks if m <= 1.0 or unit != "ratio" or high > 1.0] or [0.0, 1.0]


def _draw(sheet: Canvas, r: dict[str, Any], across: Scale, y: float) -> None:
    if not is_missing(r.get("low")) and not is_missing(r.get("high")):
        sheet.bar(across(r["low"]), across(r["high"]), y - 3, 6, "band", gid=f"interval:{r['label']}")
    if not is_missing(r.get("base")):
        x = across(r["base"])
        sheet.line([x, x], [y - 8, y + 8], "muted", 2.0)
    if not is_missing(r.get("value")):
        sheet.dot(across(r["value"]), y, "actual", 4.2, gid=f"value:{r['label']}")
