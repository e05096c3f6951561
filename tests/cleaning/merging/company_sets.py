"""Made-up customers of which it is known who is one: three differently built generators.

Each gives a frame with customer_id, name, further fields, and truth (the company a record
belongs to).  A seed gives the same records always; rows are shuffled.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pandas as pd

PLACES = [
    "上海",
    "北京",
    "天津",
    "重庆",
    "苏州",
    "无锡",
    "南京",
    "杭州",
    "宁波",
    "温州",
    "广州",
    "深圳",
    "东莞",
    "佛山",
    "成都",
    "武汉",
    "长沙",
    "青岛",
    "济南",
    "大连",
    "沈阳",
    "西安",
    "郑州",
    "合肥",
    "福州",
    "厦门",
    "昆山",
    "常州",
]
BRAND = "华鼎恒瑞盛宏金泰远新力精锐博科嘉德凯中东兴隆达信诚安顺永昌茂源丰禾润泽海天龙鹏飞腾翔宇宙星辰晨曦光辉耀明亮晶莹玉石磊森林木枫松柏桦楠竹梅兰菊荷莲蓉芳馨雅韵诗琴棋书画春夏秋冬晴岚雪霜露雨云雷"
TRADES = [
    "机械",
    "自动化设备",
    "精密制造",
    "电气",
    "工业科技",
    "包装设备",
    "传动设备",
    "贸易",
    "新能源装备",
    "机床",
    "五金制品",
    "电子科技",
    "化工",
    "塑料制品",
    "建材",
    "物流",
    "食品",
    "医疗器械",
    "仪器仪表",
    "环保科技",
    "机电设备",
    "模具",
    "纺织",
    "软件",
]
TRADITIONAL = {
    "华": "華", "锐": "銳", "东": "東", "兴": "興", "达": "達", "诚": "誠", "顺": "順", "丰": "豐", "润": "潤", "泽": "澤", "龙": "龍",
    "鹏": "鵬", "飞": "飛", "腾": "騰", "辉": "輝", "莹": "瑩", "兰": "蘭", "莲": "蓮", "韵": "韻", "诗": "詩", "书": "書", "画": "畫", "云": "雲",
    "机": "機", "动": "動", "设": "設", "备": "備", "电": "電", "业": "業", "贸": "貿", "装": "裝", "传": "傳", "制": "製", "医": "醫", "疗": "療",
    "仪": "儀", "环": "環", "纺": "紡", "织": "織", "软": "軟", "远": "遠", "丽": "麗", "广": "廣", "庆": "慶", "无": "無", "宁": "寧", "济": "濟",
    "连": "連", "阳": "陽", "门": "門", "国": "國", "云服": "雲服",
}  # fmt: skip
_ALL = "".join(dict.fromkeys(BRAND + "".join(TRADES)))


def registry(n: int, seed: int, *, with_fields: bool = False) -> pd.DataFrame:
    """Place, brand of two characters, trade, form; the same brands in several cities and in dense neighbourhoods."""
    rng = random.Random(seed)
    seen: set[tuple[str, str, str]] = set()
    brands = ["".join(rng.sample(BRAND, 2)) for _ in range(n // 8)]
    rows: list[dict[str, str]] = []
    company = 0
    while len(rows) < n:
        place, brand, trade = rng.choice(PLACES), rng.choice(brands), rng.choice(TRADES)
        if (place, brand, trade) in seen:
            continue
        seen.add((place, brand, trade))
        company += 1
        own = {
            "phone": f"{rng.randrange(13 * 10**9, 19 * 10**9)}",
            "tax_id": f"91{rng.randrange(10**15, 10**16)}",
            "city": place,
        }
        rows += [
            {"name": _registry_variant(rng, place, brand, trade), "truth": f"c{company}"} | _some(rng, own)
            for _ in range(rng.randint(2, 4))
        ]
        if rng.random() < 0.10:
            part = rng.choice(("第一分公司", "第二分公司", "苏州分公司", "销售部"))
            rows.append({"name": f"{place}{brand}{trade}有限公司{part}", "truth": f"c{company}-{part}"})
        if rng.random() < 0.05:
            rows.append({"name": f"{place}{brand}集团有限公司", "truth": f"c{place}{brand}-group"})
    return _shuffled(rng, rows[:n], with_fields)


def _registry_variant(rng: random.Random, place: str, brand: str, trade: str) -> str:
    kind = rng.random()
    form = rng.choices(("有限公司", "有限责任公司", ""), (8, 3, 1))[0]
    if kind < 0.12:
        name = f"{brand}{trade}({place}){form or '有限公司'}"
    elif kind < 0.20:
        name = (
            f"{place}市{brand}{trade}{form}"
            if place not in ("上海", "北京", "天津", "重庆")
            else f"({place}){brand}{trade}{form}"
        )
    elif kind < 0.24:
        name = f"{brand}{trade}{form}"
    elif kind < 0.28:
        name = f"{place}{brand}{trade[:3] if trade.startswith('新能源') else trade[:2]}{form}"
    else:
        name = f"{place}{brand}{trade}{form}"
    if rng.random() < 0.10:
        name = slip(rng, name, _ALL)
    return written(rng, name)


def slip(rng: random.Random, name: str, letters: str) -> str:
    """A name with one character exchanged, left out, doubled, or swapped with the next."""
    at = rng.randrange(len(name) - 1)
    return rng.choice(
        (
            name[:at] + rng.choice(letters) + name[at + 1 :],
            name[:at] + name[at + 1 :],
            name[: at + 1] + name[at:],
            name[:at] + name[at + 1] + name[at] + name[at + 2 :],
        )
    )


def written(rng: random.Random, name: str) -> str:
    """The same name as another program or another hand writes it."""
    if rng.random() < 0.25:
        name = name.replace("(", "（").replace(")", "）")
    if rng.random() < 0.10:
        name = "".join(TRADITIONAL.get(c, c) for c in name)
    if rng.random() < 0.10:
        at = rng.randrange(len(name))
        name = name[:at] + rng.choice((" ", "　", "\u200b", "·")) + name[at:]
    return name


def _some(rng: random.Random, own: dict[str, str]) -> dict[str, str]:
    """A company's fields as one record holds them: often missing, now and then changed."""
    kept = {
        name: value
        for name, value in own.items()
        if rng.random() < {"tax_id": 0.3, "phone": 0.5, "city": 0.8}[name]
    }
    if "phone" in kept and rng.random() < 0.1:
        kept["phone"] = f"{rng.randrange(13 * 10**9, 19 * 10**9)}"
    return kept


