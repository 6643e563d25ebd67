"""Where the look-alikes keep the credit file: the mapping that their configuration carries."""

__all__ = ["SANDBOX_MAPPING"]

_ZOHO = """
[connections.mapping.accounts]
size_class = "Size_Class"
facts = [
  { kind = "registry", event_on = "Founded_On", amount = "Registered_Capital" },
  { kind = "tax_grade", status = "Tax_Grade" },
]
[connections.mapping.invoices]
dispute_closed_on = "Dispute_Closed_On"
dispute_outcome = "Dispute_Outcome"
segment = "Segment"
[connections.mapping.orders]
delivered = "Delivered_Amount"
deposit = "Deposit"
segment = "Segment"
[connections.mapping]
statements = { module = "Financial_Statements" }
credit_records = { module = "Credit_Records" }
promises = { module = "Payment_Promises" }
collateral = { module = "Collateral" }
write_offs = { module = "Write_Offs" }
returns = { module = "Payment_Returns" }
notes = { module = "Notes_Receivable" }
"""
_FXIAOKE = """
[connections.mapping.accounts]
size_class = "size_class__c"
facts = [
  { kind = "registry", event_on = "founded_on__c", amount = "registered_capital__c" },
  { kind = "tax_grade", status = "tax_grade__c" },
]
[connections.mapping.invoices]
dispute_closed_on = "dispute_closed_on__c"
dispute_outcome = "dispute_outcome__c"
segment = "segment__c"
[connections.mapping.orders]
delivered = ["delivered_amount__c"]
deposit = ["deposit__c"]
segment = "segment__c"
[connections.mapping]
statements = { object = "financial_statement__c" }
credit_records = { object = "credit_record__c" }
promises = { object = "payment_promise__c" }
collateral = { object = "collateral__c" }
write_offs = { object = "write_off__c" }
returns = { object = "payment_return__c" }
notes = { object = "note_receivable__c" }
"""

#: Vendor → the tables that follow its ``[[connections]]``.
SANDBOX_MAPPING = {"zoho": _ZOHO, "fxiaoke": _FXIAOKE}
