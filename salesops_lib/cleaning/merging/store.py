"""Customers that are one, in the store: found, decided by people, and given one id everywhere.

A load begins with the raw files, so nothing has to be undone in the store: without the merge
the next load leaves both customers as they came.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from salesops_lib.cleaning.audit import Audit, Reason
from salesops_lib.cleaning.merging import review
from salesops_lib.cleaning.merging.clusters import clusters
from salesops_lib.cleaning.merging.decisions import refuse_contradictions, resolved
from salesops_lib.cleaning.merging.duplicates import AUTOMATIC, REVIEW, no_pairs, of_companies
from salesops_lib.cleaning.merging.fields import COMPANY_FIELDS, prepared
from salesops_lib.errors import DataError
from salesops_lib.tables.engine import quoted

REASON = "customer merged into another"
_MERGES = (
    "CREATE OR REPLACE TABLE main.customer_merges (customer_id VARCHAR, master_id VARCHAR, name VARCHAR, master_name VARCHAR, "
    "probability DOUBLE, rule VARCHAR, decided_by VARCHAR, record VARCHAR)"
)


@dataclass(frozen=True)
class _Judged:
    """Pairs by record number: what was found, what a person said, and the groups that follow."""

    found: pd.DataFrame
    ready: pd.DataFrame
    group: list[int]
    decided: dict[tuple[int, int], review.Decision]
    stale: tuple[review.Decision, ...]


def customers(connection: Any, data: Path, settings: Any, audit: Audit) -> None:
    """Merge customers that are one, and write the pairs that a person should decide.

    Parameters
    ----------
    connection
        DuckDB with the canonical tables in `main`; those with a customer_id get the master's,
        merged rows leave `customers`, and `customer_merges` says what became of each.
    data
        Folder of customer_review.csv; what is decided there is obeyed and kept.
    settings
        Its `merging` says customers (`automatic`, `review` or `off`), automatic and review
        (probabilities).
    audit
        Merged rows of `customers` are counted as merged, open pairs as suspected.

    Raises
    ------
    DataError
        If the review file has a word that is no decision, an id that never was a customer's, or
        decisions that contradict each other.

    Notes
    -----
    The master is the customer with the most columns filled, of those the oldest (first_seen_on),
    of those the one with most order lines, of those the first id.
    """
    mode, automatic, least = _policy(settings)
    tables = _tables_with_customers(connection)
    if mode == "off" or "customers" not in tables:
        return
    connection.execute(_MERGES)
    path = data / review.NAME
    judged = _judge(connection, tables, review.read(path), mode, automatic, least)
    masters = _masters(connection, tables, judged)
    if judged.stale:
        _note(audit, f"{len(judged.stale)} decisions of {review.NAME} are about customers that are gone")
    rows = _review_rows(connection, judged)
    review.write(path, rows)
    n_open = sum(1 for row in rows if row["proposal"] == "review" and not row["decision"])
    if n_open:
        audit.reasons.append(
            Reason(
                "",
                "customers",
                "suspected",
                f"pairs may be one customer: decide in data/{review.NAME}",
                "customer_id",
                n_open,
            )
        )
    if masters:
        _record(connection, judged, masters)
        _rewrite(connection, tables)
        _account(audit, masters)


def _policy(settings: Any) -> tuple[str, float, float]:
    block = getattr(settings, "merging", None) or {}
    get = block.get if hasattr(block, "get") else lambda name, default: getattr(block, name, default)
    automatic, least = float(get("automatic", AUTOMATIC)), float(get("review", REVIEW))
    if not 0 < least <= automatic <= 1:
        raise DataError(
            f"data.merging says review {least} and automatic {automatic}: write probabilities, review not above automatic."
        )
    return str(get("customers", "automatic")), automatic, least


def _tables_with_customers(connection: Any) -> dict[str, list[str]]:
    """Table of main → its columns, of those that have a customer_id."""
    rows = connection.execute(
        "SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns() "
        "WHERE database_name = current_database() AND schema_name = 'main' "
        "AND table_name IN (SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()) "
        "GROUP BY table_name ORDER BY table_name"
    ).fetchall()
    return {name: columns for name, columns in rows if "customer_id" in columns and name != "customer_merges"}


def _judge(
    connection: Any,
    tables: dict[str, list[str]],
    decisions: list[review.Decision],
    mode: str,
    automatic: float,
    least: float,
) -> _Judged:
    frame = _frame(connection, tables["customers"])
    fields = {name: name for name in frame.columns if name != "customer_id"}
    apart: list[tuple[int, int]] = []
    if "name" in fields:
        ready = prepared(frame, "customer_id", fields, "company")
        found, apart = of_companies(ready, set(fields), automatic, least)
        if len(found):
            found, paid_apart = _without_other_currencies(connection, tables, ready, found)
            apart += paid_apart
    else:
        ready, found = prepared(frame, "customer_id", {}, "company"), no_pairs()
    if mode == "review":
        found["decision"] = "review"
    decided, stale = resolved(decisions, ready["id"].tolist(), found)
    links = found[found.decision == "automatic"]
    group = clusters(
        len(ready),
        [
            (a, b, weight)
            for a, b, weight in zip(links.left, links.right, links.weight, strict=True)
            if (a, b) not in decided
        ],
        apart + [pair for pair, decision in decided.items() if decision.word == "apart"],
        [pair for pair, decision in decided.items() if decision.word == "merge"],
    )
    refuse_contradictions(decided, group)
    return _Judged(found, ready, group, decided, stale)


def _frame(connection: Any, columns: list[str]) -> pd.DataFrame:
    """customer_id and the comparable columns that hold anything; a name that is only the id's code is none."""
    names = [name for name in COMPANY_FIELDS if name in columns]
    counts = connection.execute(
        f"SELECT {', '.join(f'count({quoted(n)})' for n in names)} FROM main.customers"
    ).fetchall()[0]
    filled = [name for name, n in zip(names, counts, strict=True) if n]
    listed = ", ".join(map(quoted, ["customer_id", *filled]))
    frame = connection.execute(f"SELECT {listed} FROM main.customers WHERE customer_id IS NOT NULL").df()
    if "name" in filled:
        code = frame.customer_id.astype(str)
        is_code = (frame.name == code) & code.str.contains(r"\d") & ~code.str.contains(r"[\s\u3400-\u9fff]")
        frame["name"] = frame.name.astype(object).where(~is_code, None)
        if frame.name.isna().all():
            frame = frame.drop(columns="name")
    return frame


