"""Faults of the order file and the customer file, each counted.

A line has at most one fault.  Which one depends on its number alone, so that the count is
known without reading the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesops_lib.synthetic.draws import Draws

if TYPE_CHECKING:
    import duckdb

#: fault of an order line → share of lines
LINE_FAULTS = {
    "duplicate_line": 0.0025,
    "unparseable_date": 0.0010,
    "amount_thousands": 0.0010,
    "amount_currency_sign": 0.0005,
    "amount_full_width": 0.0005,
    "blank_customer": 0.0015,
    "orphan_product": 0.0010,
    "spaces_around_customer": 0.0010,
}
_NUMBER = {name: n + 1 for n, name in enumerate(LINE_FAULTS)}
_BAD_DATES = ("待定", "2024-13-45", "0000-00-00", "2025-02-30")
#: Line ids are listed up to this many of a kind.
_LISTED = 500


def fault(draws: Draws) -> str:
    """SQL: number of the fault of a line of table `lines`, 0 for none."""
    u, upto, cases = draws.uniform("fault", "i"), 0.0, []
    for name, share in LINE_FAULTS.items():
        upto += share
        condition = f"{u} < {upto:.6f}"
        if name in ("amount_thousands", "amount_currency_sign"):
            # An amount below 1,000 has no separator to be written with.
            cases.append(
                f"WHEN {condition} THEN CASE WHEN amount_tc >= 100000 THEN {_NUMBER[name]} ELSE 0 END"
            )
        else:
            cases.append(f"WHEN {condition} THEN {_NUMBER[name]}")
    return f"CASE WHEN {u} >= {upto:.6f} THEN 0 {' '.join(cases)} ELSE 0 END"


def is_fault(name: str) -> str:
    """SQL: the line, with its column `fault`, has this fault."""
    return f"fault = {_NUMBER[name]}"


def yuan(minor: str) -> str:
    """SQL: minor units as text with two decimals, exactly."""
    return f"(({minor}) // 100) || '.' || lpad(CAST(({minor}) % 100 AS VARCHAR), 2, '0')"


def amount(minor: str) -> str:
    """SQL: the amount as written, faults included."""
    thousands = f"format('{{:,}}', {minor} // 100) || '.' || lpad(CAST({minor} % 100 AS VARCHAR), 2, '0')"
    return (
        f"CASE fault WHEN {_NUMBER['amount_thousands']} THEN {thousands}"
        f" WHEN {_NUMBER['amount_currency_sign']} THEN '￥' || {thousands}"
        f" WHEN {_NUMBER['amount_full_width']} THEN translate({yuan(minor)}, '0123456789.', '０１２３４５６７８９．')"
        f" ELSE {yuan(minor)} END"
    )


def order_date(draws: Draws, day: str) -> str:
    """SQL: the order date as written."""
    bad = ", ".join(f"'{text}'" for text in _BAD_DATES)
    wrong = f"[{bad}][1 + {draws.integer('bad date', 'i', len(_BAD_DATES))}]"
    return f"CASE WHEN {is_fault('unparseable_date')} THEN {wrong} ELSE CAST({day} AS VARCHAR) END"


def customer(draws: Draws, text: str) -> str:
    """SQL: the customer id as written: blank, or with spaces before or after."""
    spaced = f"[' ' || {text}, {text} || '  ', {text} || '　'][1 + {draws.integer('spaces', 'i', 3)}]"
    blank, wide = is_fault("blank_customer"), is_fault("spaces_around_customer")
    return f"CASE WHEN {blank} THEN NULL WHEN {wide} THEN {spaced} ELSE {text} END"


def product(draws: Draws, text: str) -> str:
    """SQL: the product id as written; an orphan's is in no product master."""
    orphan = f"'PX' || lpad(CAST({draws.integer('orphan', 'i', 50)} AS VARCHAR), 3, '0')"
    return f"CASE WHEN {is_fault('orphan_product')} THEN {orphan} ELSE {text} END"


def count(con: duckdb.DuckDBPyConnection, draws: Draws) -> dict[str, dict[str, object]]:
    """For each fault its number of lines, their clean amount in fen, and their ids when few."""
    found = con.execute(f"""
        SELECT fault, count(*), CAST(sum(amount) FILTER (status <> 1) AS BIGINT),
               CASE WHEN count(*) <= {_LISTED}
                    THEN list('SO' || lpad(CAST(k + 1 AS VARCHAR), 8, '0') || '/' || line_no ORDER BY i) END
        FROM (SELECT *, {fault(draws)} AS fault FROM lines) WHERE fault > 0 GROUP BY fault
    """).fetchall()
    by_number = {row[0]: row[1:] for row in found}
    counts: dict[str, dict[str, object]] = {}
    for name, number in _NUMBER.items():
        n, amount_fen, ids = by_number.get(number, (0, 0, []))
        counts[name] = {"n": n, "bookings_fen": amount_fen or 0} | ({} if ids is None else {"lines": ids})
    return counts
