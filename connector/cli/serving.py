"""``zixin serve``: receiver, worker and schedules in one process; and its parts for several hosts."""

import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from waitress.server import BaseWSGIServer, create_server

from connector.cli.output import say
from connector.cli.sandboxes import hear_of_the_end
from connector.cli.session import (
    DEFAULT_CONFIG,
    ConfigOption,
    ExitCode,
    chosen_texts,
    end,
    opened,
)
from connector.web.operations import Operations, beside, operations_app
from connector.wiring import Zixin
from connector.wiring.readiness import Readiness, health_of
from connector.wiring.service import Part, Service
from connector.work.nodes import Node, NodeInTheWay, serving_as

__all__ = ["add_commands", "serving"]

WEB_THREADS = 8
ANSWERING_SECONDS = 5
LOOPBACK = "127.0.0.1"


PortOption = Annotated[int | None, typer.Option(help="Listen here instead.")]


def add_commands(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("serve")(serve_command)
    app.command("web")(web_command)
    app.command("worker")(worker_command)
    app.command("scheduler")(scheduler_command)


def serve_command(config: ConfigOption = DEFAULT_CONFIG, port: PortOption = None) -> None:
    """Run everything in one process until Ctrl-C: receiver, worker and schedules."""
    _run(config, tuple(Part), port)


def web_command(config: ConfigOption = DEFAULT_CONFIG, port: PortOption = None) -> None:
    """Take the CRMs' messages until Ctrl-C: a part of `zixin serve`, for several hosts."""
    _run(config, (Part.WEB,), port)


def worker_command(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Read, assess and write back until Ctrl-C: a part of `zixin serve`, for several hosts."""
    _run(config, (Part.WORKER,))


def scheduler_command(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Do what is due until Ctrl-C: a part of `zixin serve`, for several hosts."""
    _run(config, (Part.SCHEDULER,))


def _run(config: Path, parts: Collection[Part], port: int | None = None) -> None:
    asked_to_end = hear_of_the_end()
    with opened(config) as zixin:
        _refuse_parts_on_sqlite(zixin, parts)
        with serving(zixin, parts, port=port, give_up=_leave) as address:
            if address:
                say(f"listening on {address}")
                _tell_callbacks(zixin)
            else:
                say(f"{' and '.join(parts)} at work")
            asked_to_end()
            say("finishing what is under way")


def _refuse_parts_on_sqlite(zixin: Zixin, parts: Collection[Part]) -> None:
    """End where one process alone is only a part and the database is for one host."""
    if zixin.engine.dialect.name == "sqlite" and len(parts) < len(Part):
        command = " ".join(parts)
        end(ExitCode.WRONG_USE, chosen_texts(zixin, None).say("serve.one_host", command=command))


def _tell_callbacks(zixin: Zixin) -> None:
    for name in zixin.names:
        word = "has" if zixin.callback_url(name) else "has no"
        say(f"{name} {word} callback address")


def _leave() -> None:
    """End the process, whatever its threads still do: all they do survives being cut off."""
    os._exit(ExitCode.WELL)


def _be_replaced() -> None:
    """Ask this process to end as Ctrl-C would: another serves in its place."""
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def serving(
    zixin: Zixin,
    parts: Collection[Part] = tuple(Part),
    *,
    port: int | None = None,
    give_up: Callable[[], None] = lambda: None,
) -> Iterator[str]:
    """Serve while the block runs; gives the address. Work under way is finished at the end.

    ``give_up`` is called when that takes longer than patience lasts. Without the web part there is
    no address.
    """
    node = Node(
        name=f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}",
        parts=" ".join(parts),
        host=socket.gethostname(),
    )
    try:
        with serving_as(zixin.engine, node, lost=_be_replaced):
            service = Service(zixin, parts)
            with _listening(zixin, service, port, wanted=Part.WEB in parts) as address:
                service.start()
                try:
                    yield address
                finally:
                    finished = service.stop()
            if not finished:
                say("some work did not finish in time; it goes on at the next start")
                give_up()
    except NodeInTheWay as error:
        texts = chosen_texts(zixin, None)
        until = error.until.astimezone(zixin.config.zone).strftime("%H:%M:%S")
        end(ExitCode.WRONG_USE, texts.say("serve.taken", node=error.node.name, until=until))


@contextmanager
def _listening(zixin: Zixin, service: Service, port: int | None, *, wanted: bool) -> Iterator[str]:
    """Take messages while the block runs; gives the address, empty where none are wanted."""
    if not wanted:
        yield ""
        return
    # It would write a line for each message that waits for a thread.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    operations = _operations(zixin, service)
    server_config = zixin.config.server
    try:
        server = create_server(
            beside(service.receiver(), operations_app(operations)),
            host=server_config.host,
            port=server_config.port if port is None else port,
            threads=WEB_THREADS,
            ident="",
            # With proxies the receiver itself reads as many of their headers as are configured.
            clear_untrusted_proxy_headers=not server_config.proxies,
        )
    except OSError as error:
        end(ExitCode.WRONG_USE, f"cannot listen on port {server_config.port}: {error.strerror}")
    own = _own_port(zixin, operations)
    # A daemon: a CRM that keeps its connection open must not keep this process.
    web = threading.Thread(target=server.run, name="web", daemon=True)
    web.start()
    try:
        yield f"http://{server_config.host}:{server.effective_port}"
    finally:
        if own is not None:
            own.close()
        server.close()
        server.task_dispatcher.shutdown(timeout=ANSWERING_SECONDS)


def _operations(zixin: Zixin, service: Service) -> Operations:
    """Say what operators are told, and to whom."""
    reference = zixin.config.metrics.token
    token = zixin.secret("metrics.token", reference) if reference else ""
    return Operations(
        reasons=Readiness(zixin).reasons,
        health=partial(health_of, zixin),
        received=service.counts.all,
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
