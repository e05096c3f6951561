"""The truth: what was planted, and what came of it in the clean data, topic by topic.

Every topic has `planted` (parameters) and, where chance had a say, `realised` (measured on
the clean lines before any fault was written, with knowledge an analyst does not have).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from salesops_lib.synthetic import company, orders
from salesops_lib.synthetic.actuals import Actuals
from salesops_lib.synthetic.catalogue import Catalogue
from salesops_lib.synthetic.company import CATEGORIES, N_DAYS, N_MONTHS, REGIONS, SEGMENTS, STAGES, YEARS
from salesops_lib.synthetic.customers import Customers, customer_id
from salesops_lib.synthetic.days import Days
from salesops_lib.synthetic.draws import Draws
from salesops_lib.synthetic.organisation import TEAMS, Organisation
from salesops_lib.synthetic.pipeline import Pipeline
from salesops_lib.synthetic.targets import Row

if TYPE_CHECKING:
    import duckdb

Topic = dict[str, Any]
#: Deals created up to here have run their course by the end of the data.
_MATURE_BEFORE = 2 * 365 + 1 + 181


@dataclass(frozen=True)
class Company:
    """Everything that was made, for looking back on."""

    draws: Draws
    days: Days
    people: Organisation
    products: Catalogue
    customers: Customers
    booked: Actuals
    targets: list[Row]
    deals: Pipeline
    market: NDArray[np.int64]
    holds: dict[str, int]


def tell(con: duckdb.DuckDBPyConnection, made: Company) -> dict[str, Topic]:
    """All topics by name."""
    return {
        "totals": _totals(con),
        "growth_split": _growth_split(made),
        "price_elasticity": _elasticity(con),
        "win_odds": _win_odds(made.deals),
        "leads": _leads(con),
        "territory_potential": _potential(made),
        "sandbagger": _sandbagger(con, made),
        "puller": _puller(con, made),
        "discount_leak": _leak(con),
        "slowing_region": _slowing(made),
        "quiet_customers": _quiet(con, made.customers),
        "training": _training(made),
        "spring_festival": _festival(con, made),
        "working_days": _working_days(made),
        "price_cut": _price_cut(con),
        "attainment": _attainment(made),
        "customers": _customer_facts(made.customers),
    }


def _day(number: int) -> str:
    return str(company.FIRST_DAY + timedelta(days=int(number)))


def _totals(con: duckdb.DuckDBPyConnection) -> Topic:
    rows = con.execute("""
        SELECT 2023 + m // 12 AS year, count(*), count(DISTINCT k),
               CAST(sum(amount) FILTER (status <> 1) AS BIGINT),
               CAST(sum(amount) FILTER (status = 1) AS BIGINT) FROM lines GROUP BY year ORDER BY year
    """).fetchall()
    names = ("lines", "orders", "bookings_fen", "cancelled_fen")
    return {str(year): dict(zip(names, values, strict=True)) for year, *values in rows}


def _growth_split(made: Company) -> Topic:
    """ΔS = share₀·ΔV + V₀·Δshare + ΔV·Δshare for each pair of years (M6.2), fen."""
    own = made.booked.category_region.sum(axis=(1, 2))
    market = made.market.reshape(len(YEARS), 4, len(CATEGORIES), len(REGIONS)).sum(axis=(1, 2, 3))
    years = {}
    for y in range(1, len(YEARS)):
        share = own[y - 1] / market[y - 1]
        grown = int(market[y] - market[y - 1])
        gain = own[y] / market[y] - share
        from_market, from_share = round(float(share * grown)), round(float(market[y - 1] * gain))
        years[str(YEARS[y])] = {
            "own_growth": round(own[y] / own[y - 1] - 1, 6),
            "market_growth": round(market[y] / market[y - 1] - 1, 6),
            "share_before": round(share, 6),
            "share_after": round(share + gain, 6),
            "from_market_fen": from_market,
            "from_share_fen": from_share,
            "joint_fen": int(own[y] - own[y - 1]) - from_market - from_share,
        }
    planted = {
        c.name: {r.name: round(c.market_growth + r.market_tilt, 6) for r in REGIONS} for c in CATEGORIES
    }
    return {
        "planted": {
            "market_growth_a_year": planted,
            "order_growth_a_year": {r.name: r.growth for r in REGIONS},
        },
        "realised": years,
    }


def _elasticity(con: duckdb.DuckDBPyConnection) -> Topic:
    """Slope of log quantity on log price, all other causes of the quantity taken out."""
    rows = con.execute(f"""
        SELECT category, regr_slope(y, x), count(*) FROM (
            SELECT l.category, ln(l.unit_tc / l.list_tc * r.list_price / p.first_list) AS x,
                   ln(l.quantity) - ln(p.base_quantity * c.size)
                       - CASE WHEN {orders.is_exposed("l")} THEN ln({company.PRICE_CUT_EFFECT}) ELSE 0 END
                   AS y
            FROM lines AS l JOIN customer_dim AS c USING (customer) JOIN product_dim AS p USING (product)
            JOIN prices AS r ON r.product = l.product AND r.m = l.m)
        GROUP BY category ORDER BY category
    """).fetchall()
    return {
        "planted": {c.name: c.elasticity for c in CATEGORIES},
        "realised": {CATEGORIES[c].name: {"elasticity": round(slope, 4), "lines": n} for c, slope, n in rows},
    }


def _win_odds(deals: Pipeline) -> Topic:
    """Odds of winning for a deal that has entered a stage; realised on mature deals only."""
    planted: Topic = {}
    realised: Topic = {}
    mature = deals.entered[:, 0] < _MATURE_BEFORE
    for g, segment in enumerate(SEGMENTS):
        planted[segment], realised[segment] = {}, {}
        for s, stage in enumerate(STAGES):
            planted[segment][stage] = round(
                float(np.prod([company.stage_odds(t, g) for t in range(s, len(STAGES))])), 6
            )
            there = mature & (deals.segment == g) & (deals.reached >= s)
            won = int((deals.reached[there] == len(STAGES)).sum())
            realised[segment][stage] = {"entered": int(there.sum()), "won": won}
    return {"planted": planted, "realised": realised, "mature_created_before": _day(_MATURE_BEFORE)}


def _leads(con: duckdb.DuckDBPyConnection) -> Topic:
    """Share of leads that became deals by how fast they were answered; unanswered ones aside."""
    edges = (*company.LEAD_HOURS, company.LEAD_HOURS_MOST)
    speed = " ".join(f"WHEN hours <= {edge} THEN {n}" for n, edge in enumerate(edges))
    rows = con.execute(f"""
        SELECT CASE {speed} END AS speed, count(*), count(*) FILTER (o >= 0) FROM made_leads WHERE hours > 0 GROUP BY 1 ORDER BY 1
    """).fetchall()
    names = [f"up to {edge:g} h" for edge in edges]
    return {
        "planted": dict(zip(names, company.LEAD_ODDS)),
        "realised": {names[n]: {"leads": leads, "deals": deals} for n, leads, deals in rows},
    }


def _potential(made: Company) -> Topic:
    """Yearly purchases of the customers of each region, and of each team as it stands at the end."""
    at_end = made.people.team[made.customers.seat, -1]
    ttm = made.booked.team[:, -12:].sum(axis=1)
    region_of = np.array([r for _, r in TEAMS])
    regions = {
        r.name: {
            "potential": int(made.customers.potential[made.customers.region == i].sum()),
            "bookings_fen": int(ttm[region_of == i].sum()),
            "n_customers": int((made.customers.region == i).sum()),
        }
        for i, r in enumerate(REGIONS)
    }
    teams = {
        name: {"potential": int(made.customers.potential[at_end == t].sum()), "bookings_fen": int(ttm[t])}
        for t, (name, _) in enumerate(TEAMS)
    }
    return {
        "planted": {"wallet_share": {r.name: r.wallet_share for r in REGIONS}},
        "regions": regions,
        "teams": teams,
    }


def _sandbagger(con: duckdb.DuckDBPyConnection, made: Company) -> Topic:
    """Share of a quarter's bookings that falls after the day of waiting, for the rep and for all others."""
    late = " OR ".join(f"(m // 3 = {_quarter(label)} AND d >= {day})" for label, day in made.holds.items())
    quarters = ", ".join(str(_quarter(label)) for label in made.holds)
    rows = con.execute(
        f"""SELECT rep = {made.people.sandbagger},
                   CAST(sum(amount) FILTER ({late}) AS BIGINT), CAST(sum(amount) AS BIGINT)
            FROM lines WHERE status <> 1 AND m // 3 IN ({quarters}) GROUP BY 1 ORDER BY 1"""
    ).fetchall()
    share = {bool(own): (after or 0) / total for own, after, total in rows}
    planted = {
        "share_held": company.HOLD_SHARE,
        "released": "first 8 working days of the next quarter",
        "held_from": {label: _day(day) for label, day in made.holds.items()},
    }
    realised = {"late_share": round(share.get(True, 0.0), 6), "late_share_of_others": round(share[False], 6)}
    return {"rep_id": made.people.people[made.people.sandbagger].id, "planted": planted, "realised": realised}


