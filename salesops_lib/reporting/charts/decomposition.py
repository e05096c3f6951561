"""A measure in time and what it is made of: trend above, season and rest below, on one scale of shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesops_lib.reporting.charts.canvas import NARROW, WIDE, canvas
from salesops_lib.reporting.charts.scale import Scale, column, known, span
from salesops_lib.reporting.charts.series import label_time

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from salesops_lib.reporting.charts.canvas import Canvas
    from salesops_lib.reporting.voice import Voice

TOP, SHARE, HEAD, FOOT = 180.0, 84.0, 24.0, 40.0


def plot_decomposition(
    frame: pd.DataFrame,
    *,
    voice: Voice,
    ax: Axes | None = None,
    unit: str = "money",
    better: str = "higher",
    narrow: bool = False,
) -> Axes:
    """`actual` as a line over `label` with `trend` dashed; `season` and `rest`, shares of the trend, as columns.

    Months marked `is_unusual` have their rest in another colour.
    """
    del better
    height = TOP + 2 * SHARE + FOOT
    sheet = canvas(ax, height, width=NARROW if narrow else WIDE)
    slot = sheet.width / max(1, len(frame))
    middle = [(n + 0.5) * slot for n in range(len(frame))]
    values = known([*frame["actual"], *frame["trend"]])
    up = Scale(*span(values), TOP - 8, HEAD + 14)
    sheet.line([0, sheet.width], [up(0), up(0)], "muted", 0.8)
    sheet.line(middle, [up(v) for v in frame["actual"]], "actual", 1.5)
    sheet.line(middle, [up(v) for v in frame["trend"]], "accent", 2.4)
    money = voice.money(values) if unit == "money" else None
    if len(frame):
        last = frame["trend"].iloc[-1]
        text = voice.cell(last, unit, money=money)
        sheet.text(sheet.width, 10, text, anchor="right", bold=True)
        sheet.dot(middle[-1], up(last), "accent", 3.0, gid="last:trend")
    widest = max([abs(v) for v in known([*frame["season"], *frame["rest"]])], default=0.0) or 1.0
    unusual = column(frame, "is_unusual", False).tolist()
    for row, name in enumerate(("season", "rest")):
        _shares(sheet, frame[name].tolist(), name, TOP + row * SHARE, slot, widest, voice,
                unusual if name == "rest" else [False] * len(frame))  # fmt: skip
    label_time(sheet, [str(one) for one in frame["label"]], slot, height - FOOT + 14, voice.lang)
    return sheet.ax


def _shares(
    sheet: Canvas, values: list[float], name: str, top: float, slot: float, widest: float, voice: Voice, marked: list[bool]
) -> None:  # fmt: skip
    """Columns from a line of none, all panels to one scale; the name, and the largest share either way."""
    up = Scale(-widest, widest, top + SHARE - 4, top + 26)
    sheet.line([0, sheet.width], [up(0), up(0)], "line", 1.0)
    box = sheet.text(0, top + 12, voice.name("column", name), size="small", role="muted")
    there = known(values)
    if there:
        ends = (
            f"{voice.cell(min(there), 'ratio', signed=True)} … {voice.cell(max(there), 'ratio', signed=True)}"
        )
        sheet.text(box.right + 10, top + 12, ends, size="small")
    wide = min(16.0, slot * 0.62)
    for n, (value, is_marked) in enumerate(zip(values, marked, strict=True)):
        low, high = sorted((up(value), up(0)))
        x = (n + 0.5) * slot - wide / 2
        sheet.bar(x, x + wide, low, high - low, "bad" if is_marked else "band", gid=f"{name}:{n}")
