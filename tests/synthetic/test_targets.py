"""Targets add up level by level; splitting is exact."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.synthetic import company, targets

CELL = ["scope_type", "scope_id", "measure", "period"]


@given(st.integers(0, 10**9), st.lists(st.floats(0.01, 1e6), min_size=1, max_size=30))
def test_split_adds_up_and_keeps_proportions(total, weights):
    parts = targets.split(total, weights)
    assert sum(parts) == total
    assert all(abs(part - total * w / sum(weights)) < 1.001 for part, w in zip(parts, weights, strict=True))


def in_force(sample):
    """Targets of the newest version of each."""
    frame = sample.read("销售目标.xlsx").sort_values("version", kind="stable")
    assert not frame.duplicated(["version", *CELL]).any()
    return frame.drop_duplicates(CELL, keep="last").reset_index(drop=True)


def test_children_are_parent_times_over_assignment(sample):
    frame = in_force(sample)
    frame["value"] = frame.value.astype(float)
    frame = frame[frame.measure == "bookings"]
    total = frame.groupby(["period", "scope_type"]).value.sum().unstack()
    over = company.OVER_ASSIGNMENT
    # Each unit is rounded to one yuan: 1, 5 and 10 roundings.
    assert np.abs(total.region - over["region"] * total.company).max() <= 1
    assert np.abs(total.team - over["team"] * total.region).max() <= 5
    assert np.abs(total.rep - over["rep"] * total.team).max() <= 10
    teams = frame[frame.scope_type == "team"].pivot(index="period", columns="scope_id", values="value")
    regions = frame[frame.scope_type == "region"].pivot(index="period", columns="scope_id", values="value")
    parents = teams.T.groupby(lambda name: name.rsplit("-", 1)[0]).sum().T
    assert np.abs(parents - regions * over["team"]).max().max() <= 1


def test_people_have_targets_while_in_post(sample):
    frame = in_force(sample)
    rows = frame[frame.scope_type == "rep"]
    reps = sample.read("reps.csv").set_index("rep_id")
    start, end = rows.scope_id.map(reps.hired_on).str[:7], rows.scope_id.map(reps.left_on).str[:7]
    assert (rows.period >= start).all()
    assert ((end == "") | (rows.period <= end)).all()
    assert (rows.value.astype(float) > 0).all()
    assert set(frame.measure) == set(company.COMPANY_ATTAINMENT)
    assert not frame.duplicated(["version", "scope_type", "scope_id", "measure", "period"]).any()
    assert rows.groupby("period").size().between(55, 60).all()
