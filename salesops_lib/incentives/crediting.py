"""Who is credited for what: the lines of a measure by payee, as one statement where the data are.

Direct credit of a line is all of it, once; overlay credit and that of managers stand beside it and
are never added to the company's total.  A line is split by differences of rounded running shares
in the order of names, so parts add up and nothing depends on the order of rows.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from salesops_lib.errors import DataError, nearest
from salesops_lib.metrics import REGISTRY
from salesops_lib.tables.engine import literal

if TYPE_CHECKING:
    import pandas as pd

    from salesops_lib.metrics.definitions.metric import Metric
    from salesops_lib.policy.payments import Incentives
    from salesops_lib.workspace import Workspace

#: Parts that a whole credit is counted in: shares have six decimal places.
WHOLE = 1_000_000
#: Parts of a unit in which a measure is counted (money: minor units of the currency).
PARTS = {"count": 1, "quantity": 1000}
#: What counts once, however many lines it has: only the first of them is credited.
_ONCE = {"new_customers": "customer_id", "n_orders": "order_id"}
#: Measures of a whole group, of which a single line has no part.
_WHOLE_GROUP = ("average_order", "average_deal", "active_customers", "active_reps")
_SOURCES = {"deals_created": ("deals", "created_on"), "deals_closed": ("deals", "closed_on")}
_EVER, _NEVER = "DATE '1900-01-01'", "DATE '9999-12-31'"


def credited_lines(ws: Workspace, measure: str, start: date, end: date, *, payee: str = "") -> pd.DataFrame:
    """Credited lines of a measure between two days; one row a line, payee and credit.

    Parameters
    ----------
    measure
        A metric id that lines add up to, or `id:numerator`, `id:denominator` of a ratio.
    payee
        Whose lines; all where left out.

    Returns
    -------
    pd.DataFrame
        payee, credit (direct, overlay, roll_up), order_id, line_id, kind, credited_on, customer_id, amount
        (in parts of the measure), is_windfall; in the order of credit.

    Raises
    ------
    DataError
        If lines do not add up to the measure, or shares of the table credits do not make 1.
    """
    theirs = " AND payee = ?" if payee else ""
    return ws.facts.query(
        f"SELECT * FROM ({statement(ws, measure, start, end)}) AS credited WHERE TRUE{theirs} "
        "ORDER BY credited_on, order_id, line_id, kind, credit, payee",
        [payee] if payee else [],
    )


def parts_of(ws: Workspace, measure: str) -> int:
    """Parts of a unit that amounts of a measure are counted in."""
    unit = REGISTRY[measure].unit if measure in REGISTRY else "count"
    return int(PARTS.get(unit, 10**ws.policy.semantics.minor_digits))


def statement(ws: Workspace, measure: str, start: date = date.min, end: date = date.max) -> str:
    """The credited lines of a measure as SQL; see `credited_lines`."""
    within = f"credited_on BETWEEN DATE '{start}' AND DATE '{end}'"
    _demand_whole_shares(ws)
    metric, amount = _amount(ws, measure)
    rules = ws.policy.incentives
    levels = rules.crediting.roll_up_levels
    steps = {
        "places": _PLACES,
        "large": large(ws, rules),
        "sold": _sold(ws, metric, amount, within),
        "named": _named(ws, rules, metric),
        "shares": _SHARES,
        "direct": _direct(rules),
        **{f"above_{n}": _above(n) for n in range(levels + 1) if levels},
        "credited": " UNION ALL ".join(
            ["SELECT * FROM direct_lines", *_overlays(ws, rules, metric), *_rolled(levels)]
        ),
    }
    steps["direct_lines"] = _part_of("direct", "direct")
    order = [name for name in steps if name not in ("direct_lines", "credited")]
    body = ", ".join(f"{name} AS ({steps[name]})" for name in (*order, "direct_lines", "credited"))
    return (
        f"WITH {body} SELECT c.payee, c.credit, c.order_id, c.line_id, c.kind, c.credited_on, c.customer_id, c.amount, "
        "l.order_id IS NOT NULL AS is_windfall FROM credited AS c LEFT JOIN large AS l ON l.order_id = c.order_id "
        "WHERE c.amount <> 0"
    )


def _amount(ws: Workspace, measure: str) -> tuple[Metric, str]:
    """The metric, and its amount of a group of rows as a whole number."""
    name, _, half = measure.partition(":")
    metric = REGISTRY.get(name)
    creditable = [
        m.id for m in REGISTRY.values() if m.relation and not m.quotient and m.id not in _WHOLE_GROUP
    ]
    if metric is None or (half == "") == (measure not in creditable):
        raise DataError(
            f"{measure!r} cannot be credited to people, as lines do not add up to it; {nearest(name, creditable)}"
        )
    if absent := ws.facts.missing(*metric.needs):
        raise DataError(
            f"{measure} is paid for and cannot be computed: {', '.join(absent)} hold nothing.\n"
            "Load them, or take the component out of the plan."
        )
    sql = metric.quotient[half == "denominator"] if half and metric.quotient else metric.sql
    return metric, f"CAST(ROUND(({sql}) * 1000) AS BIGINT)" if metric.unit == "quantity" else f"({sql})"


#: Who stood under whom on which days; of two places that overlap the later one counts.
_PLACES = f"""
    SELECT rep_id, manager_id, first_day, stop,
           COALESCE(LEAD(first_day) OVER (PARTITION BY rep_id ORDER BY first_day), {_NEVER}) AS next_day
    FROM (SELECT rep_id, MIN(manager_id) AS manager_id, COALESCE(valid_from, {_EVER}) AS first_day,
                 MAX(COALESCE(valid_to, {_NEVER})) AS stop
          FROM org GROUP BY rep_id, COALESCE(valid_from, {_EVER})) AS spans"""

_STOOD = "p.first_day <= d.credited_on AND d.credited_on <= p.stop AND d.credited_on < p.next_day"


def large(ws: Workspace, rules: Incentives) -> str:
    """Orders that wait for a decision."""
    limit = rules.crediting.windfall
    above = (
        "FALSE" if limit is None else f"SUM(net_amount) > {int(limit * 10**ws.policy.semantics.minor_digits)}"
    )
    return f"SELECT order_id FROM sales WHERE kind = 'order' GROUP BY order_id HAVING {above}"


def _sold(ws: Workspace, metric: Metric, amount: str, within: str) -> str:
    """The measure's lines: what they are of, when they count, and who sold them."""
    crediting = ws.policy.incentives.crediting
    excluded = ", ".join(literal(channel) for channel in crediting.excluded_channels)
    within += f" AND COALESCE(channel, '') NOT IN ({excluded})" if excluded else ""
    within += _credited_categories(ws, metric)
    keys = "order_id, line_id, was, credited_on, customer_id, rep_id, channel"
    grouped = f"SELECT {keys}, {amount} AS amount FROM ({_rows(ws, metric)}) AS lines WHERE {within} GROUP BY {keys}"
    return (
        "SELECT ROW_NUMBER() OVER (ORDER BY credited_on, order_id, line_id, was, customer_id, rep_id, channel) AS serial, "
        f"order_id, line_id, was AS kind, credited_on, customer_id, rep_id, amount FROM ({grouped}) AS grouped "
        "WHERE amount <> 0"
    )


