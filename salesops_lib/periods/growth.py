"""Growth of an amount over a base (C5), and growth per working day (C7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

    from salesops_lib.periods.windows import Window

GrowthKind = Literal["rate", "new", "n.m.", "missing"]


@dataclass(frozen=True)
class Growth:
    """Growth of one amount over a base.

    `kind` is rate (there is a rate), new (nothing in the base), n.m. (a base below zero, or
    nothing on both sides: no rate has a meaning) or missing (one side is not known).
    `difference` is in the unit of the amounts, None when missing.
    """

    rate: float | None
    difference: Any
    kind: GrowthKind


def growth(current: Any, base: Any) -> Growth:
    """Growth of `current` over `base`: (current − base) / base where that has a meaning.

    Parameters
    ----------
    current, base
        Amounts of one unit (int, Decimal or float); None, NaN and NA are missing, not zero.
        For shares and rates use the difference, in percentage points.

    Examples
    --------
    >>> growth(460, 410).kind, round(growth(460, 410).rate, 3)
    ('rate', 0.122)
    >>> growth(5, 0)
    Growth(rate=None, difference=5, kind='new')
    >>> growth(5, -3)
    Growth(rate=None, difference=8, kind='n.m.')
    >>> growth(None, 3).kind
    'missing'
    """
    if _is_missing(current) or _is_missing(base):
        return Growth(None, None, "missing")
    difference = current - base
    if base > 0:
        return Growth(float(difference / base), difference, "rate")
    return Growth(None, difference, "new" if base == 0 and current != 0 else "n.m.")


def _is_missing(value: Any) -> bool:
    import math

    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return math.isnan(value)


def growth_per_workday(current: Any, current_window: Window, base: Any, base_window: Window) -> Growth:
    """Growth of the pace, the amount per working day (C7).

    The windows need not be of equal length: with the whole base period this is the pace of
    the days so far against the pace of the whole base.

    Examples
    --------
    >>> from datetime import date
    >>> from salesops_lib.periods.windows import Window
    >>> now = Window(date(2026, 3, 1), date(2026, 3, 15), 11, False)
    >>> before = Window(date(2025, 3, 1), date(2025, 3, 31), 20, True)
    >>> round(growth_per_workday(460, now, 900, before).rate, 3)
    -0.071
    """
    if (
        not current_window.n_workdays
        or not base_window.n_workdays
        or _is_missing(current)
        or _is_missing(base)
    ):
        return Growth(None, None, "missing")
    return growth(float(current) / current_window.n_workdays, float(base) / base_window.n_workdays)


def growth_frame(current: pd.Series, base: pd.Series) -> pd.DataFrame:
    """Growth of each unit: columns growth, growth_kind, difference.

    One row for each label of either series, in the order of `current`, then what only `base`
    has.  A label that one side lacks is missing: fill with zero first where "not there" means
    "nothing sold".  Kinds are those of `Growth`.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = growth_frame(pd.Series({"East": 460, "Export": 5}), pd.Series({"East": 410, "Export": 0}))
    >>> frame["growth_kind"].tolist(), frame["difference"].tolist()
    (['rate', 'new'], [50, 5])
    """
    import numpy as np
    import pandas as pd

    if not current.index.equals(base.index):
        index = current.index.append(base.index.difference(current.index, sort=False))
        current, base = current.reindex(index), base.reindex(index)
    now, before = (pd.to_numeric(side).to_numpy(dtype="float64", na_value=np.nan) for side in (current, base))
    kind = np.select(
        [np.isnan(now) | np.isnan(before), before > 0, (before == 0) & (now != 0)],
        ["missing", "rate", "new"],
        default="n.m.",
    )
    rate = np.full(len(now), np.nan)
    np.divide(now - before, before, out=rate, where=kind == "rate")
    return pd.DataFrame(
        {"growth": rate, "growth_kind": pd.array(kind, dtype="str"), "difference": current - base},
        index=current.index,
    )
