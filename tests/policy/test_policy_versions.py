"""Versions in time, what differs between them, and whether pay can change."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib import policy
from salesops_lib.errors import PolicyError
from salesops_lib.policy.changes import gap

ROOT_POLICY = Path(__file__).parents[2] / "policy.yaml"
SAMPLE = policy.load(ROOT_POLICY)
HEAD = """\
apiVersion: salespolicy/v1
kind: SalesPolicy
metadata: {{id: x, version: {version}, title: {{en: A, zh: 甲}}, effective: {{from: {first}{last}}}{more}}}
"""


@pytest.fixture
def edited(tmp_path):
    """The sample policy with parts of its text replaced."""

    def edit(*pairs: tuple[str, str]) -> policy.Policy:
        text = ROOT_POLICY.read_text(encoding="utf-8")
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new)
        file = tmp_path / "newer.yaml"
        file.write_text(text, encoding="utf-8")
        return policy.load(file)

    return edit


@pytest.fixture
def kept(tmp_path):
    """A folder of versions, each given as version, first and last day."""

    def keep(*spans: tuple[str, str, str]) -> Path:
        for version, first, last in spans:
            to = f", to: {last}" if last else ""
            text = HEAD.format(version=version, first=first, last=to, more="")
            (tmp_path / f"{version}.yaml").write_text(text, encoding="utf-8")
        return tmp_path

    return keep


def test_a_policy_does_not_differ_from_itself():
    assert policy.changes(SAMPLE, SAMPLE) == ()
    assert policy.succession(SAMPLE, SAMPLE) == ()


@pytest.mark.parametrize(
    ("pair", "rule", "sides", "can_change_pay", "is_wording"),
    [
        (("ae: 0.10", "ae: 0.12"), "pricing.discounts.authority.value", (0.10, 0.12), True, False),
        (("vat: 0.13", "vat: 0.09"), "semantics.vat", (0.13, 0.09), True, False),
        (("wape_max: 0.15", "wape_max: 0.12"), "forecast.wape_max", (0.15, 0.12), False, False),
        (("horizon_months: 6", "horizon_months: 7"), "forecast.horizon_months", (6, 7), False, False),
        (("new_after_months: 24", "new_after_months: 12"), "customers.new_after_months", (24, 12), True, False),
        (("quiet_after: 5", "quiet_after: 4"), "customers.quiet_after", (5, 4), False, False),
        (("value: 160", "value: 180"), "targets.company.value", (160, 180), True, False),
        (("duplicates: keep", "duplicates: set_aside"), "data.duplicates", ("keep", "set_aside"), True, False),
    ],
)  # fmt: skip
def test_one_changed_rule_is_one_change(edited, pair, rule, sides, can_change_pay, is_wording):
    (change,) = policy.changes(SAMPLE, edited(pair))
    assert (change.rule, (change.old, change.new)) == (rule, sides)
    assert (change.can_change_pay, change.is_wording) == (can_change_pay, is_wording)


def test_wording_is_never_pay(edited):
    newer = edited(
        ("en: Gross margin on the same orders", "en: Gross margin on these orders"),
        ("en: Account executive, zh: 销售代表}", "en: Sales representative, zh: 销售代表}"),
    )
    found = policy.changes(SAMPLE, newer)
    assert [change.rule for change in found] == ["org.roles.name", "targets.company.specific"]
    assert all(change.is_wording and not change.can_change_pay for change in found)


def test_entries_are_known_by_their_ids_wherever_they_stand(edited):
    gone = "    - {id: negotiation, en: Negotiation, zh: 商务谈判, roles: [ae], hours: 16}\n"
    (removed,) = policy.changes(SAMPLE, edited((gone, "")))
    assert (removed.rule, removed.entries[0].key, removed.new) == ("training.courses", "negotiation", None)
    moved = edited((gone, ""), ("  courses:\n", f"  courses:\n{gone}"))
    (order,) = policy.changes(SAMPLE, moved)
    assert order.new == ("negotiation", "onboarding", "price_compliance", "leadership")


def test_changes_in_lists_within_lists_name_both_entries(edited):
    newer = edited(("perspective: financial, weight: 0.40", "perspective: financial, weight: 0.40, cap: 1.5"))
    (change,) = policy.changes(SAMPLE, newer)
    assert [entry.key for entry in change.entries] == ["ae_quarterly", "bookings"]
    assert (change.old, change.new) == (1.2, 1.5)


@given(st.sampled_from([name for name in policy.Policy.model_fields if name not in ("api_version", "kind")]))
def test_changes_stay_in_the_block_that_changed(name):
    newer = SAMPLE.model_copy(update={name: getattr(policy.load(), name, getattr(SAMPLE, name))})
    there = policy.changes(SAMPLE, newer)
    assert {change.rule.partition(".")[0] for change in there} <= {name}
    back = policy.changes(newer, SAMPLE)
    assert {(c.rule, str(c.old), str(c.new)) for c in there} == {
        (c.rule, str(c.new), str(c.old)) for c in back
    }


def _ids(old, new):
    return [notice.id for notice in policy.succession(old, new)]


def test_a_proper_successor_has_no_notices(edited):
    newer = edited(
        ("version: 2025.1.0", "version: 2026.1.0"),
        ("from: 2025-01-01, to: 2025-12-31", "from: 2026-01-01"),
        ("supersedes: 2024.2.0", "supersedes: 2025.1.0"),
        ("from: 2025-03-01, to: 2025-03-31", "from: 2026-03-01, to: 2026-03-31"),
        ("vat: 0.13", "vat: 0.09"),
    )
    assert _ids(SAMPLE, newer) == []


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("vat: 0.13", "vat: 0.09")], ["same_version"]),
        ([("version: 2025.1.0", "version: 2024.9.0")], ["older_version", "supersedes", "overlap"]),
        ([("version: 2025.1.0", "version: 2025.1.1"), ("vat: 0.13", "vat: 0.09")], ["patch_only", "supersedes", "overlap"]),
        ([("version: 2025.1.0", "version: 2025.1.1"), ("Keep pace with", "Hold pace with")], ["supersedes", "overlap"]),
        ([("version: 2025.1.0", "version: 2025.2.0"), ("  supersedes: 2024.2.0\n", "")], ["supersedes_nothing", "overlap"]),
    ],
)  # fmt: skip
def test_versions_that_do_not_follow_are_noticed(edited, pairs, expected):
    assert _ids(SAMPLE, edited(*pairs)) == expected


def test_days_between_two_versions_are_counted(edited):
    def begins(day: str) -> list[tuple[str, int]]:
        newer = edited(
            ("version: 2025.1.0", "version: 2026.1.0"),
            ("supersedes: 2024.2.0", "supersedes: 2025.1.0"),
            ("effective: {from: 2025-01-01, to: 2025-12-31}", f"effective: {{from: {day}}}"),
            ("days: {from: 2025-03-01, to: 2025-03-31}", "days: {from: 2026-03-01}"),
        )
        return [(notice.id, notice.values["days"]) for notice in policy.succession(SAMPLE, newer)]

    assert begins("2026-01-01") == []
    assert begins("2026-01-11") == [("gap", 10)]
    assert begins("2025-12-30") == [("overlap", 2)]


@given(st.dates(date(2000, 1, 1), date(2050, 1, 1)), st.integers(-500, 500))
def test_gap_is_the_number_of_days_between(last, days):
    assert gap(last, last + timedelta(days=days + 1)) == days


def test_the_version_in_force_on_a_day(kept):
    folder = kept(
        ("2024.1.0", "2024-01-01", "2024-12-31"),
        ("2025.1.0", "2025-01-01", ""),
        ("2025.2.0", "2025-07-01", ""),
    )
    assert [p.version for p in policy.versions(folder)] == ["2024.1.0", "2025.1.0", "2025.2.0"]
    days = {
        "2024-01-01": "2024.1.0",
        "2024-12-31": "2024.1.0",
        "2025-01-01": "2025.1.0",
        "2025-06-30": "2025.1.0",
        "2025-07-01": "2025.2.0",
        "2030-01-01": "2025.2.0",
    }
    assert {day: policy.as_of(folder, date.fromisoformat(day)).version for day in days} == days
    with pytest.raises(PolicyError, match=r"holds on 2023-12-31: they cover 2024-01-01 to now\."):
        policy.as_of(folder, date(2023, 12, 31))


@pytest.mark.parametrize(
    ("spans", "message"),
    [
        ([], "holds no policy. Put each version there as <version>.yaml."),
        ([("2024.1.0", "2024-01-01", "2024-12-31"), ("2025.1.0", "2025-01-03", "")], "Between versions 2024.1.0 and 2025.1.0 no policy holds for 2 days after 2024-12-31"),
        ([("2024.1.0", "2024-01-01", "2024-12-31"), ("2025.1.0", "2024-12-31", "")], "Versions 2024.1.0 and 2025.1.0 both hold on 2024-12-31"),
        ([("2024.1.0", "2024-01-01", ""), ("2024.2.0", "2024-01-01", "")], "both hold on 2024-01-01"),
    ],
)  # fmt: skip
def test_overlaps_and_gaps_are_refused(kept, tmp_path, spans, message):
    kept(*spans)
    with pytest.raises(PolicyError) as caught:
        policy.as_of(tmp_path, date(2024, 6, 1))
    assert message in str(caught.value)


def test_a_file_bears_the_name_of_its_version(kept):
    folder = kept(("2024.1.0", "2024-01-01", ""))
    (folder / "2024.1.0.yaml").rename(folder / "old.yaml")
    with pytest.raises(PolicyError, match=r"old\.yaml holds version 2024\.1\.0\. Name it 2024\.1\.0\.yaml\."):
        policy.versions(folder)


def test_after_the_last_day_no_version_holds(kept):
    folder = kept(("2024.1.0", "2024-01-01", "2024-12-31"))
    with pytest.raises(PolicyError, match="they cover 2024-01-01 to 2024-12-31"):
        policy.as_of(folder, date(2025, 1, 1))