def _credited_categories(ws: Workspace, metric: Metric) -> str:
    """The condition that leaves product lines without credit out."""
    excluded = ", ".join(literal(name) for name in ws.policy.incentives.crediting.excluded_categories)
    if not excluded:
        return ""
    if metric.relation != "sales" or ws.facts.missing("sales.category"):
        raise DataError(
            f"{metric.id} is credited, and no table says how much of it is of the product lines without credit ({excluded}).\n"
            "Load products.category, pay for a measure of order lines, or take them out of incentives.crediting.excluded_categories."
        )
    return f" AND COALESCE(category, '') NOT IN ({excluded})"


def _rows(ws: Workspace, metric: Metric) -> str:
    if metric.relation == "sales":
        return _sales_rows(ws, metric)
    if metric.relation in _SOURCES:
        table, day = _SOURCES[metric.relation]
        return (
            f"SELECT opportunity_id AS order_id, '' AS line_id, 'deal' AS was, {day} AS credited_on, customer_id, rep_id, "
            f"amount, outcome, CAST(NULL AS VARCHAR) AS channel FROM {table} WHERE {day} IS NOT NULL"
        )
    order = (
        "(SELECT order_id, MIN(rep_id) AS rep_id, MIN(channel) AS channel FROM sales GROUP BY order_id) AS o"
    )
    if metric.relation == "billings":
        return (
            "SELECT b.order_id, b.invoice_id AS line_id, 'invoice' AS was, b.invoiced_on AS credited_on, b.customer_id, "
            f"o.rep_id, o.channel, b.net_amount FROM billings AS b LEFT JOIN {order} ON o.order_id = b.order_id"
        )
    return (
        "SELECT b.order_id, c.receipt_id AS line_id, 'receipt' AS was, c.received_on AS credited_on, c.customer_id, o.rep_id, "
        "o.channel, c.amount FROM collections AS c LEFT JOIN billings AS b ON b.invoice_id = c.invoice_id "
        f"LEFT JOIN {order} ON o.order_id = b.order_id"
    )


