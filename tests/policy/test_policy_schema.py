"""The JSON Schema for editors accepts what we accept, and marks what we refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from salesops_lib import policy
from salesops_lib.policy import yaml_tree

ROOT_POLICY = Path(__file__).parents[2] / "policy.yaml"
SCHEMA = json.loads(policy.schema())


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    return [_as_json(item) for item in value] if isinstance(value, tuple) else value


def _faults(text: str) -> list[str]:
    tree = yaml_tree.read(text.encode())
    return [error.json_path for error in Draft202012Validator(SCHEMA).iter_errors(_as_json(tree.data))]


def test_the_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("file", [ROOT_POLICY, policy.DEFAULT], ids=["sample", "default"])
def test_our_own_policies_fit_it(file):
    assert _faults(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("amounts: net", "amounts: nett", "$.semantics.amounts"),
        ("vat: 0.13", "vat: 1.3", "$.semantics.vat"),
        ("horizon_months: 6", "horizon_monthz: 6", "$.forecast"),
        ("weekend: [sat, sun]", "weekend: sat", "$.calendar.weekend"),
        ("A: {days: 60, limit", "D: {days: 60, limit", "$.collections.credit"),
    ],
)
def test_mistakes_are_marked(old, new, path):
    text = ROOT_POLICY.read_text(encoding="utf-8")
    assert old in text
    assert _faults(text.replace(old, new)) == [path]


def test_every_block_describes_itself():
    assert [name for name, block in SCHEMA["$defs"].items() if not block.get("description")] == []
