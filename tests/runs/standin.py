"""A small workspace with stand-in notebooks, for tests of runs, of the command line and of faults."""

from __future__ import annotations

from pathlib import Path

import pytest

PARAMETERS = 'period: str = ""\nlang: str = ""\nworkspace: str = ""\noutput: str = ""\nlevel: str = "team"\ntop: int = 3'
SHOW = """
from IPython.display import HTML, display
display(
    HTML(f"<section><h2>{period} {level} {top}</h2></section>"),
    metadata={"salesops": {"part": "section", "id": "one", "label": "One", "number": 1}},
)"""
CLOSE = """
import json
from pathlib import Path
for one in lang.split(","):
    Path(output, f"page.{one}.xlsx").write_bytes(b"workbook of " + period.encode())
    Path(output, f"page.{one}.json").write_text(json.dumps({"headline": f"Sales of {period}", "grade": "A", "title": "First"}))"""


def write_notebook(path: Path, *cells: str, close: bool = True, parameters: str = PARAMETERS) -> Path:
    """A notebook of `cells` between a parameters cell and, with `close`, a cell that closes the page."""
    import nbformat
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    first = new_code_cell(parameters, metadata={"tags": ["parameters"]})
    rest = [new_code_cell(source.strip()) for source in (*cells, *([CLOSE] if close else []))]
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=[new_markdown_cell("# First"), first, *rest]), path)
    return path


def write_facts(root: Path, last_day: str = "2026-03-31") -> None:
    """The least policy and store that a workspace opens: sales of 2025 to `last_day`."""
    import duckdb

    from salesops_lib.policy import DEFAULT

    (root / "data").mkdir(parents=True, exist_ok=True)
    (root / "policy.yaml").write_bytes(Path(DEFAULT).read_bytes())
    (root / "data" / "facts.duckdb").unlink(missing_ok=True)
    with duckdb.connect(str(root / "data" / "facts.duckdb")) as store:
        store.execute(
            "CREATE TABLE sales AS SELECT day::DATE AS dated_on FROM (VALUES ('2025-01-02'), (?)) AS days(day)",
            [last_day],
        )
        store.execute("CREATE TABLE deals (created_on DATE)")
        store.execute(
            "CREATE TABLE table_columns AS SELECT 'sales' AS table_name, 'dated_on' AS column_name, 2 AS n_filled, 2 AS n_rows"
        )
        store.execute(
            "CREATE TABLE store_facts AS SELECT 'fingerprint' AS name, ? AS value", [f"sales to {last_day}"]
        )


@pytest.fixture(scope="session")
def shared_zygote():
    """One process with the imports done, for all tests of a session."""
    from salesops_lib.runs.zygote import Zygote

    zygote = Zygote.start()
    yield zygote
    if zygote is not None:
        zygote.close()


@pytest.fixture
def warm(shared_zygote, monkeypatch):
    """Runs fork their kernels from the session's zygote and leave it alive."""
    from salesops_lib.runs.zygote import Zygote

    monkeypatch.setattr(Zygote, "start", classmethod(lambda cls: shared_zygote))
    monkeypatch.setattr(shared_zygote, "close", lambda: None)


@pytest.fixture
def standin(tmp_path: Path) -> Path:
    """A workspace with facts up to March 2026 and the notebooks 10_first and 20_second."""
    root = tmp_path / "work space"
    write_facts(root)
    for name in ("10_first", "20_second"):
        write_notebook(root / "notebooks" / f"{name}.ipynb", SHOW)
    return root
