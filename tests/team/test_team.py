"""Productivity, spread, runs, turnover, tenure and ramp: by hand, by pandas on the raw tables, by what was planted."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

from salesops_lib import team
from salesops_lib.metrics import Missing
from salesops_lib.synthetic.organisation import _RAMP
from salesops_lib.team.spread import bars, measures_of
from salesops_lib.team.tenure import ramp
from salesops_lib.workspace import open_workspace


@pytest.fixture(scope="module")
def ws(sample_company):
    opened = open_workspace(sample_company, period="2025-Q4")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def raw(sample_company):
    store = duckdb.connect(str(sample_company / "data" / "facts.duckdb"), read_only=True)
    yield store
    store.close()


def quarter_days(reps: pd.DataFrame, start: str, end: str) -> pd.Series:
    """Days in post of each person, counted day by day."""
    days = pd.date_range(start, end)
    hired, left = (
        pd.to_datetime(reps.hired_on),
        pd.to_datetime(reps.left_on).fillna(pd.Timestamp("2100-01-01")),
    )
    return pd.Series([((days >= h) & (days <= e)).sum() for h, e in zip(hired, left)], index=reps.rep_id)


#: Targets of people as last revised.
NEWEST = """SELECT scope_id, period, arg_max(value, version) AS value FROM targets
    WHERE scope_type = 'rep' AND measure = 'bookings' GROUP BY scope_id, period"""


def test_productivity_agrees_with_days_counted_one_by_one(ws, raw):
    reps = raw.execute("SELECT * FROM reps WHERE role <> 'director'").df()
    heads = quarter_days(reps, "2025-10-01", "2025-12-31").sum() / 92
    sold = raw.execute(
        "SELECT SUM(net_amount) FROM sales WHERE kind = 'order' AND dated_on BETWEEN '2025-10-01' AND '2025-12-31'"
    ).fetchone()[0]
    exhibit = team.productivity(ws)
    told = exhibit.findings[0].values
    assert told["people"] == pytest.approx(heads)
    assert told["value"] == pytest.approx(float(sold) / heads)
    measures = [cell.values["value"] for cell in exhibit.frame.measure]
    assert measures == ["bookings", "gross_margin", "revenue", "cash_in"]
    assert exhibit.frame.per_ramped.gt(
        exhibit.frame.per_person
    ).all()  # newcomers make the denominator smaller


def test_units_add_up_to_the_company(ws):
    frame = team.productivity_by(ws, "team").frame
    units, total = frame[~frame.is_total], frame[frame.is_total].iloc[0]
    assert units.actual.sum() == pytest.approx(total.actual)
    assert units.average.sum() == pytest.approx(total.average)


def test_turnover_agrees_with_the_days_of_leaving(ws, raw):
    reps = raw.execute("SELECT * FROM reps WHERE role <> 'director'").df()
    left = pd.to_datetime(reps.left_on).between("2025-01-01", "2025-12-31").sum()
    heads = quarter_days(reps, "2025-01-01", "2025-12-31").sum() / 365
    assert team.turnover(ws).findings[0].values["rate"] == pytest.approx(left / heads)


def test_spread_agrees_with_the_tables(ws, raw):
    sold = raw.execute(
        "SELECT rep_id, SUM(net_amount) AS a FROM sales WHERE kind = 'order' AND dated_on BETWEEN '2025-10-01' AND '2025-12-31' GROUP BY rep_id"
    ).df()
    goals = raw.execute(f"""SELECT scope_id AS rep_id, SUM(value) AS t FROM ({NEWEST}) WHERE period IN ('2025-10', '2025-11', '2025-12')
        GROUP BY scope_id""").df()
    both = goals.merge(sold, how="left").fillna(0)
    reached = both.a.astype(float) / (both.t.astype(float) * 100)
    told = team.attainment_spread(ws).findings[0].values
    assert told["n"] == len(reached)
    assert told["share"] == pytest.approx((reached >= 1).mean())
    second = team.attainment_spread(ws).findings[1].values
    assert second["band"] == pytest.approx(((reached >= 0.9) & (reached <= 1.1)).mean())
    assert second["spread"] == pytest.approx(reached.quantile(0.9) / reached.quantile(0.5))
    pairs = np.abs(np.subtract.outer(reached.to_numpy(), reached.to_numpy())).mean() / (2 * reached.mean())
    assert second["gini"] == pytest.approx(pairs)  # half the mean difference of all pairs over the mean


def test_the_planted_ramp_lies_inside_every_interval(ws):
    """The sample company's newcomers work at 60, 70, 80, 90 and 95 % in their first five months."""
    found = ramp(ws)
    assert found.people >= 10
    planted = [*_RAMP, *[1.0] * (len(found.months) - len(_RAMP))]
    for month, truth in zip(found.months.itertuples(), planted):
        assert month.low <= truth <= month.high, month


