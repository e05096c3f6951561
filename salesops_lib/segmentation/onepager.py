"""One customer on one page: who it is, what it buys, what it is worth, when it orders next, and what to offer.

Of other customers only what groups of them do enters, never a row of theirs.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.errors import DataError
from salesops_lib.metrics import Exhibit, Finding, totals
from salesops_lib.metrics.formulas import ratio
from salesops_lib.segmentation.baskets import DUE_WITHIN, penetration, product_names, products_due
from salesops_lib.segmentation.grades import amounts
from salesops_lib.segmentation.pairs import linked, product_pairs
from salesops_lib.segmentation.race import choose, learnt
from salesops_lib.segmentation.reviews import held_grades
from salesops_lib.segmentation.rhythm import common, gaps, next_due, shape
from salesops_lib.segmentation.summary import purchases
from salesops_lib.segmentation.value import worth

if TYPE_CHECKING:
    from datetime import date

    from salesops_lib.periods import Window
    from salesops_lib.workspace import Workspace

_YEAR = 365
_SOON = 90
_MOST_REVIEWS = 6
_SHOWN_PRODUCTS = 3
_LATE_MONTHS = 12
#: Share of customers foretold alike that the interval of a value holds.
_LEVEL = 0.8


def customer_page(ws: Workspace, customer: str = "") -> CustomerPage:
    """The page of the customer with that id or name; of the largest one where none is named.

    Raises
    ------
    DataError
        If there is no such customer among those loaded, or several have the name.
    """
    known = _known(ws)
    if known.empty:
        raise DataError(
            "There are no customers: neither order_lines.customer_id nor the table customers holds any.\n"
            "Map the column of the customer with `salesops add FILE`."
        )
    own = _found(customer, known) if customer.strip() else largest_customers(ws, 1)[0]
    return CustomerPage(ws, own, known)


def customer_id(ws: Workspace, customer: str) -> str:
    """Id of the customer with that id or name.

    Raises
    ------
    DataError
        If there is no such customer among those loaded, or several have the name.
    """
    return _found(customer, _known(ws))


def largest_customers(ws: Workspace, n: int) -> list[str]:
    """Ids of the `n` that bought most in twelve months, the largest first; any one where nobody bought."""
    sold = amounts(ws, ws.trailing()).sort_index().sort_values(ascending=False, kind="stable")
    sold = sold[sold > 0]
    return [str(one) for one in (sold.index[:n] if len(sold) else _known(ws).index[:1])]


def _known(ws: Workspace) -> pd.Series:
    """Name of each customer of orders, or of the table customers alone; its id where it has none."""
    known = ws.facts.query(
        "SELECT customer_id, MAX(customer_name) AS name FROM sales WHERE customer_id IS NOT NULL GROUP BY customer_id"
        " UNION SELECT customer_id, name FROM customers WHERE customer_id NOT IN"
        " (SELECT customer_id FROM sales WHERE customer_id IS NOT NULL) ORDER BY customer_id"
    ).set_index("customer_id")
    return known.name.fillna(pd.Series(known.index, known.index))


def _found(customer: str, known: pd.Series) -> str:
    """Id of the customer with that id or, in any case, that name."""
    if customer in known.index:
        return customer
    customer = customer.strip()
    if customer in known.index:
        return customer
    folded = known.str.strip().str.casefold()
    same = known.index[folded == customer.casefold()]
    if len(same) == 1:
        return str(same[0])
    if len(same):
        raise DataError(
            f"{len(same)} customers are called {customer!r}: {', '.join(map(str, same[:8]))}.\nName one by its id."
        )
    within = known[folded.str.contains(customer.casefold(), regex=False)].head(5)
    choices = [*known.index.astype(str), *known]
    near = list(dict.fromkeys([*within, *difflib.get_close_matches(customer, choices, n=5, cutoff=0.6)]))[:5]
    hint = f"Near it: {', '.join(near)}." if near else "No id and no name is near it."
    raise DataError(f"No customer has the id or the name {customer!r}. {hint}\nGive one with -p customer=NAME or ID.")  # fmt: skip


@dataclass(frozen=True)
class CustomerPage:
    """What the page of customer `id` shows; `known` holds the name of each customer."""

    ws: Workspace
    id: str
    known: pd.Series

    @property
    def name(self) -> str:
        return str(self.known[self.id])

    @property
    def _end(self) -> date:
        return self.ws.window.end

    @cached_property
    def _windows(self) -> dict[str, Window]:
        return {"actual": self.ws.trailing(), "base": self.ws.trailing(years_back=1)}

    @cached_property
    def _own(self) -> dict[str, str]:
        return {"customer_id": self.id}

    # ---- what the page shows ----

    @cached_property
    def lead(self) -> Finding:
        """The customer in one sentence."""
        bought, value = self._bought.values, self._value
        if not bought["n"] and not bought["n_before"] and not self._last_on:
            return Finding("card.none", {"name": self.name})
        told = {"name": self.name, "grade": self._grades[-1] if self._grades else "–", "amount": bought["amount"],
                "growth": ratio(bought["amount"] - bought["before"], bought["before"])}  # fmt: skip
        if value.id != "card.value" or not bought["before"] > 0:
            return Finding("card.headline_plain", told, "bookings")
        return Finding("card.headline", told | {k: value.values[k] for k in ("value", "low", "high")}, "customer_value")  # fmt: skip

    @cached_property
    def asks(self) -> tuple[Finding, ...]:
        """What to do next, the most pressing first."""
        found = []
        paying, rhythm, price = self._paying, self._rhythm, self._price
        if paying.values.get("overdue", 0) > 0:
            found.append(Finding("ask.card_overdue", paying.values))
        if rhythm.id == "card.rhythm":
            is_late = rhythm.values["silent"] > self.ws.policy.customers.quiet_after * rhythm.values["gap"]
            told = dict(rhythm.values) | {"day": rhythm.values["due"]}
            found.append(Finding("ask.card_late" if is_late else "ask.card_due", told))
        for row, ask in ((self._due, "ask.card_products"), (self._with, "ask.card_with"), (self._space, "ask.card_space")):  # fmt: skip
            if row.id in ("card.due", "card.with", "card.space"):
                found.append(Finding(ask, row.values))
        if price.id == "card.price" and price.values["rate"] > price.values["high"]:
            found.append(Finding("ask.card_price", price.values))
        return tuple(found)

    def months(self) -> Exhibit:
        """Sales of the last twelve months beside those of the year before; one row a month."""
        last = self.ws.calendar.period_of(self._windows["actual"].end, "month")
        rows = []
        for back in range(_LATE_MONTHS - 1, -1, -1):
            month = self.ws.calendar.shift(last, -back)
            spans = {"actual": self.ws.calendar.trailing(month, 1), "base": self.ws.calendar.trailing(self.ws.calendar.year_before(month), 1)}  # fmt: skip
            sold = totals(self.ws.facts, ["bookings"], spans, where=self._own).bookings.fillna(0)
            rows.append({"label": month.label, "actual": sold["actual"], "base": sold["base"]})
        frame = pd.DataFrame(rows).assign(is_complete=True)
        best = frame.loc[frame.actual.idxmax()]
        told = {
            "n": int((frame.actual > 0).sum()),
            "of": len(frame),
            "month": best.label,
            "amount": best.actual,
        }
        finding = Finding("customer_months.found" if told["n"] else "customer_months.none", told, "bookings")
        return Exhibit(
            "customer_months", "series", frame, metric="bookings", findings=(finding,), sources=("order_lines",), window=self._windows["actual"]
        )  # fmt: skip

    def card(self) -> Exhibit:
        """What is so, topic by topic; what data do not say is said to be unknown."""
        rows = {
            "card_who": self._who, "card_grade": self._grade, "card_bought": self._bought, "card_value": self._value,
            "card_rhythm": self._rhythm, "card_products": self._products, "card_due": self._due, "card_with": self._with,
            "card_space": self._space, "card_potential": self._potential, "card_price": self._price, "card_paying": self._paying,
            "card_deals": self._deals, "card_delivery": self._delivery, "card_voice": self._voice,
            "card_contact": Finding("card.no_contact"),
        }  # fmt: skip
        frame = pd.DataFrame(
            {
                "topic": pd.Series([Finding(f"label.{topic}") for topic in rows], dtype=object),
                "is_so": pd.Series(list(rows.values()), dtype=object),
            }
        )
        sources = ("order_lines", "customers", "opportunities", "invoices", "receipts", "surveys", "products")
        return Exhibit("customer_card", "table", frame, units={"topic": "text", "is_so": "text"}, sources=sources, shown=len(frame))  # fmt: skip

    # ---- its rows ----

    @cached_property
    def _row(self) -> dict[str, Any]:
        """What the newest line and the customer's record say of it."""
        found = self.ws.facts.query(
            "SELECT MAX(region) AS region, MAX(segment) AS segment, MAX(industry) AS industry, MIN(first_ordered_on) AS since,"
            " MAX(dated_on) AS last_on FROM sales WHERE customer_id = ? AND dated_on <= ?",
            [self.id, self._end],
        )
        reps = self.ws.facts.query(
            "SELECT rep_name FROM sales WHERE customer_id = ? AND rep_name IS NOT NULL AND kind = 'order' AND dated_on <= ?"
            " ORDER BY dated_on DESC, rep_name LIMIT 1",
            [self.id, self._end],
        )
        own = self.ws.facts.query("SELECT credit_limit, potential_amount, region, segment, industry FROM customers WHERE customer_id = ?", [self.id])  # fmt: skip
        row = {**(own.iloc[0].to_dict() if len(own) else {}), **found.iloc[0].dropna().to_dict()}
        return row | {"rep": reps.rep_name.iloc[0] if len(reps) else None}

    @property
    def _who(self) -> Finding:
        places = {k: self._row.get(k) for k in ("region", "segment", "industry")}
        told = places | {"since": self._row.get("since"), "rep": self._row["rep"]}
        if all(pd.isna(place) for place in places.values()):
            return Finding("card.since", told)
        return Finding("card.who" if told["rep"] else "card.who_short", told)

    @cached_property
    def _grades(self) -> list[str]:
        held = held_grades(self.ws)
        own = held.loc[self.id].dropna() if self.id in held.index else pd.Series(dtype=object)
        return [str(grade) for grade in own.tail(_MOST_REVIEWS)]

    @property
    def _grade(self) -> Finding:
        if not self._grades:
            return _unknown("order_lines.customer_id")
        told = {"history": " → ".join(self._grades), "n": _MOST_REVIEWS}
        promised = {str(g): s.contact_days for g, s in self.ws.policy.customers.service.items()}
        days = promised.get(self._grades[-1])
        return Finding("card.grade", told) if days is None else Finding("card.grade_contact", told | {"days": days})  # fmt: skip

    @cached_property
    def _bought(self) -> Finding:
        ids = ["bookings", *(["margin_rate"] if self.ws.facts.has("sales.cost_amount") else [])]
        sold = totals(self.ws.facts, ids, self._windows, where=self._own)
        days = {
            name: self._count_days(window.start, window.end) for name, window in self._windows.items()
        }  # fmt: skip
        told = {"amount": sold.bookings.fillna(0)["actual"], "before": sold.bookings.fillna(0)["base"], "n": days["actual"],
                "n_before": days["base"]}  # fmt: skip
        margin = sold.margin_rate["actual"] if "margin_rate" in sold else float("nan")
        if pd.isna(margin):
            return Finding("card.bought", told, "bookings")
        return Finding("card.bought_margin", told | {"margin": margin}, "bookings")

    def _count_days(self, start: date, end: date) -> int:
        found = self.ws.facts.query(
            "SELECT COUNT(DISTINCT dated_on) AS n FROM sales WHERE kind = 'order' AND customer_id = ? AND dated_on BETWEEN ? AND ?",
            [self.id, start, end],
        )
        return int(found.n.iloc[0])

    @cached_property
    def _value(self) -> Finding:
        """Worth, with the interval that customers foretold alike a year ago kept to."""
        chosen = choose(self.ws.facts, self._end, _YEAR)
        if chosen is None or self.id not in chosen.summary.index:
            return Finding("card.value_unknown")
        own = chosen.summary.loc[[self.id]]
        chance = float(chosen.model.probability_active(own, _YEAR)[0])
        soon = float(chosen.model.probability_active(own, _SOON)[0])
        told: dict[str, Any] = {"chance": chance, "soon": soon, "days": _SOON, "model": chosen.winner}  # fmt: skip
        if not chosen.summary.monetary.gt(0).any():
            return Finding("card.chance", told)
        value = float(worth(chosen.model, chosen.summary, _YEAR).value[self.id])
        spread = value_spread(self.ws, told["model"], value)
        if np.isnan(value) or spread is None:
            return Finding("card.chance", told)
        return Finding("card.value", told | {"value": value, "low": value * spread[0], "high": value * spread[1]}, "customer_value")  # fmt: skip

    @property
    def _last_on(self) -> pd.Timestamp | None:
        return self._row.get("last_on")

    @cached_property
    def _rhythm(self) -> Finding:
        every = gaps(self.ws.facts, self._end)
        own = every[every.customer_id == self.id]
        if own.empty:
            if self._last_on is None:
                return _unknown("order_lines")
            silent = (pd.Timestamp(self._end) - pd.Timestamp(self._last_on)).days
            return Finding("card.rhythm_once", {"last": self._last_on, "silent": silent})
        due = next_due(own, self._end, of=common(every), by=shape(self.ws.facts, self._end)).iloc[0]
        told = {"gap": round(due.usual_gap), "last": due.last_on, "silent": due.silent_days, "due": due.due_on,
                "low": due.earliest_on, "high": due.latest_on}  # fmt: skip
        return Finding("card.rhythm", told)

    @cached_property
    def _by_product(self) -> pd.DataFrame:
        window = self._windows["actual"]
        return self.ws.facts.query(
            "SELECT product_id, MAX(product_name) AS name, CAST(SUM(net_amount) AS BIGINT) AS amount FROM sales"
            " WHERE kind = 'order' AND customer_id = ? AND product_id IS NOT NULL AND dated_on BETWEEN ? AND ?"
            " GROUP BY product_id ORDER BY amount DESC, product_id",
            [self.id, window.start, window.end],
        )

    @property
    def _products(self) -> Finding:
        if self.ws.facts.missing("sales.product_id") or self._by_product.empty:
            return _unknown("order_lines.product_id")
        top = self._by_product.head(_SHOWN_PRODUCTS)
        share = ratio(top.amount.sum(), self._bought.values["amount"])
        return Finding("card.products", {"products": top.name.tolist(), "share": share})

    @cached_property
    def _due(self) -> Finding:
        due = products_due(self.ws, [self.id])
        if due.empty:
            return Finding("card.no_due", {"days": DUE_WITHIN})
        first = due.head(_SHOWN_PRODUCTS)
        return Finding("card.due", {"products": first["product"].tolist(), "day": first.due_on.max()})

    @cached_property
    def _with(self) -> Finding:
        """What stands with its products in orders of all customers, and not in its own."""
        if self.ws.facts.missing("sales.product_id", "sales.order_id"):
            return _unknown("order_lines.product_id")
        window = self._windows["actual"]
        looked_at = product_pairs(self.ws.facts, window.start, window.end)
        pairs = looked_at[linked(looked_at, int(looked_at.attrs["n_orders"]))]
        turned = pairs.rename(columns={"product_id": "other_id", "other_id": "product_id", "back_confidence": "confidence", "confidence": "back_confidence"})  # fmt: skip
        both = pd.concat([pairs, turned])
        own = set(self._by_product.product_id)
        offered = both[both.product_id.isin(own) & ~both.other_id.isin(own)]
        if offered.empty:
            return Finding("card.no_with")
        best = offered.sort_values(["confidence", "other_id"], ascending=[False, True]).iloc[0]
        named = product_names(self.ws)
        return Finding("card.with", {"product": named[best.product_id], "other": named[best.other_id], "share": best.confidence, "lift": best.lift}, "pair_lift")  # fmt: skip

    @cached_property
    def _space(self) -> Finding:
        """The category with the most white space that its segment buys and it does not."""
        if self.ws.facts.missing("sales.segment", "sales.category"):
            return _unknown("order_lines.segment", "order_lines.category")
        window = self._windows["actual"]
        bought = self.ws.facts.query(
            "SELECT DISTINCT category FROM sales WHERE kind = 'order' AND customer_id = ? AND category IS NOT NULL AND dated_on BETWEEN ? AND ?",
            [self.id, window.start, window.end],
        ).category
        every = penetration(self.ws)
        least = max(self.ws.policy.report.suppress_below, 1)
        alike = every[(every.segment == self._row.get("segment")) & (every.n_buyers >= least)]
        left = alike[~alike.category.isin(bought)]
        if left.empty:
            return Finding("card.no_space")
        best = left.assign(worth=left.share * left.median_spend).sort_values(["worth", "category"], ascending=[False, True]).iloc[0]  # fmt: skip
        told = {
            "category": best.category,
            "segment": best.segment,
            "share": best.share,
            "spend": best.median_spend,
        }
        return Finding("card.space", told, "product_white_space")

    @property
    def _potential(self) -> Finding:
        potential = self._row.get("potential_amount")
        if pd.isna(potential) or not potential:
            return _unknown("customers.potential_amount")
        amount = self._bought.values["amount"]
        told = {"potential": potential, "share": ratio(amount, potential), "left": max(potential - amount, 0)}
        return Finding("card.potential", told, "white_space")

    @cached_property
    def _price(self) -> Finding:
        """Its discount, and that of the middle half of its segment where enough customers are alike."""
        if self.ws.facts.missing("sales.list_amount"):
            return _unknown("order_lines.list_price")
        window, segment = self._windows["actual"], self._row.get("segment")
        rates = (
            "SELECT customer_id, 1 - CAST(SUM(net_amount) AS DOUBLE) / SUM(list_amount) AS rate FROM sales WHERE kind = 'order'"
            " AND list_amount > 0 AND dated_on BETWEEN ? AND ? AND {} GROUP BY customer_id"
        )
        days: list[object] = [window.start, window.end]
        own = self.ws.facts.query(rates.format("customer_id = ?"), [*days, self.id])
        if own.empty:
            return _unknown("order_lines.list_price")
        rate = float(own.rate.iloc[0])
        alike = self.ws.facts.query(
            "SELECT COUNT(*) AS n, CAST(quantile_cont(rate, 0.25) AS DOUBLE) AS low, CAST(quantile_cont(rate, 0.75) AS DOUBLE) AS high"
            f" FROM ({rates.format('segment = ? AND customer_id <> ?')}) AS alike",
            [*days, "" if segment is None else segment, self.id],
        ).iloc[0]
        if alike.n < max(self.ws.policy.report.suppress_below, 1):
            return Finding("card.price_alone", {"rate": rate})
        return Finding("card.price", {"rate": rate, "n": int(alike.n), "low": alike.low, "high": alike.high})

    @cached_property
    def _paying(self) -> Finding:
        if self.ws.facts.missing("invoices.net_amount", "receipts.amount", "invoices.due_on"):
            return _unknown("invoices", "receipts")
        bills = self.ws.facts.query(
            "SELECT i.due_on, CAST(i.net_amount + COALESCE(i.tax_amount, 0) AS BIGINT) AS billed, CAST(COALESCE(r.paid, 0) AS BIGINT) AS paid, r.paid_on"
            " FROM billings AS i LEFT JOIN (SELECT invoice_id, SUM(amount) AS paid, MAX(received_on) AS paid_on FROM collections"
            "  WHERE received_on <= ? GROUP BY invoice_id) AS r ON r.invoice_id = i.invoice_id"
            " WHERE i.customer_id = ? AND i.invoiced_on <= ? ORDER BY i.invoiced_on, i.invoice_id",
            [self._end, self.id, self._end],
        )
        left = (bills.billed - bills.paid).clip(lower=0)
        due, paid_on = pd.to_datetime(bills.due_on), pd.to_datetime(bills.paid_on)
        whole = (left == 0) & paid_on.notna() & due.notna()
        late = (paid_on - due).dt.days[whole].mean()
        told = {"owed": left.sum(), "overdue": left[due < pd.Timestamp(self._end)].sum(), "late": late, "limit": self._row.get("credit_limit")}  # fmt: skip
        return Finding("card.paying" if pd.isna(told["limit"]) else "card.paying_limit", told, "receivables")

    @property
    def _deals(self) -> Finding:
        if self.ws.facts.missing("deals.stage"):
            return _unknown("opportunities")
        deals = self.ws.facts.query(
            "SELECT opportunity_id, stage, amount, expected_close_on FROM deals WHERE customer_id = ? AND outcome = 'open'"
            " AND (created_on IS NULL OR created_on <= ?) ORDER BY expected_close_on, opportunity_id",
            [self.id, self._end],
        )
        if deals.empty:
            return Finding("card.no_deals")
        ahead = deals.dropna(subset=["expected_close_on"])
        first = ahead.iloc[0] if len(ahead) else deals.iloc[0]
        stage = self.ws.policy.process.stage(first.stage)
        told = {"n": len(deals), "amount": deals.amount.sum(), "day": first.expected_close_on, "stage": stage.id if stage else first.stage}  # fmt: skip
        return Finding("card.deals", told)

    @property
    def _delivery(self) -> Finding:
        window = self._windows["actual"]
        found = self.ws.facts.query(
            "SELECT COUNT(CASE WHEN kind = 'order' AND requested_on IS NOT NULL AND shipped_on IS NOT NULL THEN 1 END) AS n,"
            " COUNT(CASE WHEN kind = 'order' AND shipped_on <= requested_on THEN 1 END) AS n_on_time,"
            " CAST(COALESCE(SUM(CASE WHEN kind = 'return' THEN -net_amount END), 0) AS BIGINT) AS returned,"
            " CAST(COALESCE(SUM(CASE WHEN kind = 'order' THEN net_amount END), 0) AS BIGINT) AS sold"
            " FROM sales WHERE customer_id = ? AND dated_on BETWEEN ? AND ?",
            [self.id, window.start, window.end],
        ).iloc[0]
        told = {"n": int(found.n), "share": ratio(found.n_on_time, found.n), "returned": ratio(found.returned, found.sold)}  # fmt: skip
        return Finding("card.delivery" if found.n else "card.returns", told)

    @property
    def _voice(self) -> Finding:
        if self.ws.facts.missing("surveys.score", "surveys.customer_id"):
            return _unknown("surveys")
        said = self.ws.facts.query(
            "SELECT instrument, score, answered_on FROM surveys WHERE customer_id = ? AND answered_on <= ? ORDER BY answered_on DESC, survey_id LIMIT 1",
            [self.id, self._end],
        )
        if said.empty:
            return Finding("card.no_voice")
        last = said.iloc[0]
        return Finding("card.voice", {"instrument": str(last.instrument).upper(), "score": last.score, "day": last.answered_on})  # fmt: skip


def value_spread(ws: Workspace, model: str, value: float) -> tuple[float, float] | None:
    """Between what multiples of the value foretold a year ago eight in ten customers of about this value have bought since.

    Of the fifth of customers whose value foretold lies nearest; None where fewer than thirty are known.
    """
    split = ws.window.end - timedelta(days=_YEAR)
    then = learnt(ws.facts, model, split, _YEAR)
    if then is None or not then.seen.monetary.gt(0).any():
        return None
    told = worth(then.model, then.seen, _YEAR).value.dropna()
    told = told[told > 0]
    came = purchases(ws.facts, split, ws.window.end).amount.reindex(told.index).fillna(0)
    distance = (np.log(told) - np.log(max(value, 1e-9))).abs()
    near = distance.sort_values(kind="stable").index[: max(len(told) // 5, 30)]
    if len(near) < 30:
        return None
    low, high = (came[near] / told[near]).quantile([(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return float(low), float(high)


def _unknown(*needs: str) -> Finding:
    """What would have to be loaded: columns by their names, tables by the catalogue's."""
    columns = any("." in need for need in needs)
    return Finding("card.no_column" if columns else "card.no_table", {"needs": list(needs)})
