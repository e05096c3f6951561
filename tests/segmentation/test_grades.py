"""ABC grades, their migration, concentration, customers going quiet."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib import segmentation
from salesops_lib.segmentation.grades import grades

CUTS = (0.8, 0.95)
AMOUNTS = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=3), st.integers(0, 10**9), min_size=1)


def test_the_customer_that_crosses_a_cut_belongs_to_the_higher_grade():
    # 70 %, 90 % (crosses 80 %), 96 % (crosses 95 %), 100 %
    assert grades(pd.Series({"a": 70, "b": 20, "c": 6, "d": 4}), CUTS).to_dict() == {
        "a": "A",
        "b": "A",
        "c": "B",
        "d": "C",
    }


def test_who_bought_nothing_has_no_grade():
    graded = grades(pd.Series({"a": 10, "b": 0, "c": -5}), CUTS)
    assert graded["a"] == "A"
    assert graded[["b", "c"]].isna().all()


@given(AMOUNTS, st.randoms())
def test_grades_do_not_depend_on_the_order_of_rows(amounts, random):
    items = list(amounts.items())
    random.shuffle(items)
    first, second = (
        grades(pd.Series(amounts, dtype="int64"), CUTS),
        grades(pd.Series(dict(items), dtype="int64"), CUTS),
    )
    assert first.fillna("none").to_dict() == second.fillna("none").to_dict()


@given(AMOUNTS)
def test_grades_partition_the_customers_who_bought(amounts):
    series = pd.Series(amounts, dtype="int64")
    graded = grades(series, CUTS)
    assert graded.index.equals(series.index)
    assert set(graded[series > 0]) <= {"A", "B", "C"}
    assert graded[series <= 0].isna().all()
    a = series[graded == "A"]
    if series.sum():
        assert a.sum() >= CUTS[0] * series.sum() * (1 - 1e-9)
        assert a.empty is False
        rank = graded.map({"A": 0, "B": 1, "C": 2})
        assert (
            rank.loc[series.sort_values(ascending=False, kind="stable").index]
            .dropna()
            .groupby(series)
            .nunique()
            .ge(1)
            .all()
        )
        assert (
            series[graded == "A"].min() >= series[graded.isin(["B", "C"])].max()
            if graded.isin(["B", "C"]).any()
            else True
        )


@pytest.fixture(scope="module")
def ws(shared_workspace, line):
    """In 2024 a 700, b 200, c 60, d 40; in 2025 a 40, b 200, c 700, e 60."""
    then = {"a": 700, "b": 200, "c": 60, "d": 40}
    now = {"a": 40, "b": 200, "c": 700, "e": 60}
    rows = [
        line(f"{year}-06-10", net, customer_id=name)
        for year, sold in ((2024, then), (2025, now))
        for name, net in sold.items()
    ]
    return shared_workspace(
        period="2025-12", as_of="2025-12-31", order_lines=[*rows, line("2024-01-05", 0, customer_id="a")]
    )


def test_migration(ws, found):
    exhibit = segmentation.abc_migration(ws)
    cells = exhibit.frame.set_index(["row", "column"]).value.to_dict()
    # 2024: a A, b A, c B, d C; 2025: c A, b A, e B, a C, d nothing
    assert cells == {("A", "A"): 1, ("A", "C"): 1, ("B", "A"): 1, ("C", "D"): 1, ("not_yet", "B"): 1}
    told = found(exhibit)["migration.moved"].values
    assert (told["n_down"], told["lost"], told["n_up"], told["gained"]) == (1, 660, 1, 640)


def test_top_customers(ws, found):
    exhibit = segmentation.top_customers(ws)
    assert exhibit.frame.name.tolist()[:2] == ["c", "b"]
    assert exhibit.frame.share.tolist()[:2] == [0.7, 0.2]
    assert exhibit.frame.growth_kind.tolist() == [
        "rate",
        "rate",
        "new",
        "rate",
        "rate",
    ]  # d, who bought nothing, comes last
    # 0.7² + 0.2² + 0.06² + 0.04²
    assert found(exhibit)["top_customers.share"].values["hhi"] == pytest.approx(0.5352)


def test_concentration_curve(ws, found):
    frame = segmentation.concentration(ws).frame
    assert frame.x.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert frame.y.tolist() == pytest.approx([0, 0.7, 0.9, 0.96, 1])


def test_customers_going_quiet(workspace, line, found):
    rows = [line(f"2025-{month:02}-03", 100, customer_id="loud", region="East") for month in range(1, 13)]
    rows += [line(f"2025-{month:02}-03", 300, customer_id="quiet", region="West") for month in range(1, 7)]
    rows += [line("2025-01-03", 900, customer_id="once")]
    exhibit = segmentation.going_quiet(workspace(period="2025-12", as_of="2025-12-31", order_lines=rows))
    row = exhibit.frame.iloc[0]
    assert (len(exhibit.frame), row["name"], str(row.last_ordered_on)[:10]) == (1, "quiet", "2025-06-03")
    assert (row.silent_days, row.usual_gap) == (211, 31)  # 3 June to 31 December; gaps 31 28 31 30 31
    assert row.annual_amount == 1_800  # no earlier year is loaded to average with
    assert found(exhibit)["quiet.some"].values["at_stake"] == 1_800


def test_what_is_needed(workspace, line):
    ws = workspace(order_lines=[line("2026-03-02", 5)])
    for function in (
        segmentation.abc_migration,
        segmentation.concentration,
        segmentation.customer_bridge,
        segmentation.going_quiet,
        segmentation.top_customers,
    ):
        assert function(ws).needs == ("sales.customer_id",)
