"""A workspace, opened as of a day: its policy, its facts, its calendar and one period."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from salesops_lib import policy as policies
from salesops_lib.errors import DataError, nearest
from salesops_lib.periods import Calendar, Comparison, Period, Window
from salesops_lib.tables import TABLES
from salesops_lib.tables.facts import Facts
from salesops_lib.tables.stores import open_facts

if TYPE_CHECKING:
    from datetime import date

LANGUAGES = ("en", "zh")


@dataclass(frozen=True)
class Workspace:
    """What every report reads.

    Attributes
    ----------
    as_of
        Last complete business day loaded (C4).
    period
        The period reported on; `window` is the part of it that has passed.
    lang
        Language of the reports; `languages` are all that they are written in, it first.
    """

    root: Path
    policy: policies.Policy
    facts: Facts
    calendar: Calendar
    as_of: date
    period: Period
    lang: str
    languages: tuple[str, ...] = ()

    @cached_property
    def comparison(self) -> Comparison:
        """The period so far, and the same stretch of the year before (C5, C6)."""
        return self.calendar.compare(
            self.period, self.as_of, base="previous_year", align=self.policy.calendar.align
        )

    @property
    def company_name(self) -> str:
        """The company's name in the language of the reports; empty where the policy names none."""
        company = self.policy.metadata.company
        return str(getattr(company, self.lang)) if company else ""

    @property
    def scope(self) -> str:
        """The region, team or person that the reports cover; empty for the whole company."""
        names = self.policy.names(self.lang)
        return str(names.get(self.facts.scope, self.facts.scope))

    @property
    def window(self) -> Window:
        return self.comparison.current

    @property
    def base(self) -> Window:
        return self.comparison.base

    @cached_property
    def windows(self) -> dict[str, Window]:
        """`actual` and `base`, as `metrics.measure` takes them."""
        return {"actual": self.window, "base": self.base}

    def trailing(self, n_months: int = 12, *, years_back: int = 0) -> Window:
        """The `n_months` that end with the period (MAT), or the same months of an earlier year (C10).

        A month that is not over is left out: the window ends with the last complete month.
        """
        last = self.calendar.period_of(self.window.end, "month")
        if not self.calendar.is_complete(last, self.as_of):
            last = self.calendar.shift(last, -1)
        for _ in range(years_back):
            last = self.calendar.year_before(last)
        return self.calendar.trailing(last, n_months)

    def close(self) -> None:
        self.facts.close()


def find_root(start: Path | str = "") -> Path:
    """The workspace at or above `start`; SALESOPS_WORKSPACE wins over the present directory.

    Raises
    ------
    DataError
        If there is none.
    """
    named = start or os.environ.get("SALESOPS_WORKSPACE", "")
    here = Path(named or ".").expanduser().resolve()
    if named:
        if not here.is_dir():
            raise DataError(
                f"The workspace {here} is not a directory. Name one that exists, or make it with `salesops demo`."
            )
        return here
    for folder in (here, *here.parents):
        if (folder / "policy.yaml").is_file() or (folder / "data" / "sources.yaml").is_file():
            return folder
    raise DataError(
        f"No workspace at {here} or above it: neither policy.yaml nor data/sources.yaml is there.\n"
        "Go to one, or name it with --workspace DIR or the variable SALESOPS_WORKSPACE."
    )


def open_workspace(root: Path | str = "", *, period: str = "", lang: str = "") -> Workspace:
    """Open the workspace at `root` (or the one we are in) for reading.

    Parameters
    ----------
    period
        "2025-12", "2025-Q4", "2025" …; empty for the last complete month.
    lang
        en, zh, or both as en,zh; empty for the policy's language.

    Raises
    ------
    DataError
        If there are no facts, or the period is malformed, not begun yet or without any data.
    PolicyError
        If the policy has faults.
    """
    folder = find_root(root)
    policy = load_policy(folder)
    languages = languages_of(lang or policy.report.language)
    facts = Facts(open_facts(folder))
    try:
        calendar = Calendar(**policy.calendar_settings())
        if facts.last_day is None:
            raise DataError(
                "The store holds neither sales nor opportunities, so there is nothing to report.\n"
                "Add a file of orders or deals with `salesops add FILE…`, then `salesops load`."
            )
        as_of = policy.semantics.as_of or facts.last_day
        chosen = _period(calendar, facts, as_of, period)
        return Workspace(folder, policy, facts, calendar, as_of, chosen, languages[0], languages)
    except BaseException:
        facts.close()
        raise


def languages_of(text: str) -> tuple[str, ...]:
    """The languages that `text` names, in its order.

    >>> languages_of("zh, en")
    ('zh', 'en')

    Raises
    ------
    DataError
        If one is not a language of the reports.
    """
    named = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for lang in named or (text,):
        if lang not in LANGUAGES:
            raise DataError(f"{lang!r} is not a language of the reports: {nearest(lang, LANGUAGES)}")
    return named


def load_policy(root: Path) -> policies.Policy:
    """The policy of a workspace, its tables checked; the packaged default where it has none."""
    file = root / "policy.yaml"
    return policies.load(file if file.is_file() else None, known_tables=frozenset(TABLES))


def _period(calendar: Calendar, facts: Facts, as_of: date, text: str) -> Period:
    """The period named by `text`, or the last complete month that holds data."""
    first = _first_day(facts)
    if not text:
        month = calendar.period_of(as_of, "month")
        whole = month if calendar.is_complete(month, as_of) else calendar.shift(month, -1)
        return whole if whole.end >= first else month
    period = calendar.parse(text)
    loaded = f"The data loaded cover {first} to {as_of}; name a period within them."
    if period.start > as_of:
        raise DataError(
            f"The period {period.label} begins on {period.start}, after the last day loaded.\n{loaded}"
        )
    if period.end < first:
        raise DataError(f"The period {period.label} holds no data.\n{loaded}")
    return period


def _first_day(facts: Facts) -> date:
    from datetime import date

    found: date | None = facts.engine.rows(
        "SELECT CAST(MIN(day) AS DATE) AS first_day FROM (SELECT MIN(dated_on) AS day FROM sales UNION ALL SELECT MIN(created_on) AS day FROM deals) AS days"
    )[0][0]
    return found or date.min  # the store of somebody who sells nothing, such as a manager
