"""From earned to released: caps in the order of credit, then each line's parts, holds and losses.

What a line has released is a function of its pay to date and of what has happened to its order by
a day; a statement books the difference to the statement before.  So the parts of an amount add up
to it, and neither the order of rows nor the number of runs matters.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_lib.incentives.dues import day_numbers
from salesops_lib.incentives.exact import quotient, total, whole

if TYPE_CHECKING:
    from salesops_lib.incentives.dues import Dues
    from salesops_lib.incentives.losses import Losses
    from salesops_lib.policy.incentives import PayRules
    from salesops_lib.policy.payments import Cap, Payments, Release

#: Columns that tell a line of pay from all others.
UNIT = ["payee", "plan", "component", "order_id", "line_id"]
#: Where a line's earned pay is: these add up to it, in every row.
PLACES = ["forfeited", "withheld", "clawed_back", "lapsed", "waiting", "held", "released"]
#: The total order in which caps are used up.
ORDER = ["payee", "at", "credited_on", "plan", "component", "order_id", "line_id", "kind"]
#: Lines of a chunk: its tables of lines × statements bound the memory.
CHUNK = 2**15
_LATE = np.iinfo(np.int64).max // 4
#: More days than any date has since 1970.
_DAYS = 10**7

Money = NDArray[np.int64]


def capped(dues: Dues, caps: tuple[Cap, ...]) -> pd.DataFrame:
    """Earned movements in their total order, with what caps keep of each (`kept`), and what they do not."""
    rows = dues.earned.groupby(ORDER, as_index=False, dropna=False, sort=True).amount.sum()
    rows["kept"] = rows.amount
    for place in ("forfeited", "withheld"):
        rows[place] = 0
    rows["cap"] = ""
    year = np.array([statement.year for statement in dues.statements], dtype=object)[rows["at"]]
    for cap in sorted(caps, key=lambda cap: cap.scope):  # an order's own cap comes before the person's
        is_deal = cap.scope == "deal"
        inside = rows.order_id != "" if is_deal else np.full(len(rows), True)
        group = [rows.payee, rows.order_id if is_deal else year]
        running = rows.kept.where(inside, 0).groupby(group, sort=False).cumsum()
        most = _most(cap, dues, rows)
        upto = np.minimum(running, most)
        before = upto.groupby(group, sort=False).shift(fill_value=0)
        kept = (upto - before).where(inside, rows.kept)
        over = rows.kept - kept
        rows["kept"] = kept
        rows["forfeited" if cap.excess == "forfeited" else "withheld"] += over
        rows["cap"] = rows.cap.where(over == 0, cap.scope)
    return rows


def _most(cap: Cap, dues: Dues, rows: pd.DataFrame) -> Money:
    """The most that a cap leaves, for each movement."""
    if cap.amount is not None:
        return np.full(len(rows), int(cap.amount * dues.minor), dtype=np.int64)
    assert cap.times_target is not None
    (times,), parts = whole([cap.times_target])
    targets = dues.people.sort_values("number").groupby(["payee", "at"], as_index=False).target.last()
    asked = rows[["payee", "at"]].reset_index(names="row").sort_values("at", kind="stable")
    found = pd.merge_asof(asked, targets.sort_values("at", kind="stable"), on="at", by="payee")
    known = found.set_index("row").target.reindex(rows.index)
    # who has left is held to the last target there was; who never had one is not held to it
    most = known.fillna(0).to_numpy(dtype=np.int64) * times // parts
    result: Money = np.where(known.isna(), _LATE, most)
    return result


def places(dues: Dues, payments: Payments, rules: PayRules, losses: Losses) -> Iterator[pd.DataFrame]:
    """Movements of lines: UNIT, at, credited_on, earned, PLACES, asked_back, reason; in chunks of lines."""
    rows = capped(dues, payments.caps)
    unit = rows.groupby(UNIT, sort=True).ngroup().to_numpy()
    names = rows.drop_duplicates(UNIT).set_index(unit[~rows.duplicated(UNIT)]).sort_index()[UNIT]
    names["credited_on"] = rows.groupby(unit).credited_on.min()
    order = np.argsort(unit, kind="stable")
    edges = np.searchsorted(unit[order], np.arange(0, max(len(names), 1) + CHUNK, CHUNK))
    for number, (first, last) in enumerate(pairwise(edges)):
        part = rows.iloc[order[first:last]]
        here = names.iloc[number * CHUNK : (number + 1) * CHUNK]
        lines = _Lines(dues, payments, rules, here, part, unit[order[first:last]] - number * CHUNK)
        yield lines.moved(losses)


class _Lines:
    """Some lines of pay, as tables of lines × statements."""

    def __init__(
        self,
        dues: Dues,
        payments: Payments,
        rules: PayRules,
        names: pd.DataFrame,
        rows: pd.DataFrame,
        unit: NDArray[np.int64],
    ) -> None:
        self.dues, self.payments, self.rules = dues, payments, rules
        self.names, self.rows, self.unit = names.reset_index(drop=True), rows, unit
        self.shape = (len(names), len(dues.statements))
        self.ends = day_numbers([statement.end for statement in dues.statements])
        left = dues.people.groupby("payee").left_on.last()
        gone = pd.to_datetime(self.names.payee.map(left))
        until = np.where(gone.isna(), _LATE, day_numbers(gone.fillna(pd.Timestamp(0))) + payments.leaver_days)
        self.day = np.minimum(self.ends[None, :], until[:, None])
        self.is_over = self.ends[None, :] > until[:, None]

    def moved(self, losses: Losses) -> pd.DataFrame:
        kept = self._to_date("kept")
        back = losses.clawed_back(self.names, self.rows, self.unit, kept)
        right = kept - back.to_date
        due = self._due(right)
        rule, is_held = self._holds()
        released = np.zeros(self.shape, dtype=np.int64)
        before = np.zeros(self.shape[0], dtype=np.int64)
        for at in range(self.shape[1]):
            before = np.where(is_held[:, at], np.minimum(before, due[:, at]), due[:, at])
            released[:, at] = before
        open_, held = right - due, due - released
        found = {
            "earned": self._to_date("amount"),
            "forfeited": self._to_date("forfeited"), "withheld": self._to_date("withheld"), "clawed_back": back.to_date,
            "lapsed": np.where(self.is_over, open_ + held, 0), "waiting": np.where(self.is_over, 0, open_),
            "held": np.where(self.is_over, 0, held), "released": released,
        }  # fmt: skip
        moved = {name: np.diff(table, axis=1, prepend=0) for name, table in found.items()}
        fallen = np.maximum(back.fallen + moved["clawed_back"], 0)
        moved["asked_back"] = np.minimum(np.maximum(-moved["released"], 0), fallen)
        line, when = np.nonzero(np.any([table != 0 for table in moved.values()], axis=0))
        frame = self.names.iloc[line].reset_index(drop=True).assign(at=when)
        for name, table in moved.items():
            frame[name] = table[line, when]
        reasons = self._reasons(line, when, frame, rule, back.reason)
        frame["reason"] = pd.Series(reasons, index=frame.index, dtype="str")
        return frame

    def _to_date(self, column: str) -> Money:
        table = np.zeros(self.shape, dtype=np.int64)
        np.add.at(table, (self.unit, self.rows["at"].to_numpy()), self.rows[column].to_numpy(dtype=np.int64))
        return np.cumsum(table, axis=1)

    def _due(self, right: Money) -> Money:
        """What is due to date of what one has a right to: the sum of its parts."""
        due = np.zeros(self.shape, dtype=np.int64)
        every = self.names.component.to_numpy(dtype=object)
        pending = np.full(len(every), True)
        for rule in sorted(self.payments.release, key=lambda rule: not rule.components):
            mine = pending & (np.isin(every, rule.components) if rule.components else True)
            pending &= ~mine
            at = np.flatnonzero(mine)
            parts, expected = self._parts(at, rule.schedule)
            due[at] = quotient(right[at], parts, expected, self.rules.rounding)
        rest = np.flatnonzero(pending)
        due[rest] = right[rest] * self._is_closed(rest)
        return due

    def _parts(self, at: NDArray[np.int64], schedule: tuple[Release, ...]) -> tuple[Money, Money]:
        """The share that is due, as part and whole."""
        shares, scale = whole([release.share for release in schedule])
        expected = self._progress(at, "expected")
        waits = expected > 0  # else there is nothing to wait for: no order, or all of it went back
        expected = np.where(waits, expected, 1)
        part = np.zeros(expected.shape, dtype=np.int64)
        for release, share in zip(schedule, shares, strict=True):
            if release.event == "booking":
                done = expected
            elif release.event == "period_close":
                done = np.where(self._is_closed(at), expected, 0)
            elif release.event == "clawback_over":
                done = np.where(self._is_beyond_clawback(at), expected, 0)
            else:
                so_far = np.clip(self._progress(at, release.event), 0, expected)
                done = np.where(waits, so_far, expected)
            part = total(part, done * share)
        return part, expected * scale

    def _is_closed(self, at: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether the statement in which a line was first credited is over."""
        first = np.full(self.shape[0], self.shape[1] - 1)
        np.minimum.at(first, self.unit, self.rows["at"].to_numpy())
        closed: NDArray[np.bool_] = self.ends[first[at]][:, None] <= self.day[at]
        return closed

    def _is_beyond_clawback(self, at: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether no event can take back pay any more: every span since the first day of credit is over, or no order earns it."""
        first = np.full(self.shape, _LATE)
        np.minimum.at(first, (self.unit, self.rows["at"].to_numpy()), day_numbers(self.rows.credited_on))
        last = np.minimum.accumulate(first, axis=1)[at] + max(c.within_days for c in self.payments.clawbacks)
        beyond: NDArray[np.bool_] = (last < self.day[at]) | (self.names.order_id.to_numpy()[at] == "")[
            :, None
        ]
        return beyond

    def _progress(self, at: NDArray[np.int64], event: str) -> Money:
        """How far the orders of some lines are, by amount, on the day of each statement."""
        rows = self.dues.progress
        rows = rows[rows.event == event]
        orders = pd.Index(np.unique(np.append(rows.order_id.to_numpy(dtype=object), [""])))
        code = orders.get_indexer(rows.order_id)
        keys = code * _DAYS + day_numbers(rows.day)
        ranked = np.argsort(keys, kind="stable")
        keys, amount = keys[ranked], rows.amount.to_numpy(dtype=np.int64)[ranked]
        own = orders.get_indexer(self.names.order_id.iloc[at])
        asked = np.where(own < 0, -1, own)[:, None] * _DAYS + self.day[at].clip(max=_DAYS - 1)
        found = np.searchsorted(keys, asked, side="right") - 1
        is_own = (found >= 0) & (own[:, None] >= 0)
        if len(keys):
            is_own &= keys[np.maximum(found, 0)] // _DAYS == own[:, None]
            return np.where(is_own, amount[np.maximum(found, 0)], 0)
        return np.zeros(asked.shape, dtype=np.int64)

    def _holds(self) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The first rule of the policy that holds each line at each statement, and whether one does."""
        n_rules = len(self.payments.holds)
        rule = np.full(self.shape, n_rules, dtype=np.int64)
        holds = self.dues.holds
        if n_rules and len(holds):
            joined = self.names[["order_id"]].reset_index(names="line").merge(holds, on="order_id")
            longest = np.array([hold.max_days for hold in self.payments.holds])[joined.rule.astype(int)]
            first = day_numbers(joined.first_day)
            lasts = pd.to_datetime(joined.last_day)
            last = np.where(lasts.isna(), _LATE, day_numbers(lasts.fillna(pd.Timestamp(0))))
            last = np.minimum(last, first + longest - 1)
            line, own = joined.line.to_numpy(), joined.rule.to_numpy(dtype=np.int64)
            for at in range(self.shape[1]):
                day = self.day[line, at]
                here = (first <= day) & (day <= last)
                np.minimum.at(rule, (line[here], at), own[here])
        return rule, rule < n_rules

    def _reasons(
        self,
        line: NDArray[np.int64],
        at: NDArray[np.int64],
        frame: pd.DataFrame,
        rule: NDArray[np.int64],
        lost: dict[tuple[int, int], str],
    ) -> list[str]:
        """Why a line is not simply paid: a loss, a cap, a hold, in this order."""
        over = (self.rows.cap != "").to_numpy()
        cells = zip(self.unit[over].tolist(), self.rows["at"][over].tolist(), strict=True)
        caps = dict(zip(cells, self.rows.cap[over], strict=True))
        when = [hold.when for hold in self.payments.holds] + [""]
        is_held = (frame.held != 0).to_numpy()
        return [
            lost.get((u, t), "")
            or caps.get((u, t), "")
            or (when[rule[u, t]] or when[rule[u, t - 1]] if moved else "")
            for u, t, moved in zip(line.tolist(), at.tolist(), is_held.tolist(), strict=True)
        ]
