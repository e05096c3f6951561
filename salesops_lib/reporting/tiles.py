"""The first ten seconds: one tile a metric, with a bullet bar against its target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from salesops_lib.reporting.charts.scale import known, tone
from salesops_lib.reporting.definitions import anchor, better, metric_name, metric_unit
from salesops_lib.reporting.numbers import growth_word, is_missing, percent, points
from salesops_lib.reporting.voice import Voice

if TYPE_CHECKING:
    from salesops_lib.metrics import Exhibit


def show_tiles(exhibit: Exhibit, voice: Voice) -> Markup:
    """The exhibit's `metric, actual, target, base, growth, attainment, pace` as tiles.

    The bar is the actual, the lighter one behind it the previous year, the upright mark the
    target.  A ratio's change stands in percentage points.
    """
    tiles = Markup("").join(_tile(r, voice) for r in exhibit.frame.to_dict("records"))
    return Markup('<div class="tiles">{}</div>').format(tiles)


def _tile(r: dict[str, Any], voice: Voice) -> Markup:
    metric = str(r["metric"])
    unit = str(r.get("unit") or metric_unit(metric))
    value = voice.field(r.get("actual"), "money") if unit == "money" else voice.cell(r.get("actual"), unit)
    return Markup(
        '<div class="tile"><p class="what"><a href="#def-{}">{}</a></p><p class="value">{}</p>{}{}</div>'
    ).format(
        anchor(metric), metric_name(metric, voice.lang), value, _bullet(r), _against(r, unit, metric, voice)
    )


def _bullet(r: dict[str, Any]) -> Markup:
    actual, target, base = (r.get(k) for k in ("actual", "target", "base"))
    values = known([actual, target, base])
    full = max(values, default=0.0) * 1.04
    if is_missing(actual) or len(values) < 2 or full <= 0 or min(values) < 0:
        return Markup('<div class="bullet none"></div>')

    def at(value: Any) -> str:
        return f"{100 * float(value) / full:.1f}%"

    parts = Markup("")
    if not is_missing(base):
        parts += Markup('<span class="py" style="width:{}"></span>').format(at(base))
    parts += Markup('<span class="ac" style="width:{}"></span>').format(at(actual))
    if not is_missing(target):
        parts += Markup('<span class="pl" style="left:{}"></span>').format(at(target))
    return Markup('<div class="bullet">{}</div>').format(parts)


def _against(r: dict[str, Any], unit: str, metric: str, voice: Voice) -> Markup:
    change, text = _change(r, unit, voice)
    role = tone(change, better(metric))
    lines = Markup("")
    if text:
        lines += _line("ui.vs_base", Markup('<b class="{}">{}</b>').format(role, text), voice)
    if not is_missing(r.get("attainment")):
        lines += _line("ui.vs_target", Markup("<b>{}</b>").format(percent(r["attainment"])), voice)
    return Markup('<p class="against">{}</p>').format(lines)


def _line(id: str, value: Markup, voice: Voice) -> Markup:
    before, _, after = voice.word(id, value="\0").partition("\0")
    return Markup("<span>{}{}{}</span>").format(before, value, after)


def _change(r: dict[str, Any], unit: str, voice: Voice) -> tuple[Any, str]:
    growth, actual, base = r.get("growth"), r.get("actual"), r.get("base")
    if unit in ("ratio", "pp") and not is_missing(actual) and not is_missing(base):
        change = float(actual) - float(base)  # type: ignore[arg-type]
        return change, points(change, voice.lang)
    if isinstance(growth, str):
        return None, growth_word(growth, voice.lang)
    if not is_missing(growth):
        return growth, percent(growth, signed=True)
    kind = r.get("growth_kind")
    return None, growth_word(kind, voice.lang) if isinstance(kind, str) and kind != "missing" else ""
