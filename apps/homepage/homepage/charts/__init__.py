"""Charts by URL: parameters in, a PNG out, in the manner of Google's former Chart API.

URLs are permanent: /charts/bar.png and /charts/pie.png do not change; an incompatible change gets a
new name beside them. /charts/bar and /charts/pie lead there.
"""

# APIFlask's decorators have half of their types.
# pyright: reportUnknownMemberType=false

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import quote, urlencode

from apiflask import APIBlueprint
from flask import Response, current_app, jsonify, redirect, request, url_for

from homepage import headers, sheet
from homepage.charts.query import HEIGHTS, LABEL, MOST, TITLE, Bar, Pie

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from apiflask import APIFlask, HTTPError
    from flask.typing import ResponseReturnValue

bp = APIBlueprint("charts", __name__, template_folder="templates", tag="Charts")

QUERY_STRINGS: Final = tuple(sorted({*Bar.model_fields, *Pie.model_fields}))
"""Parameters that change the response: the cache key of an edge needs these and no others."""

_BOXED: Final = "Chart-Boxed"
_MOST_BOXED: Final = 20
_PROBLEM_TYPE: Final = "application/problem+json"

_TEXT: Final = {"type": "string"}
_PROBLEM: Final = {
    "type": "object",
    "required": ["type", "title", "status", "errors"],
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"const": 422},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": _TEXT, "message": _TEXT},
            },
        },
    },
}
_PICTURE: Final[dict[str, Any]] = {
    "responses": {
        200: {
            "description": "The chart: 800 by 450 pixels, or 400 by 400, times the scale",
            "headers": {
                _BOXED: {
                    "description": "Characters that no font here has, percent-encoded UTF-8; the "
                    f"first {_MOST_BOXED}. The chart has boxes for them.",
                    "schema": _TEXT,
                },
            },
            "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
        },
        422: {
            "description": "The refused parameters, each with the reason (RFC 9457)",
            "content": {_PROBLEM_TYPE: {"schema": _PROBLEM}},
        },
    }
}


def register(app: "APIFlask") -> None:
    """Add the charts, their description at /openapi.json and their errors."""
    app.register_blueprint(bp)
    app.error_callback = refused
    app.spec_processor(_only_what_is_sent)  # pyright: ignore[reportArgumentType]  # a dict, where JSON
    app.servers = [{"url": app.config["PUBLIC_URL"]}]
    app.config["SPEC_DECORATORS"] = [_kept_for_a_day]


@bp.get("/charts")
@bp.doc(hide=True)
def charts() -> Response:
    """A page to try charts on, with a chart of the site's own data."""
    return _page()


@bp.get("/charts/bar")
@bp.get("/charts/pie")
@bp.doc(hide=True)
def without_ending() -> "ResponseReturnValue":
    """Redirect to the picture, with the query."""
    query = request.query_string.decode(errors="replace")
    target = f"{request.path}.png?{query}".removesuffix("?")
    return redirect(target, HTTPStatus.PERMANENT_REDIRECT)


@bp.get("/charts/bar.png")
@bp.input(Bar, location="query")
@bp.doc(summary="A bar chart", **_PICTURE)
def bar(query_data: Bar) -> Response:
    """Bars side by side, upwards from zero or downwards, with labels and a title."""
    return _picture(query_data)


@bp.get("/charts/pie.png")
@bp.input(Pie, location="query")
@bp.doc(summary="A pie chart", **_PICTURE)
def pie(query_data: Pie) -> Response:
    """Slices by their share of the sum, clockwise from the top."""
    return _picture(query_data)


def _picture(chart: Bar | Pie) -> Response:
    # The library takes a second or more to load, and many processes never draw.
    from homepage.charts.draw import draw  # noqa: PLC0415

    picture = draw(chart)
    response = Response(picture.png, mimetype="image/png")
    response.headers["Content-Disposition"] = "inline; filename=chart.png"
    response.headers["Cache-Control"] = headers.CHART
    if picture.boxed:
        response.headers[_BOXED] = quote(picture.boxed[:_MOST_BOXED])
    return response


def refused(error: "HTTPError") -> Response:
    """Answer refused parameters with the reasons for each: to browsers by the page with the form.

    Other clients get problem+json (RFC 9457).
    """
    reasons: dict[str, list[str]] = {}
    for field, messages in error.detail["query"].items():
        known = reasons.setdefault(field.partition(".")[0], [])
        known += [message for message in messages if message not in known]
    if _is_navigation():
        kind = request.path.removeprefix("/charts/").removesuffix(".png")
        response = _page(refused=kind, reasons=reasons)
    else:
        errors = [
            {"field": field, "message": message}
            for field, messages in reasons.items()
            for message in messages
        ]
        response = jsonify(
            type="about:blank",
            title="Unprocessable Content",
            status=error.status_code,
            errors=errors,
        )
        response.mimetype = _PROBLEM_TYPE
    response.status_code = error.status_code
    return response


def _is_navigation() -> bool:
    """True if a browser navigates to the address, rather than a program or a page asking for it.

    Front Door takes `Accept` off every request on a route with caching (Microsoft's azure-docs,
    front-door-caching.md); browsers say it in another header too.
    """
    if request.headers.get("Sec-Fetch-Dest") == "document":
        return True
    return request.accept_mimetypes.best_match([_PROBLEM_TYPE, "text/html"]) == "text/html"


def _page(refused: str = "", reasons: "Mapping[str, list[str]] | None" = None) -> Response:
    return sheet.page(
        "charts/charts.html",
        most=MOST,
        label=LABEL,
        longest_title=TITLE,
        heights=HEIGHTS,
        refused=refused,
        reasons=reasons,
    )


@bp.app_template_global()
def chart_url(kind: str, **parameters: object) -> str:
    """The path of a chart, for templates; an exported site has it as a file."""
    query = urlencode(parameters, safe=",")
    keep = cast("Callable[[str, str], str] | None", current_app.config["KEEP_CHART"])
    return keep(kind, query) if keep else f"{url_for(f'charts.{kind}')}?{query}"


def _only_what_is_sent(spec: dict[str, Any]) -> dict[str, Any]:
    """The description without APIFlask's own form of errors, which `problem` replaces."""
    del spec["components"]
    for path in spec["paths"].values():
        del path["get"]["responses"]["422"]["content"]["application/json"]
    return spec


def _kept_for_a_day(view: Any) -> Any:  # noqa: ANN401  # APIFlask's own views, untyped
    def described() -> Response:
        response: Response = view()
        response.headers["Cache-Control"] = headers.DAY
        return response

    return described
