"""Why sales changed: price, volume, mix, new and lost products, currency (M15.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing, formulas

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

STEPS = ("fx", "new", "lost", "volume", "mix", "price")
#: How the steps are called where they are shown.
SHOWN = {"new": "new_products", "lost": "lost_products"}


def price_volume_mix(ws: Workspace) -> Exhibit | Missing:
    """From the bookings of the year before to those of the period, step by step.

    Computed within each category, as units of measure add up there (M15.6), then summed; the
    steps are rounded to minor units and close exactly (C19).  The items are products; where
    continuing products carry less of the sales than the policy asks for, they are
    subcategories, else categories, and a note says so.
    """
    if absent := ws.facts.missing("sales.quantity", "sales.product_id"):
        return Missing("bridge", absent)
    lines = _lines(ws)
    if not lines.s0.sum():
        return Missing("bridge", ("sales.net_amount",), "note.no_year_before")
    grain, items = _comparable(lines, ws.policy.pricing.bridge_overlap)
    parts = [formulas.price_volume_mix(part)._asdict() for _, part in items.groupby("category", dropna=False)]
    summed = pd.DataFrame(parts).sum()
    start, end = round(summed.start), round(summed.end)
    names = SHOWN if grain == "product_id" else SHOWN | {"price": "price_and_products"}
    steps = {names.get(step, step): round(summed[step]) for step in STEPS if round(summed[step])}
    largest = max(steps, key=lambda step: abs(steps[step]), default="volume")
    rounding = end - start - sum(steps.values())
    assert abs(rounding) <= len(STEPS), f"price-volume-mix steps miss the change by {rounding} minor units"
    steps[largest] = steps.get(largest, 0) + rounding
    frame = pd.DataFrame(
        {
            "step": ["previous_year", *steps, "actual"],
            "amount": [start, *steps.values(), end],
            "role": ["start", *["effect"] * len(steps), "end"],
        }
    )
    return Exhibit(
        "bridge", "bridge", frame, metric="price_volume_mix", window=ws.window, base=ws.base, sources=("order_lines",),
        findings=_told(steps, end - start, start, grain), notes=(_grain_note(grain), Finding("note.contributes")),
    )  # fmt: skip


def _comparable(lines: pd.DataFrame, wanted: float) -> tuple[str, pd.DataFrame]:
    """The finest grain whose continuing items carry `wanted` of both windows' sales, and its lines."""
    amounts = ["q0", "q1", "s0", "s1", "g0", "g1"]
    grains = [g for g in ("product_id", "subcategory", "category") if lines[g].notna().any()]
    for grain in grains:
        items = lines.groupby(
            ["category", grain, "currency"] if grain != "category" else ["category", "currency"], dropna=False
        )
        summed = items[amounts].sum().reset_index()
        continuing = summed[(summed.q0 > 0) & (summed.q1 > 0)]
        carried = min(formulas.ratio(continuing[s].sum(), summed[s].sum()) for s in ("g0", "g1"))
        if carried >= wanted or grain == grains[-1]:
            return grain, _with_rates(summed)
    raise AssertionError("sales without any product")


def _lines(ws: Workspace) -> pd.DataFrame:
    """Quantity, sales and rate of each product and currency in both windows."""
    return ws.facts.query(
        "SELECT category, subcategory, product_id, currency,"
        " COALESCE(CAST(SUM(quantity) FILTER (WHERE dated_on BETWEEN ? AND ?) AS DOUBLE), 0) AS q0,"
        " COALESCE(CAST(SUM(quantity) FILTER (WHERE dated_on BETWEEN ? AND ?) AS DOUBLE), 0) AS q1,"
        " COALESCE(CAST(SUM(net_amount_tc) FILTER (WHERE dated_on BETWEEN ? AND ?) AS DOUBLE), 0) AS s0,"
        " COALESCE(CAST(SUM(net_amount_tc) FILTER (WHERE dated_on BETWEEN ? AND ?) AS DOUBLE), 0) AS s1,"
        " COALESCE(CAST(SUM(net_amount) FILTER (WHERE dated_on BETWEEN ? AND ?) AS DOUBLE), 0) AS g0,"
        " COALESCE(CAST(SUM(net_amount) FILTER (WHERE dated_on BETWEEN ? AND ?) AS DOUBLE), 0) AS g1"
        " FROM sales WHERE kind = 'order' AND (dated_on BETWEEN ? AND ? OR dated_on BETWEEN ? AND ?)"
        " GROUP BY category, subcategory, product_id, currency ORDER BY category, subcategory, product_id, currency",
        [day for pair in [(ws.base, ws.window)] * 4 for window in pair for day in (window.start, window.end)],
    )


def _with_rates(lines: pd.DataFrame) -> pd.DataFrame:
    """Rate into group currency of each window; of the currency as a whole where a product was not sold."""
    known = lines.currency.astype("str").fillna("")
    for window in ("0", "1"):
        sold = lines.groupby(known)[[f"g{window}", f"s{window}"]].sum()
        usual = known.map(sold[f"g{window}"] / sold[f"s{window}"].where(sold[f"s{window}"] != 0))
        own = lines[f"g{window}"] / lines[f"s{window}"].where(lines[f"s{window}"] != 0)
        lines = lines.assign(**{f"r{window}": own.fillna(usual)})
    return lines.assign(r0=lines.r0.fillna(lines.r1), r1=lines.r1.fillna(lines.r0))


def _grain_note(grain: str) -> Finding:
    if grain == "product_id":
        return Finding("note.bridge_by_product")
    return Finding("note.bridge_coarse", {"grain": grain})


def _told(steps: dict[str, int], change: int, start: int, grain: str) -> tuple[Finding, ...]:
    ranked = sorted(steps.items(), key=lambda item: abs(item[1]), reverse=True)
    values: dict[str, object] = {"delta": change, "growth": formulas.ratio(change, start)}
    for position, (step, amount) in enumerate(ranked[:2], start=1):
        values |= {f"step{position}": step, f"amount{position}": amount}
    values["rest"] = change - sum(amount for _, amount in ranked[:2])
    message = "bridge.drivers" if len(ranked) > 1 else "bridge.change"
    found = [Finding(message, values, "price_volume_mix", "good" if change >= 0 else "bad")]
    if grain == "product_id" and steps.get("price", 0) < 0:
        found.append(
            Finding(
                "bridge.price_fell",
                {"amount": -steps["price"], "at_stake": -steps["price"]},
                "price_volume_mix",
                "bad",
            )
        )
    return tuple(found)
