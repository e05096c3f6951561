"""One writer at a time in a data directory, and a clear word when it cannot be written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from salesops_lib.errors import DataError


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold the lock of `folder`; it is free again when the process ends, however it ends.

    Raises
    ------
    DataError
        If another process holds it.
    """
    with (folder / ".lock").open("a+") as handle:
        try:
            _take(handle.fileno())
        except OSError as problem:
            handle.seek(0)
            holder = handle.read().strip() or "unknown"
            raise DataError(
                f"Another salesops process ({holder}) is writing to {folder}. Wait until it has ended, then try again."
            ) from problem
        handle.truncate(0)
        handle.write(f"process {os.getpid()}")
        handle.flush()
        yield


def _take(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def writable(folder: Path) -> Iterator[None]:
    """Make `folder`; turn a refusal to write in it, now or in the block, into a message."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except (PermissionError, NotADirectoryError, FileExistsError) as problem:
        raise DataError(
            f"{folder} cannot be written ({problem.strerror}). Change its rights, or open another workspace with `--workspace`."
        ) from problem
    except OSError as problem:
        if problem.errno not in (28, 30):
            raise
        raise DataError(
            f"{folder} cannot be written ({problem.strerror}). Free some room or choose another disk."
        ) from problem