def _sales_rows(ws: Workspace, metric: Metric) -> str:
    """Order lines and returns; a return that is to reduce attainment counts as a negative order line."""
    rules = ws.policy.incentives
    own = ws.facts.columns("sales")
    kept = ", ".join(f"s.{c}" for c in own if c not in ("kind", "dated_on", "line_id"))
    days = max(
        (
            c.within_days
            for c in rules.payments.clawbacks
            if c.event == "returned" and c.attainment == "reduce"
        ),
        default=0,
    )
    reduces = f"s.kind = 'return' AND CAST(s.dated_on AS DATE) - CAST(COALESCE(o.ordered_on, s.dated_on) AS DATE) <= {days}"
    kind = f"CASE WHEN {reduces} THEN 'order' ELSE s.kind END" if days else "s.kind"
    day = "COALESCE(o.ordered_on, s.dated_on)" if rules.crediting.returns == "order_day" else "s.dated_on"
    if rules.crediting.returns == "own_day" and ws.policy.semantics.returns_date == "order_date":
        raise DataError(
            "incentives.crediting.returns: own_day needs the days of returns, and semantics.returns_date: order_date drops them.\n"
            "Write returns: order_day, or semantics.returns_date: return_date."
        )
    rows = (
        f"SELECT {kept}, COALESCE(s.line_id, '') AS line_id, s.kind AS was, {kind} AS kind, CAST({day} AS DATE) AS credited_on, "
        f"s.dated_on, s.dated_on AS first_day, s.dated_on AS last_day FROM sales AS s LEFT JOIN "
        "(SELECT order_id, MIN(dated_on) AS ordered_on FROM sales WHERE kind = 'order' GROUP BY order_id) AS o ON o.order_id = s.order_id"
    )
    if once := _ONCE.get(metric.id):
        turn = f"ROW_NUMBER() OVER (PARTITION BY {once} ORDER BY credited_on, order_id, line_id) AS turn"
        return f"SELECT * FROM (SELECT *, {turn} FROM ({rows}) AS every WHERE was = 'order') AS turns WHERE turn = 1"
    return rows


