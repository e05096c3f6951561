"""What a proposal of targets is held against before it is given out: equity, ratchet, capacity (M2.5–M2.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.incentives.fairness import gini_interval, rank_correlation
from salesops_lib.metrics import measure
from salesops_lib.metrics.formulas import Interval
from salesops_lib.targets.attainment import target_values

if TYPE_CHECKING:
    from salesops_lib.targets.proposal import Proposal


def equity(people: pd.DataFrame, gates: tuple[float, float, float]) -> pd.DataFrame:
    """Is a proposed target as hard for everyone, on last year's figures of the territories.

    Parameters
    ----------
    people
        `target, base` (last year's sales of the territory) and `size` (its potential), one row a person.
    gates
        Largest correlation with size, largest correlation with potential per quota, largest Gini.

    Returns
    -------
    pd.DataFrame
        `gate, value, low, high, most`, with intervals of 95 %.

    Examples
    --------
    >>> alike = pd.DataFrame({"target": [110.0] * 6, "base": [100.0] * 6, "size": [1.0, 2, 3, 4, 5, 6]})
    >>> equity(alike, (0.15, 0.15, 0.2)).set_index("gate").value["attainment_gini"]
    np.float64(0.0)
    """
    attained = (people.base / people.target.where(people.target > 0)).to_numpy(dtype=float)
    size = people["size"].to_numpy(dtype=float)
    per_quota = size / people.target.to_numpy(dtype=float)
    known = np.isfinite(attained)
    potential_known = per_quota[np.isfinite(per_quota) & (per_quota > 0)]
    rows: list[tuple[str, Interval, float | None]] = [
        ("territory_correlation", rank_correlation(attained, size), gates[0]),
        ("potential_correlation", rank_correlation(attained, per_quota), gates[1]),
        ("attainment_gini", gini_interval(attained[known]), gates[2]),
        ("potential_gini", gini_interval(1 / potential_known), None),
    ]
    return pd.DataFrame(
        [(name, *interval, most) for name, interval, most in rows],
        columns=["gate", "value", "low", "high", "most"],
    )


def ratchet(attainment: pd.Series, growth: pd.Series) -> Interval:
    """Rank correlation of last year's attainment with the growth of the target; positive: the good are punished.

    >>> round(ratchet(pd.Series([0.8, 0.9, 1.0, 1.1, 1.2]), pd.Series([0.0, 0.1, 0.2, 0.3, 0.4])).value, 9)
    1.0
    """
    both = pd.concat([attainment, growth], axis=1, keys=["attainment", "growth"])
    return rank_correlation(both.attainment.to_numpy(dtype=float), both.growth.to_numpy(dtype=float))


def capacity(units: pd.DataFrame, productivity: float) -> pd.DataFrame:
    """Target over what the people of each unit can carry: ramped full-time equivalents × sales of one in a year.

    >>> capacity(pd.DataFrame({"unit": ["a"], "target": [220.0], "capacity": [2.0]}), 100.0).load.tolist()
    [1.1]
    """
    return units.assign(load=units.target / (units.capacity * productivity).where(lambda can: can > 0))


def last_year(proposal: Proposal, metric: str) -> pd.DataFrame:
    """Person → `actual` and `target` of the year before the proposal's, where both are known."""
    ws = proposal.ws
    before = ws.calendar.shift(proposal.year, -1)
    window = ws.calendar.days(before.start, min(before.end, ws.window.end), True, before)
    actual = (
        measure(ws.facts, [metric], {"before": window}, ["rep_id"]).set_index("rep_id")[metric].astype(float)
    )
    months = [month.label for month in ws.calendar.months(before)]
    goals = (
        target_values(ws, "rep", (metric,), months)
        if ws.facts.has("targets")
        else pd.DataFrame({"scope_id": [], "target": []})
    )
    # Somebody without a target in every month has another year behind than the others.
    return pd.DataFrame({"actual": actual, "target": goals.set_index("scope_id").target}).dropna()
