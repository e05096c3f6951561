"""Which encoding a text is in, judged by its bytes.

A byte order mark and valid UTF-8 decide.  Otherwise every candidate that can decode the text
is rated by how common its characters are in its own language, as the wrong table gives rare
signs, marks inside words, or capitals after small letters.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from functools import lru_cache

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WIDE = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
_EAST = ("gb18030", "big5hkscs", "cp932", "euc_jp", "cp949")
_SINGLE = ("cp1252", "cp1250", "cp1251", "koi8-r", "cp866", "cp1253", "cp1254", "mac_roman", "cp850")
_EAST_ENOUGH = 0.72
_SAMPLE = 1 << 16
_THREE_BYTES = re.compile(rb"[\xe0-\xef][\x80-\xbf]{2}")
_LETTERS = {
    "cp1252": "àâäáãåçéèêëíìîïñóòôöõøúùûüýßœæÀÂÄÁÇÉÈÊÍÑÓÖØÚÜ°²³€£§«»–—‘’“”•…©®™ºª¿¡´·½¼",
    "cp1250": "ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽăâîșşţőűäöüÄÖÜß°§€–—’“”„",
    "cp1254": "çğıöşüÇĞİÖŞÜâî",
    "mac_roman": "éèêàçùâîôûëïöüäßñáíóúÉÀÇÖÜÄ",
    "cp850": "éèêàçùâîôûëïöüäßñáíóúåæøÉÇÖÜÄÅÆØ",
}
_LETTERS_OF_SCRIPTS = {"cp1251": "Ѐ-ӿ", "koi8-r": "Ѐ-ӿ", "cp866": "Ѐ-ӿ", "cp1253": "Ͱ-Ͽ"}
_COMMON_CYRILLIC = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё№«»–—"


def encoding_of(head: bytes, *, whole: bool = False) -> str:
    """Encoding of a text from its first bytes; a few lines may be in another one.

    Parameters
    ----------
    head
        The first bytes; half a character at their end does no harm.
    whole
        Whether `head` is all of the text.

    Examples
    --------
    >>> encoding_of("订单编号,金额".encode("gb18030")), encoding_of("a,b".encode("utf-16-le"))
    ('gb18030', 'utf-16-le')
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    wide = _wide_without_mark(head)
    if wide:
        return wide
    if decodes(head, "utf-8", final=whole):
        return "utf-8"
    lines = [line for line in head.split(b"\n") if not line.isascii()]
    n_valid = sum(_is_utf8(line) for line in lines)
    if n_valid >= 2 and n_valid >= 0.6 * len(lines):
        return "utf-8"
    return _likeliest(b"\n".join(line for line in lines if not is_stray_utf8(line))[:_SAMPLE])


