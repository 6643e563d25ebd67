"""Words of company names: legal forms and industries, Chinese and English, by their class."""

from typing import Final

__all__ = [
    "BRANCH_WORDS",
    "ENGLISH_FORMS",
    "ENGLISH_INDUSTRIES",
    "FORMS",
    "INDUSTRIES",
]


def _by_class(table: dict[str, str], parted: str | None = None) -> dict[str, str]:
    return {word: kind for kind, words in table.items() for word in words.split(parted) if word}


#: Legal form (组织形式) → class. Different classes are different companies.
FORMS: Final = _by_class(
    {
        "limited": "有限责任公司 有限公司 责任有限公司 有限责任",
        "joint_stock": "股份有限公司 股份公司",
        "group": "集团有限责任公司 集团有限公司 集团股份有限公司 集团公司 企业集团 集团",
        "partnership": "合伙企业 有限合伙企业 律师事务所 会计师事务所 税务师事务所 事务所",
        "individual": "经营部 商行 厂 店 商店 门市部 工作室 批发部 个体工商户 经销部 超市 服务部 维修部",
        "cooperative": "农民专业合作社 专业合作社 合作社 合作联社",
        "institution": "医院 学校 大学 学院 研究院 研究所 中学 小学 委员会 管理局 中心 协会 基金会",
        "company": "总公司 公司",
    }
)
#: A branch belongs to its head company (12.2 rule 2).
BRANCH_WORDS: Final = (
    *(
        "分公司",
        "分厂",
        "分店",
        "分行",
        "支行",
        "分部",
        "营业部",
        "营业所",
        "办事处",
        "代表处",
        "项目部",
    ),
)
#: Industry word → class.
INDUSTRIES: Final = _by_class(
    {
        "technology": "计算机系统 计算机 信息技术 信息科技 网络科技 网络技术 智能科技 软件科技 软件技术 软件 科技 技术 科技发展 高科技 信息 网络 互联网 数据 智能 数码 电脑",
        "trade": "国际贸易 进出口贸易 进出口 贸易 商贸 经贸 工贸 商业 实业贸易 供应链管理 供应链 物资 百货 批发 零售 电子商务 商务",
        "electronics": "电子科技 电子技术 电子 电器 电气 电气设备 电子元件 半导体 光电 光电科技 仪器仪表 仪器 仪表 自动化设备 自动化 通信 通讯 通讯设备 通信设备 照明 激光",
        "machinery": "机械设备 机械制造 机械 机电 机电设备 设备 精密机械 精密制造 精密 模具 机床 重工 制造 阀门 轴承 泵业 工业 装备 汽车零部件 汽车配件 汽配 汽车 五金制品 五金 金属制品 金属 工具",
        "materials": "新材料 材料科技 材料 化工 化学 化工原料 塑胶 塑料 塑胶制品 塑业 橡胶 钢铁 钢材 铝业 铜业 有色金属 建材 建筑材料 水泥 玻璃 陶瓷 涂料 包装 包装材料 纸业 印刷 木业",
        "textile": "纺织 纺织品 服装 服饰 制衣 鞋业 皮具 家纺 针织 印染",
        "food": "食品 饮料 酒业 农业 农业科技 农产品 粮油 茶业 餐饮 餐饮管理 生鲜 水产 乳业 牧业 饲料",
        "medical": "医药 药业 制药 医疗器械 医疗 医疗科技 生物科技 生物技术 生物 健康 健康科技 保健品",
        "construction": "建设 建筑 建筑工程 工程 装饰 装饰工程 建设工程 安装 园林 园林绿化 市政 房地产 房地产开发 置业 地产 物业 物业管理 消防 消防工程 钢构 钢结构",
        "logistics": "物流 货运 货运代理 国际货运代理 运输 快递 仓储 速运 航运 船务",
        "energy": "能源 新能源 电力 电力设备 石油 石化 燃气 环保 环保科技 环境 环境工程 水务 光伏 电池",
        "services": "咨询 管理咨询 企业管理 企业管理咨询 投资 投资管理 资产管理 文化 文化传媒 传媒 广告 广告传媒 文化传播 教育 教育科技 人力资源 劳务 劳务派遣 旅游 酒店 酒店管理 家居 家具 日用品 用品 办公用品 文具 化妆品 美容 体育 玩具 礼品",
        "general": "实业 实业发展 发展 产业 控股 投资控股 企业",
    }
)
ENGLISH_FORMS: Final = _by_class(
    {
        "limited": "company limited;co ltd;co limited;pty ltd;pte ltd;pvt ltd;private limited;sdn bhd;limited;ltd;llc;gmbh;sarl;srl;bv;sas;sp z o o;ooo",
        "joint_stock": "incorporated;inc;corporation;corp;plc;ag;sa;spa;nv;ab;oyj;oy;as;kk;kabushiki kaisha;joint stock company;jsc",
        "partnership": "llp;lp;limited partnership;gmbh and co kg;kg;ohg",
        "group": "group co ltd;group company limited;group limited;group ltd;group inc;group corp;group",
        "company": "company;co",
    },
    ";",
)
ENGLISH_INDUSTRIES: Final = _by_class(
    {
        "technology": "technology technologies tech software systems information data digital network networks",
        "trade": "trading trade import export imports exports commerce commercial wholesale supply",
        "electronics": "electronics electronic electric electrical instruments optoelectronics lighting semiconductor automation",
        "machinery": "machinery machine machines equipment manufacturing mould precision tools hardware automotive motors",
        "materials": "materials chemical chemicals plastics plastic rubber steel metals packaging paper ceramics glass",
        "textile": "textile textiles garment garments apparel clothing footwear",
        "food": "food foods beverage beverages agriculture agricultural",
        "medical": "medical pharma pharmaceutical pharmaceuticals biotech health",
        "construction": "construction building engineering decoration",
        "logistics": "logistics freight shipping transport forwarding express",
        "energy": "energy power solar oil petroleum environmental battery",
        "services": "consulting services service management media advertising education furniture",
        "general": "industrial industries industry international enterprise enterprises holdings holding development global",
    }
)
