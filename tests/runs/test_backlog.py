import pytest
from standin import SHOW, write_facts, write_notebook

from salesops_lib import runs
from salesops_lib.errors import DataError, RunError
from salesops_lib.runs import backlog


def test_between_lists_periods_of_every_kind(standin):
    assert backlog.between(standin, "2025-11", "2026-02") == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert backlog.between(standin, "2025-Q4", "2026-Q1") == ["2025-Q4", "2026-Q1"]
    assert backlog.between(standin, "2024-W52", "2025-W02") == ["2024-W52", "2025-W01", "2025-W02"]
    assert backlog.between(standin, "2026", "2026") == ["2026"]


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2026-02", "2026-01", "is before"),
        ("2026-02", "2026-Q1", "one kind"),
        ("1900-01", "2026-01", "more than 500"),
    ],
)
def test_between_refuses_what_is_no_range(standin, first, last, words):
    with pytest.raises(RunError, match=words):
        backlog.between(standin, first, last)


def test_between_refuses_what_is_no_period(standin):
    with pytest.raises(DataError, match="not understood"):
        backlog.between(standin, "Jan", "2026-01")


def test_missed_is_the_last_month_before_anything_is_published(standin):
    assert backlog.missed(standin, ["10_first"]) == ["2026-03"]


def test_missed_counts_each_month_that_one_of_the_reports_lacks(standin, warm):
    names = ["10_first", "20_second"]
    runs.run(standin, names, period="2025-12")
    runs.run(standin, ["10"], period="2026-02")
    assert backlog.missed(standin, names) == ["2026-01", "2026-02", "2026-03"]
    assert backlog.missed(standin, ["10_first"]) == ["2026-01", "2026-03"]


def test_a_month_that_is_not_over_is_not_missed(standin, warm):
    runs.run(standin, ["10"], period="2026-03")
    write_facts(standin, "2026-04-10")
    assert backlog.missed(standin, ["10_first"]) == []


def test_catching_up_three_months_runs_each_once_oldest_first(standin, warm):
    runs.run(standin, ["10"], period="2025-12")
    first = runs.run(standin, ["10"], period=backlog.missed(standin, ["10_first"]), jobs=1)
    assert [(r.period, r.status) for r in first] == [(f"2026-0{m}", "published") for m in (1, 2, 3)]
    assert backlog.missed(standin, ["10_first"]) == []


def test_a_back_fill_runs_again_only_what_failed(standin, warm):
    guard = "if period in ('2025-05', '2025-07') and not __import__('os').path.exists(workspace + '/mended'):\n    1 / 0"
    write_notebook(standin / "notebooks" / "10_first.ipynb", guard, SHOW)
    labels = backlog.between(standin, "2025-04", "2025-08")
    first = {r.period: r.status for r in runs.run(standin, ["10"], period=labels)}
    assert [first[label] for label in labels] == ["published", "failed", "published", "failed", "published"]
    (standin / "mended").touch()
    again = {r.period: r.status for r in runs.run(standin, ["10"], period=labels)}
    assert [label for label in labels if again[label] == "published"] == ["2025-05", "2025-07"]