def decodes(data: bytes, encoding: str, *, final: bool = False) -> bool:
    """Whether `data` is text in `encoding`, but for half a character at its end."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(data, final)
    except UnicodeDecodeError:
        return False
    return True


def is_wide(encoding: str) -> bool:
    """Whether an encoding has line ends of two or four bytes."""
    return encoding.lower().replace("_", "-") in _WIDE


def is_stray_utf8(line: bytes) -> bool:
    """Whether a line of a file in another encoding is UTF-8, so that it would be read wrong.

    >>> is_stray_utf8("1,北京".encode()), is_stray_utf8("1,北京".encode("gb18030"))
    (True, False)
    """
    return not line.isascii() and bool(_THREE_BYTES.search(line)) and _is_utf8(line)


def is_stray(line: bytes, encoding: str) -> bool:
    """Whether a line that `encoding` can decode is rather UTF-8."""
    if encoding == "utf-8" or line.isascii():
        return False
    return is_stray_utf8(line) or (encoding not in _EAST and _is_utf8(line))


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _wide_without_mark(head: bytes) -> str:
    """UTF-16 or UTF-32 by where the zero bytes stand: in text, always in the same places."""
    sample = head[: _SAMPLE - _SAMPLE % 4]
    if b"\x00" not in sample or len(sample) < 4:
        return ""
    quarter = len(sample) // 4
    zeros = [sample[k::4].count(0) / quarter for k in range(4)]
    if min(zeros[2:]) > 0.95 and zeros[0] < 0.2:
        return "utf-32-le"
    if min(zeros[:2]) > 0.95 and zeros[3] < 0.2:
        return "utf-32-be"
    odd, even = (zeros[1] + zeros[3]) / 2, (zeros[0] + zeros[2]) / 2
    if max(odd, even) < 0.2 or min(odd, even) > 0.02:
        return ""
    name = "utf-16-le" if odd > even else "utf-16-be"
    return name if decodes(sample, name) and _is_prose(sample.decode(name, errors="ignore")) else ""


def _is_prose(text: str) -> bool:
    """Whether text has delimiters or line ends, and hardly any control or unassigned characters."""
    odd = sum(unicodedata.category(c) in ("Cc", "Cn", "Co") and c not in "\t\r\n" for c in text)
    return any(mark in text for mark in ",;\t|\n") and odd <= 0.02 * len(text)


def _likeliest(sample: bytes) -> str:
    rated = {name: rating for name in _EAST if (rating := _east_rating(sample, name)) >= _EAST_ENOUGH}
    if rated:
        best = max(rated, key=lambda name: rated[name])
        return {"big5hkscs": "big5hkscs", "cp932": "cp932"}.get(best, best)
    single = {name: _single_rating(sample, name) for name in _SINGLE}
    best = max(single, key=lambda name: single[name])
    if single[best] > 0.5:
        return best if best != "cp1252" or decodes(sample, "cp1252", final=True) else "latin-1"
    return _by_library(sample)


def _by_library(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    found = from_bytes(sample).best()
    return found.encoding.replace("_", "-") if found else "latin-1"


def _decoded(sample: bytes, encoding: str) -> tuple[str, float]:
    """Text, and the share of its lines that could not be decoded."""
    lines = sample.split(b"\n")
    texts = []
    for line in lines[:-1] if len(lines) > 1 and len(sample) >= _SAMPLE else lines:
        try:
            texts.append(line.decode(encoding))
        except UnicodeDecodeError:
            continue
    return "\n".join(texts), 1 - len(texts) / len(lines)


def _east_rating(sample: bytes, encoding: str) -> float:
    """Share of characters beyond ASCII that are everyday ones of the encoding's language."""
    text, undecoded = _decoded(sample, encoding)
    beyond = [character for character in text if ord(character) > 127]
    if not beyond or undecoded > 0.2:
        return 0.0
    rating = sum(_commonness(character, encoding) for character in beyond) / len(beyond)
    return (rating + _language_bonus("".join(beyond), encoding)) * (1 - undecoded)


@lru_cache(maxsize=1 << 14)
def _commonness(character: str, encoding: str) -> float:
    code = character.encode(encoding, errors="replace")
    point = ord(character)
    if 0x3001 <= point <= 0x3011 or 0xFF01 <= point <= 0xFF5E or character in "·—“”‘’…￥€№°":
        return 1.0
    if len(code) != 2:
        return -0.5 if 0xFF61 <= point <= 0xFF9F else -1.0
    lead, trail = code[0], code[1]
    if encoding == "gb18030":
        return (
            1.0
            if 0xB0 <= lead <= 0xD7 and trail >= 0xA1
            else 0.5
            if 0xD8 <= lead <= 0xF7 and trail >= 0xA1
            else -0.5
        )
    if encoding == "big5hkscs":
        return 1.0 if 0xA4 <= lead <= 0xC6 else 0.3 if 0xC9 <= lead <= 0xF9 else -0.5
    if encoding == "cp932":
        return (
            1.0
            if 0x3041 <= point <= 0x30FE or 0x88 <= lead <= 0x97
            else 0.3
            if 0x98 <= lead <= 0xEA
            else -0.5
        )
    if encoding == "euc_jp":
        return 1.0 if 0x3041 <= point <= 0x30FE or 0xB0 <= lead <= 0xCF else 0.3 if lead >= 0xD0 else -0.5
    return 1.0 if 0xAC00 <= point <= 0xD7A3 and 0xB0 <= lead <= 0xC8 and trail >= 0xA1 else -0.2


