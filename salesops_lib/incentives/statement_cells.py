"""Cells and rows that the tables of statements share."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesops_lib.metrics import REGISTRY, Finding


def key(row: Any) -> str:
    return f"{row.plan}.{row.component}"


def named(row: Any) -> Finding:
    return Finding("value.label", {"value": key(row)})


def why(reason: Any) -> Finding | None:
    return Finding(f"statement.reason.{reason}", {}) if isinstance(reason, str) and reason else None


def is_money(measure: Any) -> bool:
    return measure in REGISTRY and REGISTRY[measure].unit == "money"


def with_total(frame: pd.DataFrame, amounts: list[str]) -> pd.DataFrame:
    """The frame with a last row that adds up its amounts; an empty frame stays so."""
    if frame.empty:
        return frame
    total = {
        frame.columns[0]: "total",
        **{name: int(frame[name].sum()) for name in amounts},
        "is_total": True,
    }
    return pd.concat(
        [frame.assign(is_total=False).astype({"is_total": object}), pd.DataFrame([total])], ignore_index=True
    )


def without_zeros(frame: pd.DataFrame, amounts: list[str]) -> pd.DataFrame:
    """Columns of nothing but zeros are left empty, and so are not shown."""
    return frame.drop(columns=[name for name in amounts if name in frame and not frame[name].any()])
