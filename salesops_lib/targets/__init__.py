"""Targets: how far along, on pace or not, and what to ask for."""

from salesops_lib.targets.actions import actions
from salesops_lib.targets.attainment import plan_bridge, scorecard, standing, target_values
from salesops_lib.targets.burn_up import burn_up
from salesops_lib.targets.revisions import revisions

__all__ = ["actions", "burn_up", "plan_bridge", "revisions", "scorecard", "standing", "target_values"]
