"""From nothing, and from a file, to reports: with stand-in notebooks and the true data rooms."""

import pytest
from click.testing import CliRunner
from standin import SHOW, write_notebook

from salesops_lib.cli import main

ORDERS = "Order ID,Order Date,Customer,Product,Quantity,Amount\n" + "".join(
    f"A{n},2026-{1 + n % 3:02d}-{1 + n % 27:02d},C{n % 7},P{n % 5},{1 + n % 4},{100 + n}.50\n"
    for n in range(60)
)


def salesops(*args, **settings):
    return CliRunner().invoke(main, [str(arg) for arg in args], **settings)


@pytest.fixture
def place(tmp_path):
    """A workspace with a notebook and nothing else."""
    write_notebook(tmp_path / "place" / "notebooks" / "10_first.ipynb", SHOW)
    return tmp_path / "place"


@pytest.fixture
def orders(tmp_path):
    path = tmp_path / "orders 2026.csv"
    path.write_text(ORDERS, encoding="utf-8")
    return path


def test_demo_goes_from_nothing_to_reports_and_again(place, warm):
    for _ in range(2):
        result = salesops("-w", place, "demo", "--orders", "10000", "--lang", "zh")
        assert result.exit_code == 0, result.output
        assert (place / "data" / "demo" / "truth.json").is_file()
        assert list((place / "reports").glob("2*/10_first.zh.html"))
        assert "rows in = used + merged + set aside" in result.stdout
        assert "s in all." in result.stdout


def test_demo_leaves_other_data_alone(place, orders, warm):
    (place / "data" / "raw").mkdir(parents=True)
    (place / "data" / "raw" / "orders.csv").write_text("mine")
    result = salesops("-w", place, "demo")
    assert result.exit_code == 1
    assert "holds other data" in result.stderr
    assert (place / "data" / "raw" / "orders.csv").read_text() == "mine"
    (place / "data" / "raw" / "orders.csv").unlink()
    assert salesops("-w", place, "add", orders, "--yes").exit_code == 0
    assert "holds other data" in salesops("-w", place, "demo").stderr


def test_demo_refuses_too_few_orders(place):
    result = salesops("-w", place, "demo", "--orders", "10")
    assert result.exit_code == 1
    assert "Ask for" in result.stderr


def test_report_goes_from_a_file_to_a_page(place, orders, warm):
    result = salesops("report", orders, "--yes", "-w", place)
    assert result.exit_code == 0, result.output
    assert "Order Date" in result.stdout
    assert "2026-02 team 3" in (place / "reports" / "2026-02" / "10_first.en.html").read_text()
    assert str(place / "reports" / "2026-02" / "10_first.en.html") in result.stdout


def test_report_makes_a_workspace_of_its_own(tmp_path, orders, warm, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("salesops_lib.runs.batch.regular", lambda root: [book])
    book = write_notebook(tmp_path / "elsewhere" / "10_first.ipynb", SHOW)
    for _ in range(2):
        result = salesops("report", orders, "--yes", "--period", "2026-02")
        assert result.exit_code == 0, result.output
        assert f"Workspace: {tmp_path / 'salesops-orders 2026'}" in result.stdout
        assert (tmp_path / "salesops-orders 2026" / "reports" / "2026-02" / "10_first.en.html").is_file()


def test_add_load_and_run_one_after_another(place, orders, warm):
    added = salesops("-w", place, "add", orders, "--yes")
    assert added.exit_code == 0, added.output
    assert "sources.yaml" in added.stdout
    loaded = salesops("-w", place, "load")
    assert loaded.exit_code == 0, loaded.output
    assert "60" in loaded.stdout
    assert salesops("-w", place, "run").exit_code == 0


def test_a_file_without_a_table_in_it_is_said(place, tmp_path):
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    result = salesops("-w", place, "add", tmp_path / "notes.csv", "--yes")
    assert result.exit_code == 1
    assert "notes.csv" in result.stderr


def test_load_without_sources_is_said(place):
    result = salesops("-w", place, "load")
    assert result.exit_code == 1
    assert "salesops add" in result.stderr
