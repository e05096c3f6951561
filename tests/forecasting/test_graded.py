"""Forecasts that reports made against what came: hand-made records, hand-computed figures."""

from __future__ import annotations

import pandas as pd
import pytest

from salesops_lib.forecasting import kept
from salesops_lib.forecasting.ahead import ahead
from salesops_lib.forecasting.graded import accuracy, graded, held
from salesops_lib.metrics import Exhibit, Missing
from salesops_lib.metrics.kept import FORECASTS, digest
from salesops_lib.workspace import Workspace

HEAD = "said_on,as_of,measure,level,unit,month,expected,low_80,high_80,naive,scale\n"


@pytest.fixture
def ws(workspace, line) -> Workspace:
    """100 a month in 2024 and 2025, but for 200 in November and 50 in December 2025, the month that is not over."""
    amounts = {"2025-11": 200, "2025-12": 50}
    rows = [
        line(f"{month}-0{2 if month.month == 1 else 1}", amounts.get(str(month), 100))
        for month in pd.period_range("2024-01", "2025-12", freq="M")
    ]
    return workspace(period="2025-12", as_of="2025-12-15", order_lines=rows)


def say(ws: Workspace, day: str, *rows: str, report: str = "21_forecast", as_of: str = "") -> None:
    folder = ws.root / kept.FOLDER / day
    folder.mkdir(parents=True, exist_ok=True)
    body = "".join(f"{day},{as_of or day},bookings,company,,{row}\n" for row in rows)
    (folder / f"{report}.csv").write_text(HEAD + body, encoding="utf-8")


def test_what_was_said_is_held_against_what_came(ws):
    say(
        ws,
        "2025-09-30",
        "2025-10,110,90,120,80,20",
        "2025-11,150,140,160,100,20",
        "2025-12,100,90,110,100,20",
    )
    say(ws, "2025-10-31", "2025-11,180,150,210,100,20")
    found = held(ws, ahead(ws))
    assert found[["said_on", "month", "expected", "actual"]].to_numpy().tolist() == [
        ["2025-09-30", "2025-10", 110, 100],
        ["2025-09-30", "2025-11", 150, 200],
        ["2025-10-31", "2025-11", 180, 200],
    ]
    told = accuracy(found)
    assert told["n"] == 3
    assert told["wape"] == pytest.approx((10 + 50 + 20) / 500)
    assert told["mase"] == pytest.approx((10 + 50 + 20) / 3 / 20)
    assert told["bias"] == pytest.approx((10 - 50 - 20) / 500)
    assert told["coverage"] == pytest.approx(2 / 3)
    assert told["naive_wape"] == pytest.approx((20 + 100 + 100) / 500)
    assert told["value_added"] == pytest.approx((220 - 80) / 500)


def test_a_month_that_is_not_over_and_one_that_had_begun_are_not_graded(ws):
    say(ws, "2025-11-10", "2025-11,190,180,210,100,20", "2025-12,100,90,110,100,20")
    assert held(ws, ahead(ws)).empty
    (missing,) = graded(ws, ahead(ws))
    assert isinstance(missing, Missing)
    assert missing.why == "note.no_forecast_came"


def test_what_is_said_on_the_day_itself_or_later_is_not_read(ws):
    say(ws, "2025-12-15", "2025-11,1,1,1,1,1")
    say(ws, "2026-01-31", "2025-11,1,1,1,1,1")
    (missing,) = graded(ws, ahead(ws))
    assert missing.why == "note.no_forecast_kept"
    assert digest(ws.root, FORECASTS, ws.window.end) == ""


def test_one_forecast_of_a_day_counts_once(ws):
    for report, expected in (("10_performance_review", 110), ("21_forecast", 999)):
        say(ws, "2025-09-30", f"2025-10,{expected},90,120,80,20", report=report)
    assert held(ws, ahead(ws)).expected.tolist() == [110]


def test_the_section_says_it_all(ws, found):
    say(ws, "2025-09-30", "2025-10,110,90,120,80,20")
    say(ws, "2025-10-31", "2025-11,180,150,190,100,20", as_of="2025-12-15")
    table, last = graded(ws, ahead(ws))
    assert isinstance(table, Exhibit)
    told = found(table)
    assert told["graded.wape"].values["wape"] == pytest.approx(30 / 300)
    assert told["graded.added"].tone == "good"
    assert told["graded.coverage_off"].tone == "bad"  # 1 of 2, the policy asks for 70 to 90 %
    assert {n.id: n.values for n in table.notes}["note.graded_late"] == {"n": 1}
    assert "note.no_commit" in {n.id for n in table.notes}
    assert last.frame[["label", "value", "base"]].to_numpy().tolist() == [
        ["2025-10", 110, 100],
        ["2025-11", 180, 200],
    ]


def test_what_is_kept_is_what_the_page_says_and_read_back(ws):
    seen = ahead(ws)
    rows = kept.said(ws, seen)
    assert set(rows.said_on) == {"2025-12-15"}
    company = seen.months[seen.months.level == "company"]
    assert rows[rows.level == "company"].expected.tolist() == company["median"].tolist()
    assert rows.set_index("month").naive["2026-05"] == 100
    # mean |difference to the year before| of eleven months that are over: 100 in November, else 0
    assert rows.scale.iloc[0] == round(100 / 11)
    path = ws.root / kept.FOLDER / "2025-12-15" / "21_forecast.csv"
    path.parent.mkdir(parents=True)
    rows.to_csv(path, index=False)
    again = kept.earlier(ws.root, pd.Timestamp("2026-01-31").date())
    pd.testing.assert_frame_equal(again, rows, check_dtype=False)
