"""Targets of measures, month by month, as the newest version has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from salesops_lib.periods import Period
    from salesops_lib.workspace import Workspace

COMPANY = "company"


def newest_targets(
    ws: Workspace, level: str, measures: Sequence[str], months: Sequence[str] | None = None
) -> pd.DataFrame:
    """The target of each unit of a level, measure and month in its newest version, as it was written.

    Parameters
    ----------
    level
        company, region, team or rep.
    months
        Labels of months; all that have a target where left out.

    Returns
    -------
    pd.DataFrame
        Columns scope_id, measure, period, value (major units of money), in their order.
    """
    wanted = "" if months is None else f" AND period IN ({', '.join('?' for _ in months) or 'NULL'})"
    return ws.facts.query(
        "SELECT scope_id, measure, period, CAST(value AS DOUBLE) AS value FROM ("
        "  SELECT scope_id, measure, period, value, ROW_NUMBER() OVER ("
        "    PARTITION BY scope_id, measure, period ORDER BY version DESC NULLS LAST) AS newest"
        f"  FROM targets WHERE scope_type = ? AND measure IN ({', '.join('?' for _ in measures)}){wanted}) AS versions "
        "WHERE newest = 1 ORDER BY scope_id, measure, period",
        [level, *measures, *(months or ())],
    )


def targets_of(
    ws: Workspace, metric: str, months: Sequence[Period], level: str = COMPANY, unit: str = ""
) -> list[float]:
    """Targets of months in minor units, of the company or of a unit; missing where there is none."""
    found = newest_targets(ws, level, [metric], [month.label for month in months])
    own = found[found.scope_id == unit] if unit else found
    by_month = own.groupby("period").value.sum() * 10**ws.policy.semantics.minor_digits
    return [float(by_month.get(month.label, np.nan)) for month in months]
