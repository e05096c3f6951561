"""Survival of customers against a published table."""

from __future__ import annotations

import numpy as np
import pytest

from salesops_lib.errors import DataError
from salesops_lib.segmentation.tenure import survival

#: Weeks of remission under 6-MP, 0 where it went on. Freireich et al., Blood 21 (1963) 699; survival as in
#: Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data, 1980.
WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
ENDED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PUBLISHED = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}


def test_published_survival():
    found = survival(WEEKS, ENDED)
    assert {int(t): round(s, 3) for t, s in found.survival.items()} == PUBLISHED
    assert found.at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert ((found.low < found.survival) & (found.survival < found.high)).all()
    # log(−log S) interval by hand at 6 weeks: S = 6/7, Greenwood sum 3/(21·18)
    width = 1.959964 * np.sqrt(3 / (21 * 18)) / abs(np.log(6 / 7))
    assert found.low.iloc[0] == pytest.approx((6 / 7) ** np.exp(width), abs=1e-6)


def test_everybody_left():
    found = survival([1, 2], [1, 1])
    assert found.survival.tolist() == [0.5, 0.0]
    assert found.low.isna().tolist() == [False, True]


@pytest.mark.parametrize("tenure", [[1, np.nan], [1, -2], []])
def test_impossible_tenures_are_refused(tenure):
    with pytest.raises(DataError):
        survival(tenure, [1] * len(tenure))
