"""Months and quarters, as targets, budgets and market studies write them."""

from __future__ import annotations

from dataclasses import dataclass

from salesops_lib.cleaning.values import numerals
from salesops_lib.cleaning.values.dates import MONTH, Day, month_number
from salesops_lib.cleaning.values.spelling import literal, matches, plain

UNREADABLE = 1
#: Pattern of a month → its year and number.
_WRITTEN = (
    (r"(\d{4}) ?[-/.年m ] ?(\d{1,2}) ?月?(?:份)?", r"\1", r"\2"),
    (r"(\d{4})(\d\d)", r"\1", r"\2"),
    (r"(\d{1,2})[-/.](\d{4})", r"\2", r"\1"),
)
#: Pattern of a month by name → its year.
_NAMED = ((rf"{MONTH}[-/., ']*(\d{{4}})", r"\2"), (rf"(\d{{4}})[-/., ]*{MONTH}", r"\1"))
_QUARTERS = (
    (r"(\d{4})[-/年 ]*(?:财年|年度)?[-/ ]*(?:第?([1-4])(?:季度|季)|q([1-4]))", r"\1-Q\2\3"),
    (r"q([1-4])[-/ ]*(\d{4})", r"\2-Q\1"),
)
#: What holds a year without a month stays as the file writes it: 2026, FY2026, 2026H1.
_YEAR = r"(?:fy ?)?(?:19|20)\d\d(?:年度?|财年)?(?:[-/ ]?h[12]|上半年|下半年)?"


@dataclass(frozen=True)
class Period:
    """How a column of periods is read: months as 2026-03, quarters as 2026-Q1.

    Attributes
    ----------
    by_quarter
        Whether a month or day stands for its quarter.
    header
        Header of the column; see `Day`.
    """

    by_quarter: bool = False
    header: str = ""

    def fast(self, text: str) -> str:
        """Text that is written as we write it; NULL for all else."""
        own = r"\d{4}-Q[1-4]" if self.by_quarter else r"\d{4}-(?:0[1-9]|1[0-2])"
        return f"CASE WHEN {matches(text, own)} THEN {text} END"

    def pieces(self, text: str) -> str:
        """The text in lower case, with digits for numerals."""
        narrow = f"replace({plain(text)}, '元月', '一月')"
        in_words = f"regexp_matches({narrow}, '[{numerals.ONES}〇][年月季]')"
        return f"lower(CASE WHEN {in_words} THEN {numerals.digits_sql(narrow)} ELSE {narrow} END)"

    def written(self, text: str, p: str) -> str:
        """First day of the month, or a day of it; NULL for a quarter or a year."""
        cases = ""
        for pattern, year, month in _WRITTEN:
            day = f"regexp_replace({p}, {literal(f'^{pattern}$')}, {literal(f'{year}-{month}-1')})"
            cases += f"WHEN {matches(p, pattern)} THEN {day} "
        for pattern, group in _NAMED:
            year = f"regexp_replace({p}, {literal(f'^{pattern}$')}, {literal(group)})"
            cases += f"WHEN {matches(p, pattern)} THEN {year} || '-' || {month_number(p)} || '-1' "
        days = Day(header=self.header)
        shaped = f"list_transform([{days.pieces(text)}], lambda parts: {days.written(text, 'parts')})[1].day"
        return f"TRY_CAST(CASE {cases} ELSE {shaped} END AS DATE)"

    def found(self, p: str, w: str) -> str:
        """The period as we write it."""
        own = f"strftime({w}, '%Y-%m')"
        if self.by_quarter:
            own = f"strftime({w}, '%Y') || '-Q' || CAST(quarter({w}) AS VARCHAR)"
        quarters = " ".join(
            f"WHEN {matches(p, pattern)} THEN regexp_replace({p}, {literal(f'^{pattern}$')}, {literal(written)})"
            for pattern, written in _QUARTERS
        )
        is_near = f"year({w}) BETWEEN 1900 AND 2199"
        return f"CASE {quarters} WHEN {is_near} THEN {own} WHEN {matches(p, _YEAR)} THEN upper({p}) END"

    def read(self, text: str, p: str, w: str, q: str) -> str:
        """Struct of `value`, `why` (there is none) and `rule`, from what the steps before found."""
        del text, p, w
        return f"struct_pack(value := {q}, why := CASE WHEN {q} IS NULL THEN {UNREADABLE} END, rule := NULL::VARCHAR)"

    def reasons(self) -> dict[int, str]:
        """Why a text is not read → what to tell."""
        return {UNREADABLE: f"cannot be read as {'quarter' if self.by_quarter else 'month'}"}
