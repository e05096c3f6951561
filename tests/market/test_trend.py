"""Sales over time, and where they grow."""

from __future__ import annotations

import pandas as pd
import pytest

from salesops_lib import market


@pytest.fixture(scope="module")
def ws(shared_workspace, line):
    """24 months of East falling by a tenth and West rising by a fifth; 100 and 100 a month in 2024."""
    rows = []
    for month in range(1, 13):
        for year, east, west in ((2024, 1000, 1000), (2025, 900, 1200)):
            day = f"{year}-{month:02}-10"
            rows += [
                line(day, east, region="East", category="Drives"),
                line(day, west, region="West", category="Bearings"),
            ]
    return shared_workspace(period="2025-12", as_of="2025-12-31", order_lines=rows)


def test_each_month_stands_beside_its_year_before(ws, found):
    exhibit = market.trend(ws)
    assert exhibit.frame.label.tolist()[0] == "2024-12"
    assert exhibit.frame.actual.tolist() == [2000] + [2100] * 12
    assert exhibit.frame.base.tolist()[1:] == [2000] * 12
    assert pd.isna(exhibit.frame.base[0])
    told = found(exhibit)["trend.annual"].values
    assert (told["actual"], told["growth"], told["month"]) == (25_200, pytest.approx(0.05), "2025-12")


def test_a_month_under_way_stands_beside_the_same_stretch(workspace, line):
    rows = [line("2025-03-05", 410), line("2025-03-31", 490), line("2026-03-05", 460)]
    frame = market.trend(workspace(period="2026-03", as_of="2026-03-16", order_lines=rows)).frame.set_index(
        "label"
    )
    assert (frame.actual["2026-03"], frame.base["2026-03"], frame.is_complete["2026-03"]) == (460, 410, False)


def test_january_and_february_are_told_together_where_the_festival_moves(workspace, line, found):
    rows = [
        line("2025-01-10", 100),
        line("2025-02-10", 300),
        line("2026-01-12", 250),
        line("2026-02-10", 190),
    ]
    ws = workspace(
        period="2026-02",
        as_of="2026-03-02",
        policy={"calendar.country": "CN"},
        order_lines=[*rows, line("2026-03-02", 1)],
    )
    told = found(market.trend(ws))["trend.january_february"].values
    assert (told["actual"], told["growth"]) == (440, pytest.approx(0.1))
    at_home = workspace(period="2026-02", as_of="2026-03-02", order_lines=[*rows, line("2026-03-02", 1)])
    assert "trend.january_february" not in found(market.trend(at_home))


def test_panels_name_who_fell_three_months_running(ws, found):
    exhibit = market.panels(ws)
    assert set(exhibit.frame.panel) == {"East", "West"}
    told = found(exhibit)["panels.falling"].values
    # 3 · (1000 − 900) lost
    assert (told["unit"], told["at_stake"], told["growth"]) == ("East", 300, pytest.approx(-0.1))


def test_where_growth_comes_from(ws, found):
    exhibit = market.heat_map(ws)
    frame = exhibit.frame.set_index(["row", "column"])
    assert frame.difference.to_dict() == {("East", "Drives"): -100, ("West", "Bearings"): 200}
    assert frame.growth["West", "Bearings"] == pytest.approx(0.2)
    assert found(exhibit)["where.gained"].values["delta"] == 200
    assert found(exhibit)["where.lost"].values["at_stake"] == 100


def test_nothing_changed(workspace, line, found):
    rows = [line(day, 100, region="East", category="Drives") for day in ("2025-03-10", "2026-03-10")]
    assert "where.unchanged" in found(
        market.heat_map(workspace(period="2026-03", as_of="2026-03-31", order_lines=rows))
    )


def test_what_is_needed(workspace):
    ws = workspace(as_of="2026-03-31")
    assert market.trend(ws).needs == ("sales.net_amount",)
    assert market.panels(ws).needs == ("sales.region",)
    assert market.heat_map(ws).needs == ("sales.region", "sales.category")
