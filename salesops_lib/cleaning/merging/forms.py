"""Legal forms, trades and divisions: the words of a company's name that are not its own."""

from __future__ import annotations

#: Chinese ending → class of legal form, longest first.  Equal classes are one form in law.
ZH_FORMS: tuple[tuple[str, str], ...] = (
    ("股份有限责任公司", "joint stock"),
    ("有限责任股份公司", "joint stock"),
    ("股份有限公司", "joint stock"),
    ("有限责任总公司", "limited"),
    ("有限责任公司", "limited"),
    ("有限总公司", "limited"),
    ("有限公司", "limited"),
    ("股份公司", "joint stock"),
    ("株式会社", "kk"),
    ("有限会社", "limited"),
    ("有限合伙", "partnership"),
    ("普通合伙", "partnership"),
    ("合伙企业", "partnership"),
    ("个人独资企业", "sole trader"),
    ("个体工商户", "sole trader"),
    ("个体户", "sole trader"),
    ("个体", "sole trader"),
    ("专业合作社", "cooperative"),
    ("合作社", "cooperative"),
    ("有限责任", "limited"),
    ("股份有限", "joint stock"),
    ("总公司", "company"),
    ("有限", "limited"),
    ("股份", "joint stock"),
    ("公司", "company"),
    ("经营部", "trading house"),
    ("经销部", "trading house"),
    ("批发部", "trading house"),
    ("门市部", "trading house"),
    ("贸易行", "trading house"),
    ("商行", "trading house"),
    ("商店", "trading house"),
    ("总厂", "works"),
    ("工厂", "works"),
    ("厂", "works"),
)

#: A misspelt 有限公司 at the end is still that: these are the letters it must nearly have.
ZH_LIMITED = "有限公司"

#: Words that say "the group", which is another legal entity than its members.
ZH_GROUP = ("控股集团", "集团", "控股", "总部")
LATIN_GROUP = frozenset({"group", "groupe", "gruppe", "grupo", "gruppo", "holding", "holdings", "konzern"})

#: Endings after the legal form that make a part of the company: its name differs, its owner does not.
ZH_DIVISIONS = (
    "分公司",
    "子公司",
    "办事处",
    "营业部",
    "事业部",
    "销售部",
    "项目部",
    "采购部",
    "代表处",
    "工程部",
    "分厂",
    "分店",
    "分部",
    "分行",
    "支行",
    "分院",
    "工厂",
    "基地",
    "门店",
    "车间",
    "仓库",
    "总部",
    "部",
    "店",
)
LATIN_DIVISIONS = frozenset(
    {
        "branch",
        "office",
        "division",
        "plant",
        "store",
        "depot",
        "warehouse",
        "department",
        "dept",
        "filiale",
        "niederlassung",
        "succursale",
        "sucursal",
        "werk",
        "site",
        "unit",
    }
)

#: Latin legal form, as words without dots → class; a class is one form in one law.
LATIN_FORMS: dict[str, str] = {
    "limited liability company": "llc",
    "company limited": "limited",
    "co limited": "limited",
    "co ltd": "limited",
    "coltd": "limited",
    "ltd co": "limited",
    "limited": "limited",
    "ltd": "limited",
    "public limited company": "plc",
    "plc": "plc",
    "proprietary limited": "pty",
    "pty limited": "pty",
    "pty ltd": "pty",
    "pty": "pty",
    "private limited": "pvt",
    "pvt ltd": "pvt",
    "pte ltd": "pte",
    "sdn bhd": "sdn bhd",
    "incorporated": "inc",
    "inc": "inc",
    "corporation": "corp",
    "corp": "corp",
    "company": "company",
    "co": "company",
    "cie": "company",
    "llc": "llc",
    "llp": "llp",
    "lp": "lp",
    "gmbh and co kg": "gmbh co kg",
    "gmbh co kg": "gmbh co kg",
    "gesellschaft mit beschrankter haftung": "gmbh",
    "gmbh": "gmbh",
    "mbh": "gmbh",
    "ggmbh": "gmbh",
    "aktiengesellschaft": "ag",
    "ag": "ag",
    "kg": "kg",
    "ohg": "ohg",
    "ug": "ug",
    "ev": "ev",
    "se": "se",
    "societe anonyme": "sa",
    "sa": "sa",
    "sarl": "sarl",
    "sas": "sas",
    "sasu": "sas",
    "eurl": "eurl",
    "srl": "srl",
    "spa": "spa",
    "sl": "sl",
    "slu": "sl",
    "lda": "lda",
    "ltda": "ltda",
    "sa de cv": "sa de cv",
    "bv": "bv",
    "nv": "nv",
    "bvba": "bv",
    "ab": "ab",
    "as": "as",
    "asa": "as",
    "aps": "aps",
    "oy": "oy",
    "oyj": "oyj",
    "kft": "kft",
    "sro": "sro",
    "doo": "doo",
    "sp zoo": "sp zoo",
    "sp z o o": "sp zoo",
    "kk": "kk",
    "kabushiki kaisha": "kk",
}

