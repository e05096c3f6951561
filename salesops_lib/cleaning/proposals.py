"""From files to entries of data/sources.yaml: guess, ask at most three questions, record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from salesops_lib.cleaning import mapping, reading
from salesops_lib.cleaning.locking import exclusive, writable
from salesops_lib.cleaning.mapping import days
from salesops_lib.cleaning.reading import addresses
from salesops_lib.cleaning.settings import Settings
from salesops_lib.cleaning.sources import Source, digest, recorded_path, write_sources
from salesops_lib.errors import DataError, nearest
from salesops_lib.tables import TABLES

MAX_QUESTIONS = 3
#: What begins a reason that tells which default was taken for want of an answer.
ASSUMED = "assumed: "
_CLOSE = 0.92
_UNSURE = 0.75
_ANSWERED = 0.9
_MARKED = 0.7
_HEAD_ROWS = 900
#: How a sample says that its part is written.
_WRITTEN = ("encoding", "delimiter", "quote", "escape", "header_row", "header_rows")


@dataclass(frozen=True)
class Question:
    """One thing the files do not say; `default` is taken when nobody answers.

    `kind` is `column`, `table`, `amounts`, `date_order` or `unit`; `values` are a few values that show
    the case.
    """

    kind: str
    source: str
    subject: str
    options: tuple[str, ...]
    default: str
    values: tuple[str, ...] = ()


Ask = Callable[[Question], str]


@dataclass
class _Asker:
    """Puts questions while there are any left."""

    ask: Ask | None
    left: int = MAX_QUESTIONS

    def __call__(self, question: Question) -> tuple[str, bool]:
        """The answer, and whether it is a default that nobody chose."""
        if self.ask is None or self.left == 0:
            return question.default, True
        self.left -= 1
        answer = self.ask(question) or question.default
        if answer not in question.options:
            raise DataError(
                f"{question.source}: {answer!r} is no answer; {nearest(answer, question.options)}"
            )
        return answer, False


@dataclass
class _Draft:
    """A part on its way to its entries: what it may feed, and what was found out."""

    blank: Source
    sample: reading.Sample | None = None
    matches: list[mapping.Match] = field(default_factory=list)
    rivals: list[mapping.Match] = field(default_factory=list)
    near_miss: str = ""
    reasons: list[str] = field(default_factory=list)
    date_order: str = "ymd"
    amounts: str = ""
    units: dict[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.blank.name

    @property
    def main(self) -> mapping.Match:
        return self.matches[0]

    def settle(self, question: Question, asker: _Asker, told: str) -> str:
        """The answer to `question`; a default goes into the reasons as what was `told`."""
        answer, is_default = asker(question)
        if is_default:
            self.reasons.append(ASSUMED + told.format(answer))
        return answer


def propose(
    root: Path,
    files: Iterable[Path | str],
    *,
    table: str | None = None,
    ask: Ask | None = None,
    policy: Any = None,
    control: Mapping[str, str] | None = None,
) -> list[Source]:
    """Guessed entries for `files`, not yet recorded.

    Parameters
    ----------
    root
        The workspace.
    files
        Text files, zips of these, workbooks, or addresses of databases (`sqlite:///a.db`).
    table
        Canonical table that the files feed; guessed from headers and values without it.
    ask
        Called with a `Question`, at most three times in all, the most valuable first: a missing
        column, the table, tax in or out, day or month first, the unit; returns one of its options.
    policy
        Policy or `Settings`; gives the default currency, tax and date order.
    control
        Money column → total that the books state, in currency units.

    Returns
    -------
    list[Source]
        One entry per part and table.  A part that feeds no table has an empty `table` and
        the reason in `reasons`; defaults taken without an answer are in `reasons`, too.

    Raises
    ------
    DataError
        If a file cannot be read, no part of it feeds a table although it nearly does, or
        nothing at all was recognised.
    """
    if table is not None and table not in TABLES:
        raise DataError(f"There is no table {table!r}; {nearest(table, TABLES)}")
    settings, asker = Settings.of(policy), _Asker(ask)
    totals = _totals(control or {}, table)
    drafts = [draft for file in files for draft in _drafts(root, file, table)]
    for draft in drafts:
        _complete(draft, table, asker)
    for draft in drafts:
        _choose(draft, table, asker)
    _refuse_near_misses(drafts)
    _settle(drafts, asker, settings)
    found = _without_shadows([source for draft in drafts for source in _entries(draft)])
    if found and not any(source.table for source in found):
        told = "\n".join(f"  {source.name}: {source.reasons[0]}" for source in found)
        raise DataError(
            f"None of the files feeds a table:\n{told}\nName the table with `--table`. {nearest('', TABLES)}"
        )
    return _with_totals(found, totals)


def add(
    root: Path | str,
    files: Iterable[Path | str],
    *,
    table: str | None = None,
    yes: bool = False,
    ask: Ask | None = None,
    policy: Any = None,
    control: Mapping[str, str] | None = None,
) -> list[Source]:
    """Record where tables come from: `propose`, then write data/sources.yaml.

    With `yes`, every question is answered by its default.  Adding a file again replaces its
    entries.  See `propose` for parameters, result and errors.
    """
    root = Path(root)
    found = propose(root, files, table=table, ask=None if yes else ask, policy=policy, control=control)
    with writable(root / "data"), exclusive(root / "data"):
        write_sources(root, found, whole_parts=table is None)
    return found


def _drafts(root: Path, file: Path | str, table: str | None) -> Iterator[_Draft]:
    """Parts of a file with the tables that each may feed, best first."""
    is_address = isinstance(file, str) and addresses.is_url(file)
    place: Any = file if is_address else Path(file)
    sha256 = ""
    for part in reading.parts(place):
        url: Any = part.url
        recorded = addresses.settled(url) if url else recorded_path(root, Path(file))
        blank = Source(recorded, "", member=part.member, sheet=part.sheet)
        try:
            sample = reading.sample(part)
        except DataError as problem:
            if not (part.member or part.sheet):
                raise
            yield _Draft(replace(blank, reasons=(str(problem),)))
            continue
        sha256 = sha256 or ("" if is_address else digest(Path(file)))
        found = mapping.matches(sample, [table] if table else None)
        yield _Draft(replace(blank, sha256=sha256), sample, found)


def _complete(draft: _Draft, table: str | None, asker: _Asker) -> None:
    """Ask for the one required column that the likeliest table lacks."""
    whole = [match for match in draft.matches if not match.missing]
    best = max(draft.matches, key=_worth, default=None)
    if draft.sample is None or best is None or (whole and not best.missing):
        return
    if asker.ask is None or len(best.missing) != 1 or len(best.columns) < 2:
        return
    column = best.missing[0]
    options = mapping.candidates(draft.sample, best, column)
    if not options:
        return
    values = tuple(draft.sample.values(draft.sample.headers.index(options[0]))[:3])
    question = Question("column", draft.name, f"{best.table}.{column}", (*options, ""), "", values)
    if answer := asker(question)[0]:
        draft.matches = [best.with_column(column, answer, _ANSWERED)]


def _choose(draft: _Draft, table: str | None, asker: _Asker) -> None:
    """Leave in `draft` the tables that its part feeds; or none, and why."""
    if draft.sample is None:
        return
    whole = [match for match in draft.matches if not match.missing]
    best = max(draft.matches, key=_worth, default=None)
    foreign = "" if table else mapping.foreign(draft.sample, whole[0] if whole else None)
    draft.matches = []
    if foreign or not whole or (best and best.missing and _worth(best) > _worth(whole[0])):
        _tell_why_not(draft, best, table, foreign)
        return
    main = whole[0]
    close = [match for match in whole if match.rank >= _CLOSE * main.rank and len(match.columns) > 1]
    if len(close) > 1:
        names = tuple(match.table for match in close)
        question = Question("table", draft.name, "table", names, main.table, draft.sample.headers[:6])
        answer, is_default = asker(question)
        main = next(match for match in close if match.table == answer)
        if is_default:
            draft.reasons.append(
                f"{ASSUMED}table {main.table}; {' or '.join(set(names) - {main.table})} fit nearly as well"
            )
            main = replace(
                main, scores={column: min(score, _UNSURE) for column, score in main.scores.items()}
            )
    beside = None if table else mapping.companion(draft.sample, main)
    draft.matches = [main, beside] if beside else [main]


def _tell_why_not(draft: _Draft, best: mapping.Match | None, table: str | None, foreign: str) -> None:
    assert draft.sample is not None
    if foreign:
        draft.reasons.append(f"{foreign}; not used")
    elif best and (table or (len(best.columns) >= 3 and len(best.missing) <= len(best.columns) // 2)):
        draft.near_miss = _missing(draft.sample, best)
        draft.reasons.append(draft.near_miss)
    else:
        listed = ", ".join(draft.sample.headers[:8])
        wanted = f"the table {table}" if table else "any table"
        draft.reasons.append(f"the headers ({listed}) do not belong to {wanted}; not used")
        draft.near_miss = draft.reasons[-1] if table else ""


def _refuse_near_misses(drafts: list[_Draft]) -> None:
    """A file of which no part is used, although one nearly fits, is an error."""
    used = {draft.blank.file for draft in drafts if draft.matches}
    for draft in drafts:
        if draft.near_miss and draft.blank.file not in used:
            raise DataError(draft.near_miss)


def _worth(match: mapping.Match) -> float:
    """Rank of a match, where a missing required column outweighs two that are there."""
    return match.rank - 2 * len(match.missing)


def _missing(sample: reading.Sample, match: mapping.Match) -> str:
    table = TABLES[match.table]
    told = []
    for name in match.missing:
        column = table[name]
        known = ", ".join(dict.fromkeys((name, column.zh, *column.synonyms[:4])))
        told.append(
            f"  {name} ({column.type}); known as {known}. {nearest(name, match.unmapped or sample.headers)}"
        )
    listed = "\n".join(told)
    return (
        f"{sample.part.name} looks like {match.table}, but has no header for:\n{listed}\n"
        f"Rename the header in the file, or map it under `columns:` in data/sources.yaml."
    )


def _settle(drafts: list[_Draft], asker: _Asker, settings: Settings) -> None:
    """Ask what the files leave open, one kind of question after another through all of them."""
    for draft in drafts:
        _settle_amounts(draft, asker, settings)
    for draft in drafts:
        _settle_dates(draft, asker, settings)
    for draft in drafts:
        _settle_units(draft, asker)


def _settle_amounts(draft: _Draft, asker: _Asker, settings: Settings) -> None:
    """Whether the net amount holds tax: as the file says, else asked where it matters."""
    if not draft.matches or draft.main.table != "order_lines" or "net_amount" not in draft.main.columns:
        return
    assert draft.sample is not None
    draft.amounts = mapping.basis(mapping.Evidence(draft.sample), draft.main.columns)
    if draft.amounts or not (settings.vat or "tax_amount" in draft.main.columns):
        return
    header = draft.main.columns["net_amount"]
    values = tuple(draft.sample.values(draft.sample.headers.index(header))[:3])
    question = Question("amounts", draft.name, header, ("net", "gross"), settings.amounts, values)
    told = f"{header} is {{}} of tax, as the policy says (semantics.amounts)"
    draft.amounts = draft.settle(question, asker, told)


def _settle_dates(draft: _Draft, asker: _Asker, settings: Settings) -> None:
    """Order of day and month in dates like 03/04/2026: as the dates tell, else asked."""
    if not draft.matches:
        return
    assert draft.sample is not None
    told = _told_by_dates(draft)
    draft.date_order = told.order
    if told.why:
        draft.reasons.append(told.why)
    if told.order:
        return
    default = settings.date_order if settings.date_order in ("dmy", "mdy") else told.likely
    if not default:
        currency = mapping.currency(draft.sample, draft.main) or settings.currency
        default = "mdy" if currency == "USD" else "dmy"
    question = Question("date_order", draft.name, "date order", ("dmy", "mdy"), default, told.examples)
    examples = ", ".join(told.examples)
    draft.date_order = draft.settle(
        question, asker, f"dates like {examples} read as {{}}; none tells day from month"
    )


def _settle_units(draft: _Draft, asker: _Asker) -> None:
    """Scale of amounts: as headers or lines above them say, else as quantity × price tells, if so it is."""
    if not draft.matches:
        return
    assert draft.sample is not None
    draft.units = dict(mapping.units(draft.main))
    above = mapping.stated_above(draft.sample, draft.main)
    if above:
        draft.units |= above
        line = "; ".join(draft.sample.preamble)
        draft.reasons.append(
            f"{', '.join(above)} in units of {next(iter(above.values())):,}, as stated above the header: {line}"
        )
        return
    implied = {} if draft.units else mapping.implied(mapping.Evidence(draft.sample), draft.main)
    if implied:
        factor = str(next(iter(implied.values())))
        header = draft.main.columns["net_amount"]
        values = tuple(draft.sample.values(draft.sample.headers.index(header))[:3])
        question = Question("unit", draft.name, header, (factor, "1"), factor, values)
        told = f"{header} in units of {{}}: quantity × price is that many times it"
        if draft.settle(question, asker, told) != "1":
            draft.units |= implied


def _told_by_dates(draft: _Draft) -> days.DateOrder:
    """What the dates of the head tell, or those of the whole part where the head tells nothing."""
    sample = draft.sample
    assert sample is not None
    places = {
        column: sample.headers.index(header)
        for match in draft.matches
        for column, header in match.columns.items()
        if TABLES[match.table][column].type == "date"
    }
    columns = {c: [row[i] if i < len(row) else None for row in sample.rows] for c, i in places.items()}
    told = days.date_order(columns)
    if told.order or len(sample.rows) < _HEAD_ROWS:
        return told
    return days.date_order({column: reading.column_values(sample, index) for column, index in places.items()})


def _entries(draft: _Draft) -> Iterator[Source]:
    if draft.sample is None or not draft.matches:
        yield replace(draft.blank, reasons=(*draft.blank.reasons, *draft.reasons))
        return
    for match in draft.matches:
        yield _entry(draft, match)


def _entry(draft: _Draft, match: mapping.Match) -> Source:
    sample = draft.sample
    assert sample is not None
    evidence = mapping.Evidence(sample)
    match, returns, why = _with_marked_returns(evidence, match)
    reasons = [*match.reasons, *draft.reasons, *why, *sample.notes]
    if not sample.rows:
        reasons.append("the file holds a header and no rows")
    shares: dict[str, float] = dict.fromkeys(mapping.percent_columns(evidence, match), 0.01)
    written = {name: getattr(sample, name) for name in _WRITTEN}
    return replace(
        draft.blank,
        **written,
        table=match.table,
        columns={name: match.columns[name] for name in TABLES[match.table].names if name in match.columns},
        date_order=draft.date_order,
        decimal=mapping.decimal_mark(sample, match),
        currency=mapping.currency(sample, match),
        units={c: unit for c, unit in draft.units.items() if c in match.columns} | shares,
        amounts=draft.amounts if match.table == "order_lines" else "",
        returns=returns,
        float_codes=mapping.float_codes(sample, match),
        unmapped=match.unmapped,
        confidence=round(match.confidence, 3),
        confidences={c: round(match.scores[c], 3) for c in TABLES[match.table].names if c in match.columns},
        reasons=tuple(dict.fromkeys(reasons)),
        samples={header: _shown(sample, index) for index, header in enumerate(sample.headers)},
    )


def _shown(sample: reading.Sample, index: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sample.values(index)))[:3]


def _with_marked_returns(
    evidence: mapping.Evidence, match: mapping.Match
) -> tuple[mapping.Match, str, list[str]]:
    """`match` with the column that marks returns as its status, where amounts of returns are positive."""
    header, words = mapping.marked_returns(evidence, match)
    if not header:
        return match, "signed", []
    told = ", ".join(words[:3])
    if match.columns.get("status", header) != header:
        return (
            match,
            "signed",
            [f"rows whose {header} is {told} count as sales; map status to {header} if they are returns"],
        )
    is_found = match.columns.get("status") == header
    match = match if is_found else match.with_column("status", header, _MARKED)
    return (
        match,
        "marked",
        [f"{ASSUMED}rows whose {header} is {told} are returns, though their amounts are positive"],
    )


def _without_shadows(found: list[Source]) -> list[Source]:
    """Without the second tables of parts whose rows have a part of their own among `found`."""
    firsts = {source.name: source.table for source in reversed(found)}
    return [s for s in found if firsts[s.name] == s.table or s.table not in firsts.values()]


def _totals(control: Mapping[str, str], table: str | None) -> dict[str, str]:
    """Totals from the books, checked: money columns and plain numbers."""
    known = [
        column.name
        for name, contract in TABLES.items()
        for column in contract.columns
        if column.type == "money" and table in (None, name)
    ]
    for column, total in control.items():
        if column not in known:
            raise DataError(
                f"There is no money column {column!r} to hold against a total; {nearest(column, known)}"
            )
        try:
            Decimal(total)
        except InvalidOperation:
            raise DataError(
                f"{column}: the total {total!r} is no number. Write it plainly, e.g. {column}=2297200.86"
            ) from None
    return dict(control)


def _with_totals(found: list[Source], totals: Mapping[str, str]) -> list[Source]:
    """`found` with each total at the one source that has its column."""
    for column in totals:
        holders = [source.name for source in found if source.table and column in source.columns]
        if not holders:
            headers = sorted({name for source in found for name in source.columns})
            raise DataError(
                f"No file has a column for {column}, so its total cannot be held against it; {nearest(column, headers)}"
            )
        if len(holders) > 1:
            raise DataError(f"{column} is in {', '.join(holders)}; give the total of one file at a time.")
    return [
        replace(
            source, control={c: total for c, total in totals.items() if source.table and c in source.columns}
        )
        for source in found
    ]
