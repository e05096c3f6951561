"""Tables of a page: numbers to the right, one unit a column in the header, totals last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from salesops_lib.metrics import Finding
from salesops_lib.reporting.charts.scale import known, tone
from salesops_lib.reporting.definitions import better, metric_name, metric_unit
from salesops_lib.reporting.numbers import MoneyUnit, decimals, fixed, is_missing, month
from salesops_lib.reporting.sentences import say
from salesops_lib.reporting.voice import Voice

if TYPE_CHECKING:
    import pandas as pd

    from salesops_lib.metrics import Exhibit

LIMIT = 15
HIDDEN = frozenset(
    {"is_total", "is_complete", "is_unusual", "role", "growth_kind", "expected_share", "depth", "is_above"}
)
VARIANCES = frozenset({"growth", "growth_workday", "difference", "delta", "share_change", "market_growth"})
#: Written with the sign of gains; of these, variances are good or bad.
SIGNED = VARIANCES | {"change"}
_IDS = frozenset({
    "unit", "step", "label", "panel", "row", "role", "stage", "outcome", "reason", "status",
    "segment", "table", "referred", "owner", "name", "region", "channel", "category", "rule", "stated_by", "decided_by",
    "level", "treatment", "check", "reading", "team", "example", "parent",
})  # fmt: skip
_OWN = frozenset({
    "actual", "target", "base", "gap", "difference", "value", "low", "high", "median", "low_80", "high_80",
    "low_95", "high_95", "amount",
})  # fmt: skip
_BY_NAME = {
    "growth": "ratio", "attainment": "ratio", "pace": "ratio", "share": "ratio", "rate": "ratio",
    "cumulative_share": "ratio", "discount_rate": "ratio", "win_rate": "ratio", "x": "ratio", "y": "ratio",
    "share_change": "pp", "n": "count", "due_on": "date", "rows_in": "count", "used": "count",
    "merged": "count", "set_aside": "count",
}  # fmt: skip
_MONTHS = frozenset({"label", "month", "period"})


@dataclass(frozen=True)
class Column:
    """A column as a table shows it."""

    name: str
    label: str
    unit: str
    money: MoneyUnit | None = None
    places: int = 0  # of whole numbers that stand below others with decimals

    @property
    def is_number(self) -> bool:
        return self.unit not in ("text", "date", "code")

    @property
    def header_unit(self) -> str:
        """The unit below the label: money's only, other units stand with their numbers."""
        return self.money.header if self.money else ""


def unit_of(exhibit: Exhibit, name: str) -> str:
    """The unit of a column: the exhibit's word, else its name's, else the metric's, else its values'."""
    import pandas as pd

    values = exhibit.frame[name]
    if name in exhibit.units:
        return str(exhibit.units[name])
    if name in _BY_NAME:
        return _BY_NAME[name]
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        return "date" if pd.api.types.is_datetime64_any_dtype(values) else "text"
    if name in _OWN:
        return "pp" if name in ("gap", "difference") and _own(exhibit) == "ratio" else _own(exhibit)
    return "quantity"


def _own(exhibit: Exhibit) -> str:
    if exhibit.metric:
        return metric_unit(exhibit.metric)
    return (
        "money"
        if exhibit.kind
        in ("standing", "bridge", "series", "fan", "flow", "actions", "decomposition", "icicle")
        else "quantity"
    )


def columns(exhibit: Exhibit, voice: Voice, *, hidden: frozenset[str] = HIDDEN) -> list[Column]:
    """The columns to be shown, all money of the table in one unit."""
    frame = exhibit.frame
    units = {str(name): unit_of(exhibit, name) for name in frame.columns if name not in hidden}
    money = voice.money(v for name, unit in units.items() if unit == "money" for v in known(frame[name]))
    return [
        Column(
            name,
            voice.name("column", name),
            unit,
            {"money": money, "exact": voice.exact}.get(unit),
            decimals(known(frame[name])) if unit == "quantity" else 0,
        )
        for name, unit in units.items()
    ]


def show(exhibit: Exhibit, voice: Voice, *, limit: int = 0, id: str = "") -> Markup:
    """The exhibit as an HTML table, at most `limit` rows and the totals; as many as the exhibit says where 0.

    Names are escaped; the id derives from the exhibit's, so that reruns give the same bytes.
    """
    frame, note = _first_rows(exhibit, limit or exhibit.shown or LIMIT, voice)
    shown = [c for c in columns(exhibit, voice) if not _says_nothing(exhibit.frame, c.name)]
    largest = _largest(exhibit, shown)
    head = Markup("").join(_header(c) for c in shown)
    good = better(exhibit.metric) if exhibit.metric else "higher"
    body = Markup("").join(_row(r, shown, voice, good, largest) for r in frame.to_dict("records"))
    return Markup(
        '<div class="scroll" tabindex="0"><table id="{}" class="data"><thead><tr>{}</tr></thead>'
        "<tbody>{}</tbody></table></div>{}"
    ).format(id or f"t-{exhibit.id}", head, body, note)


