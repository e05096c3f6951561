"""Checks between blocks: what no single value can tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, TypeGuard

from salesops_lib.errors import DataError, nearest
from salesops_lib.periods.fiscal import FiscalYears
from salesops_lib.periods.parsing import parse
from salesops_lib.policy.faults import Fault, dotted, shown
from salesops_lib.policy.relations import CLIMBS, NAMED, NAMES, ORDERS, OWN, SPANS, SUMS, UNIQUE
from salesops_lib.policy.selling import fold
from salesops_lib.policy.yaml_tree import Path, Tree


class Checker:
    """Collects the faults between blocks of a tree that may itself have faults.

    It works on plain values, not on the model, so that one wrong value elsewhere does not
    hide what is wrong here.  Values of a wrong type are the model's to name.
    """

    def __init__(self, tree: Tree, measures: frozenset[str] | None, tables: frozenset[str] | None) -> None:
        self.tree = tree
        self.measures = measures
        self.tables = tables
        self.faults: list[Fault] = []

    def run(self) -> list[Fault]:
        """All faults between blocks."""
        self._spans()
        self._unique_ids()
        self._calendar()
        self._periods()
        self._sums()
        self._stages()
        self._orders()
        self._names()
        self._authority()
        self._waterfall()
        self._promotions()
        return self.faults

    def _get(self, *path: str | int) -> Any:
        value = self.tree.data
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def _all(self, pattern: str) -> list[tuple[Path, Any]]:
        """Paths and values that a pattern of `relations` means."""
        found: list[tuple[Path, Any]] = [((), self.tree.data)]
        for step in pattern.split("."):
            found = [((*path, key), value) for path, at in found for key, value in _steps(at, step)]
        return found

    def _items(self, *path: str) -> Iterator[tuple[Path, dict[str, Any]]]:
        for place, item in self._all(".".join((*path, "*"))):
            if isinstance(item, dict):
                yield place, item

    def _add(self, path: Path, value: Any, message: str, hint: str = "", *, key: bool = False) -> None:
        self.faults.append(Fault(*self.tree.place(path, key=key), dotted(path), value, message, hint))

    def _spans(self) -> None:
        for pattern in SPANS:
            for path, span in self._all(pattern):
                first, last = (span.get("from"), span.get("to")) if isinstance(span, dict) else (None, None)
                if isinstance(first, str) and isinstance(last, str) and last < first:
                    message = f"{shown(last)} lies before from, {first}"
                    self._add((*path, "to"), last, message, "write the first day under from")

    def _unique_ids(self) -> None:
        for pattern, field in UNIQUE:
            for path, items in self._all(pattern):
                self._unique(path, items, field)

    def _unique(self, path: Path, items: Any, field: str) -> None:
        first: dict[Any, int] = {}
        for n, item in enumerate(items if isinstance(items, tuple) else ()):
            value = item.get(field) if isinstance(item, dict) else None
            if not isinstance(value, str | int):
                continue
            where = (*path, n, field)
            line = self.tree.place(where)[0]
            if value in first:
                message = f"{shown(value)} is used already on line {first[value]}"
                self._add(where, value, message, f"give every entry its own {field}")
            first.setdefault(value, line)

    def _calendar(self) -> None:
        for path, event in self._items("calendar", "events"):
            first, last, days = (event.get(key) is not None for key in ("from", "to", "festival_days"))
            if first != last or first == days:
                message = "needs either from and to, or festival_days"
                self._add(path, event.get("id"), message, "e.g. from: 10-01, to: 10-07")
        if self._get("calendar", "scheme") not in (None, "month"):
            return
        if self._get("calendar", "align") == "fiscal_week":
            self._in_weeks_only("align", "align: workday")
        if self._get("calendar", "week_start") not in (None, "mon"):
            self._in_weeks_only("week_start", "week_start: mon")
        opening = self._get("calendar", "fiscal_year_start")
        if isinstance(opening, str) and not opening.endswith("-01"):
            self._in_weeks_only("fiscal_year_start", "the first day of a month, e.g. 04-01")

    def _in_weeks_only(self, key: str, instead: str) -> None:
        value = self._get("calendar", key)
        message = f"{shown(value)} needs a scheme in weeks"
        self._add(("calendar", key), value, message, f"write {instead}, or scheme: 4-4-5")

    def _fiscal_years(self) -> FiscalYears:
        """The fiscal years of the policy, or calendar years when its calendar has faults."""
        try:
            return FiscalYears(
                str(self._get("calendar", "fiscal_year_start") or "01-01"),
                str(self._get("calendar", "scheme") or "month"),
                str(self._get("calendar", "fiscal_year_named_by") or "start"),
            )
        except DataError:
            return FiscalYears()

    def _periods(self) -> None:
        fiscal = self._fiscal_years()
        for path, text in self._all("targets.company.*.period"):
            if isinstance(text, str | int):
                try:
                    parse(str(text), fiscal)
                except DataError as error:
                    hint = str(error).partition(". ")[2].replace("Write", "write", 1)
                    self._add(path, text, f"{shown(text)} is not a period", hint)

    def _sums(self) -> None:
        for pattern, field, hint in SUMS:
            for path, parts in self._all(pattern):
                values = [part.get(field) for _, part in _steps(parts, "*") if isinstance(part, dict)]
                given = [value for value in values if _is_number(value)]
                if given and (len(given) < len(values) or abs(sum(given) - 1) > 1e-9):
                    message = f"{_PLURALS[field]} add up to {sum(given):g}, not 1"
                    self._add(path, None, message, hint, key=True)

    def _stages(self) -> None:
        stages = list(self._items("process", "stages"))
        categories = Counter(stage.get("category") for _, stage in stages)
        if stages and (categories["won"] != 1 or not categories["lost"]):
            message = f"{categories['won']} of category won and {categories['lost']} of lost"
            self._add(
                ("process", "stages"), None, message, "write exactly one won and at least one lost", key=True
            )
        for path, stage in stages:
            sure = {"won": 1, "lost": 0}.get(str(stage.get("category")))
            odds = stage.get("p_prior")
            if sure is not None and isinstance(odds, int | float) and odds != sure:
                message = f"{odds:g} contradicts category {stage['category']}"
                self._add((*path, "p_prior"), odds, message, f"write p_prior: {sure}")
        self._synonyms(stages)

    def _synonyms(self, stages: list[tuple[Path, dict[str, Any]]]) -> None:
        owner: dict[str, str] = {}
        for path, stage in stages:
            names = stage.get("synonyms")
            for n, name in enumerate(names if isinstance(names, tuple) else ()):
                here = str(stage.get("id"))
                if isinstance(name, str) and (taken := owner.setdefault(fold(name), here)) != here:
                    message = f"{name!r} already means stage {taken!r}"
                    self._add((*path, "synonyms", n), name, message, "keep it in one stage")

    def _orders(self) -> None:
        for pattern, field, sign in ORDERS:
            for path, items in self._all(pattern):
                entries = [((*path, n, field), item) for n, item in _steps(items, "*")]
                values = [(at, item.get(field)) for at, item in entries if isinstance(item, dict)]
                self._climbs(
                    values, sign, f"after {{before:g}} {field} must {'rise' if sign > 0 else 'fall'}"
                )
        for pattern in CLIMBS:
            for path, numbers in self._all(pattern):
                values = [((*path, key), number) for key, number in _steps(numbers, "*")]
                is_strict = pattern == "forecast.levels"
                if is_strict and not self._climb(values):
                    self._add(
                        path, numbers, "must rise from left to right", "e.g. levels: [0.8, 0.95]", key=True
                    )
                elif not is_strict:
                    self._climbs(values, 0, "{now:g} is less than {before:g} before it")

    def _climb(self, values: list[tuple[Path, Any]]) -> bool:
        numbers = [value for _, value in values if _is_number(value)]
        return len(numbers) < len(values) or all(low < high for low, high in pairwise(numbers))

    def _climbs(self, values: list[tuple[Path, Any]], sign: int, words: str) -> None:
        """Name each number that does not go on in the direction of `sign`; 0 lets equal ones pass."""
        numbers = [(path, value) for path, value in values if _is_number(value)]
        for (_, before), (path, now) in pairwise(numbers):
            if (now < before) if sign == 0 else (now - before) * sign <= 0:
                message = words.format(before=before, now=now)
                self._add(path, now, message, "put the entries in order")

    def _names(self) -> None:
        for pattern, kind in NAMES:
            valid, what = self._valid(kind)
            for path, value in self._all(pattern):
                is_key = pattern.endswith("{}")
                name = path[-1] if is_key else value
                if (valid or kind in OWN) and isinstance(name, str) and name not in valid:
                    hint = nearest(name, valid) if valid else "there is none yet; add it there"
                    self._add(path, name, f"{name!r} is not a {what}", hint, key=is_key)

    def _valid(self, kind: str) -> tuple[list[str], str]:
        """Names of a kind that exist, and what they are called; none where nothing is known."""
        if kind == "measure":
            return sorted(self.measures or ()), "measure"
        if kind == "table":
            return list(self.tables or ()), "table of the canonical tables"
        lists, what = NAMED[kind]
        ids = [value for path in lists for _, value in self._all(f"{path}.*.id")]
        return [str(value) for value in ids], what

    def _authority(self) -> None:
        """Authority rises with rank, and goes below the price floor only for those who may let that pass."""
        ranks = [str(value) for _, value in self._all("org.roles.*.id")]
        granted = {str(path[-1]): (path, value) for path, value in self._all("pricing.discounts.authority.*")}
        in_order = [granted[role] for role in ranks if role in granted]
        self._climbs(in_order, 0, "{now:g} is less than {before:g} of a lower role")
        own = [value for _, value in self._all("pricing.floors.categories.*") if _is_number(value)]
        floor, passes = (
            self._get("pricing", "floors", "default"),
            self._get("pricing", "floors", "approved_by"),
        )
        if not _is_number(floor):
            return
        floor = min([floor, *own])
        for role, (path, rate) in granted.items():
            if _is_number(rate) and rate > 1 - floor + 1e-9 and role not in (passes or ()):
                message = f"{rate:g} off list is below the price floor, {floor:g}"
                hint = f"grant at most {1 - floor:g}, or name {role} in pricing.floors.approved_by"
                self._add(path, rate, message, hint)

    def _waterfall(self) -> None:
        path = ("pricing", "waterfall")
        steps = self._get(*path)
        if isinstance(steps, tuple) and (steps[:1] != ("list",) or len(set(steps)) < len(steps)):
            hint = "e.g. waterfall: [list, sales_discount, invoice]"
            self._add(path, steps, "must start with list and name a step once", hint, key=True)

    def _promotions(self) -> None:
        first, last = (self._get("metadata", "effective", key) for key in ("from", "to"))
        for key in ("from", "to"):
            for path, day in self._all(f"pricing.promotions.*.days.{key}"):
                is_early = isinstance(first, str) and str(day) < first
                if is_early or (isinstance(last, str) and str(day) > last):
                    message = f"{shown(day)} is not within metadata.effective"
                    self._add(path, day, message, "a promotion runs while the policy holds")


#: What the parts of a whole are called.
_PLURALS = {"weight": "weights", "target_share": "shares", "budget_share": "shares", "share": "shares"}


def _steps(at: Any, step: str) -> list[tuple[str | int, Any]]:
    """What a step of a pattern leads to from a value."""
    if step in ("*", "{}"):
        if isinstance(at, dict):
            return list(at.items())
        return list(enumerate(at)) if isinstance(at, tuple) else []
    return [(step, at[step])] if isinstance(at, dict) and step in at else []


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
