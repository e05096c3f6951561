"""Who approved which policy: lines beside policy.yaml that only grow, each holding on to the one before.

The file belongs into version control with the policy.  What is approved is the policy of its last line.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from salesops_lib import chain
from salesops_lib.errors import PolicyError

if TYPE_CHECKING:
    from salesops_lib.policy import Policy

FILE = "policy.approvals"


def approve(policy: Path, known: Policy, by: str) -> str:
    """Record that `by` approves the policy in the file `policy`; what to tell them.

    Raises
    ------
    PolicyError
        If that version is approved with other contents, or the record does not hold.
    """
    lines = _lines(policy)
    version = str(known.version)
    for line in lines:
        if line.entry["version"] == version and line.entry["sha256"] != known.sha256:
            raise PolicyError(
                f"{policy}: version {version} was approved on {line.entry['at']} by {line.entry['by']} with other contents.\n"
                "Give the policy a new version, then approve it."
            )
    entry = {
        "version": version,
        "sha256": known.sha256,
        "by": by,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    chain.append(policy.with_name(FILE), [entry])
    signed = "signed" if chain.key() else f"not signed: {chain.KEY} is not set"
    return f"Version {version} is approved by {by} ({signed}); recorded in {policy.with_name(FILE)}."


def standing(policy: Path, sha256: str) -> str:
    """Why the policy of that digest is not the approved one; empty when it is.

    Raises
    ------
    PolicyError
        If the record does not hold.
    """
    lines = _lines(policy)
    if not lines:
        return f"{policy} was never approved."
    last = lines[-1]
    told = f"version {last.entry['version']}, approved on {last.entry['at']} by {last.entry['by']}"
    if last.entry["sha256"] != sha256:
        return f"{policy} is not the approved policy ({told}, sha256 {last.entry['sha256'][:16]}…)."
    if chain.key() and not last.is_signed:
        return f"{policy}: its approval ({told}) is not signed with the key of {chain.KEY}."
    return ""


def require(root: Path, sha256: str) -> None:
    """Pass only the approved policy of the workspace `root`.

    Raises
    ------
    PolicyError
        If the one in use is another.
    """
    if why := standing(root / "policy.yaml", sha256):
        raise PolicyError(
            f"{why}\nNothing was run. Approve it with `salesops check --approve`, or put the approved one back."
        )


def exist(root: Path) -> bool:
    """Whether the workspace records approvals."""
    return (root / FILE).exists()


def _lines(policy: Path) -> list[chain.Line]:
    path = policy.with_name(FILE)
    lines = list(chain.read(path))
    for line in lines:
        if line.fault or not line.link or not {"version", "sha256", "by", "at"} <= line.entry.keys():
            why = line.fault or "is no approval"
            raise PolicyError(
                f"{path}: line {line.number} {why}.\nTake the file from version control, or look who changed it; then approve again."
            )
    return lines
