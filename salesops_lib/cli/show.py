"""What the command line prints: tables, progress, paths that a terminal can open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from salesops_lib.runs.report import Result, Watch


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
    from salesops_lib.reporting.visible import visible

    return "" if value != value else visible(str(value))


@contextmanager
def progress(log: str = "text") -> Iterator[Watch]:
    """Reports as they begin and end: a spinner in a terminal, plain lines elsewhere, or JSON lines."""
    out = console()
    if log == "json":
        yield _event
        return
    if not out.is_terminal:
        yield lambda result: None if result.status == "begun" else out.print(_line(result))
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=out) as bar:
        lines: dict[str, Any] = {}

        def watch(result: Result) -> None:
            label = _label(result)
            if label not in lines:
                lines[label] = bar.add_task(label, total=1)
            if result.status != "begun":
                bar.update(lines[label], description=_line(result), completed=1)

        yield watch


def _event(result: Result) -> None:
    """One event, one line of JSON on standard error, whatever names hold."""
    import json
    import sys
    from datetime import UTC, datetime

    event: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "event": result.status,
        "report": result.notebook,
        "period": result.period,
        "unit": result.unit,
        "lang": result.lang,
    }
    if result.status != "begun":
        event |= {"seconds": round(result.seconds, 2), "path": str(result.path or ""), "cause": result.cause}
        event |= {"message": result.message, "attempts": result.attempts}
    print(json.dumps(event, ensure_ascii=True), file=sys.stderr, flush=True)


def _label(result: Result) -> str:
    unit = f" {result.unit}" if result.unit else ""
    return f"{result.period} {result.notebook}{unit} ({result.lang})"


def _line(result: Result) -> str:
    from rich.markup import escape

    from salesops_lib.reporting.visible import visible

    colour = "red" if result.status == "failed" else "green"
    again = f", attempt {result.attempts}" if result.attempts > 1 else ""
    return f"[{colour}]{result.status:<10}[/{colour}] {escape(visible(_label(result)))}  {result.seconds:.1f} s{again}"


def outcome(results: Sequence[Result], index: Path) -> None:
    """Where the pages are, and for each failure what, where and what to do."""
    import click

    from salesops_lib.reporting.visible import visible

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
            lines = [f"\n{_label(result)} failed:", result.message, last]
            click.echo(visible("\n".join([*lines, f"The run is kept in {result.run_folder}"])), err=True)
