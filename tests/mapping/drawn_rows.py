"""Plausible rows for a header set: each column states a kind, a seed makes the values.

A kind is a word and its argument, e.g. `order SO-{:05d}`, `ordered %d.%m.%Y`, `net $,`.  All cells of a
row tell one story: net = quantity × price × (1 − discount), gross = net + tax, one code per name.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

Row = dict[str, Any]

#: language → customers, (product, line, group), people, places as (city, province, region, country).
_WORLDS: dict[str, dict[str, list[Any]]] = {
    "en": {
        "customers": [
            "Acme Corp", "Globex Inc", "Initech LLC", "Umbrella Trading", "Stark Components", "Wayne Supplies",
            "Hooli Ltd", "Vandelay Imports", "Soylent Foods", "Cyberdyne Systems", "Tyrell Labs", "Wonka Sweets",
        ],
        "products": [
            ("Steel Bolt M8", "Fasteners", "Bolts"), ("Copper Wire 2mm", "Electrical", "Wire"),
            ("LED Panel 60x60", "Lighting", "Panels"), ("Office Chair Ergo", "Furniture", "Chairs"),
            ("Printer Paper A4", "Stationery", "Paper"), ("Safety Gloves L", "Protection", "Gloves"),
            ("Hex Nut M8", "Fasteners", "Nuts"), ("Desk Lamp Nova", "Lighting", "Lamps"),
            ("Standing Desk 140", "Furniture", "Desks"), ("Cable Tray 3m", "Electrical", "Trays"),
            ("Hard Hat Pro", "Protection", "Helmets"), ("Ring Binder", "Stationery", "Binders"),
        ],
        "people": ["Anna Snelling", "Cecily Lampkin", "Mei-Mei Johns", "Moses Frase", "Versie Hillebrand",
                   "James Ascencio", "Kary Hendrixson", "Zane Levy", "Daniell Hammack", "Elease Gluck",
                   "Hayden Neloms", "Rosalina Dieter"],
        "places": [("Seattle", "WA", "West", "United States"), ("Austin", "TX", "Central", "United States"),
                   ("Boston", "MA", "East", "United States"), ("Miami", "FL", "South", "United States"),
                   ("London", "LND", "East", "United Kingdom"), ("Toronto", "ON", "Central", "Canada")],
        "industries": ["Manufacturing", "Retail", "Software", "Medical", "Finance"],
        "segments": ["Enterprise", "Mid-Market", "SMB"],
        "units": ["Each", "Box", "Pack"],
        "notes": ["Call before delivery", "Partial shipment ok", "Framework agreement 2023"],
    },
    "zh": {
        "customers": [
            "上海华信电子有限公司", "北京中科机电有限公司", "广州恒达贸易有限公司", "深圳市远景科技有限公司",
            "杭州西子商贸有限公司", "武汉江城设备有限公司", "成都锦江实业有限公司", "南京金陵仪器有限公司",
            "苏州工业园精工有限公司", "青岛海川进出口有限公司", "西安秦岭电气有限公司", "天津滨海物资有限公司",
        ],
        "products": [
            ("六角螺栓M8", "紧固件", "螺栓"), ("铜芯电缆2.5mm", "线缆", "电缆"), ("LED平板灯", "照明", "灯具"),
            ("人体工学椅", "办公家具", "座椅"), ("A4复印纸", "办公用品", "纸张"), ("劳保手套", "防护用品", "手套"),
            ("六角螺母M8", "紧固件", "螺母"), ("护眼台灯", "照明", "台灯"), ("升降桌140", "办公家具", "桌子"),
            ("电缆桥架3米", "线缆", "桥架"), ("安全帽", "防护用品", "帽子"), ("文件夹", "办公用品", "文具"),
        ],
        "people": ["张伟", "王芳", "李娜", "刘洋", "陈静", "杨磊", "赵敏", "黄强", "周涛", "吴琼", "徐明", "孙丽"],
        "places": [("上海", "上海市", "华东", "中国"), ("北京", "北京市", "华北", "中国"),
                   ("广州", "广东省", "华南", "中国"), ("武汉", "湖北省", "华中", "中国"),
                   ("成都", "四川省", "西南", "中国"), ("西安", "陕西省", "西北", "中国")],
        "industries": ["制造业", "零售", "软件", "医疗", "金融"],
        "segments": ["大客户", "中型客户", "小微客户"],
        "units": ["个", "箱", "件"],
        "notes": ["送货前电话联系", "可分批发货", "年度框架合同"],
    },
    "de": {
        "customers": [
            "Müller Maschinenbau GmbH", "Schmidt & Söhne KG", "Bäckerei Hoffmann", "Nordlicht Elektro AG",
            "Weber Werkzeuge GmbH", "Fischer Technik GmbH", "Autohaus Becker", "Krause Logistik",
            "Stadtwerke Unna", "Vogel Papier GmbH", "Brandt Bau AG", "Lehmann Optik",
        ],
        "products": [
            ("Schraube M8", "Befestigung", "Schrauben"), ("Kupferkabel 2mm", "Elektro", "Kabel"),
            ("LED-Leuchte", "Licht", "Leuchten"), ("Bürostuhl Ergo", "Möbel", "Stühle"),
            ("Kopierpapier A4", "Büro", "Papier"), ("Handschuhe L", "Schutz", "Handschuhe"),
            ("Mutter M8", "Befestigung", "Muttern"), ("Tischlampe Nova", "Licht", "Lampen"),
            ("Stehtisch 140", "Möbel", "Tische"), ("Kabelrinne 3m", "Elektro", "Rinnen"),
            ("Schutzhelm", "Schutz", "Helme"), ("Ordner breit", "Büro", "Ordner"),
        ],
        "people": ["Klaus Richter", "Sabine Wolf", "Jürgen Klein", "Petra Neumann", "Uwe Schwarz", "Heike Braun",
                   "Dirk Zimmer", "Anja Hartmann", "Ralf Krüger", "Silke Lange", "Jens Peters", "Ute Sommer"],
        "places": [("Hamburg", "HH", "Nord", "Deutschland"), ("München", "BY", "Süd", "Deutschland"),
                   ("Köln", "NW", "West", "Deutschland"), ("Leipzig", "SN", "Ost", "Deutschland"),
                   ("Wien", "W", "Süd", "Österreich"), ("Bremen", "HB", "Nord", "Deutschland")],
        "industries": ["Maschinenbau", "Handel", "Software", "Medizin", "Finanzen"],
        "segments": ["Großkunde", "Mittelstand", "Kleinkunde"],
        "units": ["Stk", "Kar", "Pck"],
        "notes": ["Vor Lieferung anrufen", "Teillieferung möglich", "Rahmenvertrag"],
    },
}  # fmt: skip

_CODES = ["BOL-1008", "CUW-2002", "LED-6060", "CHR-3107", "PAP-0004", "GLV-5512",
          "NUT-1009", "LMP-6107", "DSK-3140", "TRY-2030", "HAT-5530", "BND-0042"]  # fmt: skip


class World:
    """Customers, products and people that the rows of one set share."""

    def __init__(self, seed: str, lang: str, grain: str, n_rows: int, negative_rows: int = 0) -> None:
        self.rng = random.Random(seed)
        self.names = _WORLDS[lang]
        self.grain, self.n_rows, self.negative_rows = grain, n_rows, negative_rows

    def rows(self) -> list[Row]:
        """One story per row; lines of an order share its number, day, customer and salesperson."""
        rows: list[Row] = []
        order: Row = {}
        left = 0
        for index in range(self.n_rows):
            if left == 0:
                order = self._order(
                    len(rows) if self.grain != "line" else len({r["order"] for r in rows}), index
                )
                left = self.rng.choice((1, 1, 2, 3)) if self.grain == "line" else 1
                line = 0
            left, line = left - 1, line + 1
            negative = index >= self.n_rows - self.negative_rows
            rows.append({**order, "n": index, "line": line, **self._product(index), **self._money(negative)})
        return rows

    def _order(self, number: int, index: int) -> Row:
        rng, names = self.rng, self.names
        which = index if self.grain == "customer" else rng.randrange(6)
        rep = index if self.grain == "rep" else rng.randrange(4)
        ordered = datetime(2024, 1, 1) + timedelta(
            days=13 * number + rng.randrange(11), seconds=rng.randrange(30000, 75000)
        )
        if ordered.day <= 12 and rng.random() < 0.7:
            ordered += timedelta(days=12)
        return {
            "order": number, "ordered": ordered, "which": which, "rep": rep,
            "customer": names["customers"][which % 12], "place": names["places"][which % 6],
            "industry": names["industries"][which % 5], "segment": names["segments"][which % 3],
            "person": names["people"][rep % 12], "clerk": names["people"][7 + number % 5],
            "contact": names["people"][(which * 5 + 3) % 12], "boss": names["people"][11 - rep % 2],
            "seen": datetime(2016, 2, 3) + timedelta(days=173 * which + 20, hours=9),
            "hired": datetime(2017, 3, 14) + timedelta(days=97 * rep),
        }  # fmt: skip

    def _product(self, index: int) -> Row:
        which = index % 12 if self.grain == "product" else self.rng.randrange(8)
        name, line, group = self.names["products"][which]
        return {"item": which, "product": name, "category": line, "group": group,
                "unit": self.names["units"][which % 3], "note": self.rng.choice(self.names["notes"])}  # fmt: skip

    def _money(self, negative: bool) -> Row:
        rng = self.rng
        qty = rng.choice((1, 2, 3, 5, 8, 10, 12, 20, 24, 50)) * (-1 if negative else 1)
        listed = round(rng.uniform(8, 900), 2)
        rate = rng.choice((0.0, 0.0, 0.05, 0.1, 0.15, 0.2))
        price = round(listed * (1 - rate), 2)
        net = round(qty * price, 2)
        tax = round(net * 0.13, 2)
        cost = round(net * rng.uniform(0.55, 0.8), 2)
        return {
            "qty": qty, "list": listed, "rate": rate, "price": price, "net": net, "tax": tax,
            "gross": round(net + tax, 2), "pricetax": round(price * 1.13, 2), "before": round(qty * listed, 2),
            "discount": round(qty * listed - net, 2), "cost": cost, "unitcost": round(cost / qty, 2),
            "margin": round(net - cost, 2), "marginrate": round((net - cost) / net, 4),
        }  # fmt: skip


#: days of a story, counted from the day of order.
_DAYS = {
    "ordered": 0, "created": -6, "modified": 9, "approved": 1, "requested": 14, "promised": 12, "shipped": 4,
    "delivered": 7, "invoiced": 5, "paid": 21, "due": 35, "closed": 41, "expected": 38, "returned": 16,
    "start": -30, "end": 335, "activity": 11,
}  # fmt: skip
_AMOUNTS = (
    "list",
    "price",
    "net",
    "tax",
    "gross",
    "pricetax",
    "before",
    "discount",
    "cost",
    "unitcost",
    "margin",
)
_MARKS = {"$": "${:,.2f}", "$,": "${:,.2f}", "¥": "¥{:,.2f}", "￥": "￥{:.2f}", ",": "{:,.2f}", "0": "{:.0f}", "0.0": "{:.1f}",
          "0.00": "{:.2f}", "0.0000": "{:.4f}"}  # fmt: skip


def shown(value: float, form: str) -> Any:
    """`value` as text in one of the forms that exports use; a number where no form is given.

    >>> shown(1234.5, "de"), shown(12345.0, "wan"), shown(0.1, "%"), shown(-1234.5, "()")
    ('1.234,50', 1.2345, '10%', '(1,234.50)')
    """
    if form in ("", "cell"):
        return value
    if form == "wan":
        return round(value / 10_000, 4)
    if form == "k":
        return round(value / 1000, 3)
    if form == "%":
        return f"{value * 100:g}%"
    if form == "pct":
        return f"{value * 100:g}"
    if form == "()":
        return f"({-value:,.2f})" if value < 0 else f"{value:,.2f}"
    if form in ("de", "fr"):
        return f"{value:,.2f}".replace(",", "_").replace(".", ",").replace("_", "." if form == "de" else " ")
    return _MARKS[form].format(value)


def told(moment: datetime, form: str) -> Any:
    """A moment in a `strftime` form, where `-m`, `-d` mean no leading zero; a date for cells of a sheet."""
    if form in ("", "cell"):
        return moment.date() if form else moment.date().isoformat()
    plain = (
        form.replace("%-m", str(moment.month))
        .replace("%-d", str(moment.day))
        .replace("%-H", str(moment.hour))
    )
    return moment.strftime(plain)


def _code(number: int, form: str) -> str:
    return form.format(number) if "{" in form else f"{form}{number}"


def _chosen(row: Row, arg: str, rng: random.Random) -> str:
    return rng.choice(arg.split("|")).strip()


def _mostly(row: Row, arg: str, rng: random.Random) -> str:
    first, *others = (part.strip() for part in arg.split("|"))
    return first if rng.random() < 0.75 or not others else rng.choice(others)


def _between(row: Row, arg: str, rng: random.Random) -> Any:
    low, high, *form = arg.split()
    return shown(round(rng.uniform(float(low), float(high)), 2), " ".join(form))


def _whole(row: Row, arg: str, rng: random.Random) -> int:
    low, high = arg.split()
    return rng.randint(int(low), int(high))


def _mixed(row: Row, arg: str, rng: random.Random) -> str:
    prefix, _, length = arg.rpartition(" ")
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz0123456789"
    return prefix + "".join(rng.choice(letters) for _ in range(int(length)))


def _digits(row: Row, arg: str, rng: random.Random) -> str:
    prefix, _, length = arg.rpartition(" ")
    return prefix + str(rng.randint(1, 9)) + "".join(str(rng.randint(0, 9)) for _ in range(int(length) - 1))


def _sometimes(row: Row, arg: str, rng: random.Random) -> Any:
    """`maybe KIND …`: the kind in about half of the rows, else nothing."""
    return value(row, arg, rng) if rng.random() < 0.55 else ""


def _field(key: str, row: Row, arg: str, rng: random.Random) -> Any:
    return row[key]


def _number_of(key: str, form: str, row: Row, arg: str, rng: random.Random) -> str:
    return _code(row[key] * 7 + 101 if key != "n" else row[key] + 1, arg or form)


def _amount(key: str, row: Row, arg: str, rng: random.Random) -> Any:
    return shown(row[key], arg)


def _moment(days: int, row: Row, arg: str, rng: random.Random) -> Any:
    return told(row["ordered"] + timedelta(days=days), arg)


def _place(index: int, row: Row, arg: str, rng: random.Random) -> str:
    return row["place"][index]


_KINDS: dict[str, Callable[[Row, str, random.Random], Any]] = {
    "of": _chosen, "mostly": _mostly, "number": _between, "int": _whole, "id": _mixed, "digits": _digits,
    "maybe": _sometimes,
    "const": lambda row, arg, rng: arg,
    "blank": lambda row, arg, rng: "",
    "note": lambda row, arg, rng: row["note"] if rng.random() < 0.25 else "",
    "text": lambda row, arg, rng: row["note"],
    "seq": lambda row, arg, rng: row["n"] + int(arg or 1),
    "bool": lambda row, arg, rng: rng.choice((arg or "true|false").split("|")),
    "order": partial(_number_of, "order", "SO-{:05d}"),
    "row": partial(_number_of, "n", "{:d}"),
    "line": lambda row, arg, rng: row["line"] * int(arg or 1),
    "customer": partial(_field, "customer"),
    "customer.code": partial(_number_of, "which", "C{:05d}"),
    "industry": partial(_field, "industry"), "segment": partial(_field, "segment"),
    "city": partial(_place, 0), "province": partial(_place, 1), "region": partial(_place, 2), "country": partial(_place, 3),
    "address": lambda row, arg, rng: f"{row['place'][0]} {rng.randint(1, 300)} {rng.choice(('Main St', '路', 'Ring'))}",
    "zip": lambda row, arg, rng: str(rng.randint(10000, 99999)),
    "phone": lambda row, arg, rng: f"1{rng.randint(30, 99)}{rng.randint(10000000, 99999999)}",
    "email": lambda row, arg, rng: f"user{row['which'] * 3 + 11}@example.com",
    "url": lambda row, arg, rng: f"https://www.example.com/{row['which']}",
    "product": partial(_field, "product"),
    "product.code": lambda row, arg, rng: _code(row["item"] * 13 + 1001, arg) if arg else _CODES[row["item"]],
    "category": partial(_field, "category"), "group": partial(_field, "group"), "unit": partial(_field, "unit"),
    "barcode": lambda row, arg, rng: f"69{4100000 + row['item'] * 7919:08d}{row['item'] % 10}21",
    "rep": partial(_field, "person"), "rep.code": partial(_number_of, "rep", "E{:04d}"),
    "rep.email": lambda row, arg, rng: f"rep{row['rep'] + 1}@example.com",
    "clerk": partial(_field, "clerk"), "contact": partial(_field, "contact"), "boss": partial(_field, "boss"),
    "qty": partial(_amount, "qty"), "rate": partial(_amount, "rate"), "marginrate": partial(_amount, "marginrate"),
    "seen": lambda row, arg, rng: told(row["seen"], arg), "hired": lambda row, arg, rng: told(row["hired"], arg),
    "launched": lambda row, arg, rng: told(datetime(2019, 5, 20) + timedelta(days=61 * row["item"]), arg),
    "month": lambda row, arg, rng: (datetime(2024, 1 + row["n"] % 12, 1)).strftime(arg or "%Y-%m"),
    "quarter": lambda row, arg, rng: (arg or "{}-Q{}").format(2023 + row["n"] // 4 % 2, row["n"] % 4 + 1),
    **{name: partial(_amount, name) for name in _AMOUNTS},
    **{name: partial(_moment, days) for name, days in _DAYS.items()},
}  # fmt: skip


def value(row: Row, kind: str, rng: random.Random) -> Any:
    """The cell of one column: `kind` is a word of `_KINDS` and its argument."""
    word, _, arg = kind.partition(" ")
    return _KINDS[word](row, arg, rng)


def draw(kinds: Sequence[str], world: World) -> list[list[Any]]:
    """Rows of cells, one per kind; text, numbers, or dates where a sheet holds dates.

    >>> draw(["order A{:d}", "line", "const x"], World("seed 1", "en", "line", 2))
    [['A101', 1, 'x'], ['A108', 1, 'x']]
    """
    return [[value(row, kind, world.rng) for kind in kinds] for row in world.rows()]


def cell_text(cell: Any) -> str:
    """A cell as an export writes it.

    >>> cell_text(12.5), cell_text(0.1), cell_text(1.2345), cell_text(date(2024, 3, 5))
    ('12.50', '0.1', '1.2345', '2024-03-05')
    """
    if isinstance(cell, float):
        two = f"{cell:.2f}"
        return two if float(two) == cell and abs(cell) >= 1 else repr(cell)
    return cell.isoformat() if isinstance(cell, date) else str(cell)
