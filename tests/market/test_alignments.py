"""Growth of the period and the year to date under every alignment; hand-made days."""

from __future__ import annotations

import pytest

from salesops_lib import market


def names(exhibit):
    frame = exhibit.frame
    return [(span.id, name.id) for span, name in zip(frame.span, frame.alignment, strict=True)]


def test_days_decide_whether_we_grew(workspace, line, found):
    ws = workspace(
        period="2025-03", as_of="2025-03-14",
        order_lines=[line("2025-03-05", 500), line("2024-03-06", 400), line("2024-03-15", 300)],
    )  # fmt: skip
    exhibit = market.alignments(ws)
    by = dict(zip(names(exhibit), exhibit.frame.itertuples(), strict=True))
    # 10 working days: of March 2024 they end on the 14th; 52 weeks before the 14th is the 15th
    assert by["label.period", "label.workday"].growth == pytest.approx(500 / 400 - 1)
    assert by["label.period", "label.weekday"].growth == pytest.approx(500 / 700 - 1)
    assert by["label.period", "label.weekday"].base_to.isoformat() == "2024-03-15"
    told = found(exhibit)["alignments.turns"].values
    assert (told["low"], told["high"]) == (pytest.approx(500 / 700 - 1), pytest.approx(0.25))


def test_alignments_of_the_same_days_share_a_row(workspace, line, found):
    ws = workspace(
        period="2025-12", as_of="2025-12-31", order_lines=[line("2025-12-05", 110), line("2024-12-06", 100)]
    )
    exhibit = market.alignments(ws)
    assert names(exhibit) == [
        ("label.period", "label.workday"), ("label.period", "label.weekday"),
        ("label.year_to_date", "label.workday"), ("label.year_to_date", "label.weekday"),
    ]  # fmt: skip
    assert found(exhibit)["alignments.agree"].values["growth"] == pytest.approx(0.1)


def test_without_a_year_before_nothing_grew(workspace, line, found):
    ws = workspace(period="2025-12", as_of="2025-12-31", order_lines=[line("2025-12-05", 110)])
    assert "alignments.new" in found(market.alignments(ws))


def test_a_stretch_that_the_data_miss_is_nothing_to_grow_on(workspace, line, found):
    lines = [line("2024-12-01", 59), line("2025-11-12", 1500)]  # 52 weeks before: 2 Nov to 1 Dec 2024
    exhibit = market.alignments(workspace(period="2025-11", as_of="2025-11-30", order_lines=lines))
    assert exhibit.frame.growth.isna().all()
    assert exhibit.frame.base.isna().all()
    assert "alignments.new" in found(exhibit)