def _first_rows(exhibit: Exhibit, limit: int, voice: Voice) -> tuple[pd.DataFrame, Markup]:
    frame = exhibit.frame
    if "is_total" in frame:
        total = frame["is_total"].fillna(False).astype(bool)
        import pandas as pd

        shown = pd.concat([frame[~total].head(limit), frame[total]])
    else:
        shown = frame.head(limit)
    left = len(frame) - len(shown)
    if not left:
        return shown, Markup("")
    text = voice.word("ui.more_rows", n=left, sheet=exhibit.id)
    return shown, Markup('<p class="more">{}</p>').format(text)


def _says_nothing(frame: pd.DataFrame, name: str) -> bool:
    """Whether a column is empty, or is the pace of a period that is over: its attainment again."""
    is_over = name == "pace" and "expected_share" in frame and bool(frame["expected_share"].ge(1).all())
    return is_over or (len(frame) > 0 and bool(frame[name].isna().all()))


def _header(c: Column) -> Markup:
    unit = Markup("<small>{}</small>").format(c.header_unit) if c.header_unit else Markup("")
    kind = "n" if c.is_number else "t"
    return Markup('<th scope="col" class="{}">{}{}</th>').format(kind, c.label, unit)


def _largest(exhibit: Exhibit, shown: list[Column]) -> tuple[str, float]:
    """The column with bars in its cells, and the value of a full one: rankings only."""
    numbers = [c.name for c in shown if c.is_number] if exhibit.kind == "ranking" else []
    values = known(exhibit.frame[numbers[0]]) if numbers else []
    return (numbers[0], max(values, default=0.0)) if values else ("", 0.0)


def _row(
    r: dict[str, Any], shown: list[Column], voice: Voice, good: str, largest: tuple[str, float]
) -> Markup:
    kind = (
        Markup(' class="total"') if bool(r.get("is_total") is True or r.get("is_total") == 1) else Markup("")
    )
    direction = better(str(r["metric"])) if "metric" in r else good
    cells = Markup("").join(
        _cell(r, c, voice, direction, largest, is_first=n == 0) for n, c in enumerate(shown)
    )
    return Markup("<tr{}>{}</tr>").format(kind, cells)


def _cell(
    r: dict[str, Any], c: Column, voice: Voice, good: str, largest: tuple[str, float], *, is_first: bool
) -> Markup:
    value = r[c.name]
    if isinstance(value, Finding):
        return Markup('<td class="t">{}</td>').format(say(value, voice))
    if is_first:
        return Markup('<th scope="row" class="{}">{}</th>').format(_kind(value, c, voice), text(r, c, voice))
    classes = _kind(value, c, voice)
    shown = escape(text(r, c, voice))
    if c.name in VARIANCES and c.is_number and not isinstance(value, str) and _tells(shown):
        role = tone(value, good)
        classes += f" {role}" if role != "muted" else ""
    if c.name == largest[0] and largest[1] > 0 and not is_missing(value) and float(value) > 0:
        wide = 55 * float(value) / largest[1]  # leaves room for the number beside the bar
        shown = Markup('<span class="databar" style="width:{}%"></span><span>{}</span>').format(
            f"{wide:.1f}", shown
        )
        classes += " barred"
    return Markup('<td class="{}">{}</td>').format(classes, shown)


def _tells(shown: str) -> bool:
    """Whether a figure is not nothing as it is rounded."""
    return any(digit in shown for digit in "123456789")


def _kind(value: Any, c: Column, voice: Voice) -> str:
    """The class of a cell: a number, text, or a day, month or code, which stays on one line."""
    if c.is_number:
        return "n"
    is_month = c.name in _MONTHS and isinstance(value, str) and month(value, voice.lang) != value
    return "d" if c.unit in ("date", "code") or is_month else "t"


def text(r: dict[str, Any], c: Column, voice: Voice) -> str:
    """A cell's plain text; a scorecard's row speaks in its own metric's unit."""
    value = r[c.name]
    if c.name == "metric":
        return metric_name(str(value), voice.lang)
    if c.name in _MONTHS and isinstance(value, str):
        named = month(value, voice.lang)
        return named if named != value else voice.said(value)
    if is_missing(value) and c.name == "growth" and isinstance(r.get("growth_kind"), str):
        return voice.cell(r["growth_kind"], "text")
    if isinstance(value, str) and (c.name in _IDS or r.get("is_total") is True):
        known_table = voice.name("table", value) if c.name in ("table", "referred") else ""
        return known_table or voice.said(value)
    unit = c.unit
    signed = c.name in SIGNED
    if "metric" in r and c.name in _OWN:
        unit = str(r.get("unit") or metric_unit(str(r["metric"])))
        if unit == "money":
            return voice.field(value, "money+" if signed else "money")
    if c.places and unit == "quantity" and not is_missing(value) and float(value).is_integer():
        return fixed(value, c.places, signed=signed)
    return voice.cell(value, unit, money=c.money, signed=signed)
