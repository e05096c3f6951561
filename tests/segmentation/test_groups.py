"""Groups of a workspace: planted ones are found and described, kept, held to, and looked for again by the stated rule."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from salesops_lib.metrics import Exhibit, Missing
from salesops_lib.policy.selling import Groups
from salesops_lib.reporting.sentences import plain
from salesops_lib.reporting.voice import Voice
from salesops_lib.segmentation import frozen
from salesops_lib.segmentation.clusters import find_clusters
from salesops_lib.segmentation.groups import features, groups

YEAR = {"period": "2025-12", "as_of": "2025-12-31"}


def planted(line):
    """Sixty customers order on 1 to 3 days a year for small sums, forty on 12 to 20 days for large ones; over two years."""
    rng = np.random.default_rng(3)
    rows = []
    for number in range(100):
        often = number >= 60
        for year in (2024, 2025):
            n = rng.integers(12, 21) if often else rng.integers(1, 4)
            days = pd.Timestamp(f"{year}-01-05") + pd.to_timedelta(
                rng.integers(0, 350 if often else 280, n), "D"
            )
            amount = 5_000_00 if often else 40_00
            rows += [
                line(str(day.date()), int(amount * np.exp(rng.normal(0, 0.3))), customer_id=f"c{number:03}")
                for day in days
            ]
    return rows


@pytest.fixture
def ws(workspace, line):
    return workspace(**YEAR, order_lines=planted(line))


def keep(ws, day: str, frame: pd.DataFrame) -> None:
    folder = ws.root / "segments" / day
    folder.mkdir(parents=True)
    frame.assign(fitted_on=day).to_csv(folder / "22_segments.csv", index=False)


def test_planted_groups_are_found_described_and_kept(ws):
    shown = groups(ws)
    assert shown.frame.n.tolist() == [40, 60]
    assert shown.frame.spend.is_monotonic_decreasing
    assert shown.frame.actual.sum() == features(ws, date(2025, 12, 31)).amount.sum()
    assert shown.frame.kept.tolist() == pytest.approx([1, 1], abs=0.2)
    told, big, small = shown.findings
    assert told.values["k"] == 2
    assert {big.values["first"], big.values["second"]} <= {"high_spend", "high_order_days", "low_silent_days"}
    assert {small.values["first"], small.values["second"]} & {
        "low_spend",
        "low_order_days",
        "high_silent_days",
    }
    for lang in ("en", "zh"):
        assert plain(big, Voice(lang))
    assert shown.kept.row.tolist() == ["center", "width", "1", "2"]
    assert shown.kept.columns[0] == "fitted_on"
    (tried,) = shown.parts
    assert tried.frame.n_groups.iloc[0] == 2


def test_kept_groups_are_held_to_and_not_kept_again(ws):
    first = groups(ws)
    keep(ws, "2025-09-30", first.kept)
    again = groups(ws)
    assert again.kept is None
    assert again.parts == ()
    assert again.findings[0].values["version"].startswith("2025-09-30.")
    assert again.frame.n.tolist() == first.frame.n.tolist()


def test_what_is_kept_of_the_day_itself_or_later_is_not_read(ws):
    keep(ws, "2025-12-31", groups(ws).kept)
    assert frozen.latest(ws.root, ws.window.end) is None


def test_the_rule_of_looking_again(ws):
    held = frozen.untable(groups(ws).kept)
    now, rule = features(ws, ws.window.end), Groups()
    assert frozen.refit_because(None, now, ws.window.end, rule) == "none_kept"
    assert frozen.refit_because(held, now, date(2026, 12, 30), rule) == ""
    assert frozen.refit_because(held, now, date(2026, 12, 31), rule) == "old"
    assert frozen.refit_because(held, now.drop(columns="spend"), ws.window.end, rule) == "features"
    assert frozen.refit_because(held, now[now.order_days > 8], ws.window.end, rule) == "empty"
    wild = now.assign(silent_days=now.silent_days * np.tile([1, 0.01], 50))
    assert frozen.refit_because(held, wild, ws.window.end, rule) == "drift"


def test_a_customer_keeps_its_group_whatever_others_do():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"spend": np.exp(rng.normal([[3], [8]], 0.3, (2, 100)).ravel())})
    held = frozen.freeze(find_clusters(frame), date(2025, 12, 31))
    back = frozen.untable(frozen.table(held))
    assert back.version == held.version
    whole, _ = back.groups(frame)
    part, _ = back.groups(frame.iloc[::7])
    assert part.tolist() == whole.iloc[::7].tolist()


def test_one_crowd_has_no_stable_groups_and_keeps_nothing(workspace, line):
    rng = np.random.default_rng(1)
    rows = [
        line(str((pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(day))).date()), int(np.exp(rng.normal(10, 1))), customer_id=f"c{number:03}")
        for number in range(150)
        for day in rng.integers(0, 730, max(1, int(np.exp(rng.normal(2, 0.7)))))
    ]  # fmt: skip
    shown = groups(workspace(**YEAR, order_lines=rows))
    assert isinstance(shown, Exhibit)
    assert shown.findings[0].id in ("clusters.unstable", "clusters.one_cloud")
    assert shown.kept is None
    assert "no stable clusters" in plain(shown.findings[0], Voice("en"))
    assert "不存在稳定的客户群组" in plain(shown.findings[0], Voice("zh"))


def test_few_or_equal_customers_are_stated(workspace, line):
    few = [line("2025-03-01", 100, customer_id=f"c{n}") for n in range(9)]
    assert groups(workspace(**YEAR, order_lines=few)).why == "note.clusters_too_few"


def test_customers_all_alike_are_stated(workspace, line):
    alike = [line("2025-03-01", 100, customer_id=f"c{n}") for n in range(60)]
    made = groups(workspace(**YEAR, order_lines=alike))
    assert isinstance(made, Missing)
    assert made.why == "note.clusters_all_alike"
