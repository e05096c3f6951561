"""Every fault of a file at once, each with its place and what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_lib import policy
from salesops_lib.policy import yaml_tree

ROOT_POLICY = Path(__file__).parents[2] / "policy.yaml"

HEAD = """\
apiVersion: salespolicy/v1
kind: SalesPolicy
metadata:
  id: x
  version: 2025.1.0
  title: {en: A, zh: 甲}
  effective: {from: 2025-01-01}
"""
MEASURES = frozenset({"bookings", "net_sales", "gross_margin"})
TABLES = frozenset({"order_lines", "invoices"})


@pytest.fixture
def told(tmp_path):
    """Faults of `HEAD` + text as printed lines; HEAD has 7 lines."""

    def tell(text: str, head: str = HEAD) -> list[str]:
        file = tmp_path / "policy.yaml"
        file.write_bytes((head + text).encode())
        return [str(fault) for fault in policy.faults(file, known_measures=MEASURES, known_tables=TABLES)]

    return tell


def test_a_sound_head_has_no_faults(told):
    assert told("") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("semantics: {currencyy: CNY}", "8:13 semantics.currencyy: is not a key of this block; did you mean 'currency'?"),
        ("reports: {}", "8:1 reports: is not a key of this block; did you mean 'report'?"),
        ("semantics: {vat: 1.3}", "8:18 semantics.vat: 1.3 must be at most 1; e.g. vat: 0.13"),
        ("semantics: {vat: 13%}", "8:18 semantics.vat: '13%' must be a number; e.g. vat: 0.13"),
        ("semantics: {amounts: nett}", "8:22 semantics.amounts: 'nett' is not allowed; did you mean 'net'?"),
        ("semantics: {currency: rmb}", "8:23 semantics.currency: 'rmb' is not written as it should be; e.g. currency: CNY"),
        ("semantics: {as_of: 2025-02-30}", "8:20 semantics.as_of: '2025-02-30' is not a date"),
        ("semantics: {as_of: 31/12/2025}", "8:20 semantics.as_of: '31/12/2025' is not a date"),
        ("calendar: {fiscal_year_start: 04-31}", "'04-31' is not a month and day; e.g. fiscal_year_start: 04-01"),
        ("calendar: {fiscal_year_start: 04-15}", "8:31 calendar.fiscal_year_start: '04-15' needs a scheme in weeks; write the first day of a month, e.g. 04-01"),
        ("calendar: {week_start: sun}", "8:24 calendar.week_start: 'sun' needs a scheme in weeks; write week_start: mon, or scheme: 4-4-5"),
        ("calendar: {scheme: 4-4-5, fiscal_year_start: 13-01}", "'13-01' is not a month and day"),
        ("calendar: {align: fiscal_week}", "needs a scheme in weeks; write align: workday"),
        ("calendar: {weekend: [saturday]}", "8:22 calendar.weekend[0]: 'saturday' is not allowed; did you mean 'sat'?"),
        ("calendar: {weekend: sat}", "calendar.weekend: 'sat' must be a list"),
        ("calendar: {holidays: {2025-13-01: fair}}", "8:23 calendar.holidays.2025-13-01: '2025-13-01' is not a date"),
        ("calendar: {events: [{id: a, en: A, zh: 甲, from: 10-01}]}", "needs either from and to, or festival_days"),
        ("calendar: {events: [{id: a, en: A, zh: 甲, from: null, to: null}]}", "needs either from and to"),
        ("calendar: {events: [{id: a, en: A, zh: 甲, festival_days: [1]}]}", "festival_days[1]: is missing"),
        ("targets: {measures: {boookings: {weight: 1}}}", "8:22 targets.measures.boookings: 'boookings' is not a measure; did you mean 'bookings'?"),
        ("targets: {measures: {bookings: {weight: 0.5}, net_sales: {weight: 0.4}}}", "weights add up to 0.9, not 1"),
        ("targets: {measures: {bookings: {weight: 1}, net_sales: {}}}", "give every measure a weight"),
        ("targets: {over_assignment: {rep: 2}}", "2 must be at most 1.5"),
        ("process: {coverage: {needed: 2, red_below: 3}}", "8:21 process.coverage: red_below, 3, is above needed, 2"),
        ("process: {win_rate_days: 90.5}", "8:26 process.win_rate_days: 90.5 must be a whole number"),
        ("customers: {grades: {cuts: [0.95, 0.8]}}", "[0.95, 0.8] must rise from left to right; e.g. cuts: [0.8, 0.95]"),
        ("customers: {quiet_after: 1}", "1 must be more than 1"),
        ("report: {comment_band: [1.1, 0.9]}", "must rise from left to right; e.g. comment_band: [0.9, 1.1]"),
        ("report: {top_n: yes}", "8:17 report.top_n: 'yes' must be a whole number"),
        ("forecast: {levels: [0.95, 0.8]}", "8:12 forecast.levels: must rise from left to right"),
        ("forecast: {levels: []}", "too short"),
        ("data: {grades: {A: 0.9, B: 0.97}}", "8:16 data.grades: grades must fall from A to C, not 0.9, 0.97, 0.9"),
        ("data: {freshness_days: {order_line: 3}}", "'order_line' is not a table of the canonical tables; did you mean 'order_lines'?"),
        ("data:", "8:1 data: has no value"),
        ("market: {rivals: [{id: a, en: A, zh: 甲}, {id: a, en: B, zh: 乙}]}", "'a' is used already on line 8; give every entry its own id"),
        ("org: {regions: [{id: 0123, en: A, zh: 甲}]}", "8:22 org.regions[0].id: 0123 must be text, not a number; put it in quotes: '0123'"),
        ("org: {regions: [{id: E, en: East, zh: 华东,东}]}", "put text that holds a comma in quotes"),
        ("org: {regions: East}", "8:16 org.regions: 'East' must be a list"),
        ("org: East", "8:6 org: 'East' must be a block of keys"),
    ],
)  # fmt: skip
def test_single_faults(told, text, expected):
    lines = told(text)
    assert any(expected in line for line in lines), lines
    assert len(lines) == 1


def test_company_targets_are_checked(told):
    lines = told(
        "org: {roles: [{id: mgr, en: M, zh: 经}]}\n"
        "targets:\n"
        "  company:\n"
        "    - {id: a, measure: bookings, value: -3, period: 2025, owner: ceo}\n"
        "    - {id: a, measure: booking, value: 5, period: 2025-Q5, owner: mgr, reviews: [2025-04]}\n"
    )
    assert [line.partition(" ")[2].partition(":")[0] for line in lines] == [
        "targets.company[0].value",
        "targets.company[0].owner",
        "targets.company[1].id",
        "targets.company[1].measure",
        "targets.company[1].period",
        "targets.company[1].reviews[0]",
    ]
    assert "write a month 2026-03" in lines[4]


def test_periods_of_targets_follow_the_calendar(told):
    target = "targets: {company: [{id: a, measure: bookings, value: 5, period: 2025-P13, owner: x}]}\n"
    assert told(f"calendar: {{scheme: 13x4}}\n{target}") == []
    assert "'2025-P13' is not a period" in told(f"calendar: {{scheme: 4-4-5}}\n{target}")[0]
    assert "'2025-P13' is not a period" in told(target)[0]


def test_stages_are_checked(told):
    lines = told(
        "process:\n"
        "  stages:\n"
        "    - {id: a, en: A, zh: 甲, rank: 1, p_prior: 0.1, synonyms: [New]}\n"
        "    - {id: b, en: B, zh: 乙, rank: 1, p_prior: 0.5, category: won, synonyms: [new]}\n"
    )
    assert lines[0].startswith("9:3 process.stages: 1 of category won and 0 of lost")
    assert lines[1].startswith("11:35 process.stages[1].rank: 1 is used already on line 10")
    assert lines[2].endswith("0.5 contradicts category won; write p_prior: 1")
    assert lines[3].startswith("11:78 process.stages[1].synonyms[0]: 'new' already means stage 'a'")


def test_effective_dates_are_in_order(told):
    head = HEAD.replace("{from: 2025-01-01}", "{from: 2025-12-31, to: 2025-01-01}")
    assert told("", head) == [
        "7:37 metadata.effective.to: '2025-01-01' lies before from, 2025-12-31; write the first day under from"
    ]


def test_missing_keys_name_their_block(told):
    assert [
        line.partition(";")[0] for line in told("", "kind: SalesPolicy\nmetadata: {id: x, version: 1}\n")
    ] == [
        "1:1 apiVersion: is missing",
        "2:11 metadata.effective: is missing",
        "2:11 metadata.title: is missing",
        "2:28 metadata.version: 1 must be text, not a number",
    ]


def test_duplicate_and_old_truth_keys(told):
    lines = told("report:\n  top_n: 5\n  top_n: 6\n  on: 1\n  'yes': 2\n")
    assert (
        lines[0]
        == "10:3 report.top_n: key 'top_n' stands here a second time (first on line 9); keep one of the two"
    )
    assert lines[1].startswith("11:3 report.on: key 'on' is a truth value to many YAML readers")
    assert lines[2].startswith("12:3 report.yes: is not a key of this block")
    assert len(lines) == 3


def test_tabs_are_named_and_the_rest_is_still_read(told):
    lines = told("report:\n\ttop_n: 5\n\tlanguage: cn\n")
    assert lines[0] == "9:1 a tab indents the line; indent with spaces, two for each level"
    assert lines[1].startswith("10:1 a tab")
    assert "report.language: 'cn' is not allowed" in lines[2]


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("report: {top_n: 5\n", "9:1", "close the bracket"),
        ("report: a: b\n", "8:10", "put text that holds a colon in quotes"),
        ("report:\n  top_n: 5\n language: en\n", "10:", "check"),
        ("report: 'x\n", "9:1", "check indents, quotes"),
        ("report: @x\n", "8:9", ""),
    ],
)
def test_syntax_faults_have_a_place(told, text, place, hint):
    lines = told(text)
    assert len(lines) == 1
    assert lines[0].startswith(place), lines
    assert "is not YAML" in lines[0]
    assert hint in lines[0]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (b"", "the file is empty"),
        (b"# only a remark\n", "the file is empty"),
        ("标题: 甲".encode("gb18030"), "the file is not UTF-8; save it again as UTF-8"),
        (b"a: 1\n\x00\n", "is not YAML"),
        (b"- 1\n- 2\n", "must be a block of keys"),
        (b"x" * (yaml_tree.MAX_BYTES + 1), "more than 1,000,000"),
        (b"a: &a [1]\nb: *a\n", "2:1 b: an alias (*) repeats another part"),
        (b"a: &a [*a]\n", "an alias (*) repeats another part"),
        (b"a: !!python/object/apply:os.system [ls]\n", "apiVersion: is missing"),
        (b"? [1]\n: 2\n", "a key must be a single word"),
        (b"[" * 5000, "is not YAML"),
        (b"a: 1\n---\nb: 2\n", "is not YAML"),
    ],
)
def test_hostile_and_broken_files(tmp_path, source, expected):
    file = tmp_path / "policy.yaml"
    file.write_bytes(source)
    lines = [str(fault) for fault in policy.faults(file)]
    assert any(expected in line for line in lines), lines


def test_a_file_that_cannot_be_read(tmp_path):
    assert "cannot be read: no such file" in str(policy.faults(tmp_path / "none.yaml")[0])
    assert "cannot be read: is a directory" in str(policy.faults(tmp_path)[0])


def test_windows_line_ends_and_byte_order_mark(tmp_path):
    file = tmp_path / "policy.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + ROOT_POLICY.read_bytes().replace(b"\n", b"\r\n"))
    assert policy.faults(file) == []
    assert policy.load(file).sha256 != policy.load(ROOT_POLICY).sha256


def test_yaml_1_2_reads_no_as_text(tmp_path):
    tree = yaml_tree.read(
        b"region: NO\nat: 12:30:45\noctal: 0o17\nhex: 0x1F\nbig: 1_000\nreal: 1.5e3\nnothing: ~\nday: 2025-01-01\nyes_: true\n"
    )
    assert tree.data == {
        "region": "NO",
        "at": "12:30:45",
        "octal": 15,
        "hex": 31,
        "big": 1000,
        "real": 1500.0,
        "nothing": None,
        "day": "2025-01-01",
        "yes_": True,
    }


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 10_000),
    st.sampled_from(["", "\t", ":", "{", "]", "'", "x", "-", "\n", "*", "&", "!", "#", "0", "。"]),
)
def test_any_damage_is_told_never_raised(tmp_path_factory, place, damage):
    text = ROOT_POLICY.read_text(encoding="utf-8")
    place %= len(text)
    file = tmp_path_factory.getbasetemp() / "damaged.yaml"
    file.write_text(text[:place] + damage + text[place + 1 :], encoding="utf-8")
    for fault in policy.faults(file, known_measures=MEASURES):
        assert fault.line >= 1
        assert fault.column >= 1
        assert fault.message
