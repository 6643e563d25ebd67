"""What an administrator enters so that Zoho's workflows tell us of changes."""

from adapters.functions import FunctionText
from adapters.settings import ConnectionSettings
from adapters.zoho.events import channels
from adapters.zoho.settings import mapping_of

__all__ = ["webhook_texts"]


def webhook_texts(settings: ConnectionSettings, callback_url: str) -> tuple[FunctionText, ...]:
    """Say what to enter for each module we read. Raises ``ValueError`` for an unreadable mapping."""
    modules = channels(settings.name, mapping_of(settings))
    return tuple(_text(module, callback_url) for module in modules)


def _text(module: str, callback_url: str) -> FunctionText:
    shown = module.replace("_", " ")
    lines = [
        f"Setup → Automation → Actions → Webhooks → Configure Webhook    设置 → 自动化 → 操作 → Webhook（{shown}）",
        f"Name 名称              Zixin {shown}",
        f"URL to Notify 地址     {callback_url}    HOOK: the content of hook 换成 hook 的内容",
        "Method 方法            POST",
        f"Module 模块            {shown}",
        "Body 正文              Form-Data, Module Parameters / Custom Parameters 表单",
        f"  record_id            choose the id of {shown} 选择该模块的记录编号字段（… Id）",
        f"  module               {module}",
        "  secret               the value of secrets.channel_token 配置中 secrets.channel_token 的值",
        f"Workflow rule 工作流规则  {shown}, on create, edit and delete 创建、编辑、删除时, all records 所有记录: this webhook",
    ]
    return FunctionText(name=f"Zixin {shown}", language="Zoho CRM webhook", text="\n".join(lines))
