"""Derived tables, built once at load: what was sold, and which deals were worked.

`sales` has one row per order line, return or cancelled line, with every dimension resolved:
the organisation both as it was on that day and as it is now, amounts in group currency at
the month's average rate, returns with negative amounts on their own day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesops_lib.errors import DataError
from salesops_lib.tables import deal_states
from salesops_lib.tables.canonical import TABLES
from salesops_lib.tables.contracts import SQL_TYPES
from salesops_lib.tables.engine import literal, quoted

if TYPE_CHECKING:
    import pandas as pd

    from salesops_lib.tables.engine import DuckDBEngine

#: ISO 4217 for "no currency".
UNKNOWN_CURRENCY = "XXX"
DERIVED = ("sales", "deals", "billings", "collections", *deal_states.DERIVED)
CANCELLED = ("cancelled", "canceled", "void", "取消", "已取消", "作废")
WON = ("won", "closed won", "赢单", "成交", "已成交")
LOST = ("lost", "closed lost", "输单", "丢单")


def build(
    engine: DuckDBEngine,
    *,
    currency: str = "",
    returns_on: str = "return_date",
    calendar: pd.DataFrame | None = None,
) -> None:
    """Complete the canonical tables and (re)build the derived ones.

    Parameters
    ----------
    currency
        Group currency; lines in another one are translated at the `avg` rate of their month.
    returns_on
        `return_date` or `order_date`: the day on which a return counts.
    calendar
        One row a day (`periods.Calendar.frame`), stored as table `calendar`.
    """
    if calendar is not None:
        engine.register("calendar_days", calendar)
        engine.execute("CREATE OR REPLACE TABLE calendar AS SELECT * FROM calendar_days")
    _complete(engine)
    for derived in DERIVED:
        engine.execute(f"DROP TABLE IF EXISTS {derived}")
    group = _group_currency(engine, currency)
    _rates(engine, group)
    day = "l.dated_on" if returns_on == "order_date" else "COALESCE(r.returned_on, l.dated_on)"
    has_lines, has_returns = (
        engine.rows(f"SELECT EXISTS (SELECT 1 FROM {t})")[0][0] for t in ("order_lines", "returns")
    )
    returns = (_STRAY_RETURNS, _RETURNS.replace(":day", day)) if has_lines and has_returns else ()
    sold = (
        _LINES if has_lines else _LINES_FROM_DEALS,
        _RETURNED,
        *returns,
        _BUYERS,
        _SELLERS,
        _PLACES,
        _SALES,
    )
    for statement in (_ORG_NOW, _DEALS, _BILLINGS, _COLLECTIONS, *sold):
        engine.execute(statement.replace(":group", literal(group)))
    deal_states.build(engine, group=group, won=WON, lost=LOST)
    engine.execute("DROP VIEW sale_lines")
    for temporary in ("returned_lines", "buyers", "sellers", "places", "org_now", "rates"):
        engine.execute(f"DROP TABLE {temporary}")
    _count(engine)


def _group_currency(engine: DuckDBEngine, currency: str) -> str:
    """The currency that amounts are reported in; empty when nothing says one.

    Raises
    ------
    DataError
        If the policy names none and the data hold several.
    """
    if currency not in ("", UNKNOWN_CURRENCY):
        return currency
    stated = " UNION ".join(
        f"SELECT currency FROM {table} WHERE currency IS NOT NULL"
        for table in ("order_lines", "opportunities", "invoices")
    )
    found = engine.query(f"SELECT currency FROM ({stated}) AS stated ORDER BY currency").currency.tolist()
    if len(found) > 1:
        raise DataError(
            f"The data hold amounts in {', '.join(found)}, and the policy names no currency to add them up in.\n"
            f"Set semantics.currency in policy.yaml, e.g. `currency: {found[0]}`, and load a table fx with the rates."
        )
    return ""


def _rates(engine: DuckDBEngine, group: str) -> None:
    """Table `rates`: minor units of group currency for one minor unit, by currency and month."""
    from babel.numbers import get_currency_precision

    engine.execute(_RATES.replace(":group", literal(group)))
    for currency in engine.query("SELECT DISTINCT currency FROM rates ORDER BY currency").currency:
        digits = get_currency_precision(group) - get_currency_precision(currency)
        if digits:
            engine.execute("UPDATE rates SET rate = rate * ? WHERE currency = ?", [10.0**digits, currency])


def _complete(engine: DuckDBEngine) -> None:
    """Give every canonical table all its columns; a table never loaded becomes an empty one."""
    present = engine.columns()
    for table in TABLES.values():
        if table.name not in present:
            body = ", ".join(f"{quoted(c.name)} {SQL_TYPES[c.type]}" for c in table.columns)
            engine.execute(f"CREATE TABLE {quoted(table.name)} ({body})")
            continue
        for column in table.columns:
            if column.name not in present[table.name]:
                engine.execute(
                    f"ALTER TABLE {quoted(table.name)} ADD COLUMN {quoted(column.name)} {SQL_TYPES[column.type]}"
                )


def _count(engine: DuckDBEngine) -> None:
    """Table `table_columns`: how many rows each table has, and how many values each column."""
    engine.execute(
        "CREATE OR REPLACE TABLE table_columns (table_name VARCHAR, column_name VARCHAR, n_rows BIGINT, n_filled BIGINT)"
    )
    for table, columns in engine.columns().items():
        if table not in TABLES and table not in DERIVED:
            continue
        counts = ", ".join(f"COUNT({quoted(c)})" for c in columns)
        engine.execute(
            "INSERT INTO table_columns SELECT ?, unnest(?), n_rows, unnest(n_filled) "
            f"FROM (SELECT COUNT(*) AS n_rows, [{counts}] AS n_filled FROM {quoted(table)})",
            [table, columns],
        )


_ORG_NOW = """
CREATE OR REPLACE TABLE org_now AS
SELECT rep_id, team, region, manager_id, COALESCE(valid_from, DATE '1900-01-01') AS valid_from,
       COALESCE(valid_to, DATE '9999-12-31') AS valid_to,
       ROW_NUMBER() OVER (PARTITION BY rep_id ORDER BY valid_from DESC NULLS LAST, team, region) AS newest
