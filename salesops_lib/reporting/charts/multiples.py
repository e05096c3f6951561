"""Small multiples: one panel a unit, one scale for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from salesops_lib.reporting.charts.canvas import NARROW, WIDE, Canvas, canvas
from salesops_lib.reporting.charts.scale import Scale, column, known, span
from salesops_lib.reporting.numbers import is_missing, month

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from salesops_lib.reporting.voice import Voice

PANELS, PANEL_HEIGHT, GAP = 12, 118.0, 26.0


def plot_multiples(
    frame: pd.DataFrame,
    *,
    voice: Voice,
    ax: Axes | None = None,
    unit: str = "money",
    better: str = "higher",
    narrow: bool = False,
) -> Axes:
    """A line of `actual` over `label` for each `panel`, the previous year lighter, `target` dotted; at most 12 panels."""
    del better
    panels = list(dict.fromkeys(frame["panel"].astype(str)))[:PANELS]
    across = min(len(panels), 2 if narrow else 4 if len(panels) > 6 else 3) or 1
    down = -(-len(panels) // across)
    sheet = canvas(ax, down * (PANEL_HEIGHT + 14), width=NARROW if narrow else WIDE)
    kept = frame[frame["panel"].astype(str).isin(panels)]
    values = known([*kept["actual"], *column(kept, "base"), *column(kept, "target")])
    money = voice.money(values) if unit == "money" else None
    wide = (sheet.width - GAP * (across - 1)) / across
    for n, panel in enumerate(panels):
        left, top = (n % across) * (wide + GAP), (n // across) * (PANEL_HEIGHT + 14)
        rows = kept[kept["panel"].astype(str) == panel].to_dict("records")
        up = Scale(*span(values), top + PANEL_HEIGHT - 18, top + 34)
        _panel(sheet, panel, rows, left, wide, top, up)
        last = next((r for r in reversed(rows) if not is_missing(r["actual"])), None)
        value = sheet.text(
            left + wide,
            top + 10,
            voice.cell(last and last["actual"], unit, money=money),
            anchor="right",
            bold=True,
        )
        sheet.text(left, top + 10, voice.said(panel), room=value.left - left - 8)
        _ends(sheet, rows, left, wide, top + PANEL_HEIGHT - 8, voice.lang)
    return sheet.ax


def _panel(
    sheet: Canvas, panel: str, rows: list[dict[str, Any]], left: float, wide: float, top: float, up: Scale
) -> None:
    sheet.line([left, left + wide], [up(0), up(0)], "line", 1.0)
    step = (wide - 8) / max(1, len(rows) - 1)
    for key, role, weight in (("target", "muted", 1.0), ("base", "previous", 1.6), ("actual", "actual", 1.9)):
        points = [(left + 4 + n * step, up(r[key])) for n, r in enumerate(rows) if not is_missing(r.get(key))]
        if points:
            dash = (2, 2) if key == "target" else None
            sheet.line([x for x, _ in points], [y for _, y in points], role, weight, dash)
            if key == "actual":
                sheet.dot(*points[-1], "actual", 3.0, gid=f"last:{panel}")


def _ends(sheet: Canvas, rows: list[dict[str, Any]], left: float, wide: float, y: float, lang: str) -> None:
    if not rows:
        return
    first, last = (month(rows[n]["label"], lang) for n in (0, -1))
    sheet.text(left, y, first, size="small", role="muted")
    if len(rows) > 1:
        sheet.text(left + wide, y, last, size="small", role="muted", anchor="right")