def test_no_effect_of_tenure_was_planted_and_none_is_claimed(ws):
    assert team.tenure_effect(ws).findings[0].id == "tenure.none"


def test_five_measures_by_hand():
    people = pd.DataFrame({"actual": [100.0] * 4 + [600.0], "attainment": [0.5, 0.95, 1.0, 1.05, 2.0]})
    found = measures_of(people, (0.5, 0.7), 0.2).set_index("measure")
    assert found.value["quota_share"] == 0.6
    assert found.value["on_target_share"] == 0.6
    assert found.value["top_fifth_share"] == 0.6
    assert found.value["spread_p90_p50"] == pytest.approx(1.62)  # (1.05 + 0.6 × 0.95) / 1.00
    assert found.verdict["quota_share"] == "open"  # of five people nothing can be told
    assert pd.isna(found.verdict["on_target_share"])


def test_bars_hold_enough_people_and_lose_none():
    people = pd.DataFrame({"attainment": [0.2] * 2 + [0.6] * 3 + [0.8] * 7 + [0.95] * 6 + [1.05] + [1.4] * 4})
    frame = bars(people, 5).frame
    assert frame.n.tolist() == [5, 7, 6, 5]
    assert frame.n.min() >= 5
    assert frame.n.sum() == len(people)


def test_runs_are_the_year_to_date_and_ordered(ws, raw):
    (lead,) = team.runs(ws)
    shown = [lead, *lead.parts]
    assert sum(part.frame.panel.nunique() for part in shown) == lead.findings[0].values["n"] == 60
    for part in shown:
        last = part.frame.groupby("panel", sort=False).actual.last()
        assert last.is_monotonic_decreasing
        assert len(last) <= 12
    name = lead.frame.panel.iloc[0]
    own = raw.execute("SELECT rep_id FROM reps WHERE name = ? AND left_on IS NULL", [name]).fetchone()[0]
    sold = raw.execute(
        "SELECT SUM(net_amount) FROM sales WHERE kind = 'order' AND rep_id = ? AND year(dated_on) = 2025",
        [own],
    ).fetchone()[0]
    goal = raw.execute(
        f"SELECT SUM(value) FROM ({NEWEST}) WHERE scope_id = ? AND period LIKE '2025-%'",
        [own],
    ).fetchone()[0]
    assert lead.frame[lead.frame.panel == name].actual.iloc[-1] == pytest.approx(
        float(sold) / float(goal) / 100
    )


def test_visits_are_said_to_be_missing(ws):
    found = team.account_coverage(ws)
    assert isinstance(found, Missing)
    assert found.needs == ("activities",)


def test_teams_of_few_people_are_not_shown(workspace, line):
    reps = [
        {"rep_id": f"{t}{n}", "role": "ae", "hired_on": "2020-01-01"}
        for t, size in (("a", 6), ("b", 6), ("c", 2))
        for n in range(size)
    ]
    org = [
        {"rep_id": r["rep_id"], "team": r["rep_id"][0], "region": "R", "valid_from": "2020-01-01"}
        for r in reps
    ]
    lines = [line("2026-04-10", 100, rep_id=r["rep_id"]) for r in reps]
    ws = workspace(period="2026-04", as_of="2026-04-30", reps=reps, org=org, order_lines=lines)
    found = team.productivity_by(ws, "team")
    assert set(found.frame.unit) == {"total", "a"} or set(found.frame.unit) == {
        "total",
        "b",
    }  # nor c as the rest of the whole
    assert any(note.id == "note.few_held" and note.values["n"] == 2 for note in found.notes)


def test_without_people_everything_says_what_it_needs(workspace, line):
    ws = workspace(period="2026-04", order_lines=[line("2026-04-10", 100, rep_id="a")])
    found = (
        team.productivity(ws),
        team.productivity_by(ws),
        team.turnover(ws),
        team.attainment_spread(ws),
        *team.runs(ws),
        team.tenure_effect(ws),
        team.newcomers(ws),
    )
    assert all(isinstance(one, Missing) and one.needs for one in found)
