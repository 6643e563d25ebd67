"""The tenant's employees: their list is short and knows no changes, so it is read whole."""

from collections.abc import Sequence

from adapters.fxiaoke.client import FxiaokeClient, Json
from adapters.fxiaoke.mapping import to_owner
from adapters.fxiaoke.scan import NOTHING_YET
from adapters.fxiaoke.values import BadValue
from adapters.port import Cursor, Page, RecordProblem
from scoring.records import Kind, Owner

__all__ = ["Employees"]

WHOLE_COMPANY = 999_999


class Employees:
    """The feed of owners."""

    def __init__(self, client: FxiaokeClient) -> None:
        self._client = client

    def everybody(self) -> list[Owner]:
        """Read all employees that can be read."""
        return self._employees()[0]

    def changes(self, cursor: Cursor) -> Page:
        """Read all employees."""
        owners, problems = self._employees()
        watermark = max(self._client.server_now, cursor.watermark or NOTHING_YET)
        return Page(
            kind=Kind.OWNERS,
            records=tuple(owners),
            problems=tuple(problems),
            cursor=Cursor(watermark=watermark),
            finished=True,
            expected=len(owners),
        )

    def fetch(self, record_ids: Sequence[str]) -> Page:
        """Read these employees; those that are not in the list are gone."""
        owners, problems = self._employees()
        asked = set(record_ids)
        found = tuple(owner for owner in owners if owner.record_id in asked)
        there = {owner.record_id for owner in found}
        return Page(
            kind=Kind.OWNERS,
            records=found,
            problems=tuple(each for each in problems if each.record_id in asked),
            gone=tuple(each for each in dict.fromkeys(record_ids) if each not in there),
            cursor=Cursor(),
            finished=True,
        )

    def _employees(self) -> tuple[list[Owner], list[RecordProblem]]:
        answer = self._client.read(
            "/cgi/user/list",
            "list employees",
            departmentId=WHOLE_COMPANY,
            fetchChild=True,
            showDepartmentIdsDetail=False,
        )
        listed = answer.get("userList")
        if not isinstance(listed, list) or not all(isinstance(row, dict) for row in listed):
            raise self._client.broken("list employees", "the answer holds no list of employees")
        owners: list[Owner] = []
        problems: list[RecordProblem] = []
        for row in listed:
            try:
                owners.append(to_owner(row))
            except BadValue as bad:
                problems.append(_owner_problem(row, bad))
        return owners, problems


def _owner_problem(row: Json, bad: BadValue) -> RecordProblem:
    record_id = str(row.get("openUserId") or "")
    return RecordProblem(kind=Kind.OWNERS, record_id=record_id, reason=bad.reason, detail=str(bad))
