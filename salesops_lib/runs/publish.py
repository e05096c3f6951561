"""The published folder `reports/`: always a whole set of reports, and a manifest that tells.

Files are staged and synced inside `reports/`, then a journal is written, then they are moved
into place.  A publication cut off before the journal leaves no trace; one cut off after it is
completed by the next; one refused by the system is taken back.  One publisher at a time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from salesops_lib.errors import RunError

MANIFEST, INDEX = "manifest.json", "index.html"
LOCK_SECONDS = 10.0
Entry = dict[str, Any]


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
    except OSError as problem:
        raise unwritable(folder, problem) from problem
    if not os.access(folder, os.W_OK | os.X_OK):
        raise unwritable(folder, PermissionError(13, "Permission denied"))
    return folder


def unwritable(path: Path, problem: OSError) -> RunError:
    """The message for a `path` that the system refuses to write."""
    return RunError(
        f"Cannot write {problem.filename or path}: {problem.strerror or problem}.\n"
        f"Published reports are as they were. Make {path} writable (or free some space) and run again."
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
    try:
        return list(json.loads(path.read_text(encoding="utf-8"))["reports"])
    except (ValueError, KeyError, TypeError) as problem:
        raise RunError(
            f"{path} is damaged: {problem}.\nMove it away and run `salesops run` again; it will be rebuilt."
        ) from problem


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
        for entry in entries:
            known[identity(entry)] = {**entry, "files": {name: digests[name] for name in entry["files"]}}
        body = {"reports": [known[key] for key in sorted(known)]}
        _replace(folder, {**files, MANIFEST: _as_json(body)})


def publish_index(folder: Path, render: Callable[[list[Entry]], str]) -> None:
    """Write the index page, `render(entries)` of what is published now."""
    with locked(folder):
        _replace(folder, {INDEX: render(manifest(folder)).encode()})


def _as_json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, default=str) + "\n").encode()


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the publisher's lock; completes a publication that was cut off."""
    import fcntl

    deadline = time.monotonic() + LOCK_SECONDS
    try:
        with (folder / ".lock").open("w") as handle:
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise RunError(
                            f"BUSY: another run is publishing into {folder}.\nWait for it to end and run again."
                        ) from None
                    time.sleep(0.05)
            _settle(folder)
            yield
    except OSError as problem:
        raise unwritable(folder, problem) from problem


def _settle(folder: Path) -> None:
    staging = folder / ".staging"
    if not staging.exists():
        return
    with contextlib.suppress(OSError, ValueError):  # an unreadable journal was never committed
        for staged, target in json.loads((staging / "journal.json").read_text(encoding="utf-8")):
            if (staging / staged).exists():
                os.replace(staging / staged, folder / target)
    shutil.rmtree(staging)


def _replace(folder: Path, files: Mapping[str, bytes]) -> None:
    staging = folder / ".staging"
    staging.mkdir()
    try:
        moves = _stage(folder, staging, files)
        _write(staging / "journal.json", json.dumps([(new, name) for new, _, name in moves]).encode())
        _sync(staging)
    except OSError:
        shutil.rmtree(staging)
        raise
    _move(folder, staging, moves)
    shutil.rmtree(staging)


def _stage(folder: Path, staging: Path, files: Mapping[str, bytes]) -> list[tuple[str, str, str]]:
    """(new, old, target) for each file: the new content and a second name for the present one."""
    moves = []
    for number, (name, content) in enumerate(files.items()):
        new, old, target = f"new-{number}", f"old-{number}", folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(staging / new, content)
        if target.exists():
            _second_name(target, staging / old)
        moves.append((new, old, name))
    return moves


def _second_name(path: Path, name: Path) -> None:
    try:
        os.link(path, name)
    except OSError:  # a file system without hard links
        shutil.copy2(path, name)


def _move(folder: Path, staging: Path, moves: list[tuple[str, str, str]]) -> None:
    done: list[tuple[str, str]] = []
    try:
        for new, old, name in moves:
            os.replace(staging / new, folder / name)
            done.append((old, name))
    except OSError:
        for old, name in reversed(done):
            if (staging / old).exists():
                os.replace(staging / old, folder / name)
            else:
                (folder / name).unlink()
        shutil.rmtree(staging)
        raise
    for parent in {(folder / name).parent for _, _, name in moves}:
        _sync(parent)


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
