"""Market size, our share, and what of our growth the market gave (M6.1–M7.4).

Market estimates are published late and with a range: every share stands beside the quarter it
belongs to and the day it was published, and is computed on net sales of the same quarter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing, assigned, formulas, measure
from salesops_lib.metrics.formulas import ratio
from salesops_lib.periods import Window, growth

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

#: Rows of the table market that are of everybody, not of one rival.
WHOLE = "rival IS NULL"


def size_and_share(ws: Workspace, *, n_quarters: int = 8) -> Exhibit | Missing:
    """Market size with its range, our sales and our share; one row a quarter."""
    if absent := ws.facts.missing("market.market_amount", "sales.net_amount"):
        return Missing("share", absent)
    quarters = published_quarters(ws)[-n_quarters:]
    if not quarters:
        return Missing("share", ("market.market_amount",), "note.market_not_published")
    frame = _by_quarter(ws, quarters, ())
    frame = frame.assign(
        share=frame.sales / frame.market,
        share_low=frame.sales / frame.high,
        share_high=frame.sales / frame.low,
    )
    shown = frame[
        ["window", "market", "low", "high", "sales", "share", "share_low", "share_high", "published_on"]
    ].rename(columns={"window": "label"})
    return Exhibit(
        "share", "table", shown, metric="market_share", sources=("market", "order_lines"), findings=_share_findings(ws, frame),
        units={"label": "text", "market": "money", "low": "money", "high": "money", "sales": "money", "share": "ratio",
               "share_low": "ratio", "share_high": "ratio", "published_on": "date"},
        notes=(Finding("note.market_range", {"published": frame.published_on.max()}), *_late(ws, quarters[-1])),
    )  # fmt: skip


def growth_split(ws: Workspace) -> Exhibit | Missing:
    """Change of our sales over four quarters, split into market, share and joint effect (M6.2)."""
    if absent := ws.facts.missing("market.market_amount", "sales.net_amount"):
        return Missing("growth_split", absent)
    quarters = published_quarters(ws)
    if not is_two_years(ws, quarters[-8:]):
        return Missing("growth_split", ("market.market_amount",), "note.two_years_needed")
    now, before = _totals(ws, quarters[-4:]), _totals(ws, quarters[-8:-4])
    split = formulas.growth_split(before.sales, now.sales, before.market, now.market)
    market, share = round(split.market), round(split.share)
    frame = pd.DataFrame(
        {
            "step": ["sales_before", "market_effect", "share_effect", "joint_effect", "sales_now"],
            "amount": [before.sales, market, share, now.sales - before.sales - market - share, now.sales],
            "role": ["start", "effect", "effect", "effect", "end"],
        }
    )
    ours, theirs = ratio(now.sales, before.sales) - 1, ratio(now.market, before.market) - 1
    values = {
        "growth": ours, "market_growth": theirs, "market": market, "share": share, "index": formulas.evolution_index(ours, theirs),
        "from": quarters[-4], "to": quarters[-1],
        "share_now": ratio(now.sales, now.market), "delta_share": ratio(now.sales, now.market) - ratio(before.sales, before.market),
    }  # fmt: skip
    gained = ours >= theirs
    finding = Finding(
        "growth_split.gained" if gained else "growth_split.lost",
        values,
        "growth_split",
        "good" if gained else "bad",
    )
    return Exhibit(
        "growth_split",
        "bridge",
        frame,
        metric="net_sales",
        findings=(finding,),
        sources=("market", "order_lines"),
        notes=_late(ws, quarters[-1]),
    )


def segments(ws: Workspace, by: tuple[str, str] = ("region", "category")) -> Exhibit | Missing:
    """Size, growth and share of each segment over the last four published quarters; one row a segment.

    Without market figures: our own sales and growth of each segment over twelve months.
    """
    if ws.facts.missing("market.market_amount", *(f"market.{d}" for d in by)):
        return _own_segments(ws, by)
    quarters = published_quarters(ws)
    if not is_two_years(ws, quarters[-8:]):
        return _own_segments(ws, by)
    now = _by_quarter(ws, quarters[-4:], by).groupby(list(by))[["sales", "market", "leader"]].sum()
    before = (
        _by_quarter(ws, quarters[-8:-4], by).groupby(list(by))[["sales", "market"]].sum().reindex(now.index)
    )
    frame = pd.DataFrame(
        {
            "row": now.index.get_level_values(0),
            "column": now.index.get_level_values(1),
            "value": (now.sales / now.market).to_numpy(),
            "base": (before.sales / before.market).to_numpy(),
            "market": now.market.to_numpy(),
            "market_growth": (now.market / before.market - 1).to_numpy(),
            "relative_share": (now.sales / now.leader.where(now.leader > 0)).to_numpy(),
        }
    )
    frame["delta"] = frame.value - frame.base
    frame["growth"] = frame.delta
    return Exhibit(
        "segments", "matrix", frame, metric="market_share", sources=("market", "order_lines"), findings=(*_segment_findings(frame), *_mix(before, now)),
        units={"value": "ratio", "base": "ratio", "growth": "pp", "delta": "pp", "market": "money", "market_growth": "ratio", "relative_share": "multiple"},
        notes=_late(ws, quarters[-1]),
    )  # fmt: skip


def white_space(ws: Workspace, *, at_most: int = 10) -> Exhibit | Missing:
    """Customers' stated potential that we do not sell yet (M6.5); the largest first."""
    if absent := ws.facts.missing("customers.potential_amount", "sales.customer_id"):
        return Missing("white_space", absent)
    sold = (
        measure(ws.facts, ["bookings"], {"actual": ws.trailing()}, ["customer_id"])
        .set_index("customer_id")
        .bookings
    )
    customers = ws.facts.query(
        "SELECT customer_id, name, region, potential_amount FROM customers WHERE potential_amount > 0 ORDER BY customer_id"
    )
    frame = customers.assign(actual=customers.customer_id.map(sold).fillna(0))
    frame = frame.assign(
        white_space=(frame.potential_amount - frame.actual).clip(lower=0),
        wallet_share=frame.actual / frame.potential_amount,
    )
    ranked = frame.nlargest(at_most, "white_space").reset_index(drop=True)
    values = {"total": frame.white_space.sum(), "wallet_share": ratio(frame.actual.sum(), frame.potential_amount.sum()), "n": len(frame),
              "top": ranked.white_space.sum(), "n_top": len(ranked)}  # fmt: skip
    return Exhibit(
        "white_space", "ranking", ranked[["name", "region", "white_space", "actual", "potential_amount", "wallet_share"]], metric="white_space",
        findings=(Finding("white_space.total", values, "white_space"),), sources=("customers", "order_lines"), window=ws.trailing(),
        units={"region": "text", "white_space": "money", "actual": "money", "potential_amount": "money", "wallet_share": "ratio"},
    )  # fmt: skip


