"""Notebooks run as they are: their digests are those stored, and plain papermill takes parameters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_digest_is_the_one_stored(path: Path, sample_company: Path) -> None:
    """nbval runs every cell and compares the digest's; `--nbval-lax` leaves the stripped ones alone."""
    options = ["-q", "--nbval-lax", "--nbval-current-env", "-o", "addopts=", "-p", "no:cacheprovider"]
    plugins = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "nbval.plugin", "PYTEST_ADDOPTS": ""}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(path)],
        env={**os.environ, **plugins, "SALESOPS_WORKSPACE": str(sample_company)},
        cwd=path.parent,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, (
        f"{ran.stdout[-4000:]}\nIf the figures are meant to change: python tests/notebooks/renew_digests.py"
    )


def test_plain_papermill_runs_another_period_in_chinese(sample_company: Path, tmp_path: Path) -> None:
    import papermill

    papermill.execute_notebook(
        NOTEBOOKS[1],
        None,
        parameters={
            "period": "2025-Q4",
            "lang": "zh",
            "workspace": str(sample_company),
            "output": str(tmp_path),
        },
        kernel_name="python3",
        progress_bar=False,
        cwd=tmp_path,
    )
    told = json.loads((tmp_path / "page.zh.json").read_text("utf-8"))
    assert (told["report"], told["period"], told["lang"]) == ("10_performance_review", "2025-Q4", "zh")
    assert (told["title"], told["as_of"], told["is_complete"]) == ("经营分析", "2025-12-31", True)
    with duckdb.connect(str(sample_company / "data" / "facts.duckdb"), read_only=True) as store:
        (fen,) = store.execute(
            "SELECT CAST(SUM(net_amount) AS BIGINT) FROM sales WHERE kind = 'order' AND dated_on BETWEEN '2025-10-01' AND '2025-12-31'"
        ).fetchone()
    headline = told["findings"][0]
    assert headline["values"]["metric"] == "bookings"
    assert headline["values"]["actual"] == fen
    assert told["headline"] == headline["text"]
    assert f"{fen / 1e10:.2f}亿元" in told["headline"]
    assert (tmp_path / "page.zh.xlsx").stat().st_size > 10_000
