"""Numbers as they read, in both languages."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.reporting import numbers
from salesops_lib.reporting.numbers import MISSING, money_unit
from salesops_lib.reporting.voice import Voice


@pytest.mark.parametrize(
    ("minor", "lang", "currency", "text"),
    [
        (46_012_345_00, "en", "CNY", "¥46.0M"),
        (46_012_345_00, "zh", "CNY", "4,601万元"),
        (256_700_000_00, "zh", "CNY", "2.57亿元"),
        (999_99, "en", "GBP", "£1,000"),
        (12_34, "en", "USD", "$12.34"),
        (2_500_000_000_00, "en", "EUR", "€2.50B"),
        (123_456, "en", "JPY", "¥123.5k"),
        (-350_000_00, "en", "USD", "−$350.0k"),
        (0, "zh", "CNY", "0.00元"),
    ],
)
def test_money_reads_in_its_language(minor, lang, currency, text):
    assert money_unit([minor], currency, lang).text(minor) == text


def test_one_unit_serves_a_whole_sentence():
    unit = money_unit([2_400_000_00, 120_000_00], "GBP", "en")
    assert [unit.text(v) for v in (2_400_000_00, 120_000_00)] == ["£2.40M", "£0.12M"]


def test_unit_steps_down_where_the_smallest_would_vanish():
    unit = money_unit([24_000_000_00, 3_000_00], "USD", "en")
    assert unit.text(3_000_00) == "$3k"
    assert unit.text(24_000_000_00) == "$24,000k"


def test_a_table_keeps_ten_thousands_until_a_thousand_million():
    assert money_unit([257_000_000_00], "CNY", "zh", is_table=True).header == "万元"
    assert money_unit([2_570_000_000_00], "CNY", "zh", is_table=True).header == "亿元"


@pytest.mark.parametrize(
    ("policy", "lang", "header"),
    [
        ("wan", "zh", "万元"),
        ("yuan", "zh", "元"),
        ("k", "zh", "千元"),
        ("m", "zh", "百万元"),
        ("m", "en", "¥M"),
        ("wan", "en", "¥M"),
    ],
)
def test_policy_fixes_the_unit(policy, lang, header):
    assert money_unit([46_012_345_00], "CNY", lang, display_unit=policy).header == header


@pytest.mark.parametrize("value", [None, float("nan"), np.nan, pd.NA, pd.NaT, ""])
def test_missing_is_a_dash_in_every_format(value):
    voice = Voice("en", "USD")
    for spec in (
        "money",
        "money+",
        "pct",
        "pct+",
        "pp+",
        "count",
        "days",
        "date",
        "index",
        "ratio",
        "multiple",
        "text",
        "month",
    ):
        assert voice.field(value, spec) == MISSING


@pytest.mark.parametrize(
    ("value", "spec", "en", "zh"),
    [
        (0.0512, "pct", "5.1%", "5.1%"),
        (0.0512, "pct+", "+5.1%", "+5.1%"),
        (-0.0512, "pct+", "−5.1%", "−5.1%"),
        (0.0004, "pct+", "0.0%", "0.0%"),
        (0.018, "pp+", "+1.8\u00a0pp", "+1.8个百分点"),
        (1234.0, "count", "1,234", "1,234"),
        (1, "days", "1\u00a0day", "1天"),
        (52.44, "days", "52.4\u00a0days", "52.4天"),
        (date(2026, 3, 1), "date", "1 Mar 2026", "2026年3月1日"),
        (104.25, "index", "104.3", "104.3"),
        (3.24, "multiple", "3.2×", "3.2×"),
        ("new", "pct+", "new", "新增"),
        ("n.m.", "pct+", "n.m.", "不适用"),
        ("2026-Q1", "month", "Q1 2026", "2026年第一季度"),
        ("2026-H2", "month", "H2 2026", "2026年下半年"),
        (["East", "West", "South"], "names", "East, West and South", "East、West、South"),
        (True, "text", "yes", "是"),
    ],
)
def test_formats(value, spec, en, zh):
    assert Voice("en", "USD").field(value, spec) == en
    assert Voice("zh", "USD").field(value, spec) == zh


def test_a_growth_reads_as_its_rate_or_its_reason():
    class Growth:
        rate, kind = None, "new"

    assert Voice("en").field(Growth(), "pct+") == "new"
    Growth.rate, Growth.kind = 0.1, "rate"
    assert Voice("en").field(Growth(), "pct+") == "+10.0%"


def test_unknown_format_is_named():
    with pytest.raises(Exception, match=r"'mony'.*did you mean 'money'"):
        Voice("en").field(1, "mony")


def test_infinity_is_refused():
    with pytest.raises(ValueError, match=r"inf"):
        numbers.fixed(float("inf"))


@given(st.integers(-(10**16), 10**16), st.sampled_from(["en", "zh"]), st.sampled_from(["CNY", "JPY", "USD"]))
def test_money_is_never_off_by_more_than_half_its_last_digit(minor, lang, currency):
    unit = money_unit([minor], currency, lang)
    digits = Decimal(unit.number(minor).replace(",", "").replace("−", "-"))
    assert abs(digits - unit.scaled(minor)) <= Decimal("0.5").scaleb(-unit.decimals)
    assert "-" not in unit.text(minor)
