"""The whole replay of the sample company: what is measured, said, refused, and published."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from salesops_lib.cli import main
from salesops_lib.errors import PolicyError
from salesops_lib.metrics import Missing
from salesops_lib.replay import study
from salesops_lib.reporting import Page, told
from salesops_lib.workspace import open_workspace

FASTER = "incentives.plans[id=ae-2025].components[core].tiers[2].times=2.4"
SAME = "incentives.plans[id=ae-2025].components[core].tiers[2].times=2.0"
FLOOR = "pricing.floors.default=0.78"


@pytest.fixture(scope="module")
def ws(sample_company):
    opened = open_workspace(sample_company, period="2025-12", lang="en,zh")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def faster(ws):
    return study(ws, changes=FASTER)


@pytest.fixture
def copy(sample_company, tmp_path):
    """A company of one's own, which may be written to."""
    shutil.copytree(sample_company, tmp_path / "company", ignore=shutil.ignore_patterns("raw", "reports"))
    return tmp_path / "company"


def replayed(*args, **settings):
    return CliRunner().invoke(main, ["replay", *map(str, args)], **settings)


def test_the_same_policy_changes_nothing_to_the_minor_unit(ws):
    found = study(ws, changes=SAME)
    assert not found.replayed.quarters.difference.any()
    assert found.replayed.totals["before"] > 0
    assert found.cost[0].findings[0].id == "replay.cost_same"
    assert found.payments == ()
    assert found.verdict[0].findings[0].id == "replay.recommend.none"


def test_only_people_above_quota_gain_by_a_steeper_accelerator(faster):
    quarters = faster.replayed.quarters
    changed = quarters[quarters.difference != 0]
    assert set(changed.role) == {"ae"}
    assert set(changed.component) == {"core"}
    gained = {
        (payee, played.past.year)
        for played in faster.replayed.played
        if played.past.role == "ae"
        for payee, sold, asked in zip(
            played.past.history.payees,
            played.past.history.actual["bookings", "direct"].sum(axis=1),
            played.past.history.quota["bookings", "direct"].sum(axis=1),
            strict=True,
        )
        if sold > asked > 0
    }
    by_year = changed.groupby(["payee", "year"]).difference.sum()
    assert set(by_year[by_year != 0].index) == gained


def test_bridge_winners_and_changes_add_up_to_the_difference(faster):
    difference = faster.replayed.totals["difference"]
    steps = faster.cost[0].frame.set_index("role").amount
    assert steps["start"] + steps.get("effect", 0) == steps["end"]
    assert steps["end"] - steps["start"] == difference
    assert faster.changes[0].frame.difference.sum() == difference
    assert faster.changes[0].parts[0].frame.difference.sum() == difference
    roles = faster.winners[0].frame
    assert (roles.n >= 5).all()


def test_what_is_paid_out_starts_from_what_is_earned(faster):
    steps = faster.payments[0].frame.assign(label=lambda one: [cell.values["value"] for cell in one.label])
    steps = steps.set_index("label")
    totals = faster.replayed.totals
    assert steps.loc["paid_earned", "today"] - steps.loc["paid_further", "today"] == totals["before"]
    assert steps.loc["paid_earned", "difference"] == totals["difference"]
    assert steps.loc["paid_further", "difference"] == 0


def test_a_higher_floor_breaks_the_price_gates_and_pays_nobody_otherwise(ws):
    found = study(ws, changes=FLOOR)
    gates = found.gates[0].frame.set_index("label")
    assert found.replayed.totals["difference"] == 0
    before, after = (gates.loc["below_floor", side].values["value"] for side in ("today", "proposed"))
    assert after > before
    assert "below_floor" in found.failed


def test_the_page_says_it_in_both_languages(ws, faster, tmp_path):
    page = Page(ws, "33_policy_replay")
    for section in faster.sections:
        page.section(*section)
    page.close(tmp_path)
    digest = page.digest()
    assert digest["replay_cost"].startswith("The same history costs")
    says = json.loads((tmp_path / "page.zh.json").read_text("utf-8"))
    assert says["title"] == "政策回放"
    assert "同一段历史" in says["headline"]


