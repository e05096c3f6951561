"""A process from step to step: how many enter, how many go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesops_lib.reporting.charts.canvas import NARROW, WIDE, canvas, text_width
from salesops_lib.reporting.charts.scale import Scale, column, known
from salesops_lib.reporting.numbers import is_missing, percent
from salesops_lib.reporting.style import SIZES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from salesops_lib.reporting.voice import Voice

TOP = 26.0


def plot_flow(
    frame: pd.DataFrame,
    *,
    voice: Voice,
    ax: Axes | None = None,
    unit: str = "money",
    better: str = "higher",
    narrow: bool = False,
) -> Axes:
    """Bars of `n` by `step`, its `rate` beside it, and the `amount` to the right."""
    del better
    row = 50.0 if narrow else 36.0
    sheet = canvas(ax, TOP + row * len(frame) + 2, width=NARROW if narrow else WIDE)
    amounts = column(frame, "amount").tolist()
    money = voice.money(known(amounts)) if unit == "money" else None
    texts = ["" if is_missing(a) else voice.cell(a, unit, money=money) for a in amounts]
    steps = [voice.said(s) for s in frame["step"]]
    counts = [voice.cell(n, "count") for n in frame["n"]]
    names = 0.0 if narrow else min(200.0, max(text_width(s, SIZES["text"]) for s in steps) + 16)
    right = max((text_width(t, SIZES["text"]) for t in texts), default=0) + (16 if any(texts) else 0)
    room = max(text_width(c, SIZES["text"], bold=True) for c in counts) + 12
    across = Scale(0, max(known(frame["n"]), default=1) or 1, names, sheet.width - right - room - 66)
    rates = column(frame, "rate").tolist()
    heads = [voice.word("column.n"), *([voice.word("column.rate")] if known(rates) else [])]
    sheet.text(names, 10, " · ".join(heads), size="small", role="muted")
    if any(texts):
        header = f"{voice.word('column.amount')} {money.header if money else ''}".rstrip()
        sheet.text(sheet.width, 10, header, size="small", role="muted", anchor="right")
    for i, n in enumerate(frame["n"]):
        top = TOP + row * i + (18 if narrow else 6)
        sheet.text(0, top - 10 if narrow else top + 11, steps[i], room=sheet.width if narrow else names - 8)
        end = across(0 if is_missing(n) else n)
        sheet.bar(across(0), end, top, 20, "actual", gid=f"n:{steps[i]}")
        count = sheet.text(end + 7, top + 10, counts[i], bold=True)
        if not is_missing(rates[i]):
            sheet.text(count.right + 10, top + 10, percent(rates[i]), role="muted")
        sheet.text(sheet.width, top + 10, texts[i], anchor="right")
    return sheet.ax
