"""Made-up names: companies, where they are, and the people in them.

Chinese company names have the four parts the registry asks for: region, trade name, industry
and legal form (行政区划 + 字号 + 行业 + 组织形式). Any likeness to a real company is chance.
"""

from dataclasses import dataclass
from random import Random

__all__ = ["Firm", "chinese_firm", "foreign_firm", "foreign_person", "person", "subsidiary"]

_REGIONS = (
    ("上海", "310115"),
    ("北京", "110108"),
    ("深圳市", "440305"),
    ("广州", "440106"),
    ("杭州", "330106"),
    ("宁波", "330203"),
    ("苏州", "320506"),
    ("无锡", "320211"),
    ("南京", "320105"),
    ("成都", "510107"),
    ("重庆", "500112"),
    ("武汉", "420106"),
    ("青岛", "370202"),
    ("济南", "370102"),
    ("厦门", "350203"),
    ("福州", "350102"),
    ("西安", "610113"),
    ("长沙", "430104"),
    ("天津", "120116"),
    ("大连", "210202"),
    ("东莞市", "441900"),
    ("佛山市", "440604"),
    ("合肥", "340104"),
    ("郑州", "410105"),
)
_FIRST = "恒瑞华鼎盛嘉泰宏远信诚润德天海明光新东中金博科卓越启晨凯安亿丰联创维格锐驰"
_SECOND = "达源通泽成隆昌航腾宇辰力邦利和润泰兴悦凯程峰林川瑞康洋舟岳森健翔"
_INDUSTRIES = (
    ("机械设备", "Machinery"),
    ("电子科技", "Electronics"),
    ("新材料", "Materials"),
    ("汽车零部件", "Automotive Parts"),
    ("医疗器械", "Medical Devices"),
    ("食品", "Food"),
    ("纺织", "Textiles"),
    ("化工", "Chemicals"),
    ("建筑工程", "Construction"),
    ("物流", "Logistics"),
    ("贸易", "Trading"),
    ("信息技术", "Information Technology"),
    ("环保科技", "Environmental Technology"),
    ("五金制品", "Hardware"),
    ("包装制品", "Packaging"),
    ("自动化", "Automation"),
)
_FORMS = ("有限公司", "有限公司", "有限公司", "有限责任公司", "股份有限公司")

_FOREIGN_STEMS = [
    "Nordwind",
    "Alderbrook",
    "Halvorsen",
    "Castellan",
    "Brightmoor",
    "Kestrel",
    "Lindqvist",
    "Marchetti",
    "Vasari",
    "Oakhurst",
    "Steinbach",
    "Delacroix",
    "Harrowgate",
    "Silverlake",
    "Montclair",
    "Pinecrest",
    "Rheintal",
    "Solvane",
    "Tavernier",
    "Westbridge",
    "Ashcombe",
    "Bergamo",
    "Corvina",
    "Dunmore",
    "Elmstead",
    "Falkenberg",
    "Granvale",
    "Hollis",
    "Ironbridge",
    "Juniper",
    "Kronberg",
    "Lakefield",
]
_FOREIGN_TRADES = [
    "Industries",
    "Components",
    "Foods",
    "Systems",
    "Textiles",
    "Medical",
    "Logistics",
    "Chemicals",
    "Tools",
    "Packaging",
    "Controls",
    "Supply",
]
_FOREIGN_PLACES = (
    ("United States", "USD", ("Inc.", "LLC", "Corp.")),
    ("Germany", "EUR", ("GmbH", "AG")),
    ("France", "EUR", ("SARL", "S.A.")),
    ("Italy", "EUR", ("S.p.A.", "S.r.l.")),
    ("Netherlands", "EUR", ("B.V.",)),
    ("Singapore", "USD", ("Pte. Ltd.",)),
    ("Vietnam", "USD", ("Co., Ltd.",)),
)

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_GIVEN = [
    "伟",
    "芳",
    "娜",
    "秀英",
    "敏",
    "静",
    "丽",
    "强",
    "磊",
    "军",
    "洋",
    "勇",
    "艳",
    "杰",
    "娟",
    "涛",
    "明",
    "超",
    "秀兰",
    "霞",
    "平",
    "刚",
    "桂英",
    "文博",
    "子涵",
    "思远",
    "雨桐",
    "浩然",
    "欣怡",
    "志强",
    "建华",
    "晓燕",
    "俊杰",
    "雪梅",
    "海燕",
    "国栋",
    "嘉豪",
    "梦琪",
    "一诺",
    "婷婷",
]
_FOREIGN_GIVEN = [
    "Anna",
    "Marco",
    "Julia",
    "Peter",
    "Sofia",
    "Daniel",
    "Claire",
    "Henrik",
    "Laura",
    "Thomas",
    "Minh",
    "Grace",
]
_FOREIGN_SURNAMES = [
    "Becker",
    "Rossi",
    "Dubois",
    "Carter",
    "Jansen",
    "Nguyen",
    "Tan",
    "Keller",
    "Moreau",
    "Hughes",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Firm:
    """A made-up company. ``division`` is its registry's code, ``None`` outside China."""

    name: str
    trade_name: str
    industry: str
    country: str
    currency: str
    division: str | None


def chinese_firm(rng: Random) -> Firm:
    """Return a company registered in China."""
    region, division = rng.choice(_REGIONS)
    trade_name = rng.choice(_FIRST) + rng.choice(_SECOND)
    if rng.random() < 0.25:
        trade_name += rng.choice(_SECOND)
    return _chinese(region, division, trade_name, rng)


def subsidiary(parent: Firm, rng: Random) -> Firm:
    """Return a company of the parent's group: the same trade name in another region."""
    if parent.division is None:
        return foreign_firm(rng)
    region, division = rng.choice(_REGIONS)
    return _chinese(region, division, parent.trade_name, rng)


def foreign_firm(rng: Random) -> Firm:
    """Return a company from abroad."""
    country, currency, forms = rng.choice(_FOREIGN_PLACES)
    stem, trade = rng.choice(_FOREIGN_STEMS), rng.choice(_FOREIGN_TRADES)
    if rng.random() < 0.3:
        stem = f"{stem} & {rng.choice(_FOREIGN_STEMS)}"
    return Firm(
        name=f"{stem} {trade} {rng.choice(forms)}",
        trade_name=stem,
        industry=trade,
        country=country,
        currency=currency,
        division=None,
    )


def person(rng: Random) -> str:
    """Return a Chinese person's name."""
    return rng.choice(_SURNAMES) + rng.choice(_GIVEN)


def foreign_person(rng: Random) -> str:
    """Return the name of a person from abroad."""
    return f"{rng.choice(_FOREIGN_GIVEN)} {rng.choice(_FOREIGN_SURNAMES)}"


def _chinese(region: str, division: str, trade_name: str, rng: Random) -> Firm:
    industry, label = rng.choice(_INDUSTRIES)
    return Firm(
        name=f"{region}{trade_name}{industry}{rng.choice(_FORMS)}",
        trade_name=trade_name,
        industry=label,
        country="China",
        currency="CNY",
        division=division,
    )
