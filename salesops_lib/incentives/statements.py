"""Statements of a period: what each payee earned line by line, what of it is paid, and where they stand.

All statements are made at once from the facts of the whole company.  A person's own store holds that
person's rows of them alone, so that a page of one person never needs, nor can read, what is of others.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.incentives import posting
from salesops_lib.incentives.facts import Case, cases
from salesops_lib.incentives.further import further
from salesops_lib.incentives.payments import Payments, paid
from salesops_lib.incentives.posted import posted
from salesops_lib.incentives.prospects import STANDING, standing
from salesops_lib.incentives.releases import PLACES
from salesops_lib.incentives.slices import SLICES, UNIT, of_the_month, slices
from salesops_lib.tables.engine import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from salesops_lib.periods import Period
    from salesops_lib.tables.engine import DuckDBEngine
    from salesops_lib.workspace import Workspace

_LINES = [*UNIT, "customer", "credited_on", "is_new", "earned", *PLACES, "reason"]
_OPEN = [*UNIT, "customer", "credited_on", "waiting", "held", "withheld", "reason"]
_ADJUSTED = [*UNIT, "month", "amount"]


@dataclass(frozen=True)
class Statements:
    """What the statements of one period say; amounts in minor units, and each row has its payee.

    Attributes
    ----------
    people
        payee, name, role, plan: who has a statement; the role and plan of the last day served.
    months
        Months of the fiscal year up to the period: columns of `Payments.months`, and is_own (is it of the period?).
    slices
        What lines credited in the period earn, by tier: see `slices`, with the customer's name.
    lines
        Lines of pay that moved in the period: UNIT, customer, credited_on (first day of credit), is_new (first
        credited in the period), earned, where it is (`Payments.lines`), reason.
    standing
        See `prospects.standing`.
    open
        What is earned and not paid at the end of the period: UNIT, customer, credited_on, waiting, held, withheld, reason.
    clawbacks
        What is taken back in the period: UNIT, customer, event, asked, clawed_back.
    adjusted
        What late data change of statements that are posted: UNIT, month, amount.

    The slices of a payee, what changed on other lines and what no line earns add up to what the payee earned.
    """

    people: pd.DataFrame
    months: pd.DataFrame
    slices: pd.DataFrame
    lines: pd.DataFrame
    standing: pd.DataFrame
    open: pd.DataFrame
    clawbacks: pd.DataFrame
    adjusted: pd.DataFrame

    def of(self, payee: str) -> Statements:
        """The rows of one payee."""
        own = {name: frame[frame.payee == payee].reset_index(drop=True) for name, frame in self.frames()}
        return Statements(**own)

    def frames(self) -> Iterable[tuple[str, pd.DataFrame]]:
        """Name and rows of each."""
        return [(field.name, getattr(self, field.name)) for field in fields(self)]


def statements(ws: Workspace, period: Period | None = None) -> Statements:
    """The statements of all payees, from the facts of the company and what was posted in its workspace.

    Parameters
    ----------
    period
        The workspace's where left out; a month, a quarter or more of one fiscal year.
    """
    period = period or ws.period
    year = ws.calendar.period_of(period.end, "year")
    found = paid(ws, period, further=further(ws, period))
    every = cases(ws, year)
    own = {month.label for month in ws.calendar.months(period)}
    rolled = {(case.plan.id, c.id) for case in every for c in case.plan.components if c.credit == "roll_up"}
    customers = _Customers(ws)
    sliced = [slices(case, *_positions(case, period)) for case in every]
    stood = [_standing(ws, case, period) for case in every]
    lines = _bare(found.lines, rolled)
    made = Statements(
        people=_people(ws, every, found, own, period),
        months=_months(found, {month.label for month in ws.calendar.months(year)}, own),
        slices=customers.named(_joined(sliced, SLICES)),
        lines=customers.named(_moved(lines[lines.month.isin(own)], lines)),
        standing=_joined(stood, STANDING),
        open=customers.named(_open(lines)),
        clawbacks=customers.named(_clawbacks(found, own, rolled)),
        adjusted=_adjusted(found, posted(ws.root), own),
    )
    _demand_exact(made)
    return made


def write(made: Statements, engine: DuckDBEngine, payee: str, period: str) -> None:
    """Put the rows of one payee into that person's own store."""
    for name, frame in made.of(payee).frames():
        engine.register("own_rows", frame)
        engine.execute(f"CREATE OR REPLACE TABLE {_table(name, period)} AS SELECT * FROM own_rows")
        engine.connection.unregister("own_rows")


