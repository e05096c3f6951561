"""A forecast: what was, what is expected, and how sure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from salesops_lib.reporting.charts.canvas import NARROW, WIDE, Canvas, canvas, text_width
from salesops_lib.reporting.charts.scale import Scale, column, known
from salesops_lib.reporting.charts.series import label_time
from salesops_lib.reporting.numbers import is_missing
from salesops_lib.reporting.style import SIZES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from salesops_lib.reporting.voice import Voice

HEIGHT, FOOT, HEAD = 280.0, 40.0, 16.0
_LINES = (("base", "previous", 1.6, None), ("target", "muted", 1.4, (2, 2)), ("median", "actual", 1.8, (5, 3)))


def plot_fan(
    frame: pd.DataFrame,
    *,
    voice: Voice,
    ax: Axes | None = None,
    unit: str = "money",
    better: str = "higher",
    narrow: bool = False,
) -> Axes:
    """Line of `actual`, fan of `low_95 … high_95` around `median`, `base` lighter, `target` dotted.

    The last value of each line is written at its end.
    """
    del better
    sheet = canvas(ax, HEIGHT, width=NARROW if narrow else WIDE)
    names = [c for c in frame.columns if c != "label" and c != "is_complete"]
    values = known(v for c in names for v in frame[c])
    money = voice.money(values) if unit == "money" else None
    ends = _ends(frame, voice, unit, money)
    room = max((text_width(text, SIZES["text"], bold=True) for _, _, text in ends), default=0) + 12
    low, high = _reach(values)
    up = Scale(low, high, HEIGHT - FOOT, HEAD)
    slot = (sheet.width - room) / max(1, len(frame))
    xs = [n * slot + slot / 2 for n in range(len(frame))]
    _grid(sheet, up, voice, unit, money, sheet.width - room)
    _bands(sheet, frame, xs, up)
    for key, role, weight, dash in (*_LINES, ("actual", "actual", 2.2, None)):
        points = [(x, up(v)) for x, v in zip(xs, column(frame, key), strict=True) if not is_missing(v)]
        if points:
            sheet.line([x for x, _ in points], [y for _, y in points], role, weight, dash)
    _end_labels(sheet, ends, up, sheet.width - room + 4)
    label_time(sheet, frame["label"].astype(str).tolist(), slot, HEIGHT - FOOT + 14, voice.lang)
    return sheet.ax


def _reach(values: list[float]) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    return (0.0 if 0 < low < 0.6 * high else low - 0.1 * (high - low), high) if high > low else (0.0, high or 1.0)


def _bands(sheet: Canvas, frame: pd.DataFrame, xs: list[float], up: Scale) -> None:
    """The bands, starting at the last actual so that the fan opens from it."""
    actual = column(frame, "actual").tolist()
    last = max((n for n, v in enumerate(actual) if not is_missing(v)), default=None)
    for level, role in (("95", "wash"), ("80", "band")):
        if f"low_{level}" not in frame:
            continue
        lows, highs = frame[f"low_{level}"].tolist(), frame[f"high_{level}"].tolist()
        there = [n for n, v in enumerate(lows) if not is_missing(v)]
        if last is not None and there and last + 1 == there[0]:
            lows[last] = highs[last] = actual[last]
            there = [last, *there]
        if len(there) > 1:
            points = [xs[n] for n in there]
            sheet.area(points, [up(lows[n]) for n in there], [up(highs[n]) for n in there], role, f"band_{level}")


def _grid(sheet: Canvas, up: Scale, voice: Voice, unit: str, money: Any, right: float) -> None:
    for share in (0.0, 0.5, 1.0):
        value = up.low + share * (up.high - up.low)
        sheet.line([0, right], [up(value)] * 2, "line", 0.8)
        text = voice.cell(value, unit, money=money)
        sheet.text(0, up(value) - 8, text, size="small", role="muted")


def _ends(frame: pd.DataFrame, voice: Voice, unit: str, money: Any) -> list[tuple[str, float, str]]:
    words = {"median": "legend.forecast", "target": "legend.plan", "base": "legend.previous"}
    if "median" not in frame or not known(frame["median"]):
        words = {"actual": "legend.actual", **words}
    found = []
    for key, word in words.items():
        values = known(column(frame, key))
        if values:
            found.append((key, values[-1], f"{voice.word(word)} {voice.cell(values[-1], unit, money=money)}"))
    return found


def _end_labels(sheet: Canvas, ends: list[tuple[str, float, str]], up: Scale, x: float) -> None:
    """Labels at the ends of lines, pushed apart where they would touch."""
    placed = sorted(((up(value), key, text) for key, value, text in ends), key=lambda e: e[0])
    y = float("-inf")
    heights = []
    for wanted, _, _ in placed:
        y = max(wanted, y + 16)
        heights.append(y)
    excess = max(0.0, heights[-1] - (up.start - 2)) if heights else 0.0
    for (_, key, text), at in zip(placed, heights, strict=True):
        bold = key in ("median", "actual")
        sheet.text(x, at - excess, text, bold=bold, role="ink" if bold else "muted")
