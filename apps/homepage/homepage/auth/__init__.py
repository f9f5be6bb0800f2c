"""Sign-in with Microsoft or any other OpenID Connect provider, as a blueprint."""

from datetime import timedelta
from typing import cast

from flask import Flask, Response, session
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from werkzeug.local import LocalProxy

from homepage import headers
from homepage.auth.routes import bp, current_user, login_required
from homepage.settings import Settings

__all__ = ["bp", "login_required", "register"]


class Sessions(SecureCookieSessionInterface):
    """Flask's signed cookie; responses that depend on the session are not cacheable."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Set the cookie if needed, and `no-store` on a response that read the session."""
        super().save_session(app, session, response)
        if session.accessed or "Set-Cookie" in response.headers:
            response.headers["Cache-Control"] = headers.NO_STORE
            response.headers.pop("ETag", None)


def register(app: Flask, settings: Settings) -> None:
    """Add the routes, the session's settings, and `AUTH`: a SignIn, None without sign-in."""
    if settings.session_key:
        app.secret_key = settings.session_key.get_secret_value()
    app.session_interface = Sessions()
    https = cast("bool", app.config["HTTPS"])
    app.config.from_mapping(
        SESSION_COOKIE_NAME="__Host-session" if https else "session",
        SESSION_COOKIE_SECURE=https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # A cookie with every response would end all caching.
        SESSION_REFRESH_EACH_REQUEST=False,
        AUTH=None,
    )
    if settings.oidc_client_id:
        # Half a second of imports that a site without sign-in does not wait for.
        from homepage.auth.credential import credential  # noqa: PLC0415
        from homepage.auth.sign_in import IDLE, SignIn  # noqa: PLC0415

        app.config["PERMANENT_SESSION_LIFETIME"] = timedelta(seconds=IDLE)
        app.config["AUTH"] = SignIn(
            session=session,
            authority=settings.oidc_authority,
            client_id=settings.oidc_client_id,
            client_credential=credential(settings),
        )
    app.register_blueprint(bp, url_prefix="")
    app.context_processor(_inject)


def _inject() -> dict[str, object]:
    # Looked up only where a template asks: a page that does not is the same for everybody.
    return {"user": LocalProxy(current_user)}
