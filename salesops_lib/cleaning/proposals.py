"""From files to entries of data/sources.yaml: guess, ask at most three questions, record."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from salesops_lib.cleaning import mapping, reading
from salesops_lib.cleaning.locking import exclusive, writable
from salesops_lib.cleaning.settings import Settings
from salesops_lib.cleaning.sources import Source, digest, recorded_path, write_sources
from salesops_lib.errors import DataError, nearest
from salesops_lib.tables import TABLES

MAX_QUESTIONS = 3
_CLOSE = 0.92
_SLASHED = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{2}|\d{4})(?:\D.*)?")


@dataclass(frozen=True)
class Question:
    """One thing the files do not say; `default` is taken when nobody answers.

    `kind` is `table`, `column` or `date_order`; `values` are a few values that show the case.
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
    """Puts questions while there are any left, and remembers that an answer was a default."""

    ask: Ask | None
    left: int = MAX_QUESTIONS
    defaults: list[str] = field(default_factory=list)

    def __call__(self, question: Question) -> str:
        if self.ask is None or self.left == 0:
            return question.default
        self.left -= 1
        answer = self.ask(question) or question.default
        if answer not in question.options:
            raise DataError(
                f"{question.source}: {answer!r} is no answer; {nearest(answer, question.options)}"
            )
        return answer


def propose(
    root: Path,
    files: Iterable[Path | str],
    *,
    table: str | None = None,
    ask: Ask | None = None,
    policy: Any = None,
) -> list[Source]:
    """Guessed entries for `files`, not yet recorded.

    Parameters
    ----------
    root
        The workspace.
    files
        CSV, TSV, TXT (also .gz), zips of these, or workbooks.
    table
        Canonical table that the files feed; guessed from headers and values without it.
    ask
        Called with a `Question`, at most three times in all; returns one of its options.
    policy
        Policy or `Settings`; gives the default currency and date order.

    Returns
    -------
    list[Source]
        One entry per part and table.  A part that feeds no table has an empty `table` and
        the reason in `reasons`.

    Raises
    ------
    DataError
        If a file cannot be read, no part of it feeds a table although it nearly does, or
        nothing at all was recognised.
    """
    if table is not None and table not in TABLES:
        raise DataError(f"There is no table {table!r}; {nearest(table, TABLES)}")
    settings, asker = Settings.of(policy), _Asker(ask)
    found: list[Source] = []
    for file in map(Path, files):
        found += _of_file(root, file, table, asker, settings)
    if found and not any(source.table for source in found):
        told = "\n".join(f"  {source.name}: {source.reasons[0]}" for source in found)
        raise DataError(
            f"None of the files feeds a table:\n{told}\nName the table with `--table`. {nearest('', TABLES)}"
        )
    return _without_shadows(found)


def _without_shadows(found: list[Source]) -> list[Source]:
    """Without the second tables of parts whose rows have a part of their own among `found`."""
    firsts = {source.name: source.table for source in reversed(found)}
    return [s for s in found if firsts[s.name] == s.table or s.table not in firsts.values()]


def add(
    root: Path | str,
    files: Iterable[Path | str],
    *,
    table: str | None = None,
    yes: bool = False,
    ask: Ask | None = None,
    policy: Any = None,
) -> list[Source]:
    """Record where tables come from: `propose`, then write data/sources.yaml.

    With `yes`, every question is answered by its default.  Adding a file again replaces its
    entries.  See `propose` for parameters, result and errors.
    """
    root = Path(root)
    found = propose(root, files, table=table, ask=None if yes else ask, policy=policy)
    with writable(root / "data"), exclusive(root / "data"):
        write_sources(root, found, whole_parts=table is None)
    return found


def _of_file(root: Path, file: Path, table: str | None, asker: _Asker, settings: Settings) -> list[Source]:
    sha256 = None
    found: list[Source] = []
    near_misses: list[str] = []
    for part in reading.parts(file):
        blank = Source(recorded_path(root, file), "", member=part.member, sheet=part.sheet)
        try:
            sample = reading.sample(part)
        except DataError as problem:
            if not (part.member or part.sheet):
                raise
            found.append(replace(blank, reasons=(str(problem),)))
            continue
        sha256 = sha256 or digest(file)
        blank = replace(blank, sha256=sha256)
        matches, reason = _chosen(sample, table, asker)
        if reason.startswith("!"):
            near_misses.append(reason[1:])
        found += [_entry(blank, sample, match, asker, settings) for match in matches] or [
            replace(blank, reasons=(reason.lstrip("!"),))
        ]
    if near_misses and not any(source.table for source in found):
        raise DataError(near_misses[0])
    return found


