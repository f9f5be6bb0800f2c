"""Own domains on this machine: names that one TLS listener serves, each with its certificate.

A name leads to the HTTP server of an app or of an edge's endpoint. Its application answers in this
process, as if the visitor had come to its own port, but knows that the visit is over https.

Who asks for another name in the handshake (SNI), or for none, is refused there: by the alert
unrecognized_name (RFC 6066 section 3), which asyncio of Python 3.11 does not send before it closes
the connection. A `Host` that is not bound gets 421 (RFC 9110 section 15.5.20).
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from frugal.cloud.listen import Listener
from frugal.cloud.tls import Authority

# About as long as a public authority's (200 days at most since March 2026, CA/Browser Forum ballot
# SC-081v3).
LIFETIME = timedelta(days=180)
# Front Door renews with fewer than 45 days left (MicrosoftDocs/azure-docs, frontdoor/domain.md,
# 03/10/2023).
RENEWED_BEFORE = timedelta(days=45)


@dataclass(frozen=True, kw_only=True)
class _Certificate:
    context: ssl.SSLContext
    issued: datetime

    def is_current(self, now: datetime) -> bool:
        """False when it is due for renewal, and when the clock was set back."""
        return self.issued <= now < self.issued + LIFETIME - RENEWED_BEFORE


class Domains:
    """The names, and the listener at 127.0.0.1:`port`; port 0 takes a free one.

    The names follow from the resources in the store, which bind them again at each start. `find`
    gives the application that answers at a port of the loopback; None while nothing does.
    Certificates are issued at a name's first handshake and renewed at a later one, by the
    authority's clock; their keys stay in memory.
    """

    def __init__(
        self, *, port: int, authority: Authority, find: Callable[[int], ASGIApp | None]
    ) -> None:
        self.targets: dict[str, str] = {}
        """The address that each name leads to."""
        self._authority = authority
        self._find = find
        self._certificates: dict[str, _Certificate] = {}
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.sni_callback = self._choose
        self._listener = Listener(self._serve, port, ssl=context)

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return self._listener.port

    def bind(self, name: str, target: str) -> None:
        """Serve a name from `target`, `http://127.0.0.1:PORT`; an earlier one is replaced."""
        self.targets[name.lower()] = target

    def unbind(self, name: str) -> None:
        """Stop serving a name; one that is not bound is no error."""
        self.targets.pop(name.lower(), None)
        self._certificates.pop(name.lower(), None)

    async def start(self) -> None:
        """Listen. Raises CloudError when the port is taken."""
        await self._listener.start()

    async def stop(self) -> None:
        """Close the port."""
        await self._listener.stop()

    def _choose(
        self, connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext
    ) -> int | None:
        """Give a connection the certificate of its name, or the alert that ends it."""
        if name is None or name.lower() not in self.targets:
            return ssl.AlertDescription.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        connection.context = self._certificate(name.lower()).context
        return None

    def _certificate(self, name: str) -> _Certificate:
        now = self._authority.clock()
        found = self._certificates.get(name)
        if found is None or not found.is_current(now):
            context = self._authority.context(name, lifetime=LIFETIME)
            found = self._certificates[name] = _Certificate(context=context, issued=now)
        return found

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        host = Headers(scope=scope).get("host", "")
        target = self.targets.get(host.partition(":")[0].lower())
        app = self._find(urlsplit(target).port or 0) if target else None
        if app is None:
            status, text = (503, f"Nothing runs at {target}.") if target else (421, "Not bound.")
            app = PlainTextResponse(f"{text}\n", status, headers={"Cache-Control": "no-store"})
        await app(scope, receive, send)
