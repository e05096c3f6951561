"""Generation: same bytes for the same seed, refusals, and what is left behind."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from salesops_lib.errors import DataError
from salesops_lib.synthetic import generate
from salesops_lib.tables import TABLES
from salesops_lib.tables.canonical.pay import PAY


def digests(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_same_seed_same_bytes_whatever_the_threads(tmp_path):
    for name, threads in (("one", 1), ("two", 2), ("again", 2)):
        generate(tmp_path / name, lines=20_000, seed=5, threads=threads)
    assert digests(tmp_path / "one") == digests(tmp_path / "two") == digests(tmp_path / "again")


def test_another_seed_is_another_company(tmp_path):
    generate(tmp_path / "a", lines=10_000, seed=1)
    generate(tmp_path / "b", lines=10_000, seed=2)
    a, b = digests(tmp_path / "a"), digests(tmp_path / "b")
    assert a.keys() == b.keys()
    assert {name for name in a if a[name] == b[name]} == set()


@pytest.mark.parametrize("lines", [10_000, 10_001])
def test_exactly_as_many_lines_as_asked(tmp_path, load_sample, lines):
    generate(tmp_path, lines=lines, seed=3)
    orders = load_sample(tmp_path).read("orders.csv")
    assert len(orders.drop_duplicates(["order_id", "line_id"])) == lines


@pytest.mark.parametrize("lines", [0, 9_999, 100_000_001])
def test_impossible_sizes_are_refused(tmp_path, lines):
    with pytest.raises(DataError, match=r"10,000 to 100,000,000"):
        generate(tmp_path, lines=lines)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_no_folder_is_refused(tmp_path):
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(DataError, match="cannot be written"):
        generate(tmp_path, lines=10_000)
    assert (tmp_path / "data").read_text() == "in the way"


def test_other_files_are_left_alone_and_no_scratch_stays(tmp_path):
    own = tmp_path / "data/raw/mine.csv"
    own.parent.mkdir(parents=True)
    own.write_text("a,b\n")
    raw = generate(tmp_path, lines=10_000)
    assert raw == own.parent
    assert own.read_text() == "a,b\n"
    assert sorted(p.name for p in (tmp_path / "data").iterdir()) == ["demo", "raw"]


def test_every_canonical_table_has_a_file_and_headers_are_known_words(sample):
    """Each header, folded, is the column's name, its Chinese name or one of its synonyms in the contract."""

    def folded(text: str) -> str:
        return "".join(ch for ch in text.casefold() if ch.isalnum())

    of_pay = {table.name for table in PAY}  # the sample company has no splits, and posts no statements
    unheld = {"pipeline_snapshots"}  # nor does it keep these
    assert {about["table"] for about in sample.truth["files"].values()} == set(TABLES) - of_pay - unheld
    for name, about in sample.truth["files"].items():
        table = TABLES[about["table"]]
        for header, column in about["mapping"].items():
            known = {folded(w) for w in (column, table[column].zh, *table[column].synonyms)}
            assert folded(header) in known, (name, header)
        assert set(table.required) <= set(about["mapping"].values()), name
        assert len(sample.read(name)) == about["rows"] == sample.truth["dirt"][name]["rows"]


@pytest.mark.slow
def test_more_lines_are_the_same_company_larger(tmp_path, load_sample, sample):
    generate(tmp_path, lines=200_000)
    large = load_sample(tmp_path)
    assert len(large.read("orders.csv").drop_duplicates(["order_id", "line_id"])) == 200_000
    for name in ("reps.csv", "org.csv", "products.csv", "trainings.csv", "fx.csv"):
        assert (large.raw / name).read_bytes() == (sample.raw / name).read_bytes()
    for year in ("2023", "2024", "2025"):
        ratio = large.truth["totals"][year]["bookings_fen"] / sample.truth["totals"][year]["bookings_fen"]
        # 60,000 lines of about 1.3 coefficient of variation a third of them a year: 1 % standard error.
        assert ratio == pytest.approx(200_000 / 60_000, rel=0.04)
    counts = {k: v["n"] for k, v in large.truth["dirt"]["orders.csv"]["faults"].items()}
    read = large.read("orders.csv")
    assert int(read.duplicated().sum()) == counts["duplicate_line"]
    assert int((read.customer_id == "").sum()) == counts["blank_customer"]


@pytest.mark.slow
def test_work_in_a_file_gives_the_same_bytes_as_in_memory(tmp_path):
    from salesops_lib.synthetic import build

    for name, in_file in (("memory", False), ("file", True)):
        build.write(tmp_path / name, 200_000, 4, 2, memory="1GB", in_file=in_file)
    assert digests(tmp_path / "memory") == digests(tmp_path / "file")
