"""Forecasting: where the next months will land, and how wrong that has been."""

from salesops_lib.forecasting.outlook import outlook
from salesops_lib.forecasting.seasonal import Backtest, backtest, forecast_rates

__all__ = ["Backtest", "backtest", "forecast_rates", "outlook"]
