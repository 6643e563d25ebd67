"""A refusal: what somebody wished and the rules do not allow, as a code with its numbers."""

from typing import ClassVar

__all__ = ["Refusal"]


class Refusal(ValueError):
    """Says why not, by a code with parameters; the sentence is made elsewhere, in each tongue."""

    subject: ClassVar[str] = ""

    def __init__(self, code: str, /, **params: object) -> None:
        super().__init__(f"{code}: {params}")
        self.code = f"{self.subject}{code}"
        self.params = params