def _shuffled(rng: random.Random, rows: list[dict[str, str]], with_fields: bool) -> pd.DataFrame:
    rng.shuffle(rows)
    frame = pd.DataFrame(rows)
    frame.insert(0, "customer_id", [f"K{k:06d}" for k in range(len(frame))])
    return frame if with_fields else frame[["customer_id", "name", "truth"]]


SYLLABLES = [
    "阿",
    "贝",
    "卡",
    "迪",
    "埃",
    "菲",
    "格",
    "赫",
    "伊",
    "杰",
    "克",
    "莱",
    "曼",
    "诺",
    "欧",
    "帕",
    "奎",
    "罗",
    "萨",
    "特",
    "乌",
    "维",
    "沃",
    "希",
    "亚",
    "泽",
    "米",
    "尼",
    "索",
    "托",
    "蒂",
    "林",
    "奥",
    "拉",
    "瑞",
    "思",
    "拓",
    "弘",
    "毅",
    "骏",
    "驰",
    "睿",
    "智",
    "创",
    "启",
    "航",
    "卓",
    "越",
    "铭",
    "浩",
    "宸",
    "轩",
]
OTHER_TRADES = [
    "新材",
    "智造",
    "云服务",
    "精机",
    "检测技术",
    "光学元件",
    "紧固件",
    "密封件",
    "注塑",
    "表面处理",
    "热处理",
    "水产加工",
    "预制菜",
    "母婴用品",
    "户外装备",
    "宠物食品",
    "工业气体",
    "润滑油",
    "滤清器",
    "线束",
    "连接器",
    "磁材",
    "粉末冶金",
    "特种陶瓷",
]
OTHER_PLACES = [
    "江苏南通",
    "浙江绍兴",
    "山东潍坊",
    "河北唐山",
    "河南洛阳",
    "湖北宜昌",
    "湖南株洲",
    "福建泉州",
    "江西赣州",
    "安徽芜湖",
    "广东中山",
    "四川绵阳",
    "陕西宝鸡",
    "广西柳州",
    "辽宁鞍山",
    "吉林长春",
    "贵州遵义",
    "云南昆明",
]
FORMS = ("股份有限公司", "有限公司", "有限责任公司", "厂", "商行", "经营部")


