"""Whose turn it is: one run at a time of the same report, period, unit and language.

The lock is the system's (flock), so that it ends with its holder, however that one dies.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from salesops_lib.errors import BusyError

_POLL_SECONDS = 0.05


@contextlib.contextmanager
def turn(reports: Path, page: str, patience: float) -> Iterator[None]:
    """Hold the turn of `page` (its path below `reports`), after waiting for it `patience` seconds at most.

    Raises
    ------
    BusyError
        If another run keeps it longer.
    """
    folder = reports / ".turns"
    folder.mkdir(exist_ok=True)
    busy = (
        f"BUSY: another run has been making {page} for {patience:.0f} s.\n"
        "Wait for it to end (`salesops status`) and run again."
    )
    with held(folder / (page.replace("/", "~") + ".lock"), patience, busy):
        yield


@contextlib.contextmanager
def held(lock: Path, patience: float, busy: str) -> Iterator[None]:
    """Hold the file `lock`, after waiting for it `patience` seconds at most; BusyError says `busy`."""
    import fcntl

    deadline = time.monotonic() + patience
    with lock.open("w") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise BusyError(busy) from None
                time.sleep(_POLL_SECONDS)
        yield
