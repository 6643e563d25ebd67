"""Of a sender's address only the network is kept."""

import pytest

from webhooks.senders import network_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("8.8.4.77", "8.8.4.0/24"),
        ("::ffff:8.8.4.77", "8.8.4.0/24"),
        ("2606:4700:10:1234::99", "2606:4700:10::/48"),
        ("127.0.0.1", "this machine"),
        ("::1", "this machine"),
        ("192.168.3.4", "inner network"),
        ("fe80::1%eth0", "inner network"),
        ("", "unknown"),
        ("a stranger", "unknown"),
    ],
)
def test_an_address_is_cut_to_its_network(address: str, network: str) -> None:
    assert network_of(address) == network
