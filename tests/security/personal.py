"""Invented personal numbers in the ways people write them, and a scanner that shares nothing with ours."""

from __future__ import annotations

import random
import re
import unicodedata
from datetime import date, timedelta

PROVINCE_CODES = ("11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42", "43",
                  "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65")  # fmt: skip
PLATE_PROVINCES = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
PLATE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
#: First digits and length of cards: UnionPay, Visa, Mastercard, Amex, JCB, Diners, Discover, an old card of ICBC.
CARDS = (("62", 16), ("62", 17), ("62", 18), ("62", 19), ("4", 13), ("4", 16), ("4", 19), ("51", 16), ("2221", 16), ("2720", 16),
         ("34", 15), ("37", 15), ("3528", 16), ("36", 14), ("6011", 16), ("955880", 19))  # fmt: skip
AROUND = (
    "{}",
    "张三 {}",
    "张三{}",
    "张三（{}）",
    "联系人：{}，请先致电",
    "Acme Ltd, {}",
    "Tel {}",
    "tel:{}",
    "[{}]",
    "{} 李四",
    "备注:{};加急",
    "《{}》",
)


def _draw(r: random.Random, n: int) -> str:
    return "".join(r.choice("0123456789") for _ in range(n))


def luhn_sum(digits: str) -> int:
    doubled = (sum(divmod(2 * int(c), 10)) if n % 2 else int(c) for n, c in enumerate(reversed(digits)))
    return sum(doubled)


def card(r: random.Random) -> str:
    start, length = r.choice(CARDS)
    body = start + _draw(r, length - len(start) - 1)
    return body + str(-luhn_sum(body + "0") % 10)


def check_letter(seventeen: str) -> str:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(w * int(c) for w, c in zip(weights, seventeen, strict=True)) % 11]


def resident(r: random.Random) -> str:
    born = date(1930, 1, 1) + timedelta(days=r.randrange(30_000))
    body = f"{r.choice(PROVINCE_CODES)}{_draw(r, 4)}{born:%Y%m%d}{_draw(r, 3)}"
    return body + check_letter(body)


def old_resident(r: random.Random) -> str:
    born = date(1930, 1, 1) + timedelta(days=r.randrange(25_000))
    return f"{r.choice(PROVINCE_CODES)}{_draw(r, 4)}{born:%y%m%d}{_draw(r, 3)}"


def mobile(r: random.Random) -> str:
    number = "1" + r.choice("3456789") + _draw(r, 9)
    a, b, c = number[:3], number[3:7], number[7:]
    return r.choice((number, f"{a} {b} {c}", f"{a}-{b}-{c}", f"+86{number}", f"+86 {a} {b} {c}", f"+86-{a}-{b}-{c}",
                     f"(+86){number}", f"86{number}", f"0086 {number}", f"{a}\u00a0{b}\u00a0{c}", f"{a}–{b}–{c}"))  # fmt: skip


def plate(r: random.Random) -> str:
    head, dot = r.choice(PLATE_PROVINCES) + r.choice(PLATE_LETTERS), r.choice(("", "·", " ", "-"))
    kinds = (f"{_draw(r, 5)}", f"{_draw(r, 4)}{r.choice(PLATE_LETTERS)}", f"{r.choice(PLATE_LETTERS)}{_draw(r, 4)}",
             f"{r.choice('DF')}{r.choice(PLATE_LETTERS)}{_draw(r, 4)}", f"{_draw(r, 5)}{r.choice('DF')}", f"{_draw(r, 4)}挂")  # fmt: skip
    return head + dot + r.choice(kinds)


def mail(r: random.Random) -> str:
    name = "".join(r.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(r.randrange(1, 12)))
    return f"{r.choice(('', 'zhang.', 'li_', 'w+'))}{name}@{r.choice(('qq.com', '163.com', 'corp.example.com.cn', 'example.org'))}"


def _written(r: random.Random, value: str) -> str:
    """A long number plainly, or in groups of four."""
    if not value[:-1].isdigit() or len(value) < 13 or r.random() < 0.6:
        return value
    return (
        r.choice(" -").join(value[n : n + 4] for n in range(0, len(value) - 3, 4))
        + value[len(value) // 4 * 4 :]
    )


def _wide(r: random.Random, value: str) -> str:
    if r.random() < 0.85:
        return value
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in value)


KINDS = {
    "resident": resident,
    "old resident": old_resident,
    "mobile": mobile,
    "card": card,
    "plate": plate,
    "mail": mail,
}


def texts(seed: int, n: int) -> list[tuple[str, str]]:
    """`n` texts with one personal number each, and its kind."""
    r = random.Random(seed)
    made = []
    for number in range(n):
        kind = list(KINDS)[number % len(KINDS)]
        value = KINDS[kind](r)
        value = _written(r, value) if kind in ("card", "resident") else value
        made.append((kind, r.choice(AROUND).format(_wide(r, value))))
    return made


def scan(text: str) -> list[str]:
    """Personal numbers in a text, found by trying every stretch of digits in it."""
    plain = unicodedata.normalize("NFKC", text)
    found = [m[0] for m in re.finditer(r"[^\s@*:：;；，,（(《\[]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", plain)]
    found += [
        m[0] for m in re.finditer(rf"[{PLATE_PROVINCES}][A-Z][ ·-]?(?=\w*\d)[A-Z0-9]{{4,5}}[A-Z0-9挂]", plain)
    ]
    close = re.sub(r"(?<=\d)[ \-–—()]+(?=\d)", "", plain)
    for run in re.findall(r"\d{11,}[Xx]?", close):
        for start in range(len(run)):
            found += [
                run[start:end] for end in range(start + 11, len(run) + 1) if _is_personal(run[start:end])
            ]
    return found


def _is_personal(number: str) -> bool:
    if len(number) == 11:
        return number[0] == "1" and number[1] in "3456789"
    is_chinese = number[:2] in PROVINCE_CODES
    if len(number) == 18 and number[:17].isdigit() and is_chinese and _is_day(number[6:14]):  # noqa: SIM102
        if check_letter(number[:17]) == number[17].upper():
            return True
    if len(number) == 15 and number.isdigit() and is_chinese and _is_day("19" + number[6:12]):
        return True
    begins = any(number.startswith(start) for start, length in CARDS if length == len(number))
    return begins and number.isdigit() and luhn_sum(number) % 10 == 0


def _is_day(text: str) -> bool:
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True
