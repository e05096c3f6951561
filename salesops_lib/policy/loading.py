"""Reading a policy file: a sound policy, or all of its faults at once."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from salesops_lib.errors import PolicyError
from salesops_lib.policy.faults import Fault, tell

if TYPE_CHECKING:
    from salesops_lib.policy.model import Policy
    from salesops_lib.policy.yaml_tree import Tree

#: The policy of a workspace that has none of its own.
DEFAULT = Path(__file__).with_name("default.yaml")


def load(
    path: Path | str | None = None,
    *,
    known_measures: frozenset[str] | None = None,
    known_tables: frozenset[str] | None = None,
) -> Policy:
    """The policy in a file; the packaged default without one.

    Parameters
    ----------
    known_measures, known_tables
        Metric ids and table names that the policy may name; None leaves them unchecked.

    Raises
    ------
    PolicyError
        If the file cannot be read or has faults; the message lists all of them with line and
        column, and what to write instead.

    Examples
    --------
    >>> load().semantics.currency
    'XXX'
    """
    file = DEFAULT if path is None else Path(path)
    policy, found = _read(file, known_measures, known_tables)
    if policy is None or found:
        raise PolicyError(tell(file, found))
    return policy


def faults(
    path: Path | str,
    *,
    known_measures: frozenset[str] | None = None,
    known_tables: frozenset[str] | None = None,
) -> list[Fault]:
    """All faults of a policy file, in the order of its lines; empty when it is sound.

    Parameters are those of `load`.
    """
    return _read(Path(path), known_measures, known_tables)[1]


def _read(
    file: Path, measures: frozenset[str] | None, tables: frozenset[str] | None
) -> tuple[Policy | None, list[Fault]]:
    from salesops_lib.policy import yaml_tree

    try:
        source = file.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        hint = "name a policy file, or write one with `salesops demo`"
        return None, [Fault(1, 1, "", str(file), f"the file cannot be read: {reason}", hint)]
    policy, found = judged(yaml_tree.read(source), measures, tables)
    if policy is not None:
        policy._path = file.resolve()
        policy._sha256 = sha256(source).hexdigest()
    return policy, found


def judged(
    tree: Tree, measures: frozenset[str] | None, tables: frozenset[str] | None
) -> tuple[Policy | None, list[Fault]]:
    """The policy in a tree, where the model takes it, and all faults in the order of its lines."""
    from salesops_lib.policy.checks import Checker
    from salesops_lib.policy.pay_checks import PayChecker
    from salesops_lib.policy.validation import model_faults

    if tree.data is None and tree.faults:
        return None, sorted(tree.faults, key=_order)
    policy, against_model = model_faults(tree)
    checkers = (Checker, PayChecker) if isinstance(tree.data, dict) else ()
    between_blocks = [fault for kind in checkers for fault in kind(tree, measures, tables).run()]
    return policy, sorted(_one_a_place(tree.faults, against_model, between_blocks), key=_order)


def _one_a_place(*kinds: list[Fault]) -> list[Fault]:
    """All faults, without those at a place where a fault of a more basic kind was found."""
    found: list[Fault] = []
    for kind in kinds:
        taken = {(fault.line, fault.column) for fault in found}
        found += [fault for fault in kind if (fault.line, fault.column) not in taken]
    return found


def _order(fault: Fault) -> tuple[int, int, str]:
    return fault.line, fault.column, fault.where
