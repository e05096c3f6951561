"""Where a workspace keeps what reports found, so that later ones can hold it against what came, or hold on to it.

A file a day, report and unit below the folder of its kind, written once by the run that made the report.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

FORECASTS, SEGMENTS = "forecasts", "segments"
#: Folder by a kept table's first column, the day that it is of.
FOLDERS = {"said_on": FORECASTS, "fitted_on": SEGMENTS}


def files(root: Path, folder: str, before: date) -> list[Path]:
    """What the whole company's reports kept of days earlier than `before` in the workspace `root`, in order."""
    return [p for p in sorted((root / folder).glob("*/*.csv")) if p.parent.name < before.isoformat()]


def digest(root: Path, folder: str, before: date) -> str:
    """What was kept of earlier days, of the company and of all units, in short; empty where there is nothing."""
    found = hashlib.sha256()
    units = [
        p for p in sorted((root / folder).glob("units/*/*/*/*.csv")) if p.parent.name < before.isoformat()
    ]
    known = files(root, folder, before) + units
    for path in known:
        found.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest() if known else ""
