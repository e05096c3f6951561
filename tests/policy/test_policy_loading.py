"""Sound policies: the sample company's, the default, and what the model answers."""

from __future__ import annotations

import pickle
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from pydantic import ValidationError

from salesops_lib import policy
from salesops_lib.errors import PolicyError
from salesops_lib.metrics.registry import REGISTRY
from salesops_lib.periods import Calendar

ROOT_POLICY = Path(__file__).parents[2] / "policy.yaml"
MEASURES = frozenset(REGISTRY)


@pytest.fixture(scope="module")
def sample() -> policy.Policy:
    return policy.load(ROOT_POLICY, known_measures=MEASURES)


def test_the_sample_policy_is_sound(sample):
    assert policy.faults(ROOT_POLICY, known_measures=MEASURES) == []
    assert (sample.version, sample.semantics.currency) == ("2025.1.0", "CNY")
    assert (sample.metadata.effective.start, sample.metadata.effective.end) == (
        date(2025, 1, 1),
        date(2025, 12, 31),
    )
    assert [stage.id for stage in sample.process.stages] == [
        "lead",
        "needs",
        "demo",
        "quote",
        "contract",
        "won",
        "lost",
    ]
    assert sample.path == ROOT_POLICY
    assert sample.sha256 == sha256(ROOT_POLICY.read_bytes()).hexdigest()


def test_the_default_policy_knows_neither_country_nor_currency():
    default = policy.load()
    assert (default.semantics.currency, default.semantics.is_currency_known) == ("XXX", False)
    calendar = Calendar(**default.calendar_settings())
    assert calendar.is_workday(date(2025, 10, 1))
    assert not calendar.is_workday(date(2025, 10, 4))
    assert not default.targets.company


def test_calendar_settings_make_the_company_calendar(sample):
    calendar = Calendar(**sample.calendar_settings())
    assert calendar.is_workday(date(2025, 1, 26))
    event = calendar.frame(date(2025, 1, 24), date(2025, 10, 1)).set_index("date")["event"]
    assert [event.loc[day] for day in ("2025-01-24", "2025-02-18", "2025-06-18", "2025-10-01")] == [
        "spring_festival",
        "spring_festival",
        "mid_year_sale",
        "national_day",
    ]
    assert event.loc["2025-02-19":"2025-05-31"].isna().all()


def test_names_in_both_languages(sample):
    assert sample.display_name("region", "East", "zh") == "华东"
    assert sample.display_name("channel", "agents", "en") == "Agents"
    assert sample.display_name("rival", "恒力传动", "en") == "Hengli Drives (fictional)"
    assert sample.display_name("event", "singles_day", "zh") == "双11"
    assert sample.display_name("category", "Unheard of", "zh") == "Unheard of"


def test_stages_by_any_name(sample):
    assert sample.process.stage(" 赢单").id == "won"
    assert sample.process.stage("PROPOSAL").id == "quote"
    assert sample.process.stage("closed  lost").is_open is False
    assert sample.process.stage("Limbo") is None


def test_lookups_with_defaults(sample):
    assert sample.pricing.floors.of("Sensors") == sample.pricing.floors.of(None) == 0.70
    assert (sample.data.freshness_of("order_lines"), sample.data.freshness_of("surveys")) == (3, 35)


@pytest.mark.parametrize(("currency", "digits"), [("CNY", 2), ("XXX", 2), ("JPY", 0), ("KWD", 3)])
def test_minor_digits_follow_the_currency(sample, currency, digits):
    assert sample.semantics.model_copy(update={"currency": currency}).minor_digits == digits


def test_a_policy_cannot_be_changed(sample):
    with pytest.raises(ValidationError, match="frozen"):
        sample.report.top_n = 3


def test_a_policy_travels_between_processes(sample):
    copy = pickle.loads(pickle.dumps(sample))
    assert (copy, copy.sha256, copy.path) == (sample, sample.sha256, sample.path)


def test_every_field_is_described_and_the_schema_can_be_made():
    schema = policy.Policy.model_json_schema(by_alias=True)
    bare = [
        f"{name}.{key}"
        for name, model in {**schema["$defs"], "Policy": schema}.items()
        for key, field in model["properties"].items()
        if not field.get("description") and "$ref" not in field  # a block says what it is itself
    ]
    assert bare == []


def test_loading_raises_one_screen_with_all_faults(tmp_path):
    file = tmp_path / "policy.yaml"
    text = ROOT_POLICY.read_text(encoding="utf-8")
    text = text.replace("bookings: {weight", "boookings: {weight").replace("language: en", "language: cn")
    file.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        policy.load(file, known_measures=MEASURES)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{file}: 2 faults. Put right, then run `salesops check`."
    assert lines[1].startswith(
        "policy.yaml:87:5 targets.measures.boookings: 'boookings' is not a measure; did you mean 'bookings'?"
    )
    assert "'cn' is not allowed" in lines[2]


def test_more_faults_than_a_screen_holds_are_counted(tmp_path):
    file = tmp_path / "policy.yaml"
    file.write_text("\n".join(f"key_{n}: 1" for n in range(40)), encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        policy.load(file)
    lines = str(caught.value).splitlines()
    assert len(lines) == 22
    assert lines[-1] == "… and 23 more."
