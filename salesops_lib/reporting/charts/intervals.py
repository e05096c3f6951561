"""Estimates with their uncertainty: a dot, an interval, and what it is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from salesops_lib.reporting.charts.canvas import NARROW, WIDE, Canvas, canvas, text_width
from salesops_lib.reporting.charts.scale import Scale, known
from salesops_lib.reporting.numbers import is_missing
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
    labels = [_label(r, voice, unit, money) for r in rows]
    names = max((text_width(str(r["label"]), SIZES["text"]) for r in rows), default=0) + 18
    names = 0.0 if narrow else min(210.0, names)
    room = max((text_width(label, SIZES["text"], bold=True) for label in labels), default=0) + 14
    low, high = _reach(values, unit)
    across = Scale(low, high, names + 6, sheet.width - (8 if narrow else room))
    bottom = TOP + row * len(rows)
    _axis(sheet, across, bottom, voice, unit, money)
    for n, (r, label) in enumerate(zip(rows, labels, strict=True)):
        top = TOP + row * n
        middle = top + (31 if narrow else row / 2)
        value = sheet.text(sheet.width, top + 12 if narrow else middle, label, anchor="right", bold=True)
        sheet.text(0, top + 12 if narrow else middle, str(r["label"]), room=value.left - 8 if narrow else names - 8)
        _mark(sheet, r, across, middle)
    return sheet.ax


def _label(r: dict[str, Any], voice: Voice, unit: str, money: Any) -> str:
    text = voice.cell(r.get("value"), unit, money=money)
    return text if is_missing(r.get("n")) else f"{text}  n={voice.cell(r['n'], 'count')}"


def _reach(values: list[float], unit: str) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    pad = 0.06 * ((high - low) or 1.0)
    low, high = (low - pad if low < 0 or low > 0.5 * high else 0.0), high + pad
    return (max(0.0, low), min(1.0, high)) if unit == "ratio" and min(values, default=0) >= 0 else (low, high)


def _axis(sheet: Canvas, across: Scale, bottom: float, voice: Voice, unit: str, money: Any) -> None:
    for share, anchor in ((0.0, "left"), (0.5, "center"), (1.0, "right")):
        value = across.low + share * (across.high - across.low)
        x = across(value)
        sheet.line([x, x], [TOP - 6, bottom], "line", 0.8)
        sheet.text(x, bottom + 10, voice.cell(value, unit, money=money), size="small", role="muted", anchor=anchor)


def _mark(sheet: Canvas, r: dict[str, Any], across: Scale, y: float) -> None:
    if not is_missing(r.get("low")) and not is_missing(r.get("high")):
        sheet.bar(across(r["low"]), across(r["high"]), y - 3, 6, "band", gid=f"interval:{r['label']}")
    if not is_missing(r.get("base")):
        x = across(r["base"])
        sheet.line([x, x], [y - 8, y + 8], "muted", 2.0)
    if not is_missing(r.get("value")):
        sheet.dot(across(r["value"]), y, "actual", 4.2, gid=f"value:{r['label']}")
