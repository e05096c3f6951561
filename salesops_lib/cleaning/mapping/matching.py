"""Tables that a part may feed, best first, with the confidence of each column."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from salesops_lib.cleaning.mapping import arithmetic, assignment
from salesops_lib.cleaning.mapping.names import read
from salesops_lib.cleaning.mapping.patterns import SUBJECTS
from salesops_lib.cleaning.mapping.scoring import named, scores
from salesops_lib.cleaning.mapping.values import Evidence
from salesops_lib.cleaning.reading import Sample
from salesops_lib.tables import TABLES, Table

#: Required columns that rows get by their number where a file has no such header.
NUMBERED = frozenset({("order_lines", "order_id")})
#: Tables that the same part may feed beside its main one.
_COMPANIONS: Mapping[str, str] = {"reps": "org"}
#: Table → sets of columns, of which a file must have one set to be told as such.
_HALLMARKS: Mapping[str, tuple[frozenset[str], ...]] = {
    "order_lines": tuple(
        map(
            frozenset,
            ({"net_amount"}, {"gross_amount"}, {"quantity", "unit_price"}, {"quantity", "list_price"}),
        )
    ),
    "reps": tuple(map(frozenset, ({"name"}, {"role"}, {"hired_on"}, {"base_pay"}, {"target_variable"}))),
    "org": tuple(map(frozenset, ({"team"}, {"region"}, {"manager_id"}))),
    "customers": tuple(
        map(frozenset, ({"name"}, {"region"}, {"segment"}, {"industry"}, {"parent_id"}, {"credit_limit"}))
    ),
    "products": tuple(
        map(frozenset, ({"list_price"}, {"unit_cost"}, {"category"}, {"unit"}, {"launched_on"}))
    ),
}
#: Tables that a file must speak of, in a header or its name: dates and amounts alone are sales.
_SPOKEN_OF = frozenset(SUBJECTS) - {"order_lines", "customers", "products", "reps", "org"}
_MASTER = frozenset({"customers", "products", "reps", "org"})
#: Lists of whole documents, which order lines would hold as well.
_DOCUMENTS = frozenset({"invoices", "receipts", "returns"})
_FEW = 5
_MOSTLY_UNIQUE = 0.6
_BOUGHT = frozenset({"supplier", "purchase"})
_SOLD_TO = frozenset({"customer", "account", "contact", "email"})
#: Columns that replace each other, and the fit below which one is given up for the other.
_STAND_INS = (("customer_id", "customer_name"), ("net_amount", "gross_amount"))
#: Columns that the same header may fill with the same meaning.
_TWINS = frozenset(
    {"customer_id", "customer_name", "product_id", "product_name", "expected_close_on", "closed_on"}
)
_MAKESHIFT = 0.66
_REQUIRED_WORTH = 0.6
_WANTED_WORTH = 0.3
_WANTED = frozenset({"net_amount", "customer_name", "customer_id"})
_RIVAL = 0.05
_UNSURE = 0.75
_HINT = 0.8


_KEYS_READ = 20
_FIELD = 0.8
_MANY_MONTHS = 4
_MONTH = re.compile(
    r"(?:\d{2,4}[-/年. ]*)?(?:\d{1,2}\s*月份?|[一二三四五六七八九十]{1,2}月份?|m\d{1,2}|q[1-4])(?:[-/ ]?\d{2,4})?|\d{4}[-/.]\d{1,2}"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?(?:[-/ ']*\d{2,4})?"
)


@dataclass(frozen=True)
class Match:
    """How well a part fits a table.

    `columns` maps canonical columns to headers, no header and no column twice; `scores` holds
    the confidence of each, 0 to 1.  `missing` are required columns without a header.  `rank`
    orders tables for one part.
    """

    table: str
    columns: Mapping[str, str]
    scores: Mapping[str, float]
    missing: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()
    rank: float = 0.0
    reasons: tuple[str, ...] = field(default=())

    @property
    def confidence(self) -> float:
        """Mean confidence of the mapped columns, 0 to 1."""
        return sum(self.scores.values()) / len(self.scores) if self.scores else 0.0

    def with_column(self, column: str, header: str, confidence: float) -> Match:
        """The match with `header` as `column`, whatever either was before."""
        columns = {c: h for c, h in self.columns.items() if h != header} | {column: header}
        kept = {c: self.scores.get(c, confidence) for c in columns} | {column: confidence}
        freed = (self.columns.get(column), *self.unmapped)
        unmapped = tuple(dict.fromkeys(h for h in freed if h and h not in columns.values()))
        missing = tuple(name for name in self.missing if name != column)
        return replace(self, columns=columns, scores=kept, unmapped=unmapped, missing=missing)


def matches(sample: Sample, tables: Iterable[str] | None = None) -> list[Match]:
    """All tables that share a column with the part, best first."""
    evidence = Evidence(sample)
    found = [_match(evidence, TABLES[name]) for name in (tables or TABLES)]
    if tables is None:
        found = [_with_hallmark(evidence, match) for match in found]
    found = _with_documents_apart([match for match in found if match.columns])
    return sorted(found, key=lambda match: (bool(match.missing), -match.rank))


def companion(sample: Sample, main: Match) -> Match | None:
    """The second table that the part feeds, e.g. `reps` beside `org`."""
    name = _COMPANIONS.get(main.table)
    if name is None:
        return None
    match = _match(Evidence(sample), TABLES[name])
    own = set(match.columns) - set(main.columns)
    useful = bool(own & {"team", "region", "manager_id"}) if name == "org" else True
    return match if not match.missing and useful else None


def candidates(sample: Sample, match: Match, column: str) -> list[str]:
    """Unmapped headers whose values agree with the type of `column`."""
    evidence, wanted = Evidence(sample), TABLES[match.table][column]
    agreeing = [h for h in match.unmapped if evidence.agreement(sample.headers.index(h), wanted) >= 0.8]
    return [h for h in agreeing if not evidence.values(sample.headers.index(h)).is_blank] or agreeing


def foreign(sample: Sample, likeliest: Match | None = None) -> str:
    """Why a part is none of ours although its headers may fit; empty where nothing speaks against it.

    It speaks of suppliers and no customers, of stock, spreads months over columns, or lists columns where the
    `likeliest` table has customers, products or people.
    """
    names = [read(header).concepts for header in sample.headers]
    bought = [
        h for h, name in zip(sample.headers, names, strict=True) if name & _BOUGHT and not name & _SOLD_TO
    ]
    if len(bought) > 1 and not any(name & _SOLD_TO for name in names):
        return f"these are purchases ({', '.join(bought[:3])}), not sales"
    flows = [h for h, name in zip(sample.headers, names, strict=True) if "stock_flow" in name]
    if len(flows) > 1:
        return f"these are movements of stock ({', '.join(flows[:3])})"
    spread = [header for header in sample.headers if _MONTH.fullmatch(header.strip().casefold())]
    if len(spread) >= _MANY_MONTHS:
        return f"it has a column for each month ({', '.join(spread[:3])} …): give one row for each month"
    if likeliest and (fields := _fields_listed(sample, likeliest)):
        return f"its rows describe columns ({', '.join(fields[:3])}), not {likeliest.table}"
    return ""


def _fields_listed(sample: Sample, match: Match) -> list[str]:
    """Names of columns that stand where master data have their keys: the part is a data dictionary."""
    header = match.columns.get(TABLES[match.table].key[0])
    if match.table not in _MASTER or header is None:
        return []
    keys = list(dict.fromkeys(sample.values(sample.headers.index(header))))[:_KEYS_READ]
    fields = [key for key in keys if _is_field(key)]
    return fields if len(fields) > max(len(keys) / 2, 1) else []


def _is_field(key: str) -> bool:
    """Whether a key is the name of a column; CUST-0101 is not."""
    if any(character.isdigit() for character in key):
        return False
    return any(max(named(table, read(key)).values(), default=0) >= _FIELD for table in TABLES.values())


def _match(evidence: Evidence, table: Table) -> Match:
    headers = evidence.sample.headers
    fits, refused = scores(evidence, table)
    if table.name == "order_lines":
        fits = arithmetic.corrected(evidence, fits)
    places = assignment.best({pair: fit**3 + _worth(table, pair[1]) for pair, fit in fits.items()})
    places = _without_stand_ins(places, fits)
    columns = {column: headers[index] for column, index in places.items()}
    sure = {column: _confidence(evidence, fits, places, column) for column in places}
    missing = tuple(c for c in table.required if c not in columns and (table.name, c) not in NUMBERED)
    unmapped = tuple(header for header in headers if header not in columns.values())
    rank = sum(fits[index, column] for column, index in places.items())
    rank += 0.2 * sum(key in columns for key in table.key) + _affinity(evidence, table, columns)
    return Match(table.name, columns, sure, missing, unmapped, rank, tuple(refused))


def _worth(table: Table, column: str) -> float:
    if table[column].required:
        return _REQUIRED_WORTH
    return _WANTED_WORTH if column in _WANTED else 0.0


def _without_stand_ins(places: dict[str, int], fits: Mapping[tuple[int, str], float]) -> dict[str, int]:
    """Without makeshift columns beside a good one that says the same."""
    given_up = set()
    for pair in _STAND_INS:
        held = {column: fits[places[column], column] for column in pair if column in places}
        if len(held) == 2 and max(held.values()) > _MAKESHIFT:
            given_up |= {column for column, fit in held.items() if fit <= _MAKESHIFT}
    return {column: index for column, index in places.items() if column not in given_up}


def _confidence(
    evidence: Evidence, fits: Mapping[tuple[int, str], float], places: Mapping[str, int], column: str
) -> float:
    """How sure it is that the column is the header it was given, 0 to 1."""
    index = places[column]
    fit = min(fits[index, column], 1.0)
    home = {place: fits[place, name] for name, place in places.items()}
    rivals = [
        other
        for (place, name), other in fits.items()
        if name == column and place != index and home.get(place, 0.0) < max(other, 0.8)
    ]
    if rivals and fit - max(rivals) < _RIVAL:
        fit = min(fit, _UNSURE)
    other = [fits[place, c] for place, c in fits if place == index and c != column and c not in places]
    if other and fit - max(other) < _RIVAL and column not in _TWINS:
        fit = min(fit, _UNSURE)
    name = read(evidence.sample.headers[index])
    if name.n_unknown or name.is_guessed or evidence.values(index).is_blank:
        fit = min(fit, _UNSURE)
    return round(fit, 3)


def _affinity(evidence: Evidence, table: Table, columns: Mapping[str, str]) -> float:
    """A little weight where the file, the sheet or mapped headers speak of what the table holds."""
    subjects = SUBJECTS[table.name]
    told = sum(bool(read(header).concepts & subjects) for header in columns.values())
    return (_HINT if _spoken(evidence.sample) & subjects else 0.0) + 0.15 * min(told, 4)


def _spoken(sample: Sample) -> frozenset[str]:
    """Concepts in the names of file, member and sheet."""
    part = sample.part
    texts = (part.path.stem.split(".")[0], part.member.rsplit("/", 1)[-1].split(".")[0], part.sheet)
    return frozenset().union(*(read(text).concepts for text in texts if text))


def _with_hallmark(evidence: Evidence, match: Match) -> Match:
    """`match`, or one that does not count where the file lacks what makes such a table."""
    table, columns = TABLES[match.table], match.columns
    if match.table in _SPOKEN_OF and not _speaks(evidence, match):
        return replace(match, columns={})
    if match.table in _MASTER - {"org"} and (header := columns.get(table.key[0])):
        keys = evidence.values(evidence.sample.headers.index(header))
        if len(keys.present) >= _FEW and len(keys.distinct) < _MOSTLY_UNIQUE * len(keys.present):
            return replace(match, columns={})
    marks = _HALLMARKS.get(match.table, ())
    if not marks or any(mark <= columns.keys() for mark in marks):
        return match
    return replace(match, missing=(*match.missing, *sorted(min(marks, key=len) - columns.keys())[:1]))


def _with_documents_apart(found: list[Match]) -> list[Match]:
    """`found`, where a list of whole invoices or receipts does not count as order lines before as what it is."""
    whole = [match.rank for match in found if match.table in _DOCUMENTS and not match.missing]
    return [
        replace(match, rank=min(match.rank, max(whole) - 1))
        if whole and match.table == "order_lines" and not _has_lines(match)
        else match
        for match in found
    ]


def _has_lines(match: Match) -> bool:
    """Whether order lines say what was sold, or at least call themselves orders."""
    named = {column: read(header).concepts for column, header in match.columns.items()}
    return (
        bool(named.keys() & {"product_id", "line_id", "unit_price", "category"})
        or "total" not in named.get("quantity", {"total"})
        or "product" in named.get("product_name", ())
        or "order" in named.get("order_id", ())
    )


def _speaks(evidence: Evidence, match: Match) -> bool:
    """Whether a mapped header, the file or the sheet names what the table holds."""
    subjects = SUBJECTS[match.table]
    named = any(read(header).concepts & subjects for header in match.columns.values())
    return named or bool(_spoken(evidence.sample) & subjects)
