"""What a person's page may know of colleagues: the middle half of at least five of them, without a name.

Bands are computed in the whole company and handed into the person's own store as a few quantiles, so that the page never
reads, nor could read, a row of another.  They are of the others: with one's own value taken in, five would be four.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.segmentation.reviews import held_grades
from salesops_lib.tables.engine import quoted
from salesops_lib.team.own_measures import own_measures
from salesops_lib.team.posts import NEEDS, spells

if TYPE_CHECKING:
    from salesops_lib.tables.engine import DuckDBEngine
    from salesops_lib.workspace import Workspace

#: People that a band is of, at the least: the policy may ask for more (report.suppress_below), not for fewer.
FEWEST = 5
_DIGITS = 3
BANDS = ["measure", "level", "n", "low", "middle", "high"]
_OWN = ["customer_id", "grade"]
_REFUSED = "statement_refused"


def bands(measured: pd.DataFrame, places: pd.DataFrame, least: int) -> pd.DataFrame:
    """The colleagues' quartiles of each person and measure: of the team, else of the region, else of the company.

    Parameters
    ----------
    measured
        rep_id, measure, value; see `own_measures`.
    places
        rep_id, team, region of the people who count as colleagues.
    least
        People that a band needs, oneself not counted.

    Returns
    -------
    pd.DataFrame
        rep_id, measure, level (team, region or company), n, low, middle and high (25th, 50th and 75th percentile, rounded
        to a tenth of a per cent).  No row where even the company has too few.

    Examples
    --------
    >>> people = [f"p{n}" for n in range(7)]
    >>> own = pd.DataFrame({"rep_id": people, "measure": "win_rate", "value": [n / 10 for n in range(7)]})
    >>> places = pd.DataFrame({"rep_id": people, "team": list("aaaaaab"), "region": "North"})
    >>> found = bands(own, places, 5).set_index("rep_id")
    >>> found.level.to_dict()["p0"], found.n.to_dict()["p0"], [float(found.loc["p0", c]) for c in ("low", "middle", "high")]
    ('team', 5, [0.2, 0.3, 0.4])
    >>> found.level.to_dict()["p6"], found.n.to_dict()["p6"]
    ('region', 6)
    """
    known = measured.merge(places[["rep_id", "team", "region"]].drop_duplicates("rep_id"), on="rep_id")
    rows = []
    for measure, people in known.groupby("measure", sort=True):
        for own in people.itertuples():
            others = people[people.rep_id != own.rep_id]
            for level in ("team", "region", "company"):
                near = others if level == "company" else others[others[level] == getattr(own, level)]
                if len(near) >= max(least, FEWEST):
                    quantiles = near.value.quantile([0.25, 0.5, 0.75]).round(_DIGITS)
                    rows.append((own.rep_id, measure, level, len(near), *quantiles))
                    break
    return pd.DataFrame(rows, columns=["rep_id", *BANDS])


class Context:
    """What a whole company hands to the pages of its people.

    Attributes
    ----------
    bands
        See `bands`; of people in post on the last day of the window.
    customers
        rep_id, customer_id, grade (of all that the company sells to the customer): customers whose last order was with the person.
    """

    def __init__(self, bands: pd.DataFrame, customers: pd.DataFrame) -> None:
        self.bands, self.customers = bands, customers

    def write(self, engine: DuckDBEngine, rep_id: str, period: str, *, is_refused: bool = False) -> None:
        """Put one person's part into that person's own store, and whether the period's statements could not be made."""
        if is_refused:
            engine.execute(f"CREATE OR REPLACE TABLE {_table(_REFUSED, period)} (period VARCHAR)")
        for name, frame, columns in (
            ("peer_bands", self.bands, BANDS),
            ("own_customers", self.customers, _OWN),
        ):
            engine.register("own_rows", frame[frame.rep_id == rep_id][columns].reset_index(drop=True))
            engine.execute(f"CREATE OR REPLACE TABLE {_table(name, period)} AS SELECT * FROM own_rows")
            engine.connection.unregister("own_rows")


def context(ws: Workspace) -> Context:
    """The bands and customers of everybody, from the facts of the whole company."""
    return Context(_bands(ws), _customers(ws))


def read(ws: Workspace) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """The bands and own customers that a person's store holds for the period; None where it holds none."""
    if not ws.facts.columns(f"peer_bands {ws.period.label}"):
        return None
    found = [
        ws.facts.query(f"SELECT {', '.join(columns)} FROM {_table(name, ws.period.label)}")
        for name, columns in (("peer_bands", BANDS), ("own_customers", _OWN))
    ]
    return found[0], found[1]


def is_refused(ws: Workspace) -> bool:
    """Whether the store says that the period's statements could not be made."""
    return bool(ws.facts.columns(f"{_REFUSED} {ws.period.label}"))


def _table(name: str, period: str) -> str:
    return quoted(f"{name} {period}")


def _bands(ws: Workspace) -> pd.DataFrame:
    if ws.facts.missing(*NEEDS):
        return pd.DataFrame(columns=["rep_id", *BANDS])
    own, end = spells(ws), pd.Timestamp(ws.window.end)
    places = own[(own.start <= end) & (own.stop >= end)]
    return bands(own_measures(ws), places, ws.policy.report.suppress_below)


def _customers(ws: Workspace) -> pd.DataFrame:
    if ws.facts.missing("sales.customer_id", "sales.rep_id"):
        return pd.DataFrame(columns=["rep_id", *_OWN])
    last = ws.facts.query(
        "SELECT customer_id, rep_id FROM (SELECT customer_id, rep_id, ROW_NUMBER() OVER ("
        "   PARTITION BY customer_id ORDER BY dated_on DESC, order_id DESC, rep_id) AS place FROM sales"
        "  WHERE kind = 'order' AND customer_id IS NOT NULL AND rep_id IS NOT NULL AND dated_on <= ?) AS orders WHERE place = 1",
        [ws.window.end],
    )
    return last.assign(grade=last.customer_id.map(held_grades(ws).iloc[:, -1]))
