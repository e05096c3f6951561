"""How `salesops add` shows what it understood, and what it asks."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from salesops_lib.cleaning import Source, read_sources
from salesops_lib.cli import data, main

HEAD = "单据编号,单据日期,客户名称,数量,折扣单价说明,金额,制单人\n"
ROWS = "".join(
    f"XS-{n:03d},2026/01/{n:02d},上海华信电子科技有限公司{n},{n},x,{n * 10}.5,张伟\n" for n in range(1, 13)
)


def salesops(*args, **settings):
    return CliRunner().invoke(main, [str(arg) for arg in args], **settings)


@pytest.fixture
def journal(tmp_path):
    path = tmp_path / "销售.csv"
    path.write_text(HEAD + ROWS, encoding="utf-8")
    return path


@pytest.fixture
def place(tmp_path):
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


def test_the_table_shows_column_header_confidence_and_values(place, journal):
    result = salesops("-w", place, "add", journal, "--yes")
    assert result.exit_code == 0, result.output
    assert "销售.csv → order_lines" in result.stdout
    (line,) = [line for line in result.stdout.splitlines() if line.strip().startswith("order_id")]
    assert "单据编号" in line
    assert "XS-001 · XS-002 · XS-003" in line
    assert "not used: " in result.stdout
    assert "制单人" in result.stdout


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_of_the_table_is_wider_than_the_terminal(place, journal, width, monkeypatch):
    from rich.console import Console

    from salesops_lib.cli import show

    monkeypatch.setattr(show, "console", lambda: Console(soft_wrap=True, highlight=False, width=width))
    result = salesops("-w", place, "add", journal, "--yes")
    table = result.stdout.partition("not used")[0].splitlines()
    assert max(map(cell_len, table)) <= width


def test_unsure_columns_and_assumptions_stand_below():
    source = Source(
        "a.csv",
        "order_lines",
        {"order_id": "No", "rep_id": "Owner"},
        confidences={"order_id": 0.97, "rep_id": 0.7},
        units={"net_amount": 10_000},
        reasons=("assumed: dates like 01/02/2026 read as dmy",),
        unmapped=("Note",),
    )
    assert data.remarks(source) == [
        "? unsure, please check: rep_id",
        "net_amount × 10,000",
        "assumed: dates like 01/02/2026 read as dmy",
        "not used: Note",
    ]
    assert data.mapped(source)["sure"].tolist() == ["97%", "? 70%"]


def test_a_question_shows_values_and_takes_its_default(place, tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("Order ID,Order Date,Customer,Amount\nA1,01/02/2026,Ann,1\nA2,02/02/2026,Bo,2\n")
    result = salesops("-w", place, "add", path, input="\n")
    assert result.exit_code == 0, result.output
    assert "are dates like 01/02/2026, 02/02/2026 day first (dmy) or month first (mdy)?" in result.stdout
    (source,) = read_sources(place)
    assert source.date_order in ("dmy", "mdy")


def test_a_total_is_recorded_and_typos_are_named(place, journal):
    result = salesops("-w", place, "add", journal, "--yes", "--control", "net_amount=780,5")
    assert result.exit_code == 0, result.output
    (source,) = read_sources(place)
    assert source.control == {"net_amount": "7805"}
    result = salesops("-w", place, "add", journal, "--yes", "--control", "net_amout=1")
    assert (result.exit_code, "did you mean 'net_amount'" in result.stderr) == (1, True)
    assert salesops("-w", place, "add", journal, "--control", "net_amount").exit_code == 2
    result = salesops("-w", place, "add", journal, "--table", "order_line")
    assert (result.exit_code, "did you mean 'order_lines'" in result.stderr) == (1, True)


def test_a_file_that_is_not_used_says_why(place, journal, tmp_path):
    notes = tmp_path / "notes.csv"
    notes.write_text("Table,Field,Description\na,b,c\n")
    result = salesops("-w", place, "add", notes, journal, "--yes")
    assert (
        "notes.csv: not used: the headers (Table, Field, Description) do not belong to any table"
        in result.stdout
    )


def test_an_address_need_not_be_a_file(place, tmp_path):
    result = salesops("-w", place, "add", f"sqlite:///{tmp_path / 'nowhere.db'}", "--yes")
    assert result.exit_code == 1
    assert "nowhere.db" in result.stderr
    assert salesops("-w", place, "add", tmp_path / "nowhere.csv").exit_code == 2