def _chosen(sample: reading.Sample, table: str | None, asker: _Asker) -> tuple[list[mapping.Match], str]:
    """Tables that the part feeds; or none and why, marked with `!` when it nearly feeds one."""
    found = mapping.matches(sample, [table] if table else None)
    whole = [match for match in found if not match.missing]
    best = max(found, key=_worth, default=None)
    if not whole or (best and best.missing):
        completed = best and _completed(sample, best, asker)
        if completed:
            return [completed], ""
        if best and (table or (len(best.columns) >= 3 and len(best.missing) <= len(best.columns) // 2)):
            return [], "!" + _missing(sample, best)
        listed = ", ".join(sample.headers[:8])
        wanted = f"the table {table}" if table else "any table"
        return [], f"{'!' if table else ''}the headers ({listed}) do not belong to {wanted}; not used"
    main = whole[0]
    rivals = [match.table for match in whole if match.rank >= _CLOSE * main.rank and len(match.columns) > 1]
    if len(rivals) > 1:
        answer = asker(
            Question("table", sample.part.name, "table", tuple(rivals), main.table, sample.headers[:6])
        )
        main = next(match for match in whole if match.table == answer)
    beside = None if table else mapping.companion(sample, main)
    return [main, beside] if beside else [main], ""


def _worth(match: mapping.Match) -> float:
    """Rank of a match, where a missing required column outweighs two that are there."""
    return match.rank - 2 * len(match.missing)


def _completed(sample: reading.Sample, match: mapping.Match, asker: _Asker) -> mapping.Match | None:
    """`match` with its one missing required column asked for; None when it stays missing."""
    if asker.ask is None or len(match.missing) != 1 or len(match.columns) < 2:
        return None
    column = match.missing[0]
    options = mapping.candidates(sample, match, column)
    if not options:
        return None
    values = tuple(sample.values(sample.headers.index(options[0]))[:3])
    answer = asker(
        Question("column", sample.part.name, f"{match.table}.{column}", (*options, ""), "", values)
    )
    if not answer:
        return None
    unmapped = tuple(header for header in match.unmapped if header != answer)
    columns = {**match.columns, column: answer}
    return replace(
        match, columns=columns, scores={**match.scores, column: 0.6}, missing=(), unmapped=unmapped
    )


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


def _entry(
    blank: Source, sample: reading.Sample, match: mapping.Match, asker: _Asker, settings: Settings
) -> Source:
    reasons = list(match.reasons)
    order, why = _date_order(sample, match, asker, settings)
    reasons += why
    if not sample.rows:
        reasons.append("the file holds a header and no rows")
    samples = {header: tuple(dict.fromkeys(sample.values(i)))[:3] for i, header in enumerate(sample.headers)}
    return replace(
        blank,
        table=match.table,
        columns={name: match.columns[name] for name in TABLES[match.table].names if name in match.columns},
        encoding=sample.encoding,
        delimiter=sample.delimiter,
        header_row=sample.header_row,
        date_order=order,
        decimal=mapping.decimal_mark(sample, match),
        currency=mapping.currency(sample, match),
        units=mapping.units(match),
        float_codes=mapping.float_codes(sample, match),
        unmapped=match.unmapped,
        confidence=round(match.confidence, 3),
        reasons=tuple(reasons),
        samples=samples,
    )


def _date_order(
    sample: reading.Sample, match: mapping.Match, asker: _Asker, settings: Settings
) -> tuple[str, list[str]]:
    """Order of day and month in dates like 03/04/2026, and what it rests on."""
    slashed: list[tuple[int, int]] = []
    shown: list[str] = []
    for column, header in match.columns.items():
        if TABLES[match.table][column].type != "date":
            continue
        for value in _all_values(sample, header):
            if found := _SLASHED.fullmatch(value):
                slashed.append((int(found[1]), int(found[2])))
                shown.append(value)
    if not slashed:
        return "ymd", []
    firsts, seconds = sum(a > 12 for a, _ in slashed), sum(b > 12 for _, b in slashed)
    if firsts or seconds:
        order = "dmy" if firsts >= seconds else "mdy"
        mixed = [f"dates are written in both orders: {firsts} day first, {seconds} month first"]
        return order, mixed if firsts and seconds else []
    default = settings.date_order
    if default not in ("dmy", "mdy"):
        default = "mdy" if (mapping.currency(sample, match) or settings.currency) == "USD" else "dmy"
    examples = tuple(dict.fromkeys(shown))[:3]
    answer = asker(Question("date_order", sample.part.name, "date order", ("dmy", "mdy"), default, examples))
    return answer, [f"no date tells day from month ({', '.join(examples)}); read as {answer}"]


def _all_values(sample: reading.Sample, header: str) -> list[str]:
    """Distinct dates of a column: of the sample, or of the whole part when the sample has slashed ones."""
    index = sample.headers.index(header)
    values = list(dict.fromkeys(sample.values(index)))
    found = [_SLASHED.fullmatch(value) for value in values]
    decided = any(match and (int(match[1]) > 12 or int(match[2]) > 12) for match in found)
    if decided or not any(found) or len(sample.rows) < 900:
        return values
    return reading.column_values(sample, index)
