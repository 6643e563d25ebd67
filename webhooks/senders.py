"""Where a message came from, as roughly as may be kept: no single address is told."""

from ipaddress import IPv6Address, ip_address, ip_network

__all__ = ["network_of"]

_KEPT_BITS = {4: 24, 6: 48}


def network_of(address: str) -> str:
    """Name the network an address lies in; addresses that nobody on the internet has by a word."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if found.is_loopback:
        return "this machine"
    if not found.is_global:
        return "inner network"
    return str(ip_network((found, _KEPT_BITS[found.version]), strict=False))
