"""Incentives: what the policy's plans pay, exact to the minor unit."""

from salesops_lib.incentives.history import History, Lines
from salesops_lib.incentives.pay import Earned, earned

__all__ = ["Earned", "History", "Lines", "earned"]
