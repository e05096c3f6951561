"""Who holds the market, how concentrated it is, and our price against the market's (M7.2–M7.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.market.share import WHOLE, is_two_years, published_quarters, quarter_windows
from salesops_lib.metrics import Exhibit, Finding, Missing, measure
from salesops_lib.metrics.formulas import Interval, ratio

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

US, OTHERS = "us", "other_rivals"
_YEAR = 4


def rival_shares(ws: Workspace) -> Exhibit | Missing:
    """Share of us, of each rival and of the rest over the last four quarters that name rivals; one row each.

    Cells (quarter × category × region) count in which the market and at least one rival are known, so that shares
    are of one and the same market; `base` is of the four quarters a year before.  `low` and `high` carry the range of the market estimate.
    """
    if absent := ws.facts.missing("market.market_amount", "market.rival", "sales.net_amount"):
        return Missing("rival_shares", absent)
    cells = _cells(ws)
    published = published_quarters(ws)
    quarters = [q for q in published if q in set(cells.period)][-2 * _YEAR :]
    if len(quarters) < _YEAR:
        return Missing("rival_shares", (), "note.four_quarters_needed")
    now = _shares(cells[cells.period.isin(quarters[-_YEAR:])])
    before = _shares(cells[cells.period.isin(quarters[:-_YEAR])]) if is_two_years(ws, quarters) else None
    base = before.share.reindex(now.index) if before is not None else pd.Series(np.nan, index=now.index)
    frame = now.assign(base=base, delta=now.share - base).rename_axis("label").reset_index()
    own = frame.label.isin([US, OTHERS])
    frame = pd.concat([frame[~own].sort_values("share", ascending=False), frame[frame.label == OTHERS]])
    frame = pd.concat([now_row(now, base), frame], ignore_index=True)
    told = _told(frame, now, before, quarters)
    shown = frame.assign(label=[_named(one) for one in frame.label])
    units = {
        "label": "text", "amount": "money", "share": "ratio", "low": "ratio", "high": "ratio", "base": "ratio", "delta": "pp",
    }  # fmt: skip
    notes = [
        Finding("note.rival_cells", {"published": cells[cells.period.isin(quarters)].published_on.max()})
    ]
    late = [q for q in published if q > quarters[-1]]
    if late:
        notes.append(Finding("note.rivals_late", {"n": len(late), "last": quarters[-1]}))
    return Exhibit(
        "rival_shares", "table", shown[list(units)], metric="market_share", findings=told, sources=("market", "order_lines"),
        units=units, notes=tuple(notes),
    )  # fmt: skip


def now_row(now: pd.DataFrame, base: pd.Series) -> pd.DataFrame:
    """Our own row."""
    own = now.loc[[US]].assign(base=base[US], delta=now.share[US] - base[US])
    return own.rename_axis("label").reset_index()


def concentration(shares: pd.Series, rest: float) -> Interval:
    """HHI of known `shares`, and what it may be as the `rest` of the market is split: not at all concentrated, or
    into firms as large as the largest that is known.

    Returns
    -------
    Interval
        `value` and `low` without the rest, `high` with it; between 0 and 10,000.

    Examples
    --------
    >>> [round(x) for x in concentration(pd.Series([0.5, 0.3]), 0.2)]
    [3400, 3400, 3800]
    """
    known = float((shares**2).sum())
    largest = min(float(shares.max()), rest) if len(shares) else rest
    whole, left = divmod(rest, largest) if largest > 0 else (0.0, 0.0)
    most = known + whole * largest**2 + left**2
    return Interval(10_000 * known, 10_000 * known, 10_000 * most)


def relative_price(ws: Workspace) -> Exhibit | Missing:
    """Our price over the market's, by category, over the last four quarters with units; one row a category.

    It is revenue share over unit share (M7.3).  `base` is of the four quarters a year before.
    """
    if absent := ws.facts.missing(
        "market.market_amount", "market.market_units", "market.category", "sales.quantity", "sales.category"
    ):
        return Missing("relative_price", absent)
    quarters = [q for q in published_quarters(ws) if q in _with_units(ws)][-2 * _YEAR :]
    if len(quarters) < _YEAR:
        return Missing("relative_price", (), "note.four_quarters_needed")
    now = _prices(ws, quarters[-_YEAR:])
    before = _prices(ws, quarters[:-_YEAR]) if is_two_years(ws, quarters) else None
    frame = now.assign(base=before.relative_price.reindex(now.index) if before is not None else np.nan)
    frame = (
        frame.rename_axis("category")
        .reset_index()
        .sort_values("relative_price", ascending=False, ignore_index=True)
    )
    impossible = frame[(frame.share > 1) | (frame.unit_share > 1)]
    usable = frame.drop(index=impossible.index)
    found = []
    if len(usable):
        top, low = usable.iloc[0], usable.iloc[-1]
        values = {
            "top": top.category,
            "most": top.relative_price,
            "bottom": low.category,
            "least": low.relative_price,
        }
        found.append(Finding("relative_price.range", values, "relative_price"))
    if len(impossible):
        found.append(
            Finding(
                "relative_price.impossible", {"names": impossible.category.tolist()}, "relative_price", "bad"
            )
        )
    units = {
        "category": "text",
        "share": "ratio",
        "unit_share": "ratio",
        "relative_price": "quantity",
        "base": "quantity",
    }
    return Exhibit(
        "relative_price", "table", frame[list(units)], metric="relative_price", findings=tuple(found), sources=("market", "order_lines"),
        units=units, notes=(Finding("note.relative_price", {"from": quarters[-_YEAR], "to": quarters[-1]}),),
    )  # fmt: skip


def _cells(ws: Workspace) -> pd.DataFrame:
    """One row a quarter, category, region and rival that is named: its sales, the market with its range, and ours."""
    known = ws.facts.query(
        "SELECT r.period, r.category, r.region, r.rival, CAST(r.market_amount AS DOUBLE) AS amount, "
        "CAST(w.market_amount AS DOUBLE) AS market, CAST(COALESCE(w.market_low, w.market_amount) AS DOUBLE) AS low, "
        "CAST(COALESCE(w.market_high, w.market_amount) AS DOUBLE) AS high, r.published_on "
        "FROM market AS r JOIN market AS w ON w.period = r.period AND w.rival IS NULL "
        "AND COALESCE(w.category, '') = COALESCE(r.category, '') AND COALESCE(w.region, '') = COALESCE(r.region, '') "
        "WHERE r.rival IS NOT NULL AND (r.published_on IS NULL OR r.published_on <= ?) "
        "ORDER BY r.period, r.category, r.region, r.rival",
        [ws.as_of],
    )  # fmt: skip
    by = [
        name for name in ("category", "region") if known[name].notna().any() and ws.facts.has(f"sales.{name}")
    ]
    quarters = [q for q in published_quarters(ws) if q in set(known.period)]
    if not quarters:
        return known.assign(ours=0.0).iloc[:0]
    ours = measure(ws.facts, ["net_sales"], quarter_windows(ws, quarters), by).rename(
        columns={"window": "period", "net_sales": "ours"}
    )
    merged = known.merge(ours, on=["period", *by], how="left")
    return merged.assign(ours=merged.ours.fillna(0.0).astype(float))


def _shares(cells: pd.DataFrame) -> pd.DataFrame:
    """Amount and share, with the range of the market, of us, each rival, and the rest."""
    once = cells.drop_duplicates(["period", "category", "region"])
    whole = once[["market", "low", "high", "ours"]].sum()
    amounts = pd.concat([pd.Series({US: whole.ours}), cells.groupby("rival").amount.sum()])
    amounts[OTHERS] = whole.market - amounts.sum()
    return pd.DataFrame(
        {"amount": amounts, "share": amounts / whole.market, "low": amounts / whole.high, "high": amounts / whole.low}
    )  # fmt: skip


def _told(
    frame: pd.DataFrame, now: pd.DataFrame, before: pd.DataFrame | None, quarters: list[str]
) -> tuple[Finding, ...]:
    rest = float(now.share[OTHERS])
    if rest < 0:
        return (Finding("rival_shares.impossible", {"share": 1 - rest}, "market_share", "bad"),)
    rivals = frame[~frame.label.isin([US, OTHERS])]
    leader = rivals.iloc[0]
    values = {
        "share": now.share[US], "leader": leader.label, "leader_share": leader.share, "relative": ratio(now.share[US], leader.share),
        "from": quarters[-_YEAR], "to": quarters[-1],
    }  # fmt: skip
    found = [Finding("rival_shares.standing", values, "relative_share")]
    moved = rivals.dropna(subset=["delta"])
    if len(moved):
        riser, faller = moved.loc[moved.delta.idxmax()], moved.loc[moved.delta.idxmin()]
        told = {
            "riser": riser.label,
            "up": riser.delta,
            "faller": faller.label,
            "down": faller.delta,
            "ours": now.share[US] - frame.base[0],
        }
        found.append(Finding("rival_shares.moved", told, "market_share"))
    index = concentration(now.share.drop(OTHERS), rest)
    found.append(
        Finding("rival_shares.hhi", {"low": index.low, "high": index.high, "rest": rest}, "market_hhi")
    )
    return tuple(found)


def _named(label: str) -> Finding | str:
    return Finding("value.label", {"value": label}) if label in (US, OTHERS) else label


def _with_units(ws: Workspace) -> set[str]:
    found = ws.facts.query(
        f"SELECT DISTINCT period FROM market WHERE {WHOLE} AND market_units > 0 ORDER BY period"
    )
    return set(found.period)


def _prices(ws: Workspace, quarters: list[str]) -> pd.DataFrame:
    """Shares and relative price by category, of quarters in which units are known."""
    marks = ", ".join("?" for _ in quarters)
    market = ws.facts.query(
        "SELECT category, CAST(SUM(market_amount) AS DOUBLE) AS market, CAST(SUM(market_units) AS DOUBLE) AS units "
        f"FROM market WHERE {WHOLE} AND market_units > 0 AND category IS NOT NULL AND period IN ({marks}) GROUP BY category ORDER BY category",
        quarters,
    ).set_index("category")  # fmt: skip
    windows = quarter_windows(ws, quarters)
    first, last = min(w.start for w in windows.values()), max(w.end for w in windows.values())
    ours = ws.facts.query(
        "SELECT category, CAST(SUM(net_amount) AS DOUBLE) AS amount, CAST(SUM(quantity) AS DOUBLE) AS quantity FROM sales "
        "WHERE kind = 'order' AND quantity > 0 AND category IS NOT NULL AND dated_on BETWEEN ? AND ? GROUP BY category ORDER BY category",
        [first, last],
    ).set_index("category")  # fmt: skip
    both = market.join(ours, how="inner")
    share, unit_share = both.amount / both.market, both.quantity / both.units
    return pd.DataFrame({"share": share, "unit_share": unit_share, "relative_price": share / unit_share})
