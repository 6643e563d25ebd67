"""Proposes which field or module of an organisation is the one we look for.

By what it is called in the interface of the CRM, by the label people see (English or 中文), and by
what it holds. A proposal is for a person to confirm: nothing is taken over by itself.
"""

import re
import unicodedata
from collections.abc import Iterable

import msgspec

from adapters.credit_file import FILE_FIELDS, FieldType
from scoring.records import Kind

__all__ = ["Described", "likely_fields", "likely_modules", "perhaps"]

MOST = 3
_SAME, _BEGINS, _HOLDS = 3, 2, 1

#: Our name of a field → what it holds, and what people call it.
_FIELDS: dict[str, tuple[FieldType, tuple[str, ...]]] = {
    "name": ("text", ("name", "account name", "customer name", "名称", "客户名称", "公司名称")),
    "uscc": (
        "text",
        (
            "uscc",
            "unified social credit code",
            "credit code",
            "统一社会信用代码",
            "信用代码",
            "税号",
        ),
    ),
    "industry": ("text", ("industry", "sector", "行业", "所属行业")),
    "country": ("text", ("country", "billing country", "国家", "国家地区")),
    "owner": ("link", ("owner", "sales person", "负责人", "所有者", "业务员")),
    "parent": ("link", ("parent", "parent account", "group", "上级客户", "母公司", "集团")),
    "currency": ("text", ("currency", "currency code", "币种", "货币")),
    "terms_days": (
        "number",
        (
            "payment terms days",
            "payment terms",
            "credit days",
            "net days",
            "账期",
            "账期天数",
            "付款天数",
        ),
    ),
    "customer_since": (
        "date",
        ("customer since", "first order", "合作日期", "成为客户日期", "建档日期", "首单日期"),
    ),
    "size_class": ("text", ("company size", "size class", "size", "企业规模", "规模")),
    "number": (
        "text",
        (
            "number",
            "invoice number",
            "document number",
            "subject",
            "编号",
            "单号",
            "发票号",
            "应收单号",
        ),
    ),
    "account": ("link", ("account", "customer", "account name", "客户", "客户名称")),
    "issued_on": (
        "date",
        ("invoice date", "issue date", "date", "document date", "开票日期", "应收日期", "单据日期"),
    ),
    "due_on": (
        "date",
        ("due date", "due", "payable by", "到期日", "到期日期", "应收到期日", "付款期限"),
    ),
    "amount": (
        "number",
        ("amount", "grand total", "total", "金额", "价税合计", "应收金额", "总金额", "回款金额"),
    ),
    "disputed": ("number", ("disputed amount", "dispute", "争议金额", "异议金额")),
    "disputed_on": ("date", ("disputed on", "dispute date", "争议日期", "异议日期")),
    "dispute_closed_on": ("date", ("dispute closed on", "dispute closed", "争议结束日期")),
    "dispute_outcome": ("text", ("dispute outcome", "dispute result", "争议结果")),
    "segment": ("text", ("segment", "business line", "business unit", "业务线", "事业部")),
    "status": ("text", ("status", "state", "状态", "单据状态")),
    "applies_to": (
        "link",
        ("invoice", "applies to", "original invoice", "原应收单", "原发票", "发票"),
    ),
    "paid_on": (
        "date",
        ("payment date", "paid on", "received on", "回款日期", "收款日期", "付款日期", "到账日期"),
    ),
    "payment": ("link", ("payment", "receipt", "回款", "收款单")),
    "invoice": ("link", ("invoice", "receivable", "发票", "应收单")),
    "ordered_on": ("date", ("order date", "ordered on", "下单日期", "订单日期")),
    "deliver_on": ("date", ("delivery date", "due date", "ship date", "交货日期", "发货日期")),
    "invoiced": ("number", ("invoiced amount", "invoiced", "已开票金额", "开票金额")),
    "delivered": ("number", ("delivered amount", "delivered", "已发货金额", "发货金额")),
    "deposit": ("number", ("deposit", "down payment", "prepayment", "定金", "预付款", "押金")),
    "prepaid": ("flag", ("prepaid", "cash in advance", "预付", "款到发货")),
    "email": ("text", ("email", "mail", "邮箱", "电子邮件")),
    "phone": ("text", ("phone", "mobile", "telephone", "电话", "手机")),
    "last_name": ("text", ("last name", "surname", "姓")),
}

