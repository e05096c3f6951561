"""Incentives: what the policy's plans pay, exact to the minor unit."""

from salesops_lib.incentives.history import History, Lines
from salesops_lib.incentives.pay import Earned, earned
from salesops_lib.incentives.statement_report import statement

__all__ = ["Earned", "History", "Lines", "earned", "statement"]
