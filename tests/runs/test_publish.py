import json
import multiprocessing
import os

import pytest

from salesops_lib.errors import RunError
from salesops_lib.runs import publish

ENTRY = {"report": "a", "period": "2026-01", "lang": "en"}


def put(folder, entry, files):
    """Publish one entry that owns all `files`."""
    publish.publish(folder, [{**entry, "files": list(files)}], files)


def content(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock" and ".runs" not in path.parts
    }


@pytest.fixture
def folder(tmp_path):
    made = publish.reports_folder(tmp_path)
    put(made, ENTRY, {"2026-01/a.en.html": b"one", "2026-01/a.en.xlsx": b"one"})
    return made


def test_publishes_files_with_their_digests(folder):
    (entry,) = publish.manifest(folder)
    assert entry["files"]["2026-01/a.en.html"] == publish.sha256(b"one")
    assert publish.is_intact(folder, entry)
    (folder / "2026-01" / "a.en.html").write_bytes(b"two")
    assert not publish.is_intact(folder, entry)


def test_a_report_is_replaced_and_others_stay(folder):
    put(folder, {**ENTRY, "lang": "zh"}, {"2026-01/a.zh.html": b"zh"})
    put(folder, ENTRY, {"2026-01/a.en.html": b"two"})
    assert [entry["lang"] for entry in publish.manifest(folder)] == ["en", "zh"]
    assert (folder / "2026-01" / "a.en.html").read_bytes() == b"two"


@pytest.mark.parametrize("failing", range(3))
def test_a_refused_move_takes_all_moves_back(folder, monkeypatch, failing):
    before, real, calls = content(folder), os.replace, []

    def refuse_once(source, target):
        calls.append(target)
        if len(calls) == failing + 1:
            raise PermissionError(13, "Permission denied", str(target))
        real(source, target)

    monkeypatch.setattr(os, "replace", refuse_once)
    with pytest.raises(RunError, match="Permission denied"):
        put(folder, ENTRY, {"2026-01/a.en.html": b"two", "2026-01/b.html": b"new"})
    assert content(folder) == before


@pytest.mark.parametrize("killed_at", range(8))
def test_a_kill_leaves_the_old_set_or_the_new_one(folder, killed_at):
    """Every system call of the publication in turn is the last one of its process."""

    def die(folder, killed_at):
        calls = []
        for name in ("replace", "fsync"):
            real = getattr(os, name)

            def counted(*args, real=real):
                calls.append(args)
                if len(calls) > killed_at:
                    os.kill(os.getpid(), 9)
                return real(*args)

            setattr(os, name, counted)
        put(folder, ENTRY, {"2026-01/a.en.html": b"two", "2026-01/a.en.xlsx": b"two"})

    process = multiprocessing.get_context("fork").Process(target=die, args=(folder, killed_at))
    process.start()
    process.join()
    assert process.exitcode == -9
    with publish.locked(folder):
        pass
    (entry,) = publish.manifest(folder)
    assert publish.is_intact(folder, entry)
    contents = {path.read_bytes() for path in (folder / "2026-01").iterdir()}
    assert contents in ({b"one"}, {b"two"})
    assert not (folder / ".staging").exists()


def test_another_publisher_makes_it_busy(folder, monkeypatch):
    monkeypatch.setattr(publish, "LOCK_SECONDS", 0.1)
    with publish.locked(folder), pytest.raises(RunError, match="BUSY"):
        put(folder, ENTRY, {"2026-01/a.en.html": b"two"})


def test_a_file_where_reports_belong_is_said(tmp_path):
    (tmp_path / "reports").write_text("in the way")
    with pytest.raises(RunError, match=r"Cannot write .*reports"):
        publish.reports_folder(tmp_path)


def test_a_file_where_the_period_belongs_changes_nothing(folder):
    (folder / "2026-02").write_text("in the way")
    before = content(folder)
    with pytest.raises(RunError, match="Cannot write"):
        put(folder, {**ENTRY, "period": "2026-02"}, {"2026-02/a.en.html": b"two"})
    assert content(folder) == before


def test_file_systems_without_hard_links_are_served(folder, monkeypatch):
    def no_links(source, target):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    put(folder, ENTRY, {"2026-01/a.en.html": b"two"})
    assert (folder / "2026-01" / "a.en.html").read_bytes() == b"two"


def test_a_damaged_manifest_is_said(folder):
    before = publish.manifest(folder)
    for damaged in ('{"repo', json.dumps({"reports": []}), "[]"):
        (folder / "manifest.json").write_text(damaged)
        with pytest.raises(RunError, match="damaged"):
            publish.manifest(folder)
        assert "made again" in publish.mend(folder)
        assert publish.manifest(folder) == before
    assert publish.mend(folder) == ""


def test_a_link_that_leads_out_of_the_reports_is_refused(tmp_path):
    folder, elsewhere = publish.reports_folder(tmp_path / "work"), tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "2026-01").symlink_to(elsewhere)
    with pytest.raises(RunError, match="leads out of the reports"):
        put(folder, ENTRY, {"2026-01/a.en.html": b"one"})
    assert list(elsewhere.iterdir()) == []
