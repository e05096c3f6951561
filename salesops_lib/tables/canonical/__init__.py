"""The canonical tables themselves, in the order in which they are loaded."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from salesops_lib.tables.canonical.deals import DEALS
from salesops_lib.tables.canonical.orders import ORDERS
from salesops_lib.tables.canonical.parties import PARTIES
from salesops_lib.tables.canonical.pay import PAY
from salesops_lib.tables.canonical.surroundings import SURROUNDINGS
from salesops_lib.tables.contracts import Table

TABLES: Mapping[str, Table] = MappingProxyType(
    {table.name: table for table in (*ORDERS, *PARTIES, *DEALS, *SURROUNDINGS, *PAY)}
)
