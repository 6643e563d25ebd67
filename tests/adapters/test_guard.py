"""Calls go to named hosts on the open internet, over TLS, and to this machine alone."""

import socket

import pytest
import requests

from adapters import guard
from adapters.errors import CrmUnavailable
from adapters.guard import GuardedAdapter, may_call
from adapters.http import HttpClient, Request

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
