"""Places that open, close or qualify a company's name, and which of them holds which.

Chinese names begin with the place of registration (行政区划): province, city, and now and then a
district or county.  Cities are the prefecture-level ones and the county-level cities that firms
are often registered in.
"""

from __future__ import annotations

_ZH = {
    "北京": "朝阳 海淀 丰台 通州 大兴 昌平 顺义 亦庄 中关村",
    "天津": "滨海 滨海新区 武清 西青 津南 塘沽",
    "上海": "浦东 浦东新区 闵行 松江 嘉定 青浦 奉贤 徐汇 普陀 虹口 杨浦 宝山",
    "重庆": "渝北 渝中 九龙坡 沙坪坝 万州 涪陵 永川 两江新区",
    "河北": "石家庄 唐山 秦皇岛 邯郸 邢台 保定 张家口 承德 沧州 廊坊 衡水 任丘 三河 霸州 雄安",
    "山西": "太原 大同 阳泉 长治 晋城 朔州 晋中 运城 忻州 临汾 吕梁",
    "内蒙古": "呼和浩特 包头 乌海 赤峰 通辽 鄂尔多斯 呼伦贝尔 巴彦淖尔 乌兰察布",
    "辽宁": "沈阳 大连 鞍山 抚顺 本溪 丹东 锦州 营口 阜新 辽阳 盘锦 铁岭 葫芦岛 瓦房店 海城",
    "吉林": "长春 四平 辽源 通化 白山 松原 白城 延边 延吉 公主岭",
    "黑龙江": "哈尔滨 齐齐哈尔 鸡西 鹤岗 双鸭山 大庆 伊春 佳木斯 七台河 牡丹江 黑河 绥化",
    "江苏": "南京 无锡 徐州 常州 苏州 南通 连云港 淮安 盐城 扬州 镇江 泰州 宿迁 昆山 江阴 张家港 常熟 太仓 "
    "宜兴 丹阳 靖江 泰兴 启东 海门 如皋 溧阳 吴江 江宁 新沂 邳州 高邮 仪征 兴化 东台",
    "浙江": "杭州 宁波 温州 嘉兴 湖州 绍兴 金华 衢州 舟山 台州 丽水 义乌 慈溪 余姚 海宁 桐乡 平湖 诸暨 永康 东阳 "
    "乐清 瑞安 温岭 玉环 萧山 余杭 富阳 临安 上虞 嵊州 兰溪 长兴 德清 嘉善 海盐",
    "安徽": "合肥 芜湖 蚌埠 淮南 马鞍山 淮北 铜陵 安庆 黄山 滁州 阜阳 宿州 六安 亳州 池州 宣城 天长 宁国",
    "福建": "福州 厦门 莆田 三明 泉州 漳州 南平 龙岩 宁德 晋江 石狮 南安 福清 长乐 福安",
    "江西": "南昌 景德镇 萍乡 九江 新余 鹰潭 赣州 吉安 宜春 抚州 上饶 樟树 丰城",
    "山东": "济南 青岛 淄博 枣庄 东营 烟台 潍坊 济宁 泰安 威海 日照 临沂 德州 聊城 滨州 菏泽 莱芜 胶州 即墨 寿光 "
    "诸城 龙口 莱州 招远 滕州 荣成 章丘 高密 邹平",
    "河南": "郑州 开封 洛阳 平顶山 安阳 鹤壁 新乡 焦作 濮阳 许昌 漯河 三门峡 南阳 商丘 信阳 周口 驻马店 济源 长垣 "
    "巩义 新郑 荥阳",
    "湖北": "武汉 黄石 十堰 宜昌 襄阳 鄂州 荆门 孝感 荆州 黄冈 咸宁 随州 恩施 仙桃 潜江 天门 大冶",
    "湖南": "长沙 株洲 湘潭 衡阳 邵阳 岳阳 常德 张家界 益阳 郴州 永州 怀化 娄底 湘西 浏阳 醴陵",
    "广东": "广州 深圳 珠海 汕头 佛山 韶关 湛江 肇庆 江门 茂名 惠州 梅州 汕尾 河源 阳江 清远 东莞 中山 潮州 揭阳 "
    "云浮 顺德 南海 番禺 花都 增城 普宁 开平 宝安 龙岗 罗湖 南山 福田",
    "广西": "南宁 柳州 桂林 梧州 北海 防城港 钦州 贵港 玉林 百色 贺州 河池 来宾 崇左",
    "海南": "海口 三亚 三沙 儋州 琼海 文昌",
    "四川": "成都 自贡 攀枝花 泸州 德阳 绵阳 广元 遂宁 内江 乐山 南充 眉山 宜宾 广安 达州 雅安 巴中 资阳 都江堰 广汉",
    "贵州": "贵阳 六盘水 遵义 安顺 毕节 铜仁 仁怀",
    "云南": "昆明 曲靖 玉溪 保山 昭通 丽江 普洱 临沧 大理 楚雄 红河",
    "西藏": "拉萨 日喀则 林芝",
    "陕西": "西安 铜川 宝鸡 咸阳 渭南 延安 汉中 榆林 安康 商洛",
    "甘肃": "兰州 嘉峪关 金昌 白银 天水 武威 张掖 平凉 酒泉 庆阳 定西 陇南",
    "青海": "西宁 海东 格尔木",
    "宁夏": "银川 石嘴山 吴忠 固原 中卫",
    "新疆": "乌鲁木齐 克拉玛依 吐鲁番 哈密 昌吉 石河子 喀什 伊犁 库尔勒 阿克苏",
    "香港": "九龙 新界",
    "澳门": "",
    "台湾": "台北 高雄 台中 台南 新竹 桃园 新北",
    "中国": "",
    "亚太": "",
    "美国": "",
    "日本": "东京 大阪",
    "德国": "",
    "英国": "",
    "法国": "",
    "韩国": "首尔",
    "新加坡": "",
    "印度": "",
    "越南": "",
}

