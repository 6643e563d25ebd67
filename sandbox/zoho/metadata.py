"""Shows the organisation: modules, layouts, related lists, currencies, people."""

from collections.abc import Callable

from sandbox.zoho.asking import Answer, Ask
from sandbox.zoho.fields import field_json
from sandbox.zoho.listing import modified_since
from sandbox.zoho.modules import Module
from sandbox.zoho.state import INTEGRATION_USER, RATES, OrgState, User

__all__ = [
    "ZGID",
    "list_currencies",
    "list_fields",
    "list_layouts",
    "list_modules",
    "list_related_lists",
    "list_users",
    "one_field",
    "one_layout",
    "one_module",
    "one_user",
    "show_org",
]

_ORG_ID = "5000000000000000"
ZGID = "700000001"
_SYMBOLS = {"CNY": "¥", "USD": "$", "EUR": "€", "HKD": "HK$", "JPY": "¥", "GBP": "£", "CAD": "C$"}
_NAMES = {
    "CNY": "Chinese Yuan - CNY",
    "USD": "US Dollar - USD",
    "EUR": "Euro - EUR",
    "HKD": "Hong Kong Dollar - HKD",
    "JPY": "Japanese Yen - JPY",
    "GBP": "British Pound - GBP",
    "CAD": "Canadian Dollar - CAD",
}
_FIRST_CURRENCY_ID = 5_000_000_000_002_901
_FOUNDED = "2020-01-01T10:00:00+08:00"
_USERS_OF_TYPE: dict[str, Callable[[User], bool]] = {
    "ActiveUsers": lambda user: user.active,
    "ActiveConfirmedUsers": lambda user: user.active,
    "DeactiveUsers": lambda user: not user.active,
    "NotConfirmedUsers": lambda _user: False,
    "AdminUsers": lambda user: user.profile == "Administrator",
}
_ROLE_ID, _PROFILE_ID = "5000000000002951", "5000000000002961"


def list_modules(state: OrgState, ask: Ask) -> Answer:
    """``GET /settings/modules``."""
    if modified_since(state, ask) is not None:
        return Answer(status=state.options.unmodified_status)
    shown = [_module_json(module) for module in state.modules.values()]
    return Answer(body={"modules": shown})


def one_module(state: OrgState, _ask: Ask, name: str) -> Answer:
    """``GET /settings/modules/{api_name or id}``."""
    found = [m for m in state.modules.values() if name in (m.api_name, m.id)]
    return Answer(body={"modules": [_module_json(found[0])]}) if found else Answer(status=204)


def list_fields(state: OrgState, ask: Ask) -> Answer:
    """``GET /settings/fields?module=``; v2 does not list ``id``."""
    module = state.module(ask.required("module"))
    ids = {name: each.id for name, each in state.modules.items()}
    if ask.args.get("type") == "unused":
        return Answer(status=204)
    shown = [
        field_json(field, module_ids=ids, version=ask.version)
        for field in module.fields.values()
        if field.api_name != "id" or ask.version != "v2"
    ]
    return Answer(body={"fields": shown})


def one_field(state: OrgState, ask: Ask, field_id: str) -> Answer:
    """``GET /settings/fields/{id}?module=``."""
    module = state.module(ask.required("module"))
    ids = {name: each.id for name, each in state.modules.items()}
    for field in module.fields.values():
        if field_id in (field.id, field.api_name):
            shown = field_json(field, module_ids=ids, version=ask.version)
            return Answer(body={"fields": [shown]})
    return Answer(status=204)


def list_layouts(state: OrgState, ask: Ask) -> Answer:
    """``GET /settings/layouts?module=``: each module has its standard layout."""
    return Answer(body={"layouts": [_layout_json(state.module(ask.required("module")))]})


def one_layout(state: OrgState, ask: Ask, layout_id: str) -> Answer:
    """``GET /settings/layouts/{id}?module=``."""
    module = state.module(ask.required("module"))
    if layout_id != module.layout_id:
        return Answer(status=204)
    return Answer(body={"layouts": [_layout_json(module)]})


def list_related_lists(state: OrgState, ask: Ask) -> Answer:
    """``GET /settings/related_lists?module=``: the modules whose lookups lead here."""
    module = state.module(ask.required("module"))
    shown: list[dict[str, object]] = []
    for number, name in enumerate(related_modules(state, module.api_name), 1):
        other = state.modules[name]
        target: object = {"api_name": name, "id": other.id}
        shown.append(
            {
                "id": str(int(module.id) * 10 + number)[-16:],
                "api_name": name,
                "name": other.plural,
                "display_label": other.plural,
                "module": name if ask.version == "v2" else target,
                "type": "default",
                "action": None,
                "href": f"{module.api_name}/{{ENTITYID}}/{name}",
                "sequence_number": str(number),
                "connectedmodule": None,
                "linkingmodule": None,
                "status": "visible",
            }
        )
    return Answer(body={"related_lists": shown}) if shown else Answer(status=204)


def related_modules(state: OrgState, module: str) -> dict[str, str]:
    """Return the modules with a lookup to ``module``, and that lookup's name."""
    found: dict[str, str] = {}
    for name, other in state.modules.items():
        for field in other.fields.values():
            if field.lookup == module or (field.type == "multi_module_lookup" and name != module):
                found.setdefault(name, field.api_name)
    return found


