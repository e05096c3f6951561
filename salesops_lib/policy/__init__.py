"""The sales policy as code: read, checked, and handed on as one frozen model."""

from __future__ import annotations

from salesops_lib.policy.changes import Change, Notice, changes, succession
from salesops_lib.policy.faults import Fault
from salesops_lib.policy.loading import DEFAULT, faults, load
from salesops_lib.policy.model import Policy
from salesops_lib.policy.outline import outline
from salesops_lib.policy.schema import schema
from salesops_lib.policy.versions import as_of, versions

__all__ = [
    "DEFAULT",
    "Change",
    "Fault",
    "Notice",
    "Policy",
    "as_of",
    "changes",
    "faults",
    "load",
    "outline",
    "schema",
    "succession",
    "versions",
]
