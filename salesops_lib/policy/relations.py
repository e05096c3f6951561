"""What one block of a policy says of another, as data: names, sums and orders.

Paths are dotted; `*` stands for every item of a list or key of a block, a last `{}` for the
keys themselves.
"""

from __future__ import annotations

#: Lists whose entries need their own value of a field.
UNIQUE = (
    *((f"org.{name}", "id") for name in ("regions", "channels", "categories", "teams", "roles", "functions")),
    ("targets.company", "id"),
    ("targets.relief.reasons", "id"),
    ("process.stages", "id"),
    ("process.stages", "rank"),
    ("calendar.events", "id"),
    ("market.rivals", "id"),
    ("appraisal.scorecards", "id"),
    ("appraisal.scorecards.*.kpis", "measure"),
    ("appraisal.grades", "id"),
    ("training.courses", "id"),
    ("pricing.promotions", "id"),
    ("customers.loyalty", "id"),
    ("risk.rules", "id"),
    ("tools.items", "id"),
    *((f"incentives.{name}", "id") for name in ("plans", "spiffs", "contests", "awards", "payments.draws")),
    ("incentives.plans.*.components", "id"),
    ("incentives.contests.*.prizes", "rank"),
)

#: Kind of name → lists whose ids it may be, and what it is called.
NAMED = {
    "role": (("org.roles",), "role of org.roles"),
    "signer": (("org.roles", "org.functions"), "role or function of org"),
    "category": (("org.categories",), "product line of org.categories"),
    "channel": (("org.channels",), "channel of org.channels"),
    "warning": (("risk.rules",), "rule of risk.rules"),
    "grade": (("appraisal.grades",), "grade of appraisal.grades"),
    "scorecard": (("appraisal.scorecards",), "scorecard of appraisal.scorecards"),
    "course": (("training.courses",), "course of training.courses"),
    "plan": (("incentives.plans",), "plan of incentives.plans"),
    "component": (("incentives.plans.*.components",), "component of incentives.plans"),
}

#: Kinds that nothing but the policy knows; the others may be left to the data.
OWN = frozenset({"warning", "grade"})

#: Values that must be names of a kind; kinds `measure` and `table` come from outside the policy.
NAMES = (
    ("metadata.approvals.*.by", "signer"),
    ("targets.measures.{}", "measure"),
    ("targets.company.*.measure", "measure"),
    ("targets.company.*.owner", "role"),
    ("targets.ramp.roles.{}", "role"),
    ("targets.relief.approved_by.*", "signer"),
    ("targets.review.company_approved_by.*", "signer"),
    ("targets.review.triggers.*", "warning"),
    ("appraisal.scorecards.*.roles.*", "role"),
    ("appraisal.scorecards.*.kpis.*.measure", "measure"),
    ("appraisal.consequences.*.grade", "grade"),
    ("training.courses.*.roles.*", "role"),
    ("training.effect.measures.*", "measure"),
    ("pricing.discounts.authority.{}", "role"),
    ("pricing.floors.categories.{}", "category"),
    ("pricing.floors.margins.{}", "category"),
    ("pricing.floors.approved_by.*", "signer"),
    ("pricing.promotions.*.categories.*", "category"),
    ("pricing.promotions.*.channels.*", "channel"),
    ("channels.rules.{}", "channel"),
    ("contracts.approvals.*.by.*", "signer"),
    ("collections.stop.released_by.*", "signer"),
    ("expenses.channels.{}", "channel"),
    ("expenses.approved_by.*", "signer"),
    ("risk.rules.*.measure", "measure"),
    ("risk.rules.*.owner", "signer"),
    ("risk.escalate_to.*", "signer"),
    *(
        (f"incentives.{name}.*.roles.*", "role")
        for name in ("plans", "spiffs", "contests", "awards", "payments.draws")
    ),
    *(
        (f"incentives.plans.*.{name}", "measure")
        for name in (
            *("components.*.measure", "components.*.tier_measure"),
            *("components.*.rows.measure", "components.*.columns.measure"),
            *("links.*.measure", "links.*.require.measure"),
        )
    ),
    ("incentives.plans.*.components.*.scorecard", "scorecard"),
    ("incentives.crediting.overlays.*.role", "role"),
    ("incentives.crediting.excluded_channels.*", "channel"),
    ("incentives.crediting.excluded_categories.*", "category"),
    ("incentives.payments.release.*.components.*", "component"),
    ("incentives.spiffs.*.category", "category"),
    ("incentives.contests.*.measure", "measure"),
    ("incentives.awards.*.measure", "measure"),
    ("incentives.promotion.*.from", "role"),
    ("incentives.promotion.*.to", "role"),
    ("incentives.promotion.*.measure", "measure"),
    ("incentives.promotion.*.training.*", "course"),
    ("incentives.disputes.levels.*", "signer"),
    ("tests.*.plan", "plan"),
    ("tests.*.component", "component"),
    *((f"tests.*.given.{name}.{{}}", "measure") for name in ("attainment", "value", "quota")),
    ("tests.*.given.score.{}", "scorecard"),
    ("data.freshness_days.{}", "table"),
    ("data.privacy.pay_visible_to.*", "signer"),
    ("data.access.{}", "signer"),
    ("report.actions.default_owner", "role"),
    ("report.cycles.*.audience.*", "signer"),
)

#: Parts of a whole: where they stand, the field, what to write.
SUMS = (
    ("targets.measures", "weight", "give every measure a weight; all together make 1"),
    ("appraisal.scorecards.*.kpis", "weight", "the weights of a scorecard make 1"),
    ("channels.rules", "target_share", "give every channel its share; all together make 1"),
    ("marketing.kinds", "budget_share", "the shares of all kinds make 1"),
    ("incentives.payments.release.*.schedule", "share", "the parts of what was earned make 1"),
)

#: Lists that must rise (1) or fall (-1) in a field from entry to entry.
ORDERS = (
    ("pricing.discounts.volume", "quantity", 1),
    ("pricing.discounts.volume", "discount", 1),
    ("customers.loyalty", "amount", 1),
    ("customers.loyalty", "rebate", 1),
    ("appraisal.grades", "points_from", -1),
    ("incentives.plans.*.components.*.tiers", "from", 1),
    ("incentives.plans.*.links.*.steps", "from", 1),
)

#: Plain lists, or blocks of numbers, that must not fall from left to right.
CLIMBS = ("forecast.levels", "targets.ramp.default", "targets.ramp.roles.*", "after_sales.resolve_hours")

#: Spans of days whose end must not lie before their beginning.
SPANS = (
    *("metadata.effective", "pricing.promotions.*.days", "incentives.plans.*.effective"),
    *("incentives.spiffs.*.window", "incentives.contests.*.window"),
)
