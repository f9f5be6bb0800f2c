"""Logs as JSON lines on standard output, each with the id of the request it belongs to."""

import json
import logging
import logging.config
import secrets
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final

# Made once: `json.dumps` with options makes one for each call.
_JSON: Final = json.JSONEncoder(ensure_ascii=False, default=str)

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def new_request_id() -> str:
    """A new id. None is taken over: a visitor's would name whichever log lines they choose."""
    return secrets.token_hex(16)


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
        return _JSON.encode(line)


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
    # gunicorn gives its logger its own handlers by default.
    "loggers": {"gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True}},
}


def configure() -> None:
    """Send every log record of this process to standard output as JSON."""
    logging.config.dictConfig(CONFIG)
