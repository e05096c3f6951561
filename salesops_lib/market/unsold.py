"""White space by account and product line: what similar accounts buy and this one does not (M6.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing, measure
from salesops_lib.metrics.formulas import wilson

if TYPE_CHECKING:
    from salesops_lib.periods import Window
    from salesops_lib.workspace import Workspace

#: Accounts that a group of similar ones needs, the account itself aside; of them buyers of the line.
LEAST_PEERS, LEAST_BUYERS = 20, 5
#: Pairs of account and line whose past naming is held against what came.
_TRIED = 100
#: What makes accounts similar, the nearest first; a later one is taken where an earlier has too few.
_KINDS = (("industry", "segment"), ("segment",), ())


def unsold_lines(ws: Workspace, *, at_most: int = 10) -> Exhibit | Missing:
    """Pairs of account and product line not sold in twelve months, by what similar accounts let expect; one row a pair.

    `n_peers` similar accounts, `bought_share` of them that buy the line, `if_sold` what it would bring if this account bought as
    they do, `expected` both together; no more than the account's stated potential leaves open.
    """
    if absent := ws.facts.missing("sales.customer_id", "sales.category"):
        return Missing("unsold_lines", absent)
    accounts = _accounts(ws)
    pairs = expected(_spending(ws, ws.trailing()), accounts)
    if pairs.empty:
        return Missing("unsold_lines", (), "note.no_similar_accounts")
    ranked = pairs.nlargest(at_most, "expected").reset_index(drop=True)
    names = accounts.name.reindex(ranked.customer_id)
    shown = ranked.assign(name=names.where(names.notna(), names.index.to_series()).to_numpy())
    by_line = pairs.groupby("category").expected.sum().sort_values(ascending=False)
    values = {
        "n": len(pairs), "n_accounts": pairs.customer_id.nunique(), "total": pairs.expected.sum(), "category": by_line.index[0],
        "amount": by_line.iloc[0],
    }  # fmt: skip
    units = {
        "name": "text", "category": "text", "expected": "money", "bought_share": "ratio", "if_sold": "money", "actual": "money",
        "n_peers": "count",
    }  # fmt: skip
    return Exhibit(
        "unsold_lines", "ranking", shown[list(units)], metric="unsold_lines", findings=(Finding("unsold_lines.total", values, "unsold_lines"), *_tried(ws, accounts)),
        sources=("customers", "order_lines"), window=ws.trailing(), units=units,
        notes=(Finding("note.unsold_lines", {"peers": LEAST_PEERS, "buyers": LEAST_BUYERS}),),
    )  # fmt: skip


def expected(spending: pd.DataFrame, accounts: pd.DataFrame) -> pd.DataFrame:
    """What each account might spend on each line that it does not buy.

    Parameters
    ----------
    spending
        Accounts × lines, amounts of a year, 0 where nothing was bought.
    accounts
        By account: `segment, industry, potential`, each as far as it is known.

    Returns
    -------
    pd.DataFrame
        `customer_id, category, n_peers, bought_share, if_sold, expected, actual`; `actual` is what the account buys in all.

    Notes
    -----
    Similar accounts share industry and segment, or the segment alone, or are all, whichever first has enough.
    Those that buy a line spend on it, together, a share of what they spend on other lines; the account is taken to do the same.

    Examples
    --------
    >>> spent = pd.DataFrame({"a": 100.0, "b": [50.0] * 15 + [0.0] * 10}, index=pd.RangeIndex(25))
    >>> made = expected(spent, pd.DataFrame(index=spent.index))
    >>> len(made), made[["bought_share", "if_sold", "expected"]].to_numpy()[0].tolist()
    (10, [0.625, 50.0, 31.25])
    """
    spent = spending.clip(lower=0)
    active = spent[spent.sum(axis=1) > 0]
    if active.empty:
        return pd.DataFrame(
            columns=["customer_id", "category", "n_peers", "bought_share", "if_sold", "expected", "actual"]
        )
    total = active.sum(axis=1)
    about = accounts.reindex(active.index)
    bought = active > 0
    found = pd.DataFrame(
        np.nan,
        index=active.index,
        columns=pd.MultiIndex.from_product([("peers", "share", "if_sold"), active.columns]),
    )
    for kind in _KINDS:
        known = [name for name in kind if name in about and about[name].notna().any()]
        if len(known) < len(kind):
            continue
        keys = [about[name].fillna("?") for name in kind] or [pd.Series(0, index=active.index)]
        group = list(keys)
        n = bought.groupby(group).transform("size").sub(1).astype(float)
        buyers = bought.groupby(group).transform("sum").astype(float)
        on_line = active.groupby(group).transform("sum")
        on_others = bought.mul(total, axis=0).sub(active).groupby(group).transform("sum")
        enough = (buyers >= LEAST_BUYERS) & (on_others > 0)
        enough = enough.mul(n >= LEAST_PEERS, axis=0) & found["peers"].isna()
        rate = (on_line / on_others.where(on_others > 0)).mul(total, axis=0)
        for name, values in (
            ("peers", bought.astype(float).mul(0).add(n, axis=0)),
            ("share", buyers.div(n.where(n > 0), axis=0)),
            ("if_sold", rate),
        ):
            found[name] = found[name].where(~enough, values).to_numpy()
    stacked = {name: found[name].where(~bought).stack() for name in ("peers", "share", "if_sold")}
    pairs = pd.DataFrame(stacked).dropna().rename_axis(["customer_id", "category"]).reset_index()
    pairs["actual"] = pairs.customer_id.map(total)
    if "potential" in about:
        room = (about.potential - total).clip(lower=0)
        pairs["if_sold"] = pairs.if_sold.clip(upper=pairs.customer_id.map(room).fillna(np.inf))
    pairs["expected"] = pairs.share * pairs.if_sold
    pairs = pairs.rename(columns={"share": "bought_share", "peers": "n_peers"})
    return pairs[pairs.expected > 0].reset_index(drop=True)


def _tried(ws: Workspace, accounts: pd.DataFrame) -> tuple[Finding, ...]:
    """How often the pairs that would have been named a year ago were bought since, and how often all others were."""
    pairs = expected(_spending(ws, ws.trailing(years_back=1)), accounts)
    now = _spending(ws, ws.trailing())
    if len(pairs) < 2 * _TRIED or now.empty:
        return ()
    came = now.stack().rename("came").rename_axis(["customer_id", "category"]).reset_index()
    tested = pairs.merge(came, on=["customer_id", "category"], how="left").fillna({"came": 0.0})
    tested = tested.sort_values("expected", ascending=False, ignore_index=True)
    named, rest = tested.head(_TRIED), tested.iloc[_TRIED:]
    hit, usual = wilson(int((named.came > 0).sum()), _TRIED), float((rest.came > 0).mean())
    values = {
        "n": _TRIED, "rate": hit.value, "low": hit.low, "high": hit.high, "usual": usual, "said": named.expected.sum(), "came": named.came.sum(),
    }  # fmt: skip
    return (
        Finding(
            "unsold_lines.tried" if hit.low > usual else "unsold_lines.no_better", values, "unsold_lines"
        ),
    )


def _spending(ws: Workspace, window: Window) -> pd.DataFrame:
    sold = measure(ws.facts, ["bookings"], {"actual": window}, ["customer_id", "category"])
    sold = sold.dropna(subset=["customer_id", "category"])
    return sold.pivot(index="customer_id", columns="category", values="bookings").fillna(0.0).astype(float)


def _accounts(ws: Workspace) -> pd.DataFrame:
    if not ws.facts.has("customers.customer_id"):
        return pd.DataFrame({"name": pd.Series(dtype=object)}, index=pd.Index([], name="customer_id"))
    return ws.facts.query(
        "SELECT customer_id, name, segment, industry, CAST(potential_amount AS DOUBLE) AS potential FROM customers ORDER BY customer_id"
    ).set_index("customer_id")
