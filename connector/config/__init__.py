"""The configuration: its sections, and the file that is read once and checked as a whole."""

from connector.config.file import Config, ConfigError, example_text, language_of, load_config
from connector.config.house import (
    Company,
    ConnectionConfig,
    Person,
    Rates,
    Receiving,
    Server,
    Store,
)
from connector.config.upkeep import (
    AlertChannel,
    AlertHabits,
    Backup,
    Metrics,
    QuietHours,
    Retention,
    Schedule,
)

__all__ = [
    "AlertChannel",
    "AlertHabits",
    "Backup",
    "Company",
    "Config",
    "ConfigError",
    "ConnectionConfig",
    "Metrics",
    "Person",
    "QuietHours",
    "Rates",
    "Receiving",
    "Retention",
    "Schedule",
    "Server",
    "Store",
    "example_text",
    "language_of",
    "load_config",
]
