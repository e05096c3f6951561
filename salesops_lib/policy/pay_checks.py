"""Checks of the blocks about pay: tables without holes, and nothing left open.

A plan that could be read in two ways is refused with what it would pay under each.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

from salesops_lib.errors import nearest
from salesops_lib.policy import readings
from salesops_lib.policy.checks import Checker
from salesops_lib.policy.faults import Fault, shown
from salesops_lib.policy.yaml_tree import Path

_OPEN_END = "9999-12-31"


class PayChecker(Checker):
    """Collects the faults of `incentives`."""

    def run(self) -> list[Fault]:
        """All faults of plans, payments and contests."""
        self.edge = self._get("incentives", "rules", "tier_edge")
        for path, plan in self._items("incentives", "plans"):
            components = _blocks(path, plan, "components")
            self._weights(path, components)
            for where, component in components:
                self._component(where, component)
            self._links(path, plan, components)
        self._one_plan_a_day()
        self._payments()
        self._prizes()
        self._absence()
        return self.faults

    # ---- plans ----

    def _one_plan_a_day(self) -> None:
        """Nobody is paid by two plans on one day."""
        for (first, one), (second, other) in combinations(self._items("incentives", "plans"), 2):
            shared = [role for role in _texts(one.get("roles")) if role in _texts(other.get("roles"))]
            (a, b), (c, d) = _days(one), _days(other)
            if shared and a and c and a <= d and c <= b:
                line = self.tree.place(first)[0]
                message = (
                    f"role {shared[0]!r} has plan {one.get('id')!r} (line {line}) on {max(a, c)} as well"
                )
                hint = "end one plan the day before the other begins"
                self._add((*second, "roles"), other.get("roles"), message, hint)

    def _weights(self, path: Path, components: list[tuple[Path, dict[str, Any]]]) -> None:
        weights = [_exact(component.get("weight", 0)) for _, component in components]
        given = [weight for weight in weights if weight]
        if given and sum(given) != 1:
            message = f"weights add up to {float(sum(given)):g}, not 1"
            self._add((*path, "components"), None, message, "those of all components make 1", key=True)
        for (where, component), weight in zip(components, weights, strict=True):
            tiers = component.get("tiers")
            pays_times = isinstance(tiers, tuple) and any(isinstance(t, dict) and "times" in t for t in tiers)
            if (component.get("kind") in ("curve", "matrix", "scored") or pays_times) and weight == 0:
                message = "pays a share of the target incentive and has no weight"
                self._add(where, component.get("id"), message, "e.g. weight: 0.7")

    # ---- components ----

    def _component(self, path: Path, component: dict[str, Any]) -> None:
        match component.get("kind"):
            case "tiered":
                self._tiered(path, component)
            case "curve":
                points = _pairs(component.get("points"))
                self._rising((*path, "points"), [edge for edge, _ in points])
                self._open_between(path, component, points)
            case "matrix":
                self._matrix(path, component)

    def _tiered(self, path: Path, component: dict[str, Any]) -> None:
        found = component.get("tiers")
        tiers = [tier for tier in found if isinstance(tier, dict)] if isinstance(found, tuple) else []
        starts = [_exact(tier.get("from")) for tier in tiers]
        if not starts or any(start is None for start in starts):
            return  # the model names what is wrong
        where: Path = (*path, "tiers")
        if starts[0] != 0:
            message = f"the first tier begins at {float(starts[0] or 0):g}; what lies below has no tier"
            self._add((*where, 0, "from"), tiers[0].get("from"), message, "write from: 0")
        for n, (tier, following) in enumerate(pairwise([*tiers, {}])):
            self._ends(where, n, tier, following)
        self._values(path, component, tiers)
        if len(tiers) > 1 and all(low < high for low, high in pairwise(starts)):
            self._open_mode(path, component, tiers)

    def _ends(self, where: Path, n: int, tier: Mapping[str, Any], following: Mapping[str, Any]) -> None:
        end, start = tier.get("to"), following.get("from")
        if end is None or start is None or end == start:
            return
        what = "a hole" if _exact(start) > _exact(end) else "an overlap"
        message = f"{end:g} and the next from, {start:g}, leave {what}"
        self._add((*where, n, "to"), end, message, f"write to: {start:g}, or leave it out")

    def _values(self, path: Path, component: dict[str, Any], tiers: list[dict[str, Any]]) -> None:
        kinds = {key for tier in tiers for key in ("rate", "times") if tier.get(key) is not None}
        for n, tier in enumerate(tiers):
            if (tier.get("rate") is None) == (tier.get("times") is None):
                self._add(
                    (*path, "tiers", n), tier.get("from"), "needs either rate or times", "e.g. rate: 0.05"
                )
        if kinds == {"rate", "times"}:
            self._add(
                (*path, "tiers"), None, "mixes rate and times", "write one of them in all tiers", key=True
            )
        amount, mode = component.get("basis") == "amount", component.get("mode")
        if "times" in kinds and amount:
            message = "times is a multiple of the target rate, which needs attainment"
            self._add((*path, "basis"), "amount", message, "write basis: attainment, or rate in the tiers")
        if mode == "per_transaction" and ("times" in kinds or not amount):
            message = "per_transaction reads each line by its own amount"
            self._add((*path, "mode"), mode, message, "write basis: amount, and rate in the tiers")
        if component.get("tier_measure") and mode not in ("retroactive", "overage_retroactive", None):
            message = f"{mode} slices the measure that is paid, so another one cannot pick the tier"
            self._add((*path, "tier_measure"), component["tier_measure"], message, "write mode: retroactive")

    def _open_mode(self, path: Path, component: dict[str, Any], tiers: list[dict[str, Any]]) -> None:
        key = "rate" if tiers[0].get("rate") is not None else "times"
        table = [(_fraction(tier["from"]), _fraction(tier.get(key, 0))) for tier in tiers]
        if component.get("mode") is None:
            x = (table[-2][0] + table[-1][0]) / 2
            paid = readings.of_tiers(table, x, _fraction(component.get("overage_from", 1)))
            said = "; ".join(f"{mode} {self._worth(amount, component, key)}" for mode, amount in paid.items())
            message = f"mode is left open, and at {_at(x, component)} this table pays: {said}"
            self._add(path, component.get("id"), message, "write which one, e.g. mode: marginal")
        if component.get("mode") in ("retroactive", "overage_retroactive"):
            x = table[-1][0]
            self._open_edge(path, component, x, table, lambda value: self._worth(value * x, component, key))

    def _worth(self, amount: Fraction, component: Mapping[str, Any], key: str) -> str:
        if key == "times":
            return f"{float(amount):.1%} of target"
        return (
            f"{float(amount):,.2f}" if component.get("basis") == "amount" else f"{float(amount):.2%} of quota"
        )

    def _open_edge(
        self, path: Path, component: Mapping[str, Any], x: Fraction, table: readings.Tiers, worth: Any
    ) -> None:
        if self.edge is not None:
            return
        below, above = (readings.at_edge(table, x, edge) for edge in ("upper_inclusive", "lower_inclusive"))
        if below != above:
            message = (
                f"incentives.rules.tier_edge is left open, and exactly at {_at(x, component)} this pays: "
                f"lower_inclusive {worth(above)}; upper_inclusive {worth(below)}"
            )
            self._add(
                path, component.get("id"), message, "write tier_edge: lower_inclusive or upper_inclusive"
            )

    def _open_between(
        self, path: Path, component: Mapping[str, Any], points: list[tuple[Fraction, Fraction]]
    ) -> None:
        """A curve whose course between two points, or whose edge, is not said."""
        if len(points) < 2 or any(high[0] <= low[0] for low, high in pairwise(points)):
            return
        between = component.get("between")
        if between is None:
            x = (points[0][0] + points[1][0]) / 2
            line, step = readings.on_line(points, x), points[0][1]
            message = f"between is left open, and at {float(x):.1%} this pays: line {float(line):.1%}; step {float(step):.1%} of target"
            self._add(path, component.get("id"), message, "write between: line or between: step")
        elif between == "step":
            table = [(Fraction(0), Fraction(0)), *points] if points[0][0] > 0 else points
            self._open_edge(
                path, component, points[-1][0], table, lambda value: f"{float(value):.1%} of target"
            )

    def _matrix(self, path: Path, component: Mapping[str, Any]) -> None:
        axes = {}
        for side in ("rows", "columns"):
            axis = component.get(side)
            points = axis.get("points") if isinstance(axis, dict) else None
            if not isinstance(points, tuple) or not all(isinstance(point, int | float) for point in points):
                return
            self._rising((*path, side, "points"), [_fraction(point) for point in points])
            axes[side] = points
        payout = component.get("payout")
        if isinstance(payout, tuple) and all(isinstance(row, tuple) for row in payout):
            shape = f"{len(axes['rows'])} × {len(axes['columns'])}"
            if len(payout) != len(axes["rows"]) or {len(row) for row in payout} != {len(axes["columns"])}:
                message = f"needs {shape} values, one row a point of rows"
                self._add((*path, "payout"), None, message, "fill the table", key=True)
        if component.get("between") is None:
            message = "between is left open: lines both ways, or the lower point"
            self._add(path, component.get("id"), message, "write between: line or between: step")

    def _rising(self, path: Path, values: list[Any]) -> None:
        for n, (low, high) in enumerate(pairwise(values)):
            if low is not None and high is not None and high <= low:
                message = f"{float(high):g} after {float(low):g}: must rise"
                self._add((*path, n + 1), float(high), message, "write them in rising order, each once")
                return

    # ---- links, payments, contests ----

    def _links(
        self, path: Path, plan: Mapping[str, Any], components: list[tuple[Path, dict[str, Any]]]
    ) -> None:
        ids = [str(component.get("id")) for _, component in components]
        tiered = {str(c.get("id")): c for _, c in components if c.get("kind") == "tiered"}
        for where, link in _blocks(path, plan, "links"):
            for n, name in enumerate(_texts(link.get("applies_to"))):
                if name not in ids:
                    message = f"{name!r} is not a component of this plan"
                    self._add((*where, "applies_to", n), name, message, nearest(name, ids))
                elif link.get("kind") == "hurdle":
                    self._hurdle((*where, "from"), link.get("from"), tiered.get(name), name)

    def _hurdle(self, path: Path, start: Any, component: Mapping[str, Any] | None, name: str) -> None:
        tiers = component.get("tiers") if component else None
        edges = (
            [tier.get("from") for tier in tiers if isinstance(tier, dict)] if isinstance(tiers, tuple) else []
        )
        if start is not None and start not in edges[1:]:
            listed = ", ".join(f"{edge:g}" for edge in edges[1:] if isinstance(edge, int | float)) or "none"
            message = f"{start} is no edge of {name} that tiers could wait at"
            self._add(path, start, message, f"edges above the first: {listed}")

    def _payments(self) -> None:
        base = ("incentives", "payments")
        for path, draw in self._items(*base, "draws"):
            self._either(path, draw, "amount", "share_of_target")
            months = draw.get("months")
            if isinstance(months, tuple) and len(months) == 2 and not 1 <= months[0] <= months[1]:
                message = f"{shown(list(months))} is no span of months"
                self._add((*path, "months"), months, message, "e.g. months: [1, 3]")
        for path, cap in self._items(*base, "caps"):
            self._either(path, cap, "amount", "times_target")
        for path, clawback in self._items(*base, "clawbacks"):
            self._clawback(path, clawback)
        if not self._get(*base, "clawbacks"):
            self._without_clawbacks()

    def _without_clawbacks(self) -> None:
        for path, rule in self._items("incentives", "payments", "release"):
            for where, part in _blocks(path, rule, "schedule"):
                if part.get("event") == "clawback_over":
                    message = "waits until nothing can be taken back any more, and there are no clawbacks"
                    self._add((*where, "event"), part["event"], message, "write clawbacks, or event: booking")

    def _clawback(self, path: Path, clawback: Mapping[str, Any]) -> None:
        """What is taken back must be what the event leaves to take."""
        event, amount = clawback.get("event"), clawback.get("amount", "full")
        attainment = clawback.get("attainment", "reduce")
        if event in ("bad_debt", "churned") and attainment == "reduce":
            message = f"{event} leaves the order as it was sold, so attainment does not fall"
            self._add((*path, "attainment"), attainment, message, "write attainment: keep", key=True)
        other = {"bad_debt": "unpaid_share", "churned": "remaining_term"}.get(str(event))
        if amount not in ("full", other):
            fitting = f"amount: full or {other}" if other else "amount: full, and a share if not all of it"
            self._add((*path, "amount"), amount, f"{event} has no {amount}", f"write {fitting}")
        if event == "cancelled" and (attainment != "reduce" or _exact(clawback.get("share", 1)) != 1):
            message = "a cancelled line is no sale any more: attainment and all of its pay fall with it"
            self._add(path, event, message, "write attainment: reduce, and no share")

    def _either(self, path: Path, block: Mapping[str, Any], one: str, other: str) -> None:
        if (block.get(one) is None) == (block.get(other) is None):
            self._add(path, block.get("id"), f"needs either {one} or {other}", f"write one of {one}, {other}")

    def _prizes(self) -> None:
        """Prizes with an end, and ties of which it is said what they win."""
        for path, contest in self._items("incentives", "contests"):
            window = contest.get("window")
            if isinstance(window, dict) and window.get("from") and not window.get("to"):
                message = "has no last day, so nobody ever wins"
                self._add(
                    (*path, "window"), None, message, "write to: and the last day that counts", key=True
                )
            prizes = [_exact(prize.get("cash")) for _, prize in _blocks(path, contest, "prizes")]
            if contest.get("tie") is None and prizes and None not in prizes[:2]:
                first, second = (Fraction(prize or 0) for prize in (*prizes, 0)[:2])
                message = (
                    f"tie is left open, and two who share the first place win: share {float((first + second) / 2):,.0f} each; "
                    f"each {float(first):,.0f} each; first {float(first):,.0f} and {float(second):,.0f}"
                )
                self._add(path, contest.get("id"), message, "write which one, e.g. tie: share")
        for path, spiff in self._items("incentives", "spiffs"):
            budget, unit = _exact(spiff.get("budget")), _exact(spiff.get("per_unit"))
            if spiff.get("tie") is None and budget is not None and unit:
                message = (
                    f"tie is left open, and two orders on one day of one unit each, with {float(unit):,.2f} left of the budget, "
                    f"are paid: order_number {float(unit):,.2f} and 0.00; shared {float(unit / 2):,.2f} each"
                )
                self._add(path, spiff.get("id"), message, "write which one, e.g. tie: shared")
        for path, award in self._items("incentives", "awards"):
            share, heads = _exact(award.get("top_share")), award.get("heads")
            if award.get("tie") is None and (heads is not None or (share is not None and share < 1)):
                places = heads if isinstance(heads, int) else 1
                message = (
                    f"tie is left open, and where two tie for the last of {places} places there win: "
                    f"all_win {places + 1}; none_wins {places - 1}"
                )
                self._add(path, award.get("id"), message, "write which one, e.g. tie: all_win")

    def _absence(self) -> None:
        """Months shared by days need to say whether the first day counts."""
        plans = self._get("incentives", "plans")
        absence = self._get("incentives", "payments", "absence")
        if plans and absence != "none" and self._get("incentives", "rules", "start_day") is None:
            message = (
                "start_day is left open, and who begins on the 15th of a month of 30 days and is asked for 20 a month "
                f"has a quota of: included {20 * 16 / 30:.2f}; excluded {20 * 15 / 30:.2f}"
            )
            self._add(
                ("incentives", "plans"), None, message, "write incentives.rules.start_day: included", key=True
            )


def _blocks(path: Path, block: Mapping[str, Any], key: str) -> list[tuple[Path, dict[str, Any]]]:
    """Paths and values of the blocks in a list of `block`."""
    found = block.get(key)
    items = enumerate(found if isinstance(found, tuple) else ())
    return [((*path, key, n), item) for n, item in items if isinstance(item, dict)]


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, tuple) else []


def _pairs(value: Any) -> list[tuple[Fraction, Fraction]]:
    pairs = [pair for pair in value if isinstance(pair, tuple)] if isinstance(value, tuple) else []
    is_sound = all(len(pair) == 2 and all(isinstance(v, int | float) for v in pair) for pair in pairs)
    return [(_fraction(edge), _fraction(share)) for edge, share in pairs] if is_sound else []


def _days(plan: Mapping[str, Any]) -> tuple[str, str]:
    span = plan.get("effective")
    first, last = (span.get(key) if isinstance(span, dict) else None for key in ("from", "to"))
    return (first if isinstance(first, str) else "", last if isinstance(last, str) else _OPEN_END)


def _exact(value: Any) -> Any:
    """A number as it was written, None for anything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return Decimal(repr(value)) if is_number else None


def _fraction(value: Any) -> Fraction:
    return Fraction(_exact(value) or 0)


def _at(x: Fraction, component: Mapping[str, Any]) -> str:
    return f"{float(x):,.2f}" if component.get("basis") == "amount" else f"{float(x):.1%} of quota"
