"""A server for ``benchmarks/receiver.py``: ``ours FOLDER`` or ``bare FOLDER``.

Prints its port and path, serves until its input ends, then prints how many rows it has kept.
"""

import logging
import sqlite3
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from flask import Flask, Response, request
from waitress.server import create_server

from adapters.registry import verifier_for
from adapters.settings import ConnectionSettings, Secret
from benchmarks.receiver import CHANNEL_TOKEN
from connector.cli.serving import WEB_THREADS
from connector.store.engine import create_engine, reading
from connector.store.migrations import upgrade
from connector.store.queue_tables import inbox
from connector.work.inbox import DatabaseInbox, EventSource
from connector.work.pressure import Pressure
from webhooks.app import Limits, create_app


def _ours(folder: Path) -> tuple[Flask, Callable[[], int]]:
    engine = create_engine(f"sqlite:///{folder / 'zixin.db'}")
    upgrade(engine)
    settings = ConnectionSettings(
        name="crm", vendor="zoho", secrets={"channel_token": Secret(CHANNEL_TOKEN)}
    )
    codec = verifier_for(settings, now=_now, nonce=lambda: "n")
    box = DatabaseInbox(engine, pressure=Pressure(engine, _now))
    app = create_app({"word": EventSource(name="crm", codec=codec)}, box, _now, Limits())

    def kept() -> int:
        with reading(engine) as conn:
            return conn.execute(sa.select(sa.func.count()).select_from(inbox)).scalar_one()

    return app, kept


def _bare(folder: Path) -> tuple[Flask, Callable[[], int]]:
    app, mine = Flask(__name__), threading.local()
    path = str(folder / "bare.db")

    def connection() -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(mine, "connection", None)
        if found is None:
            found = mine.connection = sqlite3.connect(path, timeout=10, isolation_level=None)
            found.execute("PRAGMA journal_mode=WAL")
            found.execute("PRAGMA synchronous=FULL")
        return found

    connection().execute("CREATE TABLE inbox (id INTEGER PRIMARY KEY, at TEXT, body BLOB)")

    @app.post("/hooks/word")
    def receive() -> Response:
        row = (_now().isoformat(), request.get_data(cache=False))
        connection().execute("INSERT INTO inbox (at, body) VALUES (?, ?)", row)
        return Response(b"", status=200)

    def kept() -> int:
        return int(connection().execute("SELECT count(*) FROM inbox").fetchone()[0])

    return app, kept


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> None:
    """Serve one of the two."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    which, folder = sys.argv[1], Path(sys.argv[2])
    app, kept = _ours(folder) if which == "ours" else _bare(folder)
    server = create_server(app, host="127.0.0.1", port=0, threads=WEB_THREADS)
    threading.Thread(target=server.run, daemon=True).start()
    print(server.effective_port, "/hooks/word", flush=True)
    sys.stdin.read()
    print(kept())


if __name__ == "__main__":
    main()
