"""Cancelled and returned lines, each matched to the order line that it undoes.

A customer's returns of a product are taken off its orders like plates off a stack: from the
latest earlier order first, and from each line at most its quantity.  An order fills the stack
from the height before it to the height after it, a return empties it from the one to the other;
what a return undoes is therefore found by comparing intervals, for all of them at once.
"""

from __future__ import annotations

from typing import Any

from salesops_lib.cleaning.audit import Audit, Reason
from salesops_lib.tables.views import CANCELLED

_MATCHES = (
    "return_order_id VARCHAR, return_line_id VARCHAR, order_id VARCHAR, line_id VARCHAR, "
    "matched_quantity DECIMAL(18, 3), matched_amount BIGINT, rule VARCHAR, table_name VARCHAR"
)
_IS_RETURN = "COALESCE(net_amount < 0 OR quantity < 0, FALSE)"
_IS_KEPT = f"COALESCE(lower(status) NOT IN {CANCELLED}, TRUE)"
_NAMED = "order named"

#: Rule → in what an order line and a return of the same table must agree, and whether the order
#: must be the earlier one.  Lines that agree in amount too are matched whole, one to one.
_RULES = (
    ("same order and product", ("order_id", "product", "is_counted"), False),
    (
        "same customer, product, quantity and amount",
        ("customer", "product", "is_counted", "size", "amount"),
        True,
    ),
    ("same customer, product and price", ("customer", "product", "price"), True),
)

#: Reason of returns of which a part is matched.
PARTLY = "more is returned than was ordered"
_NOTHING_LEFT = "nothing of the order is left to return"
#: Why a return, or a part of it, undoes no order line: the first condition that holds.
_CAUSES = (
    ("taken > 0", PARTLY),
    ("table_name = 'returns' AND is_order_known", _NOTHING_LEFT),
    ("table_name = 'returns'", "the order that it names is not loaded"),
    ("customer IS NULL", "customer unknown"),
    ("product IS NULL", "product unknown"),
    ("NOT is_earlier", "no earlier order of this customer and product"),
    ("NOT is_price", "earlier orders are at another price"),
    ("TRUE", _NOTHING_LEFT),
)


def returns(connection: Any, audit: Audit) -> None:
    """Make table `return_matches`, and tell the audit which returns undo no order line.

    `return_matches` has one row for each piece of a return and the order line that it undoes:
    the keys of both, the quantity and the amount undone (minor units, both positive; of a
    return that is matched wholly, the pieces add up to its amount), the rule, and the table of
    the return.  A row of table `returns` is known by its `return_id`; it undoes lines of the
    order that it names, in proportion to their quantities where it names no line.

    Parameters
    ----------
    connection
        DuckDB connection to a store with the canonical tables that were loaded.
    audit
        Gains a reason of outcome `unmatched` for each table and cause; the rows stay used.
    """
    connection.execute(f"CREATE OR REPLACE TABLE main.return_matches ({_MATCHES})")
    found = "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()"
    loaded = {row[0] for row in connection.execute(found).fetchall()}
    if "order_lines" not in loaded:
        return
    names_orders = "returns" in loaded and _any(connection, "main.returns")
    has_negative = _any(connection, f"main.order_lines WHERE {_IS_RETURN} AND {_IS_KEPT}")
    if not (names_orders or has_negative):
        return
    _collect(connection, names_orders=names_orders)
    if names_orders:
        for statement in (_WANTED, _SIZED, _BY_NAME):
            connection.execute(statement)
    if has_negative:
        for rule, alike, is_dated in _RULES:
            connection.execute(_stacked(rule, alike, is_dated=is_dated))
    connection.execute(_STORE)
    _tell_unmatched(connection, audit)
    for table in ("undone", "bought", "matched", "wanted"):
        connection.execute(f"DROP TABLE IF EXISTS {table}")


def _any(connection: Any, rows: str) -> bool:
    return bool(connection.execute(f"SELECT count(*) FROM (SELECT 1 FROM {rows} LIMIT 1)").fetchall()[0][0])


