"""Who is really asking, behind the platform's ingress and perhaps an edge; and from which site.

The ingress of App Service and of Container Apps writes the address that it sees at the right end
of X-Forwarded-For; whatever stands to the left of it a visitor may have made up. Behind Front Door
that address is Front Door's. Its word is taken when X-Azure-FDID names our own profile, and then
it is X-Azure-SocketIP: X-Azure-ClientIP is what a visitor's own X-Forwarded-For says (Microsoft,
"Protocol support for HTTP headers in Azure Front Door", March 2024).
"""

from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from starlette.datastructures import Headers
from starlette.types import Scope

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def identify(scope: Scope, front_door_id: UUID | None) -> None:
    """Set the request's client and scheme to the visitor's."""
    headers = Headers(scope=scope)
    forwarded = headers.getlist("X-Forwarded-For")
    address = forwarded[-1].rpartition(",")[2].strip() if forwarded else ""
    if front_door_id is not None and headers.get("X-Azure-FDID", "").lower() == str(front_door_id):
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


def is_foreign(scope: Scope, public_host: str) -> bool:
    """Whether another site's page sends this: browsers name the page's site with every POST.

    Our own site is the public address, and the address that was asked. Behind an edge on a laptop
    that is neither of them; there the browser's own verdict, which no page can set, decides.
    """
    if scope["method"] in _SAFE:
        return False
    headers = Headers(scope=scope)
    origin = headers.get("Origin")
    if origin is None:
        return headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}
    host = urlsplit(origin).netloc.lower()
    if host and host in {public_host, headers.get("Host", "").lower()}:
        return False
    return headers.get("Sec-Fetch-Site") != "same-origin"