def read(ws: Workspace) -> Statements | None:
    """The statement that a person's own store holds for the period; None where it holds none."""
    if not ws.facts.columns(f"statement_people {ws.period.label}"):
        return None
    names = [field.name for field in fields(Statements)]
    found = {name: ws.facts.query(f"SELECT * FROM {_table(name, ws.period.label)}") for name in names}
    return Statements(**found) if len(found["people"]) else None


def _table(name: str, period: str) -> str:
    return quoted(f"statement_{name} {period}")


# ---- the parts ----


def _positions(case: Case, period: Period) -> tuple[int, int]:
    """Position of the period's first month in the plan's year, and how many months of the year count."""
    first = sum(month.end < period.start for month in case.months)
    return first, sum(month.start <= period.end for month in case.months)


def _standing(ws: Workspace, case: Case, period: Period) -> pd.DataFrame:
    """Standing of those who serve in the period."""
    rules, zero_quota = ws.policy.incentives.rules, ws.policy.semantics.zero_quota
    rows = standing(case.plan, rules, case.history, _positions(case, period)[1] - 1, zero_quota=zero_quota)
    return rows[rows.payee.isin(_serving(case, period).rep_id)]


def _serving(case: Case, period: Period) -> pd.DataFrame:
    return case.spans[
        (case.spans.start <= pd.Timestamp(period.end)) & (case.spans.stop >= pd.Timestamp(period.start))
    ]


def _people(ws: Workspace, every: list[Case], found: Payments, own: set[str], period: Period) -> pd.DataFrame:
    """Payees who serve in the period or of whom a month of it says something."""
    rows = [
        (span.rep_id, case.plan.id, case.plan.roles[0] if len(case.plan.roles) == 1 else "", span.stop)
        for case in every
        for span in case.spans[case.spans.start <= pd.Timestamp(period.end)].itertuples()
    ]
    last = pd.DataFrame(rows, columns=["payee", "plan", "role", "stop"]).sort_values("stop")
    last = last.drop_duplicates("payee", keep="last").set_index("payee")
    serving = {payee for case in every for payee in _serving(case, period).rep_id}
    moved = found.months[found.months.month.isin(own)]
    says = moved[moved[["opening", "earned", "paid", "closing", "draw_open", "carried_back"]].any(axis=1)]
    named = ws.facts.query("SELECT rep_id, name, role FROM reps").set_index("rep_id")
    payees = sorted(serving | set(says.payee))
    frame = pd.DataFrame({"payee": payees})
    frame["name"] = frame.payee.map(named.name).fillna(frame.payee)
    role = frame.payee.map(last.role).replace("", np.nan)
    frame["role"] = role.fillna(frame.payee.map(named.role)).fillna("")
    return frame.assign(plan=frame.payee.map(last.plan).fillna(""))


def _months(found: Payments, year: set[str], own: set[str]) -> pd.DataFrame:
    rows = found.months[found.months.month.isin(year)]
    return rows.assign(is_own=rows.month.isin(own)).sort_values(["payee", "month"]).reset_index(drop=True)


def _bare(lines: pd.DataFrame, rolled: set[tuple[str, str]]) -> pd.DataFrame:
    """Lines of pay; those of people whom somebody leads are rows of their months."""
    lines = lines.assign(credited_on=pd.to_datetime(lines.credited_on))
    is_rolled = pd.Series(list(zip(lines.plan, lines.component, strict=True)), index=lines.index).isin(rolled)
    is_rolled &= lines.order_id != ""
    below = of_the_month(
        lines[is_rolled].assign(kind="", customer_id=""), ["month", "reason"], ["earned", *PLACES]
    )
    return pd.concat([lines[~is_rolled], below[lines.columns]], ignore_index=True)


def _moved(lines: pd.DataFrame, every: pd.DataFrame) -> pd.DataFrame:
    """What moved in the period, a row a line; `is_new` where the line has no earlier movement."""
    before = every[every.month < lines.month.min()] if len(lines) else every
    known = set(before[UNIT].itertuples(index=False, name=None))
    rows = _summed(lines, ["earned", *PLACES])
    new = [key not in known for key in rows[UNIT].itertuples(index=False, name=None)]
    return rows.assign(is_new=np.array(new, dtype=bool))


