"""Customers of the published studies."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.append(str(Path(__file__).parent))


@pytest.fixture(scope="session")
def cdnow(shared_data: Path) -> pd.DataFrame:
    """CDNOW, one customer in ten: weeks of 39, with the mean spend of a repeat purchase day.

    Made of the purchases: the published estimates rest on whole days, the summaries round to 0.01 weeks.
    """
    bought = pd.read_csv(
        shared_data / "cdnow" / "CDNOW_sample.txt",
        sep=r"\s+",
        names=["master", "customer", "day", "n", "spent"],
        dtype={"day": str},
    )
    bought = bought.assign(day=pd.to_datetime(bought.day))
    days = bought[bought.day <= "1997-09-30"].groupby(["customer", "day"]).spent.sum().reset_index()
    first = days.groupby("customer").day.transform("min")
    again = days[days.day > first].groupby("customer").spent
    own = days.groupby("customer").day.agg(["min", "max"])
    return pd.DataFrame(
        {
            "frequency": again.size().reindex(own.index).fillna(0),
            "recency": (own["max"] - own["min"]).dt.days / 7,
            "T": (pd.Timestamp("1997-09-30") - own["min"]).dt.days / 7,
            "monetary": again.mean().reindex(own.index),
        }
    )
