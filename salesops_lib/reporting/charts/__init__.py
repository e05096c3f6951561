"""One chart a kind of exhibit: each draws a frame and computes nothing."""

from salesops_lib.reporting.charts.bridge import plot_bridge
from salesops_lib.reporting.charts.curve import plot_curve
from salesops_lib.reporting.charts.decomposition import plot_decomposition
from salesops_lib.reporting.charts.fan import plot_fan
from salesops_lib.reporting.charts.flow import plot_flow
from salesops_lib.reporting.charts.icicle import plot_icicle
from salesops_lib.reporting.charts.intervals import plot_intervals
from salesops_lib.reporting.charts.multiples import plot_multiples
from salesops_lib.reporting.charts.profile import plot_profile
from salesops_lib.reporting.charts.series import plot_series
from salesops_lib.reporting.charts.standing import plot_standing

PLOTS = {
    "standing": plot_standing,
    "bridge": plot_bridge,
    "series": plot_series,
    "multiples": plot_multiples,
    "intervals": plot_intervals,
    "bands": plot_intervals,
    "fan": plot_fan,
    "flow": plot_flow,
    "curve": plot_curve,
    "profile": plot_profile,
    "decomposition": plot_decomposition,
    "icicle": plot_icicle,
}

__all__ = [
    "PLOTS",
    "plot_bridge",
    "plot_curve",
    "plot_decomposition",
    "plot_fan",
    "plot_flow",
    "plot_icicle",
    "plot_intervals",
    "plot_multiples",
    "plot_profile",
    "plot_series",
    "plot_standing",
]
