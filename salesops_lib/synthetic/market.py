"""The market outside: its size by quarter, rivals' prices, and what customers say."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salesops_lib.synthetic import company
from salesops_lib.synthetic.catalogue import Catalogue
from salesops_lib.synthetic.company import CATEGORIES, COMPETITORS, N_DAYS, N_MONTHS, REGIONS
from salesops_lib.synthetic.customers import Customers
from salesops_lib.synthetic.draws import Draws

N_QUARTERS = N_MONTHS // 3
_MATCHED_A_CATEGORY = 6
_PRICE_LEVEL = (1.02, 0.92, 1.08)
_COMMENTS = ("", "", "", "交期准时", "Good support", "价格偏高", "Slow reply", "质量稳定", "delivery late")


def sizes(draws: Draws, own_first_year: NDArray[np.int64]) -> NDArray[np.int64]:
    """Market size in fen [quarter, category, region].

    Starts from the own bookings of 2023 [category, region] and the planted share, then grows
    by the category's rate plus the region's tilt; it does not follow our own sales.
    """
    rng = draws.stream("market")
    share = np.array([c.market_share for c in CATEGORIES])[:, None] * np.exp(
        rng.normal(0.0, 0.15, own_first_year.shape)
    )
    growth = np.array([[c.market_growth + r.market_tilt for r in REGIONS] for c in CATEGORIES])
    season = np.array(company.SEASON).reshape(4, 3).mean(axis=1)
    year = np.arange(N_QUARTERS) // 4
    # Level in the middle of 2023 is that of the whole year; growth is by calendar year.
    level = own_first_year / share / 4.0 * (1.0 + growth) ** year[:, None, None]
    noise = np.exp(rng.normal(0.0, 0.01, (N_QUARTERS, *share.shape)))
    return (
        np.round(
            level * (season / season.mean())[np.arange(N_QUARTERS) % 4][:, None, None] * noise / 1e6
        ).astype(np.int64)
        * 10**6
    )


def report(draws: Draws, size: NDArray[np.int64], catalogue: Catalogue) -> dict[str, NDArray[Any]]:
    """Columns of the market file; the last quarter is a flash estimate with a wider range."""
    rng = draws.stream("market report")
    quarter, category, region = (axis.ravel() for axis in np.indices(size.shape))
    flash = quarter == N_QUARTERS - 1
    width = np.where(flash, 0.10, 0.05)
    leader = 0.24 + 0.02 * rng.random(size.shape[1:])[None] + np.zeros(size.shape)
    value = size.ravel()
    published = [_published(int(q)) for q in range(N_QUARTERS)]
    return {
        "period": np.array([_quarter(int(q)) for q in range(N_QUARTERS)], dtype=object)[quarter],
        "category": np.array(company.CATEGORY_NAMES, dtype=object)[category],
        "region": np.array(company.REGION_NAMES, dtype=object)[region],
        "amount": value,
        "low": np.round(value * (1 - width)).astype(np.int64),
        "high": np.round(value * (1 + width)).astype(np.int64),
        "leader": np.round(value * leader.ravel()).astype(np.int64),
        "units": np.round(value / market_prices(catalogue)[quarter, category]).astype(np.int64),
        "source": np.where(flash, "协会快报 flash estimate", "行业协会 association").astype(object),
        "published": np.array(published, dtype=np.int64)[quarter],
    }


def market_prices(catalogue: Catalogue) -> NDArray[np.float64]:
    """Mean price in fen of what the market buys [quarter, category]: what our catalogue would cost at list, less the
    usual tenth, over the planted relative price."""
    price = np.empty((N_QUARTERS, len(CATEGORIES)))
    for category in range(len(CATEGORIES)):
        own = catalogue.category == category
        weight = (catalogue.popularity * catalogue.base_quantity)[own]
        monthly = (catalogue.list_price[own] * weight[:, None]).sum(axis=0) / weight.sum()
        price[:, category] = (
            0.9 * monthly.reshape(N_QUARTERS, 3).mean(axis=1) / company.RELATIVE_PRICE[category]
        )
    return price


def rivals(draws: Draws, size: NDArray[np.int64], catalogue: Catalogue) -> dict[str, NDArray[Any]]:
    """Columns of the file of rivals' sales [quarter, category, region, rival]; shares drift by the planted rates."""
    rng = draws.stream("rival shares")
    quarter, category, region, rival = (axis.ravel() for axis in np.indices((*size.shape, len(COMPETITORS))))
    level = np.array(company.RIVAL_SHARES)[rival] * (1 + np.array(company.RIVAL_DRIFT)[rival]) ** (
        quarter / 4
    )
    cell = np.exp(rng.normal(0.0, 0.15, (*size.shape[1:], len(COMPETITORS))))[category, region, rival]
    amount = size[quarter, category, region] * level * cell * np.exp(rng.normal(0.0, 0.02, len(quarter)))
    price = market_prices(catalogue)[quarter, category] * np.array(_PRICE_LEVEL)[rival]
    published = np.array([_published(int(q)) for q in range(N_QUARTERS)], dtype=np.int64)
    is_known = quarter < N_QUARTERS - 1  # the flash estimate has no rivals
    columns = {
        "period": np.array([_quarter(int(q)) for q in range(N_QUARTERS)], dtype=object)[quarter],
        "category": np.array(company.CATEGORY_NAMES, dtype=object)[category],
        "region": np.array(company.REGION_NAMES, dtype=object)[region],
        "rival": np.array(COMPETITORS, dtype=object)[rival],
        "amount": np.round(amount / 1e6).astype(np.int64) * 10**6,
        "units": np.round(amount / price).astype(np.int64),
        "published": published[quarter],
    }
    return {name: values[is_known] for name, values in columns.items()}


