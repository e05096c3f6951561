"""A table of customers, read for foretelling who leaves: its label, its days, what is known of each, what was left out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.errors import DataError, nearest
from salesops_lib.segmentation.additive import is_number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

_LABEL = re.compile(
    r"^(is_?|has_?)?(churn(ed)?|cancel(l?ed)?|left|attrition|流失|是否流失|已流失|是否退订|已解约)$",
    re.IGNORECASE,
)
_YES = {
    "yes",
    "y",
    "true",
    "t",
    "1",
    "1.0",
    "churned",
    "churn",
    "cancelled",
    "canceled",
    "left",
    "lost",
    "是",
    "流失",
    "已流失",
    "有",
}
_NO = {
    "no",
    "n",
    "false",
    "f",
    "0",
    "0.0",
    "stayed",
    "active",
    "retained",
    "current",
    "否",
    "未流失",
    "在网",
    "无",
    "留存",
}
#: Whole numbers that count time, by their name: a column called so orders rows.
_TIME_NAMES = {
    "date", "day", "week", "month", "quarter", "year", "period", "time", "t", "yearmonth", "year_month", "ym", "snapshot", "as_of",
    "日期", "日", "周", "月", "月份", "年月", "季度", "年", "年份", "期间",
}  # fmt: skip
#: Which of several days orders rows, the best first: when a row was known, when something began, any other, when it ends.
_OBSERVED = re.compile(r"snapshot|as_?of|observ|period|month|order|^date$|快照|期间|月份|下单|^日期$")
_BEGINS = re.compile(r"start|begin|sign|creat|join|since|open|register|开始|签|建|注册|入网|开户")
_ENDS = re.compile(r"(^|_)(end|ends|ended|due|renew(al)?|expir\w*)(_|$)|到期|结束|续")
#: Days of which none is when a row was known.
_NO_ORDER = re.compile(
    r"(^|_)(next|last|latest|recent)(_|$)|birth|(^|_)dob(_|$)|最近|末次|上次|下次|出生|生日"
)
_SMALLER = {"quarter": 1, "month": 2, "week": 2, "day": 3, "季度": 1, "月份": 2, "月": 2, "周": 2, "日": 3}
#: Seconds and milliseconds since 1970, of the years 1979 to 2103.
_EPOCHS = {"s": (3e8, 4.2e9), "ms": (3e11, 4.2e12)}
_NUMBERED = re.compile(r"(^|_)(id|no|number|code|key|account|index)$|^unnamed|编号|号码|账号")
_DAY = re.compile(
    r"^\s*(\d{4}[-/.年]\d{1,2}([-/.月]\d{1,2}日?)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{1,2}[ -][A-Za-z]{3}[ -]\d{2,4}|\d{8})月?([ T]\d{1,2}:.*)?\s*$"
)
_QUARTER = re.compile(r"^\s*(\d{4})[- ]?Q([1-4])\s*$", re.IGNORECASE)
_AS_TEXT, _AN_ID, _ORDERED = 0.95, 0.5, 0.98


@dataclass(frozen=True)
class Known:
    """What a table says of customers.

    Attributes
    ----------
    X
        What is known of each row; dates as days before the row's own day.
    left
        1 left, 0 stayed, missing where nobody knows yet.
    day
        The column that orders rows in time; empty where none does.
    when
        Its values; a year with its quarter or month, where these are columns of their own.
    own_day
        The day on which each row was known; None where the day that orders rows is that of a beginning.
    raw
        `X` before dates became numbers, which leaks are looked for in.
    left_out
        Columns that say nothing of who leaves, each with the reason: id, time, constant, name.
    treated
        How many values were made missing, or labels set aside, each with the reason.
    """

    X: pd.DataFrame
    left: pd.Series
    ids: pd.Series
    day: str
    when: pd.Series | None
    raw: pd.DataFrame
    own_day: pd.Series | None = None
    left_out: dict[str, str] = field(default_factory=dict)
    treated: dict[str, int] = field(default_factory=dict)

    @property
    def labelled(self) -> NDArray[np.bool_]:
        return self.left.notna().to_numpy()


def read(
    frame: pd.DataFrame, label: str = "", *, id: str = "", time: str = "", as_of: date | str | None = None, horizon_days: int = 0,
    aside: Sequence[str] = (),
) -> Known:  # fmt: skip
    """Read `frame`; `aside` are columns that the caller uses otherwise and that say nothing of who leaves."""
    if frame.columns.duplicated().any():
        raise DataError(
            f"Two columns are called {frame.columns[frame.columns.duplicated()][0]!r}; rename one."
        )
    name = _label(frame, label)
    for given in (id, time):
        if given and given not in frame:
            raise DataError(f"There is no column {given!r}: {nearest(given, map(str, frame.columns))}")
    treated: dict[str, int] = {}
    left = _answers(frame[name], name)
    columns = {c: _typed(frame[c], str(c), treated) for c in frame if c != name}
    dated = [c for c, v in columns.items() if pd.api.types.is_datetime64_any_dtype(v)]
    day = time or _ordering({c: v for c, v in columns.items() if c in dated or _counts_time(c, v)})
    when = _when(_with_smaller(day, columns), str(day)) if day != "" else None
    if when is not None and when.nunique() < 2:
        when, day = None, ""  # one day of all: a snapshot, which time does not order
    is_known_on = bool(time) or _rank(day) == 0
    if when is not None and pd.api.types.is_datetime64_any_dtype(when):
        last = pd.Timestamp(as_of) if as_of is not None else None
        if last is not None and (when > last).any():
            raise DataError(
                f"{int((when > last).sum())} rows are of days after {last.date()}, on which the score is made ({day})."
            )
        if last is not None and horizon_days:
            open_yet = left.notna() & (when > last - pd.Timedelta(days=horizon_days))
            treated["label_not_yet_known"] = int(open_yet.sum())
            left = left.mask(open_yet)
    own_day = (
        when if is_known_on and when is not None and pd.api.types.is_datetime64_any_dtype(when) else None
    )
    if own_day is None and as_of is not None:
        own_day = pd.Series(pd.Timestamp(as_of), frame.index)
    ids = frame[id] if id else _identifier(frame, columns, name)
    left_out = {
        str(c): why
        for c, v in columns.items()
        if (why := _nothing_told(c, v, ids.name, str(day or time), aside))
    }
    raw = pd.DataFrame({c: v for c, v in columns.items() if str(c) not in left_out}, index=frame.index)
    return Known(
        _in_days(raw, own_day),
        left,
        ids,
        str(day),
        when,
        raw,
        own_day,
        left_out,
        {k: n for k, n in treated.items() if n},
    )


def _label(frame: pd.DataFrame, label: str) -> str:
    if label:
        if label not in frame:
            raise DataError(f"There is no column {label!r}: {nearest(label, map(str, frame.columns))}")
        return label
    found = [c for c in frame if _LABEL.match(str(c))]
    if len(found) == 1:
        return found[0]
    raise DataError(
        f"Which column says who left? {'None is' if not found else ', '.join(map(str, found)) + ' all are'} called like it: "
        f"name it, churn(frame, label=…). Columns: {', '.join(map(str, frame.columns[:12]))}."
    )


def _answers(values: pd.Series, name: str) -> pd.Series:
    """1, 0 or missing."""
    text = values.astype("object").where(values.notna(), "").astype(str).str.strip().str.lower()
    found = pd.Series(np.nan, values.index)
    found = found.mask(text.isin(_YES), 1.0).mask(text.isin(_NO), 0.0)
    unknown = sorted(set(text[found.isna() & (text != "") & (text != "nan")]))
    if unknown:
        raise DataError(
            f"{name}: {', '.join(map(repr, unknown[:5]))} is neither yes nor no. Write 1 or yes for who left, 0 or no for who stayed, "
            "nothing where it is not known yet."
        )
    return found


def _typed(values: pd.Series, name: str, treated: dict[str, int]) -> pd.Series:
    """Texts that are numbers or days become such; a blank is missing."""
    if pd.api.types.is_datetime64_any_dtype(values):
        return values.dt.tz_localize(None) if values.dt.tz is not None else values
    if isinstance(values.dtype, pd.PeriodDtype):
        return values.dt.to_timestamp()
    if pd.api.types.is_bool_dtype(values):
        return values.astype(str)
    if is_number(values):
        endless = int(np.isinf(values.to_numpy(dtype=float, na_value=np.nan)).sum())
        treated["infinite"] = treated.get("infinite", 0) + endless
        return _numeric_days(values, name)
    text = values.astype("object").map(lambda v: str(v).strip(), na_action="ignore")
    treated["blank"] = treated.get("blank", 0) + int((text == "").sum())
    text = text.where(text != "")
    known = text.dropna()
    if known.empty:
        return text
    if known.str.match(_QUARTER).mean() >= _AS_TEXT:
        return pd.to_datetime(
            text.where(text.str.match(_QUARTER, na=False)).str.replace(
                _QUARTER, lambda m: f"{m[1]}-{3 * int(m[2]) - 2:02}-01", regex=True
            )
        )
    if known.head(2000).str.match(_DAY).mean() >= _AS_TEXT:
        plain = text.str.replace(r"[年月]", "-", regex=True).str.replace("日", "").str.rstrip("-")
        days = pd.to_datetime(plain, errors="coerce", format="mixed")
        if days.notna().sum() >= _AS_TEXT * len(known):
            treated["no_day"] = treated.get("no_day", 0) + int((days.isna() & text.notna()).sum())
            return days.dt.tz_localize(None) if days.dt.tz is not None else days
    number = pd.to_numeric(known.str.replace(r"(?<=\d),(?=\d{3})", "", regex=True), errors="coerce")
    if number.notna().mean() >= _AS_TEXT:
        treated["no_number"] = treated.get("no_number", 0) + int(number.isna().sum())
        return _numeric_days(number.reindex(values.index), name)
    return text


def _numeric_days(values: pd.Series, name: str) -> pd.Series:
    """Days and months written as one number, 20250131 or 202501, where the column's name speaks of time."""
    if not re.search(
        r"date|day|month|period|time|(^|_)ts$|_on$|_at$|^ym|日期|年月|月份|期间", name, re.IGNORECASE
    ):
        return values
    known = values.dropna()
    if known.empty or not (known == known.round()).all():
        return values
    for unit, (low, high) in _EPOCHS.items():
        if known.between(low, high).all():
            return pd.to_datetime(values, unit=unit)
    for low, high, form in ((19000101, 21001231, "%Y%m%d"), (190001, 210012, "%Y%m")):
        if known.between(low, high).all():
            text = values.map(lambda v: f"{v:.0f}", na_action="ignore")
            days = pd.to_datetime(text, errors="coerce", format=form)
            if days.notna().sum() == len(known):
                return days
    return values


