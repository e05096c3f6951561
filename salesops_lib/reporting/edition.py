"""A report in one language: what it shows, says and writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from markupsafe import Markup

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.metrics.exhibit import KEPT
from salesops_lib.reporting import figures, sections
from salesops_lib.reporting.assets import stylesheet
from salesops_lib.reporting.definitions import anchor, definition, metric_name
from salesops_lib.reporting.imprint import Imprint, imprint
from salesops_lib.reporting.numbers import UNKNOWN_CURRENCY
from salesops_lib.reporting.privacy import Privacy
from salesops_lib.reporting.sentences import plain
from salesops_lib.reporting.voice import Voice

MOVERS, ASKS = 4, 3
_WORDS = {"source": "reference"}  # what the registry calls its source is where a definition stands
MARK = "salesops"  # metadata key of outputs that belong to a report


class Edition:
    """One language of a `Page`; making one shows its header.

    See `Page` for the methods' parameters.
    """

    def __init__(
        self, workspace: Any, report_id: str, *, grade: str = "", scope: str = "", one_sheet: bool = False
    ) -> None:
        self.report_id = report_id
        self._looks = " sheet1" if one_sheet else ""
        is_id = getattr(getattr(workspace, "facts", None), "is_id", None)
        self._privacy = Privacy(is_id) if is_id else Privacy()
        said = imprint(workspace, grade=grade, scope=scope)
        self.imprint: Imprint = replace(said, scope=self._privacy.of(said.scope))
        self.voice: Voice = self.imprint.voice
        self.title = self.voice.name("report", report_id)
        self._exhibits: list[Exhibit] = []
        self._told: list[Finding] = []
        self._lead: Finding | None = None
        self._key_figures: dict[str, float] = {}
        self._number = 0
        style = Markup("<style>{}</style>").format(Markup(stylesheet("exhibit.css")))
        self._display(style + self._header(), part="header", id="header", label=self.title)

    def headline(
        self,
        *leads: Exhibit | Missing | Finding,
        movers: Sequence[Exhibit | Missing | Finding] = (),
        asks: Exhibit | Sequence[Finding] = (),
        heading: str = "ui.movers",
    ) -> None:
        """Show the first block."""
        leads, movers, asks = (self._privacy.of(shown) for shown in (leads, movers, asks))
        self._key_figures = figures.stated((*leads, *movers))
        moved = [f for f in map(sections.first_finding, movers) if f]
        found = [f for f in map(sections.first_finding, leads) if f] + moved
        if not found:
            return
        self._lead = found[0]
        moved = [f for f in moved if f != found[0]][:MOVERS]
        asked = sections.asked(asks)[:ASKS]
        self._told += [found[0], *moved, *(a.what for a in asked)]
        html = sections.headline(found[0], moved, asked, self.voice, heading)
        self._display(html, part="section", id="headline", label=self.voice.word("ui.headline"))

    def section(self, *exhibits: Exhibit | Missing) -> None:
        """Show exhibits as one numbered section, the first leading; without any there is none."""
        if not exhibits:
            return
        self._number += 1
        exhibits = tuple(self._with_tables_read(x) for x in self._privacy.of(exhibits))
        measured = [x for x in exhibits if isinstance(x, Exhibit)]
        first = measured[0] if measured else exhibits[0]
        html = sections.show_section(exhibits, self.voice, self._number, told=self._lead)
        for exhibit in measured:
            self._told += exhibit.findings
            if self._lead is None:
                self._lead = sections.first_finding(exhibit)
        self._exhibits += measured
        metric = first.metric if isinstance(first, Exhibit) else ""
        label = sections.name(first.id, self.voice, metric)
        self._display(html, part="section", id=anchor(first.id), label=label, number=self._number)

    def _with_tables_read(self, shown: Exhibit | Missing) -> Exhibit | Missing:
        """`shown` with the tables that hold rows as its sources; won deals stand in for orders."""
        loaded = self.imprint.loaded
        if loaded is None or isinstance(shown, Missing):
            return shown
        stand_in = {} if "order_lines" in loaded else {"order_lines": "opportunities"}
        read = dict.fromkeys(stand_in.get(source, source) for source in shown.sources)
        return replace(shown, sources=tuple(table for table in read if table in loaded))

    def digest(self) -> dict[str, str]:
        """The first finding of each section as plain text, by id: what a test compares."""
        firsts = {x.id: sections.first_finding(x) for x in self._exhibits}
        return {key: plain(found, self.voice) for key, found in firsts.items() if found}

    def close(self, output: str | Path = "") -> None:
        """Show definitions and provenance; write summary and workbook into `output` when given."""
        html = Markup('<section class="so sec end" id="s-end"><h2>{}</h2>{}{}</section>').format(
            self.voice.word("ui.end"), self._definitions(), self._provenance()
        )
        self._display(html, part="section", id="end", label=self.voice.word("ui.end"))
        if str(output):
            self._write(Path(output))

    def _write(self, folder: Path) -> None:
        from salesops_lib.reporting.workbook import write

        folder.mkdir(parents=True, exist_ok=True)
        stem = f"page.{self.voice.lang}"
        write(
            self._exhibits, folder / f"{stem}.xlsx", voice=self.voice, title=self.title, about=self._origin()
        )
        summary = {
            "report": self.report_id,
            "title": self.title,
            "scope": self.imprint.scope,
            "headline": plain(self._lead, self.voice) if self._lead else "",
            "findings": [{**_plain_values(f), "text": plain(f, self.voice)} for f in self._told],
            "key_figures": self._key_figures,
            "currency": self.voice.currency,
            "display_unit": self.voice.display_unit,
            "grade": self.imprint.grade,
            "lang": self.voice.lang,
            "period": self.imprint.period,
            "as_of": self.imprint.as_of.isoformat() if self.imprint.as_of else "",
            "is_complete": self.imprint.is_complete,
            "data": self.imprint.data,
            "policy_version": self.imprint.policy_version,
            "policy_sha256": self.imprint.policy_sha256,
        }
        text = json.dumps(summary, ensure_ascii=False, indent=2, sort_keys=True, default=str)
        (folder / f"{stem}.json").write_text(text + "\n", encoding="utf-8")
        self._keep(folder / KEPT)

    def _keep(self, path: Path) -> None:
        """What the workspace is to keep of the exhibits, in one table; no file where there is nothing."""
        kept = [x.kept for shown in self._exhibits for x in (shown, *shown.parts) if x.kept is not None]
        if kept:
            import pandas as pd

            whole = pd.concat(kept).drop_duplicates()
            whole.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")

    def _header(self) -> Markup:
        company = (
            Markup('<p class="company">{}</p>').format(self.imprint.company) if self.imprint.company else ""
        )
        facts = Markup("").join(Markup("<li>{}</li>").format(t) for t in self._about())
        flag = (
            Markup('<span class="flag">{}</span>').format(self.imprint.to_date)
            if self.imprint.to_date
            else ""
        )
        return Markup(
            '<header class="so top{}">{}<h1>{}</h1><p class="period">{}{}</p><ul class="facts">{}</ul></header>'
        ).format(self._looks, company, self.title, self.imprint.period_name, flag, facts)

    def _about(self) -> list[str]:
        word, data = self.voice.word, self.imprint
        lines = [word("ui.as_of", day=data.as_of)] if data.as_of else []
        if data.scope:
            lines.append(word("ui.scope", scope=data.scope))
        if data.grade:
            lines.append(word("ui.grade", grade=data.grade))
        if self.voice.currency == UNKNOWN_CURRENCY:
            lines.append(word("ui.currency_unknown"))
        if data.policy_version:
            lines.append(word("ui.policy", version=data.policy_version))
        return lines

    def _origin(self) -> list[str]:
        """What the report is about, and what was masked, which is known at its end."""
        n = self._privacy.n_masked
        return [*self._about(), self.voice.word("ui.masked", n=n)] if n else self._about()

    def _definitions(self) -> Markup:
        metrics = [f.metric for f in self._told] + [m for x in self._exhibits for m in sections.metrics_of(x)]
        found = [(m, definition(m)) for m in dict.fromkeys(metrics) if m]
        items = Markup("").join(
            Markup('<dt id="def-{}">{}</dt><dd>{}</dd>').format(
                anchor(m), metric_name(m, self.voice.lang), self._said(d)
            )
            for m, d in found
        )
        if not items:
            return Markup("")
        return Markup("<h3>{}</h3><dl>{}</dl>").format(self.voice.word("ui.definitions"), items)

    def _said(self, entry: Any) -> Markup:
        if entry is None:
            return Markup("–")
        said = [
            (key, self.voice.phrase(getattr(entry, key)))
            for key in ("date_basis", "completeness", "source")
            if getattr(entry, key)
        ]
        colon = "：" if self.voice.lang.startswith("zh") else ": "
        rest = Markup("").join(
            Markup("<span>{}{}{}</span>").format(self.voice.word(f"ui.{_WORDS.get(key, key)}"), colon, text)
            for key, text in said
        )
        mark = f"{entry.id} {entry.ref}".strip()
        formula = entry.formula_in(self.voice.lang)
        return Markup("<code>{}</code><small>{}<span>{}</span></small>").format(formula, rest, mark)

    def _provenance(self) -> Markup:
        word, data = self.voice.word, self.imprint
        tables = dict.fromkeys(s for x in self._exhibits for e in (x, *x.parts) for s in e.sources)
        pairs = [
            (word("ui.tables_read"), ", ".join(self.voice.name("table", t) for t in tables)),
            (word("ui.fingerprint"), data.policy_sha256[:16]),
        ]
        items = Markup("").join(Markup("<dt>{}</dt><dd>{}</dd>").format(k, v) for k, v in pairs if v)
        return Markup("<h3>{}</h3><p>{}</p><dl>{}</dl>").format(
            word("ui.provenance"), " · ".join(self._origin()), items
        )

    def _display(self, html: Markup, **mark: object) -> None:
        from IPython.display import HTML, display

        display(HTML(str(html)), metadata={MARK: {**mark, "lang": self.voice.lang}})


def _plain_values(finding: Finding) -> dict[str, object]:
    record = asdict(finding)
    record["values"] = {
        k: v if isinstance(v, (int, float, str, bool)) else str(v) for k, v in finding.values.items()
    }
    return record
