"""A forecast: what was, what is expected, and how sure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from salesops_lib.reporting.charts.canvas import NARROW, WIDE, Canvas, canvas, text_width
from salesops_lib.reporting.charts.scale import Scale, column, known, ticks, whole
from salesops_lib.reporting.charts.series import label_time
from salesops_lib.reporting.numbers import is_missing
from salesops_lib.reporting.style import SIZES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from salesops_lib.reporting.voice import Voice

HEIGHT, FOOT, HEAD = 280.0, 40.0, 16.0
_LINES = (
    ("base", "previous", 1.6, None),
    ("target", "muted", 1.4, (2, 2)),
    ("median", "actual", 1.8, (5, 3)),
)


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
    low, high = min(values, default=0.0), max(values, default=1.0)
    marks = ticks(0.0 if 0 < low < 0.6 * high else low, high, 5)
    up = Scale(marks[0], marks[-1], HEIGHT - FOOT, HEAD)
    axis = whole([voice.cell(m, unit, money=money) for m in marks])
    left = max(text_width(text, SIZES["small"]) for text in axis) + 10
    slot = (sheet.width - room - left) / max(1, len(frame))
    xs = [left + n * slot + slot / 2 for n in range(len(frame))]
    for value, text in zip(marks, axis, strict=True):
        sheet.line([left, sheet.width - room], [up(value)] * 2, "line", 0.8)
        sheet.text(left - 10, up(value), text, size="small", role="muted", anchor="right")
    _bands(sheet, frame, xs, up)
    for key, role, weight, dash in (*_LINES, ("actual", "actual", 2.2, None)):
        course = _joined(frame) if key == "median" else column(frame, key).tolist()
        points = [(x, up(v)) for x, v in zip(xs, course, strict=True) if not is_missing(v)]
        if points:
            sheet.line([x for x, _ in points], [y for _, y in points], role, weight, dash)
    _end_labels(sheet, ends, up, sheet.width - room + 4)
    label_time(sheet, frame["label"].astype(str).tolist(), slot, HEIGHT - FOOT + 16, voice.lang, left)
    return sheet.ax


def _joined(frame: pd.DataFrame) -> list[object]:
    """The expected course, begun at the last actual so that the lines meet."""
    course, actual = column(frame, "median").tolist(), column(frame, "actual").tolist()
    first = next((n for n, v in enumerate(course) if not is_missing(v)), 0)
    if first and not is_missing(actual[first - 1]):
        course[first - 1] = actual[first - 1]
    return course


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
            sheet.area(
                points, [up(lows[n]) for n in there], [up(highs[n]) for n in there], role, f"band_{level}"
            )


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