def _counts_time(name: object, values: pd.Series) -> bool:
    """Whether whole numbers count months or years, by the column's name: period, month, 期间 …"""
    if _plain(name) not in _TIME_NAMES or not is_number(values):
        return False
    known = values.dropna()
    return bool(len(known) and (known == known.round()).all())


def _ordering(times: dict[object, pd.Series]) -> object:
    """The column that orders rows; "" where none does."""
    whole = {
        c: v
        for c, v in times.items()
        if v.notna().mean() > _ORDERED and v.nunique() > 1 and not _NO_ORDER.search(_plain(c))
    }
    dated = {c: v for c, v in whole.items() if pd.api.types.is_datetime64_any_dtype(v)}
    if dated:
        return min(sorted(dated, key=str), key=lambda c: (_rank(c), -dated[c].median().value))
    counted = sorted(whole, key=lambda c: (_SMALLER.get(_plain(c), 0), str(c)))
    return counted[0] if counted else ""


def _rank(name: object) -> int:
    if _ENDS.search(_plain(name)):
        return 3
    return 0 if _OBSERVED.search(_plain(name)) else 1 if _BEGINS.search(_plain(name)) else 2


def _plain(name: object) -> str:
    """A column's name in small letters, its words parted by underscores.

    >>> _plain("ContractEnd Date")
    'contract_end_date'
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", str(name).strip()).replace(" ", "_").lower()


def _with_smaller(day: object, columns: dict[object, pd.Series]) -> pd.Series:
    """A year with the quarter, month or week of it, where these are columns of their own."""
    when = columns[day]
    if not is_number(when) or _SMALLER.get(_plain(day)):
        return when
    for c in sorted(columns, key=lambda c: _SMALLER.get(_plain(c), 0)):
        if c != day and _plain(c) in _SMALLER and is_number(columns[c]):
            when = when * 100 + columns[c]
    return when


def _when(values: pd.Series, name: str) -> pd.Series:
    if not (pd.api.types.is_datetime64_any_dtype(values) or is_number(values)):
        raise DataError(
            f"{name} holds no days or periods, so it cannot order rows in time (first value: {values.iloc[0]!r})."
        )
    if values.isna().any():
        raise DataError(
            f"{name} is missing in {int(values.isna().sum())} of {len(values)} rows; without a day they have no place in time."
        )
    return values


def _identifier(frame: pd.DataFrame, columns: dict[object, pd.Series], label: str) -> pd.Series:
    """The column that names customers: called an id, or a text of which most values differ; else the row's own label."""
    for c in frame:
        if c != label and re.search(
            r"(^|[^a-z])id$|customer_?(id|no|number|code)$|customerid$|^id$|客户(编号|号|编码)|用户(编号|号|id)",
            str(c),
            re.IGNORECASE,
        ):
            return frame[c]
    for c, v in columns.items():
        if _is_names(v):
            return frame[c]
    if frame.index.name is not None or frame.index.is_unique:
        return pd.Series(frame.index, frame.index, name=None)
    return pd.Series(np.arange(len(frame)), frame.index, name=None)


def _is_names(values: pd.Series) -> bool:
    is_text = not is_number(values) and not pd.api.types.is_datetime64_any_dtype(values)
    if _NUMBERED.search(_plain(values.name)) and len(values) > 50 and values.is_unique:
        return True
    return is_text and len(values) > 50 and values.nunique() > _AN_ID * len(values)


def _nothing_told(name: object, values: pd.Series, id_name: object, day: str, aside: Sequence[str]) -> str:
    if name == id_name and id_name is not None:
        return "id"
    if str(name) == day or _counts_time(name, values):
        return "time"
    if name in aside:
        return "aside"
    if values.nunique(dropna=False) < 2:
        return "constant"
    return "name" if _is_names(values) else ""


def _in_days(raw: pd.DataFrame, day: pd.Series | None) -> pd.DataFrame:
    """Dates as days before the row's own day, or before the last date of the column where it has none."""
    found = raw.copy()
    for c in raw:
        if pd.api.types.is_datetime64_any_dtype(raw[c]):
            found[c] = ((day if day is not None else raw[c].max()) - raw[c]).dt.days.astype(float)
    return found
