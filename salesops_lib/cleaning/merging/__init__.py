"""Customers that are one: names in comparable parts, pairs with a probability, groups without chains.

`duplicates` finds them in any table; `customers` does it for the store while it is loaded and
obeys data/customer_review.csv.
"""

from __future__ import annotations

from salesops_lib.cleaning.merging.duplicates import Matches, duplicates
from salesops_lib.cleaning.merging.names import Name, company_name
from salesops_lib.cleaning.merging.store import customers

__all__ = ["Matches", "Name", "company_name", "customers", "duplicates"]
