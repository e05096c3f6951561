"""An executed notebook as one self-contained page: our outputs, our template, nothing else.

Shown are the outputs that `Page` made, sanitised; code, the notebook's own notes and foreign
outputs are not.  The page needs no network and no script.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from salesops_lib.reporting.assets import stylesheet
from salesops_lib.reporting.catalogue import find
from salesops_lib.reporting.definitions import anchor
from salesops_lib.reporting.edition import MARK
from salesops_lib.reporting.figures import restatement
from salesops_lib.reporting.privacy import masked
from salesops_lib.reporting.sanitise import sanitise
from salesops_lib.reporting.visible import visible
from salesops_lib.reporting.voice import Voice

if TYPE_CHECKING:
    import jinja2

#: A section of a page: `id`, `label`, `number`, `html`.
Block = Mapping[str, Any]

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def render(
    notebook: Mapping[str, Any],
    *,
    lang: str,
    title: str,
    meta: Mapping[str, str] | None = None,
    said: Mapping[str, Any] | None = None,
) -> str:
    """The page of an executed notebook.

    Parameters
    ----------
    notebook
        The notebook's JSON, or nbformat's node of it.
    lang
        Language of the page, en or zh; outputs in another one are left out.
    title
        Title of the window.
    meta
        `workbook`: file name of the workbook beside the page; `index`: relative address of the
        index; other keys are shown at the end as they are.
    said
        What the page says of itself, its `page.<lang>.json`, with what it `restates`: shown below
        the header.

    Returns
    -------
    str
        HTML, the same bytes for the same notebook.  A cell that failed shows as a banner.
    """
    meta = dict(meta or {})
    voice = Voice(lang)
    blocks = list(_blocks(notebook, voice))
    return assemble(
        voice,
        title,
        next((b["html"] for b in blocks if b["part"] == "header"), ""),
        [b for b in blocks if b["part"] == "section"],
        faults=[b["text"] for b in blocks if b["part"] == "fault"],
        workbook=meta.pop("workbook", ""),
        index=meta.pop("index", ""),
        restated=restatement(said or {}, voice.lang),
        meta=sorted((find(f"meta.{k}", lang) or k, v) for k, v in meta.items() if v),
    )


def assemble(
    voice: Voice,
    title: str,
    header: str,
    sections: Sequence[Block],
    *,
    styles: Sequence[str] = (),
    faults: Sequence[str] = (),
    workbook: str = "",
    index: str = "",
    restated: Mapping[str, Any] | None = None,
    meta: Sequence[tuple[str, str]] = (),
) -> str:
    """A self-contained page of finished parts; `header` and each section's `html` are sanitised already.

    Parameters
    ----------
    sections
        `id`, `label`, `number` and `html` of each, in order.
    styles
        Style sheets besides those of every page.
    faults
        What went wrong, for a banner.
    workbook, index
        Relative addresses; no link when empty.
    restated
        What an earlier report stated otherwise, of `figures.restatement`.
    meta
        Names and values shown at the end.
    """
    sheets = ("exhibit.css", "page.css", *styles)
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            lang="zh-CN" if voice.lang.startswith("zh") else "en",
            title=title,
            policy=POLICY,
            style="".join(map(stylesheet, sheets)),
            workbook=relative_address(workbook),
            index=relative_address(index),
            meta=meta,
            header=header,
            restated=restated,
            faults=faults,
            sections=sections,
            word=voice.word,
        )
    )


def _blocks(notebook: Mapping[str, Any], voice: Voice) -> Iterator[dict[str, Any]]:
    for n, cell in enumerate(notebook.get("cells", ()), start=1):
        if cell.get("cell_type") != "code":
            continue
        for output in cell.get("outputs", ()):
            if output.get("output_type") == "error":
                yield {"part": "fault", "text": _fault(output, n, voice)}
            mark = _mark(output)
            if mark and mark.get("lang", voice.lang) == voice.lang:
                yield {
                    "part": str(mark.get("part", "section")),
                    "id": anchor(str(mark.get("id", "x"))),
                    "label": str(mark.get("label", "")),
                    "number": mark.get("number", ""),
                    "html": sanitise(_text(output["data"]["text/html"])),
                }


def _mark(output: Mapping[str, Any]) -> Mapping[str, Any] | None:
    mark = (output.get("metadata") or {}).get(MARK)
    has_html = "text/html" in (output.get("data") or {})
    return mark if isinstance(mark, Mapping) and has_html else None


def _text(data: str | list[str]) -> str:
    return data if isinstance(data, str) else "".join(data)


def _fault(output: Mapping[str, Any], cell: int, voice: Voice) -> str:
    """What went wrong: a user's own fault in full, ours by its name alone (it may carry data)."""
    name = str(output.get("ename", ""))
    if name in ("DataError", "PolicyError", "RunError"):
        cause = masked(str(output.get("evalue", "")))
    else:
        cause = voice.word("ui.failed_inside", name=name)
    return voice.word("ui.failed_at", cell=cell, cause=cause)


def relative_address(name: str) -> str:
    """A relative address without a scheme, host or surprise, else nothing."""
    plain = name.removeprefix("../")
    is_safe = plain and not any(c in plain for c in ":\\\"'<>?#%\n") and not plain.startswith(("/", "."))
    return name if is_safe else ""


@lru_cache(maxsize=1)
def environment() -> jinja2.Environment:
    import jinja2

    loader = jinja2.FunctionLoader(stylesheet)
    return jinja2.Environment(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_seen,
    )


def _seen(value: Any) -> Any:
    """What a template shows, invisible characters written out; finished HTML as it is."""
    return visible(value) if type(value) is str else value
