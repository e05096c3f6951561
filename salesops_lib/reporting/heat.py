"""Where and when: a matrix as a table with coloured cells, readable without its colours too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from salesops_lib.reporting import catalogue
from salesops_lib.reporting.charts.scale import known
from salesops_lib.reporting.definitions import better
from salesops_lib.reporting.numbers import MoneyUnit, is_missing, month, percent, points
from salesops_lib.reporting.tables import unit_of
from salesops_lib.reporting.voice import Voice

if TYPE_CHECKING:
    from salesops_lib.metrics import Exhibit

STEPS = (0.02, 0.10, 0.25)  # growth beyond which a cell takes the next shade
POINTS = (0.005, 0.01, 0.025)  # the same for a share, whose change is in percentage points


def show_matrix(exhibit: Exhibit, voice: Voice, *, id: str = "") -> Markup:
    """The exhibit's `row, column, value` as a table; cells coloured by `growth`, else by value.

    The growth of a share is its change in percentage points.  With growth: good and bad in three shades each, the rate below the value.  Without: one
    hue, darker for more.
    """
    frame = exhibit.frame
    rows, heads = list(dict.fromkeys(frame["row"])), list(dict.fromkeys(frame["column"]))
    cells = {(r["row"], r["column"]): r for r in frame.to_dict("records")}
    unit = unit_of(exhibit, "value")
    money = voice.money(known(frame["value"])) if unit == "money" else None
    has_growth = "growth" in frame and bool(known(frame["growth"]))
    largest = max((abs(v) for v in known(frame["value"])), default=0.0)
    good = better(exhibit.metric) if exhibit.metric else "higher"

    def cell(key: tuple[Any, Any]) -> Markup:
        r = cells.get(key, {})
        value = voice.cell(r.get("value"), unit, money=money)
        if not has_growth:
            return Markup('<td class="n {}">{}</td>').format(_depth(r.get("value"), largest), value)
        shade = _shade(r.get("growth"), good, POINTS if unit == "ratio" else STEPS)
        change = Markup("<small>{}</small>").format(_change(r, unit, voice)) if r else Markup("")
        return Markup('<td class="n {}">{}{}</td>').format(shade, value, change)

    corner = Markup('<td class="t corner">{}</td>').format(_corner(exhibit, money, voice))
    head = Markup("").join(Markup('<th scope="col" class="n">{}</th>').format(_name(h, voice)) for h in heads)
    body = Markup("").join(
        Markup('<tr><th scope="row" class="t">{}</th>{}</tr>').format(
            _name(r, voice), Markup("").join(cell((r, h)) for h in heads)
        )
        for r in rows
    )
    key = Markup('<p class="more">{}</p>').format(voice.word("ui.color_key")) if has_growth else Markup("")
    return Markup(
        '<div class="scroll" tabindex="0"><table id="{}" class="heat"><thead><tr>{}{}</tr></thead>'
        "<tbody>{}</tbody></table></div>{}"
    ).format(id or f"t-{exhibit.id}", corner, head, body, key)


def _corner(exhibit: Exhibit, money: MoneyUnit | None, voice: Voice) -> str:
    """What rows and columns are, where the catalogue says so, and the unit of money."""
    axes = catalogue.find(f"corner.{exhibit.id}", voice.lang) or ""
    return " · ".join(part for part in (axes, money.header if money else "") if part)


def _change(r: dict[str, Any], unit: str, voice: Voice) -> str:
    growth = r.get("growth")
    if is_missing(growth):
        kind = r.get("growth_kind")
        return voice.cell(kind if isinstance(kind, str) else None, "text")
    return points(growth, voice.lang) if unit == "ratio" else percent(growth, 0, signed=True)


def _name(key: Any, voice: Voice) -> str:
    named = month(key, voice.lang)
    return named if named != str(key) else voice.said(key)


def _shade(growth: Any, good: str, steps: tuple[float, ...]) -> str:
    if is_missing(growth) or isinstance(growth, str):
        return "h-none"
    depth = sum(abs(float(growth)) >= step for step in steps)
    side = "up" if (float(growth) > 0) == (good != "lower") else "down"
    return f"h-{side}{depth}" if depth else "h-flat"


def _depth(value: Any, largest: float) -> str:
    if is_missing(value) or not largest:
        return "h-none"
    return f"h-v{min(4, int(abs(float(value)) / largest * 5))}"
