"""The block `data`: ranges, zones and merging are told when they make no sense."""

from __future__ import annotations

import pytest

from salesops_lib import policy

HEAD = """\
apiVersion: salespolicy/v1
kind: SalesPolicy
metadata: {id: x, version: 2025.1.0, title: {en: A, zh: 甲}, effective: {from: 2025-01-01}}
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ranges: [{column: a.b}]}", "data.ranges[0]: needs min, max or both"),
        ("{ranges: [{column: a.b, min: 1, max: 0}]}", "min 1.0 is above max 0.0"),
        ("{ranges: [{column: a.b, min: 1, max: 2020-01-01}]}", "needs two numbers or two days"),
        ("{ranges: [{column: a.b, min: low}]}", "data.ranges[0].min: 'low' must be a number or a day"),
        ("{ranges: [{column: b, min: 0}]}", "'b' is not written as it should be"),
        ("{ranges: [{column: a.b, min: 0, otherwise: drop}]}", "'drop' is not allowed"),
        ("{time_zone: Asia/Shangai}", "'Asia/Shangai' is not a time zone"),
        ("{merging: {review: 0.999}}", "review 0.999 must not be above automatic 0.99"),
        ("{merging: {customers: yes}}", "data.merging.customers"),
        ("{future_days: -1}", "-1 must be at least 0"),
        ("{unreadable: drop}", "'drop' is not allowed"),
    ],
)
def test_faults(tmp_path, text: str, expected: str) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(f"{HEAD}data: {text}\n", "utf-8")
    (told,) = map(str, policy.faults(file))
    assert expected in told


def test_sound_rules(tmp_path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(
        f"{HEAD}data: {{ranges: [{{column: order_lines.ordered_on, min: 2020-01-01}}], time_zone: Asia/Shanghai}}\n",
        "utf-8",
    )
    assert policy.faults(file) == []
    default = policy.load().data
    assert (default.unreadable, default.future_days, default.ranges, default.time_zone) == (
        "blank",
        366,
        (),
        "",
    )
    assert (default.merging.customers, default.merging.automatic, default.merging.review) == (
        "automatic",
        0.99,
        0.8,
    )
