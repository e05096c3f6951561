"""What changed since the last load: months told differently, columns that hold something else."""

from __future__ import annotations

import math

import pytest

from salesops_lib import data_quality
from salesops_lib.data_quality import restated_months, stability
from salesops_lib.metrics import Missing

MARCH = {"period": "2026-03", "as_of": "2026-03-31"}
EVEN = [5.0 * k for k in range(1, 20)]


def load(serial, last_on="2026-03-15", **values):
    row = {"serial": serial, "fingerprint": f"f{serial}", "table_name": "order_lines", "n_rows": 1}
    return row | {"last_on": last_on, "began": "first load" if serial == 1 else None} | values


def month(serial, month, n_rows, total, table="sales"):
    return {"serial": serial, "table_name": table, "month": month, "n_rows": n_rows, "total": total}


def profile(serial, column, **values):
    whole = {
        "table_name": "order_lines",
        "type": "money",
        "n": 1000,
        "n_filled": 1000,
        "n_distinct": 100,
        "mean": 50.0,
    }
    return {"serial": serial, "column_name": column} | whole | values


def shares(**values):
    return [{"value": value, "share": share} for value, share in values.items()]


@pytest.fixture
def opened(workspace, line):
    def make(**tables):
        return workspace(**MARCH, order_lines=[line("2026-03-15", 100)], **tables)

    return make


BOTH = {"loads": [load(1), load(2, "2026-04-10")]}
MONTHS = [
    month(1, "2026-01", 10, 1000), month(1, "2026-02", 20, 2000), month(1, "2026-03", 5, 500),
    month(2, "2026-01", 10, 1000), month(2, "2026-02", 19, 1900), month(2, "2026-03", 12, 1300), month(2, "2026-04", 3, 250),
]  # fmt: skip


def test_months_told_differently(opened, found):
    exhibit = data_quality.restatements(opened(**BOTH, load_months=MONTHS))
    assert exhibit.frame[["month", "status", "amount_before", "amount_now", "difference", "reason"]].values.tolist() == [
        ["2026-02", "restated", 2000, 1900, -100, "rows_gone"],
        ["2026-03", "open_month", 500, 1300, 800, "late_rows"],
    ]  # fmt: skip
    told = found(exhibit)["restatements.sales"].values
    assert (told["n"], told["month"], told["difference"]) == (1, "2026-02", -100)


def test_the_bridge_from_load_to_load_closes(opened):
    (bridge,) = data_quality.restatements(opened(**BOTH, load_months=MONTHS)).parts
    assert bridge.frame.values.tolist() == [
        ["last_load", 2500, "start"],
        ["restated", -100, "effect"],
        ["open_month", 800, "effect"],
        ["new_month", 250, "effect"],
        ["this_load", 3450, "end"],
    ]
    *steps, end = bridge.frame.amount
    assert sum(steps) == end
    all_months = {serial: sum(m["total"] for m in MONTHS if m["serial"] == serial) for serial in (1, 2)}
    assert end - steps[0] == all_months[2] - all_months[1]


def test_a_month_that_was_loaded_to_its_last_day_was_over(opened):
    ws = opened(loads=[load(1, "2026-03-31"), load(2, "2026-04-10")], load_months=MONTHS)
    assert data_quality.restatements(ws).frame.status.tolist() == ["restated", "restated"]


def test_a_month_that_vanished_is_told(opened):
    frame = data_quality.restatements(
        opened(**BOTH, load_months=[month(1, "2026-01", 4, 400), month(2, "2026-02", 1, 1)])
    ).frame
    assert frame[["month", "rows_now", "difference"]].values.tolist() == [["2026-01", 0, -400], ["2026-02", 1, 1]]  # fmt: skip


def test_tables_without_amounts_and_new_tables(opened, found):
    exhibit = data_quality.restatements(
        opened(
            **BOTH,
            load_months=[
                month(1, "2026-01", 4, None, "surveys"), month(2, "2026-01", 5, None, "surveys"), month(2, "2026-01", 5, 50, "billings"),
            ],
        )
    )  # fmt: skip
    assert exhibit.frame.table.tolist() == ["surveys"]
    assert math.isnan(exhibit.frame.difference[0])
    assert found(exhibit)["restatements.others"].values == {"n": 1, "names": ["surveys"]}
    assert exhibit.parts == ()


def test_nothing_restated(opened, found):
    exhibit = data_quality.restatements(
        opened(**BOTH, load_months=[month(1, "2026-01", 1, 1), month(2, "2026-01", 1, 1)])
    )
    assert (len(exhibit.frame), found(exhibit)["restatements.none"].tone) == (0, "good")


@pytest.mark.parametrize(
    ("began", "why"),
    [("first load", "note.first_load"), ("facts before could not be read", "note.history_lost")],
)
@pytest.mark.parametrize("measure", [data_quality.restatements, data_quality.drift])
def test_a_first_load_has_nothing_to_be_compared_with(opened, measure, began, why):
    found = measure(opened(loads=[load(1, began=began)]))
    assert isinstance(found, Missing)
    assert (found.needs, found.why) == ((), why)