def transcribed(n: int, seed: int) -> pd.DataFrame:
    """Brands of three and four syllables, trades that few lists hold, province and city, some without a place, sole traders."""
    rng = random.Random(seed)
    rows: list[dict[str, str]] = []
    company = 0
    while len(rows) < n:
        company += 1
        brand = "".join(rng.sample(SYLLABLES, rng.choice((3, 3, 4))))
        trade, place = rng.choice(OTHER_TRADES), rng.choice(OTHER_PLACES)
        form = rng.choices(FORMS, (2, 8, 2, 1, 1, 1))[0]
        stated = rng.random() < 0.8
        towns = [place] if not stated or rng.random() < 0.85 else rng.sample(OTHER_PLACES, 2)
        for town in towns:
            truth = f"c{company}{town}"
            rows += [
                {
                    "name": _transcribed_variant(rng, town if stated else "", brand, trade, form),
                    "truth": truth,
                }
                for _ in range(rng.randint(2, 4))
            ]
            if stated and rng.random() < 0.15:
                rows += [
                    {"name": f"{town[2:]}{brand}{trade}{form}{part}", "truth": truth + part}
                    for part in ("一分厂", "二分厂")
                ]
    return _shuffled(rng, rows[:n], False)


def _transcribed_variant(rng: random.Random, place: str, brand: str, trade: str, form: str) -> str:
    province, city = place[:2], place[2:]
    head = (
        rng.choice((place, f"{province}省{city}市" if province != "广西" else place, city, f"{city}市"))
        if place
        else ""
    )
    if form in ("有限公司", "有限责任公司"):
        form = rng.choice(("有限公司", "有限责任公司"))
    name = f"{head}{brand}{trade}{form}"
    if head and form.endswith("公司") and rng.random() < 0.15:
        name = f"{brand}{trade}（{city}）{form}"
    if rng.random() < 0.12:
        name = slip(rng, name, "".join(SYLLABLES))
    if rng.random() < 0.03:
        name = f"{head}{brand}{form}"
    return written(rng, name)


WORDS = [
    "harlow",
    "brenn",
    "calder",
    "duran",
    "elmont",
    "fjord",
    "gradin",
    "hexley",
    "ister",
    "jarrow",
    "kelmar",
    "lindal",
    "morrow",
    "norden",
    "ostrava",
    "pellin",
    "quarry",
    "rosedale",
    "stanmore",
    "tarn",
    "ulver",
    "vance",
    "wexler",
    "yarden",
    "zollner",
    "ashby",
    "brockton",
    "corvin",
    "delphine",
    "everett",
    "fairmont",
    "granger",
    "hollis",
    "ingram",
    "jasper",
    "kessler",
    "lorimer",
    "mercer",
    "nolan",
]
ENDS = ["", "field", "ton", "berg", "wick", "stad", "ley", "by", "haven"]
KINDS = [
    "Precision",
    "Automation",
    "Machinery",
    "Drives",
    "Industrial",
    "Controls",
    "Packaging",
    "Engineering",
    "Motion",
    "Tooling",
    "Logistics",
    "Foods",
    "Textiles",
    "Chemicals",
    "Optics",
    "Bearings",
]
LATIN_FORMS = {
    "limited": ("Ltd", "Ltd.", "Limited", "Co., Ltd.", "Co. Ltd"),
    "inc": ("Inc", "Inc.", "Incorporated", ", Inc."),
    "gmbh": ("GmbH", "G.m.b.H.", "gmbh"),
    "bv": ("B.V.", "BV"),
    "sa": ("S.A.", "SA"),
    "llc": ("LLC", "L.L.C."),
}


