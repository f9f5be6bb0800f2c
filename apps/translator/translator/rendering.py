"""Rendering of pages from templates."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Final

from fastapi import Request
from fastapi.responses import Response
from starlette.templating import Jinja2Templates

from translator import SITE, assets
from translator.languages import LANGUAGES, Language
from translator.translation import SIMULATED

_FOR_PROGRAMS: Final = frozenset({"/generate_name", "/healthz", "/openapi.json", "/readyz"})
_UNKNOWN: Final = Language("und", "Unknown", "Unknown", "auto")


def _globals(request: Request) -> dict[str, object]:
    return {
        "asset_url": assets.url,
        "language": _language,
        "moment": _moment,
        "names_of": _names_of,
        "public_url": request.app.state.public_url,
        "simulated": SIMULATED,
        "site": SITE,
    }


def _language(code: str) -> Language:
    """Return a language, a placeholder for one that only a later version of the site knows."""
    return LANGUAGES.get(code, _UNKNOWN)


def _names_of(way: list[str]) -> dict[str, dict[str, str]]:
    """Data about a round's languages, for the script."""
    return {code: asdict(_language(code)) for code in way}


def _moment(when: datetime) -> str:
    return f"{when.day} {when:%B %Y, %H:%M} UTC"


_TEMPLATES: Final = Jinja2Templates(
    directory=Path(__file__).with_name("templates"), context_processors=[_globals]
)
_TEMPLATES.env.trim_blocks = _TEMPLATES.env.lstrip_blocks = True


def page(request: Request, name: str, *, status: int = 200, **context: object) -> Response:
    """The template of that name as a response."""
    return _TEMPLATES.TemplateResponse(
        request, name, context | {"status": status}, status_code=status
    )


def wants_page(request: Request) -> bool:
    """Return True for a browser's request outside the API.

    Front Door takes `Accept` off every request on a route with caching (Microsoft's
    azure-docs, front-door-caching.md); without it, only the paths for programs get no page.
    """
    path = request.url.path
    if path.startswith("/api/"):
        return False
    accept = request.headers.get("Accept")
    return path not in _FOR_PROGRAMS if accept is None else "text/html" in accept


def shared(seconds: int) -> str:
    """Cache-Control of a page: stored that long by shared caches, revalidated by browsers."""
    return f"public, max-age=0, s-maxage={seconds}"
