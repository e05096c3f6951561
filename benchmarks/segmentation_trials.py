"""What grades, chances and intervals of customers are worth: parts of segmentation.py that need no peer.

Each reads purchases of real or simulated customers into a store of their own and asks the library as a report does.
"""

from __future__ import annotations

import argparse
import os
import statistics
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

DATA = Path(os.environ.get("SALESOPS_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def worlds(chosen: argparse.Namespace) -> None:
    """Companies of three years whose truth is known: which model the race of a half-year picks, and its RMSE in the next one."""
    end = date(2024, 12, 30)
    for kind in ("one law", "seasons", "two kinds"):
        for n in (800, 4_000):
            told = []
            for seed in range(5):
                engine = engine_of(_world(kind, n, seed))
                *_, inner = raced(engine, end - timedelta(days=360), 180)
                *_, outer = raced(engine, end - timedelta(days=180), 180)
                error = outer.set_index("model").rmse
                laws = error.drop("gradient_boosting")
                picked = inner.model.iloc[0]
                told.append(
                    (picked, error[picked] / error.min() - 1, error["gradient_boosting"] / laws.min() - 1)
                )
            print(
                f"{kind}, {n:,} customers, 5 companies: boosting picked {sum(one[0] == 'gradient_boosting' for one in told)} times,"
                f" the pick {statistics.mean(one[1] for one in told):+.1%} off the best of the next half-year,"
                f" boosting {statistics.mean(one[2] for one in told):+.1%} off the best law"
            )


def _world(kind: str, n: int, seed: int) -> pd.DataFrame:
    """Purchase days of `n` customers who come in the course of 800 of 1,095 days; of two kinds, one buys by the clock."""
    rng = np.random.default_rng(seed)
    clock = np.where(rng.random(n) < 0.4, 0, rng.integers(0, 800, n)).astype(float)
    rate, leave, regular = rng.gamma(0.9, 1 / 40, n), rng.beta(0.8, 7.5, n), np.zeros(n, dtype=bool)
    if kind == "two kinds":
        regular = rng.random(n) < 0.5
        rate = np.where(regular, 1 / rng.uniform(20, 60, n), rng.gamma(0.5, 1 / 120, n))
        leave = np.where(regular, 0.02, rng.beta(1, 4, n))
    here, rows = np.arange(n), []
    while len(here):
        rows.append(pd.DataFrame({"customer": here, "at": clock[here].astype(int)}))
        here = here[rng.random(len(here)) >= leave[here]]
        steady = np.exp(rng.normal(0, 0.25, len(here))) / rate[here]
        clock[here] += np.maximum(np.where(regular[here], steady, rng.exponential(1 / rate[here])), 1)
        here = here[clock[here] < 1_095]
    found = pd.concat(rows).drop_duplicates()
    if kind == "seasons":
        kept = rng.random(len(found)) < 0.55 + 0.45 * np.sin(2 * np.pi * found["at"] / 365)
        found = found[kept | ~found.duplicated("customer")]
    days = pd.Timestamp("2022-01-01") + pd.to_timedelta(found["at"], "D")
    return pd.DataFrame({"customer": found.customer.map("c{:06d}".format), "day": days, "amount": rng.gamma(4, 25, len(found))})  # fmt: skip


def raced(engine: Any, split: date, horizon: int) -> tuple[pd.DataFrame, Any, pd.DataFrame]:
    """Histories up to `split`, purchase days of the `horizon` days after it, and how well each candidate foretold them."""
    from salesops_lib.segmentation.race import BOOSTED, learnt, scored
    from salesops_lib.segmentation.summary import customer_summary, purchase_days

    boosted = learnt(engine, BOOSTED, split, horizon)
    earlier = boosted.seen if boosted else customer_summary(engine, split)
    came = purchase_days(engine, split, split + timedelta(days=horizon)).reindex(earlier.index).fillna(0)
    found = came.to_numpy(dtype=float)
    return earlier, found, scored(earlier, found, horizon, boosted.model if boosted else None)


def engine_of(days: pd.DataFrame) -> Any:
    """A store that holds these purchases alone."""
    from salesops_lib.tables.engine import DuckDBEngine

    engine = DuckDBEngine()
    given = pd.DataFrame({"customer_id": days.customer.astype(str), "dated_on": days.day, "kind": "order"})
    engine.register("given", given.assign(net_amount=(days.amount * 100).round().astype("int64")))
    engine.execute("CREATE TABLE sales AS SELECT * REPLACE (CAST(dated_on AS DATE) AS dated_on) FROM given")
    return engine


def grades(chosen: argparse.Namespace) -> None:
    """Monthly reviews of Online Retail, CDNOW (six months of sales each) and Superstore (twelve): how often a grade goes there and
    back, with and without patience and margin, of what kind that is, and how late a fall that lasts is seen."""
    bases = {
        "online_retail": (online_retail(), pd.date_range("2011-05-31", "2011-11-30", freq="ME"), 6),
        "cdnow": (cdnow(), pd.date_range("1997-06-30", "1998-06-30", freq="ME"), 6),
        "superstore": (_superstore(), pd.date_range("2014-12-31", "2017-12-31", freq="ME"), 12),
    }
    for name, (sold, ends, months) in bases.items():
        for margin in (0.0, 0.5):
            raw, lenient = _reviewed(sold, ends, months, margin)
            for patience in (1, 2, 3):
                print(
                    f"{name}, margin {margin}, lost after {patience} reviews: {_steadiness(raw, lenient, patience)}"
                )


def _reviewed(
    sold: pd.DataFrame, ends: pd.DatetimeIndex, months: int, margin: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Grades of each review's sales alone, and by the cuts that a fall has to pass."""
    from salesops_lib.segmentation.grades import grades as graded
    from salesops_lib.segmentation.reviews import eased

    first, cuts = sold.groupby("customer").day.min(), (0.8, 0.95)
    raw, lenient = {}, {}
    for end in ends:
        window = sold[(sold.day > end - pd.DateOffset(months=months)) & (sold.day <= end)]
        amounts = window.groupby("customer").amount.sum().reindex(first.index).fillna(0)
        raw[end] = graded(amounts, cuts).fillna("D").where(first <= end)
        lenient[end] = graded(amounts, eased(cuts, margin)).fillna("D").where(first <= end)
    return pd.DataFrame(raw), pd.DataFrame(lenient)


def _steadiness(raw: pd.DataFrame, lenient: pd.DataFrame, patience: int) -> str:
    """There and back by kind; of falls that lasted to the end, how many reviews later the grade fell."""
    from salesops_lib.segmentation.reviews import held

    places = {grade: place for place, grade in enumerate("ABCD")}
    own, found = (
        frame.replace(places).infer_objects().to_numpy(dtype=float)
        for frame in (raw, held(raw, patience, lenient))
    )
    known = ~np.isnan(found[:, :-2]) & ~np.isnan(found[:, 2:])
    back = known & (found[:, :-2] == found[:, 2:]) & (found[:, :-2] != found[:, 1:-1])
    silent = back & (found[:, 1:-1] == 3)
    late = []
    for at in range(1, own.shape[1] - 3):
        falls = (own[:, at] > found[:, at - 1]) & (own[:, at:].min(axis=1) > found[:, at - 1])
        falls &= own[:, at - 1] <= found[:, at - 1]
        after = found[falls, at:] > found[falls, at - 1][:, None]
        late += list(np.where(after.any(axis=1), after.argmax(axis=1), after.shape[1]))
    moved = ~np.isnan(found[:, :-1]) & (found[:, :-1] != found[:, 1:])
    return (
        f"there and back {back.sum() / known.sum():.2%} of {known.sum():,} customer-months ({silent.sum() / max(back.sum(), 1):.0%} fell silent"
        f" and bought again), moved {moved.sum() / (~np.isnan(found[:, :-1])).sum():.1%},"
        f" a fall that lasts is seen {np.mean(late):.1f} reviews later ({len(late):,} falls)"
    )


def _superstore() -> pd.DataFrame:
    read = pd.read_excel(DATA / "superstore" / "Sample - Superstore.xls")
    return pd.DataFrame({"customer": read["Customer ID"], "day": pd.to_datetime(read["Order Date"]), "amount": read["Sales"]})  # fmt: skip


def intervals(chosen: argparse.Namespace) -> None:
    """Next orders foretold 90, 180 and 365 days before the end: share within the 80 % interval, by the law alone and as it is bent."""
    from salesops_lib.segmentation import rhythm

    bases = {"online_retail": online_retail(), "cdnow": cdnow(), "superstore": _superstore()}
    for name, sold in bases.items():
        engine, end = engine_of(sold), sold.day.max().date()
        for ahead in (90, 180, 365):
            found = rhythm.came_true(engine, end, ahead, least=3)
            if found.came_on.notna().sum() < 100:
                continue
            bent, rhythm.shape = rhythm.shape, lambda *given, **named: rhythm.Shape()
            plain = rhythm.came_true(engine, end, ahead, least=3)
            rhythm.shape = bent
            seen = plain.came_on.notna() | (plain.latest_on <= pd.Timestamp(end))
            print(
                f"{name}, {ahead} days ahead: {found.weight[found.is_inside].sum():.1%} inside, the law alone"
                f" {plain.weight[plain.is_inside].sum():.1%}, and {plain[seen].is_inside.mean():.1%} where only what is over is counted;"
                f" {len(found):,} customers, {found.came_on.isna().mean():.0%} have not come"
            )


def cdnow() -> pd.DataFrame:
    file = DATA / "cdnow" / "CDNOW_master.txt"
    read = pd.read_csv(
        file, sep=r"\s+", skiprows=1, names=["customer", "day", "n", "spent"], dtype={"day": str}
    )
    return read.assign(day=pd.to_datetime(read.day), amount=read.spent)[["customer", "day", "amount"]]


def online_retail() -> pd.DataFrame:
    return sold_lines()


def sold_lines() -> pd.DataFrame:
    """Order lines of Online Retail that name a customer."""
    read = pd.read_csv(DATA / "online_retail" / "online_retail.csv.gz", dtype={"CustomerID": str})
    day = pd.to_datetime(read.InvoiceDate).dt.normalize()
    found = pd.DataFrame({"customer": read.CustomerID, "day": day, "amount": read.Quantity * read.UnitPrice})
    return found[found.customer.notna() & (found.amount >= 0)]