def _without_other_currencies(
    connection: Any, tables: dict[str, list[str]], ready: pd.DataFrame, found: pd.DataFrame
) -> tuple[pd.DataFrame, list[tuple[int, int]]]:
    """Pairs without those that pay in different currencies: two legal entities, whatever their names."""
    paid = [name for name, columns in tables.items() if "currency" in columns and name != "customers"]
    if not paid:
        return found, []
    asked = pd.DataFrame({"record": pd.unique(pd.concat([found.left, found.right]))})
    asked["id"] = ready["id"].to_numpy()[asked.record]
    connection.register("asked_customers", asked)
    every = " UNION ALL ".join(f"SELECT customer_id, currency FROM main.{quoted(name)}" for name in paid)
    rows = connection.execute(
        f"SELECT record, list(DISTINCT currency ORDER BY currency) FROM ({every}) JOIN asked_customers ON id = customer_id "
        "WHERE currency IS NOT NULL GROUP BY record"
    ).fetchall()
    connection.unregister("asked_customers")
    known = {record: set(currencies) for record, currencies in rows}
    differ = [
        bool(a in known and b in known and not known[a] & known[b])
        for a, b in zip(found.left, found.right, strict=True)
    ]
    two = list(found.loc[differ, ["left", "right"]].itertuples(index=False, name=None))
    return found[[not one for one in differ]].reset_index(drop=True), two


