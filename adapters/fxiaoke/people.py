"""Who of the tenant's employees is active: asked once and kept for a quarter of an hour."""

from collections.abc import Callable, Sequence

from adapters.errors import Refused
from scoring.records import Owner

__all__ = ["People"]

KEPT_SECONDS = 15 * 60


class People:
    """Chooses who gets a task. ``employees`` reads all of them."""

    def __init__(
        self, employees: Callable[[], Sequence[Owner]], monotonic: Callable[[], float]
    ) -> None:
        self._employees = employees
        self._monotonic = monotonic
        self._kept: tuple[float, frozenset[str] | None] | None = None

    def first_active(self, *wanted: str | None) -> str | None:
        """Return the first who is active; ``None``: none of them is.

        Where the list of employees may not be read, the first who is named. Raises ``Transient``.
        """
        active = self._active()
        named = (each for each in wanted if each)
        return next((each for each in named if active is None or each in active), None)

    def _active(self) -> frozenset[str] | None:
        now = self._monotonic()
        if self._kept is None or now >= self._kept[0]:
            self._kept = (now + KEPT_SECONDS, self._read())
        return self._kept[1]

    def _read(self) -> frozenset[str] | None:
        try:
            return frozenset(each.record_id for each in self._employees() if each.active)
        except Refused:
            return None  # the doctor tells
