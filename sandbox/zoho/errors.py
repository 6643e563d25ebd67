"""Zoho's error objects: the bare one of a request, and the item of one record."""

from collections.abc import Mapping

__all__ = ["Refusal", "ZohoError", "error_object"]


def error_object(code: str, message: str, details: Mapping[str, object]) -> dict[str, object]:
    """Return the error object every Zoho answer uses, alone or as an item of a list."""
    return {"code": code, "details": dict(details), "message": message, "status": "error"}


class ZohoError(Exception):
    """The request as a whole is refused: one bare error object with an HTTP status.

    ``root`` names the list it is wrapped in, where Zoho wraps it.
    """

    def __init__(
        self,
        code: str,
        message: str,
        details: Mapping[str, object] | None = None,
        *,
        status: int = 400,
        root: str | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.status = status
        self._item = error_object(code, message, details or {})
        self._root = root

    def body(self) -> dict[str, object]:
        """Return the answer's body."""
        return self._item if self._root is None else {self._root: [self._item]}


class Refusal(Exception):
    """One record of a batch is refused; the others go on."""

    def __init__(self, code: str, message: str, details: Mapping[str, object]) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.details = dict(details)

    def item(self) -> dict[str, object]:
        """Return its item in the list of results."""
        return error_object(self.code, self.message, self.details)
