"""Loss reasons and rivals: shares with intervals, and an order only where chance does not explain it."""

from __future__ import annotations

import pytest
from deals import closed

from salesops_lib import pipeline
from salesops_lib.metrics.formulas import wilson

MARCH = {"period": "2026-03", "as_of": "2026-03-31"}


def lost(counts, **more):
    rows, number = [], 0
    for reason, n in counts.items():
        for _ in range(n):
            number += 1
            rows.append(closed(number, "lost", "2026-01-05", "2026-02-15", loss_reason=reason, **more))
    return rows


def test_shares_with_their_intervals(workspace, found):
    exhibit = pipeline.lost_reasons(
        workspace(**MARCH, opportunities=lost({"price": 60, "delivery": 20, "fit": 20, None: 10}))
    )
    frame = exhibit.frame.set_index("label")
    assert frame.value.to_dict() == {"price": 0.6, "delivery": 0.2, "fit": 0.2}
    assert (frame.low["price"], frame.high["price"]) == wilson(60, 100)[1:]
    assert frame.place.to_dict() == {"price": 1, "delivery": 2, "fit": 2}
    assert found(exhibit)["lost_reasons.first"].values["label"] == "price"
    assert found(exhibit)["note.reasons_not_stated"].values == {"n": 10, "of": 110}


def test_no_order_where_intervals_overlap(workspace, found):
    exhibit = pipeline.lost_reasons(workspace(**MARCH, opportunities=lost({"price": 11, "fit": 9})))
    assert exhibit.frame.place.tolist() == [1, 1]
    assert found(exhibit)["lost_reasons.alike"]


def test_fewer_than_five_are_held_back(workspace, found):
    exhibit = pipeline.lost_reasons(
        workspace(**MARCH, opportunities=lost({"price": 40, "fit": 12, "secret": 3}))
    )
    assert "secret" not in exhibit.frame.label.tolist()
    assert found(exhibit)["note.suppressed"].values["n"] == 2  # 3 could be worked out of the others
    assert exhibit.frame.value[0] == pytest.approx(40 / 55)


def test_rivals_hardest_first(workspace, found):
    rows, number = [], 0
    for rival, won, all_of_them in (("Hard", 10, 100), ("Even", 50, 100), ("Soft", 55, 100), (None, 9, 10)):
        for place in range(all_of_them):
            number += 1
            outcome = "won" if place < won else "lost"
            rows.append(closed(number, outcome, "2026-01-05", "2026-02-15", competitor=rival))
    exhibit = pipeline.won_against(workspace(**MARCH, opportunities=rows))
    assert exhibit.frame.label.tolist() == ["Hard", "Even", "Soft"]
    assert exhibit.frame.place.tolist() == [1, 2, 2]
    assert exhibit.frame.lost_amount.tolist() == [90_000, 50_000, 45_000]
    told = found(exhibit)
    assert told["won_against.first"].values["label"] == "Hard"
    assert told["note.rivals_not_stated"].values == {"n": 10, "of": 310}