def published_quarters(ws: Workspace) -> list[str]:
    """Complete quarters with a market figure published by the as-of day, in order."""
    found = ws.facts.query(
        f"SELECT DISTINCT period FROM market WHERE {WHOLE} AND (published_on IS NULL OR published_on <= ?) ORDER BY period",
        [ws.as_of],
    ).period
    return [q for q in found if ws.calendar.is_complete(ws.calendar.parse(q), ws.window.end)]


def _late(ws: Workspace, last: str) -> tuple[Finding, ...]:
    """A note where complete quarters have no market figure yet."""
    missing, quarter = 0, ws.calendar.shift(ws.calendar.parse(last), 1)
    while ws.calendar.is_complete(quarter, ws.window.end):
        missing, quarter = missing + 1, ws.calendar.shift(quarter, 1)
    return (Finding("note.market_late", {"last": last, "n": missing}),) if missing else ()


def is_two_years(ws: Workspace, quarters: list[str]) -> bool:
    """Whether `quarters` are eight without a gap."""
    if len(quarters) != 8:
        return False
    last = ws.calendar.parse(quarters[-1])
    return quarters == [ws.calendar.shift(last, -back).label for back in range(7, -1, -1)]


def quarter_windows(ws: Workspace, quarters: list[str]) -> dict[str, Window]:
    return {q: ws.calendar.window(ws.calendar.parse(q), ws.as_of) for q in quarters}


def _by_quarter(ws: Workspace, quarters: list[str], by: tuple[str, ...]) -> pd.DataFrame:
    """Market figures and our net sales side by side; one row per quarter and segment."""
    keys = "".join(f", {dimension}" for dimension in by)
    market = ws.facts.query(
        f'SELECT period AS "window"{keys}, CAST(SUM(market_amount) AS BIGINT) AS market, '
        "CAST(SUM(COALESCE(market_low, market_amount)) AS BIGINT) AS low, CAST(SUM(COALESCE(market_high, market_amount)) AS BIGINT) AS high, "
        "CAST(SUM(leader_amount) AS BIGINT) AS leader, MAX(published_on) AS published_on "
        f"FROM market WHERE {WHOLE} AND period IN ({', '.join('?' for _ in quarters)}) GROUP BY period{keys}",
        quarters,
    )
    ours = measure(ws.facts, ["net_sales"], quarter_windows(ws, quarters), by).rename(
        columns={"net_sales": "sales"}
    )
    covered = market.merge(ours, on=["window", *by], how="left")
    return covered.assign(sales=covered.sales.fillna(0)).sort_values(["window", *by], ignore_index=True)


