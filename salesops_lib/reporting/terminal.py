"""Exhibits as a terminal shows them: what was found, and the first rows as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.reporting import tables
from salesops_lib.reporting.imprint import imprint
from salesops_lib.reporting.sections import name, what_is_needed
from salesops_lib.reporting.sentences import plain
from salesops_lib.reporting.visible import visible

if TYPE_CHECKING:
    import pandas as pd

    from salesops_lib.reporting.voice import Voice


def told(
    workspace: Any, sections: Sequence[Sequence[Exhibit | Missing]], *, rows: int
) -> Iterator[tuple[str, list[str], pd.DataFrame]]:
    """Title, sentences and at most `rows` rows of each exhibit, in the first language of the workspace."""
    import pandas as pd

    voice = imprint(workspace).voice
    for exhibit in (exhibit for section in sections for exhibit in section):
        title = visible(name(exhibit.id, voice))
        if isinstance(exhibit, Missing):
            yield title, [visible(what_is_needed(exhibit, voice, named=False))], pd.DataFrame()
            continue
        sentences = [visible(plain(finding, voice)) for finding in (*exhibit.findings, *exhibit.notes)]
        yield title, sentences, _shown(exhibit, voice, rows)


def _shown(exhibit: Exhibit, voice: Voice, rows: int) -> pd.DataFrame:
    import pandas as pd

    columns = tables.columns(exhibit, voice)
    records = exhibit.frame.head(rows).to_dict("records")
    heads = [f"{c.label} ({c.header_unit})" if c.header_unit else c.label for c in columns]
    cells = [[_cell(record, c, voice) for c in columns] for record in records]
    return pd.DataFrame(cells, columns=[visible(head) for head in heads])


def _cell(record: dict[str, Any], column: tables.Column, voice: Voice) -> str:
    value = record[column.name]
    return plain(value, voice) if isinstance(value, Finding) else tables.text(record, column, voice)
