"""The objects of the tenant, and the credit fields an administrator adds to it."""

from dataclasses import replace

from sandbox.company.file_lines import STATEMENT_LINES
from sandbox.fxiaoke.fields import FieldDescribe, ObjectDescribe, Option

__all__ = ["CREDIT_FIELDS", "TASK_OBJECT", "UNBOUGHT", "standard_objects", "task_object"]

#: Objects that a tenant lacks, by the best source of receivables that it has.
UNBOUGHT = {
    "notes": frozenset[str](),
    "unmatched": frozenset({"MatchNoteDetailObj"}),
    "plans": frozenset({"AccountsReceivableNoteObj", "MatchNoteDetailObj"}),
    "orders": frozenset({"AccountsReceivableNoteObj", "MatchNoteDetailObj", "PaymentPlanObj"}),
}
TASK_OBJECT = "credit_task__c"
_CURRENCIES = ("CNY", "USD", "EUR", "HKD", "GBP", "JPY", "SGD", "AUD", "CAD", "CHF", "INR")
_RATINGS = ("AAA", "AA", "A", "BBB", "BB", "B", "CCC", "CC", "C", "D", "-")


def _field(
    api_name: str,
    label: str,
    type_: str = "text",
    *,
    required: bool = False,
    options: tuple[Option, ...] = (),
    places: int | None = None,
    length: int | None = None,
    target: str | None = None,
) -> FieldDescribe:
    default_places = 2 if type_ in {"currency", "percentile"} else None
    return FieldDescribe(
        api_name=api_name,
        label=label,
        type=type_,
        required=required,
        define_type="custom" if api_name.endswith("__c") else "package",
        options=options,
        decimal_places=places if places is not None else default_places,
        max_length=length,
        target=target,
    )


def _select(api_name: str, label: str, **options: str) -> FieldDescribe:
    """Describe a select field; each keyword is a value, its text the label."""
    made = tuple(Option(text, value.removeprefix("v_")) for value, text in options.items())
    return _field(api_name, label, "select_one", options=made)


def _plain_select(api_name: str, label: str, *values: str) -> FieldDescribe:
    return _field(api_name, label, "select_one", options=tuple(Option(v, v) for v in values))


def _system_fields(record_types: tuple[Option, ...]) -> tuple[FieldDescribe, ...]:
    fields = (
        _field("_id", "ID"),
        _field("owner", "负责人", "employee"),
        _field("created_by", "创建人", "employee"),
        _field("last_modified_by", "最后修改人", "employee"),
        _field("create_time", "创建时间", "date_time"),
        _field("last_modified_time", "最后修改时间", "date_time"),
        _field("version", "版本"),
        _field("tenant_id", "租户"),
        _field("is_deleted", "是否删除", "true_or_false"),
        _field("record_type", "业务类型", "record_type", options=record_types),
        _select(
            "life_status",
            "生命状态",
            normal="正常",
            ineffective="未生效",
            under_review="审核中",
            in_change="变更中",
            invalid="作废",
        ),
        _select("lock_status", "锁定状态", v_0="未锁定", v_1="锁定"),
    )
    return tuple(replace(each, define_type="system") for each in fields)


def _money_fields() -> tuple[FieldDescribe, ...]:
    return (
        _plain_select("mc_currency", "币种", *_CURRENCIES),
        _field("mc_exchange_rate", "汇率", "number", places=6),
        _plain_select("mc_functional_currency", "本位币", *_CURRENCIES),
    )


def _object(
    api_name: str,
    display_name: str,
    *fields: FieldDescribe,
    record_types: tuple[Option, ...] = (Option("预设业务类型", "default__c"),),
    detail_of: tuple[str, str] | None = None,
) -> ObjectDescribe:
    made = ObjectDescribe(api_name=api_name, display_name=display_name, detail_of=detail_of)
    made.add(*_system_fields(record_types), *_money_fields(), *fields)
    return made


def _account_ref(api_name: str = "account_id", *, required: bool = True) -> FieldDescribe:
    return _field(api_name, "客户", "object_reference", required=required, target="AccountObj")


