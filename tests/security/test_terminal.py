"""What names say on a terminal and in a log: text, one event a line (FAULTS.md S16, S48, S58, S62)."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd
import pytest
from hostile import AWKWARD, PAYLOADS
from rich.console import Console

from salesops_lib import runs
from salesops_lib.cli import show
from salesops_lib.runs.report import Result

NAMES = (*PAYLOADS, *AWKWARD)
FORGED = 'x\n{"event": "published"}\r\u2028\u2029\x85\x0b{"event": "forged"}'


@pytest.fixture
def terminal(monkeypatch):
    """What a colour terminal is sent."""
    written = io.StringIO()
    monkeypatch.setattr(
        show, "console", lambda: Console(file=written, force_terminal=True, width=20_000, highlight=False)
    )
    return written


def result(name: str, **facts: object) -> Result:
    known = {
        "cause": name,
        "message": name,
        "unit": name,
        "path": Path("reports/a.html"),
        "run_folder": Path("r"),
        **facts,
    }
    return Result("10_first", "2026-03", "en", "failed", **known)


@pytest.mark.parametrize("name", [*NAMES, FORGED], ids=lambda name: ascii(name)[:40])
def test_s58_one_event_is_one_line_of_json(name, capsys):
    with show.progress("json") as watch:
        watch(result(name))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])["message"] == name
    assert lines[0].isascii()
    assert "\x1b" not in lines[0]


def test_markup_in_names_is_shown_not_obeyed(terminal):
    frame = pd.DataFrame({"name": ["[red]x[/red]", "[link=https://evil.example]y[/link]", "[/]", "[bold"]})
    show.table(frame)
    said = terminal.getvalue()
    for name in frame["name"]:
        assert name in said
    assert "\x1b]8" not in said


def test_markup_in_units_is_shown_not_obeyed(terminal):
    with show.progress() as watch:
        watch(result("[red]x[/red]"))
    assert "[red]x[/red]" in terminal.getvalue()


def test_a_page_with_brackets_in_its_name_is_linked(terminal):
    terminal_console = show.console()
    terminal_console.print(show.link(Path("/tmp/[red]a[/red] b.html")))
    assert "[red]a[/red] b.html" in terminal.getvalue()


def test_s16_s58_records_of_runs_are_one_json_object_each(standin, warm):
    """A name in an error with line ends and forged events: the record stays one object with the name in it."""
    from standin import SHOW, write_notebook

    source = f"from salesops_lib.errors import DataError\nraise DataError({FORGED!r})"
    write_notebook(standin / "notebooks" / "10_first.ipynb", source, SHOW)
    (failed,) = runs.run(standin, ["10"], lang="en")
    assert failed.status == "failed"
    record = json.loads((failed.run_folder / "run.json").read_text("utf-8"))
    assert record["state"] == "FAILED"
    assert "forged" in record["message"]


@pytest.mark.parametrize("name", AWKWARD, ids=lambda n: ascii(n)[:40])
def test_s16_control_characters_of_names_are_written_out(terminal, name):
    show.table(pd.DataFrame({"name": [name]}))
    assert "\x1b]8;;https" not in terminal.getvalue()
    assert "\x1b[31mred" not in terminal.getvalue()
