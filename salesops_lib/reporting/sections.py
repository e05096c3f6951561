"""One section of a report: a finding as title, its picture, a few sentences, the rows, the definition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.reporting import catalogue, tables
from salesops_lib.reporting.charts.scale import known
from salesops_lib.reporting.definitions import anchor, better, definition, metric_name
from salesops_lib.reporting.heat import show_matrix
from salesops_lib.reporting.numbers import is_missing
from salesops_lib.reporting.sentences import plain, say
from salesops_lib.reporting.tiles import show_tiles
from salesops_lib.reporting.voice import Voice
from salesops_lib.tables import TABLES

if TYPE_CHECKING:
    from salesops_lib.metrics.exhibit import Kind

SENTENCES = 3
_KEYS: dict[str, tuple[tuple[str, str, str], ...]] = {
    # column that must be there, swatch, word
    "standing": (("actual", "ac", "actual"), ("base", "py", "previous"), ("target", "mark", "plan")),
    "series": (("actual", "ac", "actual"), ("base", "py", "previous"), ("target", "pl", "plan")),
    "multiples": (("actual", "ac", "actual"), ("base", "py", "previous"), ("target", "dots", "plan")),
    "decomposition": (("actual", "ac", "actual_per_day"), ("trend", "trend", "trend"), ("is_unusual", "odd", "unusual")),
    "scorecard": (("actual", "ac", "actual"), ("base", "py", "previous"), ("target", "mark", "plan")),
    "intervals": (("value", "dot", "estimate"), ("low", "band", "interval"), ("base", "mark", "reference")),
    "bands": (("value", "dot", "own"), ("low", "band", "peers"), ("base", "mark", "peers_median")),
    "icicle": (("growth", "band", "grows_more"),),
    "fan": (
        ("actual", "ac", "actual"), ("base", "py", "previous"), ("target", "dots", "plan"),
        ("median", "dash", "forecast"), ("low_80", "band", "likely"), ("low_95", "wash", "possible"),
    ),
}  # fmt: skip


def name(id: str, voice: Voice, metric: str = "") -> str:
    """The short label of a section: the catalogue's word for its id (up to a dot), else its metric's name."""
    plain = id.partition(".")[0]
    found = catalogue.find(f"section.{plain}", voice.lang)
    if found is None and metric and voice.lang.startswith("zh"):
        return metric_name(metric, voice.lang)
    return found or voice.name("section", plain)


def first_finding(thing: Exhibit | Missing | Finding) -> Finding | None:
    """What was found first, if anything was."""
    if isinstance(thing, Finding):
        return thing
    found = thing.findings if isinstance(thing, Exhibit) else ()
    return found[0] if found else None


def show_section(
    exhibits: Sequence[Exhibit | Missing], voice: Voice, number: int, *, told: Finding | None = None
) -> Markup:
    """One section as HTML: the first exhibit leads, others follow as parts, missing ones as a line.

    `told` is the finding that the page's headline has said already: the first section, right below it, does not repeat it.
    """
    measured = [x for x in exhibits if isinstance(x, Exhibit)]
    absent = [x for x in exhibits if isinstance(x, Missing)]
    if not measured:
        return _absent_section(absent, voice, number)
    lead, *others = measured
    told = told if number == 1 else None
    title: str = name(lead.id, voice, lead.metric)
    says = first_finding(lead)
    label = title if says and says != told else ""  # without a finding the label is the title
    heading = say(says, voice) if says and says != told else title
    parts = Markup("").join(_part(part, voice, told) for part in (*lead.parts, *_flat(others)))
    lines = Markup("").join(
        Markup('<p class="note">{}</p>').format(what_is_needed(x, voice, named=True)) for x in absent
    )
    return Markup(
        '<section class="so sec" id="s-{}"><p class="label"><span class="no">{}</span>{}</p><h2>{}</h2>'
        "{}{}{}{}{}</section>"
    ).format(
        anchor(lead.id), number, label, heading, _body(lead, voice), _note(lead, voice), parts, lines,
        _fold(measured, voice),
    )  # fmt: skip


def _flat(exhibits: Sequence[Exhibit]) -> Iterator[Exhibit]:
    for exhibit in exhibits:
        yield exhibit
        yield from exhibit.parts


def _absent_section(absent: Sequence[Missing], voice: Voice, number: int) -> Markup:
    """What cannot be measured, and what it needs: a line each."""
    first, *others = absent
    lines = Markup("").join(
        Markup("<p>{}</p>").format(what_is_needed(x, voice, named=n > 0))
        for n, x in enumerate([first, *others])
    )
    return Markup(
        '<section class="so sec missing" id="s-{}"><p class="label"><span class="no">{}</span>{}</p>{}</section>'
    ).format(anchor(first.id), number, name(first.id, voice), lines)


def what_is_needed(missing: Missing, voice: Voice, *, named: bool) -> str:
    needs = tuple(_need(n, voice) for n in missing.needs)
    if catalogue.find(missing.why, voice.lang) is not None:  # the data are there and do not suffice
        text = voice.word("ui.why", why=_clause(plain(Finding(missing.why), voice)))
    elif missing.why:
        text = voice.word("ui.needs_why", needs=needs, why=_clause(missing.why))
    else:
        text = voice.word("ui.needs", needs=needs)
    colon = "：" if voice.lang.startswith("zh") else ": "
    return f"{name(missing.id, voice)}{colon}{text}" if named else text


def _clause(sentence: str) -> str:
    return sentence.strip().rstrip(".。")


#: Columns of derived tables that files bring under another name.
_BROUGHT_AS = {"sales.list_amount": "order_lines.list_price", "sales.team": "org.team"}
_BROUGHT_IN = {"sales": "order_lines", "deals": "opportunities"}


def _need(need: str, voice: Voice) -> str:
    """A table by its name; a column of one as `table.column`, as files are mapped.

    What is derived (sales, deals) is called by the table that a file feeds.
    """
    table, dot, column = need.partition(".")
    if not dot:
        return voice.name("table", need)
    told = _BROUGHT_AS.get(need, f"{_BROUGHT_IN.get(table, table)}.{column}")
    own, _, column = told.partition(".")
    if voice.lang.startswith("zh") and own in TABLES and column in TABLES[own].names:
        return f"{TABLES[own][column].zh}（{told}）"
    return told


def _part(exhibit: Exhibit, voice: Voice, told: Finding | None) -> Markup:
    label = name(exhibit.id, voice, exhibit.metric)
    says = first_finding(exhibit)
    heading = say(says, voice) if says and says != told else label
    above = Markup('<p class="label">{}</p>').format(label) if heading != label else Markup("")
    return Markup('<div class="part" id="s-{}">{}<h3>{}</h3>{}{}</div>').format(
        anchor(exhibit.id), above, heading, _body(exhibit, voice), _note(exhibit, voice)
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
    return {
        "bridge": "amount",
        "intervals": "value",
        "bands": "value",
        "curve": "y",
        "profile": "pays",
        "flow": "n",
        "icicle": "target",
    }.get(kind, "actual")


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
        Markup('<span class="key"><i class="{}"></i>{}</span>').format(
            swatch, _legend(exhibit.id, word, voice)
        )
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
    if exhibit.kind in ("curve", "profile"):
        return Markup('<p class="keys">{}</p>').format(voice.word(f"legend.{exhibit.kind}"))
    what = metric_name(exhibit.metric, voice.lang) if exhibit.metric and exhibit.kind != "scorecard" else ""
    money = voice.money(_amounts(exhibit)).header if unit == "money" else ""
    separator = "，" if voice.lang.startswith("zh") else ", "
    lead = separator.join(part for part in (what, money) if part)
    if not (lead or marks):
        return Markup("")
    named = Markup("<b>{}</b>").format(lead) if lead else Markup("")
    return Markup('<p class="keys">{}{}</p>').format(named, marks)


def _legend(id: str, mark: str, voice: Voice) -> str:
    """What a mark stands for: in this exhibit, where the catalogue knows it by name, else everywhere."""
    return catalogue.find(f"legend.{id}.{mark}", voice.lang) or voice.word(f"legend.{mark}")


def _amounts(exhibit: Exhibit) -> list[float]:
    """The amounts of a picture, those that set its unit."""
    own: tuple[str, ...] = ("actual", "target", "base", "amount", "median", "value")
    if exhibit.kind == "fan":
        return known(v for c in exhibit.frame if c not in ("label", "is_complete") for v in exhibit.frame[c])
    if exhibit.kind in ("intervals", "bands"):
        own = ("value", "low", "high", "base")
    return known(v for c in own if c in exhibit.frame for v in exhibit.frame[c])


def _note(exhibit: Exhibit, voice: Voice) -> Markup:
    parts: list[Any] = [say(note, voice) for note in exhibit.notes]
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


def _fold(exhibits: Sequence[Exhibit], voice: Voice) -> Markup:
    """The definitions of the section's metrics and where its rows are, opened on demand."""
    ids = dict.fromkeys(m for exhibit in exhibits for m in metrics_of(exhibit))
    found = [d for d in map(definition, ids) if d is not None]
    entries = Markup("").join(
        Markup("<dt>{}</dt><dd>{}</dd>").format(metric_name(d.id, voice.lang), d.formula_in(voice.lang))
        for d in found
    )
    where = voice.word("ui.sheet", sheet=", ".join(exhibit.id for exhibit in exhibits))
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


