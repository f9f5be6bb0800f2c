"""Logs as JSON lines on standard output, each with the id of the request it belongs to."""

import json
import logging
import logging.config
import uuid
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def new_request_id() -> str:
    """Return a new id. A visitor's own is never used, as it could point at any log line."""
    return uuid.uuid4().hex


class JsonFormatter(logging.Formatter):
    """One JSON object a record: time (UTC), level, logger, message, and `extra={"fields": …}`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (current := request_id.get()) is not None:
            line["request_id"] = current
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


CONFIG: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonFormatter}},
    "handlers": {
        "stdout": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "stream": "ext://sys.stdout",
        }
    },
    "root": {"level": "INFO", "handlers": ["stdout"]},
    # uvicorn writes its own access log beside ours, the identity library a line a token, and the
    # HTTP client a line a translation.
    "loggers": {
        "azure": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "uvicorn.access": {"level": "CRITICAL"},
    },
}


def configure() -> None:
    """Send every log record and warning of this process to standard output as JSON."""
    logging.config.dictConfig(CONFIG)
    logging.captureWarnings(capture=True)
