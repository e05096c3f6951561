"""papermill's engine with a measure: what cells show that is no part of the page is kept short.

A cell that prints a gigabyte must neither fill the runner's memory nor its disk.  Outputs that
`Page` made are kept whole.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines

NAME = "salesops"
MOST_SHOWN = 1_000_000
_LONGEST_ERROR = 20_000
_OUR_MARK = "salesops"
#: Seconds to wait for outputs after a cell's reply; a cell that printed much has many on their way.
_OUTPUT_SECONDS = 60


class _Client(PapermillNotebookClient):
    """Keeps at most `MOST_SHOWN` characters of a cell's foreign outputs, and says so where it cut."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._shown: Counter[int] = Counter()

    def output(self, outs: list[Any], msg: dict[str, Any], display_id: str | None, cell_index: int) -> Any:
        content = msg["content"]
        if msg["msg_type"] == "error":
            content["evalue"] = str(content.get("evalue", ""))[:_LONGEST_ERROR]
            content["traceback"] = [line[:_LONGEST_ERROR] for line in content.get("traceback", [])]
        elif _OUR_MARK not in content.get("metadata", {}):
            before = self._shown[cell_index]
            if before >= MOST_SHOWN:
                return None
            self._shown[cell_index] += _length(content)
            if self._shown[cell_index] >= MOST_SHOWN:
                msg["content"] = _cut(msg["msg_type"], content, MOST_SHOWN - before)
        return super().output(outs, msg, display_id, cell_index)


def _length(content: dict[str, Any]) -> int:
    return len(content.get("text", "")) + sum(len(str(shown)) for shown in content.get("data", {}).values())


def _cut(kind: str, content: dict[str, Any], room: int) -> dict[str, Any]:
    """The last output of a cell that is kept: as much of it as there is room for, and a note."""
    note = f"\n[The rest is left out: the cell showed more than {MOST_SHOWN:,} characters.]\n"
    if kind == "stream":
        return {**content, "text": content["text"][:room] + note}
    return {**content, "data": {"text/plain": note.strip()}, "metadata": {}}


class _Engine(Engine):
    """Leaves the notebook in its file when a code cell begins, for the runner's last words, and at the end."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, execution_timeout: float, start_timeout: int, **settings: Any
    ) -> None:
        path, nb_man.output_path = (
            nb_man.output_path,
            None,
        )  # it would be written at each cell's start and end

        def write(cell: Any, cell_index: int) -> None:
            Path(path).write_text(json.dumps(nb_man.nb), encoding="utf-8")

        client = _Client(
            nb_man,
            km=settings["km"],
            kernel_name=kernel_name,
            timeout=execution_timeout,
            startup_timeout=start_timeout,
            iopub_timeout=_OUTPUT_SECONDS,
            on_cell_execute=write,
        )
        try:
            client.execute()
        finally:
            nb_man.output_path = path


papermill_engines.register(NAME, _Engine)
