"""Figures on records of which it is known who is one: Febrl, and three generators of company names."""

from __future__ import annotations

import pandas as pd
import pytest
from company_sets import febrl, judged, latin, registry, transcribed

from salesops_lib.cleaning.merging import duplicates

SEED = 20260


@pytest.mark.parametrize("make", [registry, transcribed, latin])
def test_company_names_of_three_generators(make):
    frame = make(10_000, SEED)
    matches = duplicates(frame.drop(columns="truth"))
    truth = frame.set_index("customer_id").truth
    proposed, merged = judged(truth, matches.clusters), judged(truth, matches.merged)
    print(
        f"{make.__name__} seed {SEED}: clusters F1 {proposed['f1']:.4f}, automatic precision {merged['precision']:.4f}"
    )
    assert proposed["f1"] >= 0.97
    assert merged["precision"] >= 0.99


@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "least"), [(("3",), 0.999), (("1",), 0.999), (("2",), 0.998), (("4a", "4b"), 0.999)]
)
def test_febrl(shared_data, names, least):
    frame = pd.concat([febrl(shared_data, name) for name in names], ignore_index=True)
    matches = duplicates(frame.drop(columns="truth"), kind="person", ids="rec_id")
    truth = frame.set_index("rec_id").truth
    proposed, merged = judged(truth, matches.clusters), judged(truth, matches.merged)
    print(
        f"febrl {'+'.join(names)}: clusters F1 {proposed['f1']:.5f}, automatic precision {merged['precision']:.5f}"
    )
    assert proposed["f1"] >= least
    assert merged["precision"] >= 0.99
