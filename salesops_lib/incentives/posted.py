"""Posted statements: a file each that is never written again, and a chain of what was posted by which policy.

A statement counts once its line is in the chain; a file without one is what an interrupted run left.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pandas as pd

from salesops_lib import chain
from salesops_lib.errors import DataError
from salesops_lib.incentives.posting import KEY

FOLDER = "payouts"
CHAIN = "payouts.posted"
#: Columns of a posted file, as the table payouts names them, and ours.
COLUMNS = {"payee": "rep_id", "amount": "pay_amount"}


def last_link(root: Path) -> str:
    """What the next posting holds on to, different after each; empty where nothing is posted."""
    return next((line.link for line in reversed(list(chain.read(root / CHAIN)))), "")


def postings(root: Path) -> list[dict[str, Any]]:
    """What was posted, in order.

    Raises
    ------
    DataError
        If the chain or a posted file is not as it was written.
    """
    found = []
    for line in chain.read(root / CHAIN):
        if line.fault:
            raise DataError(
                f"{root / CHAIN}: line {line.number} {line.fault}.\nPut it back from your backup."
            )
        file = root / line.entry["file"]
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != line.entry["sha256"]:
            raise DataError(
                f"{file} is not as it was posted on {line.entry['posted_at'][:10]}. Put it back from your backup."
            )
        found.append(line.entry)
    return found


def posted(root: Path) -> pd.DataFrame:
    """Lines of all posted statements: statement, KEY, amount in minor units."""
    frames = []
    for entry in postings(root):
        rows = pd.read_csv(root / entry["file"], dtype=str, keep_default_na=False, encoding="utf-8")
        rows = rows.rename(columns={ours: name for name, ours in COLUMNS.items()})
        frames.append(rows.assign(amount=rows.amount.str.replace(".", "", regex=False).astype("int64")))
    if not frames:
        return pd.DataFrame({name: [] for name in ("statement", *KEY)} | {"amount": pd.Series(dtype="int64")})
    return pd.concat(frames, ignore_index=True)[["statement", *KEY, "amount"]]
