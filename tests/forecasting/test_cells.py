"""Forecasts by person and product line add up to the minor unit."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib import open_workspace
from salesops_lib.forecasting.ahead import ahead
from salesops_lib.forecasting.cells import cells, shared_out
from tests.notebooks.built_once import sample_company  # noqa: F401

AMOUNTS = st.dictionaries(
    st.tuples(st.sampled_from("TUV"), st.sampled_from("abc"), st.sampled_from("xy")),
    st.floats(-5, 1e6),
    max_size=12,
)


@given(
    AMOUNTS,
    st.lists(st.integers(0, 10**9), min_size=2, max_size=2),
    st.dictionaries(st.sampled_from("abc"), st.floats(0, 1)),
)
def test_every_team_and_month_is_shared_out_exactly(amounts, totals, present):
    past = pd.DataFrame(
        [(*key, value) for key, value in amounts.items()], columns=["leaf", "rep_id", "category", "amount"]
    )
    whole = pd.DataFrame({"2026-01": totals, "2026-02": totals[::-1]}, index=["T", "U"])
    made = shared_out(whole, past, pd.Series(present, dtype=float))
    assert (made.amount >= 0).all()
    sums = made.pivot_table(index="leaf", columns="label", values="amount", aggfunc="sum")
    assert (sums == whole).all(axis=None)
    assert not set(made.rep_id) & {rep for rep, share in present.items() if share == 0}


def test_cells_of_the_sample_company_make_the_forecast_of_each_level(sample_company):  # noqa: F811
    ws = open_workspace(sample_company, period="2025-12", lang="en")
    seen = ahead(ws, ("bookings",))
    frame = cells(ws, seen).frame
    labels = [m.label for m in seen.coming[:3]]
    own = seen.months[seen.months.label.isin(labels)].groupby(["level", "unit"])["median"].sum()
    assert frame.forecast.sum() == own["company"].iloc[0]
    by_leaf = frame.groupby("team").forecast.sum()
    assert by_leaf.to_dict() == pytest.approx(own["part"].reindex(by_leaf.index).to_dict(), abs=0)
    left = ws.facts.query("SELECT rep_id FROM reps WHERE left_on <= DATE '2025-12-31'").rep_id
    assert not set(frame.rep_id) & set(left)
    assert cells(ws, seen, "revenue").why == "note.year_needed"  # invoices name no person
    ws.close()