#: Words after a place's own name that do not change the place.
ZH_SUFFIXES = (
    "特别行政区",
    "壮族自治区",
    "回族自治区",
    "维吾尔自治区",
    "自治区",
    "自治州",
    "新区",
    "省",
    "市",
    "区",
    "县",
)

#: Chinese place → (the region that holds it, or itself; the place).
ZH_PLACES: dict[str, tuple[str, str]] = {
    place: (region, place) for region, held in _ZH.items() for place in (region, *held.split())
}

_LATIN_CITIES = """
beijing tianjin shanghai chongqing shenzhen guangzhou dongguan foshan suzhou wuxi nanjing hangzhou
ningbo wenzhou qingdao jinan yantai dalian shenyang xiamen fuzhou quanzhou chengdu wuhan changsha
hefei xian zhengzhou kunshan changzhou zhuhai zhongshan huizhou nantong jiaxing shaoxing taizhou
guangdong jiangsu zhejiang shandong fujian hebei henan hubei hunan sichuan anhui liaoning
dubai london paris berlin munich munchen hamburg frankfurt zurich geneva
vienna wien madrid barcelona milano milan rome amsterdam rotterdam brussels new_york boston chicago
houston dallas atlanta miami seattle denver los_angeles san_francisco california texas florida
toronto vancouver montreal sydney melbourne tokyo osaka seoul mumbai delhi bangalore manchester
birmingham leeds bristol glasgow edinburgh dublin
"""
_LATIN_COUNTRIES = """
china hong_kong hongkong taiwan macau asia asia_pacific apac emea europe america americas
north_america south_america latin_america usa us u_s_a united_states uk united_kingdom england
scotland ireland germany deutschland france italia italy spain espana portugal netherlands
nederland holland belgium luxembourg switzerland schweiz suisse austria osterreich poland polska
czech hungary romania sweden sverige norway norge denmark danmark finland russia ukraine turkey
japan korea india singapore malaysia thailand vietnam indonesia philippines australia new_zealand
canada mexico brazil brasil argentina chile colombia peru south_africa nigeria kenya egypt israel
uae saudi_arabia qatar
"""

#: One place in two spellings.
_SAME = {
    "usa": "美国",
    "us": "美国",
    "u s a": "美国",
    "united states": "美国",
    "america": "美国",
    "uk": "英国",
    "united kingdom": "英国",
    "china": "中国",
    "hongkong": "香港",
    "hong kong": "香港",
    "taiwan": "台湾",
    "japan": "日本",
    "france": "法国",
    "korea": "韩国",
    "singapore": "新加坡",
    "india": "印度",
    "vietnam": "越南",
    "germany": "德国",
    "deutschland": "德国",
    "italia": "italy",
    "espana": "spain",
    "nederland": "netherlands",
    "holland": "netherlands",
    "schweiz": "switzerland",
    "suisse": "switzerland",
    "osterreich": "austria",
    "polska": "poland",
    "sverige": "sweden",
    "norge": "norway",
    "danmark": "denmark",
    "brasil": "brazil",
    "munchen": "munich",
    "wien": "vienna",
    "milano": "milan",
    "apac": "asia pacific",
    "americas": "america region",
}

#: Latin place as it is written (lower case, spaces) → its one spelling.
LATIN_PLACES: dict[str, str] = {
    (word := raw.replace("_", " ")): _SAME.get(word, word)
    for raw in (_LATIN_CITIES + _LATIN_COUNTRIES).split()
}


#: A company that names one of these belongs to a foreign one: another entity than its parent.
COUNTRIES = frozenset(
    [
        "中国",
        "亚太",
        "美国",
        "日本",
        "德国",
        "英国",
        "法国",
        "韩国",
        "新加坡",
        "印度",
        "越南",
        "香港",
        "台湾",
        "澳门",
    ]
) | {LATIN_PLACES[raw.replace("_", " ")] for raw in _LATIN_COUNTRIES.split()}


def split(place: str) -> tuple[str, str]:
    """The region that holds a place, and the place; a place that is in no list is its own region."""
    return ZH_PLACES.get(place, (place, place))
