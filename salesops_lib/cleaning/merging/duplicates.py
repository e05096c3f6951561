"""Records of a table that are one customer: pairs with probability and reason, and groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from salesops_lib.cleaning.merging import companies
from salesops_lib.cleaning.merging.clusters import clusters
from salesops_lib.cleaning.merging.fields import chosen, prepared
from salesops_lib.errors import DataError

#: Probability from which a pair is merged without a person, and from which a person is asked.
AUTOMATIC, REVIEW = 0.99, 0.80
_PAIR_COLUMNS = ["left_id", "right_id", "probability", "decision", "rule", "reason"]
#: Weight, in bits, of a pair that a rule has decided.
SURE = 100.0
_AGREE = ("tax_id", "phone", "email", "address", "city", "region", "postcode")


@dataclass(frozen=True)
class Matches:
    """What `duplicates` found.

    Attributes
    ----------
    pairs
        One row a pair, left_id before right_id: probability; decision (`automatic` or `review`); rule (`same name` or `probability`);
        reason in words.
    clusters
        Record id → id of its group: the first id in it.  Groups of automatic and review pairs.
    merged
        The same of automatic pairs alone: what is merged without a person.
    """

    pairs: pd.DataFrame
    clusters: pd.Series
    merged: pd.Series

    @property
    def n_automatic(self) -> int:
        """Records that vanish into another without a person."""
        return int((self.merged.index != self.merged).sum())


def duplicates(
    records: Any,
    *,
    ids: str = "customer_id",
    fields: Mapping[str, str] | None = None,
    kind: str = "company",
    automatic: float = AUTOMATIC,
    review: float = REVIEW,
) -> Matches:
    """Records of a table that are one customer.

    Parameters
    ----------
    records
        pandas frame or DuckDB relation, one row a record.
    ids
        Column that tells records apart.
    fields
        Field → column, e.g. {"name": "客户名称", "tax_id": "税号"}; without it, every column that
        bears a field's name.  A company has name, tax_id, phone, email, address, postcode, city,
        region, currency, parent_id; a person given_name, surname, date_of_birth, street_number,
        street, address, suburb, postcode, state, tax_id, phone, email.
    kind
        `company` or `person`.
    automatic, review
        Probabilities from which a pair is merged, and from which it is shown.

    Returns
    -------
    Matches
        The same whatever the order of rows.

    Raises
    ------
    DataError
        If a field, column or kind is unknown, an id repeats, or the thresholds are not
        0 < review <= automatic <= 1.

    Notes
    -----
    Probabilities are Fellegi's and Sunter's (A theory for record linkage, JASA 64, 1969), by splink.

    Examples
    --------
    >>> frame = pd.DataFrame({"customer_id": ["b", "a", "c"], "name": ["上海华鼎机械有限公司", "上海市華鼎機械有限責任公司", "北京华鼎机械有限公司"]})
    >>> duplicates(frame).merged.to_dict()
    {'a': 'a', 'b': 'a', 'c': 'c'}
    """
    if not 0 < review <= automatic <= 1:
        raise DataError(
            f"merging.review is {review} and merging.automatic {automatic}; they must be probabilities, review the lower one."
        )
    frame = records if isinstance(records, pd.DataFrame) else records.df()
    columns = chosen(frame, fields, kind)
    ready = prepared(frame, ids, columns, kind)
    found, apart = (of_companies if kind == "company" else _of_persons)(
        ready, set(columns), automatic, review
    )
    return _matches(ready, found, apart)


def of_companies(
    ready: pd.DataFrame, columns: set[str], automatic: float, review: float
) -> tuple[pd.DataFrame, list[tuple[int, int]]]:
    """Pairs with left, right, weight, probability, decision, rule, reason; and pairs that are two for sure."""
    import duckdb

    if len(ready) < 2:
        return no_pairs(), []
    with duckdb.connect() as connection:
        if not companies.pairs(connection, ready):
            return no_pairs(), []
        pairs = connection.execute("SELECT * FROM pairs WHERE contradiction = ''").df()
        sure = pairs[pairs.is_rule].assign(weight=SURE, probability=1.0)
        rest = pairs[~pairs.is_rule]
        found = sure
        if len(rest):
            likely = rest.merge(companies.scored(connection, columns, review), on=["left", "right"])
            found = pd.concat([sure, likely[likely.probability >= review]] if len(likely) else [sure])
        found = found.sort_values(["left", "right"], ignore_index=True)
        apart = companies.apart(connection, found)
    found["rule"] = ["same name" if is_rule else "probability" for is_rule in found.is_rule]
    firm = found.is_rule | ((found.probability >= automatic) & (found.doubt == ""))
    found["decision"] = ["automatic" if sure else "review" for sure in firm]
    found["reason"] = _reasons(ready, found)
    return found, apart


def _of_persons(
    ready: pd.DataFrame, columns: set[str], automatic: float, review: float
) -> tuple[pd.DataFrame, list[tuple[int, int]]]:
    import duckdb

    from salesops_lib.cleaning.merging import persons

    with duckdb.connect() as connection:
        found = persons.scored(connection, ready, sorted(columns), review)
    found["rule"] = "probability"
    found["decision"] = ["automatic" if p >= automatic else "review" for p in found.probability]
    values = {name: ready[name].to_numpy() for name in sorted(columns)}
    found["reason"] = [
        "same " + ", ".join(name for name, v in values.items() if v[a] is not None and v[a] == v[b])
        for a, b in zip(found.left, found.right, strict=True)
    ]
    return found, []


def no_pairs() -> pd.DataFrame:
    return pd.DataFrame(
        {name: [] for name in ("left", "right", "weight", "probability", "decision", "rule", "reason")}
    )


def _reasons(ready: pd.DataFrame, found: pd.DataFrame) -> list[str]:
    """What agrees, and what a person should look at: "same name, same phone; region differs"."""
    held = [name for name in _AGREE if name in ready]
    values = {name: ready[name].to_numpy() for name in held}
    reasons = []
    for pair in found.itertuples():
        parts = [companies.LEVELS[pair.level].label] if pair.level < companies.OTHER else ["another name"]
        parts += [
            f"same {name}"
            for name in held
            if values[name][pair.left] is not None and values[name][pair.left] == values[name][pair.right]
        ]
        reasons.append(", ".join(parts) + (f"; look at: {pair.doubt}" if pair.doubt else ""))
    return reasons


def _matches(ready: pd.DataFrame, found: pd.DataFrame, apart: list[tuple[int, int]]) -> Matches:
    ids = ready["id"].to_numpy()
    links = list(
        zip(found.left.astype(int), found.right.astype(int), found.weight.astype(float), strict=True)
    )
    sure = (found.decision == "automatic").to_numpy()
    merged = clusters(len(ids), [link for link, is_sure in zip(links, sure, strict=True) if is_sure], apart)
    groups = clusters(len(ids), links, apart)
    decisions = [
        "automatic" if merged[a] == merged[b] and is_sure else "review"
        for (a, b, _), is_sure in zip(links, sure, strict=True)
    ]
    pairs = pd.DataFrame(
        {
            "left_id": [ids[a] for a, _, _ in links],
            "right_id": [ids[b] for _, b, _ in links],
            "probability": found.probability.astype(float).to_numpy(),
            "decision": decisions,
            "rule": found.rule.to_numpy(),
            "reason": found.reason.to_numpy(),
        },
        columns=_PAIR_COLUMNS,
    )
    index = pd.Index(ids, name="id")
    return Matches(
        pairs,
        pd.Series([ids[k] for k in groups], index=index, name="cluster_id"),
        pd.Series([ids[k] for k in merged], index=index, name="cluster_id"),
    )
