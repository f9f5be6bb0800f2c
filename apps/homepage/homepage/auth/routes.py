"""Routes of sign-in, its callback, sign-out and the visitor's own account."""

import functools
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, ParamSpec, cast

from flask import (
    Blueprint,
    Response,
    current_app,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue

from homepage.auth.returning import local_path, requested_path

if TYPE_CHECKING:
    from homepage.auth.sign_in import SignIn

bp = Blueprint("auth", __name__, template_folder="templates")

HINT: Final = "signed_in"
"""A cookie that scripts can read. Without it no page requests `/me`, so that visitors who are not
signed in do not wake an app scaled to zero. It holds no name and grants nothing."""

_log: Final = logging.getLogger("homepage.auth")
_View = ParamSpec("_View")


def sign_in() -> "SignIn | None":
    """Return the configured SignIn, None without sign-in."""
    return cast("SignIn | None", current_app.config["AUTH"])


def current_user() -> dict[str, str] | None:
    """`name` and `id` of the visitor; reading them makes the response private."""
    auth = sign_in()
    return auth.get_user() if auth else None


def login_required(
    view: Callable[_View, ResponseReturnValue],
) -> Callable[_View, ResponseReturnValue]:
    """Redirect visitors who are not signed in to sign-in, and then back with the same query."""

    @functools.wraps(view)
    def guarded(*args: _View.args, **kwargs: _View.kwargs) -> ResponseReturnValue:
        if current_user() is None:
            return redirect(url_for("auth.login", next_url=requested_path()))
        return view(*args, **kwargs)

    return guarded


@bp.get("/login")
def login() -> ResponseReturnValue:
    """Show where the visitor will sign in, and store the page to return to."""
    auth = sign_in()
    if auth is None:
        return render_template("auth/login.html", auth_uri=None)
    next_url = local_path(request.args.get("next_url"), url_for("index"))
    try:
        answer = auth.log_in(redirect_uri=_public("auth.auth_response"))
    except Exception:
        _log.exception("the identity provider did not answer")
        return _failed(503)
    session["next_url"] = next_url
    return render_template("auth/login.html", **answer, next_url=next_url)


@bp.get("/auth_response")
def auth_response() -> ResponseReturnValue:
    """Handle the provider's redirect: go to the stored page, or show an error."""
    auth = sign_in()
    if auth is None:
        return _failed(400)
    next_url = session.pop("next_url", None)
    try:
        result = auth.complete_log_in(request.args)
    except Exception as error:  # every failure refuses the sign-in
        # Not the whole exception: its text may hold tokens.
        _log.warning("sign-in refused", extra={"fields": {"reason": type(error).__name__}})
        result = {}
    if "next_link" not in result or "error" in result:
        return _failed(400, result)
    # Checked again, as the browser may read a string that Flask's redirect accepts differently.
    response = cast("Response", redirect(local_path(next_url, url_for("index"))))
    secure = cast("bool", current_app.config["HTTPS"])
    response.set_cookie(HINT, "1", max_age=auth.LENGTH, secure=secure, samesite="Lax")
    return response


@bp.get("/logout")
def logout() -> ResponseReturnValue:
    """End the session here, and go to the provider to end it there."""
    auth = sign_in()
    if auth is None:
        return redirect(url_for("index"))
    home = _public("index")
    session.clear()
    try:
        response = cast("Response", redirect(auth.log_out(home)))
    except Exception:
        _log.exception("the identity provider did not answer")
        response = cast("Response", redirect(home))
    _forget(response)
    return response


@bp.get("/me")
def me() -> Response:
    """Name of the visitor, for the navigation of pages that are the same for everybody."""
    user = current_user()
    response = jsonify(user={"name": user["name"]} if user else None)
    if user is None and HINT in request.cookies:
        _forget(response)
    return response


@bp.get("/account")
@login_required
def account() -> ResponseReturnValue:
    """Everything the site has stored about the visitor."""
    return render_template("auth/account.html")


def _forget(response: Response) -> None:
    """Delete the hint cookie."""
    response.delete_cookie(HINT, secure=cast("bool", current_app.config["HTTPS"]))


def _failed(status: int, result: dict[str, Any] | None = None) -> Response:
    page = render_template("auth/auth_error.html", result=result or {}, status=status)
    response = make_response(page)
    response.status_code = status
    return response


def _public(endpoint: str) -> str:
    return cast("str", current_app.config["PUBLIC_URL"]) + url_for(endpoint)
