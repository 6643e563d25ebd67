"""Puts the parts together: the product, its jobs, and the service that does them by itself."""

from connector.wiring.product import Zixin, configured_policy, open_zixin

__all__ = ["Zixin", "configured_policy", "open_zixin"]
