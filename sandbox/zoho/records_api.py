"""The write calls on records: limits of a call, triggers, and the status of a mixed outcome."""

from collections.abc import Iterable
from math import ceil

from sandbox.zoho.asking import Answer, Ask
from sandbox.zoho.errors import ZohoError
from sandbox.zoho.state import OrgState
from sandbox.zoho.writing import DUPLICATE_FIELDS, Batch, run_batch

__all__ = ["delete_records", "insert_records", "mixed", "update_records", "upsert_records"]

MOST_RECORDS = 100
_TRIGGERS = frozenset({"workflow", "approval", "blueprint", "pathfinder", "orchestration"})
_NO_UPSERT = frozenset({"Tasks", "Events", "Calls", "Notes"})


def insert_records(state: OrgState, ask: Ask, module: str) -> Answer:
    """``POST /{module}``."""
    batch, items = _begin(state, ask, module)
    return _finish(run_batch(batch, items, batch.insert), well=201)


def update_records(state: OrgState, ask: Ask, module: str, record_id: str | None = None) -> Answer:
    """``PUT /{module}`` and ``PUT /{module}/{id}``."""
    batch, items = _begin(state, ask, module)
    if record_id is not None:
        items = [{**item, "id": record_id} if isinstance(item, dict) else item for item in items]
    return _finish(run_batch(batch, items, batch.update), well=200)


def upsert_records(state: OrgState, ask: Ask, module: str) -> Answer:
    """``POST /{module}/upsert``; Tasks are not among the modules Zoho lists for it."""
    batch, items = _begin(state, ask, module)
    if module in _NO_UPSERT and not state.options.upserts_tasks:
        raise ZohoError(
            "INVALID_MODULE",
            "the module name given seems to be invalid",
            {"resource_path_index": 0},
        )
    given = ask.json().get("duplicate_check_fields")
    if isinstance(given, list):
        batch.duplicate_fields = [str(name) for name in given]
    else:
        known = state.modules[module].fields.values()
        batch.duplicate_fields = [DUPLICATE_FIELDS.get(module, "Name")]
        batch.duplicate_fields += [field.api_name for field in known if field.unique]
    return _finish(run_batch(batch, items, batch.upsert), well=200)


def delete_records(state: OrgState, ask: Ask, module: str, record_id: str | None = None) -> Answer:
    """``DELETE /{module}?ids=`` and ``DELETE /{module}/{id}``."""
    state.module(module)
    ids = [record_id] if record_id else [i for i in ask.required("ids").split(",") if i]
    if len(ids) > MOST_RECORDS:
        raise ZohoError(
            "LIMIT_EXCEEDED", "the limit was exceeded", {"limit": MOST_RECORDS, "param_name": "ids"}
        )
    workflows = ask.args.get("wf_trigger", "true") != "false"
    batch = Batch(state=state, module=module, user=ask.user, workflows=workflows)
    items: list[object] = [{"id": each} for each in ids]
    answer = _finish(run_batch(batch, items, batch.delete), well=200)
    answer.credits = 1
    return answer


def mixed(results: Iterable[dict[str, object]], *, well: int, root: str) -> Answer:
    """Return the answer for a list of results: all well, some (207), or none (400, 412)."""
    results = list(results)
    good = sum(result["status"] == "success" for result in results)
    status = well if good == len(results) else 207 if good else 400
    if not good and all(result["code"] == "ALREADY_MODIFIED" for result in results):
        status = 412
    return Answer(status=status, body={root: results})


def _begin(state: OrgState, ask: Ask, module: str) -> tuple[Batch, list[object]]:
    state.module(module)
    items = ask.items("data", most=MOST_RECORDS)
    batch = Batch(
        state=state,
        module=module,
        user=ask.user,
        workflows=_runs_workflows(ask.json().get("trigger")),
        unmodified_since=_unmodified_since(state, ask),
    )
    return batch, items


def _runs_workflows(trigger: object) -> bool:
    if trigger is None:
        return True
    if not isinstance(trigger, list) or not set(map(str, trigger)) <= _TRIGGERS:
        details = {"api_name": "trigger", "json_path": "$.trigger"}
        raise ZohoError("INVALID_DATA", "invalid data", details)
    return "workflow" in trigger


def _unmodified_since(state: OrgState, ask: Ask) -> int | None:
    text = ask.headers.get("If-Unmodified-Since")
    if text is None:
        return None
    seconds = state.seconds_of(text)
    if seconds is None:
        details = {"api_name": "If-Unmodified-Since", "expected_data_type": "datetime"}
        raise ZohoError("INVALID_DATA", "invalid data", details)
    return seconds


def _finish(results: list[dict[str, object]], *, well: int) -> Answer:
    answer = mixed(results, well=well, root="data")
    answer.credits = ceil(len(results) / 10)
    return answer
