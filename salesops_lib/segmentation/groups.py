"""Groups of customers that are there by themselves: who they are, what they bring, what they brought a year later (M10.7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.segmentation import frozen
from salesops_lib.segmentation.clusters import find_clusters
from salesops_lib.segmentation.summary import customer_summary, purchases

if TYPE_CHECKING:
    from datetime import date

    from salesops_lib.segmentation.frozen import Frozen
    from salesops_lib.workspace import Workspace

_YEAR = 365
#: Features of a customer, the first of which orders the groups.
FEATURES = ("spend", "order_days", "silent_days")


@dataclass(frozen=True)
class Found:
    """Groups that hold: frozen centroids, customers now and a year ago, and why they were looked for again (or not)."""

    held: Frozen
    now: pd.DataFrame
    because: str
    trials: pd.DataFrame | None


def features(ws: Workspace, end: date) -> pd.DataFrame:
    """What each customer that bought within the year before `end` did in it; index customer_id.

    spend (net amount of an order day, minor units), order_days, silent_days since the last one;
    amount of the year.  Customers of whom no amount is known are left out (see `unpriced`).
    """
    year = purchases(ws.facts, end - timedelta(days=_YEAR), end).dropna(subset=["amount"])
    seen = customer_summary(ws.facts, end).reindex(year.index)
    amount = year.amount.clip(lower=0)
    return pd.DataFrame(
        {
            "spend": amount / year.n_days,
            "order_days": year.n_days,
            "silent_days": seen["T"] - seen.recency,
            "amount": year.amount,
        }
    ).astype(float)


def groups(ws: Workspace) -> Exhibit | Missing:
    """Customers by group, in the order of spend; or the finding that there are no stable groups."""
    if absent := ws.facts.missing("sales.customer_id"):
        return Missing("clusters", absent)
    end, rule = ws.window.end, ws.policy.customers.groups
    now = features(ws, end)
    kept = frozen.latest(ws.root, end)
    because = frozen.refit_because(kept, now, end, rule)
    trials = None
    if because:
        before = features(ws, end - timedelta(days=_YEAR))
        learnt, after = (
            (before, now.amount.reindex(before.index).fillna(0)) if _whole(ws, before) else (now, None)
        )
        found = find_clusters(
            learnt[list(FEATURES)],
            after,
            k_max=rule.most,
            agreement_min=rule.agreement_min,
            gap_max=rule.density_max,
        )
        if found.why in ("too_few", "all_alike"):
            return Missing("clusters", ("order_lines",), f"note.clusters_{found.why}")
        if not found.k:
            return _none(ws, found.trials, len(learnt))
        kept, trials = frozen.freeze(found, end), found.trials
    assert kept is not None
    return _shown(ws, Found(kept, now, because, trials))


def unpriced(ws: Workspace) -> tuple[Finding, ...]:
    """A note on the customers of the last year of whom no amount is known."""
    year = purchases(ws.facts, ws.window.end - timedelta(days=_YEAR), ws.window.end)
    n = int(year.amount.isna().sum())
    return (Finding("note.clusters_unpriced", {"n": n}),) if n else ()


def _whole(ws: Workspace, before: pd.DataFrame) -> bool:
    """Whether the year before the last is loaded too."""
    first = ws.facts.query("SELECT MIN(dated_on) AS day FROM sales WHERE kind = 'order'").day.iloc[0]
    return len(before) > 0 and pd.Timestamp(first) <= pd.Timestamp(ws.window.end) - pd.Timedelta(
        days=2 * _YEAR - 31
    )


def _none(ws: Workspace, trials: pd.DataFrame, n: int) -> Exhibit:
    rule = ws.policy.customers.groups
    if trials.empty:
        return _tried_table(ws, trials, (Finding("clusters.alike", {"n": n}, "clusters"),))
    best = trials.sort_values(["agreement", "k"], ascending=[False, True]).iloc[0]
    told = {"k": best.k, "agreement": best.agreement, "gap": best.gap, "n": n, "needed": rule.agreement_min}
    kind = "clusters.unstable" if best.agreement < rule.agreement_min else "clusters.one_cloud"
    return _tried_table(ws, trials, (Finding(kind, told, "clusters"), Finding("clusters.instead")))


def _tried_table(ws: Workspace, trials: pd.DataFrame, told: tuple[Finding, ...]) -> Exhibit:
    rule = ws.policy.customers.groups
    frame = trials.rename(columns={"k": "n_groups", "gap": "density_between"})
    return Exhibit(
        "clusters", "table", frame, metric="clusters", findings=told, sources=("order_lines",),
        units={"n_groups": "count", "agreement": "quantity", "density_between": "quantity", "next_r2": "ratio", "silhouette": "quantity"},
        notes=(Finding("note.clusters_method", {"needed": rule.agreement_min, "most": rule.density_max}), Finding("note.clusters_of"), *unpriced(ws)),
    )  # fmt: skip


def _shown(ws: Workspace, found: Found) -> Exhibit:
    rule = ws.policy.customers.groups
    labels, _ = found.held.groups(found.now)
    own = found.now.groupby(labels)
    table = pd.DataFrame(
        {"n": own.size(), "actual": own.amount.sum(), **{name: own[name].median() for name in FEATURES}}
    )
    table = table.assign(share=table.actual / table.actual.sum())
    table = table.join(_a_year_later(ws, found.held))
    whole = found.now[list(FEATURES)].median()
    told = [describe(int(str(label)), table.loc[label], whole, found) for label in table.index]
    first = {"k": len(table), "n": len(found.now), "version": found.held.version}
    frame = table.reset_index(names="cluster")[["cluster", "n", "actual", "share", *FEATURES, "kept"]]
    notes = [Finding("note.clusters_frozen", {"version": found.held.version, "n": rule.refit_months, "drift": rule.drift_max}),
             Finding("note.clusters_of"), *unpriced(ws)]  # fmt: skip
    return Exhibit(
        "clusters", "table", frame, metric="clusters", findings=(Finding("clusters.found", first, "clusters"), *told), sources=("order_lines",),
        units={"cluster": "count", "actual": "money", "spend": "money", "order_days": "count", "silent_days": "days",
               "kept": "ratio"},
        notes=tuple(notes), window=ws.trailing(), kept=frozen.table(found.held) if found.because else None,
        parts=() if found.trials is None else (_part(ws, found.trials),),
    )  # fmt: skip


def _part(ws: Workspace, trials: pd.DataFrame) -> Exhibit:
    best = trials.sort_values("agreement", ascending=False).iloc[0]
    shown = _tried_table(
        ws, trials, (Finding("clusters.tried", {"k": best.k, "agreement": best.agreement}, "clusters"),)
    )
    return Exhibit("clusters_tried", "table", shown.frame, metric="clusters", findings=shown.findings, units=shown.units,
                   sources=shown.sources, notes=shown.notes[:1])  # fmt: skip


def _a_year_later(ws: Workspace, held: Frozen) -> pd.DataFrame:
    """Of the customers that were in each group a year ago: what they bought since, over the year before."""
    before = features(ws, ws.window.end - timedelta(days=_YEAR))
    if not _whole(ws, before):
        return pd.DataFrame({"kept": pd.Series(dtype=float)})
    since = purchases(ws.facts, ws.window.end - timedelta(days=_YEAR), ws.window.end).amount
    labels, _ = held.groups(before)
    sums = (
        pd.DataFrame({"before": before.amount, "after": since.reindex(before.index).fillna(0)})
        .groupby(labels)
        .sum()
    )
    return pd.DataFrame({"kept": sums.after / sums.before.where(sums.before > 0)})


def describe(cluster: int, row: pd.Series, whole: pd.Series, found: Found) -> Finding:
    """What sets a group apart: the two features whose centroid lies farthest from the middle customer."""
    center = pd.Series(found.held.centroids[cluster - 1], list(found.held.scale.names))
    far = center.abs().sort_values(ascending=False, kind="stable").index[:2]
    words = [f"{'high' if center[name] > 0 else 'low'}_{name}" for name in far]
    words += words[:1] * (2 - len(words))
    told = {"cluster": cluster, "n": int(row.n), "share": row.share, "first": words[0], "second": words[1]}
    for name in FEATURES:
        told |= {name: row[name], f"{name}_all": whole[name]}
    return Finding(
        "clusters.described" if words[0] != words[1] else "clusters.described_by_one", told, "clusters"
    )
