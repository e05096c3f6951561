"""What reports forecast: kept as it was said, so that it can be held against what came.

A file a day, report and unit below `forecasts/` of the workspace, written by the run that made the report and never
again: what was first said of a day stands.
"""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.forecasting.ahead import PART

if TYPE_CHECKING:
    from salesops_lib.forecasting.ahead import Ahead
    from salesops_lib.workspace import Workspace

FOLDER = "forecasts"
KEYS = ["measure", "level", "unit", "month"]
COLUMNS = ["said_on", *KEYS, "expected", "low_80", "high_80", "naive", "scale"]
#: Months after which a season comes again.
SEASON = 12


def said(ws: Workspace, seen: Ahead) -> pd.DataFrame:
    """Forecasts as they are kept: one row a measure, unit and month, amounts in minor units.

    Returns
    -------
    pd.DataFrame
        COLUMNS: `said_on`, the last day that was known; `naive`, the same month of the year before; `scale`, the
        mean absolute difference of a year in what was known, which MASE divides by.
    """
    months = seen.months[seen.months.level != PART].rename(columns={"label": "month", "median": "expected"})
    past = seen.past.pivot(index="label", columns=KEYS[:3], values="actual")
    before = {m.label: ws.calendar.year_before(m).label for m in seen.coming}
    keys = list(months[KEYS[:3]].itertuples(index=False, name=None))
    years = [ws.calendar.year_before(ws.calendar.parse(label)).label for label in past.index]
    scale = (past - past.reindex(years).set_axis(past.index)).abs().mean()
    naive = [past[key].get(before[month], np.nan) for key, month in zip(keys, months.month, strict=True)]
    frame = months.assign(
        said_on=ws.window.end.isoformat(), naive=naive, scale=scale.reindex(keys).to_numpy()
    )
    return frame[COLUMNS].round({"low_80": 0, "high_80": 0, "scale": 0}).reset_index(drop=True)


def files(root: Path, before: date) -> list[Path]:
    """Files of what was said earlier than `before` in the workspace `root`, in order."""
    return [p for p in sorted((root / FOLDER).glob("*/*.csv")) if p.parent.name < before.isoformat()]


def earlier(root: Path, before: date) -> pd.DataFrame:
    """All that was said earlier than `before`; of a day and series what comes first in order of the reports."""
    frames = [
        pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=dict.fromkeys(("said_on", *KEYS), str))
        for path in files(root, before)
    ]
    if not frames:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in COLUMNS})
    whole = pd.concat(frames, ignore_index=True).fillna({"unit": ""})
    return whole.drop_duplicates(["said_on", *KEYS], ignore_index=True)[COLUMNS]


def digest(root: Path, before: date) -> str:
    """What `earlier` reads, in short; empty where there is nothing."""
    found = hashlib.sha256()
    known = files(root, before)
    for path in known:
        found.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest() if known else ""
