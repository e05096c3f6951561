"""Who people are on a day: name, region, team, length of service, and the potential of their customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from datetime import date

    from salesops_lib.workspace import Workspace


def profiles(ws: Workspace, day: date, tenure_years: tuple[float, float]) -> pd.DataFrame:
    """One row a person, by id: name, region, team and tenure (new, settled or long) on a day.

    Parameters
    ----------
    tenure_years
        Years of service from which somebody is settled, and from which long.
    """
    frame = ws.facts.query(
        "SELECT r.rep_id, COALESCE(r.name, r.rep_id) AS name, o.region, o.team, r.hired_on FROM reps AS r LEFT JOIN ("
        "  SELECT rep_id, region, team FROM org WHERE COALESCE(valid_from, DATE '1900-01-01') <= ?"
        "  QUALIFY ROW_NUMBER() OVER (PARTITION BY rep_id ORDER BY valid_from DESC NULLS LAST, team, region) = 1"
        ") AS o ON o.rep_id = r.rep_id ORDER BY r.rep_id",
        [day],
    )
    years = (pd.Timestamp(day) - pd.to_datetime(frame.hired_on)).dt.days / 365.25
    bins = [-np.inf, *tenure_years, np.inf]
    tenure = pd.cut(years, bins, right=False, labels=["tenure_new", "tenure_settled", "tenure_long"])
    return frame.assign(tenure=tenure.astype(object)).drop(columns="hired_on").set_index("rep_id")


def potentials(ws: Workspace, first: date, last: date) -> pd.Series | None:
    """Yearly potential of the customers of each person, minor units; None where no potential is known.

    A customer is whose who sold most to it in the days given, by amount, then by id.
    """
    if ws.facts.missing("customers.potential_amount", "sales.customer_id", "sales.rep_id"):
        return None
    frame = ws.facts.query(
        "SELECT s.rep_id, CAST(SUM(c.potential_amount) AS DOUBLE) AS potential FROM ("
        "  SELECT customer_id, rep_id, ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY SUM(net_amount) DESC, rep_id) AS place"
        "  FROM sales WHERE kind = 'order' AND rep_id IS NOT NULL AND dated_on BETWEEN ? AND ? GROUP BY customer_id, rep_id"
        ") AS s JOIN customers AS c ON c.customer_id = s.customer_id WHERE s.place = 1 AND c.potential_amount IS NOT NULL"
        " GROUP BY s.rep_id",
        [first, last],
    )
    return frame.set_index("rep_id").potential if len(frame) else None
