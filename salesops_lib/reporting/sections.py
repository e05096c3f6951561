"""One section of a report: a finding as title, its picture, a few sentences, the rows, the definition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.reporting import tables
from salesops_lib.reporting.charts.scale import known
from salesops_lib.reporting.definitions import anchor, better, definition, metric_name
from salesops_lib.reporting.heat import show_matrix
from salesops_lib.reporting.sentences import plain, say
from salesops_lib.reporting.tiles import show_tiles
from salesops_lib.reporting.voice import Voice

if TYPE_CHECKING:
    from salesops_lib.metrics.exhibit import Kind

SENTENCES = 3
_KEYS: dict[str, tuple[tuple[str, str, str], ...]] = {
    # column that must be there, swatch, word
    "standing": (("actual", "ac", "actual"), ("base", "py", "previous"), ("target", "mark", "plan")),
    "series": (("actual", "ac", "actual"), ("base", "py", "previous"), ("target", "pl", "plan")),
    "multiples": (("actual", "ac", "actual"), ("base", "py", "previous")),
    "scorecard": (("actual", "ac", "actual"), ("base", "py", "previous"), ("target", "mark", "plan")),
    "intervals": (("value", "dot", "estimate"), ("low", "band", "interval"), ("base", "mark", "reference")),
    "fan": (
        ("actual", "ac", "actual"), ("base", "py", "previous"), ("target", "dots", "plan"),
        ("median", "dash", "forecast"), ("low_80", "band", "likely"), ("low_95", "wash", "possible"),
    ),
}  # fmt: skip


def name(id: str, voice: Voice, metric: str = "") -> str:
    """The short label of a section: the catalogue's word for its id, else its metric's name."""
    from salesops_lib.reporting.catalogue import find

    found = find(f"section.{id}", voice.lang)
    if found is None and metric and voice.lang.startswith("zh"):
        return metric_name(metric, voice.lang)
    return found or voice.name("section", id)


def show_section(exhibit: Exhibit, voice: Voice, number: int) -> Markup:
    """The whole section as HTML; numbers and ids derive from the exhibit alone."""
    title: str = name(exhibit.id, voice, exhibit.metric)
    label = title if exhibit.findings else ""  # a section without a finding bears its label as title
    title = say(exhibit.findings[0], voice) if exhibit.findings else title
    return Markup(
        '<section class="so sec" id="s-{}"><p class="label"><span class="no">{}</span>{}</p><h2>{}</h2>{}{}{}{}</section>'
    ).format(
        anchor(exhibit.id), number, label, title, _body(exhibit, voice),
        Markup("").join(_part(part, voice) for part in exhibit.parts), _note(exhibit, voice), _fold(exhibit, voice),
    )  # fmt: skip


def show_missing(missing: Missing, voice: Voice, number: int) -> Markup:
    """One line that says what the section needs."""
    needs = tuple(voice.name("table", n) if "." not in n else n for n in missing.needs)
    why = missing.why.strip().rstrip(".。")
    text = voice.word("ui.needs_why", needs=needs, why=why) if why else voice.word("ui.needs", needs=needs)
    label = name(missing.id, voice)
    return Markup(
        '<section class="so sec missing" id="s-{}"><p class="label"><span class="no">{}</span>{}</p><p>{}</p></section>'
    ).format(anchor(missing.id), number, label, text)


def _part(exhibit: Exhibit, voice: Voice) -> Markup:
    title = say(exhibit.findings[0], voice) if exhibit.findings else name(exhibit.id, voice, exhibit.metric)
    return Markup('<div class="part" id="s-{}"><h3>{}</h3>{}{}</div>').format(
        anchor(exhibit.id), title, _body(exhibit, voice), _note(exhibit, voice, brief=True)
    )


def _body(exhibit: Exhibit, voice: Voice) -> Markup:
    if not len(exhibit.frame):
        return Markup('<p class="note">{}</p>').format(voice.word("ui.no_rows"))
    sentences = Markup("").join(
        Markup('<p class="say {}">{}</p>').format(f.tone, say(f, voice))
        for f in exhibit.findings[1 : 1 + SENTENCES]
    )
    return _picture(exhibit, voice) + sentences + _rows(exhibit, voice)


def _picture(exhibit: Exhibit, voice: Voice) -> Markup:
    if exhibit.kind == "scorecard":
        return _key(exhibit, voice) + show_tiles(exhibit, voice)
    if exhibit.kind == "matrix":
        return show_matrix(exhibit, voice, id=f"t-{anchor(exhibit.id)}")
    if exhibit.kind in ("ranking", "actions", "table"):
        return _table(exhibit, voice)
    return _chart(exhibit, voice)


def _rows(exhibit: Exhibit, voice: Voice) -> Markup:
    """The rows behind a picture, folded where the picture already shows each number."""
    if exhibit.kind in ("matrix", "ranking", "actions", "table"):
        return Markup("")
    if exhibit.kind == "standing":
        return _table(exhibit, voice)
    word = voice.word("ui.rows")
    return Markup('<details class="rows"><summary>{}</summary>{}</details>').format(
        word, _table(exhibit, voice)
    )


def _table(exhibit: Exhibit, voice: Voice) -> Markup:
    return tables.show(exhibit, voice, id=f"t-{anchor(exhibit.id)}")


def _chart(exhibit: Exhibit, voice: Voice) -> Markup:
    from salesops_lib.reporting.charts import PLOTS
    from salesops_lib.reporting.svg import svg

    plot = PLOTS[exhibit.kind]
    unit = tables.unit_of(exhibit, _main_column(exhibit.kind))
    if exhibit.kind == "flow":
        unit = tables.unit_of(exhibit, "amount") if "amount" in exhibit.frame else "money"
    good = better(exhibit.metric) if exhibit.metric else "higher"
    title, description = _alt(exhibit, voice)
    drawn = []
    for narrow in (False, True):
        axes = plot(exhibit.frame, voice=voice, unit=unit, better=good, narrow=narrow)
        size = "narrow" if narrow else "wide"
        chart_id = f"c-{anchor(exhibit.id)}-{size[0]}"
        drawn.append(svg(axes.figure, id=chart_id, title=title, description=description, classes=size))
    return Markup('<figure class="chart">{}{}{}</figure>').format(
        _key(exhibit, voice, unit), *map(Markup, drawn)
    )


def _main_column(kind: Kind) -> str:
    return {"bridge": "amount", "intervals": "value", "curve": "y", "flow": "n"}.get(kind, "actual")


def _alt(exhibit: Exhibit, voice: Voice) -> tuple[str, str]:
    """Title and description of a picture for those who cannot see it."""
    label = name(exhibit.id, voice, exhibit.metric)
    said = ". ".join(plain(f, voice).rstrip(".。") for f in exhibit.findings[:2])
    return label, said


def _key(exhibit: Exhibit, voice: Voice, unit: str = "") -> Markup:
    """What is measured, in which unit, and the notation: one line above the picture."""
    frame = exhibit.frame
    present = [k for k in _KEYS.get(exhibit.kind, ()) if k[0] in frame and known(frame[k[0]])]
    if exhibit.kind == "flow":
        return Markup("")
    marks = Markup("").join(
        Markup('<span class="key"><i class="{}"></i>{}</span>').format(swatch, voice.word(f"legend.{word}"))
        for _, swatch, word in present
    )
    if exhibit.kind == "series" and "is_complete" in frame and not frame["is_complete"].fillna(True).all():
        marks += Markup('<span class="key"><i class="fc"></i>{}</span>').format(
            voice.word("legend.forecast_long")
        )
    if exhibit.kind == "standing" and "expected_share" in frame and frame["expected_share"].lt(1).any():
        marks += Markup('<span class="key"><i class="due"></i>{}</span>').format(
            voice.word("legend.plan_due")
        )
    if exhibit.kind == "curve":
        return Markup('<p class="keys">{}</p>').format(voice.word("legend.curve"))
    what = metric_name(exhibit.metric, voice.lang) if exhibit.metric and exhibit.kind != "scorecard" else ""
    money = voice.money(_amounts(exhibit)).header if unit == "money" else ""
    separator = "，" if voice.lang.startswith("zh") else ", "
    lead = separator.join(part for part in (what, money) if part)
    if not (lead or marks):
        return Markup("")
    named = Markup("<b>{}</b>").format(lead) if lead else Markup("")
    return Markup('<p class="keys">{}{}</p>').format(named, marks)


def _amounts(exhibit: Exhibit) -> list[float]:
    """The amounts of a picture, those that set its unit."""
    own: tuple[str, ...] = ("actual", "target", "base", "amount", "median", "value")
    if exhibit.kind == "fan":
        return known(v for c in exhibit.frame if c not in ("label", "is_complete") for v in exhibit.frame[c])
    if exhibit.kind == "intervals":
        own = ("value", "low", "high", "base")
    return known(v for c in own if c in exhibit.frame for v in exhibit.frame[c])


def _note(exhibit: Exhibit, voice: Voice, *, brief: bool = False) -> Markup:
    parts: list[Any] = [say(note, voice) for note in exhibit.notes]
    if not brief:
        if exhibit.window is not None:
            window = voice.word("ui.window", start=exhibit.window.start, end=exhibit.window.end)
            if exhibit.base is not None:
                gap = "，" if voice.lang.startswith("zh") else ", "
                window += gap + voice.word("ui.base", start=exhibit.base.start, end=exhibit.base.end)
            parts.append(window)
        if exhibit.sources:
            read = tuple(voice.name("table", s) for s in exhibit.sources)
            parts.append(voice.word("ui.sources", tables=read))
    if not parts:
        return Markup("")
    stop = Markup("。" if voice.lang.startswith("zh") else ". ")
    ended = Markup("").join(Markup.escape(p).rstrip(" .。") + stop for p in parts)
    return Markup('<p class="note">{}</p>').format(ended.rstrip())


def _fold(exhibit: Exhibit, voice: Voice) -> Markup:
    """The metric's definition, opened on demand."""
    found = [d for d in (definition(m) for m in metrics_of(exhibit)) if d is not None]
    where = voice.word("ui.sheet", sheet=exhibit.id)
    entries = Markup("").join(
        Markup("<dt>{}</dt><dd>{}</dd>").format(metric_name(d.id, voice.lang), d.formula or d.id)
        for d in found
    )
    return Markup('<details class="def"><summary>{}</summary><dl>{}</dl><p>{}</p></details>').format(
        voice.word("ui.definition"), entries, where
    )


