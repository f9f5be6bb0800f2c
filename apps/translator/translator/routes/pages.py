"""Public pages, the same for every visitor; all of them work without script."""

import random
from datetime import UTC, date, datetime
from importlib import resources
from typing import Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from translator import assets, rendering, rounds
from translator.dependencies import Parts, TheParts, TheRound

router = APIRouter(include_in_schema=False)

_SHARED_SECONDS: Final = 60
_YEAR: Final = "public, max-age=31536000, immutable"
_BRIEFLY: Final = "public, max-age=60"
_DAY: Final = "public, max-age=86400"
_ROBOTS: Final = "User-agent: *\nDisallow: /api/\nDisallow: /forms/\nDisallow: /yours\n"
_TITLES: Final[dict[rounds.Order, str]] = {"recent": "Recent rounds", "popular": "Popular rounds"}

PHRASES: Final = tuple(
    (resources.files("translator") / "phrases.txt").read_text(encoding="utf-8").splitlines()
)


_PHRASES_A_DAY: Final = 30


def offered(day: date) -> list[str]:
    """The phrases offered on a day, the same by every replica."""
    return random.Random(day.toordinal()).sample(PHRASES, min(_PHRASES_A_DAY, len(PHRASES)))  # noqa: S311  # a game


def front(request: Request, parts: Parts, *, status: int = 200, **context: object) -> Response:
    """Render the home page with the form."""
    return rendering.page(
        request,
        "index.html",
        status=status,
        length=rounds.MESSAGE_LENGTH,
        most_hops=rounds.MOST_HOPS,
        usual_hops=rounds.USUAL_HOPS,
        largest_seed=rounds.LARGEST_SEED,
        languages=parts.languages,
        phrases=offered(datetime.now(UTC).date()),
        **context,
    )


@router.api_route("/", methods=["GET", "HEAD"])
async def index(request: Request, parts: TheParts) -> Response:
    """The first page."""
    page = front(request, parts)
    page.headers["Cache-Control"] = rendering.shared(_SHARED_SECONDS)
    return page


@router.api_route("/rounds/{round_id}", methods=["GET", "HEAD"])
async def show_round(request: Request, found: TheRound) -> Response:
    """One round: not cacheable while it is played, then briefly cacheable."""
    page = rendering.page(request, "round.html", round=found, way=rounds.way(found.languages))
    running = found.status == "running"
    page.headers["Cache-Control"] = "no-store" if running else rendering.shared(_SHARED_SECONDS)
    return page


@router.api_route("/recent", methods=["GET", "HEAD"])
async def recent(request: Request, parts: TheParts, after: str | None = None) -> Response:
    """The latest rounds."""
    return await _list(request, parts, "recent", after)


@router.api_route("/popular", methods=["GET", "HEAD"])
async def popular(request: Request, parts: TheParts, after: str | None = None) -> Response:
    """The rounds with the most reactions funny and deep."""
    return await _list(request, parts, "popular", after)


async def _list(
    request: Request, parts: TheParts, order: rounds.Order, after: str | None
) -> Response:
    async with parts.database.reading() as session:
        try:
            found = await rounds.listed(session, order, num=rounds.USUAL_ITEMS, after=after)
        except ValueError:
            raise HTTPException(404, "There is no such page of the list.") from None
    page = rendering.page(
        request, "rounds.html", title=_TITLES[order], path=f"/{order}", page=found, own=False
    )
    page.headers["Cache-Control"] = rendering.shared(_SHARED_SECONDS)
    return page


@router.api_route("/assets/{fingerprint}/{name}", methods=["GET", "HEAD"])
async def asset(fingerprint: str, name: str) -> Response:
    """A static file, for a year if the fingerprint is its own.

    During a deploy a page and its assets may come from two versions of the site. Then the file
    that is here is better than none, but only for a minute.
    """
    found = assets.ASSETS.get(name)
    if found is None:
        raise HTTPException(404, "There is no such file.")
    cache = _YEAR if fingerprint == found.fingerprint else _BRIEFLY
    return Response(found.content, media_type=found.media_type, headers={"Cache-Control": cache})


@router.api_route("/favicon.ico", methods=["GET", "HEAD"])
async def favicon() -> Response:
    """Redirect the path that browsers request by default."""
    where = assets.url("favicon.svg")
    return RedirectResponse(where, status_code=302, headers={"Cache-Control": _BRIEFLY})


@router.api_route("/robots.txt", methods=["GET", "HEAD"])
async def robots() -> Response:
    """Rules for crawlers."""
    return Response(_ROBOTS, media_type="text/plain", headers={"Cache-Control": _DAY})
