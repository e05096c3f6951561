"""The drawn company of the process's tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.append(str(Path(__file__).parent))

from deals import drawn

CUSTOMERS = [{"customer_id": name, "name": f"{name} Ltd", "region": name} for name in ("East", "West")]


@pytest.fixture(scope="module")
def company(shared_workspace):
    """Eight hundred drawn deals as of 2025-12-31, and what is true of each."""
    deals, changes, truth = drawn(800, seed=11)
    ws = shared_workspace(
        period="2025-12",
        as_of="2025-12-31",
        opportunities=deals,
        opportunity_changes=changes,
        customers=CUSTOMERS,
    )
    return ws, pd.DataFrame(truth)