def _quarter(q: int) -> str:
    return f"{company.FIRST_DAY.year + q // 4}-Q{q % 4 + 1}"


def _published(q: int) -> int:
    """Day number: 45 days after the quarter; the flash estimate just before the end of the data."""
    end = company.month_start(3 * (q + 1))
    return company.day_number(date(2025, 12, 29) if q == N_QUARTERS - 1 else end + timedelta(days=44))


def rival_prices(draws: Draws, catalogue: Catalogue) -> dict[str, NDArray[Any]]:
    """Columns d, rival, product, price (fen), event: one look a month at six products a category."""
    rng = draws.stream("rival prices")
    matched = np.concatenate(
        [
            np.flatnonzero((catalogue.category == c) & (catalogue.launched < 0))[:_MATCHED_A_CATEGORY]
            for c in range(len(CATEGORIES))
        ]
    )
    month, rival, item = (axis.ravel() for axis in np.indices((N_MONTHS, len(COMPETITORS), len(matched))))
    product = matched[item]
    day = np.array([company.day_number(company.month_start(m)) + 14 for m in range(N_MONTHS)])[month]
    level = np.array(_PRICE_LEVEL)[rival] * np.exp(rng.normal(0.0, 0.02, len(day)))
    cut_day = company.day_number(company.PRICE_CUT_DAY)
    cut_from = int(np.searchsorted(np.arange(N_MONTHS), month[day >= cut_day].min()))
    hit = (
        (day >= cut_day)
        & (rival == COMPETITORS.index(company.PRICE_CUT_RIVAL))
        & (catalogue.category[product] == company.CATEGORY_NAMES.index(company.PRICE_CUT_CATEGORY))
    )
    price = (
        catalogue.list_price[product, month] * 0.9 * level * np.where(hit, 1.0 - company.PRICE_CUT_SIZE, 1.0)
    )
    event = np.where(hit & (month == cut_from), f"降价 price cut {company.PRICE_CUT_SIZE:.0%}", "").astype(
        object
    )
    return {
        "d": np.where(event != "", cut_day, day),
        "rival": np.array(COMPETITORS, dtype=object)[rival],
        "product": product,
        "price": np.round(price).astype(np.int64),
        "event": event,
    }


def answers(draws: Draws, customers: Customers) -> dict[str, NDArray[Any]]:
    """Columns d, customer, is_nps, score, comment: about 1,800 answers; those going quiet grumble first."""
    rng = draws.stream("surveys")
    n = 1_800
    pull = np.sqrt(customers.weight.sum(axis=1))
    customer = rng.choice(customers.n, n, p=pull / pull.sum())
    day = np.sort(rng.integers(60, N_DAYS, n))
    unhappy = np.isin(customer, list(customers.quiet)) & (day > company.day_number(date(2024, 12, 1)))
    is_nps = rng.random(n) < 0.6
    nps = np.clip(np.round(rng.normal(8.1, 1.7, n) - 3.5 * unhappy), 0, 10)
    csat = np.clip(np.round(rng.normal(4.1, 0.8, n) - 1.5 * unhappy), 1, 5)
    return {
        "d": day,
        "customer": customer,
        "is_nps": is_nps,
        "score": np.where(is_nps, nps, csat).astype(np.int64),
        "comment": np.array(_COMMENTS, dtype=object)[rng.integers(0, len(_COMMENTS), n)],
    }
