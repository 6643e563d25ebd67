"""The lines of a financial statement (报表项目) that the sample company's records use."""

__all__ = ["STATEMENT_LINES"]

#: Our name of a line → its Chinese label. The CRMs' fields are named after them.
STATEMENT_LINES = {
    "cash": "货币资金",
    "trading_securities": "交易性金融资产",
    "notes_receivable": "应收票据",
    "receivables": "应收账款",
    "prepayments": "预付款项",
    "inventory": "存货",
    "current_assets": "流动资产合计",
    "fixed_assets": "固定资产",
    "intangibles": "无形资产",
    "goodwill": "商誉",
    "deferred_items": "递延资产",
    "owner_loans": "股东借款",
    "total_assets": "资产总计",
    "payables": "应付账款",
    "current_liabilities": "流动负债合计",
    "long_term_debt": "长期借款",
    "total_liabilities": "负债合计",
    "paid_in_capital": "实收资本",
    "surplus_reserve": "盈余公积",
    "undistributed_profit": "未分配利润",
    "equity": "所有者权益合计",
    "revenue": "营业收入",
    "credit_sales": "赊销收入",
    "cost_of_sales": "营业成本",
    "interest_expense": "利息费用",
    "profit_before_tax": "利润总额",
    "net_profit": "净利润",
    "depreciation": "折旧摊销",
    "purchases": "采购额",
    "operating_cash_flow": "经营活动现金流量净额",
    "market_value": "市值",
}
