"""People and places: sixty seats, effective-dated, and orders belong to whom they should."""

from __future__ import annotations

import pandas as pd

from salesops_lib.synthetic import organisation


def test_about_sixty_people_in_post_and_eighty_over_time(sample):
    reps = sample.read("reps.csv")
    sellers = reps[reps.role != "director"]
    assert 74 <= len(sellers) <= 84
    for day in ("2023-06-30", "2024-06-30", "2025-12-31"):
        there = (sellers.hired_on <= day) & ((sellers.left_on == "") | (sellers.left_on > day))
        assert 55 <= there.sum() <= 60
    assert (sellers.left_on != "").sum() >= 12


def test_org_has_no_gaps_or_overlaps(sample):
    org = sample.read("org.csv").sort_values(["rep_id", "valid_from"])
    for _, rows in org.groupby("rep_id"):
        ends, starts = pd.to_datetime(rows.valid_to[:-1]), pd.to_datetime(rows.valid_from[1:])
        assert ((starts.to_numpy() - ends.to_numpy()) == pd.Timedelta(days=1)).all()
    assert org.groupby("rep_id").team.nunique().ge(2).sum() >= 4
    assert org.groupby("rep_id").region.nunique().ge(2).sum() >= 2
    assert set(org.team) - {""} == {name for name, _ in organisation.TEAMS}
    assert set(org.manager_id) - {""} <= set(org.rep_id)


def test_orders_belong_to_people_in_post_in_the_region_of_the_order(sample):
    org = sample.read("org.csv")
    org["valid_from"], org["valid_to"] = (
        pd.to_datetime(org.valid_from),
        pd.to_datetime(org.valid_to).fillna(pd.Timestamp("2099-12-31")),
    )
    lines = (
        sample.lines[["order_id", "rep_id", "ordered_on", "region"]]
        .drop_duplicates("order_id")
        .sort_values("ordered_on")
    )
    placed = pd.merge_asof(
        lines,
        org.sort_values("valid_from"),
        left_on="ordered_on",
        right_on="valid_from",
        by="rep_id",
        suffixes=("", "_org"),
    )
    assert placed.team.notna().all()
    assert (placed.ordered_on <= placed.valid_to).all()
    assert (placed.region == placed.region_org).all()
