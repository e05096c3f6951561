"""One person's page: how far, what it pays, how one's own funnel and discipline lie to colleagues', what to do next.

It is made of the person's own store, which holds own rows and, of others, the quartiles of `peers` alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_lib.incentives import statements
from salesops_lib.incentives.statement_standing import next_tiers
from salesops_lib.metrics import Exhibit, Finding, Missing, measure
from salesops_lib.metrics.formulas import ratio, wilson
from salesops_lib.pipeline import inspect
from salesops_lib.segmentation.grades import quiet_customers, yearly
from salesops_lib.targets.attainment import expected_share, target_values
from salesops_lib.targets.burn_up import burn_up
from salesops_lib.team import peers
from salesops_lib.team.own_measures import DISCIPLINE, GOOD, funnel_stages, own_measures
from salesops_lib.team.posts import months_between, spells

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

Section = tuple[Exhibit | Missing, ...]
#: Measures that are no share of cases, so that no interval of shares goes with them.
_NO_CASES = ("attainment", "pace", "discount_given")
_QUIET_SHOWN = _DEALS_SHOWN = 5


@dataclass(frozen=True)
class RepPage:
    """Sections of a person's page, in its order."""

    lead: tuple[Exhibit | Missing | Finding, ...]
    movers: tuple[Exhibit | Missing | Finding, ...] = ()
    attainment: Section = ()
    pay: Section = ()
    funnel: Section = ()
    discipline: Section = ()
    deals: Section = ()
    quiet: Section = ()


def rep_page(ws: Workspace) -> RepPage:
    """The page of the person whose store the workspace holds; a line that says so in any other."""
    if ws.facts.scope_kind != "rep":
        missing = Missing("own_attainment", (), "note.one_person")
        return RepPage((missing,), attainment=(missing,))
    found = peers.read(ws)
    bands, customers = found if found else (pd.DataFrame(columns=peers.BANDS), None)
    held = compared(own_measures(ws), bands)
    reached = own_attainment(ws)
    return RepPage(
        lead=(reached,),
        movers=(about(ws, customers), *stands_out(held)),
        attainment=(reached, _bare(burn_up(ws))),
        pay=(own_pay(ws),),
        funnel=(_banded(held, "own_funnel", [*funnel_stages(ws), "win_rate"], "win_rate"),),
        discipline=(_banded(held, "own_discipline", list(DISCIPLINE), "discount_given"),),
        deals=(own_deals(ws),),
        quiet=(going_quiet(ws, customers),),
    )


# ---- who, and how far ----


def about(ws: Workspace, customers: pd.DataFrame | None) -> Finding:
    """Name, place, tenure and customers of the person."""
    own = spells(ws)
    own = own[own.rep_id == ws.facts.scope]
    there = own[own.start <= pd.Timestamp(ws.window.end)].tail(1)
    if there.empty:
        return Finding("rep_page.about_unknown", {"name": ws.facts.scope})
    person = there.iloc[0]
    served = months_between(person.hired_on, ws.window.end)
    ids = [] if customers is None else customers.customer_id.tolist()
    told: dict[str, Any] = {
        "name": person["name"] if pd.notna(person["name"]) else ws.facts.scope, "team": _known(person.team), "region": _known(person.region),
        "years": None if served is None else served / 12, "n": len(ids), "potential": _potential(ws, ids),
    }  # fmt: skip
    which = "about" if served is not None else "about_undated"
    return Finding(f"rep_page.{which}{'' if told['potential'] is None else '_potential'}", told)


def _potential(ws: Workspace, ids: list[str]) -> float | None:
    """Yearly purchases of one's own customers, as far as they are known."""
    if not ids or ws.facts.missing("customers.potential"):
        return None
    found = ws.facts.query("SELECT customer_id, potential FROM customers WHERE potential IS NOT NULL")
    total = found[found.customer_id.isin(ids)].potential.astype(float).sum()
    return float(total) if total > 0 else None


def _known(name: Any) -> str:
    return str(name) if isinstance(name, str) and name else "unassigned"


