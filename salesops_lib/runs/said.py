"""What reports forecast, and groups that they found, is kept in the workspace, and put where a unit's reports find their own."""

from __future__ import annotations

import contextlib
import csv
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from salesops_lib.metrics import kept
from salesops_lib.metrics.exhibit import KEPT
from salesops_lib.runs import publish

if TYPE_CHECKING:
    from salesops_lib.runs.units import Unit


def keep(root: Path, unit: Unit, report: str, output: Path) -> None:
    """Keep what a report said, whole or not at all; what it first said of a day stands.

    Raises
    ------
    RunError
        If it cannot be written.
    """
    made = output / KEPT
    if not made.is_file():
        return
    with made.open(encoding="utf-8", newline="") as handle:
        first = next(csv.DictReader(handle))
    kind = next(iter(first))
    path = own_folder(root, unit, kept.FOLDERS[kind]) / first[kind] / f"{report}.csv"
    if path.exists():
        return
    draft = path.with_suffix(f".{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as handle:
            handle.write(made.read_bytes())
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(draft, path)
    except OSError as problem:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise publish.unwritable(path, problem) from problem


def own_folder(root: Path, unit: Unit, folder: str) -> Path:
    """Where the days of a unit are below the company's workspace: the whole company's lie at the top."""
    return root / folder / "units" / unit.by / unit.file_name if unit else root / folder


def put(root: Path, workspace: Path, unit: Unit) -> None:
    """Put what a unit's reports said, and nothing of the others', into the unit's own workspace."""
    for folder in kept.FOLDERS.values():
        own = own_folder(root, unit, folder)
        if own.is_dir():
            shutil.copytree(own, workspace / folder)
