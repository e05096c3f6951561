"""The registry: each figure has one complete definition."""

from __future__ import annotations

import pytest

from salesops_lib.metrics import REGISTRY
from salesops_lib.metrics.measure import _RELATIONS
from salesops_lib.tables import TABLES
from salesops_lib.tables.views import DERIVED


@pytest.mark.parametrize("metric", REGISTRY.values(), ids=lambda m: m.id)
def test_a_definition_is_complete(metric):
    assert metric.formula
    assert metric.name("en") == metric.en
    assert metric.name("zh") == metric.zh
    assert metric.en
    assert metric.zh
    assert metric.good in (-1, 0, 1)
    if metric.sql:
        assert metric.relation in _RELATIONS
        assert metric.date_basis
        assert metric.needs
        if metric.unit == "money":
            assert "BIGINT" in metric.sql, "money is an integer of minor units"


def test_no_two_definitions_share_an_id_or_reference():
    ids = [m.id for m in REGISTRY.values()]
    assert len(set(ids)) == len(ids)


def test_needs_name_tables_and_columns_that_exist(store):
    facts = store()
    for metric in REGISTRY.values():
        for need in metric.needs:
            table, _, column = need.partition(".")
            assert table in TABLES or table in DERIVED, metric.id
            assert not column or column in facts.columns(table), metric.id


def test_the_registry_cannot_be_changed():
    with pytest.raises(TypeError):
        REGISTRY["bookings"] = None