def _customers() -> list[ObjectDescribe]:
    account = _object(
        "AccountObj",
        "客户",
        _field("name", "客户名称", required=True, length=100),
        _field("account_no", "客户编号", "auto_number"),
        _plain_select("account_type", "客户类型", "direct", "partner"),
        _select("account_level", "客户级别", v_1="重点客户", v_2="普通客户"),
        _field("industry_level1", "1级行业"),
        _field("country", "国家"),
        _field("address", "详细地址"),
        _field("tel", "电话", "phone_number"),
        _field("email", "邮件", "email"),
        _field("remark", "备注", "long_text"),
        _field("parent_account_id", "上级客户", "object_reference", target="AccountObj"),
        _field("high_seas_id", "所属公海", "object_reference", target="HighSeasObj"),
        _field("uscc__c", "统一社会信用代码", length=40),
        _field("terms_days__c", "账期天数", "number", places=0),
        _field("customer_since__c", "合作起始日", "date"),
        _plain_select("size_class__c", "企业规模", "large", "public", "sme"),
        _field("founded_on__c", "成立日期", "date"),
        _field("registered_capital__c", "注册资本", "currency"),
        _plain_select("tax_grade__c", "纳税信用等级", "A", "B", "M", "C", "D"),
    )
    contact = _object(
        "ContactObj",
        "联系人",
        _field("name", "姓名", required=True, length=100),
        _account_ref(required=False),
        _field("job_title", "职务"),
        _field("department", "部门"),
        _field("mobile1", "手机", "phone_number"),
        _field("tel1", "电话", "phone_number"),
        _field("email", "邮件", "email"),
    )
    return [account, contact]


def _receivables() -> list[ObjectDescribe]:
    note = _object(
        "AccountsReceivableNoteObj",
        "应收单",
        _field("name", "应收单编号", "auto_number"),
        _account_ref(),
        _field("note_date", "应收日期", "date"),
        _field("due_date", "到期日", "date"),
        _field("price_tax_amount", "价税合计", "currency", required=True),
        _field("no_settled_amount", "未核销金额", "currency"),
        _field(
            "source_note_id__c",
            "红冲应收单",
            "object_reference",
            target="AccountsReceivableNoteObj",
        ),
        _field("disputed_amount__c", "争议金额", "currency"),
        _field("disputed_on__c", "争议日期", "date"),
        _field("dispute_closed_on__c", "争议结束日期", "date"),
        _plain_select("dispute_outcome__c", "争议结果", "for_customer", "against_customer"),
        _field("segment__c", "销售主体"),
        _field("remark", "备注", "long_text"),
        record_types=(Option("预设业务类型", "default__c"), Option("红字应收单", "red_note__c")),
    )
    payment = _object(
        "PaymentObj",
        "回款",
        _field("name", "回款编号", "auto_number"),
        _account_ref(),
        _field("payment_time", "回款日期", "date"),
        _field("payment_amount", "本次回款总金额", "currency"),
        _select("payment_term", "回款方式", post="电汇", cash="现金", draft="承兑汇票"),
        _field("remark", "备注", "long_text"),
    )
    match = _object(
        "MatchNoteDetailObj",
        "核销明细",
        _field("name", "核销明细编号", "auto_number"),
        _field("payment_id", "回款", "object_reference", required=True, target="PaymentObj"),
        _field(
            "ar_id", "应收单", "object_reference", required=True, target="AccountsReceivableNoteObj"
        ),
        _field("match_amount", "本次核销金额", "currency", required=True),
    )
    return [note, payment, match]


