"""The few values of the policy that cleaning needs, with the defaults used without a policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: ISO 4217 for "no currency"; amounts then have two decimals and stay untranslated.
UNKNOWN_CURRENCY = "XXX"


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
    policy_sha256
        Fingerprint of the policy that these values came from.
    calendar
        What `periods.Calendar` is built from; every field's default without a policy.
    """

    currency: str = UNKNOWN_CURRENCY
    vat: float = 0.0
    amounts: str = "net"
    returns_on: str = "return_date"
    date_order: str = "ask"
    duplicates: str = "keep"
    policy_sha256: str = ""
    calendar: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, policy: Any) -> Settings:
        """Settings of `policy`; of the default policy when it is None.

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
        found = {
            "currency": _value(semantics, "currency"),
            "vat": _value(semantics, "vat"),
            "amounts": _value(semantics, "amounts"),
            "returns_on": _value(semantics, "returns_date"),
            "date_order": _value(data, "date_order"),
            "duplicates": _value(data, "duplicates"),
            "policy_sha256": _value(policy, "sha256"),
            "calendar": policy.calendar_settings() if hasattr(policy, "calendar_settings") else None,
        }
        return cls(**{name: value for name, value in found.items() if value is not None})


def _value(block: Any, name: str) -> Any:
    return block.get(name) if isinstance(block, Mapping) else getattr(block, name, None)
