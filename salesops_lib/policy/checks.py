"""Checks between blocks: what no single value can tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from salesops_lib.errors import DataError, nearest
from salesops_lib.periods.fiscal import FiscalYears
from salesops_lib.periods.parsing import parse
from salesops_lib.policy.faults import Fault, dotted, shown
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
        self._targets()
        self._stages()
        self._bands()
        self._names()
        return self.faults

    def _get(self, *path: str | int) -> Any:
        value = self.tree.data
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def _items(self, *path: str) -> Iterator[tuple[Path, dict[str, Any]]]:
        items = self._get(*path)
        for n, item in enumerate(items if isinstance(items, tuple) else ()):
            if isinstance(item, dict):
                yield (*path, n), item

    def _keys(self, *path: str) -> list[str]:
        found = self._get(*path)
        return list(found) if isinstance(found, dict) else []

    def _add(self, path: Path, value: Any, message: str, hint: str = "", *, key: bool = False) -> None:
        self.faults.append(Fault(*self.tree.place(path, key=key), dotted(path), value, message, hint))

    def _spans(self) -> None:
        first, last = self._get("metadata", "effective", "from"), self._get("metadata", "effective", "to")
        if isinstance(first, str) and isinstance(last, str) and last < first:
            path = ("metadata", "effective", "to")
            self._add(
                path, last, f"{shown(last)} lies before from, {first}", "write the first day under from"
            )

    def _unique_ids(self) -> None:
        lists = [
            *(("org", name) for name in ("regions", "channels", "categories", "teams", "roles")),
            ("targets", "company"),
            ("process", "stages"),
            ("calendar", "events"),
            ("market", "rivals"),
        ]
        for path in lists:
            self._unique(path, "id")
        self._unique(("process", "stages"), "rank")

    def _unique(self, path: tuple[str, ...], field: str) -> None:
        first: dict[Any, int] = {}
        for where, item in self._items(*path):
            value = item.get(field)
            if not isinstance(value, str | int):
                continue
            line = self.tree.place((*where, field))[0]
            if value in first:
                message = f"{shown(value)} is used already on line {first[value]}"
                self._add((*where, field), value, message, f"give every entry its own {field}")
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

    def _targets(self) -> None:
        fiscal = self._fiscal_years()
        for measure in self._keys("targets", "measures"):
            self._measure(("targets", "measures", measure), measure, key=True)
        for path, target in self._items("targets", "company"):
            self._measure((*path, "measure"), target.get("measure"))
            self._member(
                (*path, "owner"), target.get("owner"), self._ids("org", "roles"), "role", "org.roles"
            )
            if isinstance(text := target.get("period"), str | int):
                try:
                    parse(str(text), fiscal)
                except DataError as error:
                    hint = str(error).partition(". ")[2].replace("Write", "write", 1)
                    self._add((*path, "period"), text, f"{shown(text)} is not a period", hint)
        self._weights()

    def _weights(self) -> None:
        weights = {
            name: self._get("targets", "measures", name, "weight")
            for name in self._keys("targets", "measures")
        }
        given = {name: weight for name, weight in weights.items() if isinstance(weight, int | float)}
        if given and (len(given) < len(weights) or abs(sum(given.values()) - 1) > 1e-9):
            message = f"weights add up to {sum(given.values()):g}, not 1"
            self._add(
                ("targets", "measures"),
                None,
                message,
                "give every measure a weight; all together make 1",
                key=True,
            )

    def _measure(self, path: Path, name: Any, *, key: bool = False) -> None:
        if self.measures is not None and isinstance(name, str) and name not in self.measures:
            self._add(path, name, f"{name!r} is not a measure", nearest(name, sorted(self.measures)), key=key)

    def _ids(self, *path: str) -> list[str]:
        return [str(item["id"]) for _, item in self._items(*path) if "id" in item]

    def _member(
        self, path: Path, name: Any, valid: Iterable[str], what: str, listed: str, *, key: bool = False
    ) -> None:
        choices = list(valid)
        if choices and isinstance(name, str) and name not in choices:
            message = f"{name!r} is not a {what} of {listed}"
            self._add(path, name, message, nearest(name, choices), key=key)

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

    def _bands(self) -> None:
        levels = self._get("forecast", "levels")
        if not isinstance(levels, tuple) or not all(isinstance(level, int | float) for level in levels):
            return
        if any(later <= earlier for earlier, later in pairwise(levels)):
            message = "must rise from left to right"
            self._add(("forecast", "levels"), levels, message, "e.g. levels: [0.8, 0.95]", key=True)

    def _names(self) -> None:
        roles, categories = self._ids("org", "roles"), self._ids("org", "categories")
        for name in self._keys("pricing", "discounts", "authority"):
            self._member(
                ("pricing", "discounts", "authority", name), name, roles, "role", "org.roles", key=True
            )
        for name in self._keys("pricing", "floors", "categories"):
            self._member(
                ("pricing", "floors", "categories", name),
                name,
                categories,
                "product line",
                "org.categories",
                key=True,
            )
        owner = ("report", "actions", "default_owner")
        self._member(owner, self._get(*owner), roles, "role", "org.roles")
        for name in self._keys("data", "freshness_days") if self.tables else ():
            self._member(
                ("data", "freshness_days", name),
                name,
                self.tables or (),
                "table",
                "the canonical tables",
                key=True,
            )
