"""Names of made-up firms, and what a person would decide about each pair (credit-management 12.2)."""

from datetime import date
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.flow.matching import NamedAccount, duplicates, name_tools
from scoring.identity import (
    Alias,
    Company,
    ParsedName,
    candidates,
    match_companies,
    match_names,
    parse_name,
)
from scoring.identity.regions import Place

TOOLS = name_tools()
PAIRS = [
    ("深圳市腾飞科技有限公司", "深圳市腾飞科技有限公司", "suggest"),
    ("深圳市腾飞科技有限责任公司", "深圳市腾飞科技有限公司", "suggest"),
    ("深圳腾飞科技有限公司", "深圳市腾飞科技有限公司", "suggest"),
    ("腾飞科技（深圳）有限公司", "深圳市腾飞科技有限公司", "suggest"),
    ("騰飛科技(深圳)有限公司", "腾飞科技（深圳）有限公司", "suggest"),
    ("广东省深圳市腾飞科技有限公司", "深圳市腾飞科技有限公司", "suggest"),
    ("深圳市南山区腾飞科技有限公司", "深圳市腾飞科技有限公司", "suggest"),
    ("深圳市腾飞科技有限公司（停用）", "深圳市腾飞科技有限公司", "suggest"),
    ("深圳市腾飞科技有限公司-停用", "深圳市腾飞科技有限公司", "suggest"),
    ("【重点】深圳市腾飞科技有限公司", "深圳市腾飞科技有限公司", "suggest"),
    ("深圳市　腾飞 科技有限公司", "深圳市腾飞科技有限公司", "suggest"),
    ("ＡＢＣ科技（上海）有限公司", "abc科技(上海)有限公司", "suggest"),
    ("深圳市腾飞科技股份有限公司", "深圳市腾飞科技股份公司", "suggest"),
    ("苏州昆山市华立达精密机械有限公司", "昆山华立达精密机械有限公司", "suggest"),
    ("江苏省苏州市华立达机械有限公司", "苏州华立达机械有限公司", "suggest"),
    ("义乌市小雨伞商行", "义乌小雨伞商行", "suggest"),
    ("恩施土家族苗族自治州清江茶业有限公司", "恩施清江茶业有限公司", "suggest"),
    ("内蒙古自治区鹿城羊绒纺织有限公司", "内蒙古鹿城羊绒纺织有限公司", "suggest"),
    ("杭州合力达投资合伙企业（有限合伙）", "杭州合力达投资合伙企业(有限合伙)", "suggest"),
    ("吉林省吉林市松江化工有限公司", "吉林市松江化工有限公司", "suggest"),
    ("深圳市腾飞科技有限公司", "腾飞科技有限公司", "queue"),
    ("深圳市腾飞科技有限公司", "深圳市腾飞有限公司", "queue"),
    ("深圳市腾飞达科技有限公司", "深圳市腾飞达技术有限公司", "suggest"),
    ("深圳市腾飞达科技有限公司", "深圳市腾飞达信息技术有限公司", "suggest"),
    ("深圳市恒通达电子有限公司", "深圳市恒通达电子科技有限公司", "suggest"),
    ("上海宏图远景贸易有限公司", "上海宏图远景商贸有限公司", "suggest"),
    ("上海宏图远景贸易有限公司", "上海鸿图远景贸易有限公司", "queue"),
    ("上海宏图远景贸易有限公司", "上海宏图远竟贸易有限公司", "queue"),
    ("上海宏图远景贸易有限公司", "上海宏图远景", "queue"),
    ("宏图远景贸易公司", "宏图远景贸易有限公司", "none"),
    ("深圳市金鹏飞达实业有限公司", "深圳市金鹏飞达实业发展有限公司", "suggest"),
    ("宁波北仑海天滑动轴承有限公司", "宁波市北仑区海天滑动轴承有限公司", "suggest"),
    ("宁波大榭万里物流有限公司", "宁波大榭万里物流公司", "none"),
    ("远大商贸(上海)有限公司", "远大商贸(北京)有限公司", "none"),
    ("上海远大商贸有限公司", "北京远大商贸有限公司", "none"),
    ("深圳市腾飞科技有限公司", "广州市腾飞科技有限公司", "none"),
    ("深圳市南山区腾飞科技有限公司", "深圳市福田区腾飞科技有限公司", "none"),
    ("江苏华立机械有限公司", "浙江华立机械有限公司", "none"),
    ("苏州华立达机械有限公司", "无锡华立达机械有限公司", "none"),
    ("深圳市腾飞科技有限公司", "深圳市腾飞科技股份有限公司", "none"),
    ("深圳市腾飞科技有限公司", "腾飞集团有限公司", "none"),
    ("深圳市腾飞科技有限公司", "深圳市腾飞经营部", "none"),
    ("昆山市吉安五金厂", "昆山市吉安五金有限公司", "none"),
    ("杭州合力投资合伙企业（有限合伙）", "杭州合力投资有限公司", "none"),
    ("深圳市腾飞科技有限公司", "深圳市腾讯科技有限公司", "none"),
    ("深圳市大族科技有限公司", "深圳市大同科技有限公司", "none"),
    ("上海一达贸易有限公司", "上海一恒达贸易有限公司", "none"),
    ("深圳市金达科技有限公司", "深圳市金达莱科技有限公司", "none"),
    ("杭州美好家居有限公司", "杭州美好食品有限公司", "queue"),
    ("深圳市腾飞达食品有限公司", "深圳市腾飞达建筑工程有限公司", "queue"),
    ("青岛海洋之星水产有限公司", "青岛山水之间餐饮有限公司", "none"),
    ("武汉长江汽配有限公司", "武汉黄河汽配有限公司", "none"),
    ("成都蜀香源食品有限公司", "重庆渝味轩食品有限公司", "none"),
    ("北京明德立信科技有限公司", "北京明德致远科技有限公司", "queue"),
    ("上海远大商贸有限公司杭州分公司", "上海远大商贸有限公司", "branch"),
    ("上海远大商贸有限公司", "上海远大商贸有限公司第三营业部", "branch"),
    ("北京明德立信科技有限公司深圳分公司", "北京明德立信科技有限公司", "branch"),
    ("北京明德立信科技有限公司深圳分公司", "北京明德立信科技有限公司广州分公司", "none"),
    ("北京明德立信科技有限公司深圳分公司", "上海蜀香源食品有限公司", "none"),
    ("远大商贸杭州办事处", "上海远大商贸有限公司", "branch"),
    (
        "Shenzhen Tengfei Technology Co., Ltd.",
        "Shenzhen Tengfei Technology Company Limited",
        "suggest",
    ),
    ("Shenzhen Tengfei Technology Co., Ltd.", "Tengfei Technology (Shenzhen) Co Ltd", "suggest"),
    ("SHENZHEN TENGFEI TECH CO.,LTD", "Shenzhen Tengfei Technology Co., Ltd.", "suggest"),
    ("Acme Trading Inc.", "ACME TRADING INCORPORATED", "suggest"),
    ("Acme Trading Inc.", "Acme Trading LLC", "none"),
    ("Müller Maschinen GmbH", "Müller Maschinen GmbH & Co. KG", "none"),
    ("Müller Maschinen GmbH", "MÜLLER MASCHINEN GMBH", "suggest"),
    ("Northwind Foods Ltd", "Southwind Foods Ltd", "queue"),
    ("Northwind Foods Ltd", "Blue Lagoon Trading Ltd", "none"),
    ("Northwind Foods (Shanghai) Ltd", "Northwind Foods (Beijing) Ltd", "none"),
    ("Northwind Foods Ltd (old)", "Northwind Foods Limited", "suggest"),
    ("Northwind Foods Ltd Shanghai Branch", "Northwind Foods Ltd", "branch"),
    ("深圳市腾飞科技有限公司", "Shenzhen Tengfei Technology Co., Ltd.", "queue"),
    ("深圳市腾飞科技有限公司", "Shanghai Tengfei Technology Co., Ltd.", "none"),
    ("深圳市腾飞科技有限公司", "Shenzhen Huayuan Technology Co., Ltd.", "none"),
    ("张三", "李四", "none"),
    ("张三", "张三", "suggest"),
    ("有限公司", "有限公司", "suggest"),
]


