"""Texts that would hurt: each is refused in one sentence, or read with what is wrong in it set aside."""

from __future__ import annotations

import gzip
import resource
import zipfile
from pathlib import Path

import pytest

from salesops_lib.cleaning import reading
from salesops_lib.cleaning.reading import containers, limits
from salesops_lib.cleaning.reading.reads import text_reader
from salesops_lib.errors import DataError

TEXT = "Order ID,Order Date,Amount\n" + "".join(f"A{k},2026-03-05,{k}\n" for k in range(200))


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("empty.csv", b"", "is empty"),
        ("blank.csv", b"\n \n\r\n", "is empty"),
        ("marks.csv", b"\xef\xbb\xbf", "is empty"),
        ("zip.csv", b"PK\x03\x04" + b"x" * 50, "an Excel workbook"),
        ("pdf.csv", b"%PDF-1.4 ...", "a PDF"),
        ("zeros.csv", b"a,b\n\x00\x01,2\n", "zero bytes"),
        ("noise.csv", bytes(range(256)) * 64, "control characters"),
        ("half.csv.gz", gzip.compress(TEXT.encode())[:-20], "damaged"),
        ("bad.csv.gz", b"\x1f\x8b\x08\x00" + b"x" * 40, "damaged"),
        ("bad.zip", b"x", "is not a zip"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        reading.read(written(tmp_path / name, data))


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    found = reading.read(written(tmp_path / "a.csv", b"Order ID,Order Date,Amount\n"))
    assert (found.headers, found.rows) == (("Order ID", "Order Date", "Amount"), [])


def test_a_bomb_is_refused_before_it_bursts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "UNPACKED_SMALL", 1 << 20)
    bomb = TEXT.encode() + b"A,2026-01-01,1\n" * 400_000
    written(tmp_path / "a.csv.gz", gzip.compress(bomb))
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", bomb)
    for name in ("a.csv.gz", "a.zip"):
        with pytest.raises(DataError, match="looks like a zip bomb"):
            reading.read(tmp_path / name)


def test_an_archive_with_a_password_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", TEXT)
    data = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    with pytest.raises(DataError, match="protected by a password"):
        reading.read(written(path, bytes(data)))


def test_a_member_that_is_gone_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", TEXT)
    with (
        pytest.raises(DataError, match="no longer holds b"),
        containers.opened(reading.Part(tmp_path / "a.zip", "b.csv")),
    ):
        pass


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_a_line_without_end_is_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.setattr(limits, "RECORD_BYTES", 5_000)
    text = TEXT + "B1,2026-01-01," + "9" * 3_000_000 + "\nB2,2026-01-01,5\nB3," + "é" * 6_000
    found = reading.read(written(tmp_path / "a.csv", text.encode(encoding)))
    assert list(found.aside.line) == [202, 204]
    assert set(found.aside.reason) == {"line is longer than 2 MB"}
    assert found.aside.value.str.len().max() <= limits.KEPT_TEXT
    assert found.rows[-1] == ("B2", "2026-01-01", "5")


@pytest.mark.slow
def test_a_field_of_300_mb_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("wb") as handle:
        handle.write(TEXT.encode() + b'B1,2026-01-01,"')
        for _ in range(300):
            handle.write(b"x" * 1_000_000)
        handle.write(b'"\nB2,2026-01-01,5\n')
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = reading.read(path)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"300 MB field: {grown:.0f} MB more memory")
    assert list(found.aside.line) == [202]
    assert len(found.rows) == 201
    assert grown < 100


def test_an_endless_quotation_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RECORD_LINES", 20)
    found = reading.read(
        written(tmp_path / "a.csv", (TEXT + '"B1,2026-01-01,5\n' + "C,2026-01-01,5\n" * 500).encode())
    )
    assert list(found.aside.line) == [202]
    assert len(found.rows) == 700


def test_too_many_columns_are_refused(tmp_path: Path) -> None:
    wide = ",".join(f"c{k}" for k in range(16_384))
    with pytest.raises(DataError, match=r"has 16,384 columns"):
        reading.read(written(tmp_path / "a.csv", f"{wide}\n{wide}\n".encode()))


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", TEXT.encode())
    reader = text_reader(reading.Part(path))
    rows, _ = reader.__enter__()
    next(iter(rows))
    path.write_text(TEXT + "B,2026-01-01,1\n")
    with pytest.raises(DataError, match="changed while it was read"):
        reader.__exit__(None, None, None)
