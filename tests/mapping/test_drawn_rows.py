"""The rows of header sets tell one story, and the same one each time."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from drawn_rows import World, draw, shown, told

KINDS = ("order A{:d}", "customer", "customer.code", "qty", "price", "net", "tax", "gross", "cost", "margin")


@pytest.mark.parametrize("lang", ["en", "zh", "de"])
def test_amounts_agree_and_codes_belong_to_names(lang):
    rows = draw(KINDS, World("one", lang, "line", 30, negative_rows=3))
    assert rows == draw(KINDS, World("one", lang, "line", 30, negative_rows=3))
    for *_, qty, price, net, tax, gross, cost, margin in rows:
        assert net == pytest.approx(qty * price, abs=0.005)
        assert gross == pytest.approx(net + tax, abs=0.005)
        assert margin == pytest.approx(net - cost, abs=0.005)
    assert sum(row[3] < 0 for row in rows) == 3
    assert len({(name, code) for _, name, code, *_ in rows}) == len({code for _, _, code, *_ in rows})
    assert len({(order, name) for order, name, *_ in rows}) == len({order for order, *_ in rows}) < 30


@pytest.mark.parametrize("grain", ["customer", "product", "rep"])
def test_each_row_of_a_dimension_is_another_one(grain):
    codes = draw([f"{grain}.code"], World("two", "en", grain, 12))
    assert len({code for (code,) in codes}) == 12


def test_days_and_numbers_are_written_as_asked():
    moment = datetime(2024, 3, 5, 7, 8)
    assert told(moment, "%-m/%-d/%Y %-H:%M") == "3/5/2024 7:08"
    assert told(moment, "") == "2024-03-05"
    assert told(moment, "cell") == date(2024, 3, 5)
    assert [shown(-1234.5, form) for form in ("$", "fr", "k", "0")] == [
        "$-1,234.50",
        "-1 234,50",
        -1.234,
        "-1234",
    ]
