"""Grades from review to review."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.segmentation.reviews import GRADES, eased, held, held_grades

PATHS = st.lists(st.lists(st.sampled_from(GRADES), min_size=6, max_size=6), min_size=1, max_size=8)


def frame(*paths):
    return pd.DataFrame([list(path) for path in paths])


@pytest.mark.parametrize(
    ("raw", "after", "stands"),
    [
        ("ABBB", 2, "AABB"),
        ("ABAB", 2, "AAAA"),
        ("ABCC", 2, "AABC"),  # below A twice: to the best of the two; then C twice
        ("CBAC", 2, "CBAA"),
        ("ABCD", 1, "ABCD"),
        ("ADDD", 3, "AAAD"),
    ],
)
def test_worked_paths(raw, after, stands):
    assert "".join(held(frame(raw), after).iloc[0]) == stands


@given(PATHS, st.integers(1, 4))
def test_a_grade_stands_above_the_review_or_at_it(paths, after):
    raw = frame(*paths)
    order = {grade: place for place, grade in enumerate(GRADES)}
    standing, own = held(raw, after).map(order.get), raw.map(order.get)
    assert (standing <= own).all(axis=None)
    for place in range(after - 1, raw.shape[1]):  # never better than the best of the last reviews
        assert (standing.iloc[:, place] >= own.iloc[:, : place + 1].min(axis=1)).all()


@given(PATHS)
def test_without_patience_grades_are_those_of_the_reviews(paths):
    assert held(frame(*paths), 1).to_numpy().tolist() == paths


@pytest.mark.parametrize(
    ("raw", "lenient", "after", "stands"),
    [
        ("ABBB", "AAAA", 1, "AAAA"),  # past the cut, never past the margin
        ("ABBB", "AABB", 1, "AABB"),
        ("ABBB", "AABB", 2, "AAAB"),
        ("ACCC", "ABBC", 2, "AABB"),  # into C by its cut, but held in B by the margin of C
        ("BABA", "BAAA", 1, "BAAA"),  # a rise needs the cut itself
        ("BBBB", "AAAA", 2, "BBBB"),
        ("ADDD", "ADDD", 2, "AADD"),  # who buys nothing has no margin
    ],
)
def test_worked_paths_with_a_margin(raw, lenient, after, stands):
    assert "".join(held(frame(raw), after, frame(lenient)).iloc[0]) == stands


def test_cuts_move_through_a_part_of_the_grade_below():
    assert eased((0.8, 0.95), 0.0) == (0.8, 0.95)  # a policy without the key: as ever
    assert eased((0.8, 0.95), 1.0) == (0.95, 1.0)


@given(PATHS, st.integers(1, 3))
def test_a_margin_only_ever_holds_grades_longer(paths, after):
    raw = frame(*paths)
    better = raw.map(lambda grade: GRADES[max(GRADES.index(grade) - 1, 0)])
    with_margin, without = (held(raw, after, one).map(GRADES.index) for one in (better, None))
    assert (with_margin <= without).all(axis=None)


@given(PATHS)
def test_nobody_rises_and_falls_within_the_patience(paths):
    standing = held(frame(*paths), 2).map(GRADES.index)
    there_and_back = [
        (standing[n] > standing[n + 1]) & (standing[n + 2] == standing[n])
        for n in range(standing.shape[1] - 2)
    ]
    assert not pd.concat(there_and_back).any()


def test_grades_of_a_store(workspace, line):
    """Quarterly reviews of twelve months: big falls away in 2025 and is held for one review."""
    rows = [
        line(f"{year}-{month:02d}-15", 1000, customer_id="steady")
        for year in (2023, 2024, 2025)
        for month in range(1, 13)
    ]
    rows += [line(f"2024-{month:02d}-20", 9000, customer_id="big") for month in range(1, 13)]
    rows += [line("2023-01-02", 1, customer_id="once")]
    ws = workspace(
        period="2025-12", as_of="2025-12-31", order_lines=rows, policy={"customers.grades.downgrade_after": 2}
    )
    found = held_grades(ws)
    assert found.columns[-1] == "2025-12-31"
    assert found.loc["big"].iloc[-2:].tolist() == ["A", "A"]  # December is the first review without sales
    assert found.loc["once"].iloc[-1] == "D"
    assert set(found.loc["steady"].dropna()) <= {"A", "B", "C"}
