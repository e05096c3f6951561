"""Every figure of every report has one definition, and it stands here.

A metric's id never changes its meaning: a new meaning is a new id.  `sql` is an aggregate over
one relation of the store in DuckDB's dialect; a metric without `sql` is a formula over other
metrics (`metrics.formulas`).  `ref` is its number in the coverage plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from salesops_lib.metrics.definitions.coverage import COVERAGE
from salesops_lib.metrics.definitions.customers import CUSTOMERS
from salesops_lib.metrics.definitions.deals import DEALS, PROCESS
from salesops_lib.metrics.definitions.forecasts import FORECASTS
from salesops_lib.metrics.definitions.margins import MARGINS
from salesops_lib.metrics.definitions.market import MARKET
from salesops_lib.metrics.definitions.metric import Metric
from salesops_lib.metrics.definitions.odds import ODDS
from salesops_lib.metrics.definitions.quality import QUALITY
from salesops_lib.metrics.definitions.sales import MONEY_FLOW, SALES
from salesops_lib.metrics.definitions.targets import TARGETS

__all__ = ["REGISTRY", "Metric"]

#: id → definition.
REGISTRY: Mapping[str, Metric] = MappingProxyType(
    {
        m.id: m
        for m in (
            *SALES,
            *MONEY_FLOW,
            *DEALS,
            *PROCESS,
            *ODDS,
            *TARGETS,
            *CUSTOMERS,
            *COVERAGE,
            *MARGINS,
            *MARKET,
            *FORECASTS,
            *QUALITY,
        )
    }
)
