"""Persons that may be one: given name, surname, day of birth, address, numbers.

m is learnt from the data by expectation maximisation where there are pairs enough, u from random
pairs (both by splink, sampled by a hash of the record, so that nothing depends on row order).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesops_lib.cleaning.merging.model import Comparison, Level, comparison, in_order, quiet, settings

#: Random pairs on which u is counted; records needed before it is, and pairs before m is learnt.
_RANDOM_PAIRS = 1e6
_ENOUGH = 500
#: Pairs of fields that are now and then written in each other's place.
_SWAPPED = {"given_name": "surname", "street": "address"}
_TEXTS = ("given_name", "surname", "street", "address", "suburb", "email")
_CODES = ("date_of_birth", "tax_id", "phone", "postcode", "street_number")
_FREQUENT = ("given_name", "surname", "street", "address", "suburb", "postcode", "street_number")
_BLOCKS = (
    ("tax_id",),
    ("phone",),
    ("email",),
    ("date_of_birth",),
    ("given_name", "surname"),
    ("street",),
    ("postcode", "surname"),
    ("postcode", "given_name"),
    ("postcode", "street_number"),
    ("suburb", "given_name"),
    ("suburb", "surname"),
    ("suburb", "street_number"),
)
#: Agreement on these makes two records one person nearly always; it sets the prior.
_CERTAIN = (("tax_id",), ("given_name", "surname", "date_of_birth"), ("email", "surname"))
_LEARNT_ON = (("date_of_birth",), ("postcode", "suburb"), ("given_name", "surname"), ("street",), ("phone",))


def comparisons(fields: list[str]) -> list[Comparison]:
    """How each field is compared; m and u are where learning begins."""
    found = [_text(name, fields) for name in _TEXTS if name in fields]
    found += [_code(name) for name in _CODES if name in fields]
    if "state" in fields:
        found.append(comparison("state", _unknown("state"), Level("same", "state_l = state_r", 0.9, 0.2)))
    return found


def _unknown(name: str) -> str:
    return f"{name}_l IS NULL OR {name}_r IS NULL"


def _near(name: str, distance: int) -> str:
    return (
        f"abs(length({name}_l) - length({name}_r)) <= {distance} "
        f"AND damerau_levenshtein({name}_l, {name}_r) <= {distance}"
    )


def _text(name: str, fields: list[str]) -> Comparison:
    levels = [Level("same", f"{name}_l = {name}_r", 0.7, 1e-3, name if name in _FREQUENT else "")]
    other = _SWAPPED.get(name)
    if other in fields:
        levels += [
            Level(f"exchanged with {other}", f"{name}_l = {other}_r AND {other}_l = {name}_r", 0.01, 1e-5),
            Level(f"stands in {other}", f"{name}_l = {other}_r OR {other}_l = {name}_r", 0.01, 1e-4),
        ]
    levels += [
        Level("one slip", _near(name, 1), 0.15, 1e-3),
        Level("alike", f"jaro_winkler_similarity({name}_l, {name}_r) >= 0.85", 0.05, 5e-3),
    ]
    return comparison(name, _unknown(name), *levels)


def _code(name: str) -> Comparison:
    return comparison(
        name,
        _unknown(name),
        Level("same", f"{name}_l = {name}_r", 0.85, 1e-3, name if name in _FREQUENT else ""),
        Level("one slip", _near(name, 1), 0.07, 5e-3),
        Level("two slips", f"length({name}_l) > 5 AND {_near(name, 2)}", 0.01, 1e-2),
    )


def scored(connection: Any, records: pd.DataFrame, fields: list[str], least: float) -> pd.DataFrame:
    """Weight and probability of pairs of persons at `least` as probable; columns as in `model.scores_of_pairs`."""
    from splink import DuckDBAPI, Linker, block_on

    blocking = [block_on(*block) for block in _BLOCKS if set(block) <= set(fields)]
    certain: list[Any] = [block_on(*block) for block in _CERTAIN if set(block) <= set(fields)]
    if len(records) < 2 or not blocking:
        return pd.DataFrame({"left": [], "right": [], "weight": [], "probability": []})
    model = comparisons(fields)
    with quiet():
        connection.register("records", records)
        api = DuckDBAPI(connection)
        linker = Linker(
            api.register("records"),
            settings(model, 1e-3 / len(records), blocking),
            log_level=None,
            validate_settings=False,
        )
        if certain and sum(_n_agreeing(connection, block) for block in _CERTAIN if set(block) <= set(fields)):
            linker.training.estimate_probability_two_random_records_match(certain, recall=0.9)
        if len(records) >= _ENOUGH:
            linker.training.estimate_u_using_random_sampling(
                max_pairs=_RANDOM_PAIRS, seed=1, min_count_per_level=None
            )
        for block in _LEARNT_ON:
            if set(block) <= set(fields) and _n_agreeing(connection, block) >= _ENOUGH:
                linker.training.estimate_parameters_using_expectation_maximisation(block_on(*block))
        return in_order(linker.inference.predict(threshold_match_probability=least, warning_mode="never"))


def _n_agreeing(connection: Any, block: tuple[str, ...]) -> int:
    """Pairs of records that agree on all fields of a block."""
    known = " AND ".join(f"{name} IS NOT NULL" for name in block)
    found = connection.execute(
        f"SELECT sum(n * (n - 1) // 2) FROM (SELECT count(*) AS n FROM records WHERE {known} GROUP BY {', '.join(block)})"
    ).fetchall()[0][0]
    return int(found or 0)
