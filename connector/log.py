"""Logs: one line an event on standard error, without secrets or customer data.

Events carry codes, counts, connection names and record ids; never names, amounts, bodies or tokens.
"""

import logging
import sys

import structlog

__all__ = ["set_up_logging"]


def set_up_logging(*, verbose: bool = False, as_json: bool = False) -> None:
    """Send our events and the libraries' warnings to standard error."""
    level = logging.DEBUG if verbose else logging.INFO
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(name)s: %(message)s")
