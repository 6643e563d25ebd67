"""Calls go to named hosts on the open internet, over TLS, and to this machine alone."""

import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from adapters import guard
from adapters.errors import CrmUnavailable
from adapters.guard import GuardedAdapter, Route, may_call
from adapters.http import HttpClient, Request
from adapters.settings import ConnectionSettings, Secret

_REFUSED = """
http://www.zohoapis.com/ https://www.zohoapis.com:8443/ https://www.zohoapis.com:80/
https://user@www.zohoapis.com/ https://user:word@www.zohoapis.com/ https://@www.zohoapis.com/
ftp://www.zohoapis.com/ file:///etc/passwd gopher://www.zohoapis.com/ https:///crm https://
//www.zohoapis.com/ https://10.0.0.1/ https://192.168.1.1/ https://172.16.0.1/ https://8.8.8.8/
https://169.254.169.254/latest/meta-data http://169.254.169.254/ https://0.0.0.0/ https://0/
https://127.1/ https://127.0.1/ https://127.0.0.2/ https://2130706433/ https://0x7f000001/
https://0x7f.0.0.1/ https://0177.0.0.1/ https://017700000001/ https://127.0.0.1./ https://[::]/
https://[::ffff:127.0.0.1]/ https://[::ffff:10.0.0.1]/ https://[fe80::1]/ https://[fe80::1%25eth0]/
https://[fc00::1]/ https://[2001:db8::1]/ https://[2606:4700::1111]/ https://[64:ff9b::7f00:1]/
https://intranet/ https://metadata/ https://localhost./ https://LOCALHOST./ http://127.0.0.1.evil.com/
http://localhost.evil.com/ http://localhost@evil.com/ http://127.0.0.1@evil.com/
http://127.0.0.1:80@evil.com/ https://evil.com\\@www.zohoapis.com/ https://www.zohoapis.com:99999/
https://www.zohoapis.com:x/ https://[::1 https://1.1.1.1:443/ https://256.256.256.256/ https://1.2.3/
https://0x0a000001/ https://10.1/ https://[::ffff:7f00:1]/ https://[ff02::1]/
"""
REFUSED = _REFUSED.split()
_INNER = (
    "127.0.0.1 10.0.0.1 172.31.0.1 192.168.0.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 "
    "::1 fe80::1 fc00::1 ::ffff:10.0.0.1 2002:7f00:1:: ff02::1 fe80::1%eth0"
)
NOT_OPEN = _INNER.split()


@pytest.mark.parametrize("url", REFUSED)
def test_what_is_no_crms_address_is_not_called(url: str) -> None:
    assert not may_call(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://www.zohoapis.com/crm/v8",
        "https://open.fxiaoke.com:443/cgi",
        "http://127.0.0.1:8081/crm",
        "http://localhost:8081/",
        "http://[::1]:8081/",
    ],
)
def test_a_crm_and_this_machine_are_called(url: str) -> None:
    assert may_call(url)


def get(adapter: GuardedAdapter) -> None:
    request = requests.Request("GET", "https://crm.example.com/").prepare()
    adapter.send(request, timeout=1)


@pytest.mark.parametrize("address", NOT_OPEN)
def test_a_name_that_leads_inside_is_not_connected_to(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected: list[object] = []
    monkeypatch.setattr(guard, "create_connection", lambda to, *_, **__: connected.append(to))

    with pytest.raises(requests.ConnectionError):
        get(GuardedAdapter(lambda _host, _port: ["93.184.215.14", address], max_retries=0))

    assert connected == []


def test_what_is_connected_to_is_the_address_that_was_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = [["93.184.215.14"], ["127.0.0.1"]]  # the name leads elsewhere when asked again
    connected: list[object] = []

    def connect(to: tuple[str, int], *_: object, **__: object) -> socket.socket:
        connected.append(to)
        raise ConnectionRefusedError

    monkeypatch.setattr(guard, "create_connection", connect)

    with pytest.raises(requests.ConnectionError):
        get(GuardedAdapter(lambda _host, _port: answers.pop(0), max_retries=0))

    assert connected == [("93.184.215.14", 443)]


def test_neither_a_proxy_nor_a_strange_address_of_the_environment_is_used() -> None:
    client = HttpClient("acme")
    assert not client._session.trust_env

    request = Request(method="GET", url="https://10.0.0.1/", operation="read")
    with pytest.raises(CrmUnavailable, match="no connection"):
        client.once(request, lambda answer: answer)


@pytest.mark.parametrize("url", ["https://crm/", "https://crm:8443/", "https://10.1.2.3:8443/cgi"])
def test_a_host_in_the_own_network_is_called_where_it_is_named(url: str) -> None:
    inner = {"crm", "10.1.2.3"}

    assert not may_call(url)
    assert may_call(url, inner)
    assert not may_call(url.replace("https", "http"), inner)
    assert not may_call("https://10.1.2.4/", inner)


def test_a_connection_names_its_own_hosts_alone() -> None:
    def route(*, inner: bool) -> Route:
        url = "https://crm.corp:8443"
        return ConnectionSettings(
            name="fx", vendor="fxiaoke", base_url=url, inner_network=inner
        ).route

    assert route(inner=False) == Route()
    assert route(inner=True).inner == {"crm.corp"}


def test_a_proxys_password_is_shown_to_nobody() -> None:
    secrets = {"proxy": Secret("http://user:w0rd@proxy.corp:3128")}
    route = ConnectionSettings(name="fx", vendor="fxiaoke", secrets=secrets).route

    assert route.proxy == "http://user:w0rd@proxy.corp:3128"
    assert "w0rd" not in repr(route)


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """Serve HTTPS on this machine as ``crm.example.com``; give the authority's file and the port."""
    certificate, key = a_certificate("crm.example.com", tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = HTTPServer(("127.0.0.1", 0), _Hello)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield certificate, server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


class _Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


def a_certificate(host: str, folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "ca.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, private


def to_this_machine(monkeypatch: pytest.MonkeyPatch, port: int) -> list[tuple[str, int]]:
    """Let a connection to any address end at the server here, and note which one was meant."""
    meant: list[tuple[str, int]] = []

    def connect(to: tuple[str, int], *_: object, **__: object) -> socket.socket:
        meant.append(to)
        return socket.create_connection(("127.0.0.1", port), timeout=5)

    monkeypatch.setattr(guard, "create_connection", connect)
    return meant


def test_the_certificate_is_that_of_the_name_though_an_address_is_connected_to(
    authority: tuple[Path, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, port = authority
    meant = to_this_machine(monkeypatch, port)
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", GuardedAdapter(lambda _host, _port: ["93.184.215.14"]))

    answer = session.get("https://crm.example.com/", verify=str(certificate), timeout=5)

    assert answer.status_code == 200
    assert meant == [("93.184.215.14", 443)]
    with pytest.raises(requests.exceptions.SSLError):  # nobody vouches for it
        session.get("https://crm.example.com/", timeout=5)


def test_a_certificate_of_another_name_is_refused(
    authority: tuple[Path, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, port = authority
    to_this_machine(monkeypatch, port)
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", GuardedAdapter(lambda _host, _port: ["93.184.215.14"]))
    session.get("https://crm.example.com/", verify=str(certificate), timeout=5)

    with pytest.raises(requests.exceptions.SSLError, match="match"):
        session.get("https://other.example.com/", verify=str(certificate), timeout=5)