def _named(ws: Workspace, rules: Incentives, metric: Metric) -> str:
    """Who has which part (of `WHOLE`) of which lines; lines without any have their salesperson."""
    crediting = rules.crediting
    if metric.relation in ("billings", "collections"):  # as the order was credited
        booked = f"SELECT order_id, payee, SUM(amount) AS amount FROM ({statement(ws, 'bookings')}) AS b WHERE credit = 'direct' GROUP BY order_id, payee"
        upto = "SUM(amount) OVER (PARTITION BY order_id ORDER BY payee ROWS UNBOUNDED PRECEDING)"
        return (
            "SELECT s.serial, w.payee AS rep_id, w.high - w.low AS share FROM sold AS s JOIN ("
            f"SELECT order_id, payee, {WHOLE} * upto // whole AS high, {WHOLE} * (upto - amount) // whole AS low FROM ("
            f"SELECT order_id, payee, amount, {upto} AS upto, SUM(amount) OVER (PARTITION BY order_id) AS whole FROM ({booked}) AS o "
            "WHERE amount > 0) AS run) AS w ON w.order_id = s.order_id"
        )
    owner, former = "s.rep_id", "CAST(NULL AS VARCHAR)"
    joined = "sold AS s"
    if crediting.by == "customer_owner" or crediting.hand_over.days:
        if absent := ws.facts.missing("owners"):
            raise DataError(
                f"Credit goes by the customer's owner or is shared when it changes, and the table {absent[0]} is empty.\n"
                "Load it (customer_id, rep_id, valid_from), or write incentives.crediting.by: order_rep and hand_over.days: 0."
            )
        joined = f"sold AS s LEFT JOIN ({_OWNED}) AS w ON w.customer_id = s.customer_id AND w.first_day <= s.credited_on AND s.credited_on <= w.stop AND s.credited_on < w.next_day"
        owner = "w.rep_id" if crediting.by == "customer_owner" else owner
        shared = f"s.credited_on - w.first_day < {crediting.hand_over.days}"
        former = f"CASE WHEN {shared} AND w.former <> {owner} THEN w.former END"
    kept = _millionths(crediting.hand_over.former_share)
    base = f"SELECT s.serial, {owner} AS rep_id, {former} AS former FROM {joined}"
    named = (
        f"SELECT serial, rep_id, CASE WHEN former IS NULL THEN {WHOLE} ELSE {WHOLE - kept} END AS share FROM ({base}) AS b "
        f"UNION ALL SELECT serial, former, {kept} FROM ({base}) AS b WHERE former IS NOT NULL"
    )
    if crediting.by != "splits" or not ws.facts.has("credits"):
        return named
    split = _of_credits(f"NOT ({_is_overlay(rules)})")
    return f"SELECT * FROM ({split}) AS a UNION ALL SELECT * FROM ({named}) AS b WHERE serial NOT IN (SELECT serial FROM ({split}) AS c)"


#: Owners of customers with the day they begin, and whom they follow.
_OWNED = f"""
    SELECT customer_id, rep_id, valid_from AS first_day, COALESCE(valid_to, {_NEVER}) AS stop,
           COALESCE(LEAD(valid_from) OVER (PARTITION BY customer_id ORDER BY valid_from), {_NEVER}) AS next_day,
           LAG(rep_id) OVER (PARTITION BY customer_id ORDER BY valid_from) AS former FROM owners"""


def _of_credits(kept: str) -> str:
    """Shares of the table credits: those of the line itself, else of its order."""
    own = "SELECT 1 FROM credits AS n WHERE n.order_id = c.order_id AND n.line_id = s.line_id"
    return (
        f"SELECT s.serial, c.rep_id, CAST(ROUND(c.share * {WHOLE}) AS BIGINT) AS share FROM sold AS s JOIN credits AS c "
        f"ON c.order_id = s.order_id AND (c.line_id = s.line_id OR (c.line_id IS NULL AND NOT EXISTS ({own} AND {kept.replace('c.role', 'n.role')}))) "
        f"WHERE {kept}"
    )


def _is_overlay(rules: Incentives) -> str:
    roles = ", ".join(literal(overlay.role) for overlay in rules.crediting.overlays)
    return f"COALESCE(c.role, '') IN ({roles})" if roles else "FALSE"


_SHARES = """
    SELECT serial, rep_id, SUM(share) OVER upto - share AS low, SUM(share) OVER upto AS high
    FROM (SELECT serial, rep_id, CAST(SUM(share) AS BIGINT) AS share FROM named GROUP BY serial, rep_id) AS n
    WINDOW upto AS (PARTITION BY serial ORDER BY rep_id ROWS UNBOUNDED PRECEDING)"""


def _direct(rules: Incentives) -> str:
    """Each line's direct credit; the house has what belongs to nobody who is employed on that day."""
    house = literal(rules.crediting.house_account)
    is_gone = "r.left_on < s.credited_on OR r.hired_on > s.credited_on"
    return (
        f"SELECT s.*, CASE WHEN h.rep_id IS NULL OR {is_gone} THEN {house} ELSE h.rep_id END AS payee, "
        f"COALESCE(h.low, 0) AS low, COALESCE(h.high, {WHOLE}) AS high FROM sold AS s "
        "LEFT JOIN shares AS h ON h.serial = s.serial LEFT JOIN reps AS r ON r.rep_id = h.rep_id"
    )


