"""Lines of the log: ours and the libraries' look the same and go through one redaction."""

import logging
import sys
from typing import TextIO

import structlog

from connector.log.faults import fault_told
from connector.log.redaction import redacted_event

__all__ = ["StandardError", "quieten_libraries", "set_up_logging"]


def set_up_logging(*, verbose: bool = False, as_json: bool = False) -> None:
    """Send our events and the libraries' warnings to standard error."""
    level = logging.DEBUG if verbose else logging.INFO
    last = _last_processors(as_json=as_json)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # as it is when it is used
    )
    _take_in_libraries(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_logger_name,
                structlog.processors.add_log_level,
            ],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )


def _last_processors(*, as_json: bool) -> list[structlog.typing.Processor]:
    """Return what every line goes through at its end; after the redaction nothing is added."""
    return [
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(fault_told),
        redacted_event,
        *([structlog.processors.JSONRenderer()] if as_json else [_faults_beneath, _console()]),
    ]


def _console() -> structlog.dev.ConsoleRenderer:
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


def _faults_beneath(
    _logger: structlog.typing.WrappedLogger, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Indent the lines of a fault, so that none of them can pass for an event."""
    for key in ("exception", "stack"):
        if isinstance(event.get(key), str):
            event[key] = "\n".join(f"  | {line}" for line in event[key].split("\n"))
    return event


class StandardError(logging.StreamHandler[TextIO]):
    """Writes to what is standard error when a line comes, not to what it was at the start."""

    @property
    def stream(self) -> TextIO:
        """Standard error as it is now."""
        return sys.stderr

    @stream.setter
    def stream(self, _value: TextIO) -> None:
        """Take no other."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 the library's name
        """Tell where a line was lost; the library would print its arguments as they are."""
        self.stream.write(f"a line of {record.name} could not be written: line {record.lineno}\n")


def _take_in_libraries(formatter: logging.Formatter) -> None:
    """Take the lines of standard-library logging, in place of an earlier call's handler."""
    quieten_libraries()
    handler = StandardError()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)


def quieten_libraries() -> None:
    """Take standard-library logging no more; what others put in its way stays."""
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, StandardError)]:
        root.removeHandler(handler)
