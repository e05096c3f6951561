"""Customers: who moved, who carries the sales, and how their grade changed."""

from salesops_lib.segmentation.bridge import customer_bridge
from salesops_lib.segmentation.grades import abc_migration, concentration, going_quiet, top_customers

__all__ = ["abc_migration", "concentration", "customer_bridge", "going_quiet", "top_customers"]
