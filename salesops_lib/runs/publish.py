"""The published folder `reports/`: always a whole set of reports, and a manifest that tells.

Files are staged and synced inside `reports/`, then a journal is written, then they are moved
into place.  A publication cut off before the journal leaves no trace; one cut off after it is
completed by the next; one refused by the system is taken back, and when the system refuses that
too, the next publisher takes it back.  One publisher at a time.

The manifest carries its own digest.  What was published is also kept line by line in a history
(`chain`), of which a damaged manifest is made again.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from salesops_lib import chain
from salesops_lib.errors import RunError
from salesops_lib.runs.turns import held

MANIFEST, INDEX = "manifest.json", "index.html"
HISTORY = ".runs/published.log"
RESERVE, _RESERVED = ".runs/.reserve", 4
LOCK_SECONDS = 10.0
#: What object stores mounted as folders answer to a rename.
_NO_RENAME = {errno.ENOTSUP, errno.EXDEV, errno.ENOSYS}
Entry = dict[str, Any]
Move = tuple[str, str, str]


def reports_folder(root: Path) -> Path:
    """`reports/` of the workspace, made ready for runs.

    Raises
    ------
    RunError
        If it cannot be written to.
    """
    folder = root / "reports"
    try:
        (folder / ".runs").mkdir(parents=True, exist_ok=True)
        _put_by(folder / RESERVE)
        (folder / ".lock").open("a").close()
    except OSError as problem:
        raise unwritable(folder, problem) from problem
    if not os.access(folder, os.W_OK | os.X_OK):
        raise unwritable(folder, PermissionError(13, "Permission denied"))
    return folder


def _put_by(reserve: Path) -> None:
    """Keep some blocks and inodes, so that a failure can be recorded when the disk is full."""
    reserve.mkdir(exist_ok=True)
    for number in range(_RESERVED):
        if not (reserve / str(number)).exists():
            (reserve / str(number)).write_bytes(b"\0" * 16384)


def release_reserve(folder: Path) -> None:
    """Give back what `reports_folder` put by; the next run puts it by again."""
    shutil.rmtree(folder / RESERVE, ignore_errors=True)


def unwritable(path: Path, problem: OSError) -> RunError:
    """The message for a `path` that the system refuses to write."""
    remedy = f"Make {path} writable (or free some space) and run again."
    if problem.errno in _NO_RENAME:
        remedy = f"Its file system cannot rename files: make {path} on one that can, and copy it from there."
    return RunError(
        f"Cannot write {problem.filename or path}: {problem.strerror or problem}.\n"
        f"Published reports are as they were. {remedy}"
    )


def manifest(folder: Path) -> list[Entry]:
    """What is published: one entry a report, period and language.

    Raises
    ------
    RunError
        If the manifest is damaged.
    """
    path = folder / MANIFEST
    if not path.exists():
        return []
    entries, is_whole = _parsed(path.read_bytes())
    if not is_whole:
        raise RunError(f"{path} is damaged. Run `salesops run`, which makes it again of what was published.")
    return entries


def _parsed(text: bytes) -> tuple[list[Entry], bool]:
    """Entries that `text` holds, and whether they are what was written."""
    try:
        body = json.loads(text)
        entries = list(body["reports"])
        return entries, body.get("sha256") == sha256(_as_lines(entries))
    except (ValueError, KeyError, TypeError, AttributeError):
        return [], False


def mend(folder: Path) -> str:
    """Make a damaged manifest again; what to tell the user, or nothing when it is whole.

    Kept are entries, of the history or else of what can be read of the manifest, whose files
    are there unchanged.  The damaged one stays beside it as `manifest.damaged.json`.
    """
    path = folder / MANIFEST
    if not path.exists() or _parsed(path.read_bytes())[1]:
        return ""
    with locked(folder):
        text = path.read_bytes()
        entries, is_whole = _parsed(text)
        if is_whole:
            return ""
        known = {
            identity(entry): entry
            for entry in [*entries, *_history(folder)]
            if {"report", "period", "lang", "files"} <= entry.keys() and is_intact(folder, entry)
        }
        _replace(folder, {"manifest.damaged.json": text, MANIFEST: _manifest_of(known)})
    return (
        f"{path} was damaged. It was made again of what had been published: {len(known)} entries.\n"
        "Reports that are not among them will be made anew when they are asked for."
    )


def _history(folder: Path) -> list[Entry]:
    """Entries in the order of their publication; torn and changed lines are left out."""
    return [line.entry for line in chain.read(folder / HISTORY) if line.entry]


def _shorten_history(folder: Path) -> None:
    path, entries = folder / HISTORY, manifest(folder)
    if path.exists() and path.stat().st_size > 2_000_000 and len(_history(folder)) > 2 * len(entries):
        path.unlink()
        chain.append(path, entries)


def identity(entry: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """What an entry is of: period, report, unit (empty for the whole company) and language.

    >>> identity({"report": "12_team", "period": "2026-03", "unit": "North", "lang": "zh", "grade": "A"})
    ('2026-03', '12_team', 'North', 'zh')
    """
    return entry["period"], entry["report"], entry.get("unit", ""), entry["lang"]


def is_intact(folder: Path, entry: Entry) -> bool:
    """Whether the files of `entry` are there with the bytes that were published."""
    with contextlib.suppress(OSError):
        return all(sha256((folder / name).read_bytes()) == known for name, known in entry["files"].items())
    return False


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def publish(folder: Path, entries: list[Entry], files: Mapping[str, bytes]) -> None:
    """Put `files` (by path inside `folder`) and their manifest `entries` in place, all or none.

    An entry's `files` lists its own ones; the manifest holds their digests.

    Raises
    ------
    RunError
        If another publisher keeps the lock, or the system refuses; nothing has changed then.
    """
    digests = {name: sha256(content) for name, content in files.items()}
    with locked(folder):
        known = {identity(entry): entry for entry in manifest(folder)}
        whole = [{**entry, "files": {name: digests[name] for name in entry["files"]}} for entry in entries]
        chain.append(folder / HISTORY, whole)  # before they are: it counts only what is found on the disk
        known |= {identity(entry): entry for entry in whole}
        _replace(folder, {**files, MANIFEST: _manifest_of(known)})


def _manifest_of(known: Mapping[tuple[str, str, str, str], Entry]) -> bytes:
    lines = _as_lines([known[key] for key in sorted(known)])
    return b'{"reports": [\n' + lines + b'\n],\n"sha256": "' + sha256(lines).encode() + b'"}\n'


def _as_lines(entries: list[Entry]) -> bytes:
    """One entry a line: quick to write and to read where there are hundreds, and good to compare."""
    return b",\n".join(_as_line(entry) for entry in entries)


def _as_line(entry: Entry) -> bytes:
    return json.dumps(entry, ensure_ascii=False, sort_keys=True, default=str).encode()


def index_name(lang: str) -> str:
    """The index page in a language; `INDEX` is the one that is opened first.

    >>> index_name("zh")
    'index.zh.html'
    """
    return INDEX.replace(".", f".{lang}.")


def publish_index(folder: Path, render: Callable[[list[Entry]], Mapping[str, str]]) -> None:
    """Write the index pages, `render(entries)` of what is published now, by file name."""
    with locked(folder):
        pages = render(manifest(folder))
        _replace(folder, {name: page.encode() for name, page in pages.items()})
        _shorten_history(folder)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the publisher's lock; completes a publication that was cut off."""
    busy = f"BUSY: another run is publishing into {folder}.\nWait for it to end and run again."
    try:
        with held(folder / ".lock", LOCK_SECONDS, busy):
            _settle(folder)
            yield
    except OSError as problem:
        raise unwritable(folder, problem) from problem


