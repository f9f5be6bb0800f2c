"""Address and site of the caller, and the host asked for, behind an ingress and perhaps an edge.

The ingress of App Service and of Container Apps writes the address that it sees at the right end
of X-Forwarded-For; a visitor may have forged everything to the left of it. Behind Front Door that
address is Front Door's. If X-Azure-FDID names our own profile, X-Azure-SocketIP is trusted instead:
X-Azure-ClientIP repeats a visitor's own X-Forwarded-For (Microsoft,
"Protocol support for HTTP headers in Azure Front Door", March 2024).

Through Front Door `Host` is the app's own name, on every visit, and `X-Forwarded-Host` the
visitor's (same page). A platform between the two may drop the latter, replace it by the former, or
change both: then the visitor's is not known, and nobody is redirected.
"""

import re
from typing import Final
from uuid import UUID

from starlette.datastructures import Headers
from starlette.types import Scope

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def identify(scope: Scope, front_door_id: UUID | None) -> None:
    """Set the request's client and scheme to the visitor's."""
    headers = Headers(scope=scope)
    forwarded = headers.getlist("X-Forwarded-For")
    address = forwarded[-1].rpartition(",")[2].strip() if forwarded else ""
    if _is_edge(headers, front_door_id):
        address = headers.get("X-Azure-SocketIP", address)
    if address:
        scope["client"] = (_without_port(address), 0)
    proto = headers.get("X-Forwarded-Proto", "").rpartition(",")[2].strip().lower()
    if proto in {"http", "https"}:
        scope["scheme"] = proto


def _without_port(address: str) -> str:
    """App Service writes 192.0.2.1:54321 and [2001:db8::1]:54321."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address


def asks_for(scope: Scope, names: frozenset[str]) -> bool:
    """Return True if the visitor is known to have asked for one of these host names of the app.

    No header is trusted by this: a forged one gets its sender redirected to the public address, or
    not.
    """
    headers = Headers(scope=scope)
    host = _name(headers, "Host")
    if "X-Azure-FDID" not in headers:
        return host in names
    forwarded = _name(headers, "X-Forwarded-Host")
    return forwarded != host and {host, forwarded} <= names


def _name(headers: Headers, header: str) -> str:
    """A host name in a header, without a port."""
    return headers.get(header, "").partition(":")[0].lower()


def is_foreign(scope: Scope, own_hosts: frozenset[str], front_door_id: UUID | None) -> bool:
    """Return True for a request from another site's page. Call `identify` first.

    Browsers name the page's site with every request that changes something (Origin; fetch.spec.
    whatwg.org, read in November 2026), and no page can alter that. It must be one of `own_hosts`
    (the public address, and those redirected to it), or the address that was asked. The latter
    counts for nothing by itself: a site's owner may let its name lead to this machine (DNS
    rebinding). The name must be one that nobody can take, the loopback's, or a certificate has
    proved it. Behind an edge on a laptop the address asked is not known here; the browser's verdict
    on the two is.
    """
    if scope["method"] in _SAFE:
        return False
    headers = Headers(scope=scope)
    host = headers.get("Host", "").lower()
    site = headers.get("Sec-Fetch-Site")
    origin = headers.get("Origin")
    if origin is None:
        # No page of a current browser: a program, which knows what address it calls.
        known = scope["scheme"] == "https" or _is_edge(headers, front_door_id)
        known = known or host in own_hosts or _is_loopback(host)
        return not known or site not in {None, "none", "same-origin"}
    scheme, _, name = origin.lower().partition("://")
    if name in own_hosts:
        return False
    proved = scheme == "https" or _is_loopback(name)
    return not proved or (name != host and site != "same-origin")


def _is_loopback(host: str) -> bool:
    """Return True for a Host header of the loopback, with any port."""
    return re.fullmatch(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?", host) is not None


def _is_edge(headers: Headers, front_door_id: UUID | None) -> bool:
    return front_door_id is not None and headers.get("X-Azure-FDID", "").lower() == str(
        front_door_id
    )
