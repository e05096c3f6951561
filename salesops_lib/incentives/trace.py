"""Where pay comes from: what each credited line adds to the pay to date of a component.

In the state at the end of an interval (tiers open, tier reached, quota, target, links) pay to date
is a function of the measure to date.  Lines are put in one total order, and each is paid the
difference of that function, rounded, after and before it.  So they add up to the payout to the
minor unit, in whatever order rows come and however they are batched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from salesops_lib.errors import DataError
from salesops_lib.incentives.exact import Ints, held, ints, largest, product, quotient, reduced, total
from salesops_lib.incentives.history import MONTHS, History
from salesops_lib.incentives.paths import Path, tier_column
from salesops_lib.incentives.pay import Reading
from salesops_lib.incentives.scales import Scale

if TYPE_CHECKING:
    import duckdb

    from salesops_lib.policy.incentives import Component, PayRules, Plan

#: Lines of a batch: its arrays stay in a processor's cache, and memory is bounded.
BATCH = 2**16
#: The total order of a payee's lines; the amount settles what a feed writes twice under one number.
ORDER = ("payee", "month", "credited_on", "order_id", "line_id", "amount")
#: Modes in which each slice of the measure is paid by its own tier.
SLICED = ("marginal", "interpolated", "per_transaction")


class Batch(NamedTuple):
    """Some lines with what they earn, and the slices of those that cross an edge.

    Both are record batches.  `lines`: payee, month (from 0), credited_on, order_id, line_id, amount, before
    (the measure to date without the line), tier_first and tier_last (from 1), pay.  `slices`: line
    (its row in `lines`), tier, amount, pay; those of a line add up to it.
    """

    lines: pa.RecordBatch
    slices: pa.RecordBatch


@dataclass(frozen=True)
class Trace:
    """The lines of one component and what each earns.

    Attributes
    ----------
    apart
        Pay to date that no line earns, payees × months, at each interval's last month: flat amounts, scores,
        and what is paid where nothing was sold.
    """

    function: _Function
    lines: duckdb.DuckDBPyRelation
    apart: NDArray[np.int64]

    def __iter__(self) -> Iterator[Batch]:
        """Batches in the total order of lines."""
        if self.function.component.kind in ("flat", "scored"):
            return
        ordered = self.lines.filter(f"month < {self.function.n_months}").order(", ".join(ORDER))
        before = _Carried()
        for batch in ordered.to_arrow_reader(BATCH):
            traced, before = self.function.traced(batch, before)
            yield traced


def trace(
    plan: Plan,
    rules: PayRules,
    history: History,
    component: str,
    lines: duckdb.DuckDBPyRelation,
    *,
    n_months: int | None = None,
    zero_quota: str = "undefined",
) -> Trace:
    """What each line adds to the pay of one component.

    Parameters
    ----------
    lines
        Credited lines of the component's measure: payee, month (position in the history), credited_on, order_id,
        line_id, amount (as the history counts it).
    n_months
        Months of the year to trace, from its first; all of the history where left out.  Each line is paid in
        the state at the last of them that lies in its interval.

    Raises
    ------
    DataError
        If the lines do not add up to the history, month by month.

    Notes
    -----
    Tiers paid by slice (marginal, interpolated, each transaction) say the first and the last tier that a line
    touched; retroactive and overage-retroactive say the tier reached, at which all of it is paid.
    Curves and matrices have no rate of a single line: it is paid the average one, pay to date
    over the measure to date, and so is whatever has no quota.  Such lines have no tier.
    """
    function = _Function(plan, rules, history, component, n_months, zero_quota)
    _demand_agreement(function, lines)
    return Trace(function, lines, function.apart())


class _Carried(NamedTuple):
    """Where the lines of a payee and interval stand when a batch ends."""

    cell: int = -1
    measure: int = 0
    weight: int = 0
    pay: int = 0


class _Function:
    """Pay to date of a component by its measure, in the state at the end of each interval."""

    def __init__(
        self,
        plan: Plan,
        rules: PayRules,
        history: History,
        component: str,
        n_months: int | None,
        zero_quota: str,
    ) -> None:
        self.rules, self.history, self.name = rules, history, f"{plan.id}.{component}"
        self.component: Component = next(one for one in plan.components if one.id == component)
        self.reading = reading = Reading(plan, rules, history, zero_quota)
        self.n_months = len(history.months) if n_months is None else n_months
        length = MONTHS[reading.interval(self.component)]
        month = np.arange(self.n_months)
        self.state = np.minimum(month - month % length + length, self.n_months) - 1
        share = reading.share(self.component)
        self.paid = np.broadcast_to(share.rounded(rules, self.component, history.minor), history.shape)
        self.done = reading.to_date(self.component.measure, self.component)
        self.scale: Scale | None = None
        if self.component.kind == "tiered":
            self.scale = reading.scale(self.component)
        self.averaged = np.broadcast_to(self._averaged(), history.shape).ravel()
        self.sign = np.where(self.done < 0, -1, 1).ravel()
        self.multiplier, self.divisor = self._rate(share.multiplier, share.divisor)
        self.place = {payee: at for at, payee in enumerate(history.payees)}

    def _averaged(self) -> Any:
        """Where lines are paid at the average rate."""
        if self.component.kind == "tiered" and self.component.basis == "attainment":
            return ~self.reading.has_quota(self.component.measure, self.component)
        return np.array(self.component.kind not in ("tiered", "unit_rate"))

    def _rate(self, multiplier: Ints, divisor: Ints) -> tuple[Ints, Ints]:
        shape, sold = self.history.shape, self.done.ravel() != 0
        own = [np.broadcast_to(part, shape).ravel() for part in (multiplier, divisor)]
        average = np.where(sold, self.paid.ravel(), 0), np.where(sold, abs(self.done).ravel(), 1)
        chosen = [np.where(self.averaged, one, other) for one, other in zip(average, own, strict=True)]
        return reduced(ints(chosen[0]), ints(chosen[1]))

    def apart(self) -> NDArray[np.int64]:
        """Pay to date that no line earns."""
        found = np.zeros(self.history.shape, dtype=np.int64)
        nothing = (self.done == 0) & self.averaged.reshape(self.history.shape)
        if self.component.kind in ("flat", "scored"):
            nothing = np.ones(self.history.shape, dtype=bool)
        last = np.unique(self.state)
        found[:, last] = np.where(nothing, self.paid, 0)[:, last]
        return found

    def traced(self, batch: pa.RecordBatch, before: _Carried) -> tuple[Batch, _Carried]:
        """What the lines of a batch earn, and where they leave their last payee."""
        month = _whole(batch.column("month"))
        amount = _whole(batch.column("amount"))
        payees = batch.column("payee").dictionary_encode()
        place = np.array([self.place[name] for name in payees.dictionary.to_pylist()], dtype=np.int64)
        payee = place[_whole(payees.indices)]
        cell = payee * len(self.history.months) + self.state[month]
        is_first = np.append(cell[0] != before.cell, cell[1:] != cell[:-1])
        after = _running(amount, is_first, before.measure)
        start = total(after, -amount)
        path = self._path(start, after, amount, cell, month, is_first, before.weight)
        paid = self._paid(path.weight, cell)
        pay = paid - np.where(is_first, 0, np.append(before.pay, paid[:-1]))
        tiers = path.tiers() or (None, None)
        lines = {name: batch.column(name) for name in ORDER} | {"before": pa.array(start)}
        for name, column in zip(("tier_first", "tier_last"), tiers, strict=True):
            lines[name] = tier_column(column, len(cell))
        lines["pay"] = pa.array(pay)
        carried = _Carried(int(cell[-1]), int(after[-1]), int(path.weight[-1]), int(paid[-1]))
        return Batch(pa.RecordBatch.from_pydict(lines), self._slices(path, *tiers)), carried

    def _path(
        self,
        start: Ints,
        after: Ints,
        amount: Ints,
        cell: NDArray[np.int64],
        month: NDArray[np.int64],
        is_first: NDArray[np.bool_],
        carried: int,
    ) -> Path:
        """How the lines move along the tiers, and the weight to date after each."""
        averaged = self.averaged[cell] if self.averaged.any() else np.array(False)
        average = after * self.sign[cell] if averaged.any() else after
        if self.scale is None:
            return Path(start, after, cell, average)
        scale = self.scale.at(self._where(cell))
        if scale.mode != "per_transaction":
            weight = np.where(averaged, average, scale.weigh(after))
            return Path(start, after, cell, weight, scale, averaged=averaged)
        own_month = cell - self.state[month] + month
        scale = replace(scale, yard=self.scale.at(self._where(own_month)).yard)
        each = scale.weigh(amount)
        weight = _running(each, is_first, carried)
        base = total(weight, product(each, -1))
        return Path(
            np.zeros_like(amount), amount, cell, np.where(averaged, average, weight), scale, base, averaged
        )

    def _paid(self, weight: Ints, cell: Any) -> NDArray[np.int64]:
        return self._capped(quotient(weight, self.multiplier[cell], self.divisor[cell], self.rules.rounding))

    def _capped(self, paid: NDArray[np.int64]) -> NDArray[np.int64]:
        most = self.component.at_most
        return paid if most is None else np.minimum(paid, int(most * self.history.minor))

    def _slices(self, path: Path, first: Any, last: Any) -> pa.RecordBatch:
        """One row a tier of each line that crosses an edge."""
        found: dict[str, list[Ints]] = {"line": [], "tier": [], "amount": [], "pay": []}
        crosses = np.flatnonzero(first != last) if path.scale is not None else np.zeros(0, dtype=np.int64)
        if path.scale is not None and len(crosses):
            part = path.take(crosses)
            assert part.scale is not None
            fine, parts = part.scale.scaled(), part.scale.ladder.scale
            sign = np.where(part.end < part.origin, -1, 1)
            for tier in range(len(part.scale.ladder.edges)):
                ends = part.within(tier)
                here = np.flatnonzero(ends[1] > ends[0])
                low, high = (self._paid(total(part.base, fine.weigh(end)), part.cell) for end in ends)
                lower, upper = (quotient(end, 1, parts, self.rules.rounding) for end in ends)
                found["line"].append(crosses[here])
                found["tier"].append(np.full(len(here), tier + 1))
                found["amount"].append((sign * (upper - lower))[here])
                found["pay"].append((sign * (high - low))[here])
        columns = {name: np.concatenate([np.zeros(0, np.int64), *rows]) for name, rows in found.items()}
        order = np.lexsort((columns["tier"], columns["line"]))
        return pa.RecordBatch.from_pydict({name: column[order] for name, column in columns.items()})

    def _where(self, cell: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        at = np.divmod(cell, len(self.history.months))
        return at[0], at[1]


def _whole(column: pa.Array) -> NDArray[np.int64]:
    return column.to_numpy(zero_copy_only=False).astype(np.int64, copy=False)


def _running(values: Ints, is_first: NDArray[np.bool_], carried: int) -> Ints:
    """Running totals that begin anew at each first line; the first group goes on from what was carried."""
    values = held(values, largest(values) * len(values) + abs(carried))
    running = np.cumsum(values)
    starts = np.flatnonzero(is_first)
    base = np.zeros(len(values), dtype=running.dtype)
    if len(starts):
        base[starts] = np.diff(running[starts] - values[starts], prepend=0)
        base = np.cumsum(base)
        base[: starts[0]] = -carried
    else:
        base[:] = -carried
    return running - base


def _demand_agreement(function: _Function, lines: duckdb.DuckDBPyRelation) -> None:
    """Refuse lines that are not what the history was made of."""
    history, component = function.history, function.component
    if component.kind in ("flat", "scored"):
        return
    expected = history.of(function.reading.key(component.measure, component))
    found = np.zeros(history.shape, dtype=object)
    sums = lines.filter(f"month IS NULL OR month < {function.n_months}").aggregate(
        "payee, month, sum(amount) AS amount, count(*) - count(amount) AS missing"
    )
    for payee, month, amount, missing in sums.fetchall():
        if payee not in function.place or month is None or not 0 <= month < len(history.months) or missing:
            raise DataError(
                f"{function.name}: credited lines of {payee!r} in month {month} have no place in the history "
                f"({missing} without an amount).\nCredit them to a payee and a month of it."
            )
        found[function.place[payee], month] = int(amount)
    differs = np.argwhere((found != expected)[:, : function.n_months])
    if len(differs):
        at, month = map(int, differs[0])
        raise DataError(
            f"{function.name}: lines and history differ in {len(differs)} of the payees' months; the first is "
            f"{history.payees[at]}, {history.months[month]}: {found[at, month]} against {expected[at, month]}.\n"
            "Make the history from the same lines."
        )