def _summed(lines: pd.DataFrame, amounts: list[str]) -> pd.DataFrame:
    """One row a line: amounts added up, the first day of credit, the last reason."""
    ordered = lines.sort_values([*UNIT, "month"], kind="stable")
    stays = (ordered[["held", "withheld"]] != 0).any(axis=1)  # what took back pay that was paid holds nothing
    ordered = ordered.assign(reason=ordered.reason.where(stays & (ordered.reason != "")))
    how = dict.fromkeys(amounts, "sum") | {"credited_on": "min", "reason": "last"}
    rows = ordered.groupby(UNIT, as_index=False, dropna=False).agg(how)
    return rows.assign(reason=rows.reason.fillna("")) if len(rows) else rows


def _open(lines: pd.DataFrame) -> pd.DataFrame:
    rows = _summed(lines, ["waiting", "held", "withheld"])
    return rows[(rows[["waiting", "held", "withheld"]] != 0).any(axis=1)].reset_index(drop=True)


def _clawbacks(found: Payments, own: set[str], rolled: set[tuple[str, str]]) -> pd.DataFrame:
    rows = found.clawbacks[found.clawbacks.month.isin(own)]
    key = [*UNIT, "event"]
    is_rolled = pd.Series(list(zip(rows.plan, rows.component, strict=True)), index=rows.index, dtype=object)
    bare = is_rolled.isin(rolled)
    rows = rows.assign(
        order_id=rows.order_id.mask(bare, ""), line_id=rows.line_id.mask(bare, "")
    )  # the orders are those of others
    return rows.groupby(key, as_index=False, dropna=False)[["asked", "clawed_back"]].sum()


def _adjusted(found: Payments, posted: pd.DataFrame, own: set[str]) -> pd.DataFrame:
    """Lines of the period's statement that belong to months before it; none where nothing is posted."""
    if posted.empty:
        return pd.DataFrame(columns=_ADJUSTED)
    label = max(own)
    before = posted[posted.statement < label]
    if before.empty:
        return pd.DataFrame(columns=_ADJUSTED)
    rows = posting.statement(found, label, before)
    return rows.loc[rows.month < min(own), _ADJUSTED].reset_index(drop=True)


class _Customers:
    """Names of customers by order and by their id."""

    def __init__(self, ws: Workspace) -> None:
        frame = ws.facts.query("SELECT customer_id, name FROM customers WHERE name IS NOT NULL")
        self._names = dict(zip(frame.customer_id, frame.name, strict=True))
        orders = ws.facts.query(
            "SELECT order_id, MIN(customer_id) AS customer_id FROM sales WHERE order_id IS NOT NULL AND customer_id IS NOT NULL "
            "GROUP BY order_id"
        )
        self._of_order = dict(zip(orders.order_id, orders.customer_id, strict=True))

    def named(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows with the customer's name, or id; empty where a row is of no order."""
        ids = [self._of_order.get(order, "") for order in rows.order_id]
        return rows.assign(customer=[self._names.get(customer, customer) for customer in ids])


def _joined(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    kept = [frame for frame in frames if len(frame)]
    return pd.concat(kept, ignore_index=True) if kept else pd.DataFrame(columns=columns)


def _demand_exact(made: Statements) -> None:
    """The sums that every statement states; a difference of one minor unit is our mistake."""
    own = made.months[made.months.is_own]
    assert (made.lines.earned == made.lines[PLACES].sum(axis=1)).all()
    for column in ("earned", *PLACES):
        by_line = made.lines.groupby("payee")[column].sum()
        stated = own.groupby("payee")[column].sum()
        assert (stated.sub(by_line, fill_value=0) == 0).all(), column
    rest = rerated(made)
    said = made.slices.groupby("payee").pay.sum().add(rest.groupby("payee").pay.sum(), fill_value=0)
    assert (own.groupby("payee").earned.sum().sub(said, fill_value=0) == 0).all()


def rerated(made: Statements) -> pd.DataFrame:
    """What the period changed of lines beside their slices: UNIT, customer, credited_on, pay.

    A tier that pays all of it, a factor or a condition changes what lines earned that were credited before; pay that
    no line earns has no order.
    """
    own = made.slices.groupby(UNIT, as_index=False, dropna=False).pay.sum()
    rows = made.lines.merge(own, on=UNIT, how="outer")
    rows["pay"] = rows.earned.fillna(0).astype("int64") - rows.pay.fillna(0).astype("int64")
    return rows.loc[rows.pay != 0, [*UNIT, "customer", "credited_on", "pay"]].reset_index(drop=True)
