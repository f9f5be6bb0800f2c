"""Errors as RFC 9457 problem details; as a page where a person asked for one."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import psycopg
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy import exc
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.routing import Match

from translator import rendering, validation
from translator.database import AWAY
from translator.limits import LimitError
from translator.readiness import NotReadyError

_log: Final = logging.getLogger("translator.database")

DATABASE_ERRORS: Final = (NotReadyError, *AWAY, exc.DBAPIError)
"""Errors of a database that is away, busy or not set up, and of wrong statements."""

MEDIA_TYPE: Final = "application/problem+json"
RETRY_SECONDS: Final = 5
_METHODS: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_SCHEMA: Final = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}


def problem(
    status: int,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[Mapping[str, str]] = (),
) -> JSONResponse:
    """Build a problem of type `about:blank`, whose title is the status code's phrase."""
    content: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        content["errors"] = errors
    return JSONResponse(content, status_code=status, headers=headers, media_type=MEDIA_TYPE)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe, for a route's OpenAPI, the problems it may answer with."""
    content = {MEDIA_TYPE: {"schema": _SCHEMA}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }


def register(app: FastAPI) -> None:
    """Answer every error of the app with problem details or an error page."""
    app.add_exception_handler(AnyHTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(LimitError, _limit_reached)
    for error in DATABASE_ERRORS:
        app.add_exception_handler(error, _unavailable)


def answer(
    request: Request,
    status: int,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[Mapping[str, str]] = (),
) -> Response:
    """Answer a program with a problem, a browser with a page."""
    if not rendering.wants_page(request):
        return problem(status, detail, headers=headers, errors=errors)
    title = HTTPStatus(status).phrase
    page = rendering.page(request, "error.html", status=status, title=title, detail=detail)
    page.headers.update(headers or {})
    return page


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException | AnyHTTPException)  # noqa: S101  # as registered
    headers = error.headers
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {"Allow": ", ".join(_allowed_methods(request))}
    return answer(request, error.status_code, str(error.detail), headers=headers)


def _allowed_methods(request: Request) -> list[str]:
    """Methods of all routes at this path; Starlette lists those of the first match alone."""
    routes = request.app.router.routes
    return [
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes
        )
    ]


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # as registered
    errors = field_errors(error.errors())
    detail = "; ".join(f"{wrong['field']}: {wrong['message']}" for wrong in errors)
    return answer(request, 422, detail, errors=errors)


async def _limit_reached(request: Request, error: Exception) -> Response:
    assert isinstance(error, LimitError)  # noqa: S101  # as registered
    return answer(request, 429, str(error), headers={"Retry-After": str(error.retry_after)})


async def _unavailable(request: Request, error: Exception) -> Response:
    detail = unavailable(error)
    return answer(request, 503, detail, headers={"Retry-After": str(RETRY_SECONDS)})


def unavailable(error: Exception) -> str:
    """Explain an error of DATABASE_ERRORS to a visitor; raise it if it is the program's own."""
    text = " ".join(str(error).split())
    match error:
        case NotReadyError():
            return str(error)
        case exc.TimeoutError():
            _log.warning("no connection is free: %s", text)
            return (
                "The site has more visitors than its database can serve at once. "
                "Please try again shortly."
            )
        case exc.DBAPIError(
            orig=psycopg.errors.UndefinedTable() | psycopg.errors.UndefinedColumn()
        ):
            return "The database is still being set up. Please try again shortly."
        case exc.DBAPIError(connection_invalidated=False) if not isinstance(error, AWAY):
            raise error
        case _:
            _log.warning("the database is away: %s", text)
            return "The database cannot be reached at the moment. Please try again shortly."


def field_errors(errors: Sequence[Any]) -> list[dict[str, str]]:
    """List field and message of each of pydantic's errors, without the value that was sent.

    The message of a model validator begins with the field to change.
    """
    entries: list[dict[str, str]] = []
    for error in errors:
        # The location in invalid JSON is the offset of a character.
        where = () if error["type"] == "json_invalid" else error["loc"]
        field = ".".join(str(part) for part in where if part != "body")
        message = validation.describe(error)
        if not field and error["type"] == "value_error":
            field, _, message = message.partition(": ")
        entries.append({"field": field or "body", "message": message})
    return entries