#: Form → law it exists in.  Companies of two laws are two entities, whatever their names.
_LAWS = {
    "us": "inc,corp,llc",
    "de": "gmbh,ag,kg,ohg,ug,ev,gmbh co kg",
    "fr": "sarl,sas,eurl",
    "it": "srl,spa",
    "es": "sl",
    "pt": "lda,ltda",
    "nl": "bv,nv",
    "nordic": "ab,as,aps,oy,oyj",
    "east": "kft,sro,doo,sp zoo",
    "gb": "plc,llp",
    "au": "pty",
    "sg": "pte",
    "my": "sdn bhd",
    "in": "pvt",
    "jp": "kk",
    "mx": "sa de cv",
    "sa": "sa",
    "limited": "limited,joint stock,works,trading house,sole trader,partnership,cooperative",
}
LAWS: dict[str, str] = {form: law for law, forms in _LAWS.items() for form in forms.split(",")}

#: Forms that leave open which one it is: they contradict none.
OPEN_FORMS = frozenset({"", "company"})

_ZH_TRADE_WORDS = """
科技 技术 信息技术 信息科技 网络科技 电子科技 生物科技 新材料科技 工业科技 机械科技 智能科技 环保科技 新能源科技 科技发展 技术开发 技术服务
贸易 商贸 工贸 经贸 国际贸易 进出口 进出口贸易 对外贸易 实业 实业发展 工业 产业 发展 投资 投资管理 资产管理 企业管理 管理咨询 咨询 咨询服务
机械 机械设备 机械制造 精密机械 工程机械 包装机械 机电 机电设备 机电工程 设备 设备制造 成套设备 自动化 自动化设备 自动化科技 工业自动化 装备
装备制造 制造 精密制造 智能制造 精密 精密工业 精工 精密零部件 零部件 汽车零部件 汽车配件 汽配 汽车 汽车销售 汽车服务 机床 数控 数控机床 模具
精密模具 五金 五金制品 五金机电 五金工具 工具 量具 刀具 轴承 阀门 泵业 水泵 电机 电气 电气设备 电器 电力 电力设备 电力工程 输配电 电缆 电线电缆
线缆 电子 电子元件 微电子 半导体 光电 光电科技 光学 仪器 仪表 仪器仪表 传感器 传动 传动设备 液压 气动 减速机 焊接 钢铁 钢构 钢结构 金属
金属制品 金属材料 有色金属 铝业 铜业 不锈钢 铸造 锻造 冶金 矿业 矿山 化工 化学 精细化工 石化 石油 石油化工 塑料 塑胶 塑料制品 橡胶 橡塑
涂料 油漆 材料 新材料 复合材料 建材 建筑材料 装饰 装饰工程 装饰材料 建设 建设工程 建筑 建筑工程 工程 工程技术 市政工程 安装工程 园林 房地产
房地产开发 置业 物业 物业管理 家具 家居 家电 灯饰 照明 卫浴 陶瓷 玻璃 木业 纸业 纸品 包装 包装材料 包装设备 包装制品 印刷 印务 纺织 服装 服饰
制衣 针织 皮革 鞋业 食品 食品科技 饮料 酒业 乳业 粮油 农业 农业科技 农业发展 种业 饲料 牧业 水产 渔业 茶业 餐饮 餐饮管理 酒店 酒店管理 旅游
旅行社 文化 文化传媒 文化传播 传媒 广告 广告传媒 影视 教育 教育科技 培训 软件 软件开发 信息 网络 互联网 通信 通讯 通信技术 通讯设备 计算机
数码 数据 大数据 智能 智能装备 人工智能 物联网 系统集成 电子商务 供应链 供应链管理 物流 运输 货运 快递 仓储 航空 航运 船舶 船业 港口 铁路
轨道交通 环保 环境 环境工程 水务 水处理 净化 能源 新能源 新能源装备 新能源汽车 太阳能 光伏 风电 电池 燃气 热力 节能 生物 生物技术 生物医药 医药
药业 制药 医疗 医疗器械 医疗设备 医疗科技 健康 健康管理 大药房 日化 日用品 化妆品 美容 百货 超市 商业 商务 商城 商场 连锁 零售 批发 租赁
融资租赁 保险 证券 银行 基金 担保 小额贷款 典当 拍卖 劳务 人力资源 服务 安防 消防 安全 检测 认证 设计 规划设计 研究 研究院 研究所 研发 集成
体育 体育用品 玩具 礼品 工艺品 珠宝 首饰 钟表 眼镜 乐器 文具 办公用品 办公设备 图书 出版 工艺 制品 用品 器材 器械 配件 元件 重工 重型机械
重型装备 动力 动力设备 内燃机 压缩机 制冷 制冷设备 空调 暖通 电梯 起重 起重机械 输送 输送设备 食品机械 纺织机械 农机 农业机械 塑料机械 印刷机械 激光
机器人 航天 军工 核电 控制 控制系统 控制技术 高科 高新技术 股份 联合 国际 国际物流
"""
ZH_TRADES = frozenset(_ZH_TRADE_WORDS.split())