def _collect(connection: Any, *, names_orders: bool) -> None:
    """Temporary tables: `undone` (returns), `bought` (lines that they may undo), `matched` (none yet)."""
    lines = (
        "SELECT 'order_lines' AS table_name, order_id, line_id, CAST(NULL AS VARCHAR) AS named, ordered_on AS day, "
        "COALESCE(customer_id, customer_name) AS customer, COALESCE(product_id, product_name) AS product, "
        f"abs(quantity) AS quantity, abs(net_amount) AS amount FROM main.order_lines WHERE {_IS_KEPT}"
    )
    selects = [f"{lines} AND {_IS_RETURN}"]
    if names_orders:
        selects.append(
            "SELECT 'returns', return_id, line_id, order_id, returned_on, NULL, NULL, abs(quantity), abs(net_amount) "
            "FROM main.returns"
        )
    connection.execute(f"CREATE TEMP TABLE undone AS {_measured(' UNION ALL '.join(selects))}")
    connection.execute(
        f"CREATE TEMP TABLE bought AS {_measured(f'{lines} AND NOT {_IS_RETURN}')} "
        "WHERE (customer, product) IN (SELECT (customer, product) FROM undone) "
        "OR order_id IN (SELECT COALESCE(named, order_id) FROM undone)"
    )
    connection.execute(
        "CREATE TEMP TABLE matched (undone BIGINT, bought BIGINT, size DECIMAL(18, 3), amount BIGINT, rule VARCHAR)"
    )


def _measured(rows: str) -> str:
    """`rows` with a number of their own and their size: pieces, or money where no quantity is stated."""
    return (
        "SELECT *, row_number() OVER (ORDER BY table_name, day, order_id, line_id, customer, product, quantity, amount) AS serial, "
        "COALESCE(quantity, 0) > 0 AS is_counted, CAST(COALESCE(NULLIF(quantity, 0), amount) AS DECIMAL(18, 3)) AS size, "
        "CASE WHEN quantity > 0 THEN round_even(CAST(amount AS DOUBLE) / CAST(quantity AS DOUBLE), 0) END AS price "
        f"FROM ({rows}) AS lines"
    )


def _stacked(rule: str, alike: tuple[str, ...], *, is_dated: bool) -> str:
    """Statement that takes returns off the orders that agree with them in `alike`."""
    is_whole = "amount" in alike
    known = " AND ".join(f"{key} IS NOT NULL" for key in alike)
    return _STACKED.format(
        rule=rule,
        alike=f"row({', '.join(alike)})",
        day="day" if is_dated else "CAST(NULL AS DATE)",
        weight="CAST(1 AS DECIMAL(18, 3))" if is_whole else "free",
        fit=f"{known} AND {'free = size' if is_whole else 'free > 0'}",
        taken="size" if is_whole else "weight",
    )


#: What each return of table `returns` wants of each line of its order.
_WANTED = """
CREATE TEMP TABLE wanted AS
WITH pairs AS (
    SELECT r.serial AS undone, b.serial AS bought, r.day, b.size, b.amount,
           CASE WHEN r.quantity > 0 THEN CAST(r.quantity AS DOUBLE) / CAST(sum(b.size) OVER w AS DOUBLE)
                WHEN r.amount > 0 THEN r.amount / CAST(NULLIF(sum(b.amount) OVER w, 0) AS DOUBLE) END AS share
    FROM undone AS r JOIN bought AS b ON b.order_id = r.named AND (r.line_id IS NULL OR b.line_id = r.line_id) AND b.size > 0
    WHERE r.table_name = 'returns'
    WINDOW w AS (PARTITION BY r.serial)
)
SELECT undone, bought, day, size, amount, CAST(CAST(size AS DOUBLE) * COALESCE(share, 1) AS DECIMAL(18, 3)) AS want FROM pairs
"""

_SIZED = "UPDATE undone SET size = w.want FROM (SELECT undone, sum(want) AS want FROM wanted GROUP BY undone) AS w WHERE w.undone = serial"

#: A line gives each return what earlier ones have left of it.
_BY_NAME = f"""
INSERT INTO matched
WITH running AS (
    SELECT *, sum(want) OVER (PARTITION BY bought ORDER BY day, undone ROWS UNBOUNDED PRECEDING) AS upto FROM wanted
), pieces AS (
    SELECT *, least(upto, size) - least(upto - want, size) AS piece FROM running
)
SELECT p.undone, p.bought, p.piece,
       CASE WHEN r.amount IS NULL THEN CAST(round_even(p.amount * CAST(p.piece / p.size AS DOUBLE), 0) AS BIGINT) END, '{_NAMED}'
FROM pieces AS p JOIN undone AS r ON r.serial = p.undone WHERE p.piece > 0
"""

