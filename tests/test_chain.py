"""Append-only files: whatever is done to one shows, with and without a key (FAULTS.md S54)."""

import hashlib
import hmac
import json
import multiprocessing

import pytest

from salesops_lib import chain


@pytest.fixture
def book(tmp_path, monkeypatch):
    monkeypatch.delenv(chain.KEY, raising=False)
    path = tmp_path / "book"
    for n in range(5):
        chain.append(path, [{"n": n}])
    return path


def faults(path):
    return [(line.number, line.fault) for line in chain.read(path) if line.fault]


def test_each_line_holds_on_to_the_one_before(book):
    """The digests by hand, from the file's own name on."""
    link = hashlib.sha256(b"book").hexdigest()
    for n, line in enumerate(book.read_text().splitlines()):
        digest = hashlib.sha256(json.dumps({"n": n}).encode()).hexdigest()
        link = hashlib.sha256(f"{link} {digest}".encode()).hexdigest()
        assert line == f'{digest} {link} {{"n": {n}}}'
    assert faults(book) == []
    assert [line.entry for line in chain.read(book)] == [{"n": n} for n in range(5)]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda lines: [*lines[:2], lines[2].replace('"n": 2', '"n": 7'), *lines[3:]], [3, 4]),
        (lambda lines: [*lines[:2], *lines[3:]], [3]),
        (lambda lines: [*lines[:2], lines[3], lines[2], lines[4]], [3, 4, 5]),
        (lambda lines: [*lines[:3], lines[1], *lines[3:]], [4, 5]),
        (lambda lines: lines[1:], [1]),
        (lambda lines: [*lines[:4], lines[4][:-3]], [5]),
        (lambda lines: [*lines[:4], lines[4].split(" ")[0] + ' {"n": 4}'], [5]),
    ],
    ids=["changed", "removed", "moved", "repeated", "first removed", "torn", "link taken off"],
)
def test_what_was_done_to_a_line_shows(book, change, found):
    book.write_text("\n".join(change(book.read_text().splitlines())) + "\n")
    assert [number for number, _ in faults(book)] == found


def test_a_torn_line_loses_itself_alone(book):
    book.write_bytes(book.read_bytes()[:-5])
    chain.append(book, [{"n": 5}])
    assert [number for number, _ in faults(book)] == [5]
    assert [line.entry.get("n") for line in chain.read(book)] == [0, 1, 2, 3, None, 5]


def test_with_a_key_lines_written_without_it_are_not_signed(book, monkeypatch):
    monkeypatch.setenv(chain.KEY, "secret")
    chain.append(book, [{"n": 5}])
    assert [line.is_signed for line in chain.read(book)] == [False] * 5 + [True]
    *_, last = chain.read(book)
    assert last.signature == hmac.new(b"secret", last.link.encode(), "sha256").hexdigest()
    assert b"secret" not in book.read_bytes()
    monkeypatch.setenv(chain.KEY, "another")
    assert faults(book) == [(6, f"is not signed with the key of {chain.KEY}")]
    monkeypatch.delenv(chain.KEY)
    assert faults(book) == []


def test_lines_of_older_files_are_read(tmp_path):
    path, text = tmp_path / "book", b'{"n": 0}'
    path.write_bytes(b"\n" + hashlib.sha256(text).hexdigest().encode() + b" " + text)
    chain.append(path, [{"n": 1}])
    assert [(line.entry, bool(line.link), line.fault) for line in chain.read(path)] == [
        ({"n": 0}, False, ""),
        ({"n": 1}, True, ""),
    ]


def test_a_line_of_another_file_does_not_count(book):
    other = book.with_name("other")
    other.write_bytes(book.read_bytes())
    assert [number for number, _ in faults(other)] == [1]


def test_a_disk_that_is_full_adds_nothing(book, monkeypatch):
    import os

    def full(descriptor):
        raise OSError(28, "No space left on device")

    before = book.read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        chain.append(book, [{"n": 5}])
    assert book.read_bytes() == before


def _append(path):
    for n in range(20):
        chain.append(path, [{"n": n}])


def test_writers_at_the_same_time_make_one_chain(tmp_path):
    path = tmp_path / "book"
    writers = [multiprocessing.get_context("fork").Process(target=_append, args=(path,)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert faults(path) == []
    assert len(list(chain.read(path))) == 60