def _portion(upto: str) -> str:
    """The part of `amount` up to a share, rounded half away from zero; a return mirrors its order."""
    size = "ABS(amount)"
    return f"SIGN(amount) * (({size} // {WHOLE}) * {upto} + (({size} % {WHOLE}) * {upto} + {WHOLE // 2}) // {WHOLE})"


def _part_of(steps: str, credit: str) -> str:
    amount = f"CAST(SUM({_portion('high')} - {_portion('low')}) AS BIGINT)"
    keys = "order_id, line_id, kind, credited_on, customer_id"
    return f"SELECT payee, {literal(credit)} AS credit, {keys}, {amount} AS amount FROM {steps} GROUP BY payee, {keys}, serial"


def _overlays(ws: Workspace, rules: Incentives, metric: Metric) -> list[str]:
    """Credit of overlay roles, from the table credits."""
    overlays = rules.crediting.overlays
    if not overlays or metric.relation != "sales" or not ws.facts.has("credits"):
        return []
    found = []
    for overlay in overlays:
        shares = _of_credits(f"COALESCE(c.role, '') = {literal(overlay.role)}")
        high = f"(o.share * {_millionths(overlay.share)} + {WHOLE // 2}) // {WHOLE}"
        rows = f"SELECT s.*, o.rep_id AS payee, 0 AS low, {high} AS high FROM sold AS s JOIN ({shares}) AS o ON o.serial = s.serial"
        found.append(_part_of(f"({rows}) AS overlay", "overlay"))
    return found


def _above(level: int) -> str:
    """Managers at a level above who is credited directly; at level 0 those who lead, with what they sell themselves."""
    if level == 0:
        leads = f"SELECT 1 FROM places AS p WHERE p.manager_id = d.payee AND {_STOOD}"
        return f"SELECT d.*, d.payee AS manager FROM direct AS d WHERE EXISTS ({leads})"
    below = "direct AS d" if level == 1 else f"above_{level - 1} AS d"
    who = "d.payee" if level == 1 else "d.manager"
    shown = "d.serial, d.order_id, d.line_id, d.kind, d.credited_on, d.customer_id, d.rep_id, d.amount, d.payee, d.low, d.high"
    return f"SELECT {shown}, p.manager_id AS manager FROM {below} JOIN places AS p ON p.rep_id = {who} AND {_STOOD} WHERE p.manager_id IS NOT NULL"


def _rolled(levels: int) -> list[str]:
    """What managers are credited with; each line of a person once, however the lines of command run."""
    if not levels:
        return []
    shown = "serial, order_id, line_id, kind, credited_on, customer_id, amount, payee AS person, low, high, manager AS payee"
    every = " UNION ".join(f"SELECT {shown} FROM above_{n}" for n in range(levels + 1))
    return [_part_of(f"({every}) AS rolled", "roll_up")]


def _millionths(share: Decimal) -> int:
    return int(share * WHOLE)


def _demand_whole_shares(ws: Workspace) -> None:
    """Refuse direct shares of an order or line that do not make 1."""
    rules = ws.policy.incentives
    if not ws.facts.has("credits"):
        return
    whole = f"CAST(SUM(CAST(ROUND(c.share * {WHOLE}) AS BIGINT)) AS BIGINT)"
    found = ws.facts.query(
        f"SELECT c.order_id, c.line_id, {whole} AS share, MIN(c.share) AS least FROM credits AS c WHERE NOT ({_is_overlay(rules)}) "
        f"GROUP BY c.order_id, c.line_id HAVING {whole} <> {WHOLE} OR MIN(c.share) < 0 ORDER BY c.order_id, c.line_id"
    )
    if len(found):
        named = ", ".join(f"{row.order_id} ({row.share / WHOLE:.4g})" for row in found.head(5).itertuples())
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        raise DataError(
            f"credits: direct shares of {len(found)} orders or lines do not make 1: {named}{more}.\n"
            "Correct them in the file of the table credits, and load it again."
        )
