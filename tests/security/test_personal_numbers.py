"""Personal numbers in names and notes: none on pages, in workbooks, index and mails; figures and ids untouched (FAULTS.md S49)."""

from __future__ import annotations

import json
import os
import random
import re
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from personal import scan, texts

from salesops_lib import runs
from salesops_lib.metrics import Exhibit, Finding
from salesops_lib.policy import DEFAULT
from salesops_lib.reporting import render_index
from salesops_lib.reporting.privacy import Privacy, masked
from salesops_lib.runs import deliver
from salesops_lib.runs.report import Result
from salesops_lib.runs.units import Unit

sys.path.append(str(Path(__file__).parents[1] / "notebooks"))

from built_once import sample_company  # noqa: F401

SEED = int(os.environ.get("SALESOPS_SEED") or random.SystemRandom().randrange(10**9))
#: An order number that is also a sound card number.
LUHN_ID = "4000000000006"


def test_none_of_10_000_is_left_and_the_scanner_saw_each():
    print(f"seed of personal numbers: {SEED} (again with SALESOPS_SEED={SEED})")
    made = texts(SEED, 10_000)
    unseen = [text for _, text in made if not scan(text)]
    assert unseen == [], "the scanner itself is blind"
    left = [(kind, text, masked(text)) for kind, text in made if scan(masked(text))]
    assert left == []
    assert [text for _, text in made if masked(masked(text)) != masked(text)] == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("张三 13812345678", "张三 138****5678"),
        ("+86 138-1234-5678", "+86 138****5678"),
        ("电话１３８１２３４５６７８", "电话138****5678"),
        ("11010519491231002X", "110***********002X"),  # the standard's own example, GB 11643-1999
        ("130503670401001", "130********1001"),
        ("4111 1111 1111 1111", "4111****1111"),  # the published test number of Visa
        ("zhang.san@example.com", "z***@example.com"),
        ("京A·12345", "京A***45"),
        ("粤BD12345", "粤B***45"),
        ("13812345678,13912345678 李四", "138****5678,139****5678 李四"),
    ],
)  # fmt: skip
def test_enough_is_left_to_recognise_ones_own(text, shown):
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "订单 2024112512345678", "SO13812345678", "6901234567892", "91110000802100433B", "11010519491231002Y",
        "4111111111111112", "1,381,234,567,890", "13812345678.50", "-1.9344000000000006", "2024-11-25 13:45:59", "010-62345678",
        "川A系列", "A-12345", "sales@", "0f1381234567812a", "12345678901234567890123",
    ],
)  # fmt: skip
def test_what_only_looks_like_one_stays(text):
    assert masked(text) == text


def test_figures_and_ids_are_never_touched_and_each_number_counts_once():
    frame = pd.DataFrame(
        {
            "order_id": [LUHN_ID, "13812345678"],
            "name": ["张三 13812345678", LUHN_ID],
            "note": [f"card {LUHN_ID}", None],
            "amount": [13812345678, 4000000000006],
            "rate": [13812345678.0, 0.5],
        }
    )
    told = Finding("x", {"name": "张三 138 1234 5678", "n": 13812345678, "names": ("a@example.com", "b")})
    privacy = Privacy(is_id={LUHN_ID}.__contains__)
    shown = privacy.of(Exhibit("x", "table", frame, findings=(told,)))
    assert shown.frame.order_id.tolist() == frame.order_id.tolist()
    assert shown.frame.name.tolist() == ["张三 138****5678", LUHN_ID]
    assert shown.frame.note.tolist()[0] == "card 4000****0006"
    for column in ("amount", "rate"):
        assert shown.frame[column].tolist() == frame[column].tolist()
        assert shown.frame[column].dtype == frame[column].dtype
    assert shown.findings[0].values == {"name": "张三 138****5678", "n": 13812345678, "names": ("a***@example.com", "b")}  # fmt: skip
    assert privacy.n_masked == 3
    assert frame.name[0] == "张三 13812345678"


def test_a_value_of_an_id_column_that_is_more_than_a_code_is_masked():
    assert Privacy().of("张三 13812345678", "rep_id") == "张三 138****5678"
    assert Privacy(lambda code: True).of("a@example.com", "rep_id") == "a***@example.com"


def test_units_in_index_mail_and_file_names():
    unit, failed = "华东 13812345678", "no rows of 13812345678"
    entry = {"report": "a", "period": "2026-01", "lang": "zh", "unit": unit, "title": "", "html": "a.html"}
    result = Result("a", "2026-01", "zh", "failed", message=failed, unit=unit)
    shown = [render_index([entry], "zh"), deliver._subject(entry), deliver._failures([result], "zh").body]
    shown.append(Unit("region", unit).file_name)
    for text in shown:
        assert "1381234" not in text
        assert "5678" in text
    assert Unit("region", "华东 13800005678").file_name != Unit("region", unit).file_name


