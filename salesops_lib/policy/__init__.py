"""The sales policy as code: read, checked, and handed on as one frozen model."""

from __future__ import annotations

from salesops_lib.policy.faults import Fault
from salesops_lib.policy.loading import DEFAULT, faults, load
from salesops_lib.policy.model import Policy

__all__ = ["DEFAULT", "Fault", "Policy", "faults", "load"]