@pytest.mark.parametrize(("first", "second", "decision"), PAIRS)
def test_pairs_are_decided_as_a_person_would(first: str, second: str, decision: str) -> None:
    found = match_names(first, second, TOOLS)

    assert found.decision == decision, found
    assert found.why


@pytest.mark.parametrize(("first", "second", "_"), PAIRS)
def test_the_order_of_two_names_does_not_matter(first: str, second: str, _: str) -> None:
    assert match_names(first, second, TOOLS) == match_names(second, first, TOOLS)


@given(st.text(max_size=30), st.text(max_size=30))
@settings(deadline=None)  # the dictionaries load at the first name
def test_any_two_texts_get_a_decision(first: str, second: str) -> None:
    found = match_names(first, second, TOOLS)

    assert 0 <= found.score <= 1
    assert found.decision in {"suggest", "queue", "branch", "none"}


def parts(name: str) -> ParsedName:
    return parse_name(name, TOOLS)


def test_a_name_is_taken_apart() -> None:
    found = parts("广东省深圳市南山区恒通达电子科技有限公司")

    assert (found.brand, found.industry, found.form) == ("恒通达", "电子科技", "limited")
    assert found.place == Place("广东", "深圳", "南山")
    assert found.sound == "hengtongda"


@pytest.mark.parametrize(
    ("name", "brand", "place"),
    [
        ("北京城市建设有限公司", "城市", Place("北京", "北京")),
        ("杭州州际物流有限公司", "州际", Place("浙江", "杭州")),
        ("长安汽车股份有限公司", "长安", None),
        ("吉林市松江化工有限公司", "松江", Place("吉林", "吉林")),
        ("吉林省松江化工有限公司", "松江", Place("吉林")),
        ("昆山市吉安五金厂", "吉安", Place("江苏", "苏州", "昆山")),
        ("中国远洋物流有限公司", "远洋", Place()),
        ("延边朝鲜族自治州长白山食品有限公司", "长白山", Place("吉林", "延边")),
    ],
)
def test_places_are_read_off_but_not_out_of_trade_names(
    name: str, brand: str, place: Place | None
) -> None:
    found = parts(name)

    assert (found.brand, found.place) == (brand, place)


