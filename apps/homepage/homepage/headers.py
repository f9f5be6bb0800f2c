"""Caching and security headers of every response."""

from typing import Final

from flask import Response, current_app, request

NO_STORE: Final = "no-store"
IMMUTABLE: Final = "public, max-age=31536000, immutable"
DAY: Final = "public, max-age=86400, s-maxage=86400"
CHART: Final = "public, max-age=86400, s-maxage=604800"

CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SAFETY: Final = {
    "Content-Security-Policy": CONTENT_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
}
HTTPS_ONLY: Final = "max-age=31536000"


def shared(seconds: int) -> str:
    """Cache-Control of a page: stored that long by shared caches, revalidated by browsers."""
    return f"public, max-age=0, s-maxage={seconds}"


def finish(response: Response) -> Response:
    """Complete a response: a cache rule always, an entity tag and 304 where it may be stored.

    Views set Cache-Control. Without it, and for every error, the response gets `no-store`: Front
    Door caches a response without the header for one to three days.
    """
    response.headers.extend(SAFETY)
    if current_app.config["HSTS"]:
        response.headers["Strict-Transport-Security"] = HTTPS_ONLY
    rule = response.headers.get("Cache-Control")
    if rule is None or response.status_code >= 400:  # noqa: PLR2004  # errors
        response.headers["Cache-Control"] = NO_STORE
    elif request.method in {"GET", "HEAD"} and rule.startswith("public"):
        response.add_etag()
        response.make_conditional(request)
    return response
