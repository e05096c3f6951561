"""Block about early warnings: what raises one, who owns it, when it ends."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from salesops_lib.policy.values import Block, Identifier, Metric, Named


class RiskRule(Named):
    """A measure that is watched.  Red above amber means that higher is worse, else lower is."""

    measure: Metric
    by: Literal["company", "region", "team", "rep", "channel", "category", "customer"] = Field(
        default="company", description="What is watched one by one."
    )
    method: Literal["threshold", "change", "run", "cusum", "ewma"] = Field(
        default="threshold",
        description="Limits are values, growth on the year before, periods of decline in a row, or standard "
        "deviations of a control chart (cusum, ewma).",
    )
    amber: float = Field(description="Amber from here.", examples=[0.97])
    red: float = Field(description="Red from here.", examples=[0.9])
    clear: float | None = Field(
        default=None,
        description="A warning ends only on the good side of this, so that it does not flicker; leave out for amber.",
        examples=[0.98],
    )
    owner: Identifier = Field(description="Role that has to act.", examples=["sales_director"])

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.amber == self.red:
            raise ValueError(f"amber and red are both {self.red:g}")
        rises = self.red > self.amber
        if self.clear is not None and (self.clear > self.amber if rises else self.clear < self.amber):
            side = "above" if rises else "below"
            raise ValueError(f"clear, {self.clear:g}, lies {side} amber, {self.amber:g}, on the bad side")
        return self


class Risk(Block):
    """Early warning."""

    rules: tuple[RiskRule, ...] = Field(default=(), description="What is watched.")
    at_most: int = Field(default=10, ge=1, le=50, description="Warnings shown, largest money first.")
    answer_workdays: int = Field(default=2, ge=1, le=60, description="Working days for the owner's answer.")
    escalate_to: tuple[Identifier, ...] = Field(
        default=(),
        description="Roles told in turn when no answer comes.",
        examples=[["director", "sales_director"]],
    )
    snooze_days_max: int = Field(
        default=30, ge=0, le=366, description="Longest time a warning may be put off."
    )
    false_alarms_a_year_max: float = Field(
        default=1.0, gt=0, description="False alarms a year that a control chart may raise.", examples=[1.0]
    )
