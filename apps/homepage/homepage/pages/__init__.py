"""Home page, error pages, and the files that crawlers and browsers request."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Final, cast

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException

from homepage import assets, blog, headers, sheet

if TYPE_CHECKING:
    from apiflask import APIFlask
    from flask.typing import ResponseReturnValue

bp = Blueprint("pages", __name__, template_folder="templates")

OWNER: Final = "Odile Farrow"
"""Owner of the site, `owner` in templates."""
LINKS: Final = {
    "Email": "mailto:odile@farrow.example",
    "Code": "https://code.example.org/farrow",
    "Mastodon": "https://social.example.org/@farrow",
}
"""Links to the owner elsewhere: label and address."""
PORTRAIT: Final = next((name for name in assets.names() if name.startswith("portrait.")), None)
"""The static file `portrait.jpg`, `.png` or `.svg`, if there is one."""
PUBLIC: Final = (
    "index",
    "sheet.talks",
    "sheet.projects",
    "sheet.interviews",
    "charts.charts",
)
"""Endpoints of the public pages, for the site map."""


def register(app: "APIFlask") -> None:
    """Add what belongs to the whole site: `index`, an endpoint without prefix, and error pages."""
    app.register_blueprint(bp)
    hidden = app.doc(hide=True)  # pyright: ignore[reportUnknownMemberType]  # half typed there
    app.add_url_rule("/", "index", hidden(index))
    app.jinja_env.globals["owner"] = OWNER  # pyright: ignore[reportArgumentType]  # inferred there
    app.register_error_handler(HTTPException, error_page)


def index() -> Response:
    """The home page: who this is, with the newest talks, projects, interviews and posts."""
    sheet.content().peek()  # so that it loads while the blog's feed does
    posts = blog.content()
    shown = posts.get() if posts else None
    return sheet.page(
        "pages/index.html",
        live=shown is None or shown.live,
        blog=shown and shown.content,
        portrait=PORTRAIT,
        links=LINKS,
    )


@bp.get("/talks/")
@bp.get("/projects/")
@bp.get("/interviews/")
@bp.get("/charts/")
def folder() -> "ResponseReturnValue":
    """Redirect the address that a page has in an exported site to the one it has here."""
    # One slash: `//talks` as a target would be another host.
    return redirect(f"/{request.path.strip('/')}", HTTPStatus.PERMANENT_REDIRECT)


@bp.get("/sitemap.xml")
def sitemap() -> Response:
    """The public pages (sitemaps.org, protocol 0.9)."""
    return sheet.page("pages/sitemap.xml", media_type="application/xml", endpoints=PUBLIC)


@bp.get("/robots.txt")
def robots() -> Response:
    """Allow crawlers everything but the pages of sign-in, which an exported site lacks."""
    own = () if current_app.config["FILES"] else ("auth.login", "auth.logout", "auth.account")
    lines = [
        "User-agent: *",
        *(f"Disallow: {url_for(name)}" for name in own),
        f"Sitemap: {current_app.config['PUBLIC_URL']}{url_for('.sitemap')}",
    ]
    response = Response("\n".join(lines) + "\n", mimetype="text/plain")
    response.headers["Cache-Control"] = headers.DAY
    return response


@bp.get("/favicon.ico")
def favicon() -> Response:
    """The icon at the path that browsers request by default."""
    icon = assets.get("favicon.ico")
    response = Response(icon.content, mimetype="image/x-icon")
    response.headers["Cache-Control"] = headers.DAY
    return response


@bp.app_template_global()
def absolute(endpoint: str) -> str:
    """The public URL of a page, from PUBLIC_URL and not from the request's host."""
    return cast("str", current_app.config["PUBLIC_URL"]) + page_url(endpoint)


@bp.app_template_global()
def page_url(endpoint: str) -> str:
    """The path of a page, for links; in an exported site a page is a folder."""
    path = url_for(endpoint)
    return path if path.endswith("/") or not current_app.config["FILES"] else f"{path}/"


def error_page(error: HTTPException) -> Response:
    """Any error as a page of the site, with the status and headers that Werkzeug gives it."""
    page = render_template("pages/error.html", status=error.code, title=error.name)
    response = Response(page, status=error.code, mimetype="text/html")
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers.add(name, value)
    return response
