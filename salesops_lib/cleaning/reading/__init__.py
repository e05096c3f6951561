"""Files as their makers wrote them: parts, encodings, dialects, header rows, and every line accounted for.

A file has one or more parts (a text file, the members of a zip, the sheets of a workbook, the
tables of a database).  `sample` looks at the head of a part, `read` gives all of it.
"""

from salesops_lib.cleaning.reading import limits
from salesops_lib.cleaning.reading.containers import BOOKS, TEXTS, Part, opened, parts
from salesops_lib.cleaning.reading.headers import HeaderBlock, unique_headers
from salesops_lib.cleaning.reading.reads import Read, read
from salesops_lib.cleaning.reading.samples import Row, Sample, column_values, grid_of, sample

__all__ = [
    "BOOKS",
    "TEXTS",
    "HeaderBlock",
    "Part",
    "Read",
    "Row",
    "Sample",
    "column_values",
    "grid_of",
    "limits",
    "opened",
    "parts",
    "read",
    "sample",
    "unique_headers",
]
