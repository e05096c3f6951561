"""Samples for the tests of reports, with messages and a registry of their own."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from salesops_lib import metrics
from salesops_lib.reporting import catalogue


def _samples():
    spec = importlib.util.spec_from_file_location("reporting_samples", Path(__file__).parent / "samples.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def samples():
    """The module of sample exhibits."""
    return _samples()


@pytest.fixture(autouse=True)
def own_messages(monkeypatch, samples):
    """The catalogue with the samples' messages, and a registry of six metrics."""
    known = {**catalogue.messages(), **samples.messages()}
    monkeypatch.setattr(catalogue, "messages", lambda: known)
    monkeypatch.setattr(metrics, "REGISTRY", samples.REGISTRY, raising=False)


@pytest.fixture
def notebook(monkeypatch, samples):
    """Makes an executed notebook's JSON, as papermill would leave it, of all samples in a language."""

    def make(lang: str = "en", exhibits=None, output="") -> dict:
        from salesops_lib.reporting import Page
        from salesops_lib.reporting.edition import Edition

        outputs: list[dict] = []

        def caught(self, html, **mark):
            data = {"text/html": str(html), "text/plain": "<IPython.core.display.HTML object>"}
            outputs.append({"output_type": "display_data", "data": data, "metadata": {"salesops": mark}})

        monkeypatch.setattr(Edition, "_display", caught)
        page = Page(samples.workspace(lang), "10_performance_review")
        page.headline(
            samples.scorecard().findings[0],
            movers=samples.standing(lang).findings,
            asks=samples.actions(lang),
        )
        for exhibit in exhibits if exhibits is not None else samples.exhibits(lang):
            page.section(exhibit)
        page.close(output)
        return {
            "cells": [{"cell_type": "code", "source": "secret_code()", "outputs": outputs}],
            "metadata": {},
        }

    return make
