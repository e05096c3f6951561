"""Disks that are full, read-only, out of inodes, without links or away: what is published stays."""

import errno
import os
import subprocess

import pytest
from invariants import Guard
from standin import SHOW, write_notebook

from salesops_lib import runs
from salesops_lib.errors import RunError
from salesops_lib.runs import ledger, publish


@pytest.fixture
def small_disk(standin, warm):
    """Mounts a small file system for the reports of `standin`, whose 10_first is published on it."""
    reports = standin / "reports"
    reports.mkdir()

    def mount(options):
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", reports], capture_output=True, text=True
        )
        if done.returncode:
            pytest.skip(f"a tmpfs cannot be mounted here: {done.stderr.strip()}")
        assert [r.status for r in runs.run(standin, ["10"])] == ["published"]
        return reports

    yield mount
    subprocess.run(["umount", "--lazy", reports], capture_output=True, check=False)


def fill(reports, free):
    """Use up all of the disk but `free` bytes."""
    room = os.statvfs(reports)
    with (reports / "filler").open("wb") as filler:
        filler.write(b"\0" * max(0, room.f_bavail * room.f_frsize - free))


# F19: the executed notebook; F20: the page; F21: manifest, history, record.  Where what was put by
# for the record is enough for all of the report, it is published.
@pytest.mark.parametrize("free", [0, 4096, 8192, 16384, 24576, 32768, 40960, 49152, 57344, 65536, 81920])
def test_f19_f20_f21_a_full_disk(small_disk, standin, free):
    reports = small_disk("size=1m")
    fill(reports, free)
    with Guard(standin) as guard:
        (result,) = runs.run(standin, ["10"], force=True)
    if result.status == "published":
        guard.holds(is_unchanged=False)
    else:
        assert result.cause in ("disk", "publish"), result.message
        assert "No space left" in result.message
        guard.holds("disk", "publish")
    (reports / "filler").unlink()
    guard.mended()
    assert len(list((reports / publish.RESERVE).iterdir())) == 4


def test_f22_out_of_inodes(small_disk, standin):
    reports = small_disk("size=4m,nr_inodes=60")
    n = os.statvfs(reports).f_ffree
    for number in range(n):
        (reports / f"filler-{number}").touch()
    with Guard(standin) as guard:
        (result,) = runs.run(standin, ["10"], force=True)
    assert (result.status, result.cause) == ("failed", "disk")
    assert "free some space" in result.message
    guard.holds("disk")
    for number in range(n):
        (reports / f"filler-{number}").unlink()
    guard.mended()


def test_f22_a_read_only_file_system_is_refused_before_a_kernel_starts(small_disk, standin):
    reports = small_disk("size=4m")
    with Guard(standin) as guard:
        subprocess.run(["mount", "-o", "remount,ro", reports], check=True)
        with pytest.raises(RunError, match=r"Cannot write .*Read-only file system"):
            runs.run(standin, ["10"], force=True)
        subprocess.run(["mount", "-o", "remount,rw", reports], check=True)
    guard.holds()
    guard.mended()


@pytest.fixture
def published(standin, warm):
    assert [r.status for r in runs.run(standin, ["10"])] == ["published"]
    return standin


class Share:
    """A network share: from the `first`-th renaming on, `times` of them are refused."""

    def __init__(self, monkeypatch, first, times, number=errno.ESTALE):
        self.calls, self._real = 0, os.replace
        self._away, self._number = range(first, first + times), number
        monkeypatch.setattr(os, "replace", self.replace)

    def replace(self, source, target):
        is_ours = ".staging" in str(source)
        self.calls += is_ours
        if is_ours and self.calls in self._away:
            raise OSError(self._number, os.strerror(self._number), str(target))
        self._real(source, target)


@pytest.mark.parametrize("first", [1, 2, 3])
@pytest.mark.parametrize("times", [1, 3])
def test_f55_a_share_that_is_away_for_a_moment(published, monkeypatch, first, times):
    """Refused once it is taken back and tried again; refused thrice, taking back is refused as well."""
    write_notebook(published / "notebooks" / "10_first.ipynb", "top = 4", SHOW)
    with Guard(published) as guard:
        Share(monkeypatch, first, times)
        limits = runs.Limits(attempts=5, pause_seconds=0.01)
        (result,) = runs.run(published, ["10"], limits=limits)
    assert result.status == "published", result.message
    assert result.attempts > 1
    guard.holds(is_unchanged=False)