def latin(n: int, seed: int) -> pd.DataFrame:
    """English and continental names; subsidiaries in other countries, branches and numbers as hard negatives."""
    rng = random.Random(seed)
    rows: list[dict[str, str]] = []
    seen: set[str] = set()
    company = 0
    while len(rows) < n:
        brand = (rng.choice(WORDS) + rng.choice(ENDS)).title() + (
            f" {rng.choice(WORDS).title()}" if rng.random() < 0.35 else ""
        )
        kind = " ".join(rng.sample(KINDS, rng.choice((1, 1, 2))))
        if f"{brand} {kind}" in seen:
            continue
        seen.add(f"{brand} {kind}")
        company += 1
        forms = rng.sample(list(LATIN_FORMS), 2 if rng.random() < 0.1 else 1)
        for form in forms:
            truth, plain = f"c{company}{form}", LATIN_FORMS[form][0]
            rows += [
                {"name": _latin_variant(rng, brand, kind, rng.choice(LATIN_FORMS[form])), "truth": truth}
                for _ in range(rng.randint(2, 4))
            ]
            if rng.random() < 0.08:
                rows += [
                    {"name": f"{brand} {kind} {part} {plain}", "truth": truth + part}
                    for part in ("No. 1", "No. 2")
                ]
            if rng.random() < 0.08:
                rows.append({"name": f"{brand} {kind} (China) {plain}", "truth": f"{truth}china"})
    return _shuffled(rng, rows[:n], False)


def _latin_variant(rng: random.Random, brand: str, kind: str, form: str) -> str:
    name = f"{brand} {kind}{'' if form.startswith(',') else ' '}{form}"
    if rng.random() < 0.10:
        core = slip(rng, f"{brand} {kind}", "abcdefghijklmnopqrstuvwxyz")
        name = f"{core} {form}"
    dress: tuple[Callable[[str], str], ...] = (
        str.upper,
        str.lower,
        lambda s: s.replace(" ", "  "),
        lambda s: f" {s} ",
        str,
        str,
        str,
    )
    return rng.choice(dress)(name)


def judged(truth: pd.Series, groups: pd.Series) -> dict[str, float]:
    """Pairwise precision, recall and F1 of groups against the truth, both indexed by record."""
    table = pd.DataFrame({"truth": truth, "group": groups.reindex(truth.index)})
    together, said, true = (
        int((sizes * (sizes - 1) // 2).sum())
        for sizes in (
            table.groupby(["truth", "group"]).size(),
            table.groupby("group").size(),
            table.groupby("truth").size(),
        )
    )
    precision, recall = together / said if said else 1.0, together / true if true else 1.0
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * together / (said + true) if said + true else 1.0,
    }


_FEBRL = {
    "street": "address_1",
    "address": "address_2",
    "tax_id": "soc_sec_id",
}


def febrl(folder: Path, name: str) -> pd.DataFrame:
    """A Febrl data set of persons with our names for its columns; the truth is in rec_id."""
    frame = pd.read_csv(folder / "febrl" / f"dataset{name}.csv", skipinitialspace=True, dtype=str).rename(
        columns=str.strip
    )
    frame = frame.rename(columns={theirs: ours for ours, theirs in _FEBRL.items()})
    return frame.assign(truth=frame.rec_id.str.split("-").str[1])
