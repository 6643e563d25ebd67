"""``zixin serve``: receiver, worker and schedules in one process."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated

import typer
from waitress.server import BaseWSGIServer, create_server

from connector.cli.output import say
from connector.cli.sandboxes import hear_of_the_end
from connector.cli.session import DEFAULT_CONFIG, ConfigOption, ExitCode, end, opened
from connector.web.operations import Operations, beside, operations_app
from connector.wiring import Zixin
from connector.wiring.readiness import Readiness, health_of
from connector.wiring.service import Service

__all__ = ["add_commands", "serving"]

WEB_THREADS = 8
ANSWERING_SECONDS = 5
LOOPBACK = "127.0.0.1"


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("serve")(serve_command)


def serve_command(
    config: ConfigOption = DEFAULT_CONFIG,
    port: Annotated[int | None, typer.Option(help="Listen here instead.")] = None,
) -> None:
    """Run everything in one process until Ctrl-C: receiver, worker and schedules."""
    asked_to_end = hear_of_the_end()
    with opened(config) as zixin, serving(zixin, port=port, give_up=_leave) as address:
        say(f"listening on {address}")
        for name in zixin.names:
            word = "has" if zixin.callback_url(name) else "has no"
            say(f"{name} {word} callback address")
        asked_to_end()
        say("finishing what is under way")


def _leave() -> None:
    """End the process, whatever its threads still do: all they do survives being cut off."""
    os._exit(ExitCode.WELL)


@contextmanager
def serving(
    zixin: Zixin, *, port: int | None = None, give_up: Callable[[], None] = lambda: None
) -> Iterator[str]:
    """Serve while the block runs; gives the address. Work under way is finished at the end.

    ``give_up`` is called when that takes longer than patience lasts.
    """
    service = Service(zixin)
    operations = _operations(zixin, service)
    server_config = zixin.config.server
    try:
        server = create_server(
            beside(service.receiver(), operations_app(operations)),
            host=server_config.host,
            port=server_config.port if port is None else port,
            threads=WEB_THREADS,
            clear_untrusted_proxy_headers=True,
        )
    except OSError as error:
        end(ExitCode.WRONG_USE, f"cannot listen on port {server_config.port}: {error.strerror}")
    own = _own_port(zixin, operations)
    # A daemon: a CRM that keeps its connection open must not keep this process.
    web = threading.Thread(target=server.run, name="web", daemon=True)
    web.start()
    service.start()
    try:
        yield f"http://{server_config.host}:{server.effective_port}"
    finally:
        if own is not None:
            own.close()
        server.close()
        server.task_dispatcher.shutdown(timeout=ANSWERING_SECONDS)
        finished = service.stop()
        if not finished:
            say("some work did not finish in time; it goes on at the next start")
            give_up()


def _operations(zixin: Zixin, service: Service) -> Operations:
    """Say what operators are told, and to whom."""
    reference = zixin.config.metrics.token
    token = zixin.secret("metrics.token", reference) if reference else ""
    return Operations(
        reasons=Readiness(zixin).reasons,
        health=partial(health_of, zixin),
        received=service.received.all,
        token=token,
        public=bool(zixin.config.server.public_url),
    )


def _own_port(zixin: Zixin, operations: Operations) -> BaseWSGIServer | None:
    """Open the operators' own port on this machine, where one is configured."""
    port = zixin.config.metrics.port
    if not port:
        return None
    try:
        server = create_server(
            operations_app(operations, own_port=True), host=LOOPBACK, port=port, threads=1
        )
    except OSError as error:
        end(ExitCode.WRONG_USE, f"cannot listen on port {port} for metrics: {error.strerror}")
    threading.Thread(target=server.run, name="metrics", daemon=True).start()
    return server
