"""What the command line prints: tables, progress, paths that a terminal can open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from salesops_lib.runs.batch import Result, Watch


def console() -> Console:
    """Standard output; tables get their full width where nothing limits it."""
    import sys

    from rich.console import Console

    limited = sys.stdout.isatty()
    return Console(soft_wrap=True, highlight=False, width=None if limited else 200)


def link(path: Path) -> str:
    """`path` as text that a terminal opens on a click."""
    from rich.markup import escape

    return f"[link={path.resolve().as_uri()}]{escape(str(path))}[/link]"


def table(frame: pd.DataFrame, title: str = "") -> None:
    """Print `frame`, numbers to the right."""
    import pandas as pd
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    shown = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left")
    for column in frame.columns:
        is_number = pd.api.types.is_numeric_dtype(frame[column])
        shown.add_column(str(column), justify="right" if is_number else "left", overflow="fold")
    for row in frame.itertuples(index=False):
        shown.add_row(*(escape(_cell(value)) for value in row))
    console().print(shown, soft_wrap=False)


def _cell(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value)
    if isinstance(value, int) or (hasattr(value, "dtype") and value.dtype.kind in "iu"):
        return f"{value:,}"
    return "" if value != value else str(value)


@contextmanager
def progress() -> Iterator[Watch]:
    """A line a report: a spinner in a terminal, plain lines elsewhere."""
    out = console()
    if not out.is_terminal:
        yield lambda label, result: None if result is None else out.print(_line(label, result))
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=out) as bar:
        lines: dict[str, Any] = {}

        def watch(label: str, result: Result | None) -> None:
            if result is None:
                lines[label] = bar.add_task(label, total=1)
            else:
                bar.update(lines[label], description=_line(label, result), completed=1)

        yield watch


def _line(label: str, result: Result) -> str:
    colour = "red" if result.status == "failed" else "green"
    return f"[{colour}]{result.status:<10}[/{colour}] {label}  {result.seconds:.1f} s"


def outcome(results: Sequence[Result], index: Path) -> None:
    """Where the pages are, and for each failure what, where and what to do."""
    import click

    out = console()
    for result in results:
        if result.status != "failed" and result.path is not None:
            out.print(f"  {link(result.path)}")
    if index.exists():
        out.print(f"All reports: {link(index)}")
    for result in results:
        if result.status == "failed":
            last = (
                f"The last good page is untouched: {result.path}" if result.path else "No page was published."
            )
            lines = [f"\n{result.notebook} ({result.lang}) failed:", result.message, last]
            click.echo("\n".join([*lines, f"The run is kept in {result.run_folder}"]), err=True)
