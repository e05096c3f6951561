"""Contests, awards and promotion of the sample company as the pay office's page shows them."""

from __future__ import annotations

import pytest

from salesops_lib.incentives.further import further
from salesops_lib.incentives.prize_report import awards_won, contests_won, may_move_up
from salesops_lib.reporting.sentences import say
from salesops_lib.reporting.voice import Voice
from salesops_lib.workspace import open_workspace


@pytest.fixture(scope="module")
def at(sample_company):
    opened = {}

    def on(period: str):
        opened.setdefault(period, open_workspace(sample_company, period=period))
        return opened[period]

    yield on
    for ws in opened.values():
        ws.close()


def reasons(exhibit) -> list[str]:
    return [reason.id.removeprefix("prize.reason.") for reason in exhibit.frame.reason]


def test_prizes_shown_are_the_prizes_paid(at):
    ws = at("2025-12")
    (race,) = contests_won(ws)
    paid = further(ws)
    paid = paid[paid.component == "q3-race"].set_index("payee").amount
    shown = race.frame.set_index("payee_id").prize.dropna()
    assert shown.astype(int).to_dict() == paid.to_dict()
    assert race.findings[0].values["paid"] == paid.sum() == 6_000_000
    assert race.frame.place.tolist()[:3] == [1, 2, 3]
    assert (race.frame.reached.dropna().diff().dropna() <= 0).all()
    assert reasons(race)[:4] == ["won", "won", "won", "beyond_prizes"]


def test_what_is_not_decided_says_when_and_what_has_not_begun_is_left_out(at):
    (race,), (club,) = contests_won(at("2025-08")), awards_won(at("2025-08"))
    assert [one.findings[0].id for one in (race, club)] == ["prize.runs"] * 2
    assert str(race.findings[0].values["last"]) == "2025-09-30"
    assert str(club.findings[0].values["last"]) == "2025-12-31"
    assert contests_won(at("2025-05")) == ()
    assert contests_won(at("2024-12")) == ()


def test_whoever_misses_an_award_or_a_promotion_has_a_reason(at):
    (club,) = awards_won(at("2025-12"))
    assert club.findings[0].values["winners"] == reasons(club).count("won")
    assert set(reasons(club)) <= {
        "won",
        "left",
        "no_quota",
        "short_service",
        "below_attainment",
        "beyond_share",
    }
    below = club.frame[[reason == "below_attainment" for reason in reasons(club)]]
    assert (below.attainment < 1.1).all()
    for exhibit in may_move_up(at("2025-12")):
        told = exhibit.findings[0].values
        assert told["met"] == reasons(exhibit).count("met")
        few = exhibit.frame[[reason == "quarters" for reason in reasons(exhibit)]]
        assert (few.quarters_met < told["quarters"]).all()
        assert len(exhibit.frame) == told["n"]


def test_a_period_before_the_last_is_not_told_what_came_later(at):
    """Quarters up to September decide in November; the year's last is not over."""
    then, later = (may_move_up(at(period))[0].frame for period in ("2025-11", "2025-12"))
    both = then.merge(later, on="payee_id", suffixes=("", "_later"))
    assert (both.quarters_met != both.quarters_met_later).any()


def test_every_reason_is_worded_in_both_languages(at):
    ws = at("2025-12")
    for lang in ("en", "zh"):
        voice = Voice(lang, "CNY", names=ws.policy.names(lang))
        for exhibit in (*contests_won(ws), *awards_won(ws), *may_move_up(ws)):
            words = [say(one, voice) for one in (*exhibit.findings, *exhibit.notes, *exhibit.frame.reason)]
            assert all(word and "prize." not in word for word in words)
