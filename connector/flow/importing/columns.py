"""What columns are called (中文 and English), what words in them stand for, and what must be there."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from adapters.credit_file import FILE_FIELDS, FieldType
from scoring.financials.industry import COLUMNS as STANDARD_COLUMNS
from scoring.records import COLLATERAL_KINDS, CREDIT_RECORD_KINDS, Kind
from scoring.schemas import STATEMENT_BASES

__all__ = ["LABELS", "ImportKind", "Sheet", "field_of_header", "sheet_of"]


class ImportKind(StrEnum):
    """What a file holds."""

    STATEMENTS = "statements"
    RECORDS = "records"
    REFERENCES = "references"
    PROMISES = "promises"
    COLLATERAL = "collateral"
    STANDARDS = "standards"


#: Our name of a column → its header in 中文, and others that are understood.
LABELS: dict[str, tuple[str, ...]] = {
    "uscc": ("统一社会信用代码", "信用代码", "税号"),
    "company": ("客户", "客户名称", "公司名称", "企业名称", "customer", "account", "name"),
    "period_end": ("报表期末", "期末日期", "截止日期", "period end", "year end"),
    "months": ("月数", "报表月数"),
    "basis": ("报表依据", "依据", "审计情况"),
    "received_on": ("收到日期", "received"),
    "source": ("来源", "数据来源"),
    "currency": ("币种", "货币"),
    "unit": ("单位", "金额单位"),
    "kind": ("类别", "类型", "type"),
    "known_on": ("获知日期", "查询日期", "known"),
    "event_on": ("发生日期", "日期", "event", "date"),
    "valid_to": ("有效期至", "到期日", "valid until", "expires"),
    "ended_on": ("结束日期", "移除日期", "ended"),
    "status": ("状态", "性质"),
    "value": ("数值", "评分", "付款等级", "score"),
    "amount": ("金额",),
    "channel": ("渠道", "核实方式"),
    "invoice": ("发票号", "应收单编号", "invoice number", "item"),
    "made_on": ("承诺日", "承诺日期", "made"),
    "promised_on": ("约定付款日", "承诺付款日", "promised"),
    "cancelled_on": ("取消日", "cancelled"),
    "superseded_on": ("替代日", "superseded"),
    "valid_from": ("起始日", "生效日", "valid from"),
    "registered": ("已登记", "是否登记"),
    "haircut": ("折扣率", "折扣率%", "haircut %"),
    "cash": ("货币资金",),
    "trading_securities": ("交易性金融资产",),
    "notes_receivable": ("应收票据",),
    "receivables": ("应收账款",),
    "prepayments": ("预付款项", "预付账款"),
    "inventory": ("存货",),
    "current_assets": ("流动资产合计", "流动资产"),
    "fixed_assets": ("固定资产",),
    "intangibles": ("无形资产",),
    "goodwill": ("商誉",),
    "deferred_items": ("递延资产", "长期待摊费用"),
    "owner_loans": ("股东借款",),
    "total_assets": ("资产总计", "总资产"),
    "payables": ("应付账款",),
    "current_liabilities": ("流动负债合计", "流动负债"),
    "long_term_debt": ("长期借款",),
    "total_liabilities": ("负债合计", "总负债"),
    "paid_in_capital": ("实收资本", "股本"),
    "surplus_reserve": ("盈余公积",),
    "undistributed_profit": ("未分配利润",),
    "equity": ("所有者权益合计", "所有者权益", "净资产", "net worth"),
    "revenue": ("营业收入", "sales"),
    "credit_sales": ("赊销收入",),
    "cost_of_sales": ("营业成本",),
    "interest_expense": ("利息费用", "利息支出"),
    "profit_before_tax": ("利润总额",),
    "net_profit": ("净利润",),
    "depreciation": ("折旧摊销", "折旧"),
    "purchases": ("采购额",),
    "operating_cash_flow": ("经营活动现金流量净额", "经营现金流"),
    "market_value": ("市值",),
    "year": ("年度",),
    "industry": ("行业",),
    "parent": ("上级行业",),
    "size": ("规模",),
    "indicator": ("指标",),
    "excellent": ("优秀值",),
    "good": ("良好值",),
    "average": ("平均值",),
    "lower": ("较低值",),
    "poor": ("较差值",),
}

_BASES = {
    "经审计": "audited",
    "审计": "audited",
    "税务申报": "tax_filing",
    "纳税申报": "tax_filing",
}
_BASES |= {"未审计": "unaudited", "未经审计": "unaudited", "自报": "self_declared"}
_KINDS_ZH = {
    "登记信息": "registry",
    "实缴资本": "paid_in",
    "股权结构": "ownership",
    "变更": "change",
    "联系人": "contacts",
    "征信报告": "bureau",
    "司法查询": "judicial_check",
    "失信被执行人": "dishonest",
    "被执行人": "enforcement",
    "限制消费令": "consumption_limit",
    "限制高消费": "consumption_limit",
    "终本案件": "ended_without_payment",
    "诉讼": "lawsuit",
    "经营异常": "abnormal_list",
    "经营异常名录": "abnormal_list",
    "严重违法失信": "serious_violation",
    "股权冻结": "equity_freeze",
    "股权质押": "equity_pledge",
    "动产抵押": "chattel_mortgage",
    "欠税公告": "tax_arrears",
    "行政处罚": "penalty",
    "破产": "insolvency",
    "债务重组展期": "distressed_extension",
    "纳税信用等级": "tax_grade",
    "证明": "reference",
    "信用保险": "insurance",
    "合同": "contract",
    "对账单": "balance_confirmation",
    "税务或银行凭证": "evidence",
    "定性评价": "appraisal",
    "催收联系失败": "failed_call",
    "要求延长账期": "longer_terms_asked",
    "要求拆分开票": "split_invoices_asked",
    "付款方式变化": "payment_method",
    "风险隔离": "ring_fence",
    "担保人异常": "guarantor_trouble",
}
_STATUS_ZH = {"银行": "bank", "同行": "trade", "被告": "defendant", "原告": "plaintiff"}
_CHANNELS = {"电话": "phone", "信函": "letter", "客户自述": "self", "自述": "self"}
_COLLATERAL_ZH = {
    "保证金": "cash_deposit",
    "银行保函": "bank_guarantee",
    "银行承兑汇票": "bank_acceptance",
    "房产": "property",
    "不动产": "property",
    "设备": "equipment",
    "个人保证": "personal_guarantee",
    "母公司保证": "parent_guarantee",
}


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of file: its columns in order, their types, and what they must hold.

    ``words`` are per column: what a written word stands for; ``allowed`` what may come out.
    ``fixed`` are values that every row has without a column.
    """

    kind: Kind | None
    fields: Mapping[str, FieldType]
    needed: tuple[str, ...]
    words: Mapping[str, Mapping[str, str]] = {}
    allowed: Mapping[str, tuple[str, ...]] = {}
    fixed: Mapping[str, str] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        """Name the columns in the order of a template."""
        company = () if self.kind is None else ("uscc", "company")
        return (*company, *self.fields)


