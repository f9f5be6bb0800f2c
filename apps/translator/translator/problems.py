"""Errors as RFC 9457 problem details; as a page where a person asked for one."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from psycopg import OperationalError
from starlette.exceptions import HTTPException as AnyHTTPException

from translator import rendering

MEDIA_TYPE: Final = "application/problem+json"
_RETRY_SECONDS: Final = 5
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
    """A problem of no special type: its title is the status code's own."""
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
    """For a route's OpenAPI: it may answer with a problem of these statuses."""
    content = {MEDIA_TYPE: {"schema": _SCHEMA}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }


def register(app: FastAPI) -> None:
    """Make every error of the app one of ours."""
    app.add_exception_handler(AnyHTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(OperationalError, _database_away)


def _answer(
    request: Request,
    status: int,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[Mapping[str, str]] = (),
) -> Response:
    if not rendering.wants_page(request):
        return problem(status, detail, headers=headers, errors=errors)
    title = HTTPStatus(status).phrase
    page = rendering.page(request, "error.html", status=status, title=title, detail=detail)
    page.headers.update(headers or {})
    return page


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException | AnyHTTPException)  # noqa: S101  # as registered
    return _answer(request, error.status_code, str(error.detail), headers=error.headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # as registered
    errors = field_errors(error.errors())
    detail = "; ".join(f"{wrong['field']}: {wrong['message']}" for wrong in errors)
    return _answer(request, 422, detail, errors=errors)


async def _database_away(request: Request, _error: Exception) -> Response:
    return _answer(
        request,
        503,
        "The database cannot be reached just now; please try again in a moment.",
        headers={"Retry-After": str(_RETRY_SECONDS)},
    )


def field_errors(errors: Sequence[Any]) -> list[dict[str, str]]:
    """Field and message of each of pydantic's errors; what was sent is not repeated."""
    return [
        {
            "field": ".".join(str(part) for part in error["loc"] if part != "body") or "body",
            "message": str(error["msg"]).removeprefix("Value error, "),
        }
        for error in errors
    ]
