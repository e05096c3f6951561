"""Customers: who moved, who carries the sales, how their grade changed, who goes quiet, what they are worth."""

from salesops_lib.segmentation.baskets import bought_together, orders_due, product_gaps
from salesops_lib.segmentation.bridge import customer_bridge
from salesops_lib.segmentation.cohorts import cohorts
from salesops_lib.segmentation.grades import concentration, going_quiet, top_customers
from salesops_lib.segmentation.loyalty import order_gaps, repurchase
from salesops_lib.segmentation.portfolio import abc_xyz, grade_standing
from salesops_lib.segmentation.reviews import abc_migration, grade_moves, grade_value
from salesops_lib.segmentation.rfm import rfm_cells
from salesops_lib.segmentation.service import service_given, whale_curve

__all__ = [
    "abc_migration",
    "abc_xyz",
    "bought_together",
    "cohorts",
    "concentration",
    "customer_bridge",
    "going_quiet",
    "grade_moves",
    "grade_standing",
    "grade_value",
    "order_gaps",
    "orders_due",
    "product_gaps",
    "repurchase",
    "rfm_cells",
    "service_given",
    "top_customers",
    "whale_curve",
]
