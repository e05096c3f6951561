"""Renew the stored digests: run each notebook on the sample company and keep only its digest.

    python tests/notebooks/renew_digests.py [NOTEBOOK.ipynb …]

Everything else is stripped: outputs, metadata of the machine and of editors.  Counts are kept,
as those of one run from top to bottom: nbval refuses an output of a cell that never ran.
Read the diff before you commit it: each line is a figure that changed.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from built_once import build_sample_company
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
KEPT = "keep_output"


def renewed(path: Path) -> nbformat.NotebookNode:
    """The notebook at `path` after one run, with the output of its digest alone."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    ).execute()
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata = {key: value for key, value in cell.metadata.items() if key == "tags"}
        if cell.cell_type == "code" and KEPT not in cell.metadata.get("tags", ()):
            cell.outputs = []
    return notebook


def main(names: list[str]) -> None:
    paths = [Path(name).resolve() for name in names] or sorted(NOTEBOOKS.glob("*.ipynb"))
    with tempfile.TemporaryDirectory() as folder:
        build_sample_company(Path(folder))
        os.environ["SALESOPS_WORKSPACE"] = folder
        for path in paths:
            nbformat.write(renewed(path), path)
            print(f"renewed  {path.name}")


if __name__ == "__main__":
    main(sys.argv[1:])
