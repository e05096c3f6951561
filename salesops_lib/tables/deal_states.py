"""Derived tables of how deals came to be what they are: `deal_changes` and `deal_states`.

`deal_changes` unites the source's own history of fields with what snapshots of the pipeline show
for fields that this history lacks.  `deal_states` has one row per deal and span of days over which
nothing changed, so that the pipeline at the close of any day is a plain filter on every engine:
`valid_from <= day AND valid_to > day`.

Both are built once, at load, by DuckDB.  A change counts from the day on which it was made.  Of a
field that neither history nor a snapshot covers, the present value stands for the past, and
`is_…_known` says that it was not known then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesops_lib.tables.canonical import TABLES
from salesops_lib.tables.engine import literal

if TYPE_CHECKING:
    from salesops_lib.tables.engine import DuckDBEngine

DERIVED = ("deal_changes", "deal_states")
#: What is kept of the pipeline of a day: rows that differ from what was kept of the deal before.
SNAPSHOTS = "deal_snapshots"
SNAPSHOT_COLUMNS = {
    "day": "DATE",
    "opportunity_id": "VARCHAR",
    "customer_id": "VARCHAR",
    "rep_id": "VARCHAR",
    "stage": "VARCHAR",
    "amount": "BIGINT",
    "currency": "VARCHAR",
    "created_on": "DATE",
    "expected_close_on": "DATE",
    "closed_on": "DATE",
    "outcome": "VARCHAR",
    "is_gone": "BOOLEAN",
}
#: Fields whose changes are followed → how a change of them is stored.
FIELDS = {"stage": "text", "amount": "amount", "expected_close_on": "on", "rep_id": "text"}
_ALSO = {"expected_close_on": ("close date", "closedate"), "rep_id": ("ownerid",)}
_LONG_AGO, _FOR_EVER = "DATE '1900-01-01'", "DATE '9999-12-31'"


def build(engine: DuckDBEngine, *, group: str, won: tuple[str, ...], lost: tuple[str, ...]) -> None:
    """(Re)build both tables; expects `deals`, `rates`, `org_now` and the canonical tables.

    Parameters
    ----------
    group
        Group currency; empty where amounts are in one that nothing names.
    won, lost
        Stages and outcomes that close a deal, in lower case.
    """
    body = ", ".join(f"{name} {kind}" for name, kind in SNAPSHOT_COLUMNS.items())
    engine.execute(f"CREATE TABLE IF NOT EXISTS {SNAPSHOTS} ({body})")
    words = {":group": literal(group), ":won": str(won), ":lost": str(lost)}
    words |= {":field": _field(), ":forever": _FOR_EVER, ":longago": _LONG_AGO}
    _money(engine, group, words)
    for statement in (_FROM_HISTORY, _SEEN, _SEEN_BEFORE):
        engine.execute(_worded(statement, words))
    covered = {field for (field,) in engine.rows("SELECT DISTINCT field FROM deal_changes")}
    for field, kind in FIELDS.items():
        if field not in covered:
            engine.execute(_FROM_SNAPSHOTS.replace(":kind", kind).replace(":f", field))
    for field in FIELDS:
        words[f":known_{field}"] = "h.start_on" if field in covered else "h.first_seen_on"
        words[f":seen_{field}"] = "NULL" if field in covered else f"g.{field}"
    words[":entered"] = "start_on" if "stage" in covered else "CAST(NULL AS DATE)"
    for statement in (_FIRSTS, _HEADS, _EVENTS, _UNITS, _STATES):
        engine.execute(_worded(statement, words))
    for temporary in ("deal_money", "seen", "seen_before", "deal_firsts", "deal_heads", "deal_units"):
        engine.execute(f"DROP TABLE {temporary}")
    engine.execute("DROP VIEW deal_events")


def _worded(statement: str, words: dict[str, str]) -> str:
    for mark in sorted(words, key=len, reverse=True):
        statement = statement.replace(mark, words[mark])
    return statement


def _field() -> str:
    """A field of the source's history by the name that it has here, as SQL."""
    cases = []
    for name in FIELDS:
        own = TABLES["opportunities"][name]
        words = {name, name.replace("_", " "), own.zh, *own.synonyms, *_ALSO.get(name, ())}
        words = {word.lower() for word in words if word}
        cases.append(f"WHEN lower(trim(field)) IN ({', '.join(map(literal, sorted(words)))}) THEN '{name}'")
    return f"CASE {' '.join(cases)} END"


def _money(engine: DuckDBEngine, group: str, words: dict[str, str]) -> None:
    """Table `deal_money`: of deals in another currency, what a unit and a minor unit of it are in `group`'s."""
    from babel.numbers import get_currency_precision

    words[":units"] = str(10 ** (get_currency_precision(group) if group else 2))
    engine.execute(_worded(_MONEY, words))
    for (currency,) in engine.rows("SELECT DISTINCT currency FROM deal_money ORDER BY currency"):
        engine.execute(
            "UPDATE deal_money SET units = rate * ? WHERE currency = ?",
            [10.0 ** get_currency_precision(currency), currency],
        )


