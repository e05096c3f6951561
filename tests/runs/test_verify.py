"""What was changed after it was published is found and named (FAULTS.md S54)."""

import json

import pytest

from salesops_lib import chain
from salesops_lib.runs import publish
from salesops_lib.runs.verify import verify


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.delenv(chain.KEY, raising=False)
    folder = publish.reports_folder(tmp_path)
    for report in ("a", "b"):
        for text in (b"one", b"two"):
            put(folder, report, text)
    return tmp_path


def put(folder, report, text):
    files = {f"2026-01/{report}.en.html": text, f"2026-01/{report}.en.xlsx": text}
    publish.publish(
        folder, [{"report": report, "period": "2026-01", "lang": "en", "files": list(files)}], files
    )


def rewritten(reports, entries):
    """A manifest as our own code would write it: the digest is right."""
    known = {publish.identity(entry): entry for entry in entries}
    (reports / "manifest.json").write_bytes(publish._manifest_of(known))


def test_what_nobody_touched_holds(root):
    found = verify(root)
    assert (found.faults, found.n_lines, found.n_files, found.n_unlinked) == ((), 4, 4, 0)
    assert len(found.link) == 64


def a_page(reports):
    (reports / "2026-01" / "a.en.html").write_bytes(b"better")


def a_page_removed(reports):
    (reports / "2026-01" / "a.en.xlsx").unlink()


def the_manifest(reports):
    path = reports / "manifest.json"
    path.write_text(path.read_text().replace('"2026-01"', '"2026-02"'))


def a_page_with_its_digest(reports):
    a_page(reports)
    entries = publish.manifest(reports)
    entries[0]["files"]["2026-01/a.en.html"] = publish.sha256(b"better")
    rewritten(reports, entries)


def an_earlier_publication(reports):
    """Page, workbook and manifest put back together, all digests right."""
    first = next(line.entry for line in chain.read(reports / publish.HISTORY))
    for name in first["files"]:
        (reports / name).write_bytes(b"one")
    rewritten(reports, [first, publish.manifest(reports)[1]])


def the_history(reports):
    path = reports / publish.HISTORY
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:1], *lines[2:]]) + "\n")


def the_history_gone(reports):
    (reports / publish.HISTORY).unlink()


CHANGES = {
    a_page: ["2026-01/a.en.html"],
    a_page_removed: ["2026-01/a.en.xlsx"],
    the_manifest: ["manifest.json"],
    a_page_with_its_digest: ["2026-01 a en"],
    an_earlier_publication: ["2026-01 a en"],
    the_history: [".runs/published.log: line 2", "2026-01 a en"],
    the_history_gone: ["2026-01 a en", "2026-01 b en"],
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_was_changed_is_named(root, change):
    change(root / "reports")
    found = verify(root).faults
    assert len(found) == len(CHANGES[change]), found
    for words, fault in zip(CHANGES[change], found, strict=True):
        assert words in fault


def test_a_history_written_anew_without_the_key_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv(chain.KEY, "secret")
    folder = publish.reports_folder(tmp_path)
    put(folder, "a", b"one")
    assert verify(tmp_path).faults == ()
    monkeypatch.delenv(chain.KEY)
    (folder / publish.HISTORY).unlink()
    put(folder, "a", b"better")
    assert verify(tmp_path).faults == ()
    monkeypatch.setenv(chain.KEY, "secret")
    (fault,) = verify(tmp_path).faults
    assert "line 1 (2026-01 a en) is not signed" in fault
    assert "secret" not in "".join(path.read_text() for path in folder.rglob("*") if path.is_file() and "reserve" not in str(path))  # fmt: skip


def test_a_history_from_before_the_chain_holds_and_goes_on(root):
    path = root / "reports" / publish.HISTORY
    entries = [line.entry for line in chain.read(path)]
    texts = [json.dumps(entry, ensure_ascii=False, sort_keys=True).encode() for entry in entries]
    path.write_bytes(b"".join(b"\n" + publish.sha256(text).encode() + b" " + text for text in texts))
    assert verify(root).faults == ()
    put(root / "reports", "a", b"three")
    found = verify(root)
    assert (found.faults, found.n_lines, found.n_unlinked) == ((), 5, 4)
