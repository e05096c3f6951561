"""Pages as PDF: whole, with their text, and a clear word where it cannot be done."""

from __future__ import annotations

import shutil
import stat
import subprocess

import pytest
from opening import in_browser

from salesops_lib.errors import RunError
from salesops_lib.reporting import pdf, render
from salesops_lib.reporting.pdf import browser as browser_name


@pytest.fixture
def page(tmp_path):
    section = "<section class='so sec'><h2>Bookings reached 68.0M 签约额</h2></section>"
    mark = {"salesops": {"part": "section", "id": "one", "label": "One", "number": 1}}
    output = {"output_type": "display_data", "data": {"text/html": section}, "metadata": mark}
    path = tmp_path / "a page {1} 华东.html"
    path.write_text(
        render({"cells": [{"cell_type": "code", "outputs": [output]}]}, lang="en", title="Review of March"),
        "utf-8",
    )
    return path


@pytest.mark.browser
@in_browser[1]
def test_a_page_becomes_a_pdf_with_its_text(page, tmp_path):
    target = pdf(page, tmp_path / "a.pdf")
    content = target.read_bytes()
    assert content[:5] == b"%PDF-"
    if shutil.which("pdftotext"):
        said = subprocess.run(
            ["pdftotext", str(target), "-"], capture_output=True, text=True, check=True
        ).stdout
        assert "Review of March" in said
        assert "Bookings reached 68.0M" in said
        assert "file://" not in said  # no header or footer of the browser's own
    else:
        assert len(content) > 10_000
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".html", ".pdf"]


def test_without_a_browser_it_says_what_to_do(page, tmp_path, monkeypatch):
    monkeypatch.setenv("SALESOPS_CHROMIUM", str(tmp_path / "none"))
    assert browser_name() == ""
    with pytest.raises(RunError, match="SALESOPS_CHROMIUM"):
        pdf(page, tmp_path / "a.pdf")


@pytest.mark.parametrize(
    ("script", "said"), [("echo gone wrong >&2", "gone wrong"), ("sleep 60", "longer than 0.5 s")]
)
def test_a_browser_that_fails_or_hangs_leaves_the_last_pdf(page, tmp_path, monkeypatch, script, said):
    fake = tmp_path / "chromium"
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("SALESOPS_CHROMIUM", str(fake))
    target = tmp_path / "a.pdf"
    target.write_bytes(b"last one")
    with pytest.raises(RunError, match=said):
        pdf(page, target, seconds=0.5)
    assert target.read_bytes() == b"last one"
