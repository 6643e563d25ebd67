import socket

import pytest
import requests

from sandbox.server import Sandbox
from tests.sandbox.tiny_crm import HandMadeCrm, TinyCrm


def test_each_crm_has_a_port_of_its_own() -> None:
    sandbox = Sandbox()
    sandbox.mount(TinyCrm())
    sandbox.mount(HandMadeCrm())

    with sandbox:
        answers = [requests.get(f"{sandbox.url(n)}/hello", timeout=5) for n in sandbox.names()]

    assert [answer.json() for answer in answers] == [{"hello": "world"}] * 2
    assert sandbox.url("zoho") != sandbox.url("fxiaoke")
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{sandbox.url('zoho')}/hello", timeout=5)


def test_a_connection_is_kept_alive_over_many_calls() -> None:
    sandbox = Sandbox()
    sandbox.mount(TinyCrm())
    port = int(sandbox.url("zoho").rpartition(":")[2])

    with sandbox, socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        stream = connection.makefile("rb")
        for number in range(3):
            body = f'{{"n": {number}}}'.encode()
            connection.sendall(
                b"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b"
                % (len(body), body)
            )
            assert stream.readline() == b"HTTP/1.1 200 OK\r\n"
            headers = {}
            while (line := stream.readline().strip()) != b"":
                name, _, value = line.partition(b": ")
                headers[name.lower()] = value
            assert stream.read(int(headers[b"content-length"])) == body
        stream.close()


def test_no_content_has_neither_body_nor_length_and_the_next_call_is_well() -> None:
    sandbox = Sandbox()
    sandbox.mount(TinyCrm())

    with sandbox, requests.Session() as session:
        empty = session.get(f"{sandbox.url('zoho')}/nothing", timeout=5)
        full = session.get(f"{sandbox.url('zoho')}/hello", timeout=5)

    assert empty.status_code == 204
    assert "Content-Length" not in empty.headers
    assert full.json() == {"hello": "world"}


def test_stop_cuts_connections_that_were_kept_alive() -> None:
    sandbox = Sandbox()
    sandbox.mount(TinyCrm())

    with requests.Session() as session:
        with sandbox:
            assert session.get(f"{sandbox.url('zoho')}/hello", timeout=5).ok
        with pytest.raises(requests.ConnectionError):
            session.get(f"{sandbox.url('zoho')}/hello", timeout=5)


def test_a_taken_port_is_an_error_and_a_name_is_mounted_once() -> None:
    sandbox, other = Sandbox(), Sandbox()
    port = int(sandbox.mount(TinyCrm()).rpartition(":")[2])

    with sandbox:
        with pytest.raises(OSError, match=r"[Aa]ddress"):
            other.mount(TinyCrm(), port)
        with pytest.raises(ValueError, match="mounted already"):
            sandbox.mount(TinyCrm())
