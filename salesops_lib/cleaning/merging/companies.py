"""Companies that may be one: candidate pairs, what speaks against them, and the model that scores them.

Levels of a name are joint, because brand and trade are not independent.  The chance u of meeting
a level by accident is counted on pairs whose places contradict each other, which therefore are
two companies; a stated prior stands in where such pairs are few (`_LEVELS`).  The chance m of
meeting it between spellings of one company is stated.  So nothing is learnt from the duplicates
themselves, and a probability stays when rows are added.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from salesops_lib.cleaning.merging.forms import OPEN_FORMS
from salesops_lib.cleaning.merging.model import Comparison, Level, comparison, scores_of_pairs

#: A key that more records share says too little to compare them all.
_BLOCK = 300
#: Weight of a level's prior u, in pairs.
_PRIOR_PAIRS = 2e6
#: Duplicates expected of a customer before any is seen, and of a name in another place.
_PRIOR_DUPLICATES, _PRIOR_NAMESAKES = 0.02, 0.005
_PRIOR_NAMES = 200

#: One letter exchanged, left out, added or moved: some letter left out of each gives one spelling.
#: (DuckDB's levenshtein counts bytes, of which a Chinese character has three.)
_SLIP = "({0}_l <> {0}_r AND list_has_any({0}_near_l, {0}_near_r))"
_NEAR = "list_prepend({0}, list_transform(range(1, length({0}) + 1), lambda i: left({0}, i - 1) || substr({0}, i + 1)))"
#: The letters of one, in their order, are all in the other: 精工 in 精密工业.  Latin words are not shortened so.
_SHORTER = (
    "(NOT is_latin_l AND NOT is_latin_r AND ((length({0}_l) > length({0}_r) AND regexp_full_match({0}_l, {0}_letters_r)) "
    "OR (length({0}_r) > length({0}_l) AND regexp_full_match({0}_r, {0}_letters_l))))"
)
_WORDS_WITHIN = (
    "(list_has_all(string_split(trade_l, ' '), string_split(trade_r, ' ')) "
    "OR list_has_all(string_split(trade_r, ' '), string_split(trade_l, ' ')))"
)
_BOTH = "least(length({0}_l), length({0}_r)) >= {1}"


@dataclass(frozen=True)
class NameLevel:
    """One way in which two names are alike.

    `m`: its share among spellings of one company.  `u`: prior share among two companies.
    `is_firm`: whether it may merge without other evidence; an abbreviation may not.
    """

    label: str
    sql: str
    m: float
    u: float
    is_firm: bool = True


_SAME_BRAND = "brand_l = brand_r"
_TWO_TRADES = "trade_l <> '' AND trade_r <> '' AND trade_l <> trade_r"
_LATIN = "is_latin_l AND is_latin_r"

LEVELS = (
    NameLevel("same name", "core_l = core_r", 0.66, 1e-6),
    NameLevel(
        "trade in another number",
        f"{_SAME_BRAND} AND {_LATIN} AND {_TWO_TRADES} AND {_SLIP.format('trade')}",
        0.02,
        1e-6,
    ),
    NameLevel(
        "a word more in the trade",
        f"{_SAME_BRAND} AND {_LATIN} AND {_TWO_TRADES} AND {_WORDS_WITHIN}",
        0.01,
        1e-4,
        False,
    ),
    NameLevel("trade left out", f"{_SAME_BRAND} AND (trade_l = '' OR trade_r = '')", 0.05, 5e-6, False),
    NameLevel("trade shortened", f"{_SAME_BRAND} AND {_SHORTER.format('trade')}", 0.05, 1e-6, False),
    NameLevel("same brand, another trade", f"{_SAME_BRAND} AND {_TWO_TRADES}", 0.005, 1e-3, False),
    NameLevel(
        "a letter more in a long brand",
        f"trade_l = trade_r AND {_BOTH.format('brand', 5)} AND length(brand_l) <> length(brand_r) AND {_SLIP.format('brand')}",
        0.03,
        2e-7,
    ),
    NameLevel(
        "a slip in a long brand",
        f"trade_l = trade_r AND {_BOTH.format('brand', 5)} AND {_SLIP.format('brand')}",
        0.03,
        5e-7,
    ),
    NameLevel(
        "a letter more in a short brand",
        f"trade_l = trade_r AND trade_l <> '' AND length(brand_l) <> length(brand_r) AND {_SLIP.format('brand')}",
        0.02,
        1e-6,
        False,
    ),
    NameLevel(
        "a slip in a short brand",
        f"trade_l = trade_r AND trade_l <> '' AND {_SLIP.format('brand')}",
        0.03,
        1e-6,
        False,
    ),
    NameLevel("a slip in the name", f"{_BOTH.format('core', 4)} AND {_SLIP.format('core')}", 0.05, 5e-7),
    NameLevel(
        "a slip between place and name",
        f"(place_l = '') <> (place_r = '') AND {_BOTH.format('whole', 5)} AND {_SLIP.format('whole')}",
        0.03,
        5e-7,
        False,
    ),
    NameLevel(
        "one name begins the other",
        f"{_BOTH.format('core', 3)} AND (starts_with(core_l, core_r) OR starts_with(core_r, core_l))",
        0.03,
        2e-6,
        False,
    ),
    NameLevel("a short form", f"brand_l[1] = brand_r[1] AND {_SHORTER.format('core')}", 0.01, 1e-5, False),
)
#: The number of the level that is none of these.
OTHER = len(LEVELS)

#: Field → m of equality, floor of u.
_EQUAL = {
    "tax_id": (0.97, 1e-7),
    "phone": (0.75, 1e-6),
    "email": (0.75, 1e-6),
    "address": (0.60, 1e-6),
    "postcode": (0.85, 1e-4),
    "city": (0.95, 1e-3),
    "region": (0.92, 1e-2),
}


def pairs(connection: Any, records: pd.DataFrame) -> int:
    """Number of pairs worth a look; they are left in tables `records` and `pairs`.

    `pairs` has left, right, level (position in `LEVELS`), contradiction and doubt (empty, or what
    keeps the two apart, or from being merged without a person), and is_rule: the full names are
    the same and nothing else differs.
    """
    fields = set(records.columns)
    connection.register("prepared", records)
    near = ", ".join(f"{_NEAR.format(name)} AS {name}_near" for name in ("brand", "trade", "core", "whole"))
    letters = ", ".join(
        f"regexp_replace({name}, '(.)', '\\1.*', 'g') AS {name}_letters" for name in ("core", "trade")
    )
    connection.execute(
        f"CREATE OR REPLACE TABLE records AS SELECT *, {near}, {letters} "
        "FROM (SELECT *, place || core AS whole, regexp_full_match(core, '[ -~]*') AS is_latin FROM prepared WHERE name_key IS NOT NULL)"
    )
    connection.unregister("prepared")
    keys = " UNION ALL ".join(
        f"SELECT record, {n} AS rule, {key} AS key FROM records" for n, key in enumerate(_keys(fields))
    )
    connection.execute(
        f"CREATE OR REPLACE TABLE pairs AS WITH keys AS (SELECT DISTINCT * FROM ({keys}) WHERE key IS NOT NULL), "
        f"shared AS (SELECT rule, key FROM keys GROUP BY ALL HAVING count(*) BETWEEN 2 AND {_BLOCK}), "
        "held AS (SELECT * FROM keys SEMI JOIN shared USING (rule, key)), "
        'met AS (SELECT DISTINCT a.record AS "left", b.record AS "right" FROM held AS a JOIN held AS b '
        "ON a.rule = b.rule AND a.key = b.key AND a.record < b.record), "
        f"levels AS (SELECT *, {_level()} AS level FROM met "
        "JOIN (SELECT COLUMNS('(.+)') AS '\\1_l' FROM records) ON record_l = \"left\" "
        "JOIN (SELECT COLUMNS('(.+)') AS '\\1_r' FROM records) ON record_r = \"right\"), "
        f'judged AS (SELECT "left", "right", level, {_contradiction(fields)} AS contradiction, {_doubt(fields)} AS doubt, '
        f"name_key_l = name_key_r AND NOT {_differs('phone', fields)} AS same_key FROM levels "
        f"WHERE level = 0 OR (level < {OTHER} AND (is_company_l OR is_company_r)) OR {_same_identity(fields)}) "
        "SELECT * EXCLUDE (same_key), same_key AND contradiction = '' AND doubt = '' AS is_rule FROM judged "
        'ORDER BY "left", "right"'
    )
    return int(connection.execute("SELECT count(*) FROM pairs WHERE contradiction = ''").fetchall()[0][0])


def _keys(fields: set[str]) -> list[str]:
    """Blocking keys; names one slip apart share a spelling with one letter left out."""
    keys = [
        "brand",
        "brand || '|' || place",
        "brand || '|' || trade",
        "unnest(CASE WHEN length(core) >= 4 THEN core_near END)",
        "unnest(CASE WHEN length(whole) >= 5 THEN whole_near END)",
        "CASE WHEN contains(core, ' ') THEN split_part(core, ' ', 1) WHEN length(core) > 3 THEN left(core, 3) ELSE core END",
    ]
    return keys + [name for name in ("tax_id", "phone", "email", "address") if name in fields]


def _level() -> str:
    cases = " ".join(f"WHEN {level.sql} THEN {n}" for n, level in enumerate(LEVELS))
    return f"CASE {cases} ELSE {OTHER} END"


def _differs(field: str, fields: set[str]) -> str:
    return f"COALESCE({field}_l <> {field}_r, false)" if field in fields else "false"


def _agrees(field: str, fields: set[str]) -> str:
    return f"COALESCE({field}_l = {field}_r, false)" if field in fields else "false"


def _same_identity(fields: set[str]) -> str:
    """The two share a number that belongs to one customer."""
    return f"({' OR '.join(_agrees(name, fields) for name in ('tax_id', 'phone', 'email'))})"


_PLACES_APART = (
    "(place_l <> '' AND place_r <> '' AND place_l <> place_r AND NOT (wide_place_l = wide_place_r "
    "AND (place_l = wide_place_l OR place_r = wide_place_r)))"
)


def _contradiction(fields: set[str]) -> str:
    """SQL: what shows that the two are two, whatever else agrees."""
    cases = [
        ("numbers_l <> numbers_r", "number"),
        ("branch_l <> branch_r", "branch"),
        ("grp_l <> grp_r", "group"),
        (_differs("currency", fields), "currency"),
    ]
    if "parent_id" in fields:
        cases.append(("COALESCE(parent_id_l = id_r OR parent_id_r = id_l, false)", "parent"))
    if "tax_id" in fields:
        cases.append(
            (
                "COALESCE(tax_id_l <> tax_id_r AND damerau_levenshtein(tax_id_l, tax_id_r) > 1, false)",
                "tax number",
            )
        )
    unless = f"NOT {_agrees('tax_id', fields)}"
    cases += [
        (f"{_PLACES_APART} AND {unless}", "place"),
        (f"(is_abroad_l OR is_abroad_r) AND place_l <> place_r AND {unless}", "country"),
        ("law_l <> '' AND law_r <> '' AND law_l <> law_r", "legal form of another country"),
    ]
    return _first(cases)


def _doubt(fields: set[str]) -> str:
    """SQL: what a person must look at before the two are merged; a shared tax number settles it."""
    forms = ", ".join(f"'{form}'" for form in sorted(OPEN_FORMS))
    weak = ", ".join(str(n) for n, one in enumerate(LEVELS) if not one.is_firm)
    settled = f"NOT {_agrees('tax_id', fields)}"
    shared = f"NOT {_same_identity(fields)}"
    return _first(
        [
            (
                f"form_l <> form_r AND form_l NOT IN ({forms}) AND form_r NOT IN ({forms}) AND {settled}",
                "legal form",
            ),
            *((f"{_differs(name, fields)} AND {settled}", name) for name in ("city", "region")),
            (f"(place_l = '') <> (place_r = '') AND {shared}", "place left out"),
            (f"NOT (is_company_l AND is_company_r) AND {shared}", "may be a person"),
            (f"level = {OTHER}", "another name"),
            (f"level IN ({weak}) AND {shared}", "abbreviation"),
        ]
    )


def _first(cases: list[tuple[str, str]]) -> str:
    """SQL: the label of the first condition that holds, or nothing."""
    return (
        f"CASE {' '.join(f'WHEN {sql} THEN {chr(39)}{label}{chr(39)}' for sql, label in cases)} ELSE '' END"
    )


def scored(connection: Any, fields: set[str], least: float) -> pd.DataFrame:
    """Weight and probability of pairs that nothing contradicts and no rule has decided (see `pairs`).

    splink is asked only about pairs that could reach `least` if all that is known of them agreed.
    """
    n, n_entities = connection.execute("SELECT count(*), count(DISTINCT whole) FROM records").fetchall()[0]
    alike = connection.execute(
        "SELECT count(*) FROM pairs WHERE level = 0 AND contradiction = ''"
    ).fetchall()[0][0]
    prior = min(0.5, (alike / LEVELS[0].m + _PRIOR_DUPLICATES * n) / (n * (n - 1) / 2))
    _frequencies(connection, n_entities)
    model = [_name(connection), *_context(connection), *_fields(connection, fields)]
    rarest = connection.execute("SELECT min(tf_core) FROM core_frequencies").fetchall()[0][0]
    hopeful = _hopeful(model, prior, rarest, least)
    connection.execute(
        'CREATE OR REPLACE TABLE asked AS SELECT "left", "right" FROM pairs '
        f"WHERE contradiction = '' AND NOT is_rule AND level IN ({', '.join(map(str, hopeful)) or 'NULL'})"
    )
    if not connection.execute("SELECT count(*) FROM asked").fetchall()[0][0]:
        return pd.DataFrame({"left": [], "right": [], "weight": [], "probability": []})
    return scores_of_pairs(connection, model, prior, "records", "asked", {"core": "core_frequencies"})


def apart(connection: Any, found: pd.DataFrame) -> list[tuple[int, int]]:
    """Contradicted pairs of records that both have a link in `found`."""
    connection.register("linked", pd.DataFrame({"record": pd.unique(pd.concat([found.left, found.right]))}))
    rows = connection.execute(
        'SELECT "left", "right" FROM pairs WHERE contradiction <> \'\' AND "left" IN (FROM linked) '
        'AND "right" IN (FROM linked) ORDER BY ALL'
    ).fetchall()
    connection.unregister("linked")
    return [(int(left), int(right)) for left, right in rows]


def _hopeful(model: list[Comparison], prior: float, rarest: float, least: float) -> list[int]:
    """Levels of the name whose pairs can be as probable as `least`."""
    best = prior / (1 - prior)
    for one in model[1:]:
        best *= max(1.0, *(level.m / level.u for level in one.levels))
    needed = least / (1 - least) if least < 1 else float("inf")
    names = model[0].levels
    chances = [level.m / (rarest if level.frequency else level.u) for level in names]
    return [n for n, chance in enumerate(chances) if best * chance >= needed]


def _frequencies(connection: Any, n_entities: int) -> None:
    """How often a name is met by accident: companies of that name elsewhere, seen or to be expected."""
    connection.execute(
        "CREATE OR REPLACE TABLE core_frequencies AS WITH names AS ("
        "SELECT core, greatest(count(DISTINCT place) FILTER (place <> ''), 1) - 1 AS n FROM records GROUP BY core), "
        f"expected AS (SELECT (sum(n) + {_PRIOR_NAMESAKES * _PRIOR_NAMES}) / (count(*) + {_PRIOR_NAMES}) AS n FROM names) "
        f"SELECT core, (names.n + expected.n) / {float(max(n_entities, 2))} AS tf_core FROM names, expected ORDER BY core"
    )


def _name(connection: Any) -> Comparison:
    """Levels of the name; u counted between places that exclude each other.

    A misspelt namesake is not met by accident, and never in one place: pairs are left out where
    one's name is also found in the other's place.
    """
    counted = dict(
        connection.execute(
            "WITH here AS (SELECT DISTINCT place, core FROM records), "
            "met AS (SELECT level, l.place AS place_l, l.core AS core_l, r.place AS place_r, r.core AS core_r FROM pairs "
            'JOIN records AS l ON l.record = "left" JOIN records AS r ON r.record = "right" WHERE contradiction = \'place\') '
            "SELECT level, count(*) FROM met "
            "WHERE level = 0 OR NOT ((place_l, core_r) IN (SELECT (place, core) FROM here) "
            "OR (place_r, core_l) IN (SELECT (place, core) FROM here)) GROUP BY level"
        ).fetchall()
    )
    n_placed = connection.execute("SELECT count(*) FROM records WHERE place <> ''").fetchall()[0][0]
    apart = n_placed * (n_placed - 1) / 2 * (1 - _agreeing(connection, "place", "place <> ''"))
    levels = [
        Level(
            one.label,
            one.sql,
            one.m,
            (counted.get(n, 0) + one.u * _PRIOR_PAIRS) / (apart + _PRIOR_PAIRS),
            "" if n else "core",
        )
        for n, one in enumerate(LEVELS)
    ]
    return comparison("core", "core_l IS NULL", *levels)


def _agreeing(connection: Any, column: str, where: str = "true") -> float:
    """Share of pairs of distinct names that agree on a column."""
    n, alike = connection.execute(
        f"SELECT sum(n), sum(n * (n - 1)) FROM (SELECT count(DISTINCT brand) AS n FROM records "
        f"WHERE {column} IS NOT NULL AND {where} GROUP BY {column})"
    ).fetchall()[0]
    return float(alike) / float(n * (n - 1)) if n and n > 1 else 0.0


def _context(connection: Any) -> list[Comparison]:
    """Place and legal form."""
    place = max(_agreeing(connection, "place", "place <> ''"), 0.005)
    form = min(max(_agreeing(connection, "form", "form NOT IN ('', 'company')"), 0.05), 0.95)
    unknown = "{0}_l IN ('', 'company') OR {0}_r IN ('', 'company')"
    return [
        comparison(
            "place",
            "place_l = '' OR place_r = ''",
            Level("same", "place_l = place_r", 0.90, place),
            Level("one holds the other", f"NOT {_PLACES_APART}", 0.08, place / 2),
        ),
        comparison("form", unknown.format("form"), Level("same", "form_l = form_r", 0.95, form)),
    ]


def _fields(connection: Any, fields: set[str]) -> list[Comparison]:
    """Further fields; city and region say nothing new where both names state a place."""
    found = []
    for name, (m, floor) in _EQUAL.items():
        if name in fields:
            placed = " OR (place_l <> '' AND place_r <> '')" if name in ("city", "region") else ""
            u = min(max(_agreeing(connection, name), floor), 0.9)
            unknown = f"{name}_l IS NULL OR {name}_r IS NULL{placed}"
            found.append(comparison(name, unknown, Level("same", f"{name}_l = {name}_r", m, u)))
    return found
