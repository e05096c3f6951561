"""Targets of a measure, month by month, as the newest version has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from salesops_lib.periods import Period
    from salesops_lib.workspace import Workspace

COMPANY = "company"


def targets_of(
    ws: Workspace, metric: str, months: Sequence[Period], level: str = COMPANY, unit: str = ""
) -> list[float]:
    """Newest targets of months in minor units, of the company or of a unit; missing where there is none."""
    found = ws.facts.query(
        "SELECT period, CAST(SUM(value) AS DOUBLE) AS target FROM ("
        "  SELECT period, value, ROW_NUMBER() OVER (PARTITION BY scope_id, period ORDER BY version DESC NULLS LAST) AS newest"
        "  FROM targets WHERE scope_type = ? AND scope_id = ? AND measure = ?) AS versions WHERE newest = 1 GROUP BY period",
        [level, unit or COMPANY, metric],
    )
    by_period = dict(zip(found.period, found.target * 10**ws.policy.semantics.minor_digits))
    return [by_period.get(m.label, np.nan) for m in months]
