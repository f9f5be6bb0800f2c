"""The lock on the app's own address: only what comes through our Front Door is answered.

Front Door adds its profile's id to each request (learn.microsoft.com, "Secure traffic to Azure
Front Door origins", 2026-11). Whoever asks the app directly gets 403, but has woken it all the
same: the lock protects the content's way, not the bill.
"""

import hmac
from functools import partial
from typing import Final

from flask import Flask, abort, request

from homepage import health

_HEADER: Final = "X-Azure-FDID"


def register(app: Flask, front_door_id: str | None) -> None:
    """Lock the app, if there is an id. Probes come from the platform and stay free."""
    if front_door_id:
        app.before_request(partial(_refuse_others, front_door_id.lower().encode()))


def _refuse_others(wanted: bytes) -> None:
    given = request.headers.get(_HEADER, "").lower().encode()
    if request.blueprint != health.bp.name and not hmac.compare_digest(given, wanted):
        abort(403)
