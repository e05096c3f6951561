"""The format of a policy for editors: a JSON Schema with descriptions and examples."""

from __future__ import annotations

import json


def schema() -> str:
    """The JSON Schema of a policy file, as text.

    A first line `# yaml-language-server: $schema=policy.schema.json` makes editors that speak the
    YAML language server complete keys and mark mistakes.  Checks between blocks are not in it.

    Examples
    --------
    >>> '"title": "salespolicy/v1"' in schema()
    True
    """
    from salesops_lib.policy.model import Policy

    found = Policy.model_json_schema(by_alias=True)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "salespolicy-v1.json"}
    return json.dumps({**head, **found, "title": "salespolicy/v1"}, ensure_ascii=False, indent=2)
