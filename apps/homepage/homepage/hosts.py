"""Redirects from the site's other host names to its public address.

OTHER_HOSTS has every name but the public one, also the app's own at its platform. Who asks for one
of them is redirected, so a redirect, which leads to the public name, never leads to another.

Through Front Door `Host` is the app's own name, on every visit, and `X-Forwarded-Host` the
visitor's (learn.microsoft.com, "Protocol support for HTTP headers in Azure Front Door", 2024-03).
A platform between the two may drop the latter, replace it by the former, or change both: then the
visitor's is not known, and nobody is redirected.

No header is trusted by this: a forged one gets its sender redirected to PUBLIC_URL, or not.
"""

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from flask import Flask, current_app, redirect, request

from homepage import health
from homepage.auth.returning import requested_path

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue


def register(app: Flask, other_hosts: frozenset[str]) -> None:
    """Redirect visits to these names. Probes are exempt."""
    public = urlsplit(cast("str", app.config["PUBLIC_URL"])).hostname
    if others := other_hosts - {public}:
        app.before_request(partial(_redirect, others))


def _redirect(others: frozenset[str]) -> "ResponseReturnValue | None":
    if request.blueprint == health.bp.name or not _is_asked_for(others):
        return None
    to = cast("str", current_app.config["PUBLIC_URL"]) + requested_path()
    return redirect(to, HTTPStatus.PERMANENT_REDIRECT)


def _is_asked_for(names: frozenset[str]) -> bool:
    host = _name("Host")
    if "X-Azure-FDID" not in request.headers:
        return host in names
    forwarded = _name("X-Forwarded-Host")
    return forwarded != host and {host, forwarded} <= names


def _name(header: str) -> str:
    """A host name in a header, without a port."""
    return request.headers.get(header, "").partition(":")[0].lower()
