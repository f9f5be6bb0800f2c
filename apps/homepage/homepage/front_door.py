"""The lock on the app's own address: only what comes through our Front Door is answered.

Front Door adds its profile's id to each request (learn.microsoft.com, "Secure traffic to Azure
Front Door origins", 2026-11). Whoever asks the app directly gets 403, but has woken it all the
same: the lock protects the content's way, not the bill.
"""

import hmac
from typing import Final

from flask import Flask, abort, current_app, request

from homepage import health

_HEADER: Final = "X-Azure-FDID"


def register(app: Flask, front_door_id: str | None) -> None:
    """Lock the app, if there is an id. Probes come from the platform and stay free."""
    app.config["FRONT_DOOR_ID"] = front_door_id
    if front_door_id:
        app.before_request(_refuse_others)


def _refuse_others() -> None:
    given = request.headers.get(_HEADER, "").lower()
    wanted = str(current_app.config["FRONT_DOOR_ID"]).lower()
    if request.blueprint != health.bp.name and not hmac.compare_digest(
        given.encode(), wanted.encode()
    ):
        abort(403)
