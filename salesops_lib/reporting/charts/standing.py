"""Units against plan and previous year: IBCS's integrated bar chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from salesops_lib.reporting.charts.canvas import NARROW, WIDE, Canvas, canvas, text_width
from salesops_lib.reporting.charts.scale import Scale, column, span, tone
from salesops_lib.reporting.numbers import is_missing, percent
from salesops_lib.reporting.style import SIZES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from salesops_lib.reporting.voice import Voice

ROWS = 15
TOP = 26.0


def plot_standing(
    frame: pd.DataFrame,
    *,
    voice: Voice,
    ax: Axes | None = None,
    unit: str = "money",
    better: str = "higher",
    narrow: bool = False,
) -> Axes:
    """Horizontal bars of each unit: actual, previous year behind, target as a mark, and the variance.

    Parameters
    ----------
    frame
        unit, actual and where there are: target, base, gap, growth, is_total.  Drawn in the
        frame's order, at most 15 units and the total.
    voice, unit, better
        How numbers read, and which direction is good news.
    ax
        Drawn on when given.
    narrow
        For a page as wide as a phone.
    """
    shown = _shown(frame)
    row = 46.0 if narrow else 27.0
    sheet = canvas(ax, TOP + row * len(shown) + 6, width=NARROW if narrow else WIDE)
    money = voice.money(_amounts(shown)) if unit == "money" else None

    def text(value: object, *, signed: bool = False) -> str:
        return voice.cell(value, unit, money=money, signed=signed)

    rows = [_Row(r, better) for r in shown.to_dict("records")]
    reference = "plan" if any(not is_missing(r.target) for r in rows) else "previous"
    for r in rows:
        r.refer(reference)
    if narrow:
        _draw_narrow(sheet, rows, row, text, voice, reference)
    else:
        _draw_wide(sheet, rows, row, text, voice, reference)
    return sheet.ax


class _Row:
    """One unit's numbers, and its variance to the reference that the chart shows."""

    def __init__(self, record: dict[str, Any], better: str) -> None:
        self.name = str(record["unit"])
        self.actual = record.get("actual")
        self.target = record.get("target")
        self.base = record.get("base")
        self.is_total = bool(record.get("is_total", False))
        self._given = record
        self._better = better

    def refer(self, reference: str) -> None:
        against = self.target if reference == "plan" else self.base
        known = not (is_missing(against) or is_missing(self.actual))
        gap = self._given.get("gap") if reference == "plan" else None
        self.gap = gap if not is_missing(gap) else float(self.actual) - float(against) if known else None
        self.rate = self.gap / abs(float(against)) if known and against else None
        self.tone = tone(self.gap, self._better)


def _shown(frame: pd.DataFrame) -> pd.DataFrame:
    total = column(frame, "is_total", False).astype(bool)
    return frame[total | ((~total).cumsum() <= ROWS)]


def _amounts(frame: pd.DataFrame) -> list[object]:
    return [v for c in ("actual", "target", "base") if c in frame for v in frame[c]]


def _bar_scale(rows: list[_Row], left: float, right: float) -> Scale:
    values = [v for r in rows if not r.is_total for v in (r.actual, r.target, r.base)]
    return Scale(*span(values), left, right)


def _draw_bars(sheet: Canvas, r: _Row, scale: Scale, middle: float) -> float:
    """Previous year behind, actual before it, the target's mark; gives the rightmost edge."""
    zero, edge = scale(0), scale(0)
    if not is_missing(r.base):
        sheet.bar(zero, scale(r.base), middle - 9, 9, "previous", gid=f"previous:{r.name}")
        edge = max(edge, scale(r.base))
    if not is_missing(r.actual):
        sheet.bar(zero, scale(r.actual), middle - 5, 12, "actual", gid=f"actual:{r.name}")
        edge = max(edge, scale(r.actual))
    if not is_missing(r.target):
        at = scale(r.target)
        sheet.bar(at - 1.25, at + 1.25, middle - 10, 21, "paper")
        sheet.bar(at - 0.75, at + 0.75, middle - 10, 21, "actual", gid=f"target:{r.name}")
        edge = max(edge, at)
    return edge