#: One rate per deal, that of `deals`, so that rates change nothing between two days.
_MONEY = """
CREATE TABLE deal_money AS
SELECT d.opportunity_id, d.currency, x.rate, CAST(NULL AS DOUBLE) AS units
FROM opportunities AS d
LEFT JOIN rates AS x ON x.currency = d.currency AND x.month = date_trunc('month', COALESCE(d.closed_on, d.created_on))
WHERE d.currency IS NOT NULL AND d.currency <> :group AND :group <> ''
"""

_READ = "TRY_CAST(replace(replace({0}, ',', ''), ' ', '') AS DECIMAL(18, 4))"
_PRICED = (
    "CASE WHEN c.field = 'amount' THEN CAST(CASE WHEN m.currency IS NULL THEN round_even("
    + _READ
    + " * :units, 0) "
    "ELSE round_even(CAST(" + _READ + " AS DOUBLE) * m.units, 0) END AS BIGINT) END"
)
_DAY = "CASE WHEN c.field = 'expected_close_on' THEN CAST(COALESCE(TRY_CAST({0} AS TIMESTAMP), try_strptime({0}, ['%Y/%m/%d', '%Y%m%d', '%Y年%m月%d日'])) AS DATE) END"
_TEXT = "CASE WHEN c.field IN ('stage', 'rep_id') THEN {0} END"

_FROM_HISTORY = f"""
CREATE TABLE deal_changes AS
SELECT c.opportunity_id, c.changed_on, c.field, 'history' AS origin,
       {_TEXT.format("c.old_value")} AS old_text, {_TEXT.format("c.new_value")} AS new_text,
       {_PRICED.format("c.old_value")} AS old_amount, {_PRICED.format("c.new_value")} AS new_amount,
       {_DAY.format("c.old_value")} AS old_on, {_DAY.format("c.new_value")} AS new_on
FROM (SELECT opportunity_id, changed_on, :field AS field, old_value, new_value FROM opportunity_changes) AS c
LEFT JOIN deal_money AS m ON c.field = 'amount' AND m.opportunity_id = c.opportunity_id
WHERE c.field IS NOT NULL AND c.changed_on IS NOT NULL
"""

#: What snapshots show, the source's own and those that loads kept: of one day, the source's.
_SEEN = """
CREATE TABLE seen AS
WITH both_kinds AS (
    SELECT 0 AS place, day, opportunity_id, CAST(NULL AS VARCHAR) AS customer_id, rep_id, stage, amount, currency,
           CAST(NULL AS DATE) AS created_on, expected_close_on, outcome, FALSE AS is_gone
    FROM pipeline_snapshots
    UNION ALL
    SELECT 1 AS place, day, opportunity_id, customer_id, rep_id, stage, amount, currency, created_on, expected_close_on, outcome, is_gone
    FROM deal_snapshots
)
SELECT s.day, s.opportunity_id, s.customer_id, s.rep_id, s.stage, s.created_on, s.expected_close_on, s.is_gone,
       CASE WHEN m.rate IS NULL THEN s.amount ELSE CAST(round_even(CAST(s.amount AS DOUBLE) * m.rate, 0) AS BIGINT) END AS amount,
       CASE WHEN s.is_gone THEN 'deleted' WHEN lower(COALESCE(s.outcome, s.stage)) IN :won THEN 'won'
            WHEN lower(COALESCE(s.outcome, s.stage)) IN :lost THEN 'lost' ELSE 'open' END AS outcome
FROM both_kinds AS s LEFT JOIN deal_money AS m ON m.opportunity_id = s.opportunity_id AND m.currency = s.currency
QUALIFY ROW_NUMBER() OVER (PARTITION BY s.opportunity_id, s.day ORDER BY s.place) = 1
"""

_SEEN_BEFORE = """
CREATE TABLE seen_before AS
SELECT day, opportunity_id, stage, amount, expected_close_on, rep_id, outcome,
       LAG(stage) OVER deal AS was_stage, LAG(amount) OVER deal AS was_amount,
       LAG(expected_close_on) OVER deal AS was_expected_close_on, LAG(rep_id) OVER deal AS was_rep_id,
       LAG(outcome) OVER deal AS was_outcome
FROM seen WINDOW deal AS (PARTITION BY opportunity_id ORDER BY day)
"""

