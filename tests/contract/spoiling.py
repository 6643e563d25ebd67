"""Lets a look-alike answer otherwise than it would: what other clients met and stumbled over."""

import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from tests.contract.bench import Bench
from tests.journeys.harness import wrap

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["spoil"]

Change = Callable[[dict[str, Any]], dict[str, Any]]


def spoil(bench: Bench, path: str, change: Change, *, times: int = 1) -> None:
    """Let the next answers to a path carry a changed JSON body."""
    left = [times]

    def around(app: "WSGIApplication") -> "WSGIApplication":
        def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            if left[0] < 1 or not environ.get("PATH_INFO", "").startswith(path):
                return app(environ, start_response)
            left[0] -= 1
            told = Response.from_app(app, environ, buffered=True)
            told.set_data(json.dumps(change(json.loads(told.get_data()))))
            return told(environ, start_response)

        return answer

    wrap(bench.sandbox, bench.crm.name, around)
