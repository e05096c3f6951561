"""The versions of a policy in the course of time: one file each, one in force on a day."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_lib.errors import PolicyError
from salesops_lib.policy.changes import gap
from salesops_lib.policy.loading import load

if TYPE_CHECKING:
    from datetime import date

    from salesops_lib.policy.model import Policy


def versions(folder: Path | str, **known: Any) -> tuple[Policy, ...]:
    """The policies of a folder (`policies/2025.1.0.yaml`), in the order of their days.

    A version without a last day ends with the day before the next one.  Keywords are those of `load`.

    Raises
    ------
    PolicyError
        If the folder holds none, one has faults or another name than its version, or if two
        overlap or leave days between them without a policy.
    """
    files = sorted(Path(folder).glob("*.yaml"))
    if not files:
        raise PolicyError(f"{folder} holds no policy. Put each version there as <version>.yaml.")
    found = sorted(
        (load(file, **known) for file in files), key=lambda policy: policy.metadata.effective.start
    )
    for policy in found:
        if policy.path and policy.path.stem != policy.version:
            raise PolicyError(f"{policy.path} holds version {policy.version}. Name it {policy.version}.yaml.")
    for earlier, later in pairwise(found):
        _follow(earlier, later)
    return tuple(found)


def as_of(folder: Path | str, day: date, **known: Any) -> Policy:
    """The policy in force on a day, by the versions of a folder.

    Raises
    ------
    PolicyError
        If there is none for the day, or the versions do not follow each other (see `versions`).
    """
    found = versions(folder, **known)
    for policy in reversed(found):
        days = policy.metadata.effective
        if days.start <= day and (days.end is None or day <= days.end):
            return policy
    first, last = found[0].metadata.effective.start, found[-1].metadata.effective.end
    raise PolicyError(
        f"No policy of {folder} holds on {day}: they cover {first} to {last or 'now'}. Add the version of that day."
    )


def _follow(earlier: Policy, later: Policy) -> None:
    start, last, first = (
        earlier.metadata.effective.start,
        earlier.metadata.effective.end,
        later.metadata.effective.start,
    )
    pair = f"{earlier.version} and {later.version}"
    if start == first or (last is not None and gap(last, first) < 0):
        raise PolicyError(
            f"Versions {pair} both hold on {first}. End {earlier.version} before it (metadata.effective.to)."
        )
    if last is not None and (days := gap(last, first)):
        count = "1 day" if days == 1 else f"{days} days"
        raise PolicyError(
            f"Between versions {pair} no policy holds for {count} after {last}. Move one of the two."
        )
