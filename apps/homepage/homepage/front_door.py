"""Access restriction: only requests through the site's Front Door profile are answered.

Front Door adds its profile's id to each request (learn.microsoft.com, "Secure traffic to Azure
Front Door origins", 2026-11). A direct request gets 403, but still wakes an app scaled to zero:
this restricts the path to the content, not the bill.
"""

import hmac
from functools import partial
from typing import Final

from flask import Flask, abort, request

from homepage import health

_HEADER: Final = "X-Azure-FDID"


def register(app: Flask, front_door_id: str | None) -> None:
    """Restrict the app to a Front Door profile, if given. Probes are exempt."""
    if front_door_id:
        app.before_request(partial(_refuse_others, front_door_id.lower().encode()))


def _refuse_others(wanted: bytes) -> None:
    given = request.headers.get(_HEADER, "").lower().encode()
    if request.blueprint != health.bp.name and not hmac.compare_digest(given, wanted):
        abort(403)
