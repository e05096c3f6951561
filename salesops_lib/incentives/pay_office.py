"""All statements of a period as the pay office reads them: exceptions first, then everybody in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.incentives.crediting import credited_lines, parts_of
from salesops_lib.incentives.facts import cases
from salesops_lib.incentives.releases import PLACES
from salesops_lib.incentives.statements import Statements
from salesops_lib.metrics import REGISTRY, Exhibit, Finding

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

_MONEY = [
    "opening", "earned", "forfeited", "clawed_back", "lapsed", "closing", "carried", "draw", "recovered", "guarantee",
    "adjusted", "paid",
]  # fmt: skip


def payees(ws: Workspace, made: Statements) -> Exhibit:
    """Everybody with a statement, the highest pay first, and the totals."""
    frame = (
        made.people.set_index("payee")[["name", "role"]].join(_sums(made)).fillna(dict.fromkeys(_MONEY, 0))
    )
    frame = frame.reset_index(names="payee_id").sort_values(["paid", "payee_id"], ascending=[False, True])
    frame = frame.astype(dict.fromkeys(_MONEY, "int64"))
    settled = (
        frame.opening + frame.earned - frame.forfeited - frame.clawed_back - frame.lapsed - frame.closing
    )
    settled += frame.carried + frame.draw + frame.recovered + frame.guarantee + frame.adjusted
    assert (settled == frame.paid).all(), "opening + earned is paid, open or gone, payee by payee"
    told = {"n": len(frame), "period": ws.period.label, **{name: int(frame[name].sum()) for name in _MONEY}}
    total = {"payee_id": "total", **{name: told[name] for name in _MONEY}, "is_total": True}
    shown = frame.rename(columns={"role": "paid_role"}).assign(
        paid_role=[Finding("value.label", {"value": role}) if role else None for role in frame.role],
        is_total=False,
    )
    rows = pd.concat([shown, pd.DataFrame([total])], ignore_index=True)
    empty = [name for name in _MONEY if not frame[name].any() and name not in ("earned", "paid")]
    return Exhibit(
        "statement_payees", "table", rows.drop(columns=empty), units=dict.fromkeys(_MONEY, "exact"),
        findings=(Finding("statement.payees", told), Finding("statement.payees_exact", told)),
        sources=("order_lines", "reps", "org", "targets"), window=ws.window,
    )  # fmt: skip


def _sums(made: Statements) -> pd.DataFrame:
    """Sums of the period by payee; open balances at its two ends."""
    own = made.months[made.months.is_own].sort_values(["payee", "month"])
    own = own.assign(carried=own.asked_back - own.taken_back, recovered=-own.recovered)
    grouped = own.groupby("payee")
    summed = ["earned", *PLACES, "carried", "draw", "recovered", "guarantee", "paid"]
    rows = grouped[summed].sum().assign(opening=grouped.opening.first(), closing=grouped.closing.last())
    adjusted = made.adjusted.groupby("payee").amount.sum().astype("int64")
    rows = rows.reindex(rows.index.union(adjusted.index), fill_value=0)
    rows["adjusted"] = adjusted.reindex(rows.index, fill_value=0)
    return rows.assign(paid=rows.paid + rows.adjusted)[_MONEY]


def exceptions(made: Statements) -> Exhibit:
    """What somebody should look at before money is sent, the largest amounts first."""
    own = made.months[made.months.is_own].groupby("payee")
    last, sums = (
        own.last(),
        own[["earned", "paid", "draw", "guarantee", "forfeited", "withheld", "lapsed"]].sum(),
    )
    rows: list[tuple[str, str, int]] = []
    for payee in sums.index:
        figures = {
            "carried_back": last.carried_back[payee], "draw_open": last.draw_open[payee],
            **{name: sums[name][payee] for name in ("guarantee", "forfeited", "withheld", "lapsed")},
            "earned_below_zero": min(sums.earned[payee], 0),
        }  # fmt: skip
        rows += [(payee, what, int(amount)) for what, amount in figures.items() if amount]
    serving = set(made.standing.payee)
    rows += [(payee, "nothing_paid", 0) for payee in sums.index if payee in serving and not sums.paid[payee]]
    held = made.open.assign(held=made.open.held.astype("int64")).groupby("payee").held.sum()
    rows += [(payee, "held", int(amount)) for payee, amount in held.items() if amount]
    adjusted = made.adjusted.groupby("payee").amount.sum()
    rows += [(payee, "adjusted", int(amount)) for payee, amount in adjusted.items() if amount]
    frame = pd.DataFrame(rows, columns=["payee_id", "exception", "amount"])
    frame = frame.assign(size=frame.amount.abs()).sort_values(["size", "payee_id"], ascending=[False, True])
    name = made.people.set_index("payee").name
    told = {"n": len(frame), "people": int(frame.payee_id.nunique())}
    shown = frame.assign(
        name=frame.payee_id.map(name).fillna(frame.payee_id),
        exception=[Finding(f"statement.exception.{what}", {}) for what in frame.exception],
    )[["payee_id", "name", "exception", "amount"]]
    which = "statement.exceptions" if told["n"] else "statement.no_exceptions"
    return Exhibit(
        "statement_exceptions", "table", shown.reset_index(drop=True), units={"amount": "exact"},
        findings=(Finding(which, told, tone="bad" if told["n"] else "good"),),
    )  # fmt: skip


def nobody(ws: Workspace) -> Exhibit:
    """Direct credit of the period that pays nobody: the house account's, and of people whom no plan pays."""
    year = ws.calendar.period_of(ws.period.end, "year")
    every = cases(ws, year)
    paid = {payee for case in every for payee in case.history.payees}
    house = ws.policy.incentives.crediting.house_account
    measures = dict.fromkeys(
        measure
        for case in every
        for measure, credit in case.history.actual
        if credit == "direct" and ":" not in measure
    )
    rows = []
    for measure in measures:
        lines = credited_lines(ws, measure, ws.period.start, ws.period.end)
        lines = lines[(lines.credit == "direct") & ~lines.payee.isin(paid)]
        is_money, part = REGISTRY[measure].unit == "money", parts_of(ws, measure)
        for who, own in (("house", lines[lines.payee == house]), ("no_plan", lines[lines.payee != house])):
            if len(own):
                amount = int(own.amount.sum())
                rows.append({
                    "whose": Finding(f"statement.nobody.{who}", {"n": int(own.payee.nunique())}),
                    "measure": Finding("value.metric", {"value": measure}), "n_lines": len(own),
                    "credited": amount if is_money else None, "n_units": None if is_money else amount / part,
                })  # fmt: skip
    frame = pd.DataFrame(rows, columns=["whose", "measure", "n_lines", "credited", "n_units"])
    which = "statement.nobody_some" if len(frame) else "statement.nobody_none"
    return Exhibit(
        "statement_nobody", "table", frame, findings=(Finding(which, {}),), sources=("order_lines", "reps"),
        units={"n_lines": "count", "credited": "exact", "n_units": "quantity"}, window=ws.window,
    )  # fmt: skip
