"""From one total to another: a waterfall, drawn downward so that long names fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from salesops_lib.reporting.charts.canvas import NARROW, WIDE, Canvas, canvas, text_width
from salesops_lib.reporting.charts.scale import Scale, known, tone
from salesops_lib.reporting.numbers import is_missing
from salesops_lib.reporting.style import SIZES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from salesops_lib.reporting.voice import Voice

TOP = 6.0
#: Roles of steps between totals: one whose sign says whether it is good, and one that is good whatever its sign.
EFFECTS = ("effect", "success")


def plot_bridge(
    frame: pd.DataFrame,
    *,
    voice: Voice,
    ax: Axes | None = None,
    unit: str = "money",
    better: str = "higher",
    narrow: bool = False,
) -> Axes:
    """Waterfall of `step, amount, role` (start, effect, success, end): totals dark, effects in the colours of variance.

    Totals start at zero.  Where the effects are small against the totals the totals are cut
    and show it by a break.
    """
    row = 44.0 if narrow else 30.0
    sheet = canvas(ax, TOP + row * len(frame) + 4, width=NARROW if narrow else WIDE)
    steps = _steps(frame, voice)
    money = voice.money(known(frame["amount"])) if unit == "money" else None
    labels = [voice.cell(s["amount"], unit, money=money, signed=s["role"] in EFFECTS) for s in steps]
    room = max(text_width(label, SIZES["text"], bold=True) for label in labels) + 10
    names = (
        0.0
        if narrow
        else min(230.0, max(text_width(s["name"], SIZES["text"], bold=True) for s in steps) + 16)
    )
    low, high, is_cut = _reach(steps)
    scale = Scale(low, high, names, sheet.width - room)
    for n, (step, label) in enumerate(zip(steps, labels, strict=True)):
        top = TOP + row * n + (18.0 if narrow else 5.0)
        _draw_step(sheet, step, label, scale, top, better, is_cut)
        bold = step["role"] not in EFFECTS
        sheet.text(
            0, top - 9 if narrow else top + 10, step["name"], bold=bold, room=sheet.width if narrow else names
        )
        if n + 1 < len(steps):
            x = scale(step["to"])
            sheet.line([x, x], [top + 18, top + row], "muted", 0.7)
    if not is_cut:
        sheet.line([scale(0), scale(0)], [TOP, sheet.height - 4], "muted", 0.8)
    return sheet.ax


def _steps(frame: pd.DataFrame, voice: Voice) -> list[dict[str, Any]]:
    steps, running = [], 0.0
    for record in frame.to_dict("records"):
        amount = 0.0 if is_missing(record["amount"]) else float(record["amount"])
        is_effect = record["role"] in EFFECTS
        start = running if is_effect else 0.0
        running = start + amount
        step = {"name": voice.said(record["step"]), "amount": record["amount"], "role": record["role"]}
        steps.append({**step, "from": start, "to": running})
    return steps


def _reach(steps: list[dict[str, Any]]) -> tuple[float, float, bool]:
    """Lowest and highest value to draw, and whether the totals are cut."""
    heights = [s["to"] for s in steps] + [s["from"] for s in steps if s["role"] in EFFECTS]
    low, high = min(heights), max(heights)
    if low > 0 and (high - low) < 0.2 * high and high > low:
        return low - 0.8 * (high - low), high, True
    return min(0.0, low), max(0.0, high) or 1.0, False


def _draw_step(
    sheet: Canvas, step: dict[str, Any], label: str, scale: Scale, top: float, better: str, is_cut: bool
) -> None:
    is_effect = step["role"] in EFFECTS
    role = {"start": "previous", "end": "actual", "success": "good"}.get(step["role"]) or tone(
        step["amount"], better
    )
    start = step["from"] if is_effect or not is_cut else scale.low
    x0, x1 = scale(start), scale(step["to"])
    sheet.bar(x0, x1, top, 18, role, gid=f"{step['role']}:{step['name']}")
    if is_cut and not is_effect:
        for shift in (12.0, 17.0):
            sheet.line([x0 + shift, x0 + shift + 5], [top + 20, top - 2], "paper", 2.0)
    sheet.text(max(x0, x1) + 6, top + 10, label, bold=not is_effect)
