"""What can be switched about the tenant: its licence, its limits, and what nobody documents.

A code that the platform does not document is an option here, so that a client can be tried
against every guess.
"""

from dataclasses import dataclass
from typing import Literal

from sandbox.fxiaoke.answers import EMPLOYEE_UNKNOWN, FREQUENCY, PARAMETER, REFUSED

__all__ = ["TenantOptions"]


@dataclass(slots=True, kw_only=True)
class TenantOptions:
    """The switches; they may be changed while the tenant is served.

    ``frequency_limit`` calls of one path in ``frequency_window_seconds`` and ``daily_limit`` calls
    from midnight (GMT+8) are allowed; ``None`` lifts a limit.
    """

    provisioned: bool = False  # the credit fields and credit_task__c exist from the start
    unique_task_key: bool = True  # credit_task__c.ext_key__c is unique
    generated_option_values: bool = False  # options given as text get values like "aB3dE5fG7"

    native_task_function: bool = False  # an APL function makes native tasks of new credit tasks
    receivables: Literal["notes", "unmatched", "plans", "orders"] = "notes"  # the best bought
    unbought_listed: bool = True  # objects that were not bought stand in object/list as inactive

    pack_bought: bool = True
    daily_limit: int | None = 100_000
    frequency_limit: int | None = 100
    frequency_window_seconds: int = 20
    token_calls_per_minute: int | None = 10
    ip_white_list: tuple[str, ...] = ()

    strict_fields: bool = True  # a write that names an unknown field is refused
    strict_options: bool = True  # a select value must be one of the options
    strict_owner: bool = False  # an update that names the owner is refused, not ignored
    approval_refuses_edits: bool = True  # records under review or in change are not written
    pool_refuses_edits: bool = False  # customers of a pool are not written until they are chosen
    strict_trace: bool = False  # a call without thirdTraceId is refused
    omit_custom_data_id: bool = False  # create on a custom object answers without dataId
    empty_details_remove: bool = True  # an empty detail list in an update removes the rows
    personnel_visible: bool = False  # PersonnelObj can be queried
    list_with_open_ids: bool = False  # employees are listed by FSUID_… whatever was asked for
    total_by_default: bool = True  # total is counted unless the query says no

    own_writes_raise_events: bool = True
    retry_times_in_callbacks: bool = True
    plain_success_accepted: bool = True
    callback_retry_delays: tuple[float, ...] = (1.0, 5.0, 30.0)

    # Undocumented codes.
    token_throttle_code: int = FREQUENCY
    unknown_actor_code: int = EMPLOYEE_UNKNOWN
    page_code: int = PARAMETER  # limit over 100, offset not a multiple of limit
    prefix_code: int = PARAMETER  # standard path for a custom object, or the other way round
    ip_code: int = 20005
    rejection_code: int = REFUSED  # required, type, option, reference, not found
    duplicate_code: int = REFUSED
