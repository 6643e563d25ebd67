"""The fields Zixin needs in the tenant, and how an administrator creates them by hand.

Fenxiang has no interface that creates objects or fields, so every missing one becomes an exact
instruction, in 中文 and English.
"""

import msgspec

from adapters.fxiaoke.mapping import FxiaokeMapping
from adapters.fxiaoke.metadata import Describes, ObjectDescribe
from adapters.port import CreditField, ProvisionStep

__all__ = [
    "FIELD_WORDS",
    "ChecklistLine",
    "WantedField",
    "checklist",
    "credit_fields",
    "provision_steps",
    "task_fields",
]

FIELD_WORDS = {
    "text": ("单行文本", "single-line text"),
    "long_text": ("多行文本", "multi-line text"),
    "select_one": ("单选", "single select"),
    "number": ("数字", "number"),
    "currency": ("金额", "currency"),
    "date": ("日期", "date"),
    "date_time": ("日期时间", "date and time"),
    "object_reference": ("查找关联", "lookup"),
}


class WantedField(msgspec.Struct, frozen=True, kw_only=True):
    """A field that must exist. ``note`` adds what the console must be told beside its type."""

    api_name: str
    zh: str
    en: str
    type: str
    options: tuple[str, ...] = ()
    unique: bool = False
    note_zh: str = ""
    note_en: str = ""

    @property
    def label(self) -> str:
        """The label to enter, in both languages."""
        return f"{self.zh} {self.en}"


_RATINGS = ("AAA", "AA", "A", "BBB", "BB", "B", "CCC", "CC", "C", "D", "-")
_C = CreditField
_CREDIT: tuple[tuple[CreditField, str, str, str, tuple[str, ...] | int], ...] = (
    (_C.RATING, "信用等级", "Credit rating", "select_one", _RATINGS),
    (_C.SCORE, "信用评分", "Credit score", "number", 1),
    (_C.OUTLOOK, "评级展望", "Credit outlook", "select_one", ("up", "stable", "down")),
    (_C.CURRENCY, "信用币种", "Credit currency", "text", 10),
    (_C.LIMIT, "信用额度", "Credit limit", "currency", 2),
    (_C.LIMIT_VALID_TO, "额度有效期至", "Credit limit valid to", "date", ()),
    (_C.EXPOSURE, "已用额度", "Credit exposure", "currency", 2),
    (_C.AVAILABLE, "可用额度", "Credit available", "currency", 2),
    (_C.UTILISATION, "额度使用率", "Credit utilisation", "number", 1),
    (_C.OVERDUE_AMOUNT, "逾期金额", "Overdue amount", "currency", 2),
    (_C.OLDEST_DAYS, "最长逾期天数", "Oldest days past due", "number", 0),
    (_C.AGE_CURRENT, "未到期金额", "Not yet due", "currency", 2),
    (_C.AGE_1_30, "逾期1-30天", "Past due 1-30", "currency", 2),
    (_C.AGE_31_60, "逾期31-60天", "Past due 31-60", "currency", 2),
    (_C.AGE_61_90, "逾期61-90天", "Past due 61-90", "currency", 2),
    (_C.AGE_OVER_90, "逾期90天以上", "Past due over 90", "currency", 2),
    (_C.DAYS_LATE, "平均迟付天数", "Average days late", "number", 1),
    (
        *(_C.WATCH_LEVEL, "关注级别", "Watch level", "select_one"),
        ("normal", "attention", "watch", "high"),
    ),
    (_C.HOLD, "信用冻结", "Credit hold", "select_one", ("none", "hold", "stop")),
    (_C.HOLD_REASON, "冻结原因", "Hold reason", "long_text", 2000),
    (_C.REASONS, "评级原因", "Credit reasons", "long_text", 10_000),
    (_C.TERMS_DAYS, "建议账期天数", "Recommended terms, days", "number", 0),
    (_C.NEXT_REVIEW_ON, "下次复核日", "Next review", "date", ()),
    (_C.COMPLETENESS, "数据完整度", "Data completeness", "number", 0),
    (_C.DATA_AS_OF, "数据截止日", "Data as of", "date", ()),
    (_C.SUMMARY, "信用摘要", "Credit summary", "text", 500),
    (_C.COMPUTED_AT, "信用更新时间", "Computed at", "date_time", ()),
    (_C.ASSESSMENT_ID, "评估编号", "Assessment id", "text", 100),
)


def credit_fields(mapping: FxiaokeMapping) -> dict[CreditField, WantedField]:
    """List the credit fields the account object must have, without those switched off."""
    wanted: dict[CreditField, WantedField] = {}
    for credit, zh, en, kind, more in _CREDIT:
        name = mapping.field_of(credit)
        if not name:
            continue
        renamed = mapping.options.get(credit, {})
        options = more if isinstance(more, tuple) else ()
        note_zh, note_en = _size(kind, more) if isinstance(more, int) else ("", "")
        wanted[credit] = WantedField(
            api_name=name,
            zh=zh,
            en=en,
            type=kind,
            options=tuple(renamed.get(option, option) for option in options),
            note_zh=note_zh,
            note_en=note_en,
        )
    return wanted


