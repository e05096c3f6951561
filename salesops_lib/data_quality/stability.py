"""How far what a column holds has moved since the last load (M20.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.data_quality.restated_months import first_load, last_two
from salesops_lib.metrics import Exhibit, Finding, Missing

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

#: What may have moved, the first one named when several have.
MOVES = (
    "new_column",
    "lost_column",
    "completeness_moved",
    "distribution_moved",
    "mean_moved",
    "values_moved",
)
#: Share of an empty class: an index of what was never seen would be infinite.
_FLOOR = 0.001
_COLUMNS = [
    "table", "column", "status", "completeness_before", "completeness", "n_distinct_before", "n_distinct",
    "mean_change", "stability_index",
]  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """From where on a column has moved; `data.drift` of the policy.

    Attributes
    ----------
    completeness
        Change of the share of rows with a value.
    relative
        Change of the mean, and of the number of distinct values (as such and per row).
    stability_index
        Population stability index of the distribution; 0.25 is usual for a major shift.
    least_values
        Columns with fewer values are judged by their completeness alone.
    """

    completeness: float = 0.05
    relative: float = 0.25
    stability_index: float = 0.25
    least_values: int = 200


def stability_index(before: Sequence[float], now: Sequence[float]) -> float:
    """Population stability index of two distributions over the same classes: Σ (q − p) ln(q / p).

    Below 0.10 nothing has changed that matters, above 0.25 much has.  A class that is empty on
    one side counts as a share of 0.001.

    Notes
    -----
    N. Siddiqi, Credit Risk Scorecards (Wiley, 2006), chapter 9.

    Examples
    --------
    >>> stability_index([0.5, 0.5], [0.5, 0.5])
    0.0
    >>> round(stability_index([0.5, 0.5], [0.25, 0.75]), 4)
    0.2747
    """
    p, q = np.clip(before, _FLOOR, None), np.clip(now, _FLOOR, None)
    return float(np.sum((q - p) * np.log(q / p)))


def of_numbers(before: Sequence[float], now: Sequence[float]) -> float:
    """Stability index of numbers, from the quantiles of each load, over the deciles of the one before.

    >>> even = [float(v) for v in range(5, 100, 5)]
    >>> of_numbers(even, even), of_numbers(even, [v * 10 for v in even]) > 0.25
    (0.0, True)
    """
    edges = np.unique(np.asarray(before)[1::2])
    p, q = (
        np.diff(_shares_up_to(edges, points), prepend=0.0, append=1.0).tolist() for points in (before, now)
    )
    return stability_index(p, q)


def _shares_up_to(edges: np.ndarray, quantiles: Sequence[float]) -> np.ndarray:
    """Share of values up to each edge, straight between quantiles that stand at equal steps."""
    points = np.asarray(quantiles, dtype=float)
    step = 1 / (len(points) + 1)
    at = np.searchsorted(points, edges, side="right")
    low, high = points[np.maximum(at - 1, 0)], points[np.minimum(at, len(points) - 1)]
    wide = np.where(high > low, high - low, 1.0)
    part = np.where((at > 0) & (at < len(points)), (edges - low) / wide, 0.0)
    return np.minimum((at + part) * step, 1.0)


def of_values(before: Mapping[str, float], now: Mapping[str, float]) -> float:
    """Stability index of the commonest values' shares; all other values are one class.

    >>> of_values({"a": 0.6, "b": 0.4}, {"a": 0.6, "b": 0.4})
    0.0
    >>> of_values({"a": 0.6, "b": 0.4}, {"c": 1.0}) > 0.25
    True
    """
    p, q = list(before.values()), [now.get(value, 0.0) for value in before]
    return stability_index([*p, max(1 - sum(p), 0.0)], [*q, max(1 - sum(q), 0.0)])


def drift(ws: Workspace, limits: Limits | None = None) -> Exhibit | Missing:
    """Columns that hold something else than in the last load, new and lost ones first.

    One row a column that moved; `status` is the first of `MOVES` that crosses its limit.  Days
    and periods move by nature, keys and names are others in each row: these are judged by their
    completeness alone.
    """
    loads = last_two(ws)
    if loads is None:
        return first_load(ws, "drift")
    limits = limits or getattr(ws.policy.data, "drift", None) or Limits()
    before, now = (_profiles(ws, serial) for serial in loads)
    frame = pd.DataFrame(
        [_compared(key, before.get(key), now.get(key), limits) for key in sorted(before.keys() | now.keys())],
        columns=_COLUMNS,
    )
    n_columns = len(frame)
    frame = frame[frame.status != ""].sort_values(
        "status", key=lambda status: status.map(MOVES.index), kind="stable", ignore_index=True
    )
    values = {"n": len(frame), "n_columns": n_columns}
    if frame.empty:
        finding = Finding("drift.none", values, tone="good")
    else:
        first = {name: frame[name][0] for name in ("table", "column", "status")}
        finding = Finding("drift.moved", values | first, tone="bad")
    told = {"completeness": limits.completeness, "relative": limits.relative, "index": limits.stability_index}
    units = dict.fromkeys(("completeness_before", "completeness", "mean_change"), "ratio")
    units |= dict.fromkeys(("n_distinct_before", "n_distinct"), "count") | {"stability_index": "quantity"}
    return Exhibit(
        "drift", "table", frame, findings=(finding,), notes=(Finding("note.drift_limits", told),),
        units=dict.fromkeys(("table", "column", "status"), "text") | units,
    )  # fmt: skip


def _profiles(ws: Workspace, serial: int) -> dict[tuple[str, str], dict[str, Any]]:
    """(table, column) → its profile in one load; columns that held nothing are left out."""
    frame = ws.facts.query(
        "SELECT table_name, column_name, type, n, n_filled, n_distinct, mean, quantiles, top_values FROM load_profiles "
        "WHERE serial = ? AND n_filled > 0",
        [serial],
    )
    return {(row["table_name"], row["column_name"]): row for row in frame.to_dict("records")}


def _compared(
    key: tuple[str, str], before: dict[str, Any] | None, now: dict[str, Any] | None, limits: Limits
) -> dict[str, Any]:
    """What a column held then and now, and the first limit that it crosses (empty: none)."""
    row: dict[str, Any] = {"table": key[0], "column": key[1], "status": ""}
    for suffix, profile in (("_before", before), ("", now)):
        if profile is not None:
            row[f"completeness{suffix}"] = profile["n_filled"] / profile["n"]
            row[f"n_distinct{suffix}"] = profile["n_distinct"]
    if before is None or now is None:
        return row | {"status": "new_column" if before is None else "lost_column"}
    has_moved = {
        "completeness_moved": abs(row["completeness"] - row["completeness_before"]) >= limits.completeness
    }
    if _is_comparable(key[1], before, limits) and now["n_filled"] >= limits.least_values:
        row["stability_index"] = _index(before, now)
        row["mean_change"] = _relative(before["mean"], now["mean"])
        apart = [_relative(b, n) for b, n in _distinct(before, now)]
        has_moved["distribution_moved"] = row["stability_index"] >= limits.stability_index
        has_moved["mean_moved"] = abs(row["mean_change"]) >= limits.relative
        has_moved["values_moved"] = min(map(abs, apart)) >= limits.relative
    return row | {"status": next((move for move in MOVES if has_moved.get(move)), "")}


def _is_comparable(column: str, before: dict[str, Any], limits: Limits) -> bool:
    is_class = before["type"] != "text" or before["n_distinct"] <= before["n_filled"] / 2
    return (
        is_class
        and before["type"] != "date"
        and column != "period"
        and before["n_filled"] >= limits.least_values
    )


def _distinct(before: dict[str, Any], now: dict[str, Any]) -> tuple[tuple[float, float], ...]:
    """Distinct values then and now, as such and per row: a column moved when both did."""
    counts = (before["n_distinct"], now["n_distinct"])
    return counts, (counts[0] / before["n_filled"], counts[1] / now["n_filled"])


def _relative(before: float, now: float) -> float:
    """Change as a share of what was; NaN, which crosses no limit, where there was nothing."""
    return (now - before) / abs(before) if before else float("nan")


def _index(before: dict[str, Any], now: dict[str, Any]) -> float:
    """Stability index of two profiles; NaN where one of them has no distribution."""
    if _is_list(before["quantiles"]) and _is_list(now["quantiles"]):
        return of_numbers(before["quantiles"], now["quantiles"])
    if _is_list(before["top_values"]) and _is_list(now["top_values"]):
        return of_values(*({v["value"]: v["share"] for v in p["top_values"]} for p in (before, now)))
    return float("nan")


def _is_list(value: Any) -> bool:
    return value is not None and not np.isscalar(value) and len(value) > 0