def _fields(kind: Kind, *without: str) -> dict[str, FieldType]:
    left_out = {"account", *without}
    return {name: type_ for name, type_ in FILE_FIELDS[kind].items() if name not in left_out}


_SHEETS = {
    ImportKind.STATEMENTS: Sheet(
        kind=Kind.STATEMENTS,
        fields=_fields(Kind.STATEMENTS),
        needed=("period_end", "unit"),
        words={"basis": _BASES},
        allowed={"basis": STATEMENT_BASES},
    ),
    ImportKind.RECORDS: Sheet(
        kind=Kind.CREDIT_RECORDS,
        fields=_fields(Kind.CREDIT_RECORDS),
        needed=("kind", "known_on", "source"),
        words={"kind": _KINDS_ZH, "status": _STATUS_ZH, "channel": _CHANNELS},
        allowed={"kind": CREDIT_RECORD_KINDS},
    ),
    ImportKind.REFERENCES: Sheet(
        kind=Kind.CREDIT_RECORDS,
        fields=_fields(Kind.CREDIT_RECORDS, "kind", "ended_on", "event_on", "valid_to"),
        needed=("known_on", "status", "value", "channel", "source"),
        words={"status": _STATUS_ZH, "channel": _CHANNELS},
        allowed={"status": ("bank", "trade"), "channel": ("phone", "letter", "self")},
        fixed={"kind": "reference"},
    ),
    ImportKind.PROMISES: Sheet(
        kind=Kind.PROMISES,
        fields=_fields(Kind.PROMISES),
        needed=("made_on", "promised_on", "amount"),
    ),
    ImportKind.COLLATERAL: Sheet(
        kind=Kind.COLLATERAL,
        fields=_fields(Kind.COLLATERAL),
        needed=("kind", "amount", "valid_from"),
        words={"kind": _COLLATERAL_ZH},
        allowed={"kind": COLLATERAL_KINDS},
    ),
    ImportKind.STANDARDS: Sheet(
        kind=None,
        fields=dict.fromkeys(STANDARD_COLUMNS, "text"),
        needed=tuple(name for name in STANDARD_COLUMNS if name not in {"parent", "size"}),
    ),
}


def sheet_of(kind: ImportKind) -> Sheet:
    """Describe a kind of file."""
    return _SHEETS[kind]


def _plain(header: str) -> str:
    return "".join(header.lower().replace("_", " ").split())


def field_of_header(header: str, sheet: Sheet) -> str | None:
    """Find the column that a header names, in 中文 or English, or ``None``."""
    wanted = _plain(header)
    for name in sheet.columns:
        if wanted in {_plain(name), *map(_plain, LABELS[name])}:
            return name
    return None
