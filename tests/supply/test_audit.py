"""The audit of the locked packages: found, clean, and not audited, which is a state of its own."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from supply.audit import Answer, State, main, verdict_of
from supply.locked import Locked

HASH = "0" * 64
ADVISORY = {
    "id": "PYSEC-2026-7",
    "summary": "A cookie may be forged.",
    "affected": [
        {
            "package": {"name": "flask", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.1.9"}]}],
        }
    ],
}


def locked(*names: str) -> list[Locked]:
    return [
        Locked(name=name, version="1.0", hashes=(HASH,), marker="", asked_by=()) for name in names
    ]


def answer(*dependencies: dict[str, Any], code: int = 0, err: str = "") -> Answer:
    return Answer(code=code, out=json.dumps({"dependencies": dependencies, "fixes": []}), err=err)


def clean(name: str, version: str = "1.0") -> dict[str, Any]:
    return {"name": name, "version": version, "vulns": []}


@contextmanager
def advisory_service(weak: str) -> Iterator[str]:
    """Answer as an OSV service does that knows something against one package."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found = {"vulns": [ADVISORY]} if asked["package"]["name"] == weak else {}
            body = json.dumps(found).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 its name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.lock"
    path.write_text(
        f"flask==3.1.3 \\\n    --hash=sha256:{HASH}\n"
        f"nowhere-else==0.4 ; os_name == 'nt' \\\n    --hash=sha256:{HASH}\n",
        "utf-8",
    )
    return path


def test_a_known_weakness_is_found_by_pip_audit(
    lock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with advisory_service("flask") as url:
        code = main(["--lock", str(lock), "--osv-url", url])

    assert code == 1
    assert "flask 3.1.3: PYSEC-2026-7, mended in 3.1.9" in capsys.readouterr().err


def test_packages_for_other_systems_are_audited_too(
    lock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with advisory_service("nothing") as url:
        code = main(["--lock", str(lock), "--osv-url", url])

    assert code == 0
    assert capsys.readouterr().out == "2 packages audited: nothing is known against them\n"


def test_a_service_out_of_reach_is_no_pass(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as closed:  # bound, so that nobody listens there meanwhile
        closed.bind(("127.0.0.1", 0))
        code = main(
            ["--lock", str(lock), "--osv-url", f"http://127.0.0.1:{closed.getsockname()[1]}/"]
        )

    said = capsys.readouterr()
    assert code == 3
    assert said.out == ""
    assert said.err.startswith("not audited, which is no pass: ")


def test_a_skipped_package_is_no_pass() -> None:
    skipped = {"name": "waitress", "skip_reason": "Dependency not found and could not be audited"}

    verdict = verdict_of(locked("flask", "waitress"), answer(clean("flask"), skipped))

    assert verdict.state is State.NOT_AUDITED
    assert verdict.sentences == ("not audited, which is no pass: no answer for waitress 1.0",)


@pytest.mark.parametrize(
    "said",
    [
        Answer(code=1, out="", err="ERROR: flask: not found and could not be audited"),
        Answer(code=0, out=""),
        Answer(code=0, out="No known vulnerabilities found"),
        answer(),
        answer(clean("flask", "0.9")),
        answer({"name": "flask", "version": "1.0"}),
        answer(clean("flask"), code=1, err="something else went wrong"),
    ],
)
def test_what_does_not_answer_for_every_version_is_no_pass(said: Answer) -> None:
    assert verdict_of(locked("flask"), said).state is State.NOT_AUDITED


def test_an_empty_lock_is_no_pass() -> None:
    assert verdict_of([], answer()).state is State.NOT_AUDITED


def test_what_is_known_is_told_though_others_were_not_audited() -> None:
    weak = {"name": "flask", "version": "1.0", "vulns": [{"id": "CVE-1", "fix_versions": []}]}

    verdict = verdict_of(locked("flask", "waitress"), answer(weak, code=1))

    assert verdict.state is State.FOUND
    assert verdict.sentences == (
        "flask 1.0: CVE-1, mended in no version yet",
        "not audited besides: waitress 1.0",
    )


def test_names_are_the_same_however_they_are_spelt() -> None:
    verdict = verdict_of(locked("typing_extensions"), answer(clean("typing-extensions")))

    assert verdict.state is State.CLEAN
