"""Rows that are there twice: by key, in overlapping exports, within a file."""

from __future__ import annotations

from salesops_lib.cleaning.settings import Settings

KEYED = "Order ID,Line,Order Date,Customer Name,Product,Amount\n"
UNKEYED = "Order ID,Order Date,Customer Name,Product,Amount\n"


def fates(audit) -> dict[str, tuple[int, int, int, int]]:
    return {s.source: (s.rows_in, s.used, s.merged, s.set_aside) for s in audit.sources if s.kind == "file"}


def test_the_version_in_the_later_export_is_kept_and_the_other_named(loaded) -> None:
    files = {
        "old": KEYED + "A1,1,2026-03-05,Ann,P,12\nA2,1,2026-03-06,Bo,P,5\n",
        "new": KEYED + "A1,1,2026-03-05,Ann,P,10\nA3,1,2026-04-01,Bo,P,5\n",
    }
    for order in (files, dict(reversed(files.items()))):
        audit, query = loaded(**order)
        assert query("SELECT order_id, net_amount FROM order_lines ORDER BY 1") == [
            ("A1", 1000),
            ("A2", 500),
            ("A3", 500),
        ]
        assert query("SELECT source, line, value, reason FROM set_aside") == [
            ("old.csv", 2, "line 2 of new.csv is kept", "same key, other values")
        ]
        assert fates(audit) == {"old.csv": (2, 1, 0, 1), "new.csv": (2, 2, 0, 0)}


def test_in_one_file_the_version_stated_most_often_then_the_fullest_is_kept(loaded) -> None:
    _, query = loaded(
        orders=KEYED + "A1,1,2026-03-05,Ann,P,11\nA1,1,2026-03-05,Ann,P,10\nA1,1,2026-03-05,Ann,P,10\n"
        "A2,1,2026-03-05,Ann,,9\nA2,1,2026-03-05,Ann,P,8\n"
    )
    assert query("SELECT order_id, net_amount FROM order_lines ORDER BY 1") == [("A1", 1000), ("A2", 800)]
    assert query("SELECT line FROM set_aside ORDER BY 1") == [(2,), (5,)]
    assert query("SELECT line, reason, kept_line FROM merged_rows") == [(4, "exact duplicate", 3)]


def test_overlapping_exports_without_a_line_key_are_the_union_of_their_rows(loaded) -> None:
    twice = "A1,2026-03-05,Ann,P,10\n" * 2
    files = {
        "march": UNKEYED + twice + "A2,2026-03-06,Bo,P,5\n",
        "april": UNKEYED + "A1,2026-03-05,Ann,P,10\nA3,2026-04-02,Bo,Q,7\n",
    }
    for order in (files, dict(reversed(files.items()))):
        audit, query = loaded(**order)
        assert fates(audit) == {"march.csv": (3, 3, 0, 0), "april.csv": (2, 1, 1, 0)}
        assert query("SELECT sum(net_amount)::BIGINT FROM order_lines") == [(3200,)]
        assert query("SELECT source, line, reason, kept_source, kept_line FROM merged_rows") == [
            ("april.csv", 2, "also in another file", "march.csv", 2)
        ]
        suspected = [r for r in audit.reasons if r.outcome == "suspected"]
        assert [(r.source, r.n_rows) for r in suspected] == [("march.csv", 1)]


def test_what_the_policy_sets_aside_comes_back_when_it_is_mended(loaded) -> None:
    text = UNKEYED + "A1,2026-03-05,Ann,P,10\nA1,2026-03-05,Ann,P,10\n"
    strict, query = loaded(policy=Settings(duplicates="set_aside"), orders=text)
    assert fates(strict) == {"orders.csv": (2, 1, 0, 1)}
    assert query("SELECT line, value FROM set_aside") == [(3, "line 2 is kept")]
    assert fates(loaded(orders=text)[0]) == {"orders.csv": (2, 2, 0, 0)}


def test_a_row_set_aside_comes_back_when_its_file_is_mended(loaded) -> None:
    text = KEYED + "A1,1,2026-03-05,Ann,P,10\nA2,1,31.31.2026,Bo,P,5\n"
    assert fates(loaded(orders=text)[0]) == {"orders.csv": (2, 1, 0, 1)}
    audit, query = loaded(orders=text.replace("31.31.2026", "2026-03-31"))
    assert fates(audit) == {"orders.csv": (2, 2, 0, 0)}
    assert query("SELECT count(*) FROM set_aside") == [(0,)]