FROM org
QUALIFY ROW_NUMBER() OVER (PARTITION BY rep_id, COALESCE(valid_from, DATE '1900-01-01') ORDER BY team, region) = 1
"""

_RATES = r"""
CREATE OR REPLACE TABLE rates AS
SELECT currency, TRY_CAST(period || '-01' AS DATE) AS month, MAX(rate) AS rate FROM fx
WHERE rate_type = 'avg' AND currency <> :group AND regexp_full_match(period, '\d{4}-\d{2}') GROUP BY currency, period
"""


def _rate(alias: str, day: str) -> str:
    """Join that finds the rate of `alias`'s currency in the month of `day`."""
    return f"LEFT JOIN rates AS x ON x.currency = {alias}.currency AND x.month = date_trunc('month', {day})"


def _in_group(amount: str, alias: str) -> str:
    """`amount` in group currency: as it is where that is its own, missing where a rate is missing."""
    return (
        f"CASE WHEN {alias}.currency IS NULL OR {alias}.currency = :group OR :group = '' THEN {amount} "
        f"ELSE CAST(round_even(CAST({amount} AS DOUBLE) * x.rate, 0) AS BIGINT) END"
    )


#: Amount of a line at list price: from its list price, else from its discount.  Whole pieces are
#: multiplied as integers, at a thirtieth of the cost.
_LISTED = (
    "CASE WHEN o.list_price IS NOT NULL AND o.quantity % 1 = 0 THEN o.list_price * CAST(o.quantity AS BIGINT)"
    " WHEN o.list_price IS NOT NULL THEN CAST(round_even(o.list_price * o.quantity, 0) AS BIGINT)"
    " WHEN o.discount_rate >= 0 AND o.discount_rate < 1"
    " THEN CAST(round_even(o.net_amount / (1 - o.discount_rate), 0) AS BIGINT)"
    " ELSE o.net_amount + o.discount_amount END"
)

_DEALS = f"""
CREATE TABLE deals AS
SELECT d.opportunity_id, d.customer_id, d.rep_id, d.product_id, d.stage, d.created_on, d.expected_close_on, d.closed_on,
       CASE WHEN lower(COALESCE(d.outcome, d.stage)) IN {WON} THEN 'won'
            WHEN lower(COALESCE(d.outcome, d.stage)) IN {LOST} THEN 'lost' ELSE 'open' END AS outcome,
       d.loss_reason, d.competitor, d.source, d.currency, d.next_step, d.last_activity_on, d.price_approved_on,
       {_in_group("d.amount", "d")} AS amount,
       COALESCE(w.region, c.region) AS region, w.team, w.manager_id, p.category, c.segment, c.industry
FROM opportunities AS d
{_rate("d", "COALESCE(d.closed_on, d.created_on)")}
ASOF LEFT JOIN org_now AS w ON w.rep_id = d.rep_id AND w.valid_from <= COALESCE(d.closed_on, d.created_on, DATE '9999-12-31')
LEFT JOIN customers AS c ON c.customer_id = d.customer_id
LEFT JOIN products AS p ON p.product_id = d.product_id
"""

