"""Blocks about the company: the policy itself, what amounts mean, the calendar, the organisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from salesops_lib.policy.values import Block, Day, Identifier, MonthDay, Named, Share, Span, Text

#: ISO 4217 currencies whose minor unit is not a hundredth.
_WHOLE = frozenset(
    {
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    }
)
_THOUSANDTHS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
#: The currency code of data that does not say its currency.
UNKNOWN_CURRENCY = "XXX"

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Approval(Block):
    """Someone's agreement to this version."""

    by: Identifier = Field(description="Role or function of org.", examples=["sales_director"])
    name: str = Field(default="", max_length=80, description="Name of the person.", examples=["Li Wei"])
    day: Day | None = Field(
        default=None, description="Day of the signature; leave out until signed.", examples=["2024-12-12"]
    )


class Metadata(Block):
    """What this policy is, and when it holds."""

    id: Identifier = Field(description="Name of the policy for machines.", examples=["huaxia-sales-policy"])
    version: str = Field(
        pattern=r"^\d{4}\.\d+\.\d+$|^\d+\.\d+\.\d+$",
        description="Version, year.minor.patch; every report names it.",
        examples=["2025.1.0"],
    )
    title: Text = Field(description="Title of the policy.")
    company: Text | None = Field(default=None, description="Name of the company, shown on every page.")
    effective: Span = Field(description="Days on which the policy holds.")
    supersedes: str | None = Field(
        default=None, description="Version that this one replaces.", examples=["2024.2.0"]
    )
    changes: tuple[Text, ...] = Field(default=(), description="What this version changes, in words.")
    approvals: tuple[Approval, ...] = Field(default=(), description="Signatures.")


class Semantics(Block):
    """What an amount means; everything that companies do differently is fixed here, once."""

    currency: str = Field(
        default=UNKNOWN_CURRENCY,
        pattern=r"^[A-Z]{3}$",
        description="Group currency, ISO 4217; XXX when not known.",
        examples=["CNY"],
    )
    vat: Share = Field(
        default=0.0,
        description="Rate of value-added tax, for lines that do not say their own.",
        examples=[0.13],
    )
    amounts: Literal["net", "gross"] = Field(
        default="net", description="Do amounts in the raw files exclude (net) or include (gross) tax?"
    )
    returns_date: Literal["return_date", "order_date"] = Field(
        default="return_date", description="Day on which a return counts: its own, or that of the order."
    )
    zero_quota: Literal["undefined", "zero", "full"] = Field(
        default="undefined", description="Attainment of a target of zero: none, 0 %, or 100 %."
    )
    as_of: Day | None = Field(
        default=None,
        description="Last complete business day of the data; leave out to take the last day that has data.",
    )

    @property
    def minor_digits(self) -> int:
        """Decimal places of the currency's minor unit: 2 for CNY (fen), 0 for JPY."""
        if self.currency in _WHOLE:
            return 0
        return 3 if self.currency in _THOUSANDTHS else 2

    @property
    def is_currency_known(self) -> bool:
        """False when the policy leaves the currency open (XXX)."""
        return self.currency != UNKNOWN_CURRENCY


class Event(Named):
    """Days on which trade differs every year: by date, or by distance from the Spring Festival."""

    start: MonthDay | None = Field(
        default=None, alias="from", description="First day, MM-DD.", examples=["10-01"]
    )
    end: MonthDay | None = Field(default=None, alias="to", description="Last day, MM-DD.", examples=["10-07"])
    festival_days: tuple[int, int] | None = Field(
        default=None,
        description="First and last day counted from the Spring Festival (0).",
        examples=[[-5, 20]],
    )

    @property
    def days(self) -> tuple[str | int, str | int]:
        """First and last day as `periods.Calendar` takes them."""
        return self.festival_days or (self.start or "", self.end or "")


class CalendarRules(Block):
    """Fiscal periods, working days, and how incomplete periods are compared."""

    country: str | None = Field(
        default=None,
        pattern=r"^[A-Z]{2}$",
        description="Country of the public holidays, ISO code; leave out for none.",
        examples=["CN"],
    )
    fiscal_year_start: MonthDay = Field(
        default="01-01", description="Month and day that opens the fiscal year."
    )
    fiscal_year_named_by: Literal["start", "end"] = Field(
        default="start",
        description="A year across New Year is named by the calendar year it starts or ends in.",
    )
    scheme: Literal["month", "4-4-5", "4-5-4", "5-4-4", "13x4"] = Field(
        default="month", description="Calendar months, or weeks of each month of a quarter."
    )
    week_start: Weekday = Field(
        default="mon", description="First day of a week; only schemes in weeks may change it."
    )
    align: Literal["workday", "weekday", "date", "fiscal_week"] = Field(
        default="workday",
        description="To-date days are compared up to the same working day, the day 52 weeks before, the same date, or the same fiscal week.",
    )
    weekend: tuple[Weekday, ...] = Field(default=("sat", "sun"), max_length=6, description="Weekdays off.")
    holidays: Mapping[Day, str] = Field(
        default_factory=dict,
        description="The company's own days off, with a name.",
        examples=[{"2025-12-31": "Stocktaking"}],
    )
    workdays: tuple[Day, ...] = Field(
        default=(),
        description="Days worked against weekend and holidays; country CN brings the published make-up days.",
    )
    events: tuple[Event, ...] = Field(
        default=(), description="Selling events; where two overlap the first listed wins."
    )


class Org(Block):
    """Names of what the data calls by a code, and the jobs in sales."""

    regions: tuple[Named, ...] = Field(default=(), description="Sales regions.")
    channels: tuple[Named, ...] = Field(default=(), description="Channels.")
    categories: tuple[Named, ...] = Field(default=(), description="Product lines.")
    teams: tuple[Named, ...] = Field(default=(), description="Teams, when they have names in two languages.")
    roles: tuple[Named, ...] = Field(default=(), description="Jobs, from the first line up.")
    functions: tuple[Named, ...] = Field(
        default=(),
        description="Others who approve: finance, legal, HR.",
        examples=[[{"id": "finance", "en": "Finance", "zh": "财务部"}]],
    )