def _settle(folder: Path) -> None:
    """End a publication that was cut off: taken back if that had begun, else completed."""
    staging = folder / ".staging"
    if not staging.exists():
        return
    moves = _journal(staging / "undo.json")
    if moves is not None:
        _take_back(folder, staging, moves)
    else:
        for new, _, name in _journal(staging / "journal.json") or []:
            if (staging / new).exists():
                os.replace(staging / new, folder / name)
    _discard(staging)


def _journal(path: Path) -> list[Move] | None:
    """Moves that the journal lists; None where there is none, or a torn one, which never counted."""
    try:
        return [(new, old, name) for new, old, name in json.loads(path.read_text(encoding="utf-8"))]
    except (FileNotFoundError, ValueError):
        return None


def _discard(staging: Path) -> None:
    """Remove the staged files, the journal first: without its files it must never be acted on."""
    (staging / "journal.json").unlink(missing_ok=True)
    shutil.rmtree(staging)


def _replace(folder: Path, files: Mapping[str, bytes]) -> None:
    staging = folder / ".staging"
    staging.mkdir()
    try:
        moves = _stage(folder, staging, files)
        _write(staging / "journal.json", json.dumps(moves).encode())
        _sync(staging)
    except OSError:
        _discard(staging)
        raise
    _move(folder, staging, moves)
    _discard(staging)


def _stage(folder: Path, staging: Path, files: Mapping[str, bytes]) -> list[Move]:
    """(new, old, target) for each file: the new content and a second name for the present one.

    `old` is empty where there is no present one.
    """
    moves = []
    for number, (name, content) in enumerate(files.items()):
        new, old, target = f"new-{number}", "", folder / name
        if not target.parent.resolve().is_relative_to(folder.resolve()):
            raise OSError(errno.ELOOP, "it leads out of the reports", str(target.parent))
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(staging / new, content)
        if target.exists():
            old = f"old-{number}"
            _second_name(target, staging / old)
        moves.append((new, old, name))
    return moves


def _second_name(path: Path, name: Path) -> None:
    try:
        os.link(path, name)
    except OSError:  # a file system without hard links
        shutil.copy2(path, name)


def _move(folder: Path, staging: Path, moves: list[Move]) -> None:
    begun = False
    try:
        for new, _, name in moves:
            os.replace(staging / new, folder / name)
            begun = True
    except OSError:
        if begun:
            os.replace(staging / "journal.json", staging / "undo.json")
            _take_back(folder, staging, moves)
        _discard(staging)
        raise
    for parent in {(folder / name).parent for _, _, name in moves}:
        _sync(parent)


def _take_back(folder: Path, staging: Path, moves: list[Move]) -> None:
    """Put the old files back; may be cut off and begun again."""
    for new, old, name in reversed(moves):
        if (staging / new).exists():  # it was never moved
            continue
        if not old:
            (folder / name).unlink(missing_ok=True)
        elif (staging / old).exists():
            os.replace(staging / old, folder / name)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
