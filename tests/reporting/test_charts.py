"""Charts: lengths are proportional to figures, labels are there, nothing overlaps or is cut."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from salesops_lib.reporting.charts import (
    PLOTS,
    plot_bridge,
    plot_fan,
    plot_intervals,
    plot_series,
    plot_standing,
)
from salesops_lib.reporting.charts.canvas import NARROW, WIDE, Box, text_width
from salesops_lib.reporting.style import ROLES, SIZES
from salesops_lib.reporting.voice import Voice

KINDS = [
    "standing",
    "bridge",
    "series",
    "multiples",
    "intervals",
    "fan",
    "flow",
    "curve",
    "profile",
    "decomposition",
    "icicle",
]


def _sample(samples, kind, lang):
    import inspect

    make = getattr(samples, kind)
    return make(lang) if inspect.signature(make).parameters else make()


def _draw(samples, kind, lang="en", narrow=False):
    unit = {"intervals": "ratio", "curve": "ratio", "profile": "ratio"}.get(kind, "money")
    return PLOTS[kind](_sample(samples, kind, lang).frame, voice=Voice(lang, "CNY"), unit=unit, narrow=narrow)


def _boxes(ax) -> list[tuple[str, Box]]:
    found = []
    for text in ax.texts:
        size, words = text.get_fontsize(), text.get_text()
        wide = text_width(words, size, bold=text.get_weight() == "bold")
        x, y = text.get_position()
        left = {"left": x, "right": x - wide, "center": x - wide / 2}[text.get_ha()]
        found.append((words, Box(left, y - size * 0.9, left + wide, y + size * 0.2)))
    return found


def _lengths(ax, group: str) -> dict[str, float]:
    patches = [p for p in ax.patches if str(p.get_gid()).startswith(group + ":")]
    return {p.get_gid().split(":", 1)[1]: p.get_width() for p in patches}


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("kind", KINDS)
def test_no_text_overlaps_or_is_cut(samples, kind, lang, narrow):
    ax = _draw(samples, kind, lang, narrow)
    boxes, width, height = _boxes(ax), NARROW if narrow else WIDE, ax.get_ylim()[0]
    assert boxes
    for (one, a), (two, b) in combinations(boxes, 2):
        assert not a.meets(b), f"{one!r} overlaps {two!r}"
    for words, box in boxes:
        assert box.left >= -0.5, words
        assert box.right <= width + 0.5, words
        assert box.top >= 0, words
        assert box.bottom <= height + 0.5, words


@pytest.mark.parametrize("kind", KINDS)
def test_charts_draw_on_the_axes_given(samples, kind):
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    unit = {"intervals": "ratio", "curve": "ratio", "profile": "ratio"}.get(kind, "money")
    assert PLOTS[kind](_sample(samples, kind, "en").frame, ax=ax, voice=Voice(), unit=unit) is ax


def test_drawing_changes_no_global_setting(samples):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    _draw(samples, "series")
    assert dict(mpl.rcParams) == before


def test_standing_bars_are_as_long_as_their_figures(samples):
    frame = samples.standing().frame
    ax = plot_standing(frame, voice=Voice("en", "CNY"))
    lengths, units = _lengths(ax, "actual"), frame[~frame.is_total].set_index("unit")
    ratios = [lengths[u] / abs(v) for u, v in units.actual.items()]
    assert np.ptp(ratios) < 1e-9 * max(ratios)
    assert "Total" not in lengths
    assert "Northeast and Inner Mongolia, second sales office" not in _lengths(ax, "previous")


def test_standing_variances_are_actual_less_target_in_two_colours(samples):
    ax = plot_standing(samples.standing().frame, voice=Voice("en", "CNY"))
    colours = {p.get_gid(): p.get_facecolor() for p in ax.patches if str(p.get_gid()).startswith("gap:")}
    import matplotlib.colors as mc

    assert colours["gap:East"] == mc.to_rgba(ROLES["good"])
    assert colours["gap:Southwest"] == mc.to_rgba(ROLES["bad"])
    texts = [t.get_text() for t in ax.texts]
    assert "+1.7" in texts  # 14.2 − 12.5
    assert "−23.4%" in texts  # 6.05 / 7.9 − 1
    assert "gap:Northwest" not in colours


def test_a_running_period_is_held_against_the_target_due_by_now():
    frame = pd.DataFrame({"unit": ["a"], "actual": [46_00], "target": [90_00], "expected_share": [0.5]})
    texts = [t.get_text() for t in plot_standing(frame, voice=Voice("en", "USD")).texts]
    assert "+2.2%" in texts  # 46 / 45 − 1
    assert "Δ PL to date" in texts


def test_lower_is_better_turns_the_colours():
    import matplotlib.colors as mc

    frame = pd.DataFrame({"unit": ["a"], "actual": [50.0], "base": [40.0]})
    ax = plot_standing(frame, voice=Voice(), unit="days", better="lower")
    bar = next(p for p in ax.patches if p.get_gid() == "gap:a")
    assert bar.get_facecolor() == mc.to_rgba(ROLES["bad"])


def test_at_most_fifteen_units_and_the_total_are_drawn():
    frame = pd.DataFrame(
        {"unit": [f"u{n}" for n in range(40)] + ["all"], "actual": [1_00.0] * 40 + [40_00.0]}
    )
    frame["is_total"] = [False] * 40 + [True]
    texts = [t.get_text() for t in plot_standing(frame, voice=Voice("en", "USD")).texts]
    assert "u14" in texts
    assert "u15" not in texts
    assert "all" in texts


def test_bridge_steps_join(samples):
    ax = plot_bridge(samples.bridge().frame, voice=Voice("en", "CNY"))
    bars = {p.get_gid(): (p.get_x(), p.get_x() + p.get_width()) for p in ax.patches if p.get_gid()}
    assert bars["start:Previous year"][1] == pytest.approx(bars["effect:Price"][0])
    assert bars["effect:Price"][1] == pytest.approx(bars["effect:Volume"][0])
    assert bars["effect:Volume"][1] == pytest.approx(bars["effect:Mix"][1])  # falls back from the same edge
    assert bars["effect:Exchange rates"][0] == pytest.approx(bars["end:Actual"][1])


def test_bridge_cuts_totals_only_where_effects_would_vanish():
    frame = pd.DataFrame(
        {"step": ["a", "b", "c"], "amount": [100_00, 50_00, 150_00], "role": ["start", "effect", "end"]}
    )
    whole = plot_bridge(frame, voice=Voice())
    lengths = {p.get_gid(): p.get_width() for p in whole.patches if p.get_gid()}
    assert lengths["end:c"] == pytest.approx(1.5 * lengths["start:a"])


def test_series_hatches_what_is_incomplete(samples):
    ax = plot_series(samples.series().frame, voice=Voice("en", "CNY"))
    hatched = [p.get_gid() for p in ax.patches if p.get_hatch()]
    assert hatched == ["actual:2026-03"]
    bold = [t.get_text() for t in ax.texts if t.get_weight() == "bold"]
    assert bold == ["46.6", "Mar"]


def test_series_columns_are_as_high_as_their_figures(samples):
    frame = samples.series().frame
    ax = plot_series(frame, voice=Voice("en", "CNY"))
    heights = {
        p.get_gid().split(":")[1]: p.get_height()
        for p in ax.patches
        if str(p.get_gid()).startswith("actual:")
    }
    ratios = [heights[label] / value for label, value in zip(frame.label, frame.actual, strict=True)]
    assert np.ptp(ratios) < 1e-9 * max(ratios)


def test_boxes_of_an_icicle_are_as_high_as_their_shares_and_fill_their_parents(samples):
    frame = samples.icicle().frame
    ax = PLOTS["icicle"](frame, voice=Voice("en", "CNY"))
    boxes = {p.get_gid(): (p.get_y(), p.get_height() + 1) for p in ax.patches if p.get_gid()}
    for row in frame[frame.share > 0].itertuples():
        top, high = boxes[f"{row.depth}:{row.unit}"]
        if row.depth:
            above, room = boxes[f"{row.depth - 1}:{row.parent}"]
            if high > 2:  # thinner ones are drawn as a line
                assert high == pytest.approx(row.share * room)
            assert above - 1e-6 <= top
            assert top + high <= above + room + 1


def test_every_box_of_an_icicle_tells_its_figures_when_pointed_at(samples):
    from xml.etree import ElementTree as ET

    from salesops_lib.reporting.svg import svg

    frame = samples.icicle().frame
    made = svg(PLOTS["icicle"](frame, voice=Voice("en", "CNY")).figure, id="c", title="t")
    told = [
        path.find("title").text for path in ET.fromstring(made).iter("path") if path.find("title") is not None
    ]
    assert len(told) == len(frame)
    assert any(one.startswith("<script>mark()</script> 00 · ") and "50.0% / " in one for one in told)


def test_an_unknown_estimate_has_no_dot(samples):
    ax = plot_intervals(samples.intervals().frame, voice=Voice(), unit="ratio")
    marks = {p.get_gid() for p in ax.patches if p.get_gid()}
    assert "value:East" in marks
    assert "value:Northwest" not in marks


def test_fan_opens_from_the_last_actual(samples):
    frame = samples.fan().frame
    ax = plot_fan(frame, voice=Voice("en", "CNY"))
    band = next(p for p in ax.patches if p.get_gid() == "band_80")
    xs = band.get_xy()[:, 0]
    first = band.get_xy()[xs == xs.min()]
    assert np.ptp(first[:, 1]) == pytest.approx(0)


@pytest.mark.parametrize("kind", KINDS)
def test_empty_values_draw_without_fault(samples, kind):
    frame = _sample(samples, kind, "en").frame.copy()
    for column in frame.select_dtypes("number"):
        if column not in ("is_total", "x", "y"):
            frame[column] = np.nan
    PLOTS[kind](frame, voice=Voice(), unit="ratio")


def test_chinese_characters_are_measured_whole():
    assert text_width("华东", SIZES["text"]) == 2 * SIZES["text"]


def test_a_unit_beyond_the_curve_stands_hollow_at_the_border(samples):
    ax = PLOTS["profile"](samples.profile().frame, voice=Voice(), unit="ratio")
    dots = {p.get_gid(): p for p in ax.patches if str(p.get_gid()).startswith("unit:")}
    assert len(dots) == 3
    line = ax.lines[-1].get_xdata()
    assert dots["unit:2"].center[0] == pytest.approx(max(line))
    assert [dots[f"unit:{n}"].get_facecolor() == dots[f"unit:{n}"].get_edgecolor() for n in range(3)] == [
        True,
        True,
        False,
    ]
