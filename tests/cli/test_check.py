"""`salesops check`: faults of both files, what a newer version changes, schema, document, history."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from salesops_lib.cli import main

ROOT_POLICY = Path(__file__).parents[2] / "policy.yaml"


def salesops(*args):
    return CliRunner().invoke(main, [str(arg) for arg in args])


@pytest.fixture
def place(tmp_path):
    """A workspace with the sample policy alone."""
    (tmp_path / "policy.yaml").write_bytes(ROOT_POLICY.read_bytes())
    return tmp_path


def _edited(place: Path, name: str, *pairs: tuple[str, str]) -> Path:
    text = (place / "policy.yaml").read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    file = place / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_two_policies_are_compared_in_words(place):
    newer = _edited(place, "newer.yaml", ("version: 2025.1.0", "version: 2025.2.0"), ("ae: 0.10", "ae: 0.12"))
    result = salesops("check", place / "policy.yaml", newer)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[0] == "Sales policy 2025: 2025.1.0 → 2025.2.0"
    assert "Discount: 12% (before: 10%) [can change pay]" in result.stdout
    chinese = salesops("check", place / "policy.yaml", newer, "--lang", "zh").stdout
    assert "折扣：12%（原：10%）【可能影响薪酬】" in chinese
    assert salesops("check", place / "policy.yaml", newer, "--lang", "fr").exit_code == 1


def test_faults_of_both_files_are_listed(place):
    one = _edited(place, "one.yaml", ("horizon_months: 6", "horizon_monthz: 6"))
    two = _edited(place, "two.yaml", ("vat: 0.13", "vat: 13"))
    result = salesops("check", one, two)
    assert result.exit_code == 1
    assert (
        "forecast.horizon_monthz: is not a key of this block; did you mean 'horizon_months'?" in result.stderr
    )
    assert "semantics.vat: 13 must be at most 1; e.g. vat: 0.13" in result.stderr


def test_the_schema_is_printed_alone():
    result = salesops("check", "--schema")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["title"] == "salespolicy/v1"


def test_the_document_is_written_where_it_is_asked_for(place):
    assert salesops("-w", place, "check", "--html").exit_code == 0
    english = (place / "reports" / "policy.en.html").read_text(encoding="utf-8")
    assert "Nothing is sold below 70% of list price." in english
    assert "index.html" not in english
    result = salesops("-w", place, "check", "--html", place / "out")
    assert [Path(line).name for line in result.stdout.splitlines()[-2:]] == [
        "policy.en.html",
        "policy.zh.html",
    ]
    assert (place / "out" / "policy.en.html").read_text(encoding="utf-8") == english


def test_a_folder_that_cannot_be_written_is_named(place):
    (place / "blocked").write_text("a file", encoding="utf-8")
    result = salesops("-w", place, "check", "--html", place / "blocked")
    assert result.exit_code == 1
    assert "Cannot write" in result.stderr
    assert "--html DIR" in result.stderr


def test_the_history_of_a_workspace_is_checked_too(place):
    _edited(place, "policies/2025.1.0.yaml")
    assert "policies: 1 version," in salesops("-w", place, "check").stdout
    _edited(place, "policies/2025.2.0.yaml", ("version: 2025.1.0", "version: 2025.2.0"))
    result = salesops("-w", place, "check")
    assert result.exit_code == 1
    assert "Versions 2025.1.0 and 2025.2.0 both hold on 2025-01-01" in result.stderr