def test_why_names_what_stands_against_a_merge() -> None:
    def why(first: str, second: str) -> str:
        return match_names(first, second, TOOLS).why[0]

    assert why("上海远大商贸有限公司", "北京远大商贸有限公司") == "other_region"
    assert why("深圳腾飞科技有限公司", "深圳腾飞科技股份有限公司") == "other_form"
    assert why("深圳市大族科技有限公司", "深圳市大同科技有限公司") == "short_brand"
    assert why("有限公司", "（）") == "no_brand"


CODE, OTHER = "91350100M000100Y43", "91110108551385082Q"
NAME = "深圳市腾飞科技有限公司"


def test_equal_codes_are_one_company_whatever_the_names_say() -> None:
    found = match_companies(Company(name=NAME, code=CODE), Company(name="李四", code=CODE), TOOLS)

    assert (found.score, found.decision, found.why) == (1.0, "suggest", ("same_code",))
    assert found.automatic


def test_different_codes_are_different_companies_with_one_name() -> None:
    found = match_companies(Company(name=NAME, code=CODE), Company(name=NAME, code=OTHER), TOOLS)

    assert (found.score, found.decision, found.why) == (0.0, "none", ("other_code",))


def test_a_merge_by_itself_needs_a_second_key() -> None:
    first = Company(name=NAME, code=CODE, keys=frozenset({"0755-1234"}))
    same = match_companies(first, Company(name=NAME, keys=frozenset({"0755-1234"})), TOOLS)
    other = match_companies(first, Company(name=NAME, keys=frozenset({"0755-9999"})), TOOLS)

    assert (same.decision, same.automatic) == ("suggest", True)
    assert (other.decision, other.automatic) == ("suggest", False)
    assert "no_second_key" in other.why


def test_a_former_name_fits_while_it_was_in_use() -> None:
    former = Alias(name="深圳市蓝天电子有限公司", from_on=date(2015, 1, 1), to_on=date(2020, 6, 30))
    company, old = Company(name=NAME, aliases=(former,)), Company(name="深圳蓝天电子有限公司")
    then = match_companies(company, old, TOOLS, on=date(2020, 6, 30))
    now = match_companies(company, old, TOOLS, on=date(2020, 7, 1))

    assert (then.decision, then.why[0]) == ("suggest", "former_name")
    assert now.decision == "none"
    assert match_companies(company, old, TOOLS).decision == "suggest"


def test_candidates_hold_every_pair_that_is_decided_positively() -> None:
    for first, second, decision in PAIRS:
        both = [parts(first), parts(second)]
        found = candidates(both)

        assert found in ([], [(0, 1)])
        # Words in Latin letters have to be equal: one neighbouring letter would join everything.
        shared = both[0].brand.isascii() and both[0].brand != both[1].brand
        assert decision == "none" or found or shared, (first, second)


def test_ten_thousand_names_take_seconds() -> None:
    first, second = "金鹏宏远华中新泰安瑞丰", "达盛源通兴隆顺和昌茂恒"
    names = [
        f"{place}市{one}{two}{three}{industry}有限公司"
        for place in ("深圳", "上海", "苏州", "青岛", "成都")
        for one in first
        for two in second
        for three in first[:9]
        for industry in ("科技", "贸易")
    ][:10_000]
    accounts = [NamedAccount(account=str(index), name=name) for index, name in enumerate(names)]
    accounts.append(NamedAccount(account="twin", name=names[5000].replace("市", "")))

    began = process_time()
    found = duplicates(accounts, TOOLS)
    seconds = process_time() - began

    assert len(names) == 10_000
    assert any("twin" in {pair.first.account, pair.second.account} for pair in found)
    assert seconds < 60