# --- a company of such names -------------------------------------------------------------------


@pytest.fixture(scope="module")
def company(tmp_path_factory, shared_store) -> tuple[Path, list[str]]:
    root = tmp_path_factory.mktemp("company")
    (root / "data").mkdir()
    names = [text for _, text in texts(SEED, 60)]
    lines = [
        {
            "order_id": f"o{year}{month}-{n}", "line_id": "1", "ordered_on": f"{year}-{month:02}-{1 + n % 27:02}",
            "customer_id": LUHN_ID if n == 0 else f"c{n % 12}", "product_id": f"p{n % 7}", "product_name": names[n % 7 + 20],
            "rep_id": f"r{n % 4}", "region": names[n % 3], "channel": names[n % 2 + 30], "category": names[n % 4 + 40], "quantity": 2,
            "net_amount": 1000_00 + n * 10_00 + 10**9 * (n == 0), "list_price": 900_00, "currency": "CNY",
        }
        for year in (2024, 2025) for month in range(1, 13) for n in range(12)
    ]  # fmt: skip
    shared_store(
        path=root / "data" / "facts.duckdb",
        currency="CNY",
        order_lines=lines,
        customers=[{"customer_id": f"c{n}", "name": names[n + 5], "region": names[n % 3]} for n in range(12)],
        reps=[{"rep_id": f"r{n}", "name": names[n + 50]} for n in range(4)],
    ).close()
    (root / "policy.yaml").write_text(DEFAULT.read_text("utf-8") + "report: {quality_gate: none}\n", "utf-8")
    return root, names


def _bare(text: str) -> str:
    return re.sub(r"[\s\-–·()+]|&nbsp;", "", text)


def test_no_page_workbook_or_index_shows_one(company):
    root, names = company
    made = runs.run(root, ["10"], period="2025-12", lang="en,zh")
    made += runs.run(root, ["10"], period="2025-12", lang="en", by="region")
    assert {result.status for result in made} == {"published"}, [result.message for result in made]
    hidden = {_bare(hit) for name in names for hit in scan(name)}
    reports = root / "reports"
    for path in [path for path in reports.rglob("*") if path.is_file() and ".runs" not in path.parts]:
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as archive:
                text = "".join(archive.read(n).decode() for n in archive.namelist())
        else:
            text = path.read_text("utf-8")
        if path.name != "manifest.json":  # for programs: it names units as the data do
            assert [number for number in hidden if number in _bare(text)] == [], path
    english, chinese = (made[n].path.read_text("utf-8") for n in (0, 1))
    assert re.search(r"\d+ personal numbers masked", english)
    assert re.search(r"已隐去\d+个个人号码", chinese)
    assert LUHN_ID in english
    summary = json.loads(
        (reports / ".runs" / made[0].run_folder.name / "output" / "page.en.json").read_text()
    )
    assert scan(summary["headline"]) == []


# --- real data: nothing is masked that is no personal number -----------------------------------


def _changed(frame: pd.DataFrame) -> list[str]:
    cells = (str(value) for column in frame for value in frame[column].dropna().unique())
    return [value for value in cells if masked(value) != value]


def test_nothing_of_the_sample_company_is_taken_for_one(sample_company):  # noqa: F811
    read = 0
    for path in sorted((sample_company / "data" / "raw").glob("*.csv")):
        encoding = "gb18030" if path.name == "客户档案.csv" else "utf-8"
        frame = pd.read_csv(path, dtype=str, encoding=encoding)
        read += frame.size
        assert _changed(frame) == [], path
    assert read > 100_000


@pytest.mark.parametrize(
    "name",
    [
        "superstore/Sample - Superstore.xls",
        "superstore_zh/示例 - 超市.xls",
        pytest.param("online_retail/online_retail.csv.gz", marks=pytest.mark.slow),
    ],
)
def test_nothing_of_real_files_is_taken_for_one(shared_data, name):
    path = shared_data / name
    if not path.is_file():
        pytest.skip(f"no {name} in {shared_data}")
    if path.suffix == ".xls":
        sheets = pd.read_excel(path, sheet_name=None, dtype=str, engine="calamine").values()
    else:
        sheets = [pd.read_csv(path, dtype=str)]
    assert sum(map(len, sheets)) > 9_000
    assert [value for sheet in sheets for value in _changed(sheet)] == []
