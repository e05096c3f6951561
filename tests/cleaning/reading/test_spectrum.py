"""csv-spectrum: twelve small files with their truth as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from salesops_lib.cleaning import reading

NAMES = [
    "comma_in_quotes",
    "empty",
    "empty_crlf",
    "escaped_quotes",
    "json",
    "newlines",
    "newlines_crlf",
    "quotes_and_newlines",
    "simple",
    "simple_crlf",
    "utf8",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_read_as_its_truth_says(shared_data: Path, name: str) -> None:
    folder = shared_data / "csv_spectrum"
    data = (folder / "csvs" / f"{name}.csv").read_bytes()
    truth = (folder / "json" / f"{name}.json").read_text("utf-8")
    if b"\r" not in data:
        # Our copy of newlines_crlf.csv lost its carriage returns on the way; its truth kept them.
        truth = truth.replace("\\r\\n", "\\n")
    found = reading.read(folder / "csvs" / f"{name}.csv")
    assert [dict(zip(found.headers, row, strict=True)) for row in found.rows] == json.loads(truth)
    assert not len(found.aside)


def test_the_twelfth_contradicts_itself(shared_data: Path) -> None:
    folder = shared_data / "csv_spectrum"
    found = reading.read(folder / "csvs" / "location_coordinates.csv")
    truth = json.loads((folder / "json" / "location_coordinates.json").read_text())
    (row,) = found.rows
    assert (
        row[0],
        truth["Contact Phone Number"] if isinstance(truth, dict) else truth[0]["Contact Phone Number"],
    ) == (
        "2095257564",
        "1234567890",
    )
