"""Parts of a company's name; what makes no difference, and what does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.cleaning.merging import company_name

SAME = [
    ("上海华夏精密工业有限公司", "上海市華夏精密工業有限責任公司"),
    ("上海华夏精密工业有限公司", "华夏精密工业（上海）有限公司"),
    ("上海华夏精密工业有限公司", "(上海)华夏精密工业有限公司"),
    ("上海华夏精密工业有限公司", "上海 华夏　精密工业\u200b有限公司\u202e"),
    ("上海华夏精密工业有限公司", "【上海】华夏精密工业有限公司"),
    ("上海华夏精密工业有限公司", "上海华夏精密工业有限公习"),
    ("华夏（集团）有限公司", "华夏集团有限公司"),
    ("江苏省苏州市鼎盛贸易商行", "苏州鼎盛贸易商行"),
    ("第一机械厂", "第1机械厂"),
    ("ＡＢＢ（中国）有限公司", "abb(中国)有限公司"),
    ("Harlow Drives Ltd", "HARLOW DRIVES LIMITED."),
    ("Harlow Drives Ltd", "Harlow  Drives Co., Ltd."),
    ("Acme, Inc.", "ACME Incorporated"),
    ("Müller & Söhne GmbH", "Muller and Sohne G.m.b.H."),
    ("Fjord B.V.", "fjord bv"),
    ("Acme (China) Co., Ltd.", "ACME China Limited"),
    ("The Boeing Company", "Boeing Co."),
    ("Acme No. 1 Ltd", "Acme no 1 Ltd"),
]
OTHER = [
    ("上海华夏精密工业有限公司", "北京华夏精密工业有限公司"),
    ("上海华夏精密工业有限公司", "上海华夏精密工业有限公司苏州分公司"),
    ("华夏有限公司一分公司", "华夏有限公司二分公司"),
    ("第一机械厂", "第二机械厂"),
    ("Acme No. 1 Ltd", "Acme No. 2 Ltd"),
    ("华夏有限公司", "华夏集团有限公司"),
    ("华夏机械有限公司", "华夏机械股份有限公司"),
    ("华夏机械厂", "华夏机械有限公司"),
    ("华夏精工", "华夏精密工业有限公司"),
    ("华夏机械有限公司", "华夏机械有限公司(停用)"),
    ("Acme Inc.", "Acme GmbH"),
    ("Acme Ltd", "Acme Holdings Ltd"),
    ("Acme Ltd", "Acme (China) Ltd"),
    ("Acme Ltd", "Acme Ltd - Boston Office"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_name_have_one_key(one, other):
    assert company_name(one).key == company_name(other).key


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_what_tells_companies_apart_is_in_the_key(one, other):
    assert company_name(one).key != company_name(other).key


@pytest.mark.parametrize(
    ("text", "brand", "trade", "place", "form"),
    [
        ("大连万达集团股份有限公司", "万达", "", "大连", "joint stock"),
        ("宁波银行股份有限公司", "宁波", "银行", "", "joint stock"),
        ("浙江省义乌市佳佳日用品经营部", "佳佳", "日用品", "义乌", "trading house"),
        ("三一重工股份有限公司", "31", "重工", "", "joint stock"),
        ("Shanghai Huaxia Machinery Co Ltd", "huaxia", "machinery", "shanghai", "limited"),
        ("Acme S.p.A.", "acme", "", "", "spa"),
        ("US Steel", "us", "steel", "", ""),
        ("", "", "", "", ""),
    ],
)
def test_parts_of_a_name(text, brand, trade, place, form):
    name = company_name(text)
    assert (name.brand, name.trade, name.place, name.form) == (brand, trade, place, form)


@pytest.mark.parametrize(
    ("text", "is_company"),
    [
        ("张三", False),
        ("曾惠", False),
        ("Claire Gute", False),
        ("曾惠商行", True),
        ("Acme Tools", True),
        ("Betasoloin", True),
    ],
)
def test_a_name_that_may_be_a_persons(text, is_company):
    assert company_name(text).is_company is is_company


@given(st.text())
def test_any_text_is_read_and_reading_it_folded_changes_nothing(text):
    assert company_name(text) == company_name(f"\u200b{text}\ufeff")


@pytest.mark.parametrize("nothing", [None, float("nan"), "", "  ", "---"])
def test_nothing_has_no_parts(nothing):
    assert company_name(nothing).core == ""