#: `height` is that of the stack after an event: the running balance, above an empty stack.  An
#: order gives a return what lies within the return's heights and under every later order.
_STACKED = """
INSERT INTO matched
WITH lines AS (
    SELECT 0 AS is_return, * FROM bought UNION ALL SELECT 1, * FROM undone WHERE table_name = 'order_lines'
), used AS (
    SELECT 0 AS is_return, bought AS serial, sum(size) AS used FROM matched GROUP BY bought
    UNION ALL SELECT 1, undone, sum(size) FROM matched GROUP BY undone
), open_lines AS (
    SELECT l.*, l.size - COALESCE(u.used, 0) AS free FROM lines AS l LEFT JOIN used AS u USING (is_return, serial)
), events AS (
    SELECT is_return, serial, size, {alike} AS alike, {day} AS day, {weight} AS weight FROM open_lines WHERE {fit}
), balances AS (
    SELECT *, row_number() OVER upto AS place, sum(CASE WHEN is_return = 1 THEN -weight ELSE weight END) OVER upto AS balance
    FROM events
    WINDOW upto AS (PARTITION BY alike ORDER BY day, is_return, serial ROWS UNBOUNDED PRECEDING)
), heights AS (
    SELECT *, balance - least(0, min(balance) OVER (PARTITION BY alike ORDER BY place ROWS UNBOUNDED PRECEDING)) AS height
    FROM balances
), steps AS (
    SELECT *, COALESCE(lag(height) OVER (PARTITION BY alike ORDER BY place), 0) AS before FROM heights
), pairs AS (
    SELECT r.serial AS undone, o.serial AS bought, r.size, greatest(r.height, o.before) AS low,
           least(r.before, o.height, min(o.before) OVER (
               PARTITION BY r.serial ORDER BY o.place DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS high
    FROM steps AS r JOIN steps AS o
      ON o.alike = r.alike AND o.is_return = 0 AND o.place < r.place AND o.before < r.before AND o.height > r.height
    WHERE r.is_return = 1
)
SELECT undone, bought, {taken}, NULL, '{rule}' FROM (SELECT undone, bought, size, high - low AS weight FROM pairs WHERE high > low)
"""

#: The amount of a return is shared by its pieces as differences of rounded running totals.
_STORE = """
INSERT INTO main.return_matches
WITH pieces AS (
    SELECT m.*, u.table_name, u.amount AS whole, u.size AS asked, b.is_counted, b.order_id, b.line_id, u.order_id AS return_order_id,
           CASE WHEN u.table_name = 'order_lines' THEN u.line_id END AS return_line_id,
           sum(m.size) OVER (PARTITION BY m.undone ORDER BY m.rule, m.bought ROWS UNBOUNDED PRECEDING) AS upto
    FROM matched AS m JOIN undone AS u ON u.serial = m.undone JOIN bought AS b ON b.serial = m.bought
)
SELECT return_order_id, return_line_id, order_id, line_id, CASE WHEN is_counted THEN size END,
       COALESCE(amount, CAST(round_even(whole * CAST(upto / asked AS DOUBLE), 0) AS BIGINT)
                        - CAST(round_even(whole * CAST((upto - size) / asked AS DOUBLE), 0) AS BIGINT)), rule, table_name
FROM pieces
ORDER BY table_name, return_order_id, return_line_id, order_id, line_id, size
"""

_UNMATCHED = """
WITH taken AS (
    SELECT undone, sum(size) AS taken FROM matched GROUP BY undone
), open_returns AS (
    SELECT u.*, COALESCE(t.taken, 0) AS taken FROM undone AS u LEFT JOIN taken AS t ON t.undone = u.serial
    WHERE t.taken IS NULL OR u.size > t.taken
), known AS (
    SELECT u.serial, bool_or(b.price = u.price) AS is_price
    FROM open_returns AS u JOIN bought AS b ON b.customer = u.customer AND b.product = u.product AND b.day <= u.day GROUP BY u.serial
), shown AS (
    SELECT u.*, k.serial IS NOT NULL AS is_earlier, COALESCE(k.is_price, FALSE) AS is_price,
           u.named IN (SELECT order_id FROM bought) AS is_order_known
    FROM open_returns AS u LEFT JOIN known AS k ON k.serial = u.serial
), told AS (
    SELECT *, {cause} AS cause FROM shown
)
SELECT table_name, cause, count(*), min_by(order_id, serial) FROM told GROUP BY table_name, cause ORDER BY table_name, cause
"""


def _tell_unmatched(connection: Any, audit: Audit) -> None:
    cause = (
        "CASE " + " ".join(f"WHEN {test} THEN {place}" for place, (test, _) in enumerate(_CAUSES)) + " END"
    )
    counted: dict[tuple[str, str], tuple[int, str]] = {}
    for table, place, n_rows, example in connection.execute(_UNMATCHED.format(cause=cause)).fetchall():
        key = (table, _CAUSES[place][1])
        before, first = counted.get(key, (0, example))
        counted[key] = (before + n_rows, first)
    for (table, reason), (n_rows, example) in counted.items():
        audit.reasons.append(Reason("", table, "unmatched", reason, "", n_rows, str(example)))