def own_attainment(ws: Workspace) -> Exhibit | Missing:
    """Bookings against target of the period and of the year to date; one row each."""
    if absent := ws.facts.missing("targets", "sales.net_amount"):
        return Missing("own_attainment", absent)
    year = ws.calendar.period_of(ws.window.end, "year")
    to_date = [m.label for m in ws.calendar.months(year) if m.end <= ws.period.end]
    so_far = ws.calendar.days(year.start, ws.window.end, year.end <= ws.window.end, year)
    spans = {ws.period.label: (ws.window, None), "year_to_date": (so_far, to_date)}
    if ws.period.kind == "year":
        del spans["year_to_date"]
    sold = (
        measure(ws.facts, ["bookings"], {name: window for name, (window, _) in spans.items()})
        .set_index("window")
        .bookings
    )
    rows = []
    for name, (window, months) in spans.items():
        target = float(target_values(ws, "rep", ("bookings",), months).target.sum())
        actual = float(sold.get(name, 0) or 0)
        share = (
            expected_share(ws)
            if months is None
            else ratio(window.n_workdays, ws.calendar.working_days(year.start, ws.period.end))
        )
        rows.append((name, actual, target or float("nan"), share))
    frame = pd.DataFrame(rows, columns=["unit", "actual", "target", "expected_share"])
    if frame.target.isna().all():
        return Missing("own_attainment", ("targets",))
    frame = frame.assign(gap=frame.target - frame.actual, attainment=frame.actual / frame.target)
    first, last = frame.iloc[0], frame.iloc[-1]
    told = {"period": ws.period.label, "attainment": first.attainment, "actual": first.actual, "target": first.target, "year": last.attainment,
            "due": first.expected_share}  # fmt: skip
    pace = first.attainment / first.expected_share if first.expected_share else float("nan")
    which = "no_target" if pd.isna(first.target) else "done" if first.expected_share == 1 else "running"
    tone = "bad" if pace < ws.policy.report.comment_band[0] else "good" if pace >= 1 else "neutral"
    return Exhibit(
        "own_attainment", "standing", frame, metric="bookings", findings=(Finding(f"rep_page.attained_{which}", told, "attainment", tone),),
        sources=("order_lines", "targets"),
    )  # fmt: skip


# ---- pay ----


def own_pay(ws: Workspace) -> Exhibit | Missing:
    """Earned and paid in the year to date, and of each component what the next tier takes and is worth."""
    if not ws.policy.incentives.plans:
        return Missing("own_pay", (), "note.no_plans")
    made = statements.read(ws)
    if made is None:
        return Missing(
            "own_pay", (), "note.statement_refused" if peers.is_refused(ws) else "note.statement_none"
        )
    stood = made.standing
    ahead = next_tiers(ws, stood)
    frame = pd.DataFrame(
        {
            "component": [
                Finding("value.label", {"value": f"{r.plan}.{r.component}" if r.plan else r.component})
                for r in stood.itertuples()
            ],
            "attainment": [
                r.actual / r.quota if pd.notna(r.quota) and pd.notna(r.actual) and r.quota else None
                for r in stood.itertuples()
            ],
            "pay_to_date": stood.pay_to_date.astype("int64").tolist(),
            "worth": stood.worth.tolist(),
        }
    )
    told = {
        "earned": int(made.months.earned.sum()),
        "paid": int(made.months.paid.sum()),
        "year": ws.calendar.period_of(ws.period.end, "year").label,
    }
    return Exhibit(
        "own_pay", "table", frame, findings=(Finding("rep_page.pay", told), *ahead.findings[:2]),
        units={"pay_to_date": "exact", "worth": "exact", "attainment": "ratio"}, sources=("order_lines", "targets"),
    )  # fmt: skip


# ---- colleagues ----


def compared(own: pd.DataFrame, bands: pd.DataFrame) -> pd.DataFrame:
    """One's own measures beside the colleagues' middle half, where there is one, and how far outside it they lie.

    Parameters
    ----------
    own
        measure, value, n; see `own_measures`.
    bands
        measure, level, n, low, middle, high; see `peers.bands`.

    Returns
    -------
    pd.DataFrame
        measure, value, cases, level, n, low, middle, high, `beyond` (widths of the band by which the value lies on the
        good side, positive, or on the bad one, negative; 0 inside) and `is_clear` (outside, and by more than chance: of a
        share, the 95 % interval leaves the colleagues' median out).

    Examples
    --------
    >>> own = pd.DataFrame({"measure": ["win_rate"], "value": [0.6], "n": [60]})
    >>> bands = pd.DataFrame({"measure": ["win_rate"], "level": ["team"], "n": [5], "low": [0.2], "middle": [0.3], "high": [0.4]})
    >>> found = compared(own, bands).iloc[0]
    >>> round(float(found.beyond), 6), bool(found.is_clear)
    (1.0, True)
    """
    numbers = dict.fromkeys(("n", "low", "middle", "high"), "float64")
    keyed = bands.astype(
        {"measure": object, "level": object, **numbers}
    )  # an empty table has no types of its own
    held = own.rename(columns={"n": "cases"}).astype({"measure": object, "value": "float64"})
    held = held.merge(keyed, on="measure", how="left")
    beyond, clear = [], []
    for row in held.itertuples():
        wide = max(row.high - row.low, 0.005) if pd.notna(row.low) else float("nan")
        above = max(row.value - row.high, 0.0) / wide if pd.notna(row.low) else 0.0
        below = max(row.low - row.value, 0.0) / wide if pd.notna(row.low) else 0.0
        sign = 1 if GOOD.get(row.measure, True) else -1
        beyond.append(sign * (above - below))
        if row.measure in _NO_CASES or pd.isna(row.low):
            clear.append(above + below > 0)
        else:
            interval = wilson(round(row.value * row.cases), row.cases)
            clear.append(above + below > 0 and not interval.low <= row.middle <= interval.high)
    return held.assign(beyond=beyond, is_clear=clear)


