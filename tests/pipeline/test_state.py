"""The pipeline as it stands, its coverage, and what closed."""

from __future__ import annotations

import pandas as pd
import pytest

from salesops_lib import pipeline

MARCH = {"period": "2026-03", "as_of": "2026-03-31"}


def deal(number, stage, amount, created="2026-03-01", **values):
    return {
        "opportunity_id": str(number),
        "stage": stage,
        "amount": amount,
        "created_on": created,
        "expected_close_on": "2026-05-10",
        **values,
    }


def goals(*months, value=10, version="v1"):
    return [
        {"version": version, "scope_type": "company", "scope_id": "company", "measure": "bookings", "period": month, "value": value}
        for month in months
    ]  # fmt: skip


OPEN = [
    deal(1, "Proposal", 1000), deal(2, "报价", 800, "2026-03-21"), deal(3, "New", 500), deal(4, "Odd stage", 100),
    deal(5, "New", None, None), deal(6, "New", 9999, "2026-04-02"),
    deal(7, "Closed Won", 700, outcome="won", closed_on="2026-03-20"), deal(8, "Closed Lost", 300, outcome="lost", closed_on="2026-03-20"),
    deal(9, "Closed Won", 400, outcome="won", closed_on="2025-03-20"),
]  # fmt: skip


@pytest.fixture(scope="module")
def ws(shared_workspace):
    """1,800 fen quoted, 500 fresh, 100 in a stage nobody knows; targets of 2 yuan a month in April to June."""
    return shared_workspace(
        **MARCH, opportunities=OPEN, targets=goals("2026-04", "2026-05", "2026-06", value=2)
    )


def test_open_deals_by_stage_with_the_policys_odds(ws):
    frame = pipeline.open_deals(ws).frame.set_index("step")
    assert frame.index.tolist()[:2] == ["lead", "quote"]
    assert frame.n.to_dict() == {"lead": 2, "quote": 2, "Odd stage": 1} or frame.n.sum() == 5
    # default odds: lead 10 %, quote 40 %
    assert (frame.weighted["lead"], frame.amount["lead"]) == (50, 500)
    quoted = frame[frame.index == "quote"]
    assert (quoted.amount.sum(), quoted.weighted.sum()) == (1800, 720)
    assert pd.isna(frame.weighted["Odd stage"])


def test_age_is_that_of_the_last_day(ws):
    frame = pipeline.open_deals(ws).frame
    assert frame[frame.step == "lead"].age_days.tolist() == [30]  # 1 to 31 March; the undated deal has none


def test_what_cannot_be_counted_is_said(ws, found):
    told = found(pipeline.open_deals(ws))
    assert told["note.deals_undated"].values["n"] == 1
    assert told["note.deals_unpriced"].values["n"] == 1
    assert told["note.stages_unknown"].values["stages"] == ["Odd stage"]


def test_coverage_of_the_next_three_months(ws, found):
    told = found(pipeline.open_deals(ws))["pipeline.covered"].values
    # 1000 + 800 + 500 + 100 expected by June over 6 yuan
    assert (told["amount"], told["target"], told["coverage"]) == (2400, 600, 4.0)
    assert (told["from"], told["to"], told["at_stake"]) == ("2026-04", "2026-06", 0)


def test_the_newest_version_of_a_target_counts_once(workspace, found):
    rows = [
        *goals("2026-04", "2026-05", "2026-06", value=2),
        *goals("2026-04", "2026-05", "2026-06", value=20, version="v2"),
    ]
    told = found(pipeline.open_deals(workspace(**MARCH, opportunities=OPEN, targets=rows)))[
        "pipeline.short"
    ].values
    assert (told["target"], told["coverage"], told["at_stake"]) == (6000, 0.4, 3600)


def test_no_deal_in_time_is_no_coverage(workspace, found):
    late = [row | {"expected_close_on": "2027-01-01"} for row in OPEN]
    told = found(pipeline.open_deals(workspace(**MARCH, opportunities=late, targets=goals("2026-04"))))
    assert told["pipeline.short"].values["coverage"] == 0
    assert told["pipeline.short"].values["at_stake"] == 1000


def test_without_targets_coverage_is_not_said(workspace, found):
    told = found(pipeline.open_deals(workspace(**MARCH, opportunities=OPEN)))
    assert not {"pipeline.short", "pipeline.covered"} & set(told)


def test_deals_without_amounts_are_counted(workspace, found):
    exhibit = pipeline.open_deals(workspace(**MARCH, opportunities=[deal(1, "New", None)]))
    assert found(exhibit)["pipeline.count"].values["n"] == 1
    assert exhibit.frame.amount.isna().all()


def test_closed_deals(ws, found):
    exhibit = pipeline.closed_deals(ws)
    frame = exhibit.frame.set_index("metric")
    assert frame.actual[["won_amount", "deals_won", "deals_lost", "win_rate", "deal_size"]].tolist() == [
        700,
        1,
        1,
        0.5,
        700,
    ]
    assert frame.growth["won_amount"] == pytest.approx(0.75)  # 400 the year before
    told = found(exhibit)["closed_deals.rate"].values
    assert (told["rate"], told["n"]) == (0.5, 2)
    assert told["low"] == pytest.approx(0.0945, abs=1e-4)  # Wilson of 1 in 2


def test_what_is_needed(workspace, line):
    ws = workspace(**MARCH, order_lines=[line("2026-03-02", 5)])
    assert pipeline.open_deals(ws).needs == ("deals.stage",)
    assert pipeline.closed_deals(ws).needs == ("deals.closed_on",)
    won = workspace(**MARCH, opportunities=[deal(7, "Won", 700, outcome="won", closed_on="2026-03-20")])
    assert pipeline.open_deals(won).why == "note.no_open_deals"
