"""Every rule of the policy has its words in both languages, and no word is left over."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from salesops_lib import policy
from salesops_lib.policy.validation import _bare, _item
from salesops_lib.policy.values import Named, Span, Text
from salesops_lib.reporting import catalogue
from salesops_lib.reporting.policy_document import OMITTED
from salesops_lib.reporting.policy_words import FORMATS, Clerk

#: Groups of messages that no path of the model has.
OWN_WORDS = (
    "policy.document.",
    "policy.word.",
    "policy.rows.",
    "policy.language.",
    "policy.attainment.",
    "policy.changes.",
)
SAMPLE = policy.load(Path(__file__).parents[2] / "policy.yaml")


@pytest.fixture(autouse=True)
def own_messages():
    """The suite's own catalogue and registry, not the samples'."""


def _fields(model: type[BaseModel], path: str) -> Iterator[tuple[str, Any]]:
    """Paths of all rules, columns, tables and blocks below a block, and their annotations."""
    own = [
        name for name in model.model_fields if not (issubclass(model, Named) and name in Named.model_fields)
    ]
    if issubclass(model, Named) and own:
        yield f"{path}.name", str
    for name in own:
        yield from _below(model.model_fields[name].annotation, f"{path}.{name}".strip("."))


def _below(annotation: Any, path: str) -> Iterator[tuple[str, Any]]:
    if path in OMITTED:
        return
    yield path, annotation
    origin = get_origin(_bare(annotation))
    item = _item(annotation) if origin in (tuple, Mapping) else annotation
    inner = _models(item)
    if origin is Mapping:
        yield f"{path}.key", get_args(_bare(annotation))[0]
        if not inner:
            yield f"{path}.value", item
    for model in inner:
        if not issubclass(model, Text | Span):
            yield from _fields(model, path)


def _models(annotation: Any) -> tuple[type[BaseModel], ...]:
    """The blocks that stand for an annotation: one, the kinds of a list, or none."""
    if get_origin(annotation) is Annotated:
        return _models(get_args(annotation)[0])
    parts = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
    return tuple(part for part in parts if isinstance(part, type) and issubclass(part, BaseModel))


def _literals(annotation: Any) -> tuple[Any, ...]:
    """The words that a value may be; none where it is free."""
    bare = _bare(annotation)
    if get_origin(bare) is Annotated:
        return _literals(get_args(bare)[0])
    if get_origin(bare) is tuple:
        return _literals(get_args(bare)[0])
    if bare is bool:
        return ("true", "false")
    return get_args(bare) if get_origin(bare) is Literal else ()


RULES = {path: kind for path, kind in _fields(policy.Policy, "") if path not in ("api_version", "kind")}


def test_the_model_has_the_sections_of_a_sales_policy():
    sections = {path for path in RULES if "." not in path}
    assert {
        "targets",
        "process",
        "pricing",
        "customers",
        "market",
        "forecast",
        "training",
        "appraisal",
        "risk",
    } <= sections
    assert {
        "channels",
        "contracts",
        "orders",
        "after_sales",
        "collections",
        "expenses",
        "marketing",
    } <= sections
    assert {"tools", "data", "report"} <= sections
    assert len(RULES) > 300


def test_every_rule_has_a_sentence_for_whatever_it_may_say():
    messages = catalogue.messages()
    bare = [
        path
        for path, kind in RULES.items()
        if f"policy.{path}" not in messages
        and not (_literals(kind) and all(f"policy.{path}.{word}" in messages for word in _literals(kind)))
    ]
    assert bare == []


def test_every_word_that_a_value_may_be_is_translated():
    messages, bare = catalogue.messages(), set()
    for path, kind in RULES.items():
        template = messages.get(f"policy.{path}", {}).get("en", "")
        if ":word}" in template:
            bare |= {word for word in _literals(kind) if f"policy.word.{word}" not in messages}
        assert not (_literals(kind) and ":name}" in template), path
        assert _literals(kind) or ":word}" not in template, path
    assert bare == set()


def test_no_sentence_is_left_of_a_rule_that_is_gone():
    known = {*RULES, *OMITTED}
    stray = [
        key
        for key in catalogue.messages()
        if key.startswith("policy.")
        and not key.startswith(OWN_WORDS)
        and key.removeprefix("policy.") not in known
        and key.removeprefix("policy.").rpartition(".")[0] not in known
    ]
    assert stray == []


def test_formats_of_sentences_are_those_of_a_clerk():
    specs = {
        spec
        for key, texts in catalogue.messages().items()
        if key.startswith("policy.")
        for text in texts.values()
        for _, name, spec in catalogue.fields(text)
        if name and "|" not in spec
    }
    assert specs - {""} <= FORMATS


@pytest.mark.parametrize(
    ("value", "spec", "en", "zh"),
    [
        (0.125, "share", "12.5%", "12.5%"),
        (0.0005, "share", "0.05%", "0.05%"),
        (-0.1, "signed", "−10%", "−10%"),
        (661_000_000, "amount", "¥661,000,000", "661,000,000元"),
        (12.5, "amount", "¥12.50", "12.50元"),
        (1, "day|days", "1 day", "1 day"),
        (2.5, "day|days", "2.5 days", "2.5 days"),
        (("ae", "finance"), "name", "Account executive and Finance", "销售代表、财务部"),
        (("ae", "am", "manager"), "anyone", "Account executive, Key account manager or Team manager", "销售代表、大客户经理或团队经理"),
        ((), "name", "–", "–"),
        (None, "share", "–", "–"),
        ("04-01", "month_day", "1 April", "4月1日"),
        ("2025-Q1", "period", "Q1 2025", "2025年第一季度"),
        ("CN", "country", "China", "中国"),
        (True, "word", "yes", "是"),
        ("unheard", "name", "unheard", "unheard"),
        (0.05, "points", "5\u00a0pp", "5个百分点"),
    ],
)  # fmt: skip
def test_values_are_exact_in_both_languages(value, spec, en, zh):
    assert [Clerk(SAMPLE, lang).say(value, spec) for lang in ("en", "zh")] == [en, zh]


def test_limits_are_written_in_the_unit_of_what_they_limit():
    clerk = Clerk(SAMPLE, "en")
    assert clerk.say(0.9, "limit", {"method": "threshold", "measure": "gross_retention"}) == "90%"
    assert clerk.say(1000, "limit", {"method": "threshold", "measure": "receivables"}) == "¥1,000"
    assert clerk.say(0.25, "limit", {"method": "change", "measure": "receivables"}) == "+25%"
    assert clerk.say(3, "limit", {"method": "run", "measure": "win_rate"}) == "3"
    assert clerk.say(60, "beyond", {"when": "payment_days"}) == "60"
    assert clerk.say(0.3, "beyond", {"when": "discount_rate"}) == "30%"


def test_a_rule_without_words_is_still_said():
    assert Clerk(SAMPLE, "en").rule("payments.hold_days", 30) == "Hold days: 30"
