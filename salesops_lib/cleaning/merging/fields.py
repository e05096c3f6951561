"""Fields of customers in comparable form: one row per record, in an order that is the data's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from salesops_lib.cleaning.merging.forms import LAWS
from salesops_lib.cleaning.merging.names import company_names, fold
from salesops_lib.cleaning.merging.places import COUNTRIES, split
from salesops_lib.errors import DataError, nearest

COMPANY_FIELDS = (
    "name",
    "tax_id",
    "phone",
    "email",
    "address",
    "postcode",
    "city",
    "region",
    "currency",
    "parent_id",
)
PERSON_FIELDS = (
    "given_name",
    "surname",
    "date_of_birth",
    "street_number",
    "street",
    "address",
    "suburb",
    "postcode",
    "state",
    "tax_id",
    "phone",
    "email",
)
_NOTHING = frozenset({"", "无", "暂无", "未知", "不详", "na", "nan", "none", "null", "unknown", "test"})


def chosen(frame: pd.DataFrame, fields: Mapping[str, str] | None, kind: str) -> dict[str, str]:
    """Field → column: as given, else every column that bears a field's name.

    Raises
    ------
    DataError
        If the kind, a field or a column is unknown, or nothing names the customers.
    """
    valid = {"company": COMPANY_FIELDS, "person": PERSON_FIELDS}.get(kind)
    if valid is None:
        raise DataError(f"There is no kind of customer {kind!r}; choose company or person.")
    found = dict(fields) if fields is not None else {name: name for name in valid if name in frame.columns}
    for name, column in found.items():
        if name not in valid:
            raise DataError(f"merging knows no field {name!r} of a {kind}: {nearest(name, valid)}")
        if column not in frame.columns:
            raise DataError(f"The customers have no column {column!r}: {nearest(column, frame.columns)}")
    needed = {"name"} if kind == "company" else {"given_name", "surname"}
    if not needed & set(found):
        raise DataError(
            f"Customers of kind {kind} are compared by {' or '.join(sorted(needed))}; name its column in fields."
        )
    return found


def prepared(frame: pd.DataFrame, ids: str, fields: Mapping[str, str], kind: str) -> pd.DataFrame:
    """Comparable records: `record` (0, 1, … by sorted id), `id`, and one text column a field, None where empty.

    A company's name becomes its parts: brand, trade, core, place, wide_place, form, grp, branch,
    numbers, name_key, is_company.
    """
    identities = frame[ids].astype(str)
    if identities.duplicated().any():
        repeated = identities[identities.duplicated()].iloc[0]
        raise DataError(f"Customers are merged by {ids}, but {repeated!r} is there more than once.")
    order = identities.sort_values(kind="stable").index
    records = pd.DataFrame({"record": range(len(frame)), "id": identities.loc[order].to_numpy()})
    for field, column in fields.items():
        values = frame.loc[order, column].tolist()
        if kind == "company" and field == "name":
            _add_name(records, values)
        elif field == "parent_id":
            records[field] = [None if v is None or v != v else str(v) for v in values]
        else:
            records[field] = _cleaned(values, _CLEANERS.get(field, _plain))
    return records


def _add_name(records: pd.DataFrame, values: list[Any]) -> None:
    names = company_names(values)
    records["name"] = ["" if v is None or v != v else str(v) for v in values]
    for part in ("brand", "trade", "core", "place", "form", "branch"):
        records[part] = [getattr(name, part) for name in names]
    records["grp"] = [name.group for name in names]
    records["numbers"] = [",".join(name.numbers) for name in names]
    records["wide_place"] = [split(name.place)[0] for name in names]
    records["is_abroad"] = [name.place in COUNTRIES for name in names]
    records["law"] = [LAWS.get(name.form, "") for name in names]
    records["name_key"] = [name.key if any(map(str.isalpha, name.core)) else None for name in names]
    records["is_company"] = [name.is_company for name in names]


def _cleaned(values: list[Any], clean: Callable[[str], str]) -> list[str | None]:
    texts = fold(["" if v is None or v != v else str(v) for v in values])
    found = [clean(text) for text in texts]
    return [None if text in _NOTHING else text for text in found]


def _plain(text: str) -> str:
    return "".join(c for c in text if c.isalnum())


def _spaced(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text))


def _identifier(text: str) -> str:
    """A tax number without separators; one that repeats a single sign is none."""
    plain = _plain(text)
    return plain if len(plain) >= 6 and len(set(plain)) > 2 else ""


def _phone(text: str) -> str:
    """Digits of the first number, without country code 86 and leading zeros.

    >>> _phone("+86 (021) 6123-4567"), _phone("021-61234567/61234568"), _phone("0")
    ('2161234567', '2161234567', '')
    """
    digits = re.sub(r"\D", "", re.split(r"[/,;、，；]|转|ext", text)[0])
    digits = re.sub(r"^(?:00)?86(?=\d{9,})", "", digits).lstrip("0")
    return digits if len(digits) >= 7 and len(set(digits)) > 1 else ""


def _email(text: str) -> str:
    plain = text.strip()
    return plain if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", plain) else ""


def _city(text: str) -> str:
    plain = _plain(text)
    return plain[:-1] if len(plain) > 2 and plain[-1] in "市省" else plain


_CLEANERS: dict[str, Callable[[str], str]] = {
    "tax_id": _identifier,
    "phone": _phone,
    "email": _email,
    "city": _city,
    "given_name": _spaced,
    "surname": _spaced,
    "street": _spaced,
    "address": _spaced,
    "suburb": _spaced,
    "currency": str.strip,
}