def _puller(con: duckdb.DuckDBPyConnection, made: Company) -> Topic:
    """Share of bookings in the last and first working days of quarters, for the rep and for all others."""
    month, is_workday = made.days.month, made.days.is_workday
    edges = [int(np.flatnonzero(month // 3 == q)[0]) for q in range(1, int(month[-1]) // 3 + 1)]
    late = [int(d) for at in edges for d in np.flatnonzero(is_workday[:at])[-company.PULL_INTO_DAYS :]]
    early = [d for at in edges for d in made.days.workdays_from(at, company.PULL_FROM_DAYS)]
    rows = con.execute(
        f"""SELECT rep = {made.people.puller}, CAST(sum(amount) FILTER (list_contains(?, d)) AS BIGINT),
                   CAST(sum(amount) FILTER (list_contains(?, d)) AS BIGINT), CAST(sum(amount) AS BIGINT)
            FROM lines WHERE status <> 1 GROUP BY 1 ORDER BY 1""",
        [late, early],
    ).fetchall()
    share = {bool(own): ((last or 0) / total, (first or 0) / total) for own, last, first, total in rows}
    realised = {
        "late_share": round(share[True][0], 6), "early_share": round(share[True][1], 6),
        "late_share_of_others": round(share[False][0], 6), "early_share_of_others": round(share[False][1], 6),
    }  # fmt: skip
    planted = {
        "share_pulled": company.PULL_SHARE,
        "from": f"first {company.PULL_FROM_DAYS} working days of each quarter but the first",
        "into": f"last {company.PULL_INTO_DAYS} working days of the quarter before",
    }
    return {"rep_id": made.people.people[made.people.puller].id, "planted": planted, "realised": realised}


def _quarter(label: str) -> int:
    return (int(label[:4]) - YEARS[0]) * 4 + int(label[-1]) - 1


def _leak(con: duckdb.DuckDBPyConnection) -> Topic:
    below = f"unit_tc < {company.FLOOR_SHARE_OF_LIST} * list_tc"
    export = company.REGION_NAMES.index("Export")
    gap = f"floor({company.FLOOR_SHARE_OF_LIST} * list_tc - unit_tc) * quantity"
    leaked = f"CAST(sum({gap}) FILTER ({below} AND region <> {export}) AS BIGINT)"
    rows = con.execute(f"""
        SELECT {orders.is_leak("l")}, count(*), count(*) FILTER ({below}), {leaked}
        FROM lines AS l WHERE status <> 1 GROUP BY 1 ORDER BY 1
    """).fetchall()
    realised = {
        "leak" if inside else "elsewhere": {"lines": n, "below_floor": n_below, "leakage_fen": leakage or 0}
        for inside, n, n_below, leakage in rows
    }
    planted = {
        "team": company.LEAK_TEAM,
        "channel": company.LEAK_CHANNEL,
        "since": str(company.LEAK_SINCE),
        "share_of_lines": company.LEAK_SHARE,
        "discount": list(company.LEAK_DISCOUNT),
        "floor_share_of_list": company.FLOOR_SHARE_OF_LIST,
        "stray_share_elsewhere": company.STRAY_VIOLATIONS,
    }
    return {"planted": planted, "realised": realised}


def _slowing(made: Company) -> Topic:
    """Growth of each region over the months since the slowing, against the same months before."""
    months = slice(company.SLOW_FROM_MONTH, N_MONTHS)
    before = slice(company.SLOW_FROM_MONTH - 12, N_MONTHS - 12)
    region_of = np.array([r for _, r in TEAMS])
    growth = {}
    for i, region in enumerate(REGIONS):
        mine = made.booked.team[region_of == i]
        growth[region.name] = round(float(mine[:, months].sum() / mine[:, before].sum() - 1), 6)
    planted = {
        "region": company.SLOW_REGION,
        "since": company.month_label(company.SLOW_FROM_MONTH),
        "rate_a_month": -company.SLOW_RATE,
    }
    return {"planted": planted, "realised": {"growth_since": growth}}


def _quiet(con: duckdb.DuckDBPyConnection, customers: Customers) -> Topic:
    """Last order of each, and bookings of the twelve months before the silence."""
    silent = sorted(customers.quiet.items())
    con.execute("CREATE OR REPLACE TABLE silent (customer INTEGER, last_month INTEGER)")
    con.executemany("INSERT INTO silent VALUES (?, ?)", silent)
    rows = con.execute("""
        SELECT s.customer, max(l.d), count(DISTINCT l.k),
               CAST(sum(l.amount) FILTER (l.m > s.last_month - 12 AND l.status <> 1) AS BIGINT)
        FROM silent AS s LEFT JOIN lines AS l ON l.customer = s.customer
        GROUP BY s.customer ORDER BY s.customer
    """).fetchall()
    found = [
        {
            "customer_id": customer_id(c),
            "silent_after": company.month_label(customers.quiet[c]),
            "last_order_on": None if last is None else _day(last),
            "bookings_12m_fen": amount or 0,
            "orders": n,
        }
        for c, last, n, amount in rows
    ]
    return {"customers": found, "lost_before": sorted(customer_id(c) for c in customers.lost)}


def _training(made: Company) -> Topic:
    """Realised: fixed effects of person and of region × month, people in post throughout."""
    post, owner_team = made.people.post, made.people.team
    steady = [
        p
        for p in range(made.people.n_sellers)
        if (post == p).any(axis=0).all() and p != made.people.sandbagger
    ]
    stays = [p for p in steady if len({TEAMS[t][1] for t in owner_team[post == p]}) == 1]
    region = np.array([TEAMS[owner_team[post == p][0]][1] for p in stays])
    treated = np.zeros((len(stays), N_MONTHS))
    for row, person in enumerate(stays):
        if person in made.people.trained_in:
            treated[row, made.people.trained_in[person] + 1 :] = 1.0
    effects = {}
    for name, table in (("bookings", made.booked.rep), ("orders", made.booked.orders)):
        y = np.log(np.maximum(table[stays], 1).astype(float))
        effects[name] = round(float(np.exp(_within(y, treated, region)) - 1), 4)
    people = {
        made.people.people[p].id: company.month_label(m) for p, m in sorted(made.people.trained_in.items())
    }
    planted = {
        "course_id": company.TRAINING_COURSE,
        "effect": company.TRAINING_EFFECT,
        "from": "the month after completion",
        "completed_in": people,
    }
    return {"planted": planted, "realised": effects | {"people_compared": len(stays)}}


def _within(y: NDArray[np.float64], x: NDArray[np.float64], group: NDArray[np.int64]) -> float:
    """Slope of y on x after taking out, within each group of rows, the means of rows and of columns."""

    def demeaned(a: NDArray[np.float64]) -> NDArray[np.float64]:
        parts = [a[group == g] for g in np.unique(group)]
        return np.concatenate([p - p.mean(axis=1, keepdims=True) - p.mean(axis=0) + p.mean() for p in parts])

    flat = demeaned(x)
    return float((flat * demeaned(y)).sum() / (flat**2).sum())


def _festival(con: duckdb.DuckDBPyConnection, made: Company) -> Topic:
    """Realised: orders of the days around the festival over what those days would bring without it."""
    ordered = np.zeros(N_DAYS)
    for d, n in con.execute("SELECT d, count(*) FROM orders GROUP BY d").fetchall():
        ordered[d] = n
    factor = np.ones(N_DAYS)
    windows: dict[str, list[int]] = {}
    for festival in company.SPRING_FESTIVALS:
        for (first, last), value in company.FESTIVAL_FACTORS.items():
            span = [
                d
                for d in range(company.day_number(festival) + first, company.day_number(festival) + last + 1)
                if 0 <= d < N_DAYS
            ]
            factor[span] = value
            windows.setdefault(f"{first:+d}..{last:+d}", []).extend(span)
    without = made.days.plan / factor * made.customers.weight.sum(axis=0)[made.days.month]
    calm = factor == 1.0
    level = ordered[calm].sum() / without[calm].sum()
    planted = {f"{first:+d}..{last:+d}": value for (first, last), value in company.FESTIVAL_FACTORS.items()}
    realised = {
        name: round(float(ordered[span].sum() / (without[span].sum() * level)), 4)
        for name, span in windows.items()
    }
    return {
        "planted": planted,
        "realised": realised,
        "new_year": [str(day) for day in company.SPRING_FESTIVALS],
    }


def _working_days(made: Company) -> Topic:
    n_workdays = np.bincount(made.days.month, weights=made.days.is_workday, minlength=N_MONTHS)
    by_month = {company.month_label(m): int(n) for m, n in enumerate(n_workdays)}
    return {
        "planted": {"elasticity": company.WORKING_DAY_ELASTICITY, "weekend_share": company.WEEKEND_SHARE},
        "working_days": by_month,
    }


def _price_cut(con: duckdb.DuckDBPyConnection) -> Topic:
    """Realised: quantity a line, 180 days after over 180 before, exposed against other regions.

    Logs relative to the product's and the customer's usual quantity, because a few large
    customers would drown the effect in plain sums.
    """
    day = company.day_number(company.PRICE_CUT_DAY)
    category = company.CATEGORY_NAMES.index(company.PRICE_CUT_CATEGORY)
    exposed = ", ".join(str(company.REGION_NAMES.index(r)) for r in company.PRICE_CUT_REGIONS)
    rows = con.execute(f"""
        SELECT l.region IN ({exposed}) AS hit, l.d >= {day} AS after,
               avg(ln(l.quantity / (p.base_quantity * c.size)))
        FROM lines AS l JOIN customer_dim AS c USING (customer) JOIN product_dim AS p USING (product)
        WHERE l.category = {category} AND l.d BETWEEN {day - 180} AND {day + 179} GROUP BY hit, after
    """).fetchall()
    level = {(bool(hit), bool(after)): value for hit, after, value in rows}
    if len(level) < 4:
        effect = None
    else:
        difference = level[True, True] - level[True, False] - level[False, True] + level[False, False]
        effect = round(float(np.exp(difference) - 1), 4)
    planted = {
        "on": str(company.PRICE_CUT_DAY),
        "competitor": company.PRICE_CUT_RIVAL,
        "category": company.PRICE_CUT_CATEGORY,
        "price_change": -company.PRICE_CUT_SIZE,
        "regions": list(company.PRICE_CUT_REGIONS),
        "effect_on_quantity": round(company.PRICE_CUT_EFFECT - 1, 6),
    }
    return {"planted": planted, "realised": {"effect_on_quantity": effect}}


def _attainment(made: Company) -> Topic:
    """Bookings over target, last month and last year, of the company and its regions."""
    region_of = np.array([r for _, r in TEAMS])
    booked = {r.name: made.booked.team[region_of == i].sum(axis=0) for i, r in enumerate(REGIONS)}
    booked["company"] = made.booked.team.sum(axis=0)
    told: Topic = {"2025-12": {}, "2025": {}}
    for unit, actual in booked.items():
        target = np.zeros(N_MONTHS)
        for scope, identity, measure, month, value in made.targets:
            if (
                measure == "bookings"
                and identity == unit
                and scope in ("company", "region")
                and month < N_MONTHS
            ):
                target[month] = value * 100
        told["2025-12"][unit] = round(float(actual[-1] / target[-1]), 6)
        told["2025"][unit] = round(float(actual[-12:].sum() / target[-12:].sum()), 6)
    return {"planted": {"over_assignment": dict(company.OVER_ASSIGNMENT)}, "realised": told}


def _customer_facts(customers: Customers) -> Topic:
    twins = [[customer_id(i), customer_id(int(t))] for i, t in enumerate(customers.twin) if t >= 0]
    hostile = {
        customer_id(customers.names.index(name)): {"name": name, "kind": kind}
        for name, kind in company.HOSTILE_NAMES.items()
    }
    late = [customer_id(int(i)) for i in np.flatnonzero(customers.is_late_payer)]
    return {"written_twice": twins, "hostile": hostile, "late_payers": late}