def stands_out(held: pd.DataFrame) -> tuple[Finding, ...]:
    """One strength and one thing to train: the measure furthest outside the colleagues' middle half on each side.

    Of those alone that are outside it by more than chance; the sentence names the rule.
    """
    if held.empty or held.low.isna().all():
        return (Finding("rep_page.no_peers", {}),)
    found = []
    for sign, name, tone in ((1, "strength", "good"), (-1, "train", "bad")):
        beyond = held[held.is_clear & (sign * held.beyond > 0)]
        if beyond.empty:
            found.append(Finding(f"rep_page.no_{name}", {}))
            continue
        row = beyond.loc[(sign * beyond.beyond).idxmax()]
        told = {
            "measure": row.measure,
            "value": row.value,
            "low": row.low,
            "high": row.high,
            "n": int(row.n),
            "level": f"of_{row.level}",
        }
        found.append(Finding(f"rep_page.{name}", told, tone=tone))
    return tuple(found)


def _banded(held: pd.DataFrame, id: str, measures: list[str], lead: str) -> Exhibit | Missing:
    frame = held.set_index("measure").reindex([m for m in measures if m in set(held.measure)]).reset_index()
    if frame.empty:
        return Missing(id, (), "note.few_cases")
    shown = frame.rename(columns={"measure": "label", "middle": "base"})[
        ["label", "value", "low", "high", "n", "base"]
    ]
    first = frame[frame.measure == lead]
    row = first.iloc[0] if len(first) else frame.iloc[-1]
    told = {"measure": row.measure, "value": row.value, "cases": int(row.cases), "low": row.low, "high": row.high,
            "n": None if pd.isna(row.n) else int(row.n), "level": f"of_{row.level}"}  # fmt: skip
    where = (
        "alone"
        if pd.isna(row.low)
        else "above"
        if row.value > row.high
        else "below"
        if row.value < row.low
        else "within"
    )
    return Exhibit(
        id, "bands", shown, findings=(Finding(f"rep_page.band_{where}", told),),
        units=dict.fromkeys(("value", "low", "high", "base"), "ratio") | {"n": "count"}, notes=(Finding(f"note.{id}", {}),),
    )  # fmt: skip


# ---- deals and customers ----


def own_deals(ws: Workspace) -> Exhibit | Missing:
    """One's own deals that the pipeline's list to inspect holds, most money at risk first; one row a deal."""
    found = inspect(ws, at_most=_DEALS_SHOWN)
    if isinstance(found, Missing):
        return replace(found, id="own_deals")
    shown = found.frame[["customer", "stage", "amount", "at_risk", "why"]]
    return replace(found, id="own_deals", frame=shown, window=None, base=None, notes=())


def going_quiet(ws: Workspace, customers: pd.DataFrame | None) -> Exhibit | Missing:
    """A customers whose last order was with the person and who are silent for longer than their own rhythm explains.

    Grades are the company's; rhythm and money are of the person's own orders.
    """
    if customers is None:
        return Missing("own_quiet", (), "note.no_context")
    if absent := ws.facts.missing("sales.customer_id"):
        return Missing("own_quiet", absent)
    names = ws.facts.query("SELECT customer_id, MAX(customer_name) AS name FROM sales GROUP BY customer_id")
    best = customers[customers.grade == "A"]
    found = quiet_customers(ws, ws.window.end).merge(names, on="customer_id")
    found = found[found.customer_id.isin(best.customer_id)]
    found = found.assign(annual_amount=found.customer_id.map(yearly(ws)))
    ranked = found.sort_values(["annual_amount", "customer_id"], ascending=[False, True])
    told = {
        "n": len(ranked),
        "of": len(best),
        "amount": ranked.annual_amount.sum(),
        "multiple": ws.policy.customers.quiet_after,
    }
    return Exhibit(
        "own_quiet", "table", ranked[["name", "annual_amount", "last_ordered_on", "silent_days", "usual_gap"]].reset_index(drop=True),
        findings=(Finding("own_quiet.some" if len(ranked) else "own_quiet.none", told, tone="bad" if len(ranked) else "neutral"),), shown=_QUIET_SHOWN,
        units={"name": "text", "annual_amount": "money", "last_ordered_on": "date", "silent_days": "count", "usual_gap": "count"}, sources=("order_lines",),
    )  # fmt: skip


def _bare(exhibit: Exhibit | Missing) -> Exhibit | Missing:
    """Without what a page of one sheet has no room for."""
    return exhibit if isinstance(exhibit, Missing) else replace(exhibit, window=None, base=None)