def _language_bonus(beyond: str, encoding: str) -> float:
    """What tells tables apart that share their bytes: kana, Hangul, and the commonest ideographs."""
    kana = sum("\u3041" <= character <= "\u30fe" for character in beyond) / len(beyond)
    everyday = sum(character in _EVERYDAY[encoding] for character in beyond) / len(beyond)
    if encoding in ("gb18030", "big5hkscs"):
        return 2 * everyday - 2 * kana
    return 2 * everyday + (0.5 * kana if encoding in ("cp932", "euc_jp") else 0)


_EVERYDAY = {
    "gb18030": frozenset(
        "的一是不了人在有中大国上个来到时年为和地出会可生下自后学公司有限责任单编号订金额客户日期数量价销售产品名称类型"
        "地区省市州海北京南东西部分店业务员元总计备注状态已完成付款发货商电子科技贸易股份集团华办设备用家具技术标准城细"
        "深圳广杭成都武汉重庆天津苏江浙山河湖川云陕安徽福建辽吉林黑龙内蒙古新疆张王李刘陈杨黄赵周吴徐孙胡朱高何郭马罗"
    ),
    "big5hkscs": frozenset(
        "的一是不了人在有中大國上個來到時年為和地出會可生下自後學公司有限責任單編號訂金額客戶日期數量價銷售產品名稱類型"
        "地區省市州海北京南東西部分店業務員元總計備註狀態已完成付款發貨商電子科技貿易股份集團華辦設備用家具技術標準城"
        "臺台灣灣高雄中桃園新竹林陳黃張李王吳劉蔡楊香港九龍電話地址負責"
    ),
    "cp932": frozenset(
        "のはをにがでとたしてるれいうなあかこりまっンスルトリアイクーラシドレジタフロプコニ株式会社注文日金額売上数量単価商品名顧客番号東京大阪支店"
    ),
    "euc_jp": frozenset(
        "のはをにがでとたしてるれいうなあかこりまっンスルトリアイクーラシドレジタフロプコニ株式会社注文日金額売上数量単価商品名顧客番号東京大阪支店"
    ),
    "cp949": frozenset(
        "이다는을의에가고한하기로사지어시은리인자도정서대주보수전해그것나스부를일과제구문장상아여라들원주식회사주문일자금액매출수량단가상품명고객번호서울부산지점"
    ),
}


def _single_rating(sample: bytes, encoding: str) -> float:
    """Share of the characters beyond ASCII that fit: letters of the language, in words of one script."""
    text, undecoded = _decoded(sample, encoding)
    beyond = [character for character in text if ord(character) > 127]
    if not beyond or undecoded > 0.2:
        return 0.0
    if encoding in _LETTERS_OF_SCRIPTS:
        return _script_rating(text, beyond, encoding) * (1 - undecoded)
    known = _LETTERS[encoding]
    fitting = sum(character in known for character in beyond) / len(beyond)
    strange = len(
        re.findall(r"[a-z][À-ÖØ-ÞŠŽŁĄĆ]|[^\W\d_a-zA-Z]{3,}|[a-z][^\w\s'’.,;:%)\]|/\"-]+[a-z]", text)
    )
    n_words = len(re.findall(r"\w*[^\x00-\x7f]\w*", text)) or 1
    rank = 0.01 * list(_LETTERS).index(encoding)
    return (fitting - min(1.0, strange / n_words) - rank) * (1 - undecoded)


def _script_rating(text: str, beyond: list[str], encoding: str) -> float:
    """For Cyrillic and Greek: small letters after the first of a word, and common ones."""
    letters = re.findall(f"[{_LETTERS_OF_SCRIPTS[encoding]}]+", text)
    n_letters = sum(map(len, letters))
    if not n_letters:
        return 0.0
    sound = sum(len(word) for word in letters if word.islower() or word.istitle() or word.isupper())
    common = sum(c in _COMMON_CYRILLIC for c in "".join(letters).lower()[:4000]) / min(n_letters, 4000)
    capitals = sum(map(str.isupper, "".join(letters))) / n_letters
    long_words = sum(len(word) for word in letters if len(word) >= 3) / n_letters
    if encoding == "cp1253":
        common = 0.7
    shape = 0.5 * sound / n_letters + 0.5 * common - 0.2 * capitals
    return n_letters / len(beyond) * shape * 1.2 * (0.4 + 0.6 * long_words)
