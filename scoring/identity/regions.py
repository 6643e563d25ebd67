"""Gazetteer: provinces, prefecture-level cities and well-known counties and districts of China.

Short forms stand alone; the long form adds 省, 市, 区 and the like, which never counts. A county or
district is only read as one with its suffix, or where its short form is a place name of its own.
"""

from typing import Final

import msgspec

__all__ = ["DISTRICT_SUFFIXES", "ENGLISH_PLACES", "PLACES", "SUFFIXES", "Place"]


class Place(msgspec.Struct, frozen=True):
    """Where a company is: each part its short form, ``None`` where not said."""

    province: str | None = None
    city: str | None = None
    district: str | None = None


_CITIES: Final = {
    "北京": "",
    "天津": "",
    "上海": "",
    "重庆": "",
    "香港": "",
    "澳门": "",
    "台湾": "台北 高雄 台中 台南 新竹",
    "河北": "石家庄 唐山 秦皇岛 邯郸 邢台 保定 张家口 承德 沧州 廊坊 衡水 雄安",
    "山西": "太原 大同 阳泉 长治 晋城 朔州 晋中 运城 忻州 临汾 吕梁",
    "内蒙古": "呼和浩特 包头 乌海 赤峰 通辽 鄂尔多斯 呼伦贝尔 巴彦淖尔 乌兰察布 兴安 锡林郭勒 阿拉善",
    "辽宁": "沈阳 大连 鞍山 抚顺 本溪 丹东 锦州 营口 阜新 辽阳 盘锦 铁岭 朝阳 葫芦岛",
    "吉林": "长春 四平 辽源 通化 白山 松原 白城 延边",
    "黑龙江": "哈尔滨 齐齐哈尔 鸡西 鹤岗 双鸭山 大庆 伊春 佳木斯 七台河 牡丹江 黑河 绥化 大兴安岭",
    "江苏": "南京 无锡 徐州 常州 苏州 南通 连云港 淮安 盐城 扬州 镇江 泰州 宿迁",
    "浙江": "杭州 宁波 温州 嘉兴 湖州 绍兴 金华 衢州 舟山 台州 丽水",
    "安徽": "合肥 芜湖 蚌埠 淮南 马鞍山 淮北 铜陵 安庆 黄山 滁州 阜阳 宿州 六安 亳州 池州 宣城",
    "福建": "福州 厦门 莆田 三明 泉州 漳州 南平 龙岩 宁德",
    "江西": "南昌 景德镇 萍乡 九江 新余 鹰潭 赣州 吉安 宜春 抚州 上饶",
    "山东": "济南 青岛 淄博 枣庄 东营 烟台 潍坊 济宁 泰安 威海 日照 临沂 德州 聊城 滨州 菏泽",
    "河南": "郑州 开封 洛阳 平顶山 安阳 鹤壁 新乡 焦作 濮阳 许昌 漯河 三门峡 南阳 商丘 信阳 周口 驻马店 济源",
    "湖北": "武汉 黄石 十堰 宜昌 襄阳 鄂州 荆门 孝感 荆州 黄冈 咸宁 随州 恩施 仙桃 潜江 天门",
    "湖南": "长沙 株洲 湘潭 衡阳 邵阳 岳阳 常德 张家界 益阳 郴州 永州 怀化 娄底 湘西",
    "广东": "广州 深圳 珠海 汕头 佛山 韶关 湛江 肇庆 江门 茂名 惠州 梅州 汕尾 河源 阳江 清远 东莞 中山 潮州 揭阳 云浮",
    "广西": "南宁 柳州 桂林 梧州 北海 防城港 钦州 贵港 玉林 百色 贺州 河池 来宾 崇左",
    "海南": "海口 三亚 三沙 儋州 琼海 文昌",
    "四川": "成都 自贡 攀枝花 泸州 德阳 绵阳 广元 遂宁 内江 乐山 南充 眉山 宜宾 广安 达州 雅安 巴中 资阳 阿坝 甘孜 凉山",
    "贵州": "贵阳 六盘水 遵义 安顺 毕节 铜仁 黔西南 黔东南 黔南",
    "云南": "昆明 曲靖 玉溪 保山 昭通 丽江 普洱 临沧 楚雄 红河 文山 西双版纳 大理 德宏 怒江 迪庆",
    "西藏": "拉萨 日喀则 昌都 林芝 山南 那曲 阿里",
    "陕西": "西安 铜川 宝鸡 咸阳 渭南 延安 汉中 榆林 安康 商洛",
    "甘肃": "兰州 嘉峪关 金昌 白银 天水 武威 张掖 平凉 酒泉 庆阳 定西 陇南 临夏 甘南",
    "青海": "西宁 海东 海北 黄南 果洛 玉树 海西",
    "宁夏": "银川 石嘴山 吴忠 固原 中卫",
    "新疆": "乌鲁木齐 克拉玛依 吐鲁番 哈密 昌吉 博尔塔拉 巴音郭楞 阿克苏 克孜勒苏 喀什 和田 伊犁 塔城 阿勒泰 石河子",
}
#: Well-known county-level cities and districts that stand alone in names, by city.
_KNOWN: Final = {
    "苏州": "昆山 张家港 常熟 太仓 吴江 吴中 相城 姑苏",
    "无锡": "江阴 宜兴 锡山 惠山",
    "南通": "海门 启东 如皋 海安",
    "泰州": "靖江 泰兴 兴化",
    "常州": "武进 溧阳 金坛",
    "金华": "义乌 永康 东阳 兰溪",
    "宁波": "慈溪 余姚 奉化 鄞州 北仑 镇海",
    "杭州": "萧山 余杭 富阳 临安 桐庐 滨江",
    "绍兴": "诸暨 上虞 嵊州 柯桥",
    "嘉兴": "海宁 桐乡 平湖 嘉善",
    "台州": "温岭 临海 玉环 椒江",
    "温州": "乐清 瑞安 瓯海",
    "湖州": "德清 长兴 安吉",
    "泉州": "晋江 石狮 南安 惠安",
    "福州": "福清 长乐",
    "佛山": "顺德 南海 禅城 三水 高明",
    "中山": "小榄",
    "惠州": "惠阳 博罗",
    "青岛": "胶州 即墨 平度 黄岛",
    "烟台": "龙口 莱州 招远",
    "潍坊": "寿光 诸城 青州 高密",
    "长沙": "浏阳 宁乡",
    "石家庄": "辛集 藁城",
    "保定": "涿州 定州",
    "郑州": "巩义 新郑",
}
#: Districts that need their suffix, since their names are also words or trade names.
_DISTRICTS: Final = {
    "北京": "东城 西城 朝阳 海淀 丰台 石景山 门头沟 房山 通州 顺义 昌平 大兴 怀柔 平谷 密云 延庆",
    "上海": "黄浦 徐汇 长宁 静安 普陀 虹口 杨浦 闵行 宝山 嘉定 浦东新 浦东 金山 松江 青浦 奉贤 崇明",
    "天津": "和平 河东 河西 南开 河北 红桥 滨海新 东丽 西青 津南 北辰 武清 宝坻 宁河 静海 蓟州",
    "重庆": "渝中 江北 南岸 沙坪坝 九龙坡 渝北 巴南 北碚 涪陵 万州 璧山 江津",
    "深圳": "福田 罗湖 南山 宝安 龙岗 龙华 盐田 坪山 光明 大鹏新",
    "广州": "越秀 天河 海珠 荔湾 白云 黄埔 番禺 花都 南沙 增城 从化",
    "杭州": "上城 拱墅 西湖 滨江 萧山 余杭 临平 钱塘 富阳 临安",
    "南京": "玄武 秦淮 建邺 鼓楼 浦口 栖霞 雨花台 江宁 六合 溧水 高淳",
    "苏州": "虎丘 吴中 相城 姑苏 吴江 工业园",
    "成都": "锦江 青羊 金牛 武侯 成华 龙泉驿 新都 温江 双流 郫都 高新",
    "武汉": "江岸 江汉 硚口 汉阳 武昌 青山 洪山 东西湖 蔡甸 江夏 黄陂",
    "西安": "新城 碑林 莲湖 雁塔 未央 灞桥 长安 高新 阎良",
    "宁波": "海曙 江北 北仑 镇海 鄞州 奉化",
    "青岛": "市南 市北 李沧 崂山 城阳 黄岛 即墨",
    "沈阳": "和平 沈河 大东 皇姑 铁西 浑南",
    "大连": "中山 西岗 沙河口 甘井子 旅顺口 金州",
    "厦门": "思明 湖里 集美 海沧 同安 翔安",
    "长沙": "芙蓉 天心 岳麓 开福 雨花 望城",
    "郑州": "中原 二七 金水 管城 惠济",
    "济南": "历下 市中 槐荫 天桥 历城 章丘",
    "合肥": "瑶海 庐阳 蜀山 包河",
    "无锡": "梁溪 滨湖 新吴 锡山 惠山",
    "佛山": "禅城 南海 顺德 三水 高明",
}
#: What may follow a short form without changing the place.
SUFFIXES: Final = ("特别行政区", "地区", "省", "市", "盟")
DISTRICT_SUFFIXES: Final = ("区", "县", "市")
_MUNICIPAL: Final = ("北京", "天津", "上海", "重庆", "香港", "澳门")


