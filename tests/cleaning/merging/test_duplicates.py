"""Pairs, reasons, what is automatic and what is not; the same whatever the order of rows."""

from __future__ import annotations

import pandas as pd
import pytest

from salesops_lib.cleaning.merging import duplicates
from salesops_lib.errors import DataError


def found(*names: str, **columns: list[str | None]):
    frame = pd.DataFrame({"customer_id": [f"c{k}" for k in range(len(names))], "name": names, **columns})
    return duplicates(frame)


def test_the_same_full_name_is_merged_without_splink(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "splink", None)
    matches = found("上海华鼎机械有限公司", "上海市華鼎機械有限責任公司", "北京远大贸易有限公司")
    assert matches.merged.to_dict() == {"c0": "c0", "c1": "c0", "c2": "c2"}
    assert matches.pairs.loc[0, ["rule", "decision"]].tolist() == ["same name", "automatic"]
    assert matches.n_automatic == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("上海华鼎第一机械有限公司", "上海华鼎第二机械有限公司"),
        ("华夏机械有限公司一分公司", "华夏机械有限公司二分公司"),
        ("Acme Tools No. 1 Ltd", "Acme Tools No. 2 Ltd"),
        ("Acme Tools Inc.", "Acme Tools GmbH"),
        ("Acme Tools Inc.", "Acme Tools (China) Co., Ltd."),
        ("华夏机械有限公司", "华夏机械集团有限公司"),
        ("上海华鼎机械有限公司", "北京华鼎机械有限公司"),
        ("上海华鼎机械有限公司", "上海华鼎机械有限公司苏州分公司"),
    ],
)
def test_two_entities_are_never_one_and_not_even_shown(one, other):
    assert found(one, other).pairs.empty


@pytest.mark.parametrize(
    ("one", "other", "doubt"),
    [
        ("华夏精工", "华夏精密工业有限公司", "abbreviation"),
        ("华夏机械有限公司", "上海华夏机械有限公司", "place left out"),
        ("上海华夏机械有限公司", "上海华夏机械股份有限公司", "legal form"),
        ("张三", "张三", "may be a person"),
        ("Claire Gute", "CLAIRE GUTE", "may be a person"),
    ],
)
def test_what_a_person_must_look_at_is_shown_and_not_merged(one, other, doubt):
    matches = found(
        one,
        other,
        *(
            f"{chr(0x5000 + 9 * k)}{chr(0x5100 + 7 * k)}{chr(0x5200 + 5 * k)}五金制品有限公司"
            for k in range(300)
        ),
    )
    assert matches.pairs.decision.tolist() == ["review"]
    assert matches.pairs.reason[0].endswith(f"look at: {doubt}")
    assert matches.merged.nunique() == len(matches.merged)


def test_a_shared_tax_number_settles_an_abbreviation_and_another_one_contradicts():
    same = found("华夏精工", "华夏精密工业有限公司", tax_id=["91310000123456789X", "91310000-123456789x"])
    assert same.pairs.decision.tolist() == ["automatic"]
    other = found(
        "上海华鼎机械有限公司", "上海华鼎机械有限公司", tax_id=["91310000123456789X", "91310000987654321A"]
    )
    assert other.pairs.empty


def test_another_region_or_phone_keeps_the_same_name_from_the_rule():
    assert found("上海华鼎机械有限公司", "上海华鼎机械有限公司", region=["East", "West"]).n_automatic == 0
    phones = found("上海华鼎机械有限公司", "上海华鼎机械有限公司", phone=["021-61234567", "021-69876543"])
    assert set(phones.pairs.rule) <= {"probability"}


def test_nothing_depends_on_the_order_of_rows():
    from company_sets import registry

    frame = registry(1500, 5).drop(columns="truth")
    first, second = duplicates(frame), duplicates(frame.sample(frac=1, random_state=3))
    pd.testing.assert_frame_equal(first.pairs, second.pairs)
    pd.testing.assert_series_equal(first.clusters, second.clusters)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"kind": "firm"}, "choose company or person"),
        ({"fields": {"nmae": "name"}}, "did you mean 'name'"),
        ({"fields": {"name": "nome"}}, "no column 'nome'"),
        ({"fields": {}}, "name its column"),
        ({"automatic": 0.5}, "review the lower one"),
    ],
)
def test_what_is_wrong_is_said(arguments, said):
    frame = pd.DataFrame({"customer_id": ["a", "b"], "name": ["x", "y"]})
    with pytest.raises(DataError, match=said):
        duplicates(frame, **arguments)


def test_an_id_may_not_repeat():
    with pytest.raises(DataError, match="more than once"):
        duplicates(pd.DataFrame({"customer_id": ["a", "a"], "name": ["x", "y"]}))


@pytest.mark.parametrize("n", [0, 1])
def test_few_customers_are_no_pairs(n):
    matches = duplicates(pd.DataFrame({"customer_id": ["a"][:n], "name": ["上海华鼎机械有限公司"][:n]}))
    assert matches.pairs.empty
    assert len(matches.clusters) == n


def test_few_persons():
    people = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c"],
            "given_name": ["harley", "harly", "sophie"],
            "surname": ["mccarthy", "mccarthy", "waller"],
            "date_of_birth": ["1908-04-19", "1908-04-19", "1938-07-05"],
            "tax_id": ["6089216", "6089216", "2972902"],
        }
    )
    matches = duplicates(people, kind="person")
    assert matches.clusters.to_dict() == {"a": "a", "b": "a", "c": "c"}
