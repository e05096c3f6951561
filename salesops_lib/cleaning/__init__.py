"""From raw files to canonical tables, with every row accounted for."""

from salesops_lib.cleaning.audit import Audit
from salesops_lib.cleaning.load import load
from salesops_lib.cleaning.proposals import Question, add, propose
from salesops_lib.cleaning.reading import Read, read
from salesops_lib.cleaning.sources import Source, read_sources

__all__ = ["Audit", "Question", "Read", "Source", "add", "load", "propose", "read", "read_sources"]
