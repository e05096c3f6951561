"""What differs between two policies, in words of both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesops_lib import policy
from salesops_lib.reporting import tell_changes

ROOT_POLICY = Path(__file__).parents[2] / "policy.yaml"
SAMPLE = policy.load(ROOT_POLICY)


@pytest.fixture(autouse=True)
def own_messages():
    """The suite's own catalogue and registry, not the samples'."""


@pytest.fixture
def told(tmp_path):
    """Lines about the sample policy and an edited one, without first line and notices."""

    def tell(lang: str, *pairs: tuple[str, str]) -> list[str]:
        text = ROOT_POLICY.read_text(encoding="utf-8")
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new)
        file = tmp_path / "newer.yaml"
        file.write_text(text, encoding="utf-8")
        return [line for line in tell_changes(SAMPLE, policy.load(file), lang)[1:] if "metadata." not in line]

    return tell


@pytest.mark.parametrize(
    ("pair", "en", "zh"),
    [
        (
            ("wape_max: 0.15", "wape_max: 0.12"),
            ["Outlook", "  Above an error (WAPE) of 12% it is called unreliable. Before: Above an error (WAPE) of 15% it is called unreliable.", "Pay cannot change: nothing that pay rests on differs."],
            ["预测", "  误差（WAPE）超过12%即注明不可靠。原：误差（WAPE）超过15%即注明不可靠。", "薪酬不会变化：计薪依据没有差异。"],
        ),
        (
            ("ae: 0.10", "ae: 0.12"),
            ["Prices and discounts", "  Largest discount off list that a role may grant alone, Account executive: Discount: 12% (before: 10%) [can change pay]", "Pay can change: 1 of 1 change touch what pay rests on."],
            ["价格与折扣", "  各岗位可自行批准的最大折扣，销售代表：折扣：12%（原：10%）【可能影响薪酬】", "薪酬可能变化：1处变化中有1处涉及计薪依据。"],
        ),
        (
            ("    - {quantity: 200, discount: 0.06}\n", "    - {quantity: 200, discount: 0.06}\n      - {quantity: 500, discount: 0.08}\n"),
            ["Prices and discounts", "  New: Volume discounts, granted without asking, 500: Quantity of a line from: 500; Off list: 8% [can change pay]", "Pay can change: 1 of 1 change touch what pay rests on."],
            ["价格与折扣", "  新增：数量折扣（无须审批），500：单行数量起：500；折扣：8%【可能影响薪酬】", "薪酬可能变化：1处变化中有1处涉及计薪依据。"],
        ),
        (
            ("  renewal_rate_min: 0.85\n", ""),
            ["Contracts", "  No longer: At least 85% of the value of contracts due is renewed.", "Pay cannot change: nothing that pay rests on differs."],
            ["合同", "  取消：到期合同续约率（按金额）不低于85%。", "薪酬不会变化：计薪依据没有差异。"],
        ),
        (
            ("en: Leading a team", "en: Leadership"),
            ["Training", "  Courses, Leadership: Course: Leadership (before: Leading a team)", "Pay cannot change: nothing that pay rests on differs."],
            ["培训", "  课程，团队管理：课程：团队管理（英文措辞不同）", "薪酬不会变化：计薪依据没有差异。"],
        ),
        (
            ("capacity: 0.05}", "pipeline: 0.05}"),
            ["Targets", "  New: The open pipeline weighs 5%. [can change pay]", "  No longer: People, new ones by their ramp, weigh 5%. [can change pay]", "Pay can change: 2 of 2 changes touch what pay rests on."],
            ["销售目标", "  新增：在手商机占5%。【可能影响薪酬】", "  取消：人员产能（新人按爬坡折算）占5%。【可能影响薪酬】", "薪酬可能变化：2处变化中有2处涉及计薪依据。"],
        ),
    ],
)  # fmt: skip
def test_changes_are_said_in_both_languages(told, pair, en, zh):
    assert told("en", pair) == en
    assert told("zh", pair) == zh


def test_nothing_differs():
    assert tell_changes(SAMPLE, SAMPLE, "en") == [
        "Sales policy 2025: 2025.1.0 → 2025.1.0",
        "Nothing differs.",
    ]


def test_notices_say_what_to_do(tmp_path):
    text = ROOT_POLICY.read_text(encoding="utf-8")
    file = tmp_path / "newer.yaml"
    file.write_text(
        text.replace("version: 2025.1.0", "version: 2025.1.1").replace("vat: 0.13", "vat: 0.09"),
        encoding="utf-8",
    )
    lines = tell_changes(SAMPLE, policy.load(file), "en")
    assert lines[-3:] == [
        "Warning: 1 rule differs, but 2025.1.0 → 2025.1.1 is a patch, which is for wording. Raise the minor version or the year.",
        "Warning: the newer version says that it replaces 2024.2.0, not 2025.1.0 (metadata.supersedes).",
        "Warning: both hold for 365 days: the older one ends on 31 Dec 2025, the newer begins on 1 Jan 2025.",
    ]  # fmt: skip


def test_every_difference_to_the_default_can_be_said():
    for lang in ("en", "zh"):
        for pair in ((SAMPLE, policy.load()), (policy.load(), SAMPLE)):
            lines = tell_changes(*pair, lang)
            assert len(lines) > 150
            assert not [line for line in lines if "Block(" in line or "en='" in line or "{" in line]
