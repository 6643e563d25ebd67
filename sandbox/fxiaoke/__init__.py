"""A look-alike of the 纷享销客 open platform, in memory, for tests and demonstrations."""

from sandbox.fxiaoke.options import TenantOptions
from sandbox.fxiaoke.tenant import FxiaokeTenant

__all__ = ["FxiaokeTenant", "TenantOptions"]
