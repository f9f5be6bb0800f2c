"""Middleware of every request: id, log, redirect, body limit, origin check, response headers."""

import logging
import time
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import HTTPException
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from translator import callers, logs, problems
from translator.settings import is_loopback

_log: Final = logging.getLogger("translator.request")

_MAX_BODY: Final = 16 * 1024
"""Bytes; the longest message, escaped as JSON, is a fifth of it."""
_PROBES: Final = frozenset({"/healthz", "/readyz"})
_SAFETY: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
}


class Frame:
    """The outermost middleware, which every response passes."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        public_url: str,
        other_hosts: frozenset[str],
        front_door_id: UUID | None,
    ) -> None:
        self._app = app
        self._front_door_id = front_door_id
        self._public_url = public_url
        self._other_hosts = other_hosts - {urlsplit(public_url).hostname}
        self._own_hosts = self._other_hosts | {urlsplit(public_url).netloc.lower()}
        https = public_url.startswith("https://") and not is_loopback(public_url)
        self._headers = _SAFETY | (
            {"Strict-Transport-Security": "max-age=31536000"} if https else {}
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0
        callers.identify(scope, self._front_door_id)

        async def send_completed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                self._complete(headers, status)
                if "no-store" in headers["Cache-Control"]:
                    # A cached response would show others the id of one visitor's request.
                    headers["X-Request-ID"] = request_id
            await send(message)

        request_id = logs.new_request_id()
        current = logs.request_id.set(request_id)
        try:
            probe = scope["path"] in _PROBES
            if not probe and callers.asks_for(scope, self._other_hosts):
                moved = Response(status_code=308, headers={"Location": self._public_address(scope)})
                await moved(scope, receive, send_completed)
            elif callers.is_foreign(scope, self._own_hosts, self._front_door_id):
                refused = problems.problem(
                    403,
                    "The request came from another site's page, or its address is not this site's "
                    "(PUBLIC_URL).",
                )
                await refused(scope, receive, send_completed)
            else:
                await self._app(scope, _limited(receive), send_completed)
        except Exception:
            _log.exception("unexpected error")
            if status:
                raise
            broken = problems.problem(
                500, "Something went wrong on the server. The error has been logged."
            )
            await broken(scope, receive, send_completed)
        finally:
            _log_request(scope, status, time.perf_counter() - started)
            logs.request_id.reset(current)

    def _public_address(self, scope: Scope) -> str:
        """The same path and query, as they were sent, at the public address."""
        raw: bytes = scope["raw_path"]
        path = raw.decode("latin-1")
        if not path.startswith("/"):
            # The whole address, as a proxy is asked (RFC 9112 section 3.2.2): its path alone.
            path = f"/{urlsplit(path).path.lstrip('/')}"
        query = scope["query_string"].decode("latin-1")
        return f"{self._public_url}{path}{f'?{query}' if query else ''}"

    def _complete(self, headers: MutableHeaders, status: int) -> None:
        """Add security headers, and `no-store` to errors, streams and responses without a rule.

        Front Door caches a response without Cache-Control for one to three days.
        """
        headers.update(self._headers)
        stream = headers.get("Content-Type", "").startswith("text/event-stream")
        if stream or status >= 400 or "Cache-Control" not in headers:  # noqa: PLR2004
            headers["Cache-Control"] = "no-store"


def _limited(receive: Receive) -> Receive:
    """Refuse a body as soon as more than `_MAX_BODY` bytes have arrived."""
    received = 0

    async def receive_limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > _MAX_BODY:
            raise HTTPException(413, f"The body must not be larger than {_MAX_BODY} bytes.")
        return message

    return receive_limited


def _log_request(scope: Scope, status: int, seconds: float) -> None:
    # Probes come every few seconds, and a log is paid by the gigabyte.
    level = logging.DEBUG if scope["path"] in _PROBES else logging.INFO
    fields = {
        "method": scope["method"],
        "path": scope["path"],
        "status": status,
        "milliseconds": round(seconds * 1000, 1),
        "client": (scope.get("client") or ("",))[0],
    }
    _log.log(level, "request", extra={"fields": fields})
