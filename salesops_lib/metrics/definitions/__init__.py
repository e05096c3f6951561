"""The definitions of all metrics, by what they measure."""
