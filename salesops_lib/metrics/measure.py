"""Grouping of the big tables: metrics over windows of days, in one statement a relation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING

from salesops_lib.errors import DataError, nearest
from salesops_lib.metrics.registry import REGISTRY, Metric
from salesops_lib.tables.engine import quoted

if TYPE_CHECKING:
    import pandas as pd

    from salesops_lib.periods import Window
    from salesops_lib.tables.facts import Facts

#: What a group is called whose rows name no value of a dimension.
UNASSIGNED = "unassigned"

#: relation of the registry → table and the day that dates it.
_RELATIONS = {
    "sales": ("sales", "dated_on"),
    "billings": ("billings", "invoiced_on"),
    "collections": ("collections", "received_on"),
    "deals_created": ("deals", "created_on"),
    "deals_closed": ("deals", "closed_on"),
}


def measure(
    facts: Facts,
    ids: Sequence[str],
    windows: Mapping[str, Window],
    by: Sequence[str] = (),
    where: Mapping[str, object] | None = None,
) -> pd.DataFrame:
    """Metrics of each window and group.

    Parameters
    ----------
    ids
        Metrics with an SQL definition.
    windows
        Label → closed window of days; windows may overlap.
    by
        Dimensions of the relation: region, team, rep_id, channel, category, customer_id …
    where
        Dimension → the value (or values) to keep.

    Returns
    -------
    pd.DataFrame
        One row per window and group that has any row, in their order; columns `window`, `by`, `ids`.
        Money in minor units.  A metric whose columns were never loaded is missing.

    Raises
    ------
    DataError
        If a metric or a dimension is unknown.
    """
    chosen = [_metric(metric_id) for metric_id in ids]
    keys = ["window", *by]
    frames = [
        _relation(facts, name, [m for m in chosen if m.relation == name], windows, by, where or {})
        for name in dict.fromkeys(m.relation for m in chosen)
    ]
    merged = reduce(lambda left, right: left.merge(right, on=keys, how="outer"), frames)
    merged = merged.assign(**{metric: _plain(merged[metric]) for metric in ids})
    order = {label: position for position, label in enumerate(windows)}
    return merged.sort_values(
        keys, key=lambda c: c.map(order) if c.name == "window" else c, kind="stable", ignore_index=True
    )[[*keys, *ids]]


def assigned(measured: pd.DataFrame, by: Sequence[str], metric: str) -> pd.DataFrame:
    """`measured`, its rows that name no value of a dimension called `UNASSIGNED`.

    So the units of a dimension add up to the company; such rows without any `metric` are left out.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"region": ["East", None], "bookings": [7, 3]})
    >>> assigned(frame, ["region"], "bookings").region.tolist()
    ['East', 'unassigned']
    """
    nameless = measured[list(by)].isna().any(axis=1)
    return measured[~nameless | measured[metric].notna()].fillna(dict.fromkeys(by, UNASSIGNED))


def totals(
    facts: Facts, ids: Sequence[str], windows: Mapping[str, Window], where: Mapping[str, object] | None = None
) -> pd.DataFrame:
    """Metrics of each window as a whole: index `window`, one row each even where nothing happened."""
    return measure(facts, ids, windows, where=where).set_index("window").reindex(list(windows))


def _plain(values: pd.Series) -> pd.Series:
    """As whole numbers, or as floats where some are missing: nothing else, whatever the engine gave."""
    import pandas as pd

    numbers = pd.to_numeric(values)
    return numbers.astype("float64") if numbers.isna().any() else numbers


def _metric(metric_id: str) -> Metric:
    computed = [m.id for m in REGISTRY.values() if m.sql]
    if metric_id not in computed:
        raise DataError(
            f"{metric_id!r} is not a metric that is computed in SQL; {nearest(metric_id, computed)}"
        )
    return REGISTRY[metric_id]


def _relation(
    facts: Facts,
    relation: str,
    metrics: Iterable[Metric],
    windows: Mapping[str, Window],
    by: Sequence[str],
    where: Mapping[str, object],
) -> pd.DataFrame:
    table, day = _RELATIONS[relation]
    for dimension in (*by, *where):
        known = facts.columns(table)
        if dimension not in known:
            raise DataError(f"{table} has no dimension {dimension!r}; {nearest(dimension, known)}")
    kept, kept_values = conditions(where)
    dimensions = "".join(f", {quoted(d)}" for d in by)
    shown = "".join(f", {m.sql if facts.has(*m.needs) else 'NULL'} AS {quoted(m.id)}" for m in metrics)
    rows = ", ".join("(CAST(? AS VARCHAR), CAST(? AS DATE), CAST(? AS DATE))" for _ in windows)
    bound = [value for label, window in windows.items() for value in (label, window.start, window.end)]
    return facts.query(
        f"SELECT window_label AS {quoted('window')}{dimensions}{shown} "
        f"FROM {quoted(table)} JOIN (VALUES {rows}) AS w(window_label, first_day, last_day) "
        f"ON {quoted(day)} BETWEEN first_day AND last_day{kept} GROUP BY window_label{dimensions}",
        [*bound, *kept_values],
    )


def conditions(where: Mapping[str, object]) -> tuple[str, list[object]]:
    """SQL that keeps the rows of `where` (dimension → value or values), and its bound values.

    >>> conditions({"region": "East", "channel": ["direct", "agents"]})
    (' AND "region" IN (?) AND "channel" IN (?, ?)', ['East', 'direct', 'agents'])
    """
    sql, bound = "", []
    for dimension, wanted in where.items():
        values = list(wanted) if isinstance(wanted, list | tuple | set) else [wanted]
        if not values:
            return " AND FALSE", []
        sql += f" AND {quoted(dimension)} IN ({', '.join('?' for _ in values)})"
        bound += values
    return sql, bound