_MODULES: dict[Kind, tuple[str, ...]] = {
    Kind.ACCOUNTS: ("accounts", "customers", "companies", "客户", "公司"),
    Kind.CONTACTS: ("contacts", "联系人"),
    Kind.INVOICES: ("invoices", "receivables", "发票", "应收单", "应收"),
    Kind.CREDIT_NOTES: ("credit notes", "credit memos", "红字应收单", "贷项通知单", "红票"),
    Kind.PAYMENTS: ("payments", "receipts", "collections", "回款", "收款"),
    Kind.ALLOCATIONS: (
        "payment allocations",
        "allocations",
        "matched payments",
        "核销明细",
        "核销",
        "回款明细",
    ),
    Kind.ORDERS: ("sales orders", "orders", "销售订单", "订单"),
    Kind.STATEMENTS: ("financial statements", "statements", "财务报表", "财报"),
    Kind.CREDIT_RECORDS: ("credit records", "credit reports", "信用记录", "征信"),
    Kind.PROMISES: ("promises to pay", "promises", "付款承诺", "承诺"),
    Kind.COLLATERAL: ("collateral", "securities", "guarantees", "担保", "抵押"),
    Kind.WRITE_OFFS: ("write offs", "bad debts", "坏账核销", "坏账"),
    Kind.RETURNS: ("returned payments", "bounced payments", "退票", "退款"),
    Kind.NOTES: ("notes receivable", "bills receivable", "应收票据", "票据"),
}


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """A field or module as the organisation has it. ``holds``: ``None`` where nobody can tell."""

    api_name: str
    label: str = ""
    holds: FieldType | None = None

    def __str__(self) -> str:
        """Name it as the interface does, with the label that people see."""
        same = not self.label or _plain(self.label) == _plain(self.api_name)
        return self.api_name if same else f"{self.api_name} “{self.label}”"


def likely_fields(kind: Kind, ours: str, there: Iterable[Described]) -> list[Described]:
    """Return the fields that may be the one we call ``ours``, the likeliest first.

    A field that holds something else is none of them.
    """
    holds, called = _FIELDS.get(ours, (None, ()))
    holds = FILE_FIELDS.get(kind, {}).get(ours, holds)
    fitting = [each for each in there if None in {holds, each.holds} or each.holds == holds]
    return _likely((ours, *called), fitting)


def likely_modules(kind: Kind, there: Iterable[Described]) -> list[Described]:
    """Return the modules or objects that may hold a kind, the likeliest first."""
    return _likely((kind.value, *_MODULES.get(kind, ())), list(there))


def perhaps(found: list[Described]) -> str:
    """Say what may be meant, to stand behind a remedy; empty where nothing is likely."""
    return f"; perhaps {' or '.join(map(str, found))}" if found else ""


def _likely(called: Iterable[str], there: list[Described]) -> list[Described]:
    words = [_plain(word) for word in called]
    scored = [(_likeness(words, each), each) for each in there]
    good = [(score, each) for score, each in scored if score]
    good.sort(key=lambda pair: (-pair[0], len(pair[1].api_name), pair[1].api_name))
    return [each for _score, each in good[:MOST]]


def _likeness(words: list[str], described: Described) -> int:
    names = [name for name in (_plain(described.api_name), _plain(described.label)) if name]
    pairs = [(word, name) for word in words for name in names]
    if any(word == name for word, name in pairs):
        return _SAME
    if any(name.startswith(word) or name.endswith(word) for word, name in pairs):
        return _BEGINS
    return _HOLDS if any(word in name for word, name in pairs) else 0


def _plain(name: str) -> str:
    """Take off what does not count: case, blanks, underscores, the mark of custom fields."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"[\W_]+", "", re.sub(r"(__[cs]|obj)$", "", folded))