def _masters(connection: Any, tables: dict[str, list[str]], judged: _Judged) -> dict[str, str]:
    """Customer → the customer it is merged into."""
    ids = judged.ready["id"].tolist()
    members: dict[int, list[str]] = defaultdict(list)
    for record, number in enumerate(judged.group):
        members[number].append(ids[record])
    groups = [group for group in members.values() if len(group) > 1]
    if not groups:
        return {}
    rank = _ranks(connection, tables, [customer for group in groups for customer in group])
    masters: dict[str, str] = {}
    for group in groups:
        first = min(group, key=lambda customer: rank[customer])
        masters |= {customer: first for customer in group if customer != first}
    return masters


def _ranks(connection: Any, tables: dict[str, list[str]], members: list[str]) -> dict[str, tuple[Any, ...]]:
    """What a master is chosen by: smaller is better."""
    connection.register("members", pd.DataFrame({"member": members}))
    columns = tables["customers"]
    filled = " + ".join(f"({quoted(name)} IS NOT NULL)::INTEGER" for name in columns)
    oldest = "CAST(first_seen_on AS VARCHAR)" if "first_seen_on" in columns else "NULL"
    lines = "SELECT customer_id, count(*) AS n FROM main.order_lines SEMI JOIN members ON member = customer_id GROUP BY ALL"
    counted = f"LEFT JOIN ({lines}) AS l USING (customer_id)" if "order_lines" in tables else ""
    rows = connection.execute(
        f"SELECT customer_id, -({filled}), COALESCE({oldest}, '9999'), {'-COALESCE(l.n, 0)' if counted else '0'} "
        f"FROM (FROM main.customers SEMI JOIN members ON member = customer_id) {counted}"
    ).fetchall()
    connection.unregister("members")
    return {customer: (*rank, customer) for customer, *rank in rows}


def _review_rows(connection: Any, judged: _Judged) -> list[dict[str, str]]:
    """Rows of the review file: the most probable pair first, then decided pairs that are not found again."""
    ids = judged.ready["id"].tolist()
    shown = [(int(a), int(b)) for a, b in zip(judged.found.left, judged.found.right, strict=True)]
    known = _side_by_side(connection, sorted({ids[k] for pair in [*shown, *judged.decided] for k in pair}))
    rows = []
    for pair, one in zip(shown, judged.found.itertuples(), strict=True):
        made = judged.decided.get(pair)
        merged = one.decision == "automatic" and judged.group[pair[0]] == judged.group[pair[1]]
        row = {
            "proposal": "automatic" if merged or (made and one.decision == "automatic") else "review",
            "probability": f"{one.probability:.4f}",
            "reason": one.reason,
        }
        rows.append(_row(ids[pair[0]], ids[pair[1]], row, made, known))
    rows.sort(key=lambda row: (-float(row["probability"]), row["left_id"], row["right_id"]))
    others = [(pair, made) for pair, made in judged.decided.items() if pair not in set(shown)]
    kept = dict.fromkeys(("proposal", "probability", "reason"), "")
    rows += [
        _row(ids[a], ids[b], {name: made.row.get(name, "") for name in kept}, made, known)
        for (a, b), made in sorted(others, key=lambda one: one[0])
    ]
    return rows + [dict(made.row) for made in judged.stale]


def _row(
    left: str,
    right: str,
    found: dict[str, str],
    made: review.Decision | None,
    known: dict[str, dict[str, str]],
) -> dict[str, str]:
    row = {"pair": review.pair_key(left, right), "decision": made.word if made else "", **found}
    row |= {
        "left_id": left,
        "right_id": right,
        "left_name": known[left]["name"],
        "right_name": known[right]["name"],
    }
    for name in known[left]:
        if name != "name":
            row |= {f"left_{name}": known[left][name], f"right_{name}": known[right][name]}
    return row