_FROM_SNAPSHOTS = """
INSERT INTO deal_changes BY NAME
SELECT opportunity_id, day AS changed_on, ':f' AS field, 'snapshot' AS origin, was_:f AS old_:kind, :f AS new_:kind
FROM seen_before WHERE was_outcome IS NOT NULL AND outcome <> 'deleted' AND :f IS DISTINCT FROM was_:f
"""

#: Per deal: what its first changes started from, and when its stage said that it was closed.
_FIRSTS = """
CREATE TABLE deal_firsts AS
SELECT opportunity_id, MIN(changed_on) AS first_on,
       arg_min(old_text, changed_on) FILTER (WHERE field = 'stage') AS stage,
       arg_min(old_text, changed_on) FILTER (WHERE field = 'rep_id') AS rep_id,
       COUNT(*) FILTER (WHERE field = 'amount') AS n_amounts, arg_min_null(old_amount, changed_on) FILTER (WHERE field = 'amount') AS amount,
       COUNT(*) FILTER (WHERE field = 'expected_close_on') AS n_dates,
       arg_min_null(old_on, changed_on) FILTER (WHERE field = 'expected_close_on') AS expected_close_on,
       MAX(changed_on) FILTER (WHERE field = 'stage' AND (lower(new_text) IN :won OR lower(new_text) IN :lost)) AS ended_on
FROM deal_changes GROUP BY opportunity_id
"""

#: Per deal its first state, and how it ends.  Deals that only snapshots know have vanished.
_HEADS = """
CREATE TABLE deal_heads AS
WITH glimpses AS (
    SELECT opportunity_id, MIN(day) AS first_seen_on, arg_min(stage, day) AS stage, arg_min_null(amount, day) AS amount,
           arg_min_null(expected_close_on, day) AS expected_close_on, arg_min(rep_id, day) AS rep_id,
           MIN(created_on) AS created_on, MIN(customer_id) AS customer_id,
           MAX(day) FILTER (WHERE NOT is_gone) AS last_seen_on, MIN(day) FILTER (WHERE outcome IN ('won', 'lost')) AS ended_on,
           arg_max(outcome, day) FILTER (WHERE NOT is_gone) AS outcome, MAX(day) FILTER (WHERE is_gone) AS gone_on
    FROM seen GROUP BY opportunity_id
), days AS (
    SELECT DISTINCT day FROM seen
), vanished AS (
    SELECT g.opportunity_id, g.stage, g.amount, g.expected_close_on, g.rep_id, g.outcome, g.ended_on,
           COALESCE(g.created_on, g.first_seen_on) AS created_on, g.customer_id,
           COALESCE(g.gone_on, (SELECT MIN(d.day) FROM days AS d WHERE d.day > g.last_seen_on)) AS gone_on
    FROM glimpses AS g ANTI JOIN opportunities AS o ON o.opportunity_id = g.opportunity_id
), deals_of_both AS (
    SELECT opportunity_id, created_on, closed_on, stage, amount, expected_close_on, rep_id, outcome,
           CAST(NULL AS DATE) AS gone_on, team, region, customer_id, TRUE AS is_present FROM deals
    UNION ALL BY NAME
    SELECT opportunity_id, created_on, ended_on AS closed_on, stage, amount, expected_close_on, rep_id, outcome, gone_on, customer_id,
           FALSE AS is_present FROM vanished
)
SELECT d.opportunity_id, d.created_on, d.customer_id, d.rep_id AS present_rep_id, d.team, d.region, d.is_present, d.gone_on,
       COALESCE(d.created_on, :longago) AS start_on, g.first_seen_on, d.stage AS present_stage,
       d.outcome AS ends, d.amount AS present_amount,
       CASE WHEN d.outcome <> 'open' THEN COALESCE(d.closed_on, f.ended_on, g.ended_on, d.created_on, :longago) END AS ended_on,
       COALESCE(f.stage, :seen_stage, CASE WHEN d.outcome = 'open' OR NOT d.is_present THEN d.stage END) AS stage,
       CASE WHEN f.n_amounts > 0 THEN f.amount ELSE COALESCE(:seen_amount, d.amount) END AS amount,
       CASE WHEN f.n_dates > 0 THEN f.expected_close_on ELSE COALESCE(:seen_expected_close_on, d.expected_close_on) END AS expected_close_on,
       COALESCE(f.rep_id, :seen_rep_id, d.rep_id) AS rep_id
FROM deals_of_both AS d
LEFT JOIN deal_firsts AS f ON f.opportunity_id = d.opportunity_id
LEFT JOIN glimpses AS g ON g.opportunity_id = d.opportunity_id
"""