_BILLINGS = f"""
CREATE TABLE billings AS
SELECT i.invoice_id, i.order_id, i.customer_id, COALESCE(c.name, i.customer_id) AS customer_name, c.region, c.segment,
       i.invoiced_on, i.due_on, i.currency, {_in_group("i.net_amount", "i")} AS net_amount, {_in_group("i.tax_amount", "i")} AS tax_amount
FROM invoices AS i
{_rate("i", "i.invoiced_on")}
LEFT JOIN customers AS c ON c.customer_id = i.customer_id
"""

_COLLECTIONS = f"""
CREATE TABLE collections AS
SELECT r.receipt_id, r.invoice_id, COALESCE(r.customer_id, i.customer_id) AS customer_id, c.region, c.segment,
       r.received_on, r.currency, {_in_group("r.amount", "r")} AS amount
FROM receipts AS r
{_rate("r", "r.received_on")}
LEFT JOIN invoices AS i ON i.invoice_id = r.invoice_id
LEFT JOIN customers AS c ON c.customer_id = COALESCE(r.customer_id, i.customer_id)
"""

_LINES = f"""
CREATE VIEW sale_lines AS
SELECT o.order_id, o.line_id,
       CASE WHEN lower(o.status) IN {CANCELLED} THEN 'cancelled' WHEN o.net_amount < 0 THEN 'return' ELSE 'order' END AS kind,
       o.ordered_on AS dated_on, COALESCE(o.customer_id, o.customer_name) AS customer_id, o.customer_name,
       COALESCE(o.product_id, o.product_name) AS product_id, o.product_name, o.rep_id, o.channel, o.region, o.segment,
       o.category, o.subcategory, o.quantity, o.currency, o.net_amount AS net_amount_tc,
       {_in_group("o.net_amount", "o")} AS net_amount,
       {_in_group(_LISTED, "o")} AS list_amount,
       {_in_group("o.cost_amount", "o")} AS cost_amount,
       o.requested_on, o.shipped_on
FROM order_lines AS o
{_rate("o", "o.ordered_on")}
"""

_LINES_FROM_DEALS = """
CREATE VIEW sale_lines AS
SELECT opportunity_id AS order_id, CAST(NULL AS VARCHAR) AS line_id, 'order' AS kind, closed_on AS dated_on, customer_id,
       CAST(NULL AS VARCHAR) AS customer_name, product_id, CAST(NULL AS VARCHAR) AS product_name, rep_id,
       CAST(NULL AS VARCHAR) AS channel, region, segment, category, CAST(NULL AS VARCHAR) AS subcategory,
       CAST(1 AS DECIMAL(18, 3)) AS quantity, currency, amount AS net_amount_tc, amount AS net_amount,
       (SELECT p.list_price FROM products AS p WHERE p.product_id = deals.product_id LIMIT 1) AS list_amount,
       CAST(NULL AS BIGINT) AS cost_amount, CAST(NULL AS DATE) AS requested_on, CAST(NULL AS DATE) AS shipped_on
FROM deals WHERE outcome = 'won' AND closed_on IS NOT NULL
"""

