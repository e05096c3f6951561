"""Blocks about people: training and appraisal."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from salesops_lib.policy.values import Block, Cycle, Identifier, Metric, Named, Share, Text


class Course(Named):
    """Something to be learned, by whom and until when."""

    roles: tuple[Identifier, ...] = Field(description="Roles that take it.", examples=[["ae", "am"]])
    hours: float = Field(gt=0, description="Hours.", examples=[16])
    due_days: int | None = Field(
        default=None,
        ge=1,
        description="Days after joining by which it is done; leave out when free.",
        examples=[30],
    )
    yearly: bool = Field(default=False, description="Is it repeated every year?")


class TrainingEffect(Block):
    """How it is judged whether training works."""

    measures: tuple[Metric, ...] = Field(
        default=(), description="Measures that should rise.", examples=[["bookings", "win_rate"]]
    )
    compare: Literal["not_yet_trained", "before"] = Field(
        default="not_yet_trained",
        description="Against those not yet trained (difference in differences), or only against before.",
    )
    months_before: int = Field(default=6, ge=1, le=36, description="Months before training that count.")
    min_effect: Share = Field(default=0.0, description="Least rise that keeps a course.", examples=[0.03])


class Training(Block):
    """Training and development."""

    completion_min: Share = Field(default=0.9, description="Least share of due courses that are done.")
    courses: tuple[Course, ...] = Field(default=(), description="Courses.")
    effect: TrainingEffect = Field(default=TrainingEffect(), description="Effect of training.")


class Kpi(Block):
    """A line of a scorecard: attainment of a measure, kept between floor and cap, times its weight."""

    measure: Metric
    perspective: Literal["financial", "customer", "market", "process", "people"] = Field(
        default="financial", description="Side of the business."
    )
    weight: Share = Field(description="Weight; a card's weights make 1.", examples=[0.4])
    better: Literal["higher", "lower"] = Field(
        default="higher", description="Is a higher or a lower value better?"
    )
    floor: float = Field(default=0.0, ge=0, le=1, description="Attainment counts at least this.")
    cap: float = Field(default=1.2, ge=1, le=5, description="Attainment counts at most this.", examples=[1.2])


class Scorecard(Named):
    """The KPIs of some roles; 100 points are all targets met."""

    roles: tuple[Identifier, ...] = Field(description="Roles judged by it.", examples=[["ae"]])
    cycle: Cycle = Field(default="quarterly", description="How often it is filled in.")
    kpis: tuple[Kpi, ...] = Field(min_length=1, description="Its lines.")


class AppraisalGrade(Named):
    """A grade of an appraisal."""

    points_from: float = Field(ge=0, le=500, description="Points from which it is given.", examples=[80])


class Consequence(Block):
    """What follows from a grade that repeats."""

    grade: Identifier = Field(description="Grade.", examples=["C"])
    times: int = Field(default=1, ge=1, le=12, description="How many appraisals in a row.")
    what: Text = Field(description="What follows.")


class Appraisal(Block):
    """Performance appraisal."""

    scorecards: tuple[Scorecard, ...] = Field(default=(), description="Scorecards.")
    grades: tuple[AppraisalGrade, ...] = Field(default=(), description="Grades, from the best down.")
    consequences: tuple[Consequence, ...] = Field(default=(), description="What follows from grades.")
    small_samples: Literal["as_is", "shrink"] = Field(
        default="shrink", description="Rates of few cases count as they are, or drawn towards the team's."
    )
    territory_adjusted: bool = Field(
        default=False, description="Is attainment corrected for the territory's potential?"
    )
    reason_required: bool = Field(
        default=True, description="Must a manager give a reason in words for every grade?"
    )