def _totals(ws: Workspace, quarters: list[str]) -> pd.Series:
    return _by_quarter(ws, quarters, ())[["sales", "market"]].sum()


def _share_findings(ws: Workspace, frame: pd.DataFrame) -> tuple[Finding, ...]:
    last = frame.iloc[-1]
    values = {"label": last.window, "market": last.market, "share": last.share, "low": last.share_low, "high": last.share_high,
              "goal": ws.policy.market.share_target}  # fmt: skip
    found = [
        Finding(
            "share.now" if ws.policy.market.share_target is None else "share.against_goal",
            values,
            "market_share",
            figure="share",
        )
    ]
    if len(frame) > 4:
        before = frame.iloc[-5]
        change = growth(last.market, before.market).rate
        values = {"delta": last.share - before.share, "market_growth": change, "label": last.window}
        inside = before.share_low <= last.share <= before.share_high
        found.append(
            Finding(
                "share.same" if inside else "share.moved",
                values,
                "market_share",
                "neutral" if inside else "good" if last.share > before.share else "bad",
            )
        )
    return tuple(found)


def _segment_findings(frame: pd.DataFrame) -> tuple[Finding, ...]:
    moved = frame.dropna(subset=["delta"])
    if moved.empty:
        return ()
    up, down = moved.loc[moved.delta.idxmax()], moved.loc[moved.delta.idxmin()]
    found = []
    for cell, message, tone in ((down, "segments.lost", "bad"), (up, "segments.gained", "good")):
        if (cell.delta > 0) == (tone == "good"):
            values = {"row": cell.row, "column": cell.column, "share": cell.value, "delta": cell.delta, "market_growth": cell.market_growth,
                      "at_stake": abs(cell.delta) * cell.market, "unit": cell.row}  # fmt: skip
            found.append(Finding(message, values, "market_share", tone))
    return tuple(found)


def _mix(before: pd.DataFrame, now: pd.DataFrame) -> tuple[Finding, ...]:
    """What of the share's change was won within segments; silent where a segment was not measured at both times."""
    if before.isna().any(axis=None) or len(now) < 2:
        return ()
    change = formulas.share_change(before, now)
    return (Finding("segments.mix", {"delta": sum(change), **change._asdict()}, "share_mix"),)


def _own_segments(ws: Workspace, by: tuple[str, str]) -> Exhibit | Missing:
    present = [
        d for d in (*by, "segment", "industry", "channel", "subcategory") if ws.facts.has(f"sales.{d}")
    ]
    if len(present) < 2:
        return Missing("segments", tuple(f"sales.{d}" for d in by if d not in present))
    rows, columns = present[:2]
    windows = {"actual": ws.trailing(), "base": ws.trailing(years_back=1)}
    measured = measure(ws.facts, ["bookings"], windows, [rows, columns])
    wide = assigned(measured, [rows, columns], "bookings").pivot(
        index=[rows, columns], columns="window", values="bookings"
    )
    wide = wide.reindex(columns=["actual", "base"]).fillna(0)
    top_rows = wide.groupby(level=0).actual.sum().nlargest(12).index
    top_columns = wide.groupby(level=1).actual.sum().nlargest(8).index
    kept = wide[
        wide.index.get_level_values(0).isin(top_rows) & wide.index.get_level_values(1).isin(top_columns)
    ]
    frame = pd.DataFrame({"row": kept.index.get_level_values(0), "column": kept.index.get_level_values(1),
                          "value": kept.actual.to_numpy(), "base": kept.base.to_numpy()})  # fmt: skip
    frame["difference"] = frame.value - frame.base
    frame["growth"] = (frame.difference / frame.base.where(frame.base > 0)).to_numpy()
    if frame.empty:
        return Exhibit(
            "segments", "matrix", frame, metric="bookings", sources=("order_lines",), findings=(Finding("where.unchanged"),)
        )  # fmt: skip
    grew = bool(wide.base.any())
    best = frame.loc[frame.difference.idxmax()]
    values = {"row": best.row, "column": best.column, "share": ratio(best.value, wide.actual.sum())}
    values["delta" if grew else "actual"] = best.difference
    left_out = len(wide) - len(kept)
    notes = (
        (
            Finding(
                "note.segments_left_out",
                {"n": left_out, "share": 1 - ratio(kept.actual.sum(), wide.actual.sum())},
            ),
        )
        if left_out
        else ()
    )
    return Exhibit(
        "segments", "matrix", frame, metric="bookings", sources=("order_lines",), window=windows["actual"], base=windows["base"],
        findings=(Finding("segments.own" if grew else "segments.largest", values, "growth"),), units={"growth": "ratio", "difference": "money"},
        notes=(Finding("note.no_market"), *notes),
    )  # fmt: skip