# --- drift --------------------------------------------------------------------------------------


def drifted(opened, before, now, **limits):
    """Columns of which something moved, and what."""
    profiles = [profile(1, c, **v) for c, v in before.items()] + [profile(2, c, **v) for c, v in now.items()]
    frame = data_quality.drift(opened(**BOTH, load_profiles=profiles), stability.Limits(**limits)).frame
    return dict(zip(frame.column, frame.status, strict=True))


def test_new_and_lost_columns_come_first(opened):
    before = {"cost_amount": {}, "region": {"n_filled": 990}, "channel": {"n_filled": 0}}
    now = {"cost_amount": {"n_filled": 0}, "region": {"n_filled": 900}, "channel": {}}
    assert drifted(opened, before, now) == {
        "channel": "new_column", "cost_amount": "lost_column", "region": "completeness_moved",
    }  # fmt: skip


@pytest.mark.parametrize(("n_filled", "moved"), [(950, True), (951, False)])
def test_completeness_moves_by_five_points(opened, n_filled, moved):
    assert bool(drifted(opened, {"region": {}}, {"region": {"n_filled": n_filled}})) is moved


def test_amounts_in_another_unit_are_seen(opened):
    """The same amounts in 万元."""
    before = {"net_amount": {"quantiles": EVEN}}
    now = {"net_amount": {"quantiles": [v / 10_000 for v in EVEN], "mean": 0.005}}
    assert drifted(opened, before, now) == {"net_amount": "distribution_moved"}


def test_the_mean_moves_by_a_quarter(opened):
    assert drifted(opened, {"net_amount": {}}, {"net_amount": {"mean": 62.5}}) == {"net_amount": "mean_moved"}
    assert drifted(opened, {"net_amount": {}}, {"net_amount": {"mean": 62.4}}) == {}


def test_shares_of_values_move(opened):
    text = {"type": "text", "mean": None, "n_distinct": 2}
    before = {"channel": text | {"top_values": shares(direct=0.7, dealer=0.3)}}
    assert drifted(opened, before, {"channel": text | {"top_values": shares(direct=0.65, dealer=0.35)}}) == {}
    now = {"channel": text | {"top_values": shares(direct=0.3, dealer=0.7)}}
    assert drifted(opened, before, now) == {"channel": "distribution_moved"}


def test_more_rows_alone_move_nothing(opened):
    """Ten times the rows, ten times the order numbers, the same number of regions."""
    before = {"order_id": {"type": "text", "n_distinct": 300, "mean": None}, "quantity": {"n_distinct": 40}}
    more = {"n": 10_000, "n_filled": 10_000}
    now = {"order_id": more | {"type": "text", "n_distinct": 3000, "mean": None}, "quantity": more | {"n_distinct": 41}}  # fmt: skip
    assert drifted(opened, before, now) == {}


def test_distinct_values_move(opened):
    assert drifted(opened, {"quantity": {"n_distinct": 40}}, {"quantity": {"n_distinct": 80}}) == {"quantity": "values_moved"}  # fmt: skip


def test_days_keys_and_few_values_are_judged_by_completeness_alone(opened):
    before = {
        "ordered_on": {"type": "date", "mean": None}, "period": {"type": "text", "mean": None}, "line_id": {"type": "text", "n_distinct": 900, "mean": None},
        "quantity": {"n": 150, "n_filled": 150},
    }  # fmt: skip
    now = {column: values | {"n_distinct": 10, "mean": 500.0} for column, values in before.items()}
    assert drifted(opened, before, now) == {}


def test_the_stability_index_of_a_textbook():
    """Shares 0.1, 0.2, 0.7 become 0.2, 0.2, 0.6: 0.1 ln 2 − 0.1 ln (6 / 7)."""
    expected = 0.1 * math.log(2) - 0.1 * math.log(6 / 7)
    assert stability.stability_index([0.1, 0.2, 0.7], [0.2, 0.2, 0.6]) == pytest.approx(expected)


def test_the_stability_index_of_shifted_numbers_grows():
    found = [stability.of_numbers(EVEN, [v + by for v in EVEN]) for by in (0, 5, 20, 200)]
    assert found[0] == 0
    assert found == sorted(found)
    assert found[1] < 0.1 < 0.25 < found[2]


def test_numbers_that_are_mostly_one_value():
    """Nine tenths are 1; a share of 0.05 more or less is no drift."""
    assert stability.of_numbers([1.0] * 18 + [2.0], [1.0] * 17 + [2.0] * 2) < 0.1


def test_the_two_last_loads_are_compared(opened):
    ws = opened(loads=[load(1), load(4), load(7)])
    assert restated_months.last_two(ws) == (4, 7)
