"""Orders, their lines and returns: the big tables, made by DuckDB.

A line's draws depend on its order number and line number alone.  Tables are built in any
order and written sorted, so that threads do not show in the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from salesops_lib.synthetic import company
from salesops_lib.synthetic.catalogue import Catalogue
from salesops_lib.synthetic.company import CATEGORIES, N_DAYS, N_MONTHS
from salesops_lib.synthetic.customers import Customers
from salesops_lib.synthetic.days import Days
from salesops_lib.synthetic.draws import Draws
from salesops_lib.synthetic.organisation import N_SEATS, TEAMS, Organisation

if TYPE_CHECKING:
    import duckdb

#: Lines of ten successive orders, shuffled differently for each block of ten.
_LINES_OF_TEN = (1, 1, 1, 1, 2, 2, 2, 3, 3, 4)
_N_PATTERNS = 32
LINES_A_BLOCK = sum(_LINES_OF_TEN)


def keep(con: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, NDArray[Any]]) -> None:
    """Store arrays of one length as table `name`."""
    con.register("columns_of_table", dict(columns))
    con.execute(f'CREATE OR REPLACE TABLE "{name}" AS SELECT * FROM columns_of_table')
    con.unregister("columns_of_table")


def store_dimensions(
    con: duckdb.DuckDBPyConnection,
    organisation: Organisation,
    catalogue: Catalogue,
    customers: Customers,
    rates: dict[str, NDArray[np.float64]],
) -> None:
    """The small tables that the big ones are joined from."""
    n_products, months = catalogue.n, np.arange(N_MONTHS, dtype=np.int32)
    keep(
        con,
        "customer_dim",
        {
            "customer": np.arange(customers.n, dtype=np.int32),
            "region": customers.region,
            "seat": customers.seat,
            "segment": customers.segment,
            "main_channel": customers.channel,
            "size": customers.size,
            "twin": customers.twin,
            "credit_days": customers.credit_days,
            "late": customers.is_late_payer,
        },
    )
    keep(
        con,
        "seat_months",
        {
            "seat": np.repeat(np.arange(N_SEATS, dtype=np.int32), N_MONTHS),
            "m": np.tile(months, N_SEATS),
            "rep": organisation.owner.ravel(),
            "team": organisation.team.ravel(),
            "style": organisation.discount_style[organisation.owner.ravel()],
        },
    )
    keep(
        con,
        "product_dim",
        {
            "product": np.arange(n_products, dtype=np.int32),
            "category": catalogue.category,
            "base_quantity": catalogue.base_quantity,
            "first_list": catalogue.list_price[:, 0],
            "elasticity": np.array([c.elasticity for c in CATEGORIES])[catalogue.category],
        },
    )
    keep(
        con,
        "prices",
        {
            "product": np.repeat(np.arange(n_products, dtype=np.int32), N_MONTHS),
            "m": np.tile(months, n_products),
            "list_price": catalogue.list_price.ravel(),
            "unit_cost": catalogue.unit_cost.ravel(),
        },
    )
    keep(con, "rates", {"m": months, "avg": rates["avg"], "plan": rates["plan"]})


def store_choices(
    con: duckdb.DuckDBPyConnection, draws: Draws, catalogue: Catalogue, customers: Customers
) -> None:
    """The tables that customers, products and lines of an order are drawn from."""
    keep(con, "customer_choice", customers.choices())
    keep(con, "product_choice", catalogue.choices())
    keep(con, "patterns", _patterns(draws))


def _patterns(draws: Draws) -> dict[str, NDArray[Any]]:
    rng = draws.stream("patterns")
    lengths = np.array([rng.permutation(_LINES_OF_TEN) for _ in range(_N_PATTERNS)], dtype=np.int32)
    return {
        "pattern": np.repeat(np.arange(_N_PATTERNS, dtype=np.int32), 10),
        "place": np.tile(np.arange(10, dtype=np.int32), _N_PATTERNS),
        "n_lines": lengths.ravel(),
        "before": (lengths.cumsum(axis=1) - lengths).astype(np.int32).ravel(),
    }


def expected_orders(days: Days, customers: Customers) -> NDArray[np.float64]:
    """Share of all orders that each day brings."""
    expected = days.weight * customers.weight.sum(axis=0)[days.month]
    return expected / expected.sum()


def store_days(
    con: duckdb.DuckDBPyConnection, days: Days, customers: Customers, organisation: Organisation, lines: int
) -> dict[str, int]:
    """Tables `order_days` (orders drawn for each day) and `moves` (orders held back, and brought forward).

    Returns quarter → day number from which the sandbagger holds orders back.
    """
    n_orders = -(-lines // LINES_A_BLOCK) * 10
    share = expected_orders(days, customers)
    upto = np.round(share.cumsum() * n_orders).astype(np.int64)
    upto[-1] = n_orders
    counts = np.diff(upto, prepend=0)
    keep(
        con,
        "order_days",
        {
            "d": np.arange(N_DAYS, dtype=np.int32),
            "m": days.month,
            "first_order": upto - counts,
            "n_orders": counts,
        },
    )
    holds, rows = {}, []
    for quarter in company.HOLD_QUARTERS:
        inside = np.flatnonzero(days.month // 3 == quarter)
        reached = int(
            inside[np.searchsorted(share[inside].cumsum() / share[inside].sum(), company.HOLD_REACHED_AT)]
        )
        holds[f"{company.FIRST_DAY.year + quarter // 4}-Q{quarter % 4 + 1}"] = reached
        rows += [
            (
                organisation.sandbagger,
                m,
                reached,
                N_DAYS,
                company.HOLD_SHARE,
                days.workdays_from(int(inside[-1]) + 1, 8),
            )
            for m in range(3 * quarter, 3 * quarter + 3)
        ]
    con.execute(
        "CREATE OR REPLACE TABLE moves (rep INTEGER, m INTEGER, from_day INTEGER, upto_day INTEGER, share DOUBLE, to_days INTEGER[])"
    )
    con.executemany("INSERT INTO moves VALUES (?, ?, ?, ?, ?, ?)", rows + _pulls(days, organisation))
    return holds


def _pulls(days: Days, organisation: Organisation) -> list[tuple[int, int, int, int, float, list[int]]]:
    """For each quarter but the first, its first working days, and the last ones before it that orders are brought to."""
    rows = []
    for quarter in range(1, int(days.month[-1]) // 3 + 1):
        first = int(np.flatnonzero(days.month // 3 == quarter)[0])
        early = days.workdays_from(first, company.PULL_FROM_DAYS)
        before = np.flatnonzero(days.is_workday[:first])[-company.PULL_INTO_DAYS :]
        to_days = [int(before[n % len(before)]) for n in range(8)]
        rows.append((organisation.puller, 3 * quarter, first, early[-1], company.PULL_SHARE, to_days))
    return rows


def make_orders(con: duckdb.DuckDBPyConnection, draws: Draws, lines: int) -> None:
    """Table `orders`: one row an order, `k` counts them, days and months as numbers.

    `status` is 0 shipped, 1 cancelled, 2 still open on the last day.
    """
    late = (
        f"CASE WHEN {draws.uniform('is late', 'k')} < 0.82 THEN -{draws.integer('early', 'k', 4)}"
        f" ELSE 1 + {draws.integer('late', 'k', 15)} END"
    )
    con.execute(f"""
        CREATE OR REPLACE TABLE orders AS
        WITH numbered AS (
            SELECT d AS drawn_day, m AS drawn_month, first_order + unnest(range(n_orders)) AS k
            FROM order_days
        ), slotted AS (
            SELECT *, {draws.integer("customer", "k", company.N_CUSTOMERS)} AS slot FROM numbered
        ), placed AS (
            SELECT s.*,
                   CASE WHEN {draws.uniform("alias", "s.k")} < c.keep THEN s.slot ELSE c.other END AS customer
            FROM slotted AS s JOIN customer_choice AS c ON c.m = s.drawn_month AND c.slot = s.slot
        ), owned AS (
            SELECT p.k, p.drawn_day, p.customer, c.region, c.segment, c.size, c.twin, c.main_channel,
                   s.rep, s.team, s.style,
                   CASE WHEN p.drawn_day BETWEEN h.from_day AND h.upto_day AND {draws.uniform("hold", "p.k")} < h.share
                        THEN h.to_days[1 + {draws.integer("until", "p.k", 8)}] ELSE p.drawn_day END AS d
            FROM placed AS p
            JOIN customer_dim AS c ON c.customer = p.customer
            JOIN seat_months AS s ON s.seat = c.seat AND s.m = p.drawn_month
            LEFT JOIN moves AS h ON h.rep = s.rep AND h.m = p.drawn_month
        ), sized AS (
            SELECT o.*, n.n_lines, (o.k // 10) * {LINES_A_BLOCK} + n.before AS first_line,
                   o.d + 7 + {draws.integer("requested", "o.k", 28)} AS requested_day
            FROM owned AS o
            JOIN patterns AS n
              ON n.place = o.k % 10 AND n.pattern = {draws.integer("pattern", "(o.k // 10)", _N_PATTERNS)}
        ), shipped AS (
            SELECT *, requested_day + {late} AS shipping_day,
                   {draws.uniform("cancelled", "k")} < 0.022 AS is_cancelled
            FROM sized
        )
        SELECT k, d, o.m, customer, region, segment, size, rep, team, style, first_line, n_lines,
               requested_day,
               CASE WHEN {draws.uniform("channel", "k")} < 0.9 THEN main_channel ELSE 0 END AS channel,
               CASE WHEN twin >= 0 AND {draws.uniform("twin", "k")} < 0.4 THEN twin ELSE customer END
                   AS written_customer,
               CASE WHEN is_cancelled THEN 1 WHEN shipping_day >= {N_DAYS} THEN 2 ELSE 0 END AS status,
               CASE WHEN is_cancelled OR shipping_day >= {N_DAYS} THEN NULL ELSE greatest(shipping_day, d + 1)
               END AS shipped_day
        FROM shipped JOIN order_days AS o USING (d)
        WHERE first_line < {lines}
    """)


def make_lines(con: duckdb.DuckDBPyConnection, draws: Draws, lines: int) -> None:
    """Table `lines`: one row an order line, key `i` = 8 k + line number.

    `*_tc` are minor units of the order's currency (cents of a dollar for Export, else fen);
    `amount` and `cost` are fen, translated at the month's average rate.
    """
    export = company.REGION_NAMES.index("Export")
    n_products = sum(c.n_products for c in CATEGORIES)
    con.execute(f"""
        CREATE OR REPLACE TABLE lines AS
        WITH unfolded AS (
            SELECT *, CAST(unnest(range(n_lines)) AS INTEGER) + 1 AS line_no FROM orders
        ), numbered AS (
            SELECT *, k * 8 + line_no AS i FROM unfolded WHERE first_line + line_no <= {lines}
        ), slotted AS (
            SELECT *, {draws.integer("product", "i", n_products)} AS slot FROM numbered
        ), chosen AS (
            SELECT s.* EXCLUDE (slot, first_line, n_lines),
                   CASE WHEN {draws.uniform("product alias", "s.i")} < c.keep THEN s.slot ELSE c.other END
                       AS product
            FROM slotted AS s
            JOIN product_choice AS c ON c.region = s.region AND c.m = s.m AND c.slot = s.slot
        ), discounted AS (
            SELECT c.*, p.category, p.first_list, p.base_quantity, p.elasticity,
                   r.list_price, r.unit_cost, x.avg, x.plan,
                   {_discount(draws)} AS discount
            FROM chosen AS c
            JOIN product_dim AS p ON p.product = c.product
            JOIN prices AS r ON r.product = c.product AND r.m = c.m
            JOIN rates AS x ON x.m = c.m
        ), quoted AS (
            SELECT *, CASE WHEN region = {export} THEN avg ELSE 1.0 END AS rate,
                   CAST(round(CASE WHEN region = {export} THEN list_price / plan ELSE list_price END)
                        AS BIGINT) AS list_tc,
                   {_wanted(draws)} AS wanted
            FROM discounted
        ), counted AS (
            SELECT *, CAST(round(list_tc * (1.0 - discount)) AS BIGINT) AS unit_tc,
                   greatest(1, CAST(floor(wanted + {draws.uniform("fraction", "i")}) AS BIGINT)) AS quantity
            FROM quoted
        )
        SELECT i, k, line_no, d, m, customer, written_customer, region, segment, rep, team, channel,
               product, category, status,
               quantity, list_tc, unit_tc, quantity * unit_tc AS amount_tc,
               CAST(round(quantity * unit_cost / rate) AS BIGINT) AS cost_tc,
               CAST(round_even(quantity * unit_tc * rate, 0) AS BIGINT) AS amount,
               CAST(round_even(round(quantity * unit_cost / rate) * rate, 0) AS BIGINT) AS cost,
               requested_day, shipped_day
        FROM counted
    """)


def _discount(draws: Draws) -> str:
    """SQL: share off list.  Usual practice, stray violations of the floor, and the leak."""
    channel = " ".join(f"WHEN {i} THEN {x}" for i, x in enumerate(company.CHANNEL_DISCOUNT))
    segment = " ".join(f"WHEN {i} THEN {x}" for i, x in enumerate(company.SEGMENT_DISCOUNT))
    usual = (
        f"(CASE c.channel {channel} END) + (CASE c.segment {segment} END) + c.style"
        f" + ({draws.uniform('discount', 'c.i')} - 0.5) * {company.DISCOUNT_SPREAD}"
    )
    low, high = company.LEAK_DISCOUNT
    return f"""CASE
        WHEN {is_leak("c")} AND {draws.uniform("leak", "c.i")} < {company.LEAK_SHARE}
            THEN {low} + {draws.uniform("leak depth", "c.i")} * {high - low}
        WHEN {draws.uniform("stray", "c.i")} < {company.STRAY_VIOLATIONS}
            THEN 0.305 + {draws.uniform("stray depth", "c.i")} * 0.03
        ELSE greatest(0.0, least({company.MAX_DISCOUNT}, {usual})) END"""


def is_leak(alias: str) -> str:
    """SQL: the line belongs to the team, channel and days of the discount leak."""
    team = [name for name, _ in TEAMS].index(company.LEAK_TEAM)
    channel = company.CHANNELS.index(company.LEAK_CHANNEL)
    since = company.day_number(company.LEAK_SINCE)
    return f"({alias}.team = {team} AND {alias}.channel = {channel} AND {alias}.d >= {since})"


def _wanted(draws: Draws) -> str:
    """SQL: pieces wanted before rounding: product × customer size × price response × rival's cut × chance."""
    sigma = company.QUANTITY_SIGMA
    return (
        "base_quantity * size * exp(elasticity * ln(list_price * (1.0 - discount) / (first_list * 0.9)))"
        f" * (CASE WHEN {is_exposed('discounted')} THEN {company.PRICE_CUT_EFFECT} ELSE 1.0 END)"
        f" * exp({sigma} * {draws.normal('quantity', 'i')} - {sigma**2 / 2})"
    )


def is_exposed(alias: str) -> str:
    """SQL: the line's category and region feel the rival's price cut on its day."""
    category = company.CATEGORY_NAMES.index(company.PRICE_CUT_CATEGORY)
    regions = ", ".join(str(company.REGION_NAMES.index(r)) for r in company.PRICE_CUT_REGIONS)
    since = company.day_number(company.PRICE_CUT_DAY)
    return f"({alias}.category = {category} AND {alias}.region IN ({regions}) AND {alias}.d >= {since})"


def make_returns(con: duckdb.DuckDBPyConnection, draws: Draws) -> None:
    """Table `returned`: part or all of 1.4 % of the shipped lines, 5 to 44 days after shipping."""
    con.execute(f"""
        CREATE OR REPLACE TABLE returned AS
        SELECT *, back * unit_tc AS back_tc FROM (
            SELECT i, k, line_no, unit_tc, shipped_day + 5 + {draws.integer("returned", "i", 40)} AS back_day,
                   greatest(1, CAST(ceil(quantity * {draws.uniform("returned part", "i")}) AS BIGINT))
                       AS back,
                   {draws.integer("reason", "i", 4)} AS reason
            FROM lines WHERE status = 0 AND {draws.uniform("is returned", "i")} < 0.014)
        WHERE back_day < {N_DAYS}
    """)