#: What happened to each deal and when, a field a column: its start, its changes, its end.
_EVENTS = """
CREATE VIEW deal_events AS
SELECT opportunity_id, start_on AS day, 0 AS place, start_on AS happened_on, stage, :entered AS entered_on, amount, expected_close_on,
       0 AS pushes, rep_id, 'open' AS outcome FROM deal_heads
UNION ALL
SELECT c.opportunity_id, GREATEST(c.changed_on, h.start_on), 1, c.changed_on, CASE WHEN c.field = 'stage' THEN c.new_text END,
       CASE WHEN c.field = 'stage' THEN GREATEST(c.changed_on, h.start_on) END, c.new_amount, c.new_on,
       CASE WHEN c.new_on > c.old_on THEN 1 ELSE 0 END, CASE WHEN c.field = 'rep_id' THEN c.new_text END, NULL
FROM deal_changes AS c JOIN deal_heads AS h ON h.opportunity_id = c.opportunity_id
UNION ALL
SELECT opportunity_id, first_seen_on, 1, first_seen_on, NULL, NULL, NULL, NULL, 0, NULL, NULL FROM deal_heads WHERE first_seen_on > start_on
UNION ALL
SELECT opportunity_id, GREATEST(ended_on, start_on), 2, ended_on, present_stage, NULL, present_amount, NULL, 0, NULL, ends
FROM deal_heads WHERE ended_on IS NOT NULL
UNION ALL
SELECT opportunity_id, GREATEST(gone_on, start_on), 3, gone_on, NULL, NULL, NULL, NULL, 0, NULL, 'deleted'
FROM deal_heads WHERE gone_on IS NOT NULL
"""

#: Where the owners of a deal stand who are not its present one, as `deals` says it of the present one.
_UNITS = """
CREATE TABLE deal_units AS
WITH owners AS (
    SELECT opportunity_id, rep_id FROM deal_heads
    UNION SELECT opportunity_id, new_text FROM deal_changes WHERE field = 'rep_id'
), others AS (
    SELECT h.opportunity_id, o.rep_id, h.customer_id, COALESCE(h.ended_on, h.created_on, :forever) AS day
    FROM owners AS o JOIN deal_heads AS h ON h.opportunity_id = o.opportunity_id
    WHERE o.rep_id IS NOT NULL AND (o.rep_id IS DISTINCT FROM h.present_rep_id OR NOT h.is_present)
)
SELECT o.opportunity_id, o.rep_id, w.team, COALESCE(w.region, c.region) AS region
FROM others AS o
ASOF LEFT JOIN org_now AS w ON w.rep_id = o.rep_id AND w.valid_from <= o.day
LEFT JOIN customers AS c ON c.customer_id = o.customer_id
"""

_STATES = """
CREATE TABLE deal_states AS
WITH spans AS (
    SELECT opportunity_id, day AS valid_from, COALESCE(LEAD(day) OVER deal, :forever) AS valid_to,
           LAST_VALUE(stage IGNORE NULLS) OVER upto AS stage, LAST_VALUE(entered_on IGNORE NULLS) OVER upto AS entered_on,
           LAST_VALUE(amount IGNORE NULLS) OVER upto AS amount, LAST_VALUE(expected_close_on IGNORE NULLS) OVER upto AS expected_close_on,
           CAST(SUM(pushes) OVER upto AS INTEGER) AS n_pushes, LAST_VALUE(rep_id IGNORE NULLS) OVER upto AS rep_id,
           LAST_VALUE(outcome IGNORE NULLS) OVER upto AS outcome
    FROM deal_events
    WINDOW deal AS (PARTITION BY opportunity_id ORDER BY day, place, happened_on),
           upto AS (PARTITION BY opportunity_id ORDER BY day, place, happened_on ROWS UNBOUNDED PRECEDING)
)
SELECT s.opportunity_id, s.valid_from, s.valid_to, h.created_on, s.stage, s.entered_on, s.amount, s.expected_close_on, s.n_pushes, s.rep_id,
       CASE WHEN u.opportunity_id IS NULL THEN h.team ELSE u.team END AS team,
       CASE WHEN u.opportunity_id IS NULL THEN h.region ELSE u.region END AS region,
       s.outcome, CASE WHEN s.outcome IN ('won', 'lost') THEN h.ended_on END AS closed_on,
       s.outcome <> 'open' OR COALESCE(s.valid_from >= :known_stage, FALSE) AS is_stage_known,
       s.outcome <> 'open' OR COALESCE(s.valid_from >= :known_amount, FALSE) AS is_amount_known,
       s.outcome <> 'open' OR COALESCE(s.valid_from >= :known_expected_close_on, FALSE) AS is_close_known,
       s.outcome <> 'open' OR COALESCE(s.valid_from >= :known_rep_id, FALSE) AS is_owner_known
FROM spans AS s
JOIN deal_heads AS h ON h.opportunity_id = s.opportunity_id
LEFT JOIN deal_units AS u ON u.opportunity_id = s.opportunity_id AND u.rep_id = s.rep_id
WHERE s.valid_from < s.valid_to
"""