#: A return that names no line is shared by the lines of its order, in proportion to their
#: amounts (or quantities); the parts of a refund add up to it, as each is a difference of
#: rounded running totals.
_RETURNS = """
INSERT INTO returned_lines
WITH numbered AS (
    SELECT *, ROW_NUMBER() OVER (ORDER BY return_id, order_id, line_id, returned_on, net_amount, quantity) AS serial FROM returns
), matched AS (
    SELECT l.*, r.serial, :day AS day, CAST(r.net_amount AS DOUBLE) AS refund, CAST(r.quantity AS DOUBLE) AS returned,
           CAST(SUM(COALESCE(l.net_amount_tc, 0)) OVER lines AS DOUBLE) AS upto,
           CAST(NULLIF(SUM(COALESCE(l.net_amount_tc, 0)) OVER every, 0) AS DOUBLE) AS total,
           CAST(l.quantity / NULLIF(SUM(l.quantity) OVER every, 0) AS DOUBLE) AS quantity_share
    FROM numbered AS r
    JOIN sale_lines AS l ON l.order_id = r.order_id AND l.kind = 'order' AND (r.line_id IS NULL OR l.line_id = r.line_id)
    WINDOW lines AS (PARTITION BY r.serial ORDER BY l.line_id, l.net_amount_tc ROWS UNBOUNDED PRECEDING),
           every AS (PARTITION BY r.serial)
), shared AS (
    SELECT *, round_even(refund * COALESCE(upto / total, 1), 0)
              - round_even(refund * COALESCE((upto - COALESCE(net_amount_tc, 0)) / total, 0), 0) AS refunded,
           returned * quantity_share AS sent_back
    FROM matched
), parts AS (
    SELECT *, COALESCE(sent_back / CAST(NULLIF(quantity, 0) AS DOUBLE), refunded / NULLIF(net_amount_tc, 0), 1) AS part FROM shared
)
SELECT order_id, line_id, 'return' AS kind, day AS dated_on, customer_id, customer_name, product_id, product_name,
       rep_id, channel, region, segment, category, subcategory,
       CAST(-COALESCE(sent_back, quantity * part) AS DECIMAL(18, 3)) AS quantity, currency,
       CAST(round_even(-COALESCE(refunded, net_amount_tc * part), 0) AS BIGINT) AS net_amount_tc,
       CAST(round_even(-COALESCE(refunded * (net_amount / NULLIF(net_amount_tc, 0)), net_amount * part), 0) AS BIGINT) AS net_amount,
       CAST(round_even(-list_amount * part, 0) AS BIGINT) AS list_amount,
       CAST(round_even(-cost_amount * part, 0) AS BIGINT) AS cost_amount,
       requested_on, shipped_on
FROM parts
"""

#: A return whose order line is not loaded still counts, with what it says of itself.
_STRAY_RETURNS = """
INSERT INTO returned_lines BY NAME
SELECT r.order_id, r.line_id, 'return' AS kind, r.returned_on AS dated_on, -r.quantity AS quantity,
       -r.net_amount AS net_amount_tc, -r.net_amount AS net_amount
FROM returns AS r
WHERE r.net_amount IS NOT NULL AND r.returned_on IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM sale_lines AS l WHERE l.order_id = r.order_id AND l.kind = 'order' AND (r.line_id IS NULL OR l.line_id = r.line_id)
)
"""

_RETURNED = "CREATE TABLE returned_lines AS FROM sale_lines LIMIT 0"

#: Customers with the day of their first order; reps with their place in the organisation now.
_BUYERS = """
CREATE TABLE buyers AS
SELECT customer_id, c.name, c.region, c.segment, c.industry, f.first_ordered_on
FROM customers AS c
FULL JOIN (
    SELECT customer_id, MIN(dated_on) AS first_ordered_on FROM sale_lines WHERE kind = 'order' GROUP BY customer_id
) AS f USING (customer_id)
"""

_SELLERS = """
CREATE TABLE sellers AS
SELECT rep_id, r.name, n.region, n.team FROM reps AS r FULL JOIN (FROM org_now WHERE newest = 1) AS n USING (rep_id)
"""

#: Who stood where on the days on which they sold.
_PLACES = """
CREATE TABLE places AS
SELECT d.rep_id, d.dated_on, w.region, w.team, w.manager_id
FROM (SELECT rep_id, dated_on FROM sale_lines UNION SELECT rep_id, dated_on FROM returned_lines) AS d
ASOF JOIN org_now AS w ON w.rep_id = d.rep_id AND w.valid_from <= d.dated_on
WHERE d.dated_on <= w.valid_to
"""

_SALES = """
CREATE TABLE sales AS
SELECT l.order_id, l.line_id, l.kind, l.dated_on, l.customer_id, COALESCE(b.name, l.customer_name, l.customer_id) AS customer_name,
       l.product_id, COALESCE(p.name, l.product_name, l.product_id) AS product_name, l.rep_id, COALESCE(s.name, l.rep_id) AS rep_name,
       COALESCE(l.region, w.region, b.region) AS region, w.team, w.manager_id,
       COALESCE(s.region, l.region, b.region) AS region_now, s.team AS team_now, l.channel,
       COALESCE(p.category, l.category) AS category, COALESCE(p.subcategory, l.subcategory) AS subcategory,
       COALESCE(b.segment, l.segment) AS segment, b.industry, l.quantity, l.list_amount, l.net_amount, l.cost_amount,
       l.net_amount_tc, l.currency, b.first_ordered_on, l.requested_on, l.shipped_on
FROM (FROM sale_lines UNION ALL FROM returned_lines) AS l
LEFT JOIN places AS w ON w.rep_id = l.rep_id AND w.dated_on = l.dated_on
LEFT JOIN sellers AS s ON s.rep_id = l.rep_id
LEFT JOIN buyers AS b ON b.customer_id = l.customer_id
LEFT JOIN products AS p ON p.product_id = l.product_id
"""
