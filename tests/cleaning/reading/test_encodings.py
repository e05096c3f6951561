"""Encodings of realistic sales text, found blind; lines in another encoding are set aside."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesops_lib.cleaning import reading
from salesops_lib.cleaning.reading.encodings import encoding_of

CHINESE = (
    "订单编号,客户名称,订单日期,产品,数量,金额\n"
    "A001,北京华联商贸有限公司,2024-01-05,激光打印机,3,1234.50\n"
    "A002,上海晨光文具股份有限公司,2024-01-06,办公椅,12,899.00\n"
)
TRADITIONAL = (
    "訂單編號,客戶名稱,訂單日期,產品,數量,金額\n"
    "A001,臺北電子股份有限公司,2024-01-05,雷射印表機,3,1234.50\n"
    "A002,高雄貿易有限公司,2024-01-06,辦公椅,12,899\n"
)
JAPANESE = (
    "注文番号,顧客名,注文日,商品名,数量,金額\n"
    "A001,株式会社東京商事,2024-01-05,レーザープリンター,3,12345\n"
    "A002,大阪電機工業株式会社,2024-01-06,オフィスチェア,12,8990\n"
)
KOREAN = (
    "주문번호,고객명,주문일자,상품명,수량,금액\n"
    "A001,주식회사 서울상사,2024-01-05,레이저 프린터,3,12345\n"
    "A002,부산전자 주식회사,2024-01-06,사무용 의자,12,8990\n"
)
FRENCH = (
    "Numéro,Client,Date,Produit,Quantité\n"
    "A001,Société Générale d'Électricité,2024-01-05,Imprimante à jet,3\n"
    "A002,Müller & Söhne,2024-01-06,Crème brûlée,2\n"
)
POLISH = (
    "Numer,Klient,Data,Produkt,Ilość\n"
    "A001,Spółka Łódź Główna,2024-01-05,Krzesło biurowe,3\n"
    "A002,Żabka Poznań,2024-01-06,Drukarka laserowa,2\n"
)
RUSSIAN = (
    "Номер,Клиент,Дата,Товар,Количество\n"
    "A001,ООО Ромашка,2024-01-05,Лазерный принтер,3\n"
    "A002,АО Северсталь,2024-01-06,Офисное кресло,2\n"
)
TWELVE = {
    "utf-8": CHINESE,
    "utf-8-sig": CHINESE,
    "utf-16": CHINESE,
    "gb18030": CHINESE,
    "big5": TRADITIONAL,
    "shift_jis": JAPANESE,
    "euc_jp": JAPANESE,
    "euc_kr": KOREAN,
    "cp1252": FRENCH + "A003,Zoë’s “Café” – Prix 5 €,2024-01-07,Thé,1\n",
    "latin-1": FRENCH,
    "cp1251": RUSSIAN,
    "koi8-r": RUSSIAN,
}
MORE = [
    *TWELVE.items(),
    ("gbk", CHINESE),
    ("gb2312", CHINESE),
    ("utf-16-le", CHINESE),
    ("utf-16-be", CHINESE),
    ("utf-16-le", FRENCH),
    ("utf-16-be", FRENCH),
    ("utf-32", CHINESE),
    ("utf-32-le", CHINESE),
    ("utf-32-be", CHINESE),
    ("cp1250", POLISH),
    ("cp866", RUSSIAN),
    ("mac_roman", FRENCH),
    ("cp850", FRENCH),
]


def rows_of(text: str) -> list[list[str]]:
    return [line.split(",") for line in text.splitlines()]


@pytest.mark.parametrize(("encoding", "text"), MORE, ids=[f"{name}-{k}" for k, (name, _) in enumerate(MORE)])
def test_text_comes_out_as_it_was_written(tmp_path: Path, encoding: str, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))
    found = reading.read(path)
    assert [list(found.headers), *map(list, found.rows)] == rows_of(text)
    assert not len(found.aside)


@pytest.mark.parametrize("encoding", [name for name in TWELVE if name not in ("utf-16", "latin-1")])
def test_a_header_alone_is_enough(encoding: str) -> None:
    head = TWELVE[encoding].splitlines()[0]
    assert (
        head.encode(encoding).decode(encoding_of(head.encode(encoding), whole=True)).lstrip("\ufeff") == head
    )


@pytest.mark.parametrize(
    ("main", "odd", "line"),
    [
        ("utf-8", "gb18030", "A009,深圳华强电子有限公司,2024-02-01,键盘,1,88\n"),
        ("utf-8", "cp1252", "A009,Café Zürich,2024-02-01,Thé,1,88\n"),
        ("gb18030", "utf-8", "A009,深圳华强电子有限公司,2024-02-01,键盘,1,88\n"),
    ],
)
def test_a_line_in_another_encoding_is_set_aside(tmp_path: Path, main: str, odd: str, line: str) -> None:
    path = tmp_path / "a.csv"
    text = CHINESE + CHINESE.split("\n", 1)[1] * 4
    path.write_bytes(text.encode(main) + line.encode(odd) + b"A010,x,2024-02-01,y,1,2\n")
    found = reading.read(path)
    assert found.aside[["line", "reason"]].values.tolist() == [
        [12, "characters are not in the file's encoding"]
    ]
    assert len(found.rows) == 11
    assert found.rows[-1][0] == "A010"


def test_half_a_character_at_the_end_of_the_head_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading.limits, "HEAD_BYTES", 101)
    path = tmp_path / "a.csv"
    for encoding in ("utf-8", "gb18030"):
        path.write_bytes(CHINESE.encode(encoding))
        assert [list(row) for row in reading.read(path).rows] == rows_of(CHINESE)[1:]


def test_text_beyond_ascii_far_down_the_file_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading.limits, "HEAD_BYTES", 64)
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,name\n" + b"1,plain\n" * 50 + "2,北京分公司销售部\n".encode("gb18030"))
    assert reading.sample(reading.parts(path)[0]).encoding == "gb18030"
