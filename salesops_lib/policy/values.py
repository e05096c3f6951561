"""Kinds of values that blocks of the policy share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)


class Block(BaseModel):
    """A part of the policy: frozen, strictly typed, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _day(value: Any) -> Any:
    if isinstance(value, str):
        try:
            if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        raise ValueError("is not a date")
    return value


def _label(value: Any) -> Any:
    is_year = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_year else value


def _month_day(value: str) -> str:
    try:
        if re.fullmatch(r"\d{2}-\d{2}", value):
            date.fromisoformat(f"2000-{value}")
            return value
    except ValueError:
        pass
    raise ValueError("is not a month and day")


def _rising(values: Sequence[float]) -> Sequence[float]:
    if any(high <= low for low, high in pairwise(values)):
        raise ValueError("must rise from left to right")
    return values


Day = Annotated[date, BeforeValidator(_day)]
MonthDay = Annotated[str, AfterValidator(_month_day), Field(examples=["04-01"])]
#: A period as it is written; a bare year may stand without quotes.
PeriodLabel = Annotated[
    str, BeforeValidator(_label), WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "integer"}]})
]
Identifier = Annotated[str, Field(pattern=r"^\S(.*\S)?$", max_length=80)]
Share = Annotated[float, Field(ge=0, le=1)]
Rising = Annotated[tuple[float, float], AfterValidator(_rising)]
Climbing = Annotated[tuple[int, ...], AfterValidator(_rising)]
#: An amount in whole currency units.
Money = Annotated[float, Field(ge=0)]
Metric = Annotated[str, Field(description="A metric id.", examples=["bookings"])]
#: A customer's grade.
Grade = Literal["A", "B", "C"]
Language = Literal["en", "zh"]
Cycle = Literal["daily", "weekly", "monthly", "quarterly", "half_yearly", "yearly"]


class Text(Block):
    """A wording in both languages of the reports."""

    en: str = Field(min_length=1, description="English wording.")
    zh: str = Field(min_length=1, description="Chinese wording.")


class Named(Block):
    """Something with an id, as it is written in the data, and a name for readers."""

    id: Identifier = Field(description="As it is written in the data.", examples=["East"])
    en: str = Field(min_length=1, description="English name.", examples=["East"])
    zh: str = Field(min_length=1, description="Chinese name.", examples=["华东"])


class MayBeNamed(Named):
    """Something with an id that may have a name for readers; its id is its name where it has none.

    >>> MayBeNamed(id="ae-2025").zh
    'ae-2025'
    """

    en: str = Field(default="", description="English name; the id where left out.", examples=["East"])
    zh: str = Field(default="", description="Chinese name; the id where left out.", examples=["华东"])

    @model_validator(mode="after")
    def _by_id(self) -> Self:
        for lang in ("en", "zh"):
            if not getattr(self, lang):
                object.__setattr__(self, lang, self.id)  # blocks are frozen once they are made
        return self


class Span(Block):
    """A span of days, both ends included; without `to` it stays open."""

    start: Day = Field(alias="from", description="First day.", examples=["2025-01-01"])
    end: Day | None = Field(
        default=None, alias="to", description="Last day; leave out when open.", examples=["2025-12-31"]
    )


def own_fields(block: Block) -> list[str]:
    """Fields of a block that are not its id and name, in order.

    >>> own_fields(Span(**{"from": "2025-01-01"}))
    ['start', 'end']
    """
    names = Named.model_fields if isinstance(block, Named) else {}
    return [name for name in type(block).model_fields if name not in names]
