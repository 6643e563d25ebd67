"""Applications of which a process has many, all with the same routes."""

from collections.abc import Callable
from typing import Any, ClassVar

from flask import Flask
from werkzeug.routing import Map

__all__ = ["SandboxApp"]


class SandboxApp(Flask):
    """A Flask application; those of one kind have the same routes, which are compiled once.

    Compiling them takes longer than most of what is asked of a look-alike. ``ready`` ends the list
    of routes; what is added later than that to a second application only gives it its own views.
    """

    _maps: ClassVar[dict[str, Map]] = {}

    def __init__(self, name: str, kind: str) -> None:
        """Begin with the routes of the applications of that kind, if there are any."""
        super().__init__(name, static_folder=None)
        self._kind = kind
        known = self._maps.get(kind)
        self._is_compiled = known is not None
        if known is not None:
            self.url_map = known

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        provide_automatic_options: bool | None = None,  # noqa: FBT001 Flask's own signature
        **options: Any,  # noqa: ANN401 Flask's own signature
    ) -> None:
        """Add a route, or only what it leads to in this application."""
        if not self._is_compiled:
            super().add_url_rule(
                rule,
                endpoint,
                view_func,
                provide_automatic_options=provide_automatic_options,
                **options,
            )
        elif view_func is not None:
            self.view_functions[endpoint or view_func.__name__] = view_func

    def ready(self) -> "SandboxApp":
        """Keep the routes for the next application, and return this one."""
        self._maps.setdefault(self._kind, self.url_map)
        self._is_compiled = True
        return self
