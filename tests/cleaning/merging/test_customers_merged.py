"""Merging in the store: one id everywhere, counted, decided by people, and always undone by a load."""

from __future__ import annotations

import pytest

from salesops_lib.cleaning.merging import review
from salesops_lib.errors import DataError

TWINS = [
    {"customer_id": "C1", "name": "上海华鼎机械有限公司", "region": "East", "first_seen_on": "2020-01-01"},
    {"customer_id": "C2", "name": "上海市華鼎機械有限責任公司", "region": "East"},
    {"customer_id": "C3", "name": "北京远大贸易有限公司", "parent_id": "C2"},
]
LINES = [
    {"order_id": "o1", "line_id": "1", "customer_id": "C2", "net_amount": 100},
    {"order_id": "o2", "line_id": "1", "customer_id": "C1", "net_amount": 200},
    {"order_id": "o3", "line_id": "1", "customer_id": "C3", "net_amount": 300},
]
CLOSE = [
    {"customer_id": "007", "name": "华夏精工"},
    {"customer_id": "8", "name": "华夏精密工业有限公司"},
    {"customer_id": "=9", "name": "=cmd()|x 华夏 精密工业(停用)"},
]


def test_a_merged_customer_has_one_id_everywhere(load):
    store = load(customers=TWINS, order_lines=LINES).merge()
    assert store.rows("SELECT customer_id, parent_id FROM customers ORDER BY 1") == [
        ("C1", None),
        ("C3", "C1"),
    ]
    assert store.rows("SELECT order_id, customer_id FROM order_lines ORDER BY 1") == [
        ("o1", "C1"),
        ("o2", "C1"),
        ("o3", "C3"),
    ]
    (merge,) = store.rows("SELECT * EXCLUDE (record) FROM customer_merges")
    assert merge == (
        "C2",
        "C1",
        "上海市華鼎機械有限責任公司",
        "上海华鼎机械有限公司",
        1.0,
        "same name",
        "automatic",
    )
    assert '"customer_id":"C2"' in store.rows("SELECT record FROM customer_merges")[0][0]


def test_merged_rows_are_accounted_for(load):
    store = load(customers=TWINS, order_lines=LINES).merge()
    entry = store.audit.sources[0]
    assert (entry.rows_in, entry.used, entry.merged) == (3, 2, 1)
    assert [(r.outcome, r.reason, r.n_rows, r.example) for r in store.audit.reasons] == [
        ("merged", "customer merged into another", 1, "C2 → C1")
    ]


@pytest.mark.parametrize("word", ["apart", "分开", " APART "])
def test_apart_undoes_a_merge_and_brings_every_row_back(load, word):
    before = load(customers=TWINS, order_lines=LINES)
    load(customers=TWINS, order_lines=LINES).merge().decide(word, "C1", "C2")
    for _ in range(2):
        after = load(customers=TWINS, order_lines=LINES).merge()
        assert after.facts() == before.facts()
        assert after.rows("SELECT count(*) FROM customer_merges") == [(0,)]
        assert [row["decision"] for row in after.review()] == ["apart"]


def test_a_person_may_merge_what_is_only_shown_and_take_it_back(load):
    before = load(customers=CLOSE)
    first = load(customers=CLOSE).merge()
    assert first.facts() == before.facts()
    assert {row["proposal"] for row in first.review()} == {"review"}
    first.decide("合并", "007", "8")
    second = load(customers=CLOSE).merge()
    assert second.rows("SELECT customer_id, master_id, rule, decided_by FROM customer_merges") == [
        ("8", "007", "decision", "person")
    ]
    second.decide("", "007", "8")
    assert load(customers=CLOSE).merge().facts() == before.facts()


def test_the_file_is_safe_in_a_spreadsheet_and_survives_one(load):
    store = load(customers=CLOSE).merge()
    text = (store.data / review.NAME).read_text("utf-8-sig")
    assert not any(cell[:1] in "=+-@" for line in text.splitlines() for cell in line.split(",") if cell)
    store.decide("merge", "007", "8")
    changed = text.replace("007", "7").replace(",,review", ",merge,review").replace(",", ";")
    (store.data / review.NAME).write_text(changed, "gb18030")
    again = load(customers=CLOSE).merge()
    assert ("8", "007") in again.rows("SELECT customer_id, master_id FROM customer_merges")


