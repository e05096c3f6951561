"""The sample company, shared with the tests of notebooks."""

from __future__ import annotations

from tests.notebooks.built_once import sample_company  # noqa: F401
