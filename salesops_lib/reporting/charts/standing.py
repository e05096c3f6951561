"""Units against plan and previous year: IBCS's integrated bar chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from salesops_lib.reporting.charts.canvas import NARROW, WIDE, Canvas, canvas, text_width
from salesops_lib.reporting.charts.scale import Scale, column, known, number, span, tone
from salesops_lib.reporting.numbers import percent
from salesops_lib.reporting.style import SIZES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from salesops_lib.reporting.voice import Voice

ROWS = 15
TOP = 26.0
MOST = 0.5  # pins of larger rates are cut


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
        unit, actual and where there are: target, base, expected_share, is_total.  Drawn in
        the frame's order, at most 15 units and the total.  The variance is to the target; in
        a period that still runs, to the part of it that is due by now.
    voice, unit, better
        How numbers read, and which direction is good news.
    ax
        Drawn on when given.
    narrow
        For a page as wide as a phone.
    """
    shown = _shown(frame)
    row = 46.0 if narrow else 27.0
    sheet = canvas(ax, TOP + row * len(shown) + 4, width=NARROW if narrow else WIDE)
    money = voice.money(_amounts(shown)) if unit == "money" else None

    def text(value: object, *, signed: bool = False) -> str:
        return voice.cell(value, unit, money=money, signed=signed)

    is_planned = bool(known(column(shown, "target")))
    records = shown.to_dict("records")
    rows = [_row(r, voice.said(r["unit"]), better, is_planned=is_planned) for r in records]
    is_running = is_planned and any(r.is_running for r in rows)
    word = "legend.plan_due" if is_running else "legend.plan" if is_planned else "legend.previous"
    draw = _draw_narrow if narrow else _draw_wide
    draw(sheet, rows, row, text, voice, voice.word(word))
    return sheet.ax


@dataclass(frozen=True)
class _Row:
    """One unit's numbers, and its variance to the reference that the chart shows."""

    name: str
    actual: float | None
    target: float | None
    due: float | None
    base: float | None
    is_total: bool
    is_running: bool
    gap: float | None
    rate: float | None
    tone: str


def _row(record: dict[str, Any], name: str, better: str, *, is_planned: bool) -> _Row:
    """A unit's row; `due` is the target, or the part of it that is due by now."""
    actual, target, base = (number(record.get(k)) for k in ("actual", "target", "base"))
    share = min(1.0, number(record.get("expected_share")) or 1.0)
    due = None if target is None else target * share
    against = due if is_planned else base
    gap = None if actual is None or against is None else actual - against
    rate = gap / abs(against) if gap is not None and against else None
    is_total = bool(record.get("is_total", False))
    return _Row(name, actual, target, due, base, is_total, share < 1, gap, rate, tone(gap, better))


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
    if r.base is not None:
        sheet.bar(zero, scale(r.base), middle - 9, 9, "previous", gid=f"previous:{r.name}")
        edge = max(edge, scale(r.base))
    if r.actual is not None:
        sheet.bar(zero, scale(r.actual), middle - 5, 12, "actual", gid=f"actual:{r.name}")
        edge = max(edge, scale(r.actual))
    if r.due is not None and r.is_running:
        at = scale(r.due)
        sheet.bar(at - 0.75, at + 0.75, middle + 7, 5, "muted", gid=f"due:{r.name}")
    if r.target is not None:
        at = scale(r.target)
        sheet.bar(at - 1.25, at + 1.25, middle - 10, 21, "paper")
        sheet.bar(at - 0.75, at + 0.75, middle - 10, 21, "actual", gid=f"target:{r.name}")
        edge = max(edge, at)
    return edge


