"""The whole policy."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PrivateAttr

from salesops_lib.policy.company import CalendarRules, Metadata, Org, Semantics
from salesops_lib.policy.delivery import Delivery
from salesops_lib.policy.housekeeping import Data, Report
from salesops_lib.policy.order_to_cash import AfterSales, Collections, Contracts, Orders
from salesops_lib.policy.payments import Incentives
from salesops_lib.policy.people import Appraisal, Training
from salesops_lib.policy.plan_tests import PlanTest
from salesops_lib.policy.pricing import Pricing
from salesops_lib.policy.replay import Replay
from salesops_lib.policy.risk import Risk
from salesops_lib.policy.routes_to_market import Channels, Expenses, Marketing, Tools
from salesops_lib.policy.selling import Customers, Forecast, Market, Process, Targets
from salesops_lib.policy.values import Block

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Policy(Block):
    """The sales policy of a company: the only configuration there is."""

    api_version: Literal["salespolicy/v1"] = Field(
        alias="apiVersion", description="Version of this format.", examples=["salespolicy/v1"]
    )
    kind: Literal["SalesPolicy"] = Field(description="What the file is.", examples=["SalesPolicy"])
    metadata: Metadata = Field(description="Name, version and validity of the policy.")
    semantics: Semantics = Field(default=Semantics(), description="What amounts mean.")
    calendar: CalendarRules = Field(default=CalendarRules(), description="Fiscal periods and working days.")
    org: Org = Field(default=Org(), description="Names and jobs.")
    targets: Targets = Field(default=Targets(), description="Targets.")
    incentives: Incentives = Field(default=Incentives(), description="Pay for performance.")
    appraisal: Appraisal = Field(default=Appraisal(), description="Performance appraisal.")
    training: Training = Field(default=Training(), description="Training.")
    process: Process = Field(default=Process(), description="Sales process.")
    pricing: Pricing = Field(default=Pricing(), description="Prices and discounts.")
    channels: Channels = Field(default=Channels(), description="Channels.")
    customers: Customers = Field(default=Customers(), description="Customers.")
    contracts: Contracts = Field(default=Contracts(), description="Contracts.")
    orders: Orders = Field(default=Orders(), description="Orders.")
    after_sales: AfterSales = Field(default=AfterSales(), description="After-sales service.")
    collections: Collections = Field(default=Collections(), description="Receivables.")
    expenses: Expenses = Field(default=Expenses(), description="Selling expenses.")
    market: Market = Field(default=Market(), description="Market.")
    forecast: Forecast = Field(default=Forecast(), description="Outlook.")
    marketing: Marketing = Field(default=Marketing(), description="Marketing support.")
    risk: Risk = Field(default=Risk(), description="Early warning.")
    tools: Tools = Field(default=Tools(), description="Sales tools.")
    data: Data = Field(default=Data(), description="Data.")
    report: Report = Field(default=Report(), description="Reports.")
    replay: Replay = Field(default=Replay(), description="What a change of the policy is held against.")
    delivery: Delivery = Field(default=Delivery(), description="Who is sent what.")
    tests: tuple[PlanTest, ...] = Field(default=(), description="What plans must pay in agreed cases.")

    _path: Path | None = PrivateAttr(default=None)
    _sha256: str = PrivateAttr(default="")

    @property
    def version(self) -> str:
        """Version of the policy; reports name it."""
        return self.metadata.version

    @property
    def path(self) -> Path | None:
        """File that the policy was read from."""
        return self._path

    @property
    def sha256(self) -> str:
        """Hash of the file's bytes, in hex."""
        return self._sha256

    def calendar_settings(self) -> dict[str, Any]:
        """Arguments of `periods.Calendar`.

        Examples
        --------
        >>> from salesops_lib.policy import load
        >>> load(None).calendar_settings()["weekend"]
        (5, 6)
        """
        rules = self.calendar
        return {
            "fiscal_year_start": rules.fiscal_year_start,
            "scheme": rules.scheme,
            "named_by": rules.fiscal_year_named_by,
            "week_start": _WEEKDAYS.index(rules.week_start),
            "country": rules.country,
            "weekend": tuple(_WEEKDAYS.index(day) for day in rules.weekend),
            "holidays": dict(rules.holidays),
            "workdays": rules.workdays,
            "events": {event.id: event.days for event in rules.events},
        }

    def display_name(self, kind: str, id: str, lang: str) -> str:
        """Name of a region, channel, category, team, role, function, stage, event or rival for readers.

        Falls back to `id` for what the policy does not name.

        Examples
        --------
        >>> from salesops_lib.policy import load
        >>> load(None).display_name("stage", "won", "zh"), load(None).display_name("region", "Mars", "zh")
        ('赢单', 'Mars')
        """
        named = next((item for item in self._named(kind) if item.id == id), None)
        return getattr(named, lang) if named else id

    def names(self, lang: str) -> dict[str, str]:
        """What the policy calls regions, channels, categories, teams, roles, functions, stages, rivals, plans, spiffs, contests and awards, by id.

        Components of a plan, whose ids are their plan's own, are called `plan.component`.

        Examples
        --------
        >>> from salesops_lib.policy import load
        >>> load(None).names("zh")["won"]
        '赢单'
        """
        kinds = (
            "incentive",
            "event",
            "rival",
            "function",
            "role",
            "stage",
            "team",
            "category",
            "channel",
            "region",
        )
        own = {
            f"{plan.id}.{component.id}": str(getattr(component, lang))
            for plan in self.incentives.plans
            for component in plan.components
        }
        return own | {item.id: getattr(item, lang) for kind in kinds for item in self._named(kind)}

    def _named(self, kind: str) -> tuple[Any, ...]:
        pay = self.incentives
        groups: dict[str, tuple[Any, ...]] = {
            "region": self.org.regions,
            "channel": self.org.channels,
            "category": self.org.categories,
            "team": self.org.teams,
            "role": self.org.roles,
            "function": self.org.functions,
            "stage": self.process.stages,
            "event": self.calendar.events,
            "rival": self.market.rivals,
            "incentive": (*pay.plans, *pay.spiffs, *pay.contests, *pay.awards),
        }
        return groups[kind]