@pytest.mark.parametrize("first", [1, 2, 3])
def test_f55_a_share_that_stays_away(published, monkeypatch, first):
    write_notebook(published / "notebooks" / "10_first.ipynb", "top = 4", SHOW)
    with Guard(published) as guard, monkeypatch.context() as away:
        Share(away, first, 1000)
        (result,) = runs.run(published, ["10"], limits=runs.Limits(attempts=2, pause_seconds=0.01))
        assert (result.status, result.cause, result.attempts) == ("failed", "publish", 2)
        said = [k.get("cause") for k in ledger.records(published / "reports")]
    assert said[1:] == ["publish", "publish"]
    # from the second move on, taking back is refused too: the next publisher completes it instead
    guard.holds("publish", is_unchanged=first == 1)
    guard.mended()


@pytest.mark.parametrize("cut_at", range(1, 8))
def test_f55_taking_back_may_be_cut_off_and_begun_again(tmp_path, monkeypatch, cut_at):
    """The move of the last file is refused, and a kill cuts the taking back off at every step in turn."""
    folder = publish.reports_folder(tmp_path)
    entry = {"report": "a", "period": "2026-01", "lang": "en"}
    names = ["2026-01/a.en.html", "2026-01/a.en.xlsx"]
    publish.publish(folder, [{**entry, "files": names}], dict.fromkeys(names, b"one"))
    (before,) = publish.manifest(folder)

    class Killed(BaseException):
        pass

    real, calls = os.replace, []

    def replace(source, target):
        calls.append(target)
        if len(calls) == 3:
            raise OSError(errno.EIO, "Input/output error", str(target))
        if len(calls) == 3 + cut_at:
            raise Killed
        real(source, target)

    with monkeypatch.context() as away:
        away.setattr(os, "replace", replace)
        with pytest.raises((Killed, RunError)):
            publish.publish(folder, [{**entry, "files": names}], dict.fromkeys(names, b"two"))
    with publish.locked(folder):
        pass
    (after,) = publish.manifest(folder)
    assert (after == before) == (cut_at > 1)  # cut off before it began, the publication is completed
    assert publish.is_intact(folder, after)
    assert not (folder / ".staging").exists()


@pytest.mark.parametrize("number", [errno.ENOTSUP, errno.EXDEV, errno.EPERM])
def test_f56_a_file_system_that_cannot_rename_is_refused(published, monkeypatch, number):
    with Guard(published) as guard, monkeypatch.context() as there:
        Share(there, 1, 1000, number)
        (result,) = runs.run(published, ["10"], force=True)
    assert (result.status, result.cause, result.attempts) == ("failed", "publish", 1)
    assert ("cannot rename files: make" in result.message) == (number != errno.EPERM)
    guard.holds("publish")
    guard.mended()


def test_f56_a_file_system_without_hard_links_is_served(published, monkeypatch):
    def no_links(source, target):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    with Guard(published) as guard:
        (result,) = runs.run(published, ["10"], force=True)
    assert result.status == "published"
    guard.holds(is_unchanged=False)


def test_f08_what_is_moved_was_synced_before_and_its_folder_after(tmp_path, monkeypatch):
    """In this order: new files, history, journal, their folder, the moves, the folders moved into."""
    folder, seen = publish.reports_folder(tmp_path), []
    real_sync, real_replace = os.fsync, os.replace

    def fsync(descriptor):
        seen.append(("sync", os.readlink(f"/proc/self/fd/{descriptor}").removeprefix(str(folder) + "/")))
        real_sync(descriptor)

    def replace(source, target):
        seen.append(("move", os.path.relpath(target, folder)))
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    name = "2026-01/a.en.html"
    publish.publish(folder, [{"report": "a", "period": "2026-01", "lang": "en", "files": [name]}], {name: b"one"})  # fmt: skip
    assert seen[:5] == [
        ("sync", publish.HISTORY),
        ("sync", ".staging/new-0"),
        ("sync", ".staging/new-1"),
        ("sync", ".staging/journal.json"),
        ("sync", ".staging"),
    ]
    assert seen[5:7] == [("move", name), ("move", publish.MANIFEST)]
    assert set(seen[7:]) == {("sync", "2026-01"), ("sync", str(folder))}