def _draw_wide(sheet: Canvas, rows: list[_Row], height: float, text: Any, voice: Voice, sign: str) -> None:
    size = SIZES["text"]
    names = min(190.0, max(text_width(r.name, size, bold=r.is_total) for r in rows) + 4)
    widest = max(text_width(text(r.actual), size, bold=True) for r in rows)
    gaps = max(text_width(text(r.gap, signed=True), size, bold=True) for r in rows)
    rates = max(text_width(percent(r.rate, signed=True), size, bold=True) for r in rows)
    is_compared = any(r.gap is not None for r in rows)
    pin = 108.0 + 2 * rates if is_compared else 0.0
    bar_left = names + 10
    gap_width = 80 + 2 * gaps if is_compared else 0.0
    bars = _bar_scale(rows, bar_left, sheet.width - pin - gap_width - widest - 34)
    middle_gap, middle_rate = sheet.width - pin - gap_width / 2 - 12, sheet.width - pin / 2 - 8
    units = [r for r in rows if not r.is_total]
    gap_scale = _around(middle_gap, 40.0, [r.gap for r in units])
    rate_scale = _around(middle_rate, 46.0, [r.rate for r in units], most=MOST)
    sheet.text(bar_left, 10, voice.word("legend.actual"), size="small", role="muted")
    if is_compared:
        sheet.text(middle_gap, 10, f"Δ {sign}", size="small", role="muted", anchor="center")
        sheet.text(middle_rate, 10, f"Δ {sign} %", size="small", role="muted", anchor="center")
    for n, r in enumerate(rows):
        middle = TOP + height * n + height / 2
        if r.is_total:
            sheet.line([0, sheet.width], [middle - height / 2 + 1] * 2, "muted", 0.8)
        sheet.text(0, middle, r.name, bold=r.is_total, room=names)
        edge = bar_left - 6 if r.is_total else _draw_bars(sheet, r, bars, middle)
        sheet.text(edge + 6, middle + 1, text(r.actual), bold=r.is_total)
        if r.is_total and is_compared:
            sheet.text(middle_gap, middle, text(r.gap, signed=True), bold=True, anchor="center", role=r.tone)
            sheet.text(
                middle_rate, middle, percent(r.rate, signed=True), bold=True, anchor="center", role=r.tone
            )
        if r.is_total or not is_compared:
            continue
        _variance(sheet, r, gap_scale, middle, text(r.gap, signed=True))
        _lollipop(sheet, r, rate_scale, middle)
    low, high = TOP + 2, TOP + height * len(units) - 2
    for x in (bars(0), middle_gap, middle_rate) if is_compared else (bars(0),):
        sheet.line([x, x], [low, high], "muted", 0.8)


def _around(middle: float, reach: float, values: list[float | None], most: float = float("inf")) -> Scale:
    largest = max((min(abs(v), most) for v in values if v is not None), default=1.0) or 1.0
    return Scale(-largest, largest, middle - reach, middle + reach)


def _variance(sheet: Canvas, r: _Row, scale: Scale, middle: float, label: str) -> None:
    if r.gap is None:
        return
    end = scale(r.gap)
    sheet.bar(scale(0), end, middle - 5, 12, r.tone, gid=f"gap:{r.name}")
    _beside(sheet, end, scale(0), middle, label, r.tone)


def _lollipop(sheet: Canvas, r: _Row, scale: Scale, middle: float) -> None:
    if r.rate is None:
        return
    end = scale(max(-MOST, min(MOST, r.rate)))
    sheet.line([scale(0), end], [middle + 1] * 2, r.tone, 2.0)
    if abs(r.rate) > MOST:  # off the scale: the pin is cut
        x = scale(0) + 0.6 * (end - scale(0))
        for shift in (-2.5, 2.5):
            sheet.line([x + shift - 3, x + shift + 3], [middle + 7, middle - 5], "paper", 2.0)
    sheet.dot(end, middle + 1, r.tone, 3.2, gid=f"rate:{r.name}")
    _beside(
        sheet, end + (3 if end >= scale(0) else -3), scale(0), middle, percent(r.rate, signed=True), r.tone
    )


def _beside(sheet: Canvas, end: float, zero: float, middle: float, label: str, role: str) -> None:
    right = end >= zero
    sheet.text(end + (5 if right else -5), middle + 1, label, anchor="left" if right else "right", role="ink")


def _draw_narrow(sheet: Canvas, rows: list[_Row], height: float, text: Any, voice: Voice, sign: str) -> None:
    widest = max(text_width(text(r.actual), SIZES["text"], bold=True) for r in rows)
    bars = _bar_scale(rows, 0, sheet.width - widest - 12)
    sheet.text(0, 10, voice.word("legend.actual"), size="small", role="muted")
    sheet.text(sheet.width, 10, f"Δ {sign} %", size="small", role="muted", anchor="right")
    for n, r in enumerate(rows):
        top = TOP + height * n
        if r.is_total:
            sheet.line([0, sheet.width], [top - 1] * 2, "muted", 0.8)
        label = percent(r.rate, signed=True)
        variance = sheet.text(sheet.width, top + 10, label, anchor="right", bold=True, role=r.tone)
        sheet.text(0, top + 10, r.name, bold=r.is_total, room=variance.left - 8)
        if r.is_total:
            sheet.text(text_width(r.name, SIZES["text"], bold=True) + 12, top + 10, text(r.actual), bold=True)
            continue
        edge = _draw_bars(sheet, r, bars, top + 30)
        sheet.text(edge + 6, top + 31, text(r.actual))
