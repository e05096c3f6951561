"""The sales team: what people in post bring, how attainment is spread, who stays, and how newcomers grow."""

from salesops_lib.team.productivity import account_coverage, productivity, productivity_by, turnover
from salesops_lib.team.rep_page import rep_page
from salesops_lib.team.spread import attainment_spread, runs
from salesops_lib.team.tenure import newcomers, tenure_effect

__all__ = [
    "account_coverage",
    "attainment_spread",
    "newcomers",
    "productivity",
    "productivity_by",
    "rep_page",
    "runs",
    "tenure_effect",
    "turnover",
]
