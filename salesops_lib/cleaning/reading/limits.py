"""How much of a file is read before it is refused or a line of it is set aside, and why."""

#: Longest record, in bytes: DuckDB reads lines up to 2 MiB, and no cell of a business table is as long.
RECORD_BYTES = 2_000_000
#: Lines that one quoted cell may span; an unclosed quotation mark is given up after so many.
RECORD_LINES = 2_000
#: Text kept of a line that is set aside because it is too long.
KEPT_TEXT = 200
#: Most columns of a table; Excel has 16,384, and a table wider than this is a matrix.
COLUMNS = 4_096
#: The head of a file by which encoding, dialect and header are judged.
HEAD_BYTES = 1 << 19
HEAD_LINES = 1_500
#: Text packs to a fiftieth, logs to a hundredth; what unpacks to more, and is big, is a bomb.
UNPACKED_RATIO = 250
UNPACKED_SMALL = 256 << 20
#: No packed file may unpack to more; the biggest honest export we know has 2 GB.
UNPACKED_BYTES = 32 << 30