def _orders() -> list[ObjectDescribe]:
    order = _object(
        "SalesOrderObj",
        "销售订单",
        _field("name", "销售订单编号", "auto_number"),
        _account_ref(),
        _field("order_time", "下单日期", "date"),
        _field("delivery_date", "交货日期", "date"),
        _field("order_amount", "销售订单金额", "currency", required=True),
        _field("invoice_amount", "已开票金额", "currency"),
        _field("returned_goods_amount", "退货单金额", "currency"),
        _field("delivered_amount__c", "已发货金额", "currency"),
        _field("deposit__c", "定金", "currency"),
        _field("segment__c", "销售主体"),
        _select("settle_type", "结算方式", v_1="预付", v_2="现付", v_3="赊销"),
        _select("order_status", "状态", open="进行中", closed="已关闭", cancelled="已取消"),
        _field("remark", "备注", "long_text"),
    )
    detail = _object(
        "OrderPaymentObj",
        "回款明细",
        _field("name", "回款明细编号", "auto_number"),
        _field("payment_id", "回款", "master_detail", required=True, target="PaymentObj"),
        _field("order_id", "销售订单", "object_reference", target="SalesOrderObj"),
        _field("payment_plan_id", "回款计划", "object_reference", target="PaymentPlanObj"),
        _account_ref(required=False),
        _field("payment_amount", "本次回款金额", "currency", required=True),
        _field("payment_time", "回款日期", "date"),
        _field("remark", "备注", "long_text"),
        detail_of=("PaymentObj", "payment_id"),
    )
    plan = _object(
        "PaymentPlanObj",
        "回款计划",
        _field("name", "回款计划编号", "auto_number"),
        _account_ref(),
        _field("order_id", "销售订单", "object_reference", target="SalesOrderObj"),
        _field("plan_payment_time", "计划回款日期", "date"),
        _field("plan_payment_amount", "计划回款金额", "currency"),
        _field("actual_payment_amount", "实际回款金额", "count", places=2),
        _plain_select("plan_payment_status", "状态", "incomplete", "completed", "overdue"),
    )
    return [order, detail, plan]


def _personnel() -> ObjectDescribe:
    return _object(
        "PersonnelObj",
        "人员",
        _field("name", "姓名", required=True),
        _field("user_id", "员工 ID"),
        _field("phone", "手机", "phone_number"),
        _field("email", "邮箱", "email"),
        _select("status", "状态", v_0="启用", v_1="停用"),
        _field("main_department", "主属部门", "department"),
    )


def _file_object(api_name: str, label: str, *fields: FieldDescribe) -> ObjectDescribe:
    name = _field("name", f"{label}编号")
    return _object(api_name, label, name, _account_ref("account__c"), *fields)


def _dates(**labels: str) -> tuple[FieldDescribe, ...]:
    return tuple(_field(f"{name}__c", label, "date") for name, label in labels.items())


def _credit_file() -> list[ObjectDescribe]:
    """Return the custom objects in which this tenant keeps its customers' credit files."""
    return [*_file_facts(), *_file_claims()]


def _file_facts() -> list[ObjectDescribe]:
    bases = ("audited", "tax_filing", "unaudited", "self_declared")
    statement = _file_object(
        "financial_statement__c",
        "财务报表",
        *_dates(period_end="报表期末", received_on="收到日期"),
        _field("months__c", "月数", "number", places=0),
        _plain_select("basis__c", "依据", *bases),
        _field("source__c", "来源"),
        _plain_select("unit__c", "单位", "元", "千元", "万元"),
        *(_amount(f"{line}__c", label) for line, label in STATEMENT_LINES.items()),
    )
    record = _file_object(
        "credit_record__c",
        "信用记录",
        _field("kind__c", "类别"),
        *_dates(known_on="获知日期", event_on="发生日期", valid_to="有效期至", ended_on="结束日期"),
        _field("status__c", "状态"),
        _field("value__c", "数值", "number", places=4),
        _amount("amount__c", "金额"),
        _field("channel__c", "渠道"),
        _field("source__c", "来源"),
    )
    collateral = _file_object(
        "collateral__c",
        "担保物",
        _field("kind__c", "类别"),
        _amount("amount__c", "金额"),
        *_dates(valid_from="起始日", valid_to="到期日"),
        _field("registered__c", "已登记", "true_or_false"),
        _field("haircut__c", "折扣率", "number", places=2),
    )
    return [statement, record, collateral]


def _file_claims() -> list[ObjectDescribe]:
    note_ref = _field(
        "invoice__c", "应收单", "object_reference", target="AccountsReceivableNoteObj"
    )
    promise = _file_object(
        "payment_promise__c",
        "付款承诺",
        note_ref,
        *_dates(
            made_on="承诺日",
            promised_on="约定付款日",
            cancelled_on="取消日",
            superseded_on="替代日",
        ),
        _amount("amount__c", "金额"),
    )
    write_off = _file_object(
        "write_off__c",
        "坏账核销",
        note_ref,
        *_dates(written_off_on="核销日期"),
        _amount("amount__c", "金额"),
    )
    returned = _file_object(
        "payment_return__c",
        "退票",
        _field("payment__c", "回款", "object_reference", target="PaymentObj"),
        _plain_select("kind__c", "类别", "returned_payment", "dishonoured_bill"),
        *_dates(returned_on="退回日期"),
    )
    note = _file_object(
        "note_receivable__c",
        "应收票据",
        _plain_select("kind__c", "类别", "bank_acceptance", "commercial_acceptance"),
        _amount("amount__c", "金额"),
        *_dates(received_on="收票日", due_on="到期日", ended_on="终止日"),
    )
    return [promise, write_off, returned, note]


