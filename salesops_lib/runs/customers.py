"""Pages of one customer each: which customers are meant, by id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from salesops_lib.errors import RunError
from salesops_lib.runs.notebooks import is_of_customer
from salesops_lib.runs.units import CUSTOMER, WHOLE, Unit


def refuse_others(notebooks: Iterable[Path], by: str) -> None:
    """Refuse pages of customers by another unit, and other pages by customer.

    Raises
    ------
    RunError
        If there is such a notebook.
    """
    for notebook in notebooks:
        if by and is_of_customer(notebook) != (by == CUSTOMER):
            instead = (
                "It is of one customer each: use `--by customer`, or name one with -p customer=NAME."
                if is_of_customer(notebook)
                else "Only notebooks of one customer are; leave `--by customer` out, or name those alone."
            )
            raise RunError(f"{notebook.stem} is not made by {by}.\n{instead}")


def units(root: Path, period: str, given: Mapping[str, Any], by: str) -> tuple[Unit, ...]:
    """The customer that is named, by id or name; the largest of the report's `top_n` with `by`, the largest one without.

    The whole company where nobody is named and there are no customers: the page itself says so.

    Raises
    ------
    DataError
        If there is no such customer, or several have the name.
    """
    from salesops_lib.segmentation.onepager import customer_id, largest_customers
    from salesops_lib.workspace import open_workspace

    named = str(given.get(CUSTOMER, ""))
    ws = open_workspace(root, period=period)
    try:
        if named.strip():
            return (Unit(CUSTOMER, customer_id(ws, named)),)
        found = largest_customers(ws, ws.policy.report.top_n if by else 1)
        return tuple(Unit(CUSTOMER, one) for one in found) or (WHOLE,)
    finally:
        ws.close()


def parameters(given: Mapping[str, Any], unit: Unit) -> dict[str, Any]:
    """What a notebook is given, with the customer's id where it is made for one."""
    return {**given, CUSTOMER: unit.name} if unit.by == CUSTOMER else dict(given)
