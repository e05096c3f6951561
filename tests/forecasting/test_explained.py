"""Prophet as an engine: quiet, the same at every run, within the contract of the entry."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesops_lib.forecasting import forecast

pytestmark = pytest.mark.slow


def test_prophet_is_quiet_and_says_the_same_twice(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    months = pd.date_range("2018-01-01", periods=48, freq="MS")
    y = 100 + np.arange(48) + 10 * np.sin(np.arange(48) * np.pi / 6)
    parts = [("a", months, y), ("b", months[:1], [3.0]), ("c", months, np.full(48, 2.0))]
    history = pd.concat(pd.DataFrame({"unique_id": u, "ds": ds, "y": values}) for u, ds, values in parts)
    np.random.seed(1)
    state = np.random.get_state()[1].copy()
    with caplog.at_level(logging.INFO):
        first = forecast(history, 3, "MS", calendar="US", model="prophet")
        second = forecast(history, 3, "MS", calendar="US", model="prophet")
    assert (np.random.get_state()[1] == state).all()
    pd.testing.assert_frame_equal(first, second)
    assert not caplog.records
    assert capfd.readouterr() == ("", "")
    expected = 100 + np.arange(48, 51) + 10 * np.sin(np.arange(48, 51) * np.pi / 6)
    assert first[first.unique_id == "a"]["mean"].to_numpy() == pytest.approx(expected, rel=0.05)
    assert first[first.unique_id == "b"]["mean"].tolist() == [3, 3, 3]


def test_prophet_is_quiet_in_workers_and_says_the_same_there(tmp_path: Path) -> None:
    """In fresh processes, as joblib starts them: cmdstanpy sets its logger's level when it is imported there."""
    code = tmp_path / "side_by_side.py"
    code.write_text(
        "import sys, joblib, numpy as np, pandas as pd\n"
        "from salesops_lib.forecasting import forecast\n"
        "if __name__ == '__main__':\n"
        "    months = pd.date_range('2018-01-01', periods=30, freq='MS')\n"
        "    history = pd.concat(pd.DataFrame({'unique_id': u, 'ds': months, 'y': 9 + np.arange(30) % 7 + u}) for u in range(3))\n"
        "    alone = forecast(history, 2, 'MS', model='prophet')\n"
        "    with joblib.parallel_config(backend='loky', n_jobs=2):\n"
        "        beside = forecast(history, 2, 'MS', model='prophet')\n"
        "    sys.exit(0 if alone.equals(beside) else 3)\n"
    )
    done = subprocess.run([sys.executable, str(code)], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