@dataclass(frozen=True)
class Ask:
    """A decision that is asked for; owner and day where they are known."""

    what: Finding
    owner: str = ""
    due_on: object = None


def asked(asks: Exhibit | Missing | Sequence[Finding]) -> list[Ask]:
    """The decisions of an exhibit of actions, or bare findings, as asks."""
    if isinstance(asks, Missing):
        return []
    if not isinstance(asks, Exhibit):
        return [Ask(finding) for finding in asks]
    return [
        Ask(r["what"], "" if is_missing(r.get("owner")) else str(r["owner"]), r.get("due_on"))
        for r in asks.frame.to_dict("records")
    ]


def headline(
    lead: Finding, movers: Sequence[Finding], asks: Sequence[Ask], voice: Voice, heading: str = "ui.movers"
) -> Markup:
    """The first block of a report: one sentence, what moved, what has to be decided."""
    moved = [Markup('<li class="{}">{}</li>').format(f.tone, say(f, voice)) for f in movers]
    wanted = [Markup('<li class="ask">{}{}</li>').format(say(a.what, voice), _by(a, voice)) for a in asks]
    blocks = Markup("").join(
        Markup("<div><h2>{}</h2><ul>{}</ul></div>").format(voice.word(word), Markup("").join(items))
        for word, items in ((heading, moved), ("ui.asks", wanted))
        if items
    )
    more = Markup('<div class="two">{}</div>').format(blocks) if blocks else Markup("")
    return Markup(
        '<section class="so headline {}" id="s-headline"><p class="lead">{}</p>{}</section>'
    ).format(lead.tone, say(lead, voice), more)


def _by(ask: Ask, voice: Voice) -> Markup:
    if not ask.owner or is_missing(ask.due_on):
        return Markup("<small>{}</small>").format(ask.owner) if ask.owner else Markup("")
    text = voice.word("ui.ask_owner", owner=voice.said(ask.owner), due=ask.due_on)
    return Markup("<small>{}</small>").format(text)
