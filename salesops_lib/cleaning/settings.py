"""The few values of the policy that cleaning needs, with the defaults used without a policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from salesops_lib.errors import DataError, nearest

#: ISO 4217 for "no currency"; amounts then have two decimals and stay untranslated.
UNKNOWN_CURRENCY = "XXX"


@dataclass(frozen=True)
class Range:
    """What values of a column can be; `otherwise` says what happens to a row outside.

    `column` is `table.column`; `least` and `most` are included, None is open; money is in
    currency units.
    """

    column: str
    least: float | date | None = None
    most: float | date | None = None
    otherwise: str = "set_aside"


#: Ranges that hold unless the policy has its own for the column.
RANGES = (
    Range("order_lines.discount_rate", 0, 1),
    Range("surveys.score", 0, 10),
    Range("fx.rate", 0.00000001),
)


@dataclass(frozen=True)
class Merging:
    """Customers that are one: `automatic`, `review` or `off`, and the probabilities from which two
    are merged, and from which they are shown for review.
    """

    customers: str = "automatic"
    automatic: float = 0.99
    review: float = 0.80


@dataclass(frozen=True)
class Settings:
    """What cleaning takes from a policy.

    Attributes
    ----------
    currency
        Group currency, used for a source that does not say its own.
    vat
        Rate of value-added tax as a share, for amounts that hold it.
    amounts
        `net` or `gross`: what a column of amounts means.
    returns_on
        `return_date` or `order_date`: the day on which a return counts.
    date_order
        `ask`, `dmy`, `mdy` or `ymd`: how an ambiguous date is read.
    duplicates
        `keep` or `set_aside`: what happens to exact duplicates of rows without a line key.
    unreadable
        `blank` or `set_aside`: what happens to a cell that cannot be read in a column that a row
        can do without.
    future_days
        Days after today on which something can have happened, as clocks and planning go.
    ranges
        What values can be, by column.
    time_zone
        IANA zone on whose days moments with an offset count; empty: the day as written.
    merging
        What happens to customers that are likely one.
    tolerance
        Largest difference to a total of the books, as a share of it.
    policy_sha256
        Fingerprint of the policy that these values came from.
    calendar
        What `periods.Calendar` is built from; every field's default without a policy.
    today
        Day of the load.  Not part of what settings are: a load of tomorrow has the same.
    """

    currency: str = UNKNOWN_CURRENCY
    vat: float = 0.0
    amounts: str = "net"
    returns_on: str = "return_date"
    date_order: str = "ask"
    duplicates: str = "keep"
    unreadable: str = "blank"
    future_days: int = 366
    ranges: tuple[Range, ...] = RANGES
    time_zone: str = ""
    merging: Merging = Merging()
    tolerance: float = 0.005
    policy_sha256: str = ""
    calendar: Mapping[str, Any] = field(default_factory=dict)
    today: date = field(default_factory=date.today, repr=False, compare=False)

    def __post_init__(self) -> None:
        from salesops_lib.tables import TABLES

        for entry in self.ranges:
            table, _, column = entry.column.partition(".")
            if table not in TABLES or column not in TABLES[table].names:
                known = [f"{t.name}.{c}" for t in TABLES.values() for c in t.names]
                raise DataError(
                    f"policy data.ranges: there is no column {entry.column!r}; {nearest(entry.column, known)}"
                )

    @classmethod
    def of(cls, policy: Any) -> Settings:
        """Settings of `policy`; of the default policy when it is None.

        Raises
        ------
        DataError
            If the policy sets a range for a column that does not exist.

        Examples
        --------
        >>> Settings.of(None).amounts
        'net'
        """
        if isinstance(policy, Settings):
            return policy
        if policy is None:
            return cls()
        semantics, data = getattr(policy, "semantics", None), getattr(policy, "data", None)
        merging = _value(data, "merging")
        found = {
            "currency": _value(semantics, "currency"),
            "vat": _value(semantics, "vat"),
            "amounts": _value(semantics, "amounts"),
            "returns_on": _value(semantics, "returns_date"),
            "date_order": _value(data, "date_order"),
            "duplicates": _value(data, "duplicates"),
            "unreadable": _value(data, "unreadable"),
            "future_days": _value(data, "future_days"),
            "ranges": _ranges(_value(data, "ranges")),
            "time_zone": _value(data, "time_zone"),
            "merging": merging
            and Merging(*(_value(merging, name) for name in ("customers", "automatic", "review"))),
            "tolerance": _value(_value(data, "reconcile"), "tolerance"),
            "policy_sha256": _value(policy, "sha256"),
            "calendar": policy.calendar_settings() if hasattr(policy, "calendar_settings") else None,
        }
        return cls(**{name: value for name, value in found.items() if value is not None})


def _value(block: Any, name: str) -> Any:
    return block.get(name) if isinstance(block, Mapping) else getattr(block, name, None)


def _ranges(stated: Any) -> tuple[Range, ...]:
    """The policy's ranges, and the usual ones of columns that it does not name."""
    own = tuple(
        Range(
            _value(entry, "column"),
            _value(entry, "min"),
            _value(entry, "max"),
            _value(entry, "otherwise") or "set_aside",
        )
        for entry in stated or ()
    )
    named = {entry.column for entry in own}
    return own + tuple(entry for entry in RANGES if entry.column not in named)