_LATIN_TRADE_WORDS = """
precision automation machinery machine machines machining machineworks drives drive industrial industries industry
industrie controls control packaging engineering engineers motion tooling tools tool technology
technologies technologie technik technical tech systems system solutions solution services service software
digital data network networks electronics electronic electric electrical electrics power energy
solar wind oil gas petroleum chemical chemicals plastics plastic rubber steel metal metals metall
iron aluminium aluminum copper mining minerals materials material supplies supply supplier trading
trade traders imports exports import export international global worldwide logistics logistik
transport transportation shipping freight cargo express distribution distributors wholesale retail
stores shop foods food beverage beverages farms farm agriculture agro dairy meat seafood fisheries
textiles textile apparel clothing fashion garments leather shoes footwear furniture home housing
construction constructions builders building buildings bau properties property realty estate
development developments investments investment capital partners ventures finance financial bank
insurance consulting consultants advisory management associates marketing media advertising
communications telecom publishing press printing paper wood timber glass ceramics pharma
pharmaceutical pharmaceuticals medical healthcare health biotech bio sciences science laboratories
laboratory labs lab research instruments instrument equipment products product manufacturing
manufacturers works factory mills foundry castings forge motors motor automotive auto cars vehicles
parts components bearings valves pumps hydraulics pneumatics robotics lasers optics semiconductor
semiconductors circuits cable cables wire lighting lights hvac cooling heating water environmental
waste recycling marine maritime aviation aerospace defense security safety education training
entertainment games sports travel tourism hotel hotels restaurant restaurants catering cosmetics
jewelry jewellery toys gifts office maschinenbau maschinen anlagenbau antriebstechnik elektro
elektronik handel handels vertrieb vertriebs
"""
LATIN_TRADES = frozenset(_LATIN_TRADE_WORDS.split())

#: Surnames that open most Chinese personal names.
ZH_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方"
    "白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝"
)