def _draw_wide(sheet: Canvas, rows: list[_Row], height: float, text: Any, voice: Voice, reference: str) -> None:
    size = SIZES["text"]
    names = min(190.0, max(text_width(r.name, size, bold=r.is_total) for r in rows) + 4)
    widest = max(text_width(text(r.actual), size, bold=True) for r in rows)
    gaps = max(text_width(text(r.gap, signed=True), size, bold=True) for r in rows)
    rates = max(text_width(percent(r.rate, signed=True), size, bold=True) for r in rows)
    pin = 110.0 + rates
    bar_left = names + 10
    gap_width = 80 + 2 * gaps
    bars = _bar_scale(rows, bar_left, sheet.width - pin - gap_width - widest - 34)
    middle_gap, middle_rate = sheet.width - pin - gap_width / 2 - 12, sheet.width - pin / 2 - 8
    units = [r for r in rows if not r.is_total]
    gap_scale = _around(middle_gap, 40.0, [r.gap for r in units])
    rate_scale = _around(middle_rate, pin / 2 - rates / 2 - 12, [r.rate for r in units], most=1.0)
    sign = voice.word(f"legend.{'plan' if reference == 'plan' else 'previous'}")
    sheet.text(bar_left, 10, voice.word("legend.actual"), size="small", role="muted")
    sheet.text(middle_gap, 10, f"Δ {sign}", size="small", role="muted", anchor="center")
    sheet.text(middle_rate, 10, f"Δ {sign} %", size="small", role="muted", anchor="center")
    for n, r in enumerate(rows):
        middle = TOP + height * n + height / 2
        if r.is_total:
            sheet.line([0, sheet.width], [middle - height / 2 + 1] * 2, "muted", 0.8)
        sheet.text(0, middle, r.name, bold=r.is_total, room=names)
        edge = bar_left - 6 if r.is_total else _draw_bars(sheet, r, bars, middle)
        sheet.text(edge + 6, middle + 1, text(r.actual), bold=r.is_total)
        if r.is_total:
            sheet.text(middle_gap, middle, text(r.gap, signed=True), bold=True, anchor="center", role=r.tone)
            sheet.text(middle_rate, middle, percent(r.rate, signed=True), bold=True, anchor="center", role=r.tone)
            continue
        _variance(sheet, r, gap_scale, middle, text(r.gap, signed=True))
        _lollipop(sheet, r, rate_scale, middle)
    low, high = TOP + 2, TOP + height * len(units) - 2
    for x in (bars(0), middle_gap, middle_rate):
        sheet.line([x, x], [low, high], "muted", 0.8)


def _around(middle: float, reach: float, values: list[Any], most: float = float("inf")) -> Scale:
    largest = max((min(abs(float(v)), most) for v in values if not is_missing(v)), default=1.0) or 1.0
    return Scale(-largest, largest, middle - reach, middle + reach)


def _variance(sheet: Canvas, r: _Row, scale: Scale, middle: float, label: str) -> None:
    if is_missing(r.gap):
        return
    end = scale(r.gap)
    sheet.bar(scale(0), end, middle - 5, 12, r.tone, gid=f"gap:{r.name}")
    _beside(sheet, end, scale(0), middle, label, r.tone)


def _lollipop(sheet: Canvas, r: _Row, scale: Scale, middle: float) -> None:
    if is_missing(r.rate):
        return
    end = scale(max(-1.0, min(1.0, float(r.rate))))
    sheet.line([scale(0), end], [middle + 1] * 2, r.tone, 2.0)
    sheet.dot(end, middle + 1, r.tone, 3.2, gid=f"rate:{r.name}")
    _beside(sheet, end + (3 if end >= scale(0) else -3), scale(0), middle, percent(r.rate, signed=True), r.tone)


def _beside(sheet: Canvas, end: float, zero: float, middle: float, label: str, role: str) -> None:
    right = end >= zero
    sheet.text(end + (5 if right else -5), middle + 1, label, anchor="left" if right else "right", role="ink")


def _draw_narrow(sheet: Canvas, rows: list[_Row], height: float, text: Any, voice: Voice, reference: str) -> None:
    widest = max(text_width(text(r.actual), SIZES["text"], bold=True) for r in rows)
    bars = _bar_scale(rows, 0, sheet.width - widest - 12)
    sign = voice.word(f"legend.{'plan' if reference == 'plan' else 'previous'}")
    sheet.text(0, 10, voice.word("legend.actual"), size="small", role="muted")
    sheet.text(sheet.width, 10, f"Δ {sign} %", size="small", role="muted", anchor="right")
    for n, r in enumerate(rows):
        top = TOP + height * n
        if r.is_total:
            sheet.line([0, sheet.width], [top - 1] * 2, "muted", 0.8)
        label = percent(r.rate, signed=True)
        variance = sheet.text(sheet.width, top + 10, label, anchor="right", bold=True, role=r.tone)
        sheet.text(0, top + 10, r.name, bold=r.is_total, room=variance.left - 8)
        edge = -6.0 if r.is_total else _draw_bars(sheet, r, bars, top + 30)
        sheet.text(edge + 6, top + 31, text(r.actual), bold=r.is_total)
