"""Tables: units, order, totals, escaping."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from salesops_lib.metrics import Exhibit
from salesops_lib.reporting import tables
from salesops_lib.reporting.heat import show_matrix
from salesops_lib.reporting.tiles import show_tiles
from salesops_lib.reporting.voice import Voice


def _rows(html: str) -> list[list[str]]:
    root = ET.fromstring(f"<div>{html}</div>")
    return [["".join(c.itertext()) for c in row if c.tag in ("td", "th")] for row in root.iter("tr")]


def test_cells_and_header_units(samples):
    rows = _rows(tables.show(samples.standing(), Voice("en", "CNY")))
    assert rows[0] == [
        "Unit",
        "Actual¥M",
        "Target¥M",
        "Previous year¥M",
        "Left to target¥M",
        "Attainment",
        "Growth",
    ]
    assert rows[1] == ["East", "14.2", "12.5", "12.9", "1.7", "113.6%", "+10.1%"]
    assert rows[6][2] == "–"
    assert [row[6] for row in rows[5:8]] == ["new", "−4.4%", "n.m."]


def test_the_total_stands_last_and_is_marked(samples):
    html = tables.show(samples.standing("zh"), Voice("zh", "CNY"))
    assert _rows(html)[-1][:2] == ["合计", "4,516"]
    assert re.search(r'<tr class="total"><th scope="row" class="t">合计', html)


def test_fifteen_rows_and_what_is_left(samples):
    html = tables.show(samples.ranking(), Voice("en", "CNY"))
    assert len(_rows(html)) == 16
    assert "8 rows more in the workbook, sheet “top_customers”" in html
    assert "1 row more" in tables.show(samples.ranking(), Voice("en", "CNY"), limit=22)


def test_data_bars_are_as_long_as_their_figures(samples):
    html = tables.show(samples.ranking(), Voice("en", "CNY"))
    widths = [float(w) for w in re.findall(r"width:([\d.]+)%", html)]
    values = samples.ranking().frame["value"].head(15)
    assert widths == pytest.approx([55 * v / values[0] for v in values], abs=0.06)


def test_hostile_names_are_escaped(samples):
    html = tables.show(samples.table(), Voice("en"), limit=99)
    names = [row[0] for row in _rows(html)][2:]
    assert names == list(samples.HOSTILE)
    assert "<script" not in html


def test_a_hostile_column_name_is_escaped():
    exhibit = Exhibit("x", "table", pd.DataFrame({"<img src=x onerror=mark()>": [1]}))
    assert "<img" not in tables.show(exhibit, Voice("en"))


def test_a_scorecard_speaks_each_metrics_unit(samples):
    rows = _rows(tables.show(samples.scorecard(), Voice("en", "CNY")))
    assert [row[1] for row in rows[1:]] == ["¥46.0M", "¥41.8M", "31.2%", "38", "52.4", "27.0%"]


def test_tiles_show_value_change_and_attainment(samples):
    html = show_tiles(samples.scorecard(), Voice("en", "CNY"))
    assert html.count('class="tile"') == 6
    assert '<b class="good">+12.2%</b> vs previous year' in html
    assert '<b class="bad">+6.7%</b> vs previous year' in html  # days to cash: lower is better
    assert '<b class="good">+1.4\u00a0pp</b>' in html  # a rate changes in points, not per cent
    assert '<b class="muted">new</b>' in html
    assert "达成率 <b>51.1%</b>" in show_tiles(samples.scorecard(), Voice("zh", "CNY"))


def test_tile_bars_share_one_scale(samples):
    html = show_tiles(samples.scorecard(), Voice("en", "CNY"))
    actual = float(re.search(r'class="ac" style="width:([\d.]+)%', html).group(1))
    target = float(re.search(r'class="pl" style="left:([\d.]+)%', html).group(1))
    assert actual / target == pytest.approx(46_012_345 / 90_000_000, abs=0.002)


def test_matrix_cells_take_the_shade_of_their_growth(samples):
    exhibit = samples.matrix()
    html = show_matrix(exhibit, Voice("en", "CNY"))
    rows = _rows(html)
    assert rows[0][1:] == ["Sensors", "Analysers", "Flow meters", "Service"]
    assert rows[1][1] == "4.40−33%"
    assert 'class="n h-down3">4.40' in html
    assert 'class="n h-up1">4.95' in html
    assert rows[3][4] == "–"  # no such cell


def test_matrix_without_growth_shades_by_value(samples):
    exhibit = samples.matrix()
    bare = Exhibit("w", "matrix", exhibit.frame.drop(columns="growth"), metric="bookings")
    html = show_matrix(bare, Voice("en", "CNY"))
    assert "h-v4" in html
    assert "h-up" not in html


def test_ids_of_frames_read_as_words():
    frame = pd.DataFrame({"step": ["new_products"], "amount": [1_00]})
    assert _rows(tables.show(Exhibit("b", "bridge", frame), Voice("zh", "CNY")))[1][0] == "新产品"


def test_the_policys_names_of_stages_are_used():
    frame = pd.DataFrame({"step": ["S3"], "n": [4]})
    voice = Voice("en", "CNY", names={"S3": "Proposal"})
    assert _rows(tables.show(Exhibit("b", "flow", frame), voice))[1] == ["Proposal", "4"]


def test_a_share_in_a_matrix_changes_in_points():
    frame = pd.DataFrame(
        {"row": ["a", "b"], "column": ["x", "x"], "value": [0.2, 0.1], "growth": [0.029, -0.004]}
    )
    html = show_matrix(Exhibit("w", "matrix", frame, metric="win_rate"), Voice("en"))
    assert 'class="n h-up3">20.0%<small>+2.9\u00a0pp' in html
    assert 'class="n h-flat">10.0%<small>−0.4\u00a0pp' in html


def test_pace_is_shown_only_while_the_period_runs():
    frame = pd.DataFrame(
        {"unit": ["a"], "actual": [1_00], "attainment": [0.5], "pace": [1.0], "expected_share": [0.5]}
    )
    assert "Pace" in _rows(tables.show(Exhibit("s", "standing", frame), Voice("en")))[0]
    over = frame.assign(expected_share=1.0)
    assert "Pace" not in _rows(tables.show(Exhibit("s", "standing", over), Voice("en")))[0]


def test_whole_numbers_are_written_like_those_beside_them() -> None:
    frame = pd.DataFrame({"unit": ["East", "West"], "capacity": [17.8, 12.0], "n_people": [18.0, 12.0]})
    exhibit = Exhibit(
        "target_capacity", "table", frame, units={"capacity": "quantity", "n_people": "quantity"}
    )
    html = str(tables.show(exhibit, Voice("en")))
    assert ">12.0<" in html
    assert ">12<" in html


def test_changes_have_their_sign_and_nothing_has_no_colour() -> None:
    frame = pd.DataFrame({"unit": ["East", "West"], "growth": [0.0001, 0.2], "change": [0.014, -0.02]})
    exhibit = Exhibit("target_units", "table", frame, units={"growth": "ratio", "change": "ratio"})
    html = str(tables.show(exhibit, Voice("en")))
    assert '<td class="n">0.0%</td>' in html.replace("+0.0%", "0.0%")
    assert '<td class="n good">+20.0%</td>' in html
    assert '<td class="n">+1.4%</td>' in html
