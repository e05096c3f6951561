"""A whole taken apart level by level: each unit as high as its share of the one it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from salesops_lib.reporting.charts.canvas import NARROW, WIDE, canvas, text_width
from salesops_lib.reporting.charts.scale import known
from salesops_lib.reporting.numbers import is_missing, percent
from salesops_lib.reporting.style import SIZES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from salesops_lib.reporting.charts.canvas import Canvas
    from salesops_lib.reporting.numbers import MoneyUnit
    from salesops_lib.reporting.voice import Voice

#: Pixels of a unit of the last level on average, of the least and the greatest picture, of a line of text and of a small one.
SLOT, LEAST, MOST, LINE, SMALL = 18.0, 160.0, 1080.0, 14.0, 12.6
#: Share of the sheet that each level but the last one takes, on a desk and on a phone (where the whole stands above).
PART = {False: 0.19, True: 0.27}
HEAD, INSET = 26.0, 6.0


def plot_icicle(
    frame: pd.DataFrame,
    *,
    voice: Voice,
    ax: Axes | None = None,
    unit: str = "money",
    better: str = "higher",
    narrow: bool = False,
) -> Axes:
    """Boxes of `unit` by `depth`, beside their `parent`'s, as high as their `share` of it; darker where `is_above`.

    Rows stand parents first, each followed by what it is made of.  Boxes too thin for text tell their figures when pointed at.
    """
    del better
    frame = frame[frame["depth"].notna()]
    deepest = int(frame["depth"].max()) if len(frame) else -1
    height = min(max(LEAST, SLOT * int((frame["depth"] == deepest).sum())), MOST)
    head = HEAD * (2 if narrow else 1)
    sheet = canvas(ax, head + height + 1, width=NARROW if narrow else WIDE)
    money = voice.money(known(frame["target"])) if unit == "money" else None
    first = 1 if narrow and deepest > 0 else 0
    wide = PART[narrow] * sheet.width
    edges = [max(0, depth - first) * wide for depth in range(deepest + 1)] + [sheet.width]
    spans: dict[tuple[int, str], tuple[float, float]] = {}
    ends: dict[tuple[int, str], float] = {}
    for row in frame.to_dict("records"):
        depth, key = row["depth"], (row["depth"], row["unit"])
        above = (depth - 1, row["parent"])
        top, high = spans.get(above, (head, height))
        start = ends.get(above, top)
        spans[key] = start, high * (0.0 if is_missing(row["share"]) else row["share"])
        ends[above] = start + spans[key][1]
        told = (voice.said(row["unit"]), voice.cell(row["target"], unit, money=money), _growth(row, voice))
        if depth < first:
            _line(sheet, (0.0, sheet.width), HEAD / 2, told)
            continue
        box = edges[depth], edges[depth + 1] - 2, *spans[key]
        role = "band" if row["is_above"] is True else "wash"
        _box(sheet, box, role, told, gid=f"{depth}:{row['unit']}", title=_title(row, voice, unit, money))
    for depth in range(first, deepest + 1):
        name = voice.said(frame.loc[frame["depth"] == depth, "level"].iloc[0])
        room = edges[depth + 1] - edges[depth] - 2
        sheet.text(edges[depth], head - HEAD / 2, name, size="small", role="muted", room=room)
    return sheet.ax


def _growth(row: dict[str, Any], voice: Voice) -> str:
    return "" if is_missing(row["growth"]) else voice.cell(row["growth"], "ratio", signed=True)


def _title(row: dict[str, Any], voice: Voice, unit: str, money: MoneyUnit | None) -> str:
    """What a box says when it is pointed at."""
    value = money.text(row["target"]) if money else voice.cell(row["target"], unit)
    is_part = row["depth"] and not is_missing(row["share"])
    of = f"{percent(row['share'])} / {voice.said(row['parent'])}" if is_part else ""
    return " · ".join(part for part in (voice.said(row["unit"]), value, _growth(row, voice), of) if part)


def _box(
    sheet: Canvas, box: tuple[float, float, float, float], role: str, told: tuple[str, str, str], *, gid: str, title: str
) -> None:  # fmt: skip
    """A box with its name and figures on one line, else on two, else its name alone, else nothing."""
    left, right, top, high = box
    sheet.bar(left, right, top, max(high - 1, 0.4), role, gid=gid, title=title)
    figures = " ".join(part for part in told[1:] if part)
    room, middle = right - left - 2 * INSET, top + (high - 1) / 2
    both = text_width(told[0], SIZES["text"]) + text_width(figures, SIZES["small"]) + 10
    if high < SMALL:
        return
    size = "text" if high >= LINE else "small"
    if both <= room:
        _line(sheet, (left + INSET, right - INSET), middle, told, size)
    elif high >= 2 * LINE + 2:
        sheet.text(left + INSET, middle - LINE / 2, told[0], room=room)
        sheet.text(left + INSET, middle + LINE / 2, figures, size="small", room=room)
    else:
        sheet.text(left + INSET, middle, told[0], size=size, room=room)


def _line(
    sheet: Canvas, ends: tuple[float, float], y: float, told: tuple[str, str, str], size: str = "text"
) -> None:
    """Name to the left, figures to the right."""
    name, value, growth = told
    sheet.text(ends[0], y, name, size=size)
    sheet.text(ends[1], y, " ".join(part for part in (value, growth) if part), size="small", anchor="right")
