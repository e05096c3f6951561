"""Single values of a policy changed from outside: what is set, what is refused, and that no file is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesops_lib.errors import PolicyError
from salesops_lib.policy import load
from salesops_lib.policy.override import load_changed

FILE = Path(__file__).parents[2] / "policy.yaml"


@pytest.mark.parametrize(
    ("change", "read"),
    [
        ("pricing.floors.default=0.8", lambda p: p.pricing.floors.default == 0.8),
        ("pricing.floors.categories.Sensors = 0.75", lambda p: p.pricing.floors.categories == {"Sensors": 0.75}),
        ("process.stages[0].p_prior=0.25", lambda p: p.process.stages[0].p_prior == 0.25),
        ("process.stages[id=needs].p_prior=0.25", lambda p: p.process.stages[1].p_prior == 0.25),
        ("process.stages[needs].en=A = b", lambda p: p.process.stages[1].en == "A = b"),
        ("customers.grades.cuts=[0.7, 0.9]", lambda p: p.customers.grades.cuts == (0.7, 0.9)),
        ("incentives.rules.tier_edge=upper_inclusive", lambda p: p.incentives.rules.tier_edge == "upper_inclusive"),
        ("replay.history={from: 2024-01-01}", lambda p: str(getattr(p.replay.history, "start", "")) == "2024-01-01"),
    ],
)  # fmt: skip
def test_a_value_is_set_and_nothing_else(change, read):
    before = FILE.read_bytes()
    changed, plain = load_changed(FILE, [change]), load(FILE)
    assert read(changed)
    assert not read(plain)
    assert FILE.read_bytes() == before
    first = change.partition(".")[0]
    assert changed.model_dump(exclude={first, "metadata"}) == plain.model_dump(exclude={first, "metadata"})


def test_version_and_hash_say_that_it_is_changed():
    plain, one = load(FILE), load_changed(FILE, ["pricing.floors.default=0.8"])
    other = load_changed(FILE, ["pricing.floors.default=0.79"])
    assert one.version.startswith(f"{plain.version}+set.")
    assert len({plain.version, one.version, other.version}) == 3
    assert len({plain.sha256, one.sha256, other.sha256}) == 3
    assert load_changed(FILE, ["pricing.floors.default=0.8"]).sha256 == one.sha256


def test_a_value_set_to_itself_is_the_policy_of_the_file():
    plain, same = load(FILE), load_changed(FILE, ["pricing.floors.default=0.70", "report.top_n=10"])
    assert (same, same.version, same.sha256) == (plain, plain.version, plain.sha256)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("pricing.flors.default=0.8", "did you mean 'pricing.floors'"),
        ("process.stages[id=led].p_prior=0.1", r"did you mean 'process.stages\[id=lead\]'"),
        ("process.stages[99].p_prior=0.1", r"Valid: process.stages\[id=lead\]"),
        ("process.stages[lead].p_prio=0.1", r"did you mean 'process.stages\[0\].p_prior'"),
        ("pricing.floors.default.x=1", "pricing.floors.default is a single value"),
        ("report.language[0]=x", "report.language is no list"),
        ("pricing.floors.default", "is not of the form path=value"),
        ("a..b=1", "is not of the form path=value"),
        ("=1", "is not of the form path=value"),
        ("pricing.floors.default=0.8\nreport: {}", "has several lines"),
        ("pricing.floors.default=!!python/object/apply:os.system [id]", "must be a number"),
        ("pricing.floors.default=a: b", "cannot be read as a value"),
        ("pricing.floors.default=!!python/object:x y", "cannot be read as a value"),
        ("pricing.floors.default=*x", "cannot be read as a value"),
        ("pricing.floors.default=9", "9 must be at most 1"),
        ("metadata.version=2025.2", "put it in quotes"),
    ],
)
def test_what_is_not_a_change_is_refused_with_the_way_out(change, said):
    with pytest.raises(PolicyError, match=said):
        load_changed(FILE, [change])


def test_all_faults_of_the_changed_policy_are_told_at_once():
    changes = ["pricing.floors.default=9", "customers.grades.cuts=[0.9, 0.8]", "report.language=fr"]
    with pytest.raises(PolicyError) as told:
        load_changed(FILE, changes)
    assert all(
        where in str(told.value)
        for where in ("9 must be at most 1", "customers.grades.cuts", "report.language")
    )
    assert all(f"--set {change}" in str(told.value) for change in changes)
