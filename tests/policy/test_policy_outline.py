"""The policy as a tree for readers: nothing lost, nothing that is left open."""

from __future__ import annotations

from pathlib import Path

from salesops_lib import policy
from salesops_lib.policy.outline import Rule, Section, Table

SAMPLE = policy.load(Path(__file__).parents[2] / "policy.yaml")


def _all(section: Section) -> list[Rule | Table | Section]:
    found: list[Rule | Table | Section] = []
    for part in section.parts:
        found += [part, *(_all(part) if isinstance(part, Section) else [])]
    return found


def test_sections_come_in_the_order_of_the_format():
    sections = [section.path for section in policy.outline(SAMPLE)]
    assert sections == [name for name in policy.Policy.model_fields if name in sections]
    assert "api_version" not in sections


def test_values_stand_at_their_paths():
    parts = [part for section in policy.outline(SAMPLE) for part in _all(section)]
    rules = {part.path: part.value for part in parts if isinstance(part, Rule)}
    assert rules["pricing.floors.default"] == 0.70
    assert rules["forecast.levels"] == (0.80, 0.95)
    assert rules["appraisal.reason_required"] is True
    assert rules["targets.decomposition.weights.even"] == 0.0
    tables = {part.path: part for part in parts if isinstance(part, Table)}
    authority = tables["pricing.discounts.authority"]
    assert authority.columns == ("key", "value")
    assert [row["value"] for row in authority.rows] == [0.10, 0.15, 0.20, 0.25, 0.30]
    assert tables["channels.rules"].columns == (
        "key",
        "target_share",
        "margin",
        "registration_days",
        "parity_min",
    )


def test_entries_that_hold_lists_are_sections_of_their_own():
    (appraisal,) = (section for section in policy.outline(SAMPLE) if section.path == "appraisal")
    cards = [part for part in appraisal.parts if isinstance(part, Section)]
    assert [card.entry.id for card in cards] == ["ae_quarterly", "manager_half"]
    assert [len(part.rows) for card in cards for part in card.parts if isinstance(part, Table)] == [5, 5]


def test_what_is_left_open_is_left_out():
    parts = [part for section in policy.outline(policy.load()) for part in _all(section)]
    assert not [part.path for part in parts if isinstance(part, Rule) and part.value in (None, (), "")]
    assert not [part.path for part in parts if isinstance(part, Section) and not part.parts]
    assert "market.share_target" not in {part.path for part in parts}
