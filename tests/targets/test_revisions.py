"""The log of target changes: what changed, who agreed, why, and what is wrong with it."""

from __future__ import annotations

import pandas as pd
import pytest

from salesops_lib import open_workspace, targets
from salesops_lib.metrics import Missing
from salesops_lib.targets.revisions import changed

REVIEWED = {"approved_on": "2026-02-10", "approved_by": "director", "reason": "territory split"}


def goal(scope, value, *, kind="team", measure="bookings", period="2026-03", version="1", **more):
    return {
        "version": version, "scope_type": kind, "scope_id": scope, "measure": measure, "period": period, "value": value, **more,
    }  # fmt: skip


@pytest.fixture
def log(workspace, line):
    def make(*rows, **more):
        ws = workspace(
            period="2026-03", as_of="2026-03-31", order_lines=[line("2026-03-02", 100)], targets=rows, **more
        )
        return targets.revisions(ws)

    return make


def test_a_review_that_moves_a_target_between_two_teams(log, found):
    told, units = log(
        goal("A", 100, period="2026-02"), goal("A", 100), goal("B", 300),
        goal("A", 80, version="2", **REVIEWED), goal("B", 320, version="2", **REVIEWED),
    )  # fmt: skip
    row = told.frame.iloc[0]
    assert (row.version, row.n_changed, row.fault) == ("2", 2, "")
    assert row.moved_share == pytest.approx(40 / 500)  # Σ|ΔT| / T (M1.10)
    values = found(told)["revisions.some"].values
    assert (values["n"], values["n_values"], values["n_units"], values["share"]) == (
        1,
        2,
        2,
        pytest.approx(0.08),
    )
    assert units.frame[["unit", "before", "revised", "delta"]].to_numpy().tolist() == [
        ["A", 100_00, 80_00, -20_00], ["B", 300_00, 320_00, 20_00],
    ]  # fmt: skip
    assert not [f for f in told.findings if f.tone == "bad"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"approved_by": ""}, "no_approver"),
        ({"approved_by": "  "}, "no_approver"),
        ({"reason": None}, "no_reason"),
        ({"approved_on": None}, "no_day"),
        ({"approved_on": "2026-04-02"}, "too_late"),
        ({"approved_on": "2026-04-02", "period": "2026-05"}, "not_yet"),
        ({"kind": "region"}, "not_allowed"),
        ({"kind": "company"}, "not_allowed"),
    ],
)
def test_what_is_wrong_with_a_change_is_told(log, found, change, fault):
    values = {**REVIEWED, **change}
    where = {name: values.pop(name) for name in ("kind", "period") if name in values}
    told = log(goal("A", 100, **where), goal("A", 90, version="2", **where, **values))[0]
    finding = found(told)[f"revisions.{fault}"]
    assert (finding.tone, finding.values["n"]) == ("bad", 1)
    assert told.frame.fault.iloc[0].values["value"] == f"fault_{fault}"


def test_a_version_that_counts_by_its_name_but_was_approved_before_the_other(log, found):
    earlier = {**REVIEWED, "approved_on": "2026-01-10"}
    told = log(
        goal("A", 100), goal("A", 90, version="10", **REVIEWED), goal("A", 80, version="9", **earlier)
    )[0]
    assert found(told)["revisions.out_of_order"].values["n"] == 1  # "10" comes before "9" as a name


def test_the_company_needs_everybody_that_the_policy_names(log, found):
    policy = {"targets.review.company_approved_by": ("ceo", "finance")}
    both = {**REVIEWED, "approved_by": "CEO、finance"}
    first = goal("company", 100, kind="company")
    told = log(first, goal("company", 90, kind="company", version="2", **both), policy=policy)[0]
    assert "revisions.not_allowed" not in found(told)
    alone = {**both, "approved_by": "ceo"}
    told = log(first, goal("company", 90, kind="company", version="2", **alone), policy=policy)[0]
    assert "revisions.not_allowed" in found(told)


def test_what_a_version_repeats_is_no_change_and_what_it_adds_is(log, found):
    (told,) = log(goal("A", 100), goal("A", 100, version="2", **REVIEWED))
    assert found(told)["revisions.none"].values["n"] == 1
    assert told.frame.empty
    told, units = log(goal("A", 100), goal("B", 50, version="2", **REVIEWED))
    assert units.frame[["unit", "before", "revised"]].to_numpy().tolist() == [["B", 0, 50_00]]
    assert pd.isna(units.frame.change.iloc[0])


def test_without_targets_of_the_year_a_line_says_so(log, workspace, line):
    (told,) = log(goal("A", 100, period="2024-03"))
    assert isinstance(told, Missing)
    (told,) = targets.revisions(workspace(order_lines=[line("2026-03-02", 100)]))
    assert told.needs == ("targets",)


def test_a_missing_version_is_the_oldest():
    frame = pd.DataFrame(
        [
            goal("A", v, version=n, approved_on=pd.NaT, approved_by="", reason="")
            for v, n in ((90.0, "1"), (100.0, None))
        ]
    )
    assert changed(frame)[["before", "value"]].to_numpy().tolist() == [[100.0, 90.0]]


def test_the_sample_company_moved_a_territory_and_eased_one_person(sample_company, found):
    ws = open_workspace(sample_company, period="2025-12", lang="en")
    told, units = targets.revisions(ws)
    frame = units.frame.set_index(["version", "unit"])
    assert frame.loc[("2025.2", "East-1"), "delta"] == -frame.loc[("2025.2", "East-2"), "delta"]
    eased = frame.loc["2025.3"]
    assert eased.change.iloc[0] == pytest.approx(-0.10, abs=0.001)
    bad = {name: f.values["n"] for name, f in found(told).items() if f.tone == "bad"}
    assert bad == {"revisions.no_approver": 3, "revisions.no_reason": 3, "revisions.too_late": 1}
    ws.close()