def test_the_terminal_shows_few_rows_of_each(ws, faster):
    shown = list(told(ws, faster.sections, rows=3))
    assert [title for title, _, _ in shown][:2] == ["What the change costs", "By role"]
    assert max(len(rows) for _, _, rows in shown) == 3


@pytest.mark.parametrize("given", [{}, {"changes": "\n \n"}])
def test_without_a_second_policy_it_says_so_in_one_line(ws, given):
    found = study(ws, **given)
    assert found.sections == ((Missing("replay_cost", (), "note.no_second_policy"),),)


def test_a_file_is_replayed_and_changes_apply_to_it(ws, tmp_path):
    text = (ws.root / "policy.yaml").read_text("utf-8").replace("version: 2025.1.0", "version: 2026.1.0")
    (tmp_path / "next.yaml").write_text(text, "utf-8")
    found = study(ws, against=str(tmp_path / "next.yaml"), changes=[FASTER])
    assert found.replayed.new.version.startswith("2026.1.0+set.")
    assert found.replayed.totals["difference"] > 0


@pytest.mark.parametrize(
    "change",
    ["incentives.plans[id=ae]=x", "a=b", "__class__.x=1", "pricing.floors.default='); DROP TABLE sales; --'"],
)
def test_hostile_changes_are_refused(ws, change):
    with pytest.raises(PolicyError):
        study(ws, changes=change)


def test_a_policy_that_is_none_is_refused(ws):
    for against in ("../../nowhere.yaml", "data/facts.duckdb", "data"):
        with pytest.raises(PolicyError):
            study(ws, against=against)


def test_the_command_tells_and_strict_fails(copy):
    before = (copy / "policy.yaml").read_bytes()
    said = replayed("-w", copy, "--to", "2025-12", "--lang", "en", "--set", FASTER)
    assert said.exit_code == 0, said.output
    assert "The same history costs" in said.stdout
    assert said.stdout.splitlines()[-1].startswith("Gates that do not hold: ")
    assert replayed("-w", copy, "--to", "2025-12", "--set", FASTER, "--strict").exit_code == 3
    assert (copy / "policy.yaml").read_bytes() == before
    assert not (copy / "reports").exists()


def test_wrong_use_of_the_command(copy):
    assert replayed("-w", copy).exit_code == 2
    for wrong in (
        ["--set", "flors=1"],
        ["--against", copy / "none.yaml"],
        ["--set", FASTER, "--from", "2030"],
    ):
        said = replayed("-w", copy, *wrong)
        assert said.exit_code == 1, said.output
        assert "Traceback" not in said.output


@pytest.mark.slow
def test_the_page_is_published_with_its_parameters(copy):
    said = replayed("-w", copy, "--to", "2025-12", "--lang", "zh", "--set", FASTER, "--page")
    assert said.exit_code == 0, said.output
    (entry,) = json.loads((copy / "reports" / "manifest.json").read_text("utf-8"))["reports"]
    assert entry["parameters"] == {"changes": FASTER}
    page = Path(copy / "reports" / "2025-12" / "33_policy_replay.zh.html").read_text("utf-8")
    assert "同一段历史" in page
    assert "<script" not in page


def test_a_role_that_only_the_proposed_policy_pays_is_paid(ws, tmp_path):
    own = (ws.root / "policy.yaml").read_text("utf-8")
    (tmp_path / "fewer.yaml").write_text(
        own.replace("      roles: [director]", "      roles: [sales_director]"), "utf-8"
    )
    fewer = study(ws, against=str(tmp_path / "fewer.yaml")).replayed.people.set_index("role")
    assert (fewer.loc["director", "after"] == 0).all()
    assert fewer.loc["director", "before"].sum() > 0
