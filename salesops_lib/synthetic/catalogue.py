"""Products, list prices and costs by month, exchange rates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salesops_lib.synthetic import company
from salesops_lib.synthetic.company import CATEGORIES, N_MONTHS, REGIONS
from salesops_lib.synthetic.draws import Draws, alias_table

_SERIES = "ABCDEFGHKLMNPRSTVX"
_N_LAUNCHED_LATER = 20
_USD_AVERAGE = (7.05, 7.19, 7.17)
_USD_PLAN = (6.90, 7.10, 7.20)


@dataclass(frozen=True)
class Catalogue:
    """One value a product; money in fen.

    `list_price` and `unit_cost` are [product, month]; `launched` is a month, −1 before the data.
    """

    category: NDArray[np.int32]
    names: list[str]
    subcategories: list[str]
    units: list[str]
    launched: NDArray[np.int32]
    list_price: NDArray[np.int64]
    unit_cost: NDArray[np.int64]
    base_quantity: NDArray[np.float64]
    popularity: NDArray[np.float64]

    @property
    def n(self) -> int:
        return len(self.names)

    def ids(self) -> list[str]:
        return [f"P{i + 1:04d}" for i in range(self.n)]

    def choices(self) -> dict[str, NDArray[Any]]:
        """Alias table of products by region and month: columns region, m, slot, keep, other."""
        on_sale = self.launched[:, None] <= np.arange(N_MONTHS)
        keep, other = [], []
        for region in REGIONS:
            weight = self.popularity * np.array(region.mix)[self.category]
            for month in range(N_MONTHS):
                if month == 0 or (on_sale[:, month] != on_sale[:, month - 1]).any():
                    table = alias_table((weight * on_sale[:, month]).tolist())
                keep.append(table[0])
                other.append(table[1])
        n = len(REGIONS) * N_MONTHS
        return {
            "region": np.repeat(np.arange(len(REGIONS), dtype=np.int32), N_MONTHS * self.n),
            "m": np.tile(np.repeat(np.arange(N_MONTHS, dtype=np.int32), self.n), len(REGIONS)),
            "slot": np.tile(np.arange(self.n, dtype=np.int32), n),
            "keep": np.concatenate(keep),
            "other": np.concatenate(other),
        }


def build(draws: Draws) -> Catalogue:
    """About two hundred products in five categories."""
    rng = draws.stream("catalogue")
    category = np.repeat(np.arange(len(CATEGORIES), dtype=np.int32), [c.n_products for c in CATEGORIES])
    n = len(category)
    low, high = (np.array([getattr(c, end) for c in CATEGORIES])[category] for end in ("low", "high"))
    first_price = np.round(np.exp(rng.uniform(np.log(low), np.log(high))) * 10) * 10
    list_price = np.round(first_price[:, None] * _price_index(rng, category) / 10).astype(np.int64) * 10
    cost_share = np.array([c.cost_share for c in CATEGORIES])[category] * rng.normal(1.0, 0.06, n)
    cost_index = np.repeat(np.cumprod(1.0 + np.array(company.COST_RISE)), 12)
    unit_cost = np.round(first_price[:, None] * cost_share[:, None] * cost_index).astype(np.int64)
    names, subcategories = _names(rng, category)
    line_amount = np.array([c.line_amount for c in CATEGORIES])[category] * 100
    launched = np.full(n, -1, dtype=np.int32)
    launched[rng.choice(n, _N_LAUNCHED_LATER, replace=False)] = rng.integers(2, 33, _N_LAUNCHED_LATER)
    popularity = 1.0 / (1.0 + rng.permutation(n)) ** 0.5
    per_category = np.bincount(category, weights=popularity)
    return Catalogue(
        category,
        names,
        subcategories,
        [CATEGORIES[c].unit for c in category],
        launched,
        list_price,
        unit_cost,
        line_amount / first_price * np.exp(rng.normal(0.0, 0.25, n)),
        popularity / per_category[category],
    )


def _price_index(rng: np.random.Generator, category: NDArray[np.int32]) -> NDArray[np.float64]:
    """List price of each product and month relative to 2023-01: a rise every January, a steel surcharge."""
    n = len(category)
    index = np.ones((n, N_MONTHS))
    for year, rise in enumerate(company.LIST_PRICE_RISE):
        if rise:
            index[:, 12 * year :] *= (1.0 + rise + rng.uniform(-0.04, 0.04, n))[:, None]
    name, month, surcharge = company.STEEL_SURCHARGE
    index[category == company.CATEGORY_NAMES.index(name), month:] *= 1.0 + surcharge
    return index


def _names(rng: np.random.Generator, category: NDArray[np.int32]) -> tuple[list[str], list[str]]:
    names, subcategories = [], []
    for i, c in enumerate(category):
        english, chinese = CATEGORIES[c].nouns[i % 3]
        series = _SERIES[int(rng.integers(len(_SERIES)))]
        names.append(f"{chinese} {english} {series}{int(rng.integers(10, 100))}-{i + 1:03d}")
        subcategories.append(english)
    return names, subcategories


def usd_rates(draws: Draws) -> dict[str, NDArray[np.float64]]:
    """Yuan for one dollar: `avg` of each month and `plan` of its year, four decimals."""
    rng = draws.stream("fx")
    avg = np.repeat(_USD_AVERAGE, 12) + np.cumsum(rng.normal(0.0, 0.012, N_MONTHS))
    return {"avg": np.round(avg, 4), "plan": np.repeat(_USD_PLAN, 12)}
