"""One sample company for all tests of the room, and its files read by pandas alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesops_lib.synthetic import generate


@dataclass
class Sample:
    raw: Path
    truth: dict

    def read(self, name: str) -> pd.DataFrame:
        """A file as written: text only, blanks as empty strings, canonical column names."""
        about = self.truth["files"][name]
        if about["format"] == "xlsx":
            skip = about["header_row"] - 1
            frame = pd.read_excel(self.raw / name, about["sheet"], header=skip, dtype=str, engine="calamine")
        else:
            frame = pd.read_csv(self.raw / name, dtype=str, keep_default_na=False, encoding=about["encoding"])
        assert list(frame.columns) == list(about["mapping"])
        return frame.rename(columns=about["mapping"])

    @cached_property
    def lines(self) -> pd.DataFrame:
        """Order lines as an analyst would clean them, by plain pandas: CNY, no faults, no cancelled lines."""
        frame = self.read("orders.csv").drop_duplicates()
        amount = frame.net_amount.str.normalize("NFKC").str.replace(r"[¥,]", "", regex=True)
        frame["net_amount"] = amount.astype(float)
        frame["ordered_on"] = pd.to_datetime(frame.ordered_on, format="%Y-%m-%d", errors="coerce")
        frame["customer_id"] = frame.customer_id.str.strip()
        for column in ("quantity", "unit_price", "list_price", "cost_amount"):
            frame[column] = frame[column].astype(float)
        fx = self.read("fx.csv")
        rates = fx[fx.rate_type == "avg"].set_index(["currency", "period"]).rate.astype(float)
        frame = frame[frame.ordered_on.notna() & (frame.status != "已取消")].copy()
        keys = pd.MultiIndex.from_arrays([frame.currency, frame.ordered_on.dt.strftime("%Y-%m")])
        frame["rate"] = rates.reindex(keys).to_numpy()
        # Half to even on whole fen, as convention C3 asks of the one rounding step.
        frame["amount"] = np.rint((frame.net_amount * 100).round() * frame.rate) / 100
        products = self.read("products.csv").set_index("product_id")
        frame["category"] = frame.product_id.map(products.category)
        frame["month"] = (frame.ordered_on.dt.year - 2023) * 12 + frame.ordered_on.dt.month - 1
        return frame


def load(root: Path) -> Sample:
    return Sample(
        root / "data" / "raw", json.loads((root / "data/demo/truth.json").read_text(encoding="utf-8"))
    )


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    root = tmp_path_factory.mktemp("sample")
    generate(root)
    return load(root)


@pytest.fixture(scope="session")
def load_sample():
    return load
