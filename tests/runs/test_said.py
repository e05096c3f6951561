"""What reports forecast is kept once, whole, and a unit finds its own alone."""

from __future__ import annotations

import pytest

from salesops_lib.errors import RunError
from salesops_lib.metrics.exhibit import KEPT
from salesops_lib.reporting.catalogue import message
from salesops_lib.runs import inputs, said
from salesops_lib.runs.units import WHOLE, Unit

EAST, TEAM = Unit("region", "East"), Unit("team", "East")


def made(tmp_path, expected):
    output = tmp_path / f"output-{expected}"
    output.mkdir()
    (output / KEPT).write_text(f"said_on,expected\n2025-12-31,{expected}\n")
    return output


def test_what_was_first_said_of_a_day_stands(tmp_path):
    for expected in (1, 2):
        said.keep(tmp_path, WHOLE, "21_forecast", made(tmp_path, expected))
    (file,) = (tmp_path / "forecasts").rglob("*.*")
    assert file.relative_to(tmp_path).as_posix() == "forecasts/2025-12-31/21_forecast.csv"
    assert file.read_text().endswith("2025-12-31,1\n")


def test_a_report_without_a_forecast_keeps_nothing(tmp_path):
    (tmp_path / "output").mkdir()
    said.keep(tmp_path, WHOLE, "01_data_quality", tmp_path / "output")
    assert not (tmp_path / "forecasts").exists()


def test_a_unit_finds_its_own_alone(tmp_path):
    for number, unit in enumerate((WHOLE, EAST, TEAM)):
        said.keep(tmp_path, unit, "21_forecast", made(tmp_path, number))
    own = tmp_path / "own"
    own.mkdir()
    said.put(tmp_path, own, EAST)
    (file,) = (own / "forecasts").rglob("*.csv")
    assert file.relative_to(own).as_posix() == "forecasts/2025-12-31/21_forecast.csv"
    assert file.read_text().endswith("2025-12-31,1\n")
    said.put(tmp_path, own, Unit("region", "West"))  # which has said nothing yet


def test_where_it_cannot_be_kept_it_is_said(tmp_path):
    (tmp_path / "forecasts").write_text("in the way")
    with pytest.raises(RunError, match="Cannot write"):
        said.keep(tmp_path, WHOLE, "21_forecast", made(tmp_path, 1))


def test_only_a_page_that_grades_depends_on_what_was_said(tmp_path):
    known = inputs.Inputs(tmp_path, "2025-12", ("en",), "1", "p", "d", posted="x", forecasts="y")
    for tag, names in (("forecasts", {"forecasts"}), ("statements", {"posted"}), ("on-request", set())):
        notebook = tmp_path / f"{tag}.ipynb"
        notebook.write_text(f'{{"cells": [{{"metadata": {{"tags": ["{tag}"]}}}}]}}')
        parts = known.parts(notebook, "en", {}, "d")
        assert parts.keys() & {"forecasts", "posted"} == names
        for part in parts.keys() - {"lang", "period"}:  # a page names the ones that changed
            assert message(f"part.{part}", "zh")


def test_groups_are_kept_apart_from_forecasts_and_stale_their_page(tmp_path):
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / KEPT).write_text("fitted_on,row,distance,spend\n2025-12-31,1,0.5,1.5\n")
    said.keep(tmp_path, EAST, "22_segments", tmp_path / "output")
    (file,) = tmp_path.rglob("segments/**/*.csv")
    assert file.name == "22_segments.csv"
    assert not (tmp_path / "forecasts").exists()
    known = inputs.Inputs(tmp_path, "2025-12", ("en",), "1", "p", "d", clusters="y")
    for tag, names in (("clusters", {"clusters"}), ("forecasts", set())):
        notebook = tmp_path / f"{tag}.ipynb"
        notebook.write_text(f'{{"cells": [{{"metadata": {{"tags": ["{tag}"]}}}}]}}')
        assert known.parts(notebook, "en", {}, "d").keys() & {"clusters", "forecasts"} == names