def standard_objects() -> list[ObjectDescribe]:
    """Return the standard objects, without credit fields."""
    return [*_customers(), *_receivables(), *_orders(), _personnel(), *_credit_file()]


def task_object(*, unique_key: bool) -> ObjectDescribe:
    """Return the custom object for overdue tasks as our checklist asks for it."""
    made = _object(
        TASK_OBJECT,
        "逾期跟进任务",
        _field("name", "主题", required=True, length=200),
        _account_ref("account__c"),
        _select("task_type__c", "任务类型", overdue="逾期", limit_exceeded="超额", review="复核"),
        _field("due_date__c", "截止日期", "date"),
        _field("overdue_amount__c", "逾期金额", "currency"),
        _field("overdue_days__c", "最长逾期天数", "number", places=0),
        _field("level__c", "催收级别", "number", places=0),
        _select("priority__c", "优先级", normal="普通", high="高", highest="最高"),
        _select(
            "status__c",
            "状态",
            open="待处理",
            in_progress="进行中",
            done="已完成",
            cancelled="已取消",
        ),
        _field("body__c", "说明", "long_text", length=10_000),
        _field("result__c", "结果", "long_text", length=10_000),
        _field("source_ref__c", "来源"),
        _field("native_task_id__c", "原生任务 ID"),
    )
    made.add(replace(_field("ext_key__c", "外部键", length=200), unique=unique_key))
    return made


def _amount(name: str, label: str) -> FieldDescribe:
    return _field(name, label, "currency")


CREDIT_FIELDS: tuple[FieldDescribe, ...] = (
    _plain_select("credit_rating__c", "信用等级", *_RATINGS),
    _field("credit_score__c", "信用评分", "number", places=2),
    _plain_select("credit_outlook__c", "评级展望", "up", "stable", "down"),
    _field("credit_currency__c", "信用币种", length=10),
    _amount("credit_limit__c", "信用额度"),
    _field("credit_limit_valid_to__c", "额度有效期至", "date"),
    _amount("credit_used__c", "已用额度"),
    _amount("credit_available__c", "可用额度"),
    _field("credit_utilisation__c", "额度使用率", "number", places=1),
    _amount("overdue_amount__c", "逾期金额"),
    _field("overdue_days_max__c", "最长逾期天数", "number", places=0),
    _amount("credit_age_current__c", "未到期金额"),
    _amount("credit_age_1_30__c", "逾期1-30天"),
    _amount("credit_age_31_60__c", "逾期31-60天"),
    _amount("credit_age_61_90__c", "逾期61-90天"),
    _amount("credit_age_over_90__c", "逾期90天以上"),
    _field("credit_days_late__c", "平均迟付天数", "number", places=1),
    _plain_select("credit_watch_level__c", "关注级别", "normal", "attention", "watch", "high"),
    _plain_select("credit_status__c", "信用冻结", "none", "hold", "stop"),
    _field("credit_hold_reason__c", "冻结原因", "long_text", length=2_000),
    _field("credit_reasons__c", "评级原因", "long_text", length=10_000),
    _field("credit_terms_days__c", "建议账期天数", "number", places=0),
    _field("credit_next_review_on__c", "下次复核日", "date"),
    _field("credit_completeness__c", "数据完整度", "number", places=0),
    _field("credit_data_as_of__c", "数据截止日", "date"),
    _field("credit_summary__c", "信用摘要", length=500),
    _field("credit_updated_at__c", "信用更新时间", "date_time"),
    _field("credit_run_id__c", "评估编号", length=100),
)
"""The fields on AccountObj that our checklist asks an administrator for, in the pages' order."""
