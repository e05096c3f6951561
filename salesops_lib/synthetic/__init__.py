"""The sample company: raw files as a real one would export them, and the truth behind them.

`generate` writes them; `company` holds what is planted, `truth` what came of it.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["generate"]

#: The calendar needs some orders a month in every region to plan and to judge by.
MIN_LINES, MAX_LINES = 10_000, 100_000_000
#: Up to this many lines the work is done in memory, beyond it in a file that is removed afterwards.
_IN_MEMORY = 2_000_000
_MEMORY = "2GB"


def generate(root: Path | str, *, lines: int = 60_000, seed: int = 2026, threads: int | None = None) -> Path:
    """The folder with the raw files of the sample company, `<root>/data/raw`.

    The truth is written to `<root>/data/demo/truth.json`: planted parameters, realised
    values, the meaning of each file and every fault in it.  Files of the same name are
    replaced; others are left alone; a run that fails leaves no half-written file.

    Parameters
    ----------
    root
        The workspace.
    lines
        Clean order lines, 10,000 to 100 million.  The company's money grows with them: 60,000
        lines are about CNY 600 million of bookings a year.  Customers, products and people
        stay as many.
    seed
        Same seed, same lines: same bytes, on any number of threads.
    threads
        Threads of DuckDB; its own default when None.

    Raises
    ------
    DataError
        If `lines` is outside its bounds, or the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as root:
    ...     raw = generate(root, lines=10_000)
    ...     sorted(path.name for path in raw.iterdir())[:3]
    ['competitor_prices.csv', 'expenses.csv', 'fx.csv']
    """
    from salesops_lib.errors import DataError
    from salesops_lib.synthetic import build

    if not MIN_LINES <= lines <= MAX_LINES:
        raise DataError(
            f"The sample company cannot have {lines:,} order lines.\nAsk for {MIN_LINES:,} to {MAX_LINES:,}."
        )
    try:
        return build.write(Path(root), lines, seed, threads, memory=_MEMORY, in_file=lines > _IN_MEMORY)
    except OSError as problem:
        raise DataError(
            f"The sample company cannot be written to {root}: {problem.strerror or problem}.\n"
            "Choose a folder you may write to, with enough room (about 130 bytes a line for the orders)."
        ) from problem
