"""salesops: a sales policy as code, and the business measured against it."""

__version__ = "0.1.0"
