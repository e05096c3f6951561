"""Every line's pay: it adds up to the payout, in any order of rows and any batches."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from datetime import date

import duckdb
import numpy as np
import pandas as pd
import pytest

from salesops_lib.errors import DataError
from salesops_lib.incentives import History, Lines, earned
from salesops_lib.incentives import trace as tracing
from salesops_lib.policy.incentives import PayRules, Plan
from tests.incentives import random_pay

SEED = int(os.environ.get("SALESOPS_SEED", "20261125"))
RULES = PayRules(rounding="half_up", tier_edge="lower_inclusive", start_day="included")
TIERS = ({"from": 0, "rate": 0.03}, {"from": 5_000, "rate": 0.05}, {"from": 10_000, "rate": 0.08})


def plan(**component: object) -> Plan:
    core = {"id": "core", "en": "Core", "zh": "提成", **component}
    return Plan.model_validate(
        {"id": "p", "roles": ("ae",), "effective": {"from": "2025-01-01"}, "components": (core,)}
    )


def tiered(mode: str) -> Plan:
    return plan(kind="tiered", basis="amount", mode=mode, tiers=TIERS)


def lines_of(amounts: list[int]) -> pd.DataFrame:
    n = len(amounts)
    return pd.DataFrame({
        "payee": "ann", "month": np.arange(n), "credited_on": [date(2025, m + 1, 9) for m in range(n)],
        "order_id": [f"S{m}" for m in range(n)], "line_id": 1, "amount": amounts,
    })  # fmt: skip


def history_of(frame: pd.DataFrame) -> History:
    actual = np.zeros((1, 12), dtype=np.int64)
    np.add.at(actual, (0, frame.month.to_numpy()), frame.amount.to_numpy())
    zeros = np.zeros(len(frame), dtype=np.int64)
    key = ("bookings", "direct")
    lines = {key: Lines(zeros, frame.month.to_numpy(), frame.amount.to_numpy())}
    months = [f"2025-{m + 1:02}" for m in range(12)]
    return History(["ann"], months, {key: actual}, target=np.array([0]), parts={"bookings": 100}, lines=lines)


def traced(plan: Plan, history: History, frame: pd.DataFrame, component: str = "core", **how: object):
    """(lines, slices, pay apart) of all batches; slices say the row of their line."""
    found = tracing.trace(plan, how.pop("rules", RULES), history, component, duckdb.from_df(frame), **how)
    lines, slices, n = [], [], 0
    for batch in found:
        lines.append(batch.lines.to_pandas())
        slices.append(batch.slices.to_pandas().assign(line=lambda one, n=n: one.line + n))
        n += len(lines[-1])
    if not lines:
        return pd.DataFrame(columns=["payee", "month", "pay"]), pd.DataFrame(), found.apart
    return pd.concat(lines, ignore_index=True), pd.concat(slices, ignore_index=True), found.apart


def test_marginal_line_across_two_edges():
    """4,000 + 7,000 + (−2,000): 5,000 at 3 %, 5,000 at 5 %, 1,000 at 8 %; the return gives 80 + 50 back."""
    frame = lines_of([400_000, 700_000, -200_000])
    lines, slices, apart = traced(tiered("marginal"), history_of(frame), frame)
    assert lines.pay.tolist() == [12_000, 3_000 + 25_000 + 8_000, -8_000 - 5_000]
    assert lines.before.tolist() == [0, 400_000, 1_100_000]
    assert lines[["tier_first", "tier_last"]].to_numpy().tolist() == [[1, 1], [1, 3], [3, 2]]
    assert slices.to_numpy().tolist() == [
        [1, 1, 100_000, 3_000], [1, 2, 500_000, 25_000], [1, 3, 100_000, 8_000],
        [2, 2, -100_000, -5_000], [2, 3, -100_000, -8_000],
    ]  # fmt: skip
    assert not apart.any()


def test_retroactive_lines_are_all_paid_at_the_rate_reached():
    frame = lines_of([400_000, 700_000])
    lines, slices, _ = traced(tiered("retroactive"), history_of(frame), frame)
    assert lines.pay.tolist() == [32_000, 56_000]
    assert lines.tier_first.tolist() == lines.tier_last.tolist() == [3, 3]
    assert slices.empty
    lines, _, _ = traced(tiered("retroactive"), history_of(frame), frame, n_months=1)
    assert lines.pay.tolist() == [12_000]  # in the state at the end of January


def test_each_transaction_climbs_the_tiers_alone():
    frame = lines_of([600_000, 600_000])
    lines, slices, _ = traced(tiered("per_transaction"), history_of(frame), frame)
    assert lines.pay.tolist() == [20_000, 20_000]
    assert slices.to_numpy().tolist() == [
        [0, 1, 500_000, 15_000], [0, 2, 100_000, 5_000], [1, 1, 500_000, 15_000], [1, 2, 100_000, 5_000],
    ]  # fmt: skip


def test_curve_pays_lines_at_the_average_rate_and_a_flat_amount_comes_from_none():
    frame = lines_of([300_000, 500_000])
    history = history_of(frame)
    key = ("bookings", "direct")
    history = replace(history, quota={key: np.full((1, 12), 100_000)}, target=np.array([90_000]))
    paid = plan(kind="curve", weight=1, between="line", points=((0.5, 0), (1, 1)))
    lines, _, apart = traced(paid, history, frame)
    assert lines.pay.tolist() == [11_250, 18_750]  # 8,000 of 12,000 pays a third of 900: 3.75 % of each
    assert lines.tier_first.isna().all()
    assert not apart.any()
    lines, _, apart = traced(plan(kind="flat", amount=500), history, frame)
    assert lines.empty
    assert apart[0].tolist() == [0] * 11 + [50_000]


def test_cents_of_rounding_fall_where_the_running_total_turns():
    """Three lines of 0.50 at 3 % are 1.5 fen each: 2, 1 and 2 fen, 4.5 → 5 in all."""
    frame = lines_of([50, 50, 50])
    lines, _, _ = traced(tiered("marginal"), history_of(frame), frame)
    assert lines.pay.tolist() == [2, 1, 2]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"amount": [1]}, "ann, 2025-01: 1 against 400000"),
        ({"payee": ["bob"]}, "'bob' in month 0"),
        ({"amount": [None]}, "1 without an amount"),
    ],
)
def test_lines_that_the_history_was_not_made_of_are_refused(change, says):
    frame = lines_of([400_000])
    with pytest.raises(DataError, match=says):
        traced(tiered("marginal"), history_of(frame), frame.assign(**change).astype({"amount": "Int64"}))


# --- drawn at random ---------------------------------------------------------------------------


@pytest.mark.parametrize("part", range(2))
def test_lines_add_up_to_the_payout_in_any_order_and_any_batches(part, monkeypatch):
    print(f"SALESOPS_SEED={SEED}, part {part}")
    draw = random.Random(SEED + part)
    n_slices = 0
    for number in range(20):
        drawn, rules = random_pay.plan(draw), random_pay.rules(draw)
        history, frames = with_lines(draw, random_pay.history(draw, drawn))
        n_months = draw.choice((12, 12, 5, 7))
        upto = earned(drawn, rules, history)
        for component in drawn.components:
            said = f"seed {SEED + part}, pair {number}: {component}\n{drawn}"
            frame = frames[component.measure, component.credit]
            how = {"component": component.id, "rules": rules, "n_months": n_months}
            monkeypatch.setattr(tracing, "BATCH", 2**16)
            lines, slices, apart = traced(drawn, history, frame, **how)
            monkeypatch.setattr(tracing, "BATCH", draw.choice((3, 20, 50)))
            mixed = frame.sample(frac=1, random_state=draw.randrange(2**31))
            pd.testing.assert_frame_equal(lines, traced(drawn, history, mixed, **how)[0])
            length = {"month": 1, "quarter": 3, "half": 6, "year": 12}[component.interval or drawn.interval]
            state = np.minimum(lines.month // length * length + length, n_months).astype(int) - 1
            paid = apart.copy()
            place = lines.payee.map({name: at for at, name in enumerate(history.payees)}).astype(int)
            np.add.at(paid, (place.to_numpy(), state.to_numpy()), lines.pay.to_numpy(dtype=np.int64))
            last = sorted({min(m // length * length + length, n_months) - 1 for m in range(n_months)})
            assert (paid[:, last] == upto.to_date[component.id][:, last]).all(), said
            if len(slices):
                n_slices += len(slices)
                sums = slices.groupby("line")[["amount", "pay"]].sum()
                assert (sums == lines.loc[sums.index, ["amount", "pay"]]).all(axis=None), said
    assert n_slices > 30


def with_lines(draw: random.Random, history: History) -> tuple[History, dict[tuple[str, str], pd.DataFrame]]:
    """The history with its months split into lines, some of them returns."""
    rng = np.random.default_rng(draw.randrange(2**63))
    frames, lines = {}, {}
    for key, months in history.actual.items():
        rows = []
        for payee, month in np.ndindex(history.shape):
            n, whole = int(rng.integers(1, 6)), int(months[payee, month])
            parts = [int(part) for part in rng.integers(-abs(whole) // 2 - 1, abs(whole) + 1, n - 1)]
            rows += [
                (payee, month, int(rng.integers(1, 29)), int(rng.integers(9)), amount)
                for amount in (*parts, whole - sum(parts))
            ]
        frame = pd.DataFrame(rows, columns=["at", "month", "day", "order", "amount"])
        lines[key] = Lines(*(frame[name].to_numpy() for name in ("at", "month", "amount")))
        frames[key] = pd.DataFrame({
            "payee": [history.payees[at] for at in frame["at"]], "month": frame.month,
            "credited_on": [date(2025, m + 1, d) for m, d in zip(frame.month, frame.day, strict=True)],
            "order_id": [f"S{number}" for number in frame.order], "line_id": rng.integers(1, 4, len(frame)), "amount": frame.amount,
        })  # fmt: skip
    for measure in ("margin", "meetings"):  # whose credit is not rolled up: direct stands for it
        frames[measure, "roll_up"] = frames[measure, "direct"]
        lines[measure, "roll_up"] = lines[measure, "direct"]
    return replace(history, lines=lines), frames
