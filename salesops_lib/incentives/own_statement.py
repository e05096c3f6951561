"""A statement as its payee reads it: what is paid and why, line by line, then where one stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_lib.incentives.crediting import parts_of
from salesops_lib.incentives.releases import PLACES
from salesops_lib.incentives.slices import UNIT
from salesops_lib.incentives.statement_cells import (
    is_money,
    named,
    why,
    with_total,
    without_zeros,
)
from salesops_lib.incentives.statements import Statements, rerated
from salesops_lib.metrics import Exhibit, Finding

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

_SOURCES = ("order_lines", "reps", "targets")
#: Lines on the page; the workbook holds all.
_SHOWN, _SHOWN_FEW = 8, 5
_OPEN = ["waiting", "held", "withheld"]
_DELAYED = ("waiting", "held")
_GONE = ["forfeited", "clawed_back", "lapsed"]


class OwnStatement:
    """The exhibits of one payee's statement.

    Parameters
    ----------
    made
        Statements of this payee alone.
    """

    def __init__(self, ws: Workspace, made: Statements) -> None:
        self.ws, self.made = ws, made
        self.own = made.months[made.months.is_own]
        self.payee = made.people.iloc[0]
        self.minor = 10**ws.policy.semantics.minor_digits
        self.rest = rerated(made)
        self.kinds = {(row.plan, row.component): (row.kind, row.credit) for row in made.standing.itertuples()}

    # ---- from earned to paid ----

    def steps(self) -> Exhibit:
        """Earned, what keeps it, what is released, advances, paid: each step with its reason."""
        rows = self._earned_steps()
        earned = sum(amount for _, amount, _ in rows)
        rows.append(("pay_sum_earned", earned, None))
        kept, earlier = self._kept()
        rows += kept
        rows.append(("pay_earlier", earlier, Finding("statement.why.earlier", {})))
        rows.append(("pay_sum_released", int(self.own.released.sum()), None))
        rows += (advances := self._advances())
        paid = self.paid
        rows.append(("pay_paid", paid, None))
        totals = {"pay_sum_earned", "pay_sum_released", "pay_paid"}
        adds = [amount for step, amount, _ in rows if step not in totals]
        assert sum(adds) == paid, "the steps of a statement add up to what it pays"
        frame = pd.DataFrame(rows, columns=["step", "amount", "why"])
        shown = (frame.amount != 0) | frame.step.isin(totals)
        frame = frame[shown].assign(is_total=frame.step == "pay_paid").reset_index(drop=True)
        told = {
            "name": self.payee["name"], "period": self.ws.period.label, "paid": paid, "earned": earned,
            "kept": sum(amount for _, amount, _ in kept), "earlier": earlier,
            "other": sum(amount for _, amount, _ in advances), "n": len(self.made.slices),
        }  # fmt: skip
        both = ("", "_earlier", "_kept", "_all")[2 * (told["earlier"] == 0) + (told["kept"] == 0)]
        which = "statement.paid_and_more" if told["other"] else f"statement.paid{both}"
        return Exhibit(
            "statement_steps", "table", frame, units={"amount": "exact"}, sources=_SOURCES, window=self.ws.window,
            findings=(Finding(which, told), Finding("statement.exact", told)),
            notes=(
                Finding("note.statement_plan", {"plan": self.payee.plan, "version": self.ws.policy.version}),
                self._contest(),
            ),
        )  # fmt: skip

    @property
    def paid(self) -> int:
        """What the statement pays."""
        return int(self.own.paid.sum()) + int(self.made.adjusted.amount.sum())

    def _earned_steps(self) -> list[tuple[str, int, Finding | None]]:
        slices = self.made.slices
        told = {"n": int(slices.n_lines.sum()), "orders": int(slices.order_id.nunique())}
        of_lines = self._of_lines(self.rest)
        lines, others = self.rest[of_lines], self.rest[~of_lines]
        return [
            ("pay_new_sales", int(slices.pay.sum()), Finding("statement.why.new_sales", told)),
            ("pay_rerated", int(lines.pay.sum()), Finding("statement.why.rerated", {})),
            ("pay_without_lines", int(others.pay.sum()), Finding("statement.why.without_lines", {})),
        ]

    def _of_lines(self, rows: pd.DataFrame) -> pd.Series:
        """Whether pay is earned by lines: those of orders, and of one's people."""
        rolled = [
            self._is_rolled(plan, component)
            for plan, component in zip(rows.plan, rows.component, strict=True)
        ]
        return (rows.order_id != "") | pd.Series(rolled, index=rows.index, dtype=bool)

    def _kept(self) -> tuple[list[tuple[str, int, Finding | None]], int]:
        """What keeps the period's pay from being released, and what earlier pay is due now, less what is held anew."""
        lines = self.made.lines
        new, old = lines[lines.is_new], lines[~lines.is_new]
        amounts = {place: -int(new[place].sum()) for place in _DELAYED}
        amounts |= {place: -int(lines[place].sum()) for place in PLACES[:-1] if place not in _DELAYED}
        kept: list[tuple[str, int, Finding | None]] = [
            (f"pay_{place}", amount, Finding(f"statement.why.{place}", {}))
            for place, amount in amounts.items()
        ]
        return kept, -int(old[list(_DELAYED)].sum().sum())

    def _advances(self) -> list[tuple[str, int, Finding | None]]:
        own = self.own
        last = own.iloc[-1] if len(own) else None
        told = {
            "carried": int(last.carried_back) if last is not None else 0,
            "open": int(last.draw_open) if last is not None else 0,
        }
        moved = {
            "carried": int((own.asked_back - own.taken_back).sum()), "draw": int(own.draw.sum()),
            "recovered": -int(own.recovered.sum()), "guarantee": int(own.guarantee.sum()),
            "adjusted": int(self.made.adjusted.amount.sum()),
        }  # fmt: skip
        return [
            (f"pay_{name}", amount, Finding(f"statement.why.{name}", told))
            for name, amount in moved.items()
            if amount
        ]

    # ---- line, credit, tier, amount ----

    def tiers(self) -> Exhibit:
        """What was credited and earned in each tier, and every slice of it as a part."""
        slices = self._with_units(self.made.slices)
        by = ["plan", "component", "tier"]
        grouped = slices.groupby(by, as_index=False)
        amounts = grouped[["n_lines", "credited", "n_units", "pay"]].sum(min_count=1)
        rest = self.rest.assign(of_lines=self._of_lines(self.rest))
        rows = [
            {"component": named(row), "tier": self._tier(row), "n_lines": row.n_lines, **self._amounts(row)}
            for row in amounts.itertuples()
        ]
        for (plan, component, is_of_lines), part in rest.groupby(["plan", "component", "of_lines"]):
            which = "statement.tier.earlier" if is_of_lines else "statement.tier.none"
            own = {"plan": plan, "component": component}
            rows.append(
                {"component": named(pd.Series(own)), "tier": Finding(which, {}), "pay": int(part.pay.sum())}
            )
        total = sum(int(row["pay"]) for row in rows)
        assert total == int(self.own.earned.sum()), "slices add up to what was earned"
        rows.append({"component": "total", "pay": total, "is_total": True})
        frame = pd.DataFrame(
            rows, columns=["component", "tier", "n_lines", "credited", "rate", "pay", "is_total"]
        )
        frame = frame.assign(is_total=frame.is_total.eq(True))
        told = {"n": len(slices), "earned": total, "period": self.ws.period.label}
        return Exhibit(
            "statement_tiers", "table", frame, units=_UNITS, findings=(Finding("statement.tiers", told),),
            parts=tuple(part for part in (self._slices(slices), self._earlier()) if len(part.frame)), sources=_SOURCES,
        )  # fmt: skip

    def _slices(self, slices: pd.DataFrame) -> Exhibit:
        size = slices.groupby(UNIT).pay.transform("sum").abs()
        ordered = slices.assign(size=size).sort_values(
            ["size", *UNIT, "tier"], ascending=[False, *[True] * len(UNIT), True], kind="stable"
        )
        rows = [
            {
                "order_line": self._order_line(row), "customer": row.customer or None,
                "credited_on": row.credited_on, "component": named(row), "tier": self._tier(row), **self._amounts(row),
            }
            for row in ordered.itertuples()
        ]  # fmt: skip
        frame = pd.DataFrame(rows, columns=["order_line", "customer", "credited_on", "component", "tier", "credited", "rate", "pay"])  # fmt: skip
        frame = with_total(frame, ["pay"])
        return Exhibit("statement_slices", "table", frame, units=_UNITS, shown=_SHOWN)

    def _earlier(self) -> Exhibit:
        """Lines credited before whose pay the period changed."""
        rest = self.rest.assign(size=self.rest.pay.abs()).sort_values(["size", *UNIT], ascending=False)
        rows = [
            {
                "order_line": self._order_line(row), "customer": row.customer or None,
                "credited_on": row.credited_on if row.order_id else None, "component": named(row), "pay": row.pay,
            }
            for row in rest.itertuples()
        ]  # fmt: skip
        columns = ["order_line", "customer", "credited_on", "component", "pay"]
        frame = with_total(pd.DataFrame(rows, columns=columns), ["pay"])
        return Exhibit("statement_earlier", "table", frame, units=_UNITS, shown=_SHOWN_FEW)

    def places(self) -> Exhibit:
        """Where the pay of each line that moved is: paid, not due yet, held, or gone."""
        lines = self.made.lines
        frame = pd.DataFrame({
            "order_line": [self._order_line(row) for row in lines.itertuples()],
            "customer": lines.customer.where(lines.customer != ""), "credited_on": lines.credited_on.where(lines.order_id != ""),
            "component": [named(row) for row in lines.itertuples()], "earned": lines.earned, "released": lines.released,
            "waiting": lines.waiting, "held": lines.held + lines.withheld, "lost": lines[_GONE].sum(axis=1),
            "reason": [why(one) for one in lines.reason],
        })  # fmt: skip
        size = (lines.released.abs() + lines.earned.abs()).to_numpy()
        frame = (
            frame.assign(size=size).sort_values("size", ascending=False, kind="stable").drop(columns="size")
        )
        amounts = ["earned", "released", "waiting", "held", "lost"]
        frame = with_total(frame.reset_index(drop=True), amounts)
        told = {"released": int(lines.released.sum()), "n": int((lines.released != 0).sum())}
        return Exhibit(
            "statement_places", "table", without_zeros(frame, amounts), units={**dict.fromkeys(amounts, "exact"), "order_line": "code"},
            shown=_SHOWN, findings=(Finding("statement.places", told),),
        )  # fmt: skip

    # ---- what is open, the year, corrections ----

    def open(self) -> Exhibit:
        """What is earned and not paid, the largest first."""
        rows = self.made.open
        amounts = rows[_OPEN].sum(axis=1)
        frame = pd.DataFrame({
            "order_line": [self._order_line(row) for row in rows.itertuples()],
            "customer": rows.customer.where(rows.customer != ""), "credited_on": rows.credited_on.where(rows.order_id != ""),
            "component": [named(row) for row in rows.itertuples()], **{name: rows[name] for name in _OPEN},
            "reason": [why(one) for one in rows.reason],
        })  # fmt: skip
        frame = frame.assign(size=amounts.abs()).sort_values("size", ascending=False, kind="stable")
        frame = with_total(frame.drop(columns="size").reset_index(drop=True), _OPEN)
        told = {"open": int(amounts.sum()), "n": len(rows), **{name: int(rows[name].sum()) for name in _OPEN}}
        some = [name for name in _OPEN if told[name]]
        which = (
            f"statement.open_{some[0]}"
            if len(some) == 1
            else "statement.open"
            if some
            else "statement.nothing_open"
        )
        assert told["open"] == (int(self.own.closing.iloc[-1]) if len(self.own) else 0), (
            "open lines are the closing balance"
        )
        return Exhibit(
            "statement_open", "table", without_zeros(frame, _OPEN), units={**dict.fromkeys(_OPEN, "exact"), "order_line": "code"},
            shown=_SHOWN_FEW, findings=(Finding(which, told),), notes=(Finding("note.statement_release", {}),),
        )  # fmt: skip

    def year(self) -> Exhibit:
        """Earned and paid month by month of the year to date, and what is open at its end."""
        months = self.made.months
        amounts = ["earned", *PLACES, "taken_back", "draw", "recovered", "guarantee", "paid"]
        shown = ["earned", "released", "taken_back", "draw", "recovered", "guarantee", "paid"]
        frame = months[["month", *shown, "closing"]]
        closing = int(months.closing.iloc[-1]) if len(months) else 0
        sums = {name: int(months[name].sum()) for name in amounts}
        total = {
            "month": "total",
            **{name: sums[name] for name in shown},
            "closing": closing,
            "is_total": True,
        }
        frame = pd.concat([frame.assign(is_total=False), pd.DataFrame([total])], ignore_index=True)
        told = {"year": self.ws.calendar.period_of(self.ws.period.end, "year").label, "paid": sums["paid"],
                "earned": sums["earned"], "closing": closing}  # fmt: skip
        return Exhibit(
            "statement_year", "table", without_zeros(frame, shown), units=dict.fromkeys([*shown, "closing"], "exact"),
            findings=(Finding("statement.year", told),), parts=(self._reconciled(sums, closing),),
        )  # fmt: skip

    def _reconciled(self, sums: dict[str, int], closing: int) -> Exhibit:
        """From earned to paid in the year to date; the rows add up to what was paid."""
        months = self.made.months
        opening = int(months.opening.iloc[0]) if len(months) else 0
        carried = int((months.asked_back - months.taken_back).sum())
        rows = [
            ("pay_opening", opening), ("pay_earned", sums["earned"]), ("pay_forfeited", -sums["forfeited"]),
            ("pay_clawed_back", -sums["clawed_back"]), ("pay_lapsed", -sums["lapsed"]), ("pay_closing", -closing),
            ("pay_carried", carried), ("pay_draw", sums["draw"]), ("pay_recovered", -sums["recovered"]),
            ("pay_guarantee", sums["guarantee"]),
        ]  # fmt: skip
        assert sum(amount for _, amount in rows) == sums["paid"], "earned and paid of the year agree"
        kept = [(step, amount, False) for step, amount in rows if amount or step == "pay_earned"]
        frame = pd.DataFrame(
            [*kept, ("pay_paid", sums["paid"], True)], columns=["step", "amount", "is_total"]
        )
        return Exhibit("statement_reconciled", "table", frame, units={"amount": "exact"})

    def corrections(self) -> tuple[Exhibit, ...]:
        """What is taken back, and what late data changed of posted statements; nothing where there is none."""
        found = []
        clawed, adjusted = self.made.clawbacks, self.made.adjusted
        if len(clawed):
            frame = pd.DataFrame({
                "order_line": [self._order_line(row) for row in clawed.itertuples()], "customer": clawed.customer.where(clawed.customer != ""),
                "component": [named(row) for row in clawed.itertuples()], "reason": [why(one) for one in clawed.event],
                "asked": clawed.asked, "clawed_back": clawed.clawed_back,
            }).sort_values("asked", ascending=False, kind="stable")  # fmt: skip
            amounts = ["asked", "clawed_back"]
            told = {"n": len(clawed), "amount": int(clawed.asked.sum())}
            found.append(Exhibit(
                "statement_clawbacks", "table", with_total(frame.reset_index(drop=True), amounts),
                units={**dict.fromkeys(amounts, "exact"), "order_line": "code"}, findings=(Finding("statement.clawbacks", told, tone="bad"),),
            ))  # fmt: skip
        if len(adjusted):
            frame = adjusted.assign(component=[named(row) for row in adjusted.itertuples()])
            frame = with_total(frame[["month", "component", "order_id", "line_id", "amount"]], ["amount"])
            told = {"n": len(adjusted), "amount": int(adjusted.amount.sum())}
            found.append(Exhibit(
                "statement_adjusted", "table", frame, units={"amount": "exact"}, findings=(Finding("statement.adjusted", told),),
            ))  # fmt: skip
        return tuple(found)

    def _contest(self) -> Finding:
        """How the statement is contested."""
        rules = self.ws.policy.incentives.disputes
        told = {"days": rules.open_days, "answer": rules.answer_days, "levels": tuple(rules.levels)}
        return Finding("statement.contest" if rules.levels else "statement.contest_anyone", told)

    # ---- columns ----

    def _with_units(self, slices: pd.DataFrame) -> pd.DataFrame:
        """Credit of money in minor units, of anything else in whole units."""
        measures = slices.measure.tolist()
        money = pd.Series([is_money(one) for one in measures], index=slices.index, dtype=bool)
        parts = pd.Series([parts_of(self.ws, one) for one in measures], index=slices.index, dtype="int64")
        credited = slices.credited.astype("int64")
        return slices.assign(n_units=(credited / parts).where(~money), credited=credited.where(money))

    def _amounts(self, row: Any) -> dict[str, Any]:
        if pd.isna(row.credited):  # counted, not money
            units = Finding("value.quantity", {"value": float(row.n_units)})
            return {"credited": units, "pay": int(row.pay)}
        credited = int(row.credited)
        return {"credited": credited, "rate": row.pay / credited if credited else None, "pay": int(row.pay)}

    def _order_line(self, row: Any) -> str | Finding | None:
        """An order and its line; the sales of one's people together; nothing where no line earns pay."""
        if row.order_id:
            return f"{row.order_id}-{row.line_id}" if row.line_id else str(row.order_id)
        return Finding("statement.people", {}) if self._is_rolled(row.plan, row.component) else None

    def _is_rolled(self, plan: str, component: str) -> bool:
        """Whether a component pays what one's people sell."""
        return self.kinds.get((plan, component), ("", ""))[1] == "roll_up"

    def _tier(self, row: Any) -> Finding:
        if row.tier:
            return Finding("statement.tier.number", {"n": int(row.tier)})
        is_by_unit = self.kinds.get((row.plan, row.component), ("", ""))[0] == "unit_rate"
        return Finding(f"statement.tier.{'unit' if is_by_unit else 'average'}", {})


_UNITS = {"order_line": "code", "credited": "exact", "rate": "rate", "pay": "exact", "n_lines": "count"}