def _places() -> dict[str, Place]:
    """Write down each name that may begin a company's name and where it lies."""
    found: dict[str, Place] = {"中国": Place(), "吉林市": Place("吉林", "吉林")}
    for province, cities in _CITIES.items():
        city = province if province in _MUNICIPAL else None
        found[province] = Place(province, city)
        for name in cities.split():
            found.setdefault(name, Place(province, name))
    for city, counties in _KNOWN.items():
        for name in counties.split():
            found.setdefault(name, Place(found[city].province, city, name))
    for city, districts in _DISTRICTS.items():
        for name in districts.split():
            # The same district name may stand in several cities: the city beside it decides.
            known = name + "区" in found
            found[name + "区"] = Place(district=name) if known else _in(found[city], city, name)
    return found


def _in(city: Place, name: str, district: str) -> Place:
    return Place(city.province, name, district)


PLACES: Final = _places()

#: The cities and countries that English names begin or end with.
ENGLISH_PLACES: Final = {
    "beijing": "北京", "peking": "北京", "shanghai": "上海", "tianjin": "天津", "chongqing": "重庆",
    "hong kong": "香港", "hongkong": "香港", "hk": "香港", "macau": "澳门", "taiwan": "台湾",
    "shenzhen": "深圳", "guangzhou": "广州", "dongguan": "东莞", "foshan": "佛山", "zhuhai": "珠海",
    "zhongshan": "中山", "huizhou": "惠州", "hangzhou": "杭州", "ningbo": "宁波", "wenzhou": "温州",
    "yiwu": "义乌", "jiaxing": "嘉兴", "shaoxing": "绍兴", "taizhou": "台州", "jinhua": "金华",
    "suzhou": "苏州", "wuxi": "无锡", "nanjing": "南京", "changzhou": "常州", "nantong": "南通",
    "kunshan": "昆山", "jiangyin": "江阴", "xuzhou": "徐州", "yangzhou": "扬州", "qingdao": "青岛",
    "jinan": "济南", "yantai": "烟台", "weifang": "潍坊", "zibo": "淄博", "xiamen": "厦门",
    "fuzhou": "福州", "quanzhou": "泉州", "wuhan": "武汉", "changsha": "长沙", "zhengzhou": "郑州",
    "luoyang": "洛阳", "hefei": "合肥", "nanchang": "南昌", "chengdu": "成都", "xian": "西安",
    "kunming": "昆明", "guiyang": "贵阳", "nanning": "南宁", "haikou": "海口", "shenyang": "沈阳",
    "dalian": "大连", "harbin": "哈尔滨", "changchun": "长春", "shijiazhuang": "石家庄",
    "taiyuan": "太原", "lanzhou": "兰州", "urumqi": "乌鲁木齐", "guangdong": "广东",
    "jiangsu": "江苏", "zhejiang": "浙江", "shandong": "山东", "fujian": "福建", "sichuan": "四川",
    "hubei": "湖北", "hunan": "湖南", "henan": "河南", "hebei": "河北", "anhui": "安徽",
    "liaoning": "辽宁", "china": "中国",
}  # fmt: skip
