"""Amounts, quantities, numbers and shares: the grammar of numbers as people write them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Literal

from salesops_lib.cleaning.values import numerals
from salesops_lib.cleaning.values.currencies import ANY_MARK, codes_sql
from salesops_lib.cleaning.values.spelling import is_blank, literal, lookup, matches, plain

Kind = Literal["money", "quantity", "number", "integer", "ratio"]
UNREADABLE, TOO_LARGE, LEDGER_SIGN, TWO_SCALES, UNEXPLAINED_MARK = 1, 2, 3, 4, 5
#: Digits before and after the point of each kind, within what its stored type holds.
_DIGITS: dict[Kind, tuple[int, int]] = {
    "money": (15, 6),
    "quantity": (14, 6),
    "number": (13, 6),
    "integer": (14, 6),
    "ratio": (8, 10),
}
#: Rule → power of ten, and the words that mean it.
_SCALES: dict[str, tuple[int, tuple[str, ...]]] = {
    "万亿 is 10^12": (12, ("万亿", "trillion", "tn")),
    "亿 is 10^8": (8, ("亿", "億")),
    "千万 is 10^7": (7, ("千万", "千萬")),
    "百万 is 10^6": (6, ("百万", "百萬")),
    "万 is 10^4": (4, ("万", "萬", "w")),
    "千 is 10^3": (3, ("千", "仟")),
    "bn is 10^9": (9, ("billion", "bn", "b")),
    "m is 10^6": (6, ("million", "mio", "mn", "mm", "m")),
    "k is 10^3": (3, ("thousand", "k")),
}
_WORD = f"[{numerals.CHARACTERS}对半折]+"
_BODY = r"[0-9](?:[0-9 ,.']*[0-9])?\.?|\.[0-9]+"
_AFTER: dict[Kind, str] = {
    "money": ANY_MARK,
    "number": ANY_MARK,
    "quantity": r"个|件|只|台|套|支|pcs\.?|pieces?|ea|each|units?",
    "integer": r"天|日|days?",
    "ratio": "%|‰|折|% ?off",
}
_NAMES = (
    "opened", "sign", "mark", "inner", "digits", "exponent", "scale", "after", "trailing", "closed", "ledger", "words",
)  # fmt: skip


@dataclass(frozen=True)
class Number:
    """How one column of numbers is read.

    Attributes
    ----------
    kind
        Type of the column's contract.
    decimal
        Decimal mark of the file, `.` or `,`.
    factor
        Number of currency units (or pieces) that one unit in the file means.
    is_long
        Whether the table has a row for each sale: amounts then stop below 10^12, so that with
        six decimals they fit a 64-bit integer.
    is_discount
        Whether a share is a discount, so that 8折 (pay eight tenths) is 0.2.

    Notes
    -----
    A point or comma groups thousands only where every group is whole: 1,234,567, the Indian
    12,34,567, 1 234 567, 1'234'567.  A comma is a decimal mark where the file says so, and where
    spaces or apostrophes group the thousands (1 234,56).  At most one sign of minus may stand
    there: -5, 5-, (5), ¥-5.  CR and DR are not read: whether a credit is minus depends on the
    ledger.  Nothing is read in part.
    """

    kind: Kind = "money"
    decimal: str = "."
    factor: int | float = 1
    is_long: bool = False
    is_discount: bool = False

    @property
    def whole(self) -> int:
        """Digits before the point."""
        whole, _ = _DIGITS[self.kind]
        return min(whole, 12) if self.is_long else whole

    @property
    def sql_type(self) -> str:
        """Exact type: six decimals, ten for shares."""
        places = _DIGITS[self.kind][1]
        return f"DECIMAL({self.whole + places}, {places})"

    @cached_property
    def _power(self) -> int | None:
        """Power of ten that `factor` is; None for another factor."""
        sign, digits, exponent = Decimal(str(self.factor)).normalize().as_tuple()
        return int(exponent) if digits == (1,) and not sign else None

    def fast(self, text: str) -> str:
        """Number that `text` plainly writes, by DuckDB's own cast; NULL for all else."""
        if self.decimal == ",":
            text = f"CASE WHEN NOT contains({text}, '.') THEN replace({text}, ',', '.') END"
        return self._cast(self._in_units(text))

    def usual(self, text: str) -> str:
        """Number with thousands separators and nothing else about it, without taking it to pieces."""
        own, other = (r"\.", ",") if self.decimal == "." else (",", r"\.")
        is_grouped = matches(text, rf"-?[1-9]\d{{0,2}}(?:{other}\d{{3}})+(?:{own}\d*)?")
        bare = f"replace({text}, ',', '')"
        if self.decimal == ",":
            bare = f"replace(replace({text}, '.', ''), ',', '.')"
        return f"CASE WHEN {is_grouped} THEN {self._cast(self._in_units(bare))} END"

    def _in_units(self, text: str) -> str:
        return f"{text} || 'e{self._power}'" if self._power else text

    def _cast(self, text: str) -> str:
        read = f"TRY_CAST({text} AS {self.sql_type})"
        if self._power is None:
            read = f"TRY_CAST(TRY_CAST({text} AS DECIMAL(22, 6)) * {Decimal(str(self.factor)):f} AS {self.sql_type})"
        return f"CASE WHEN {read} = trunc({read}) THEN {read} END" if self.kind == "integer" else read

    def pieces(self, text: str) -> str:
        """Struct of what stands in `text`: signs, marks, digits, scale, words; empty where nothing does."""
        narrow = plain(text)
        if self.decimal == ",":
            narrow = f"translate({narrow}, '.,', ',.')"
        return f"regexp_extract({narrow}, {literal(self._pattern)}, [{', '.join(map(literal, _NAMES))}])"

    @property
    def _scales(self) -> dict[str, tuple[int, tuple[str, ...]]]:
        """Scales of this kind: 3m of a quantity may be metres, 3k is not."""
        if self.kind in ("money", "number"):
            return _SCALES
        if self.kind != "quantity":
            return {}
        return {name: scale for name, scale in _SCALES.items() if name[0] not in "bm"}

    @property
    def _pattern(self) -> str:
        words = sorted((w for _, words in self._scales.values() for w in words), key=len, reverse=True)
        mark = ANY_MARK if self.kind in ("money", "number") else ""
        return (
            rf"(?i)^(?:(?P<opened>\()? ?(?P<sign>[-+])? ?(?P<mark>{mark})? ?(?P<inner>[-+])? ?(?P<digits>{_BODY})"
            rf"(?P<exponent>e[-+]?[0-9]{{1,2}})? ?(?P<scale>{'|'.join(words)})? ?(?P<after>{_AFTER[self.kind]})?[整正]?"
            rf" ?(?P<trailing>-)?(?P<closed>\))? ?(?P<ledger>cr|dr)?|(?:人民币|rmb)? ?(?P<words>{_WORD}))$"
        )

    def written(self, text: str, p: str) -> str:
        """The number as text for a cast, signed and shifted; NULL when it is none or has two readings."""
        minus = " + ".join(f"({p}.{name} = {sign!r})::INT" for name, sign in _MINUS.items())
        sound = (
            f"{minus} <= 1 AND ({p}.opened = '') = ({p}.closed = '') AND {p}.ledger = '' "
            f"AND ({p}.sign = '' OR {p}.inner = '') AND NOT ({self._two_scales(p)}){self._one_currency(p)}"
        )
        sign = f"CASE WHEN {minus} = 1 THEN '-' ELSE '' END"
        digits = f"{sign} || {self._digits(p)} || 'e' || CAST({self._shift(p)} AS VARCHAR)"
        spoken = "CAST(NULL AS VARCHAR)"
        if self.is_discount:
            spoken = (
                f"translate(replace({p}.words, '折', ''), {literal('对半' + numerals.ONES)}, '55123456789')"
            )
        elif self.kind in ("money", "number"):
            spoken = f"CAST({numerals.words_sql(f'{p}.words')} AS VARCHAR)"
        return (
            f"CASE WHEN {is_blank(text)} OR NOT ({sound}) THEN NULL "
            f"WHEN {p}.digits <> '' THEN {digits} WHEN {p}.words <> '' THEN {spoken} END"
        )

    def found(self, p: str, w: str) -> str:
        """The number, from its text for a cast `w`."""
        return self._discount(w, p) if self.is_discount else self._cast(w)

    def read(self, text: str, p: str, w: str, q: str) -> str:
        """Struct of `value`, `why` (there is none), `rule` and `marks`, from what the steps before found.

        NULL where `text` is a word for nothing.  `marks` are the currencies that the mark in
        the text may stand for, as one text.
        """
        marks = "CAST(NULL AS VARCHAR)"
        if self.kind in ("money", "number"):
            marks = codes_sql(f"CASE WHEN {p}.mark <> '' THEN {p}.mark ELSE {p}.after END")
        struct = f"struct_pack(value := {q}, why := {self._why(q, w, p)}, rule := {self._rule(text, p)}, marks := {marks})"
        return f"CASE WHEN {q} IS NOT NULL OR NOT {is_blank(text)} THEN {struct} END"

    def _one_currency(self, p: str) -> str:
        """Whether marks on both sides (￥12元) can be the same currency."""
        if self.kind not in ("money", "number"):
            return ""
        before, after = (f"string_split({codes_sql(f'{p}.{side}')}, ' ')" for side in ("mark", "after"))
        return f" AND CASE WHEN {p}.mark <> '' AND {p}.after <> '' THEN list_has_any({before}, {after}) ELSE true END"

    def _digits(self, p: str) -> str:
        """The digits without separators; NULL when they are grouped in no known way."""
        digits, comma_last = f"{p}.digits", rf"{_SPACED},(?:\d{{1,2}}|\d{{4,}})"
        indian = "" if self.decimal == "," else r"|[1-9]\d?(?:,\d{2})+,\d{3}(?:\.\d*)?"
        known = rf"\d+(?:\.\d*)?|\.\d+|(?:[1-9]\d{{0,2}}(?:,\d{{3}})+|{_SPACED})(?:\.\d*)?{indian}"
        return (
            f"CASE WHEN {matches(digits, known)} THEN translate({digits}, ' ,''', '') "
            f"WHEN {matches(digits, comma_last)} THEN replace(translate({digits}, ' ''', ''), ',', '.') END"
        )

    def _shift(self, p: str) -> str:
        """Power of ten that exponent, words and header mean together."""
        exponent, header = f"COALESCE(TRY_CAST(substr({p}.exponent, 2) AS INTEGER), 0)", self._power or 0
        if self.kind == "ratio":
            return f"({exponent} + CASE {p}.after WHEN '' THEN {header} WHEN '折' THEN 0 WHEN '‰' THEN -3 ELSE -2 END)"
        powers = {word: power for power, words in self._scales.values() for word in words}
        scale = (
            f"CASE WHEN {p}.scale <> '' THEN CAST({lookup(f'lower({p}.scale)', powers)} AS INTEGER) ELSE 0 END"
            if powers
            else "0"
        )
        return f"({exponent} + {scale} + {header})"

    def _two_scales(self, p: str) -> str:
        """Whether the number has a scale of its own beside its exponent or its header's unit."""
        if self.factor == 1:
            return f"{p}.scale <> '' AND {p}.exponent <> ''"
        return f"{p}.scale <> '' OR ({p}.words <> '' AND NOT ends_with({p}.words, '折'))"

    def _discount(self, n: str, p: str) -> str:
        """Share off: 8折 is 0.2, 85折 and 8.5折 are 0.15."""
        part = f"TRY_CAST({n} AS DECIMAL(18, 10))"
        off = (
            f"CASE WHEN {part} > 0 AND {part} < 10 THEN 1 - {part} / 10 "
            f"WHEN {part} > 10 AND {part} < 100 AND {part} = trunc({part}) THEN 1 - {part} / 100 END"
        )
        is_fold = f"{p}.after = '折' OR ends_with({p}.words, '折')"
        return f"CASE WHEN {is_fold} THEN CAST({off} AS {self.sql_type}) WHEN {p}.words = '' THEN {self._cast(n)} END"

    def _why(self, v: str, n: str, p: str) -> str:
        reasons = (
            f"WHEN abs(TRY_CAST({n} AS DOUBLE)) >= 1e{self.whole} THEN {TOO_LARGE} WHEN {p}.ledger <> '' THEN {LEDGER_SIGN} "
            f"WHEN {self._two_scales(p)} THEN {TWO_SCALES} "
            f"WHEN {n} IS NULL AND {matches(f'{p}.digits', '[0-9 .,]+,[0-9]+')} THEN {UNEXPLAINED_MARK} ELSE {UNREADABLE}"
        )
        return f"CASE WHEN {v} IS NULL THEN CASE {reasons} END END"

    def _rule(self, text: str, p: str) -> str:
        """What about the text was interpreted: the part that changes its value most."""
        scales = {word: name for name, (_, words) in self._scales.items() for word in words}
        removed = "currency mark removed" if self.kind in ("money", "number") else "unit word removed"
        return (
            f"CASE WHEN {p}.after = '折' OR ends_with({p}.words, '折') THEN '折 is a discount' "
            f"WHEN {p}.words <> '' THEN 'amount in words' "
            + (f"WHEN {p}.scale <> '' THEN {lookup(f'lower({p}.scale)', scales)} " if scales else "")
            + f"WHEN {p}.opened <> '' THEN 'brackets are minus' WHEN {p}.trailing <> '' THEN 'trailing minus' "
            f"WHEN {matches(f'{p}.digits', rf'{_SPACED},[0-9]+')} THEN 'comma is the decimal mark' "
            f"WHEN {p}.after IN ('%', '‰') OR {p}.after LIKE '%off' THEN 'percent' "
            f"WHEN {p}.mark <> '' OR {p}.after <> '' THEN '{removed}' "
            f"WHEN regexp_matches({p}.digits, '[ ,'']') THEN 'thousands separators' "
            f"WHEN regexp_matches({text}, '[！-～]') THEN 'full-width characters' ELSE 'special characters' END"
        )

    def reasons(self) -> dict[int, str]:
        """Why a text is not read → what to tell."""
        return {
            UNREADABLE: f"cannot be read as {self.kind}",
            TOO_LARGE: f"is larger than {10**self.whole - 1:,}",
            LEDGER_SIGN: "CR and DR do not say which of them is minus",
            TWO_SCALES: "has a unit of its own beside the header's unit",
            UNEXPLAINED_MARK: "has a point or comma that is neither decimal mark nor thousands separator",
        }


_SPACED = r"[1-9]\d{0,2}(?:(?: \d{3})+|(?:'\d{3})+)"
_MINUS = {"sign": "-", "inner": "-", "trailing": "-", "opened": "("}
