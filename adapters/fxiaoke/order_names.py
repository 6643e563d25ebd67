"""Where claims are found in a tenant without receivable notes: payment plans and orders.

Nobody documents these objects' fields, so every name is a default like any other.
"""

from enum import StrEnum

import msgspec

from adapters.fxiaoke.life import EFFECTIVE

__all__ = ["OrderPaymentNames", "PlanNames", "Receivables"]


class Receivables(StrEnum):
    """Where claims are read: chosen by what the tenant has, or fixed.

    ``notes``: receivable notes. ``plans``: payment plans, and what an order has beyond them.
    ``orders``: whole orders. ``custom``: the tenant's own object, named under ``invoices``.
    """

    AUTO = "auto"
    NOTES = "notes"
    PLANS = "plans"
    ORDERS = "orders"
    CUSTOM = "custom"


class PlanNames(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where an instalment of an order (回款计划) is found."""

    object: str = "PaymentPlanObj"
    number: str = "name"
    account: str = "account_id"
    order: str = "order_id"
    due_on: str = "plan_payment_time"
    amount: tuple[str, ...] = ("plan_payment_amount",)
    currency: str = "mc_currency"
    effective: tuple[str, ...] = EFFECTIVE

    def needed(self) -> tuple[tuple[str, ...], ...]:
        """Name the fields it cannot do without, any of each group."""
        return ((self.account,), (self.order,), (self.due_on,), self.amount)

    def read(self) -> tuple[str, ...]:
        """Name the fields that are read."""
        return (self.number, self.account, self.order, self.due_on, *self.amount, self.currency)


class OrderPaymentNames(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the part of a payment that goes to an order (回款明细) is found."""

    object: str = "OrderPaymentObj"
    payment: str = "payment_id"
    order: str = "order_id"
    plan: str = "payment_plan_id"
    paid_on: str = "payment_time"
    amount: tuple[str, ...] = ("payment_amount",)
    currency: str = "mc_currency"
    effective: tuple[str, ...] = EFFECTIVE

    def needed(self) -> tuple[tuple[str, ...], ...]:
        """Name the fields it cannot do without, any of each group."""
        return ((self.payment,), (self.order,), self.amount)

    def read(self) -> tuple[str, ...]:
        """Name the fields that are read."""
        names = (self.payment, self.order, self.plan, self.paid_on)
        return (*names, *self.amount, self.currency)
