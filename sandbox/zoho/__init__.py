"""A look-alike of Zoho CRM that speaks its wire format."""

from sandbox.zoho.options import ZohoOptions
from sandbox.zoho.org import ZohoOrg

__all__ = ["ZohoOptions", "ZohoOrg"]