def _side_by_side(connection: Any, ids: list[str]) -> dict[str, dict[str, str]]:
    """Customer → its columns as text; a column that is empty for all is left out."""
    if not ids:
        return {}
    connection.register("shown", pd.DataFrame({"shown_id": ids}))
    frame = connection.execute(
        "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM main.customers SEMI JOIN shown ON shown_id = customer_id"
    ).df()
    connection.unregister("shown")
    kept = [
        name
        for name in frame.columns
        if name == "name" or (name != "customer_id" and frame[name].notna().any())
    ]
    frame = frame.set_index("customer_id")[kept].astype(object)
    return {str(key): row for key, row in frame.where(frame.notna(), "").to_dict("index").items()}


def _record(connection: Any, judged: _Judged, masters: dict[str, str]) -> None:
    """Fill customer_merges; probability and rule are those of the pair with the master, or of the strongest link."""
    ids = judged.ready["id"].tolist()
    links: dict[str, list[tuple[bool, float, str, str]]] = defaultdict(list)
    by_hand = {pair for pair, made in judged.decided.items() if made.word == "merge"}
    for a, b in by_hand:
        links[ids[a]].append((masters.get(ids[a]) == ids[b], 1.0, "decision", "person"))
        links[ids[b]].append((masters.get(ids[b]) == ids[a], 1.0, "decision", "person"))
    for one in judged.found.itertuples():
        if one.decision == "automatic" and (one.left, one.right) not in judged.decided:
            a, b = ids[one.left], ids[one.right]
            for here, there in ((a, b), (b, a)):
                links[here].append((masters.get(here) == there, one.probability, one.rule, "automatic"))
    rows = []
    for customer, master in sorted(masters.items()):
        _, probability, rule, decided_by = max(links[customer])
        rows.append((customer, master, probability, rule, decided_by))
    frame = pd.DataFrame(rows, columns=["customer_id", "master_id", "probability", "rule", "decided_by"])
    connection.register("merged", frame)
    connection.execute(
        "INSERT INTO main.customer_merges SELECT m.customer_id, m.master_id, c.name, k.name, m.probability, m.rule, m.decided_by, "
        "CAST(to_json(c) AS VARCHAR) FROM merged AS m JOIN main.customers AS c ON c.customer_id = m.customer_id "
        "JOIN main.customers AS k ON k.customer_id = m.master_id ORDER BY m.customer_id"
    )
    connection.unregister("merged")


def _rewrite(connection: Any, tables: dict[str, list[str]]) -> None:
    """Give every table the master's id, and take merged rows out of customers."""
    for name in tables:
        if name != "customers":
            connection.execute(
                f"UPDATE main.{quoted(name)} AS t SET customer_id = m.master_id FROM main.customer_merges AS m "
                "WHERE t.customer_id = m.customer_id"
            )
    connection.execute(
        "DELETE FROM main.customers WHERE customer_id IN (SELECT customer_id FROM main.customer_merges)"
    )
    if "parent_id" in tables["customers"]:
        connection.execute(
            "UPDATE main.customers AS t SET parent_id = NULLIF(m.master_id, t.customer_id) FROM main.customer_merges AS m "
            "WHERE t.parent_id = m.customer_id"
        )


def _account(audit: Audit, masters: dict[str, str]) -> None:
    """Count merged rows as merged: of the customers' last source first, which added them to the others."""
    left = len(masters)
    example = " → ".join(min(masters.items()))
    for at in reversed(range(len(audit.sources))):
        one = audit.sources[at]
        n = min(left, one.used) if one.table == "customers" else 0
        if n:
            audit.sources[at] = replace(one, used=one.used - n, merged=one.merged + n)
            audit.reasons.append(Reason(one.source, "customers", "merged", REASON, "customer_id", n, example))
            left -= n
    assert not left, "more customers were merged than any source gave"


def _note(audit: Audit, text: str) -> None:
    for at, one in enumerate(audit.sources):
        if one.table == "customers":
            audit.sources[at] = replace(one, notes=(*one.notes, text))
            return
