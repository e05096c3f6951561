"""A measure in time: columns of actuals, the previous year behind, the plan as an outline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from salesops_lib.reporting.charts.canvas import NARROW, WIDE, Box, Canvas, canvas, text_width
from salesops_lib.reporting.charts.scale import Scale, column, span
from salesops_lib.reporting.numbers import is_missing, month
from salesops_lib.reporting.style import SIZES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from salesops_lib.reporting.voice import Voice

HEIGHT, FOOT, HEAD = 250.0, 40.0, 24.0


def plot_series(
    frame: pd.DataFrame,
    *,
    voice: Voice,
    ax: Axes | None = None,
    unit: str = "money",
    better: str = "higher",
    narrow: bool = False,
) -> Axes:
    """Columns of `label, actual` and where there are `base`, `target`, `is_complete`.

    An incomplete month is hatched; the latest is labelled in bold, the others where there
    is room.
    """
    del better  # a course has no variance to colour
    sheet = canvas(ax, HEIGHT, width=NARROW if narrow else WIDE)
    names = [c for c in ("actual", "base", "target") if c in frame]
    values = [v for c in names for v in frame[c]]
    up = Scale(*span(values), HEIGHT - FOOT, HEAD)
    slot = sheet.width / max(1, len(frame))
    money = voice.money(values) if unit == "money" else None
    records = frame.to_dict("records")
    whole = column(frame, "is_complete", True).tolist()
    for n, (record, is_complete) in enumerate(zip(records, whole, strict=True)):
        _columns(sheet, record, bool(is_complete), n * slot, slot, up)
    sheet.line([0, sheet.width], [up(0), up(0)], "muted", 0.8)
    labels = [voice.cell(r.get("actual"), unit, money=money) for r in records]
    bars = [_bar_box(r, n * slot, slot, up) for n, r in enumerate(records)]
    for n in _by_importance(records):
        others = [bar for other, bar in enumerate(bars) if other != n]
        _value(sheet, labels[n], n, slot, up, records[n], others, is_last=n == _last(records))
    label_time(sheet, [str(r["label"]) for r in records], slot, HEIGHT - FOOT + 14, voice.lang)
    return sheet.ax


def _columns(
    sheet: Canvas, r: dict[str, Any], is_complete: bool, left: float, slot: float, up: Scale
) -> None:
    x, wide, shift = _place(left, slot)
    name = r["label"]
    pairs = [("base", "previous", -shift), ("actual", "actual" if is_complete else "forecast", 0.0)]
    for key, role, by in pairs:
        if not is_missing(r.get(key)):
            top, bottom = sorted((up(r[key]), up(0)))
            sheet.bar(x + by, x + by + wide, top, bottom - top, role, gid=f"{key}:{name}")
    if not is_missing(r.get("target")):
        top, bottom = sorted((up(r["target"]), up(0)))
        sheet.bar(x + shift, x + shift + wide, top, bottom - top, "plan", gid=f"target:{name}")


def _place(left: float, slot: float) -> tuple[float, float, float]:
    """Where the column of a slot begins, how wide it is, and how far its companions stand aside."""
    wide = min(34.0, slot * 0.62)
    return left + (slot - wide) / 2, wide, min(5.0, wide * 0.2)


def _bar_box(r: dict[str, Any], left: float, slot: float, up: Scale) -> Box:
    """The place that the columns of a slot take."""
    x, wide, shift = _place(left, slot)
    heights = [up(0), *(up(r[k]) for k in ("actual", "base", "target") if not is_missing(r.get(k)))]
    return Box(x - shift, min(heights), x + wide + shift, max(heights))


def _last(records: list[dict[str, Any]]) -> int:
    there = [n for n, r in enumerate(records) if not is_missing(r.get("actual"))]
    return there[-1] if there else -1


def _by_importance(records: list[dict[str, Any]]) -> list[int]:
    """Which values get a label first: the latest, the highest, the lowest, then from the end."""
    there = [n for n, r in enumerate(records) if not is_missing(r.get("actual"))]
    ranked = sorted(there, key=lambda n: float(records[n]["actual"]))
    first = [there[-1], ranked[-1], ranked[0]] if there else []
    return list(dict.fromkeys(first + there[::-1]))


def _value(
    sheet: Canvas,
    label: str,
    n: int,
    slot: float,
    up: Scale,
    record: dict[str, Any],
    others: list[Box],
    *,
    is_last: bool,
) -> None:
    """The value over its column, where no other text and no other column is in the way."""
    wide = text_width(label, SIZES["text"], bold=is_last)
    height, is_inside = _above(record, up)
    y = height - 9
    x = min(max(n * slot + slot / 2, wide / 2), sheet.width - wide / 2)
    box = Box(x - wide / 2, y - 7, x + wide / 2, y + 7)
    if sheet.is_free(box, gap=4) and not any(box.meets(other) for other in others):
        if is_inside:  # a gap in the outline, so that the number stays readable
            sheet.bar(box.left - 2, box.right + 2, y - 7, 14, "paper")
        sheet.text(x, y, label, anchor="center", bold=is_last)


def _above(record: dict[str, Any], up: Scale) -> tuple[float, bool]:
    """Height over the bars, and whether that is inside the plan's outline."""
    solid = min([up(record[k]) for k in ("actual", "base") if not is_missing(record.get(k))] + [up(0)])
    if is_missing(record.get("target")):
        return solid, False
    outline = up(record["target"])
    return (solid, True) if outline < solid - 22 else (min(solid, outline), False)


def label_time(sheet: Canvas, labels: list[str], slot: float, y: float, lang: str, left: float = 0.0) -> None:
    """Months below an axis, every one where there is room; the year where it changes."""
    names = [month(label, lang, short=True) for label in labels]
    years = [label[:4] if label[4:5] == "-" else "" for label in labels]
    widest = max((text_width(name, SIZES["small"]) for name in names), default=0)
    step = max(1, int((widest + 6) // max(slot, 1)) + (1 if (widest + 6) % max(slot, 1) else 0))
    last = len(labels) - 1
    for n, name in enumerate(names):
        x = left + n * slot + slot / 2
        if (last - n) % step == 0:
            _time(sheet, x, y, name, n == last)
        if years[n] and (n == 0 or years[n] != years[n - 1]):
            _time(sheet, x, y + 15, years[n] + ("年" if lang.startswith("zh") else ""), False)


def _time(sheet: Canvas, x: float, y: float, text: str, bold: bool) -> None:
    wide = text_width(text, SIZES["small"], bold=bold)
    x = min(max(x, wide / 2), sheet.width - wide / 2)
    if sheet.is_free(Box(x - wide / 2, y - 6, x + wide / 2, y + 6), gap=2):
        sheet.text(x, y, text, size="small", role="ink" if bold else "muted", anchor="center", bold=bold)
