"""Contracts of the canonical tables, and the store that holds them."""

from salesops_lib.tables.canonical import TABLES
from salesops_lib.tables.contracts import SQL_TYPES, Column, Table

__all__ = ["SQL_TYPES", "TABLES", "Column", "Table"]