def metrics_of(exhibit: Exhibit) -> list[str]:
    """Ids of the metrics that a section speaks of, in order, each once."""
    ids = [exhibit.metric, *(f.metric for f in (*exhibit.findings, *exhibit.notes))]
    if exhibit.kind == "scorecard":
        ids += [str(m) for m in exhibit.frame["metric"]]
    for part in exhibit.parts:
        ids += metrics_of(part)
    return [m for m in dict.fromkeys(ids) if m]


def headline(lead: Finding, movers: tuple[Finding, ...], asks: tuple[Finding, ...], voice: Voice) -> Markup:
    """The first block of a report: one sentence, what moved, what has to be decided."""
    blocks = Markup("")
    for word, findings in (("ui.movers", movers), ("ui.asks", asks)):
        if findings:
            items = Markup("").join(
                Markup('<li class="{}">{}</li>').format(f.tone, say(f, voice)) for f in findings
            )
            blocks += Markup("<div><h3>{}</h3><ul>{}</ul></div>").format(voice.word(word), items)
    more = Markup('<div class="two">{}</div>').format(blocks) if blocks else Markup("")
    return Markup(
        '<section class="so headline {}" id="s-headline"><p class="lead">{}</p>{}</section>'
    ).format(lead.tone, say(lead, voice), more)