def test_decisions_stay_when_the_customer_is_gone_and_are_counted(load):
    load(customers=TWINS).merge().decide("apart", "C1", "C2")
    store = load(customers=TWINS[2:]).merge()
    assert store.audit.sources[0].notes == (
        "1 decisions of customer_review.csv are about customers that are gone",
    )
    assert [row["decision"] for row in store.review()] == ["apart"]
    assert load(customers=TWINS).merge().rows("SELECT count(*) FROM customers") == [(3,)]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("P1,maybe,C1,C2", "line 2: the decision is 'maybe'"),
        (",merge,C1,C9", "line 2: there is no customer 'C9'"),
        (",merge,C1,C1", "both ids are 'C1'"),
        (",merge,C1,C2\n,apart,C2,C1", "decided twice, merge in line 2 and apart in line 3"),
        (",merge,C1,C2\n,merge,C2,C3\n,apart,C1,C3", "line 4: .* stay apart, but lines 2, 3"),
    ],
)
def test_faults_of_the_file_are_said_with_their_line(load, body, said):
    store = load(customers=TWINS)
    (store.data / review.NAME).write_text(f"pair,decision,left_id,right_id\n{body}\n", "utf-8")
    with pytest.raises(DataError, match=said):
        store.merge()


def test_a_file_without_its_header_is_refused(load):
    store = load(customers=TWINS)
    (store.data / review.NAME).write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(DataError, match="no column decision"):
        store.merge()


@pytest.mark.parametrize(
    ("mode", "n_merged", "n_shown"), [("automatic", 1, 1), ("review", 0, 1), ("off", 0, 0)]
)
def test_the_policy_says_whether_to_merge(load, mode, n_merged, n_shown):
    store = load(customers=TWINS).merge(customers=mode)
    assert store.audit.sources[0].merged == n_merged
    assert len(store.review()) == n_shown


def test_customers_who_pay_in_other_currencies_are_two_entities(load):
    lines = [{**line, "currency": "USD" if line["customer_id"] == "C2" else "CNY"} for line in LINES]
    assert load(customers=TWINS, order_lines=lines).merge().audit.sources[0].merged == 0


def test_a_parent_is_not_merged_with_its_subsidiary(load):
    rows = [TWINS[0], {**TWINS[1], "parent_id": "C1"}]
    assert load(customers=rows).merge().audit.sources[0].merged == 0


def test_the_master_is_the_most_complete_then_the_oldest_then_the_busiest(load):
    def master(*rows, **tables):
        return load(customers=list(rows), **tables).merge().rows("SELECT master_id FROM customer_merges")

    name = "上海华鼎机械有限公司"
    bare, full = {"customer_id": "A", "name": name}, {"customer_id": "B", "name": name, "segment": "large"}
    assert master(bare, full) == master(full, bare) == [("B",)]
    young = {"customer_id": "A", "name": name, "first_seen_on": "2024-01-01"}
    old = {"customer_id": "B", "name": name, "first_seen_on": "2020-01-01"}
    assert master(young, old) == [("B",)]
    busy = [{"order_id": "o1", "line_id": "1", "customer_id": "B"}]
    assert master(bare, {"customer_id": "B", "name": name}, order_lines=busy) == [("B",)]


def test_codes_are_no_names(load):
    rows = [{"customer_id": f"C{k:05d}", "name": f"C{k:05d}"} for k in range(50)]
    assert load(customers=rows).merge().review() == []


def test_names_that_serve_as_ids_are_compared(load):
    rows = [
        {"customer_id": name, "name": name}
        for name in ("上海华鼎机械有限公司", "上海华鼎机械(有限)公司", "上海市华鼎机械有限公司")
    ]
    assert load(customers=rows).merge().audit.sources[0].merged >= 1


def test_nothing_is_written_without_candidates(load):
    store = load(customers=TWINS[1:]).merge()
    assert not (store.data / review.NAME).exists()
    assert store.audit.sources[0].merged == 0