def task_fields(mapping: FxiaokeMapping) -> tuple[WantedField, ...]:
    """List the fields the task object must have."""
    names = mapping.tasks
    wanted = (
        _reference(names.account, mapping.accounts.object),
        _select(names.type, "任务类型", "Task type", names.type_value, "limit_exceeded", "review"),
        WantedField(api_name=names.due_on, zh="截止日期", en="Due date", type="date"),
        _number(names.overdue_amount, "逾期金额", "Overdue amount", "currency", 2),
        _number(names.oldest_days, "最长逾期天数", "Oldest days past due", "number", 0),
        _number(names.level, "催收级别", "Dunning level", "number", 0),
        _select(names.priority, "优先级", "Priority", "normal", "high", "highest"),
        _select(
            *(names.status, "状态", "Status", names.status_open, "in_progress"),
            *names.status_closed,
        ),
        _number(names.body, "说明", "What to do", "long_text", 10_000),
        _number(names.result, "结果", "Result", "long_text", 10_000),
        WantedField(api_name=names.native_id, zh="原生任务编号", en="Native task id", type="text"),
        WantedField(
            api_name=names.key,
            zh="外部键",
            en="External key",
            type="text",
            unique=True,
            note_zh="长度 200，勾选“不允许重复（唯一）”",
            note_en="length 200, tick “unique”",
        ),
    )
    return tuple(field for field in wanted if field.api_name)


class ChecklistLine(msgspec.Struct, frozen=True, kw_only=True):
    """One thing an administrator creates by hand: a field of an object, or the object itself."""

    object_name: str
    field: WantedField | None = None


def checklist(mapping: FxiaokeMapping) -> tuple[ChecklistLine, ...]:
    """List what the tenant must have, in the order in which it is created."""
    account, task = mapping.accounts.object, mapping.tasks.object
    credit = credit_fields(mapping).values()
    return (
        *(ChecklistLine(object_name=account, field=field) for field in credit),
        ChecklistLine(object_name=task),
        *(ChecklistLine(object_name=task, field=field) for field in task_fields(mapping)),
    )


def provision_steps(mapping: FxiaokeMapping, describes: Describes) -> list[ProvisionStep]:
    """Say of each object and field whether it exists, or how to create it. Raises ``CrmError``."""
    account, task = mapping.accounts.object, mapping.tasks.object
    there = {account: describes.of(account)}
    if task in describes.active_objects():
        there[task] = describes.of(task)
    return [
        _step(line, there.get(line.object_name))
        for line in checklist(mapping)
        if line.field is not None or line.object_name not in there
    ]


def _step(line: ChecklistLine, described: ObjectDescribe | None) -> ProvisionStep:
    field, name = line.field, line.object_name
    if field is None:
        return _object_step(name)
    shown = f"{described.display_name if described else '逾期跟进任务'} {name}"
    exists = described is not None and field.api_name in described.fields
    return ProvisionStep(
        target=name,
        api_name=field.api_name,
        label=field.label,
        type=field.type,
        options=field.options,
        unique=field.unique,
        state="exists" if exists else "by_hand",
        instruction="" if exists else _instruction(shown, field),
    )


def _instruction(shown: str, field: WantedField) -> str:
    zh_type, en_type = FIELD_WORDS[field.type]
    zh = f"管理后台 → 对象管理 → {shown} → 字段 → 新建：类型“{zh_type}”，名称“{field.label}”，"
    zh += f"API 名称 {field.api_name}"
    en = f"Console → Object management → {shown} → Fields → New: type {en_type}, "
    en += f"label “{field.label}”, API name {field.api_name}"
    if field.options:
        listed = ", ".join(field.options)
        zh += f"，选项名称依次为 {listed}"
        en += f", options labelled exactly {listed}"
    if field.note_zh:
        zh += f"，{field.note_zh}"
        en += f", {field.note_en}"
    return f"{zh}。\n{en}."


def _object_step(task: str) -> ProvisionStep:
    zh = f"管理后台 → 对象管理 → 新建自定义对象：名称“逾期跟进任务”，API 名称 {task}，启用。"
    en = (
        "Console → Object management → New custom object: name “逾期跟进任务 Overdue task”, "
        f"API name {task}, active."
    )
    return ProvisionStep(
        target=task,
        api_name="",
        label="逾期跟进任务 Overdue task",
        type="object",
        state="by_hand",
        instruction=f"{zh}\n{en}",
    )


def _select(name: str, zh: str, en: str, *options: str) -> WantedField:
    return WantedField(api_name=name, zh=zh, en=en, type="select_one", options=options)


def _number(name: str, zh: str, en: str, kind: str, size: int) -> WantedField:
    note_zh, note_en = _size(kind, size)
    return WantedField(api_name=name, zh=zh, en=en, type=kind, note_zh=note_zh, note_en=note_en)


def _reference(name: str, target: str) -> WantedField:
    return WantedField(
        api_name=name,
        zh="客户",
        en="Account",
        type="object_reference",
        note_zh=f"关联对象 {target}，必填",
        note_en=f"to object {target}, required",
    )


def _size(kind: str, size: int) -> tuple[str, str]:
    if kind in {"text", "long_text"}:
        return f"长度 {size}", f"length {size}"
    return f"小数位数 {size}", f"{size} decimal places"
