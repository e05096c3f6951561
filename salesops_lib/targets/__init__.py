"""Targets: how far along, on pace or not, and what to ask for."""

from salesops_lib.targets.actions import actions
from salesops_lib.targets.attainment import plan_bridge, scorecard, standing, target_values

__all__ = ["actions", "plan_bridge", "scorecard", "standing", "target_values"]
