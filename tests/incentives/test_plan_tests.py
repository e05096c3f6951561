"""Tests that travel in the policy, tried by `salesops check`."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesops_lib import policy
from salesops_lib.cli import main
from salesops_lib.incentives import plan_tests

ROOT = Path(__file__).parents[2]


def test_the_sample_companys_cases_hold():
    outcomes = plan_tests.run(policy.load(ROOT / "policy.yaml"))
    assert len(outcomes) == 7
    assert [one.said for one in outcomes] == [""] * 7


@pytest.mark.parametrize(
    ("was", "written", "said"),
    [
        ("expect: {share: 1.2}", "expect: {share: 1.3}", "pays 120.0000% of target instead of 130.0000%"),
        ("expect: {pay: 18_000}", "expect: {pay: 17_999.99}", "pays 18,000.00 instead of 17,999.99"),
        ("{bookings: 0.5}, value: {margin_rate: 0.40}", "{bookings: 0.5}", "leaves something out: Nothing is known of the measure margin_rate"),
    ],
)  # fmt: skip
def test_a_case_that_does_not_hold_is_told_with_what_is_paid(tmp_path, was, written, said, capsys):
    text = (ROOT / "policy.yaml").read_text(encoding="utf-8")
    assert text.count(was) == 1
    file = tmp_path / "policy.yaml"
    file.write_text(text.replace(was, written), encoding="utf-8")
    (failed,) = [one for one in plan_tests.run(policy.load(file)) if one.said]
    assert said in failed.said
    with pytest.raises(SystemExit) as ended:
        main(["check", str(file)])
    assert ended.value.code == 1
    assert "1 of 7 tests of its plans fail" in capsys.readouterr().err
