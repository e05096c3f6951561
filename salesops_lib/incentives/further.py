"""Earned beside the plans: spiffs and cash prizes of contests, as components of pay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.incentives import contests, spiffs

if TYPE_CHECKING:
    from salesops_lib.periods import Period
    from salesops_lib.workspace import Workspace

_COLUMNS = ["payee", "month", "component", "amount", "plan", "order_id", "line_id", "credited_on"]


def further(ws: Workspace, through: Period | None = None) -> pd.DataFrame:
    """What spiffs and contests earned up to the end of a period, as `payments.paid` takes it.

    Returns
    -------
    pd.DataFrame
        payee, month (label), component (id of the spiff or contest), amount (minor units), plan (empty), order_id and
        line_id (empty for prizes), credited_on; a prize is earned on the last day of its contest.
    """
    end = min((through or ws.period).end, ws.as_of)
    rows = [pd.DataFrame(columns=_COLUMNS)]
    for spiff in ws.policy.incentives.spiffs:
        if spiff.window.start <= end:
            lines = spiffs.result(ws, spiff, end)
            rows.append(lines[lines.pay != 0].assign(component=spiff.id, amount=lambda found: found.pay))
    for contest in ws.policy.incentives.contests:
        last = contest.window.end
        places = contests.result(ws, contest) if last is not None and last <= end else None
        if places is not None:
            won = places[places.prize > 0]
            rows.append(
                pd.DataFrame({
                    "payee": won.payee, "component": contest.id, "amount": won.prize,
                    "order_id": "", "line_id": "", "credited_on": last,
                })
            )  # fmt: skip
    found = pd.concat([part for part in rows if len(part)] or rows, ignore_index=True).assign(plan="")
    found["month"] = [ws.calendar.period_of(day, "month").label for day in found.credited_on]
    return found[_COLUMNS].astype({"amount": "int64"})
