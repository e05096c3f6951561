"""From last year's customers to this year's."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_lib import segmentation
from salesops_lib.metrics import Missing

FEW = settings(max_examples=settings.default.max_examples // 4)  # each example builds a store
YEAR = {"period": "2025-12", "as_of": "2025-12-31"}


@pytest.fixture(scope="module")
def exhibit(shared_workspace, line):
    """GRR 85 %, NRR 103 %: from 1,000, contraction 60, lost 90, expansion 180; new 50, reactivated 20."""
    before = {"shrinks": 460, "lost": 90, "grows": 400, "same": 50}
    now = {"shrinks": 400, "grows": 580, "same": 50, "new": 50, "back": 20}
    rows = [line("2024-06-10", net, customer_id=c) for c, net in before.items()] + [
        line("2025-06-10", net, customer_id=c) for c, net in now.items()
    ]
    return segmentation.customer_bridge(
        shared_workspace(
            **YEAR, order_lines=[*rows, line("2023-05-05", 5, customer_id="back"), line("2025-02-02", 77)]
        )
    )


def test_the_steps(exhibit):
    frame = exhibit.frame.set_index("step")
    assert frame.amount.to_dict() == {
        "previous_year": 1000,
        "new_customers": 50,
        "reactivated": 20,
        "expansion": 180,
        "contraction": -60,
        "lost_customers": -90,
        "actual": 1100,
    }
    assert frame.n.to_dict() == {
        "previous_year": 4,
        "new_customers": 1,
        "reactivated": 1,
        "expansion": 1,
        "contraction": 1,
        "lost_customers": 1,
        "actual": 5,
    }


def test_retention(exhibit, found):
    told = found(exhibit)["customers.retained"]
    assert (told.values["gross"], told.values["net"], told.tone) == (
        pytest.approx(0.85),
        pytest.approx(1.03),
        "good",
    )
    assert told.values["at_stake"] == 90


def test_one_year_of_history_is_not_enough(workspace, line):
    made = segmentation.customer_bridge(
        workspace(**YEAR, order_lines=[line("2025-06-10", 5, customer_id="a")])
    )
    assert isinstance(made, Missing)
    assert made.why == "note.two_years_needed"


SALE = st.tuples(
    st.sampled_from("abcd"),
    st.sampled_from(["2023-03-01", "2024-03-01", "2024-11-04", "2025-03-03", "2025-12-31"]),
    st.integers(0, 10**9),
)


@FEW
@given(st.lists(SALE, max_size=10))
def test_the_bridge_closes_to_the_minor_unit(workspace, line, sold):
    rows = [line(day, net, customer_id=name) for name, day, net in sold] + [
        line("2024-01-02", 1, customer_id="z")
    ]
    made = segmentation.customer_bridge(workspace(**YEAR, order_lines=rows))
    amounts = made.frame.amount
    assert amounts.iloc[0] + amounts.iloc[1:-1].sum() == amounts.iloc[-1]
    assert amounts.iloc[-1] == sum(net for _, day, net in sold if day >= "2025")
    kept = made.findings[0].values["gross"]
    assert kept <= 1