def show_org(state: OrgState, _ask: Ask) -> Answer:
    """``GET /org``."""
    code = state.options.base_currency
    shown = {
        "id": _ORG_ID,
        "zgid": ZGID,
        "company_name": state.options.company_name,
        "currency": _NAMES[code],
        "iso_code": code,
        "currency_symbol": _SYMBOLS[code],
        "currency_locale": "zh_CN",
        "time_zone": state.options.zone_name,
        "mc_status": state.options.multi_currency,
        "type": "Sandbox",
        "country_code": "CN",
        "country": "China",
        "primary_email": "admin@example.com",
        "created_time": _FOUNDED,
        "license_details": {
            "paid": True,
            "paid_type": "enterprise",
            "users_license_purchased": 20,
            "paid_expiry": None,
            "trial_type": None,
            "trial_expiry": None,
            "trial_action": None,
        },
    }
    return Answer(body={"org": [shown]})


def list_currencies(state: OrgState, _ask: Ask) -> Answer:
    """``GET /org/currencies``; 204 where multi-currency is off."""
    if not state.options.multi_currency:
        return Answer(status=204)
    base = state.options.base_currency
    shown = [
        {
            "id": str(_FIRST_CURRENCY_ID + number),
            "iso_code": code,
            "symbol": _SYMBOLS[code],
            "name": _NAMES[code],
            "is_base": code == base,
            "is_active": True,
            "exchange_rate": f"{rate / RATES[base]:.9f}",
            "prefix_symbol": True,
            "format": {
                "decimal_places": "0" if code == "JPY" else "2",
                "decimal_separator": "Period",
                "thousand_separator": "Comma",
            },
            "created_time": _FOUNDED,
            "modified_time": _FOUNDED,
            "created_by": state.person(INTEGRATION_USER),
            "modified_by": state.person(INTEGRATION_USER),
        }
        for number, (code, rate) in enumerate(RATES.items())
    ]
    return Answer(body={"currencies": shown})


def list_users(state: OrgState, ask: Ask) -> Answer:
    """``GET /users?type=``."""
    kind = ask.args.get("type", "AllUsers")
    is_meant = _USERS_OF_TYPE.get(kind)
    users = [user for user in state.users.values() if is_meant is None or is_meant(user)]
    if kind == "CurrentUser":
        users = [state.users[ask.user]]
    if "ids" in ask.args:
        users = [u for u in users if u.id in ask.args["ids"].split(",")]
    per_page, page = ask.per_page(), ask.number("page", 1)
    part = users[(page - 1) * per_page : page * per_page]
    if not part:
        return Answer(status=204)
    info = {
        "per_page": per_page,
        "count": len(part),
        "page": page,
        "more_records": len(users) > page * per_page,
    }
    return Answer(body={"users": [_user_json(state, user) for user in part], "info": info})


def one_user(state: OrgState, _ask: Ask, user_id: str) -> Answer:
    """``GET /users/{id}``."""
    user = state.users.get(user_id)
    return Answer(body={"users": [_user_json(state, user)]}) if user else Answer(status=204)


def _module_json(module: Module) -> dict[str, object]:
    return {
        "id": module.id,
        "api_name": module.api_name,
        "module_name": module.plural if module.custom else module.api_name,
        "singular_label": module.singular,
        "plural_label": module.plural,
        "generated_type": "custom" if module.custom else "default",
        "api_supported": True,
        "creatable": True,
        "editable": True,
        "deletable": True,
        "viewable": True,
        "visible": True,
        "status": "visible",
        "profiles": [],
        "modified_time": None,
    }


def _layout_json(module: Module) -> dict[str, object]:
    fields = [
        {
            "id": field.id,
            "api_name": field.api_name,
            "field_label": field.label,
            "data_type": field.type,
            "required": field.mandatory,
            "sequence_number": number,
            "pick_list_values": [
                {"display_value": value, "actual_value": value} for value in field.options
            ],
        }
        for number, field in enumerate(module.fields.values(), 1)
    ]
    section = {
        "api_name": f"{module.singular} Information",
        "display_label": f"{module.singular} Information",
        "name": f"{module.singular} Information",
        "sequence_number": 1,
        "fields": fields,
    }
    return {
        "id": module.layout_id,
        "name": "Standard",
        "api_name": "Standard__s",
        "display_label": "Standard",
        "status": "active",
        "visible": True,
        "generated_type": "default",
        "profiles": [],
        "sections": [section],
    }


def _user_json(state: OrgState, user: User) -> dict[str, object]:
    first, _, last = user.name.rpartition(" ")
    return {
        "id": user.id,
        "email": user.email,
        "full_name": user.name,
        "first_name": first or None,
        "last_name": last,
        "status": "active" if user.active else "disabled",
        "confirm": True,
        "time_zone": state.options.zone_name,
        "language": "zh_CN",
        "locale": "zh_CN",
        "country_locale": "zh_CN",
        "zuid": str(int(user.id) % 1_000_000 + 700_000_000),
        "role": {"name": user.role, "id": _ROLE_ID},
        "profile": {"name": user.profile, "id": _PROFILE_ID},
    }
