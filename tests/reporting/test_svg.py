"""SVG of charts: live text, roles for colours, ids of its own, the same bytes every time."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from salesops_lib.reporting.charts import plot_series, plot_standing
from salesops_lib.reporting.svg import svg
from salesops_lib.reporting.voice import Voice


def _made(samples, lang="zh"):
    ax = plot_standing(samples.standing(lang).frame, voice=Voice(lang, "CNY"))
    return svg(ax.figure, id="c-1", title="达成 <b>", description="a & b")


def test_text_is_text_and_complete(samples):
    root = ET.fromstring(_made(samples))
    texts = {e.text for e in root.iter("text")}
    assert {"华东大区", "1,420", "+13.6%", "合计"} <= texts


def test_it_says_what_it_shows(samples):
    root = ET.fromstring(_made(samples))
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "c-1-t c-1-d"
    assert root.find("title").text == "达成 <b>"
    assert root.find("desc").text == "a & b"


def test_colours_are_roles_only(samples):
    text = _made(samples)
    assert not re.search(r"#[0-9a-f]{3,8}\b", text)
    assert "style=" not in text
    assert {"f-actual", "f-previous", "f-good", "f-bad"} <= set(re.findall(r"f-\w+", text))


def test_hatching_belongs_to_its_own_picture(samples):
    ax = plot_series(samples.series().frame, voice=Voice("en", "CNY"))
    text = svg(ax.figure, id="c-9", title="t")
    assert 'fill="url(#c-9-h)"' in text
    assert '<pattern id="c-9-h"' in text


def test_same_bytes_every_time(samples):
    assert _made(samples) == _made(samples)


def test_hostile_names_stay_text(samples):
    frame = samples.standing().frame
    for name in samples.HOSTILE:
        frame.loc[0, "unit"] = name
        text = svg(plot_standing(frame, voice=Voice()).figure, id="c", title=name)
        root = ET.fromstring(text)
        assert {e.tag for e in root.iter()} <= {
            "svg",
            "title",
            "desc",
            "defs",
            "pattern",
            "path",
            "rect",
            "text",
        }


def test_a_picture_is_small(samples):
    assert len(_made(samples)) < 20_000
