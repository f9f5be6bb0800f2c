"""Pages from templates."""

from pathlib import Path
from typing import Final

from fastapi import Request
from fastapi.responses import Response
from starlette.templating import Jinja2Templates

from translator import assets


def _globals(_request: Request) -> dict[str, object]:
    return {"asset_url": assets.url}


_TEMPLATES: Final = Jinja2Templates(
    directory=Path(__file__).with_name("templates"), context_processors=[_globals]
)


def page(request: Request, name: str, *, status: int = 200, **context: object) -> Response:
    """The template of that name as a response."""
    return _TEMPLATES.TemplateResponse(
        request, name, context | {"status": status}, status_code=status
    )


def wants_page(request: Request) -> bool:
    """Whether a person with a browser is asking, and not for something of the API."""
    return "text/html" in request.headers.get("Accept", "") and not request.url.path.startswith(
        "/api/"
    )


def shared(seconds: int) -> str:
    """Cache-Control of a page: a shared cache may keep it that long, a browser asks each time."""
    return f"public, max-age=0, s-maxage={seconds}"
